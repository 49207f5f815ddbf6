//! Looks at the folder of a store before fjall does.

use super::newest;
use super::{Disk, Sync};
use crate::store::kv::KvError;
use std::fs;
use std::path::{Path, PathBuf};

/// Opens the store if there are only files and folders where fjall expects them; others make it panic or wait for ever. Before that the notes
/// of the newest tables are mended.
///
/// # Errors
/// Those of [`Disk::open`], and `Damaged` if something else is there.
pub fn open_whole(folder: &Path, sync: Sync) -> Result<Disk, KvError> {
    match misplaced(folder, 0) {
        Some(path) => Err(KvError::Damaged(format!("{} is not what it should be", path.display()))),
        None => {
            newest::mend(folder);
            Disk::open(folder, sync)
        }
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
