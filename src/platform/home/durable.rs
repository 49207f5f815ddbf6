//! Reads and writes small state files: whole, or not at all.

use crate::platform::regular;
use std::fs::{self, File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What the file holds; `None` if there is none. A longer file is cut after `bytes_max` bytes: a caller that must know
/// asks for one byte more than it accepts.
///
/// # Errors
/// The system's, or that something else than a regular file has this name.
pub(super) fn read(path: &Path, bytes_max: usize) -> Result<Option<Vec<u8>>> {
    match regular::read(path, bytes_max) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        bytes => bytes.map(Some),
    }
}

/// The whole content of a file; `None` if there is none. Nothing of a longer file is read.
///
/// # Errors
/// As [`read`], or that the file has more than `bytes_max` bytes.
pub(super) fn read_whole(path: &Path, bytes_max: usize) -> Result<Option<Vec<u8>>> {
    let too_long = || Error::other(format!("it has more than {bytes_max} bytes"));
    if fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() > bytes_max as u64) {
        return Err(too_long());
    }
    // It may grow meanwhile.
    match read(path, bytes_max + 1)? {
        Some(bytes) if bytes.len() > bytes_max => Err(too_long()),
        bytes => Ok(bytes),
    }
}

/// Writes a file so that after a power cut either the old or the new one is whole: temporary file, fsync, rename,
/// fsync of the folder. Mode 0600.
///
/// # Errors
/// The system's; the old file is untouched.
pub(in crate::platform) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_with(path, |file| file.write_all(bytes))
}

/// The same; `fill` writes what the file is to hold.
///
/// # Errors
/// The system's, or those of `fill`; the old file is untouched.
pub(in crate::platform) fn write_with(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    #[cfg(test)]
    cut::step()?;
    let temporary = path.with_extension("new");
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    #[expect(clippy::disallowed_methods, reason = "the one place that renames durably: the folder is synced below")]
    let put = fill(&mut file).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = put {
        // What a full disk has taken of it is of no use to anybody, and may be a part of a secret.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Deletes a file durably, if it is there.
///
/// # Errors
/// The system's.
pub(in crate::platform) fn remove(path: &Path) -> Result<()> {
    #[cfg(test)]
    cut::step()?;
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()),
    }
}

/// A power cut, or a disk that is full from then on: of the changes of this thread so many succeed.
#[cfg(test)]
pub(in crate::platform) mod cut {
    use std::cell::Cell;
    use std::io::{Error, ErrorKind, Result};

    thread_local! { static LEFT: Cell<Option<usize>> = const { Cell::new(None) } }

    /// Lets so many changes succeed; `None`: all.
    pub(in crate::platform) fn after(changes: Option<usize>) {
        LEFT.set(changes);
    }

    /// Whether there was a change that failed.
    pub(in crate::platform) fn is_over() -> bool {
        LEFT.get() == Some(0)
    }

    pub(in crate::platform) fn step() -> Result<()> {
        let Some(left) = LEFT.get() else { return Ok(()) };
        LEFT.set(Some(left.saturating_sub(1)));
        if left == 0 { Err(Error::from(ErrorKind::StorageFull)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_written_is_read_and_private_and_only_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        assert_eq!(read(&path, 9).unwrap(), None);
        // The rest of a write that a power cut ended is replaced.
        fs::write(folder.path().join("state.new"), "half").unwrap();
        write(&path, b"one").unwrap();
        write(&path, b"other").unwrap();
        assert_eq!(read(&path, 9).unwrap().unwrap(), b"other");
        assert_eq!(read(&path, 3).unwrap().unwrap(), b"oth");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        assert!(read(folder.path(), 9).unwrap_err().to_string().contains("not a regular file"));
        // What cannot take its place is not left beside it: a folder is in the way here, as a full disk is.
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        assert!(write(&taken, b"x").is_err() && !folder.path().join("taken.new").exists());
        let nowhere = folder.path().join("none/state");
        assert!(write(&nowhere, b"x").is_err() && read(&nowhere, 9).unwrap().is_none());
    }
}
