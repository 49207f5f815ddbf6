//! Which names in a folder a listing leaves out: hidden ones, and those that files of patterns do (`base::ignore`).
//!
//! The patterns count from the watched folder downwards, or from the place in it that its owner named: who names a place has it, whatever
//! is said above it. What is left out is not read; only the way to a named place leads through it.

use crate::base::ignore::{FILES, Ignore};
use crate::base::path::{join, prefix};
use crate::limits::IGNORE_FILE_BYTES_MAX;
use crate::scheduler::path::{covers, holder, is_hidden};
use rustix::fs::{Mode, OFlags};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What of a listing files of patterns leave out.
#[derive(Default)]
pub(crate) struct LeftOut {
    ignore: Ignore,
    /// Folders that are left out, and looked at because something in them was named.
    ways: Vec<Vec<u8>>,
}

impl LeftOut {
    /// Goes into a folder: its files of patterns count from now on. Gives those that cannot be read, and why.
    pub(crate) fn enter(&mut self, folder: &[u8]) -> Vec<(Vec<u8>, Error)> {
        let mut failed = Vec::new();
        let files = FILES.map(|name| {
            let path = join(folder, name);
            read(&path).unwrap_or_else(|error| {
                if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
                    failed.push((path, error));
                }
                Vec::new()
            })
        });
        self.ignore.enter(folder, &files);
        failed
    }

    /// Whether patterns leave a place in a source out, or a folder that it lies in. `named`: places in the source that its owner named.
    pub(crate) fn holds(&mut self, source: &[u8], named: &[Vec<u8>], place: &[u8], is_folder: bool) -> bool {
        let top = holder(source, named, place);
        if top == place {
            return false;
        }
        let lies_within = |way: &Vec<u8>| way != top && covers(top, way) && covers(way, place);
        let is_out = self.ways.iter().any(lies_within) || self.ignore.leaves_out(top, place, is_folder);
        if is_out && named.iter().any(|named| covers(place, named)) {
            self.ways.push(place.to_vec());
            return false;
        }
        is_out
    }
}

/// Whether everything at the path and below it was listed in an earlier step, which ended with `after`.
pub(super) fn is_done(after: Option<&[u8]>, path: &[u8]) -> bool {
    let below = prefix(path);
    after.is_some_and(|after| after > below.as_slice() && !after.starts_with(&below))
}

/// Whether a name in a folder is hidden, and nothing in it was named.
pub(super) fn is_hidden_in(folder: &[u8], name: &[u8], source: &[u8], named: &[Vec<u8>]) -> bool {
    if named.is_empty() {
        return name.first() == Some(&b'.');
    }
    let place = join(folder, name);
    let leads = named.iter().any(|named| covers(&place, named));
    !leads && is_hidden(holder(source, named, &place), &place)
}

/// The index of the first of these sorted names that is not wholly at or before `done`, a path in their folder.
pub(super) fn first_to_visit(names: &[Vec<u8>], done: &[u8]) -> usize {
    let next = names.partition_point(|name| name.as_slice() <= done);
    // A sub-folder that `done` lies in sorts just before it, and may hold more.
    let inside = next > 0 && names[next - 1].ends_with(b"/") && done.starts_with(&names[next - 1]);
    next - usize::from(inside)
}

/// The folders above a place from which on patterns leave it out.
pub(crate) fn left_out_of(place: &Path) -> Vec<Vec<u8>> {
    let mut above: Vec<&Path> = place.ancestors().skip(1).collect();
    above.reverse();
    let mut ignore = LeftOut::default();
    above.iter().for_each(|folder| drop(ignore.enter(folder.as_os_str().as_bytes())));
    let ways: Vec<&Path> = above.iter().copied().skip(1).chain([place]).collect();
    let is_out = |top: &&Path| {
        ways.iter().filter(|way| way.starts_with(top) && way != &top).any(|way| {
            let is_folder = *way != place || place.is_dir();
            ignore.ignore.leaves_out(top.as_os_str().as_bytes(), way.as_os_str().as_bytes(), is_folder)
        })
    };
    above.iter().filter(|top| is_out(top)).map(|top| top.as_os_str().as_bytes().to_vec()).collect()
}

/// Whether a file of patterns is in this folder.
pub(crate) fn has_patterns(folder: &Path) -> bool {
    FILES.iter().any(|name| folder.join(OsStr::from_bytes(name)).symlink_metadata().is_ok())
}

/// What a file of patterns holds. As for git, a link is none.
fn read(path: &[u8]) -> Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(Path::new(OsStr::from_bytes(path)), flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::LOOP | rustix::io::Errno::NXIO) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    if file.metadata()?.is_file() {
        file.take(IGNORE_FILE_BYTES_MAX as u64).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
