//! Opens a file in a watched place so that no link leads out of it: none is followed in any part of the path below the place, also where a
//! folder becomes a link while it is opened. Above the place links are followed, as when it is listed, unless they lead into another one.

use super::place::leads_elsewhere;
use crate::scheduler::path::covers;
use crate::store::record::Source;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::{Errno, Result};
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Of everything that is opened.
const ALWAYS: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC);

/// A folder on the way.
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(ALWAYS);

/// Opens what is at the path. `watched`: all places that are watched; a path in none of them is opened as it is.
///
/// # Errors
/// Those of the system; `LOOP` or `NOTDIR` where a link is.
pub(super) fn open(path: &[u8], watched: &[Source], flags: OFlags) -> Result<OwnedFd> {
    let holding = watched.iter().filter(|source| covers(&source.path, path));
    let Some(source) = holding.max_by_key(|source| source.path.len()) else { return at(CWD, path, flags) };
    if leads_elsewhere(source, watched).is_some() {
        return Err(Errno::LOOP);
    }
    let below = path.get(source.path.len()..).unwrap_or_default();
    let below = &below[below.iter().take_while(|byte| **byte == b'/').count()..];
    if below.is_empty() {
        return at(CWD, path, flags);
    }
    let root = at(CWD, &source.path, FOLDER)?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match openat2(&root, name(below), flags | ALWAYS, Mode::empty(), resolve) {
        // A kernel of before 5.6, or a filter of system calls that does not know it.
        Err(Errno::NOSYS | Errno::PERM | Errno::INVAL | Errno::AGAIN) => by_steps(root.as_fd(), below, flags),
        opened => opened,
    }
}

/// The same below an open folder, one part of the path after the other.
fn by_steps(root: BorrowedFd<'_>, below: &[u8], flags: OFlags) -> Result<OwnedFd> {
    let mut parts = below.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).peekable();
    let mut folder: Option<OwnedFd> = None;
    while let Some(part) = parts.next() {
        let around = folder.as_ref().map_or(root, AsFd::as_fd);
        if parts.peek().is_none() {
            return at(around, part, flags);
        }
        folder = Some(at(around, part, FOLDER)?);
    }
    Err(Errno::NOENT)
}

fn at(folder: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd> {
    openat(folder, name(path), flags | ALWAYS, Mode::empty())
}

fn name(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Ring;
    use std::fs::{self, File};
    use std::io::Read;
    use std::os::unix::fs::{MetadataExt, symlink};

    /// What is read by this name, in both ways.
    fn read(root: &Path, name: &str) -> Option<String> {
        let path = root.join("docs").join(name);
        let source = Source {
            path: root.join("docs").as_os_str().as_bytes().to_vec(),
            collection: "home".to_owned(),
            ring: Ring::Mesh,
            device: fs::metadata(root).unwrap().dev(),
        };
        let opened = open(path.as_os_str().as_bytes(), std::slice::from_ref(&source), OFlags::RDONLY);
        let folder = at(CWD, &source.path, FOLDER).unwrap();
        let steps = by_steps(folder.as_fd(), name.as_bytes(), OFlags::RDONLY);
        let text = |opened: Result<OwnedFd>| {
            let mut text = String::new();
            File::from(opened.ok()?).read_to_string(&mut text).unwrap();
            Some(text)
        };
        let (one, other) = (text(opened), text(steps));
        assert_eq!(one, other, "{name}");
        one
    }

    #[test]
    fn a_file_is_opened_by_no_path_with_a_link_in_it_also_where_a_folder_became_one() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for name in ["docs/a/b", "diary/b"] {
            fs::create_dir_all(root.join(name)).unwrap();
            fs::write(root.join(name).join("c.md"), name).unwrap();
        }
        symlink(root.join("diary"), root.join("docs/link")).unwrap();
        symlink("a", root.join("docs/inside")).unwrap();
        symlink(root.join("diary/b/c.md"), root.join("docs/file.md")).unwrap();
        for (name, text) in [
            ("a/b/c.md", Some("docs/a/b")),
            ("a//b/c.md", Some("docs/a/b")),
            ("link/b/c.md", None),
            ("inside/b/c.md", None),
            ("file.md", None),
            ("a/b/none.md", None),
        ] {
            assert_eq!(read(&root, name).as_deref(), text, "{name}");
        }
        fs::remove_dir_all(root.join("docs/a")).unwrap();
        symlink(root.join("diary"), root.join("docs/a")).unwrap();
        assert_eq!(read(&root, "a/b/c.md"), None, "a folder in the middle was swapped");
    }

    #[test]
    fn a_source_that_a_link_above_it_leads_into_another_one_is_not_read_by_that_path() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for name in ["diary/docs", "moved/docs"] {
            fs::create_dir_all(root.join(name)).unwrap();
            fs::write(root.join(name).join("a.md"), "x").unwrap();
        }
        let path = |name: &str| root.join(name).as_os_str().as_bytes().to_vec();
        let source = |name: &str, ring| Source { path: path(name), collection: "home".into(), ring, device: 1 };
        let watched = [source("notes/docs", Ring::Mesh), source("diary", Ring::Private)];
        let opened = || open(&path("notes/docs/a.md"), &watched, OFlags::RDONLY);
        symlink(root.join("moved"), root.join("notes")).unwrap();
        assert!(opened().is_ok(), "its folder was moved to another disk");
        fs::remove_file(root.join("notes")).unwrap();
        symlink(root.join("diary"), root.join("notes")).unwrap();
        assert_eq!(opened().err(), Some(Errno::LOOP));
    }
}
