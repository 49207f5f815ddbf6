//! What is at a path: whether a source can be looked at, and folders as they are opened.

use crate::store::record::Source;
use rustix::fs::{Mode, OFlags};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Why nothing in the source counts as deleted: it is gone, out of reach (an unplugged disk, a server that is off), or has
/// become a link.
pub(super) fn unavailable(source: &Source) -> Option<String> {
    let path = Path::new(OsStr::from_bytes(&source.path));
    let name = path.display();
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => {
            Some(format!("{name} is a link now: what is known of it is kept. Add the folder that it leads to."))
        }
        // Documents of before have no tag of their file system, so an empty folder on another one counts as a place where
        // their disk was mounted.
        Ok(meta)
            if meta.dev() != source.device
                && meta.is_dir()
                && fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()) =>
        {
            Some(format!(
                "{name} is empty and on another disk than when it was added: its disk is taken to be away, and what is known of it is kept."
            ))
        }
        Ok(_) => None,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Some(format!("{name} is not there: what is known of it is kept."))
        }
        Err(error) => Some(format!("{name} cannot be looked at ({}): what is known of it is kept.", plain(&error))),
    }
}

/// Opens a folder; where it is an automount point, that mounts it.
pub(super) fn open_folder(path: &[u8]) -> std::io::Result<(Metadata, OwnedFd)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = File::from(rustix::fs::open(Path::new(OsStr::from_bytes(path)), flags, Mode::empty())?);
    Ok((folder.metadata()?, folder.into()))
}

pub(super) fn is_folder(path: &[u8]) -> bool {
    fs::symlink_metadata(OsStr::from_bytes(path)).is_ok_and(|meta| meta.is_dir())
}

/// The system's reason, without its error number.
pub(super) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}
