//! Looks at the folder of a store before fjall does.

use super::newest;
use super::{Disk, Sync};
use crate::store::kv::KvError;
use std::fs;
use std::path::{Path, PathBuf};

/// Opens the store as it is, for who does not repair it: fjall deletes what notes that are not whole do not name.
///
/// # Errors
/// Those of [`open_whole`], and `Damaged` if a note of the newest tables is not whole, or its list is not. Nothing is changed then.
pub fn open_sound(folder: &Path, sync: Sync) -> Result<Disk, KvError> {
    newest::check(folder)?;
    open_whole(folder, sync)
}

/// Opens the store if there are only files and folders where fjall expects them; others make it panic or wait for ever.
///
/// # Errors
/// Those of [`Disk::open`], and `Damaged` if something else is there.
pub fn open_whole(folder: &Path, sync: Sync) -> Result<Disk, KvError> {
    match misplaced(folder, 0) {
        Some(path) => Err(KvError::Damaged(format!("{} is not what it should be", path.display()))),
        None => Disk::open(folder, sync),
    }
}

/// The first path in the store's folder that is of another kind than fjall makes: `keyspaces`, in it a folder for each
/// space, in that `tables` and `blobs`, and everywhere else regular files.
pub(in crate::platform) fn misplaced(folder: &Path, depth: usize) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    entries.flatten().find_map(|entry| {
        let (path, kind) = (entry.path(), entry.file_type().ok()?);
        let name = entry.file_name();
        let folder = match depth {
            0 => name == "keyspaces",
            1 => name.as_encoded_bytes().iter().all(u8::is_ascii_digit),
            2 => name == "tables" || name == "blobs",
            _ => false,
        };
        if folder && kind.is_dir() { misplaced(&path, depth + 1) } else { (folder || !kind.is_file()).then_some(path) }
    })
}
