//! Stores that were damaged and set aside: beside the one in use, under the same name with `.damaged-1`, `.damaged-2` and so on.

pub(super) mod note;

use super::disk::LAYOUT;
use crate::limits::STORES_ASIDE_MAX;
use log::warn;
use note::Due;
use std::fs;
use std::path::{Path, PathBuf};

/// Moves a damaged store away; what only it has is carried over from it then. Of those that are no only copy the newest
/// `STORES_ASIDE_MAX` are kept.
pub(super) fn set_aside(folder: &Path, what: &str) -> Result<(), String> {
    let mut kept = aside(folder);
    let number = kept.last().map_or(1, |(number, _)| number + 1);
    let new = folder.with_extension(format!("damaged-{number}"));
    let failed = |error| format!("The damaged store {} cannot be moved away: {error}.", folder.display());
    note::write(&new, &Due::new(what)).map_err(failed)?;
    #[expect(clippy::disallowed_methods, reason = "nothing is lost if the old name is still there after a power cut")]
    fs::rename(folder, &new).map_err(failed)?;
    kept.retain(|(_, old)| !note::holds(old));
    let too_many = (kept.len() + 1).saturating_sub(STORES_ASIDE_MAX);
    for (_, old) in kept.drain(..too_many) {
        let removed = if old.is_dir() { fs::remove_dir_all(&old) } else { fs::remove_file(&old) };
        match removed {
            Ok(()) => warn!("The older damaged store {} was removed.", old.display()),
            Err(error) => warn!("The older damaged store {} cannot be removed: {error}.", old.display()),
        }
    }
    Ok(())
}

/// The damaged stores that were set aside, oldest first.
pub(super) fn aside(folder: &Path) -> Vec<(u64, PathBuf)> {
    let name = format!("{LAYOUT}.damaged-");
    let entries = folder.parent().and_then(|home| fs::read_dir(home).ok()).into_iter().flatten().flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix(&name)?.parse().ok();
    let mut found: Vec<(u64, PathBuf)> =
        entries.filter_map(|entry| Some((number(&entry.path())?, entry.path()))).collect();
    found.sort();
    found
}

/// Those that are to be read, the newest first: what two of them have is newer there.
pub(super) fn due(folder: &Path) -> Vec<(PathBuf, Due)> {
    let stores = aside(folder).into_iter().rev();
    stores.filter_map(|(_, store)| note::due(&store).map(|due| (store, due))).collect()
}
