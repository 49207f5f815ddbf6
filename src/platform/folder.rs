//! Folders and files of the owner: lists them in the order of paths, reads them whole.
//!
//! Symbolic links are left out, so that no loop and nothing outside the folder is ever followed. Hidden files and
//! folders (a leading dot) are left out, what `.gitignore` and `.wattleignore` leave out, and so are files of keys and passwords that are not a source themselves, and the
//! agent's own home, and file systems that show the kernel's own state (/proc, /sys).

mod beneath;
mod known;
mod missing;
pub(super) mod names;
mod place;
mod roots;
mod said;
mod walk;

use super::clock::wall_ns;
use super::file_system::FileSystem;
use super::reach::{Calls, Progress, Reach, looked_in};
use crate::base::id::Ring;
use crate::limits::{DOCUMENT_BYTES_MAX, LARGE_HEAD_BYTES};
use crate::scheduler::path::covers;
use crate::scheduler::task::Scan;
use crate::store::record::Source;
use crate::store::roots::Root;
use crate::text::extract::{NEWEST_BYTES, is_mailbox, newest};
use crate::worker::extract::Content;
use crate::worker::look::{Looks, Sought};
use crate::worker::scan::Listing;
use known::{Known, OpenFolder};
use missing::LateLooks;
use place::{open_volume, plain, stamp};
use rustix::fs::OFlags;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::mem;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use walk::list;

/// Tries of one listing, each without the places that fell silent in the one before.
const TRIES: usize = 4;

/// Lists and reads what the owner watches. Clones share the lists of names that a scan under way needs again.
#[derive(Clone, Debug)]
pub struct Folders {
    home: PathBuf,
    open: Arc<Mutex<Vec<OpenFolder>>>,
    calls: Calls,
    late: LateLooks,
}

impl Folders {
    /// `home`: the agent's own folder, never listed.
    #[must_use]
    pub fn new(home: PathBuf) -> Self {
        Self { home, open: Arc::default(), calls: Calls::default(), late: LateLooks::default() }
    }

    /// The same; what it cannot reach is noted and told there.
    #[must_use]
    pub fn with_reach(self, reach: Reach) -> Self {
        Self { calls: Calls::new(reach), ..self }
    }

    /// The next batch of files at `scan.scope` or below it. `watched`: all places that are watched.
    #[must_use]
    pub fn list(&self, scan: &Scan, watched: &[Source]) -> Listing {
        self.list_without(scan, watched, &[])
    }

    /// The same without what was moved into the source from these private places.
    #[must_use]
    pub fn list_without(&self, scan: &Scan, watched: &[Source], private: &[Root]) -> Listing {
        let private = if scan.source.ring == Ring::Private { &[] } else { private };
        let (source, reach) = (&scan.source.path, self.calls.reach());
        for _ in 0..TRIES {
            let silent = reach.silent();
            if let Some(place) = silent.iter().find(|place| covers(place, &scan.scope)) {
                return unheard(if covers(place, source) { source } else { place });
            }
            let open = mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
            let watched = answering(watched, &silent);
            let is_named = |place: &&Source| place.path != *source && covers(source, &place.path);
            let named = watched.iter().filter(is_named).map(|place| place.path.clone()).collect();
            let known = Known { home: self.home.clone(), watched, named, silent, open, private: private.to_vec() };
            let own = scan.clone();
            if let Ok((listing, open, noted)) = self.calls.call(source, move |progress| list(&own, known, progress)) {
                *self.open.lock().unwrap_or_else(PoisonError::into_inner) = open;
                let looked = looked_in(scan, listing.upto.as_ref());
                reach.set_deep(source, &looked, noted.deep);
                reach.set_moved(source, &looked, noted.moved);
                return listing;
            }
            // Where only a place in it fell silent, the rest is listed without it.
        }
        unheard(source)
    }

    /// Looks at these files, as far as their file systems answer within `MISSING_MS`. `watched`: all places that are watched.
    #[must_use]
    pub fn look(&self, sought: Sought, watched: &[Source]) -> Looks {
        let silent = self.calls.reach().silent();
        self.late.look(&silent, sought, answering(watched, &silent))
    }

    /// A whole file. Never follows a link in a watched place, never waits on a pipe, never reads more than the limit.
    #[must_use]
    pub fn read(&self, path: &[u8], watched: &[Source]) -> Content {
        let (own, watched) = (path.to_vec(), answering(watched, &self.calls.reach().silent()));
        let read = self.calls.call(path, move |progress| read(&own, &watched, progress));
        read.unwrap_or_else(|_| Content::Failed("its file system does not answer".to_owned()))
    }
}

/// Those of the watched places that answer.
fn answering(watched: &[Source], silent: &[Vec<u8>]) -> Vec<Source> {
    let answers = |place: &&Source| !silent.iter().any(|at| covers(at, &place.path));
    watched.iter().filter(answers).cloned().collect()
}

/// The listing of a scope in a place that does not answer: nothing in it counts as gone.
fn unheard(place: &[u8]) -> Listing {
    Listing {
        holes: vec![place.to_vec()],
        remarks: vec![said::silence(place)],
        at: wall_ns() / 1_000_000_000,
        ..Listing::default()
    }
}

fn read(path: &[u8], watched: &[Source], progress: &Progress) -> Content {
    let file = match beneath::open(path, watched, OFlags::RDONLY | OFlags::NONBLOCK) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) => {
            return Content::Missing(volume_around(path));
        }
        Err(error) => return unreadable(&error.into()),
    };
    read_open(&file, progress).unwrap_or_else(|error| unreadable(&error))
}

/// Opens a document's file for reading, as [`Folders::read`] does: no link in a watched place is followed, and no pipe waited for.
///
/// # Errors
/// The system's, or that it is no file of its own.
pub fn open(path: &[u8], watched: &[Source]) -> std::io::Result<File> {
    let file = File::from(beneath::open(path, watched, OFlags::RDONLY | OFlags::NONBLOCK)?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(std::io::Error::other("it is no file of its own")) }
}

/// The tag of the file system of the deepest folder above a path that is there; 0 if none can be opened.
fn volume_around(path: &[u8]) -> u16 {
    Path::new(OsStr::from_bytes(path)).ancestors().skip(1).find_map(|folder| open_volume(folder).ok()).unwrap_or(0)
}

/// Reads a file, and counts each part that has come.
struct Parts<'a>(&'a File, &'a Progress);

impl Read for Parts<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.1.step();
        self.0.read(bytes)
    }
}

fn read_open(file: &File, progress: &Progress) -> std::io::Result<Content> {
    let meta = file.metadata()?;
    let system = FileSystem::of(file, meta.dev());
    if !meta.is_file() || system.pseudo {
        return Ok(Content::Missing(system.tag));
    }
    let stamp = stamp(&meta, &system);
    let bytes = if stamp.size <= DOCUMENT_BYTES_MAX {
        let mut bytes = Vec::with_capacity(usize::try_from(stamp.size).unwrap_or(0) + 1);
        Parts(file, progress).take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        Some(bytes).filter(|bytes| bytes.len() as u64 <= DOCUMENT_BYTES_MAX)
    } else {
        newest_mails(file, stamp.size, progress)?
    };
    // A change that the stamp cannot show, during the reading or soon after, is found at the next look.
    let settled = stamp.is_settled(wall_ns()) && self::stamp(&file.metadata()?, &system) == stamp;
    let stamp = if settled { stamp } else { stamp.unsettled() };
    Ok(bytes.map_or(Content::TooLarge(stamp), |bytes| Content::Bytes(bytes, stamp)))
}

/// What is read of a file that is larger than others may be; `None` if it is no folder of mails.
fn newest_mails(mut file: &File, size: u64, progress: &Progress) -> std::io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    Parts(file, progress).take(LARGE_HEAD_BYTES).read_to_end(&mut head)?;
    if !is_mailbox(&head) {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(size.saturating_sub(NEWEST_BYTES)))?;
    let mut end = Vec::with_capacity(usize::try_from(DOCUMENT_BYTES_MAX).unwrap_or(0));
    Parts(file, progress).take(NEWEST_BYTES).read_to_end(&mut end)?;
    Ok(newest(end, size))
}

/// A file that is there and cannot be read: until its owner changes that, or for now.
fn unreadable(error: &std::io::Error) -> Content {
    let why = plain(error);
    if error.kind() == ErrorKind::PermissionDenied { Content::Unreadable(why) } else { Content::Failed(why) }
}

#[cfg(test)]
mod tests;
