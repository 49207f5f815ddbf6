//! Puts what a backup has into a home in which no agent runs.
//!
//! The whole file is held against its checksum first. Then a new store is made of it beside the one in use, audited, and put into
//! its place at once: whatever goes wrong before that, or a power cut, leaves the home as it was.

use super::{KEYS, SETTINGS};
use crate::platform::disk::{Disk, LAYOUT, Sync, is_unfinished, open_sound};
use crate::platform::home::{FirstVisit, Home, HomeFile, RESTORED, disk_free};
use crate::platform::regular;
use crate::store::audit::{audit, is_consistent};
use crate::store::backup::{Head, Item, Reader, Unusable};
use crate::store::kv::{Batch, Kv, KvError};
use crate::store::read;
use crate::store::record::Record;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::fs::{self, File, OpenOptions};
use std::io::BufReader;
use std::path::Path;

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the backup says of itself.
    pub head: Head,
    /// Whether the settings of the backup are the home's now; `None`: it has none.
    pub settings: Option<bool>,
    /// Likewise the keys.
    pub keys: Option<bool>,
}

/// Restores a backup. `replace`: also into a home whose store has documents, which are forgotten, and whose settings become those of the
/// backup.
///
/// # Errors
/// One sentence; the home is as it was.
pub fn restore(at: &Path, path: &Path, replace: bool) -> Result<Restored, String> {
    let unusable =
        |why: Unusable| format!("The file {} cannot be restored: {why}. Nothing was changed.", path.display());
    let open = || {
        let file = regular::open(path, OpenOptions::new().read(true)).map_err(|error| Unusable::Io(error.to_string()));
        Reader::new(BufReader::with_capacity(1 << 16, file?))
    };
    let files = verified(open().map_err(unusable)?).map_err(unusable)?;
    // As its owner left it: who deletes the settings takes those of the backup, and a home that is opened has its own back from their copy.
    let takes_settings = replace || !Home::at(at).file(SETTINGS).exists();
    let home = Home::open(at)?;
    let folder = home.path().join(LAYOUT);
    if !replace && has_documents(&folder) {
        return Err(format!(
            "The home {} has documents, and they would be replaced by those of the backup. Give it another home with --home, or \
             --replace if that is meant. Nothing was changed.",
            home.path().display()
        ));
    }
    let bytes = fs::metadata(path).map_or(0, |meta| meta.len());
    let (free, needed) = (disk_free(home.path()) >> 20, ((bytes + bytes / 2) >> 20) + 16);
    if free < needed {
        let name = home.path().display();
        return Err(format!(
            "The disk is too full: {free} MiB are free where the home {name} is, and {needed} MiB are needed. Nothing was changed."
        ));
    }
    let new = folder.with_extension(RESTORED);
    // Before any document is here: nobody who opens the page first has what is restored.
    let visit = FirstVisit::of(home.path());
    FirstVisit::Shut.note(home.path()).map_err(|error| {
        format!("The home {} cannot be written: {error}. Nothing was changed.", home.path().display())
    })?;
    let made = removed(&new).and_then(|()| make(&new, open()).map_err(|why| why.to_string()));
    if made.is_err() {
        let _ = visit.note(home.path());
    }
    let made = made.and_then(|made| put(&new, &folder).map(|()| made));
    let (head, sources) = made.map_err(|why| {
        let _ = fs::remove_dir_all(&new);
        format!("The backup could not be restored: {why}. Nothing was changed.")
    })?;
    let not_all =
        |error| format!("The documents are restored, and the small files of the home are not all written: {error}.");
    home.write(HomeFile::Sources, &sources).map_err(not_all)?;
    let settings = files.iter().find(|(file, _)| *file == SETTINGS);
    let takes_keys = KEYS.iter().all(|key| !home.file(*key).exists());
    for (file, content) in &files {
        if if *file == SETTINGS { takes_settings } else { takes_keys } {
            home.write(*file, content).map_err(not_all)?;
        }
    }
    // Until here it tells that the restore did not end.
    let _ = fs::remove_dir_all(&new);
    let has_keys = files.iter().any(|(file, _)| *file == HomeFile::Identity);
    Ok(Restored { head, settings: settings.map(|_| takes_settings), keys: has_keys.then_some(takes_keys) })
}

/// Reads all of a backup; gives its small files.
fn verified(mut reader: Reader<BufReader<File>>) -> Result<Vec<(HomeFile, Vec<u8>)>, Unusable> {
    let mut files = Vec::new();
    while let Some(item) = reader.next_item()? {
        if let Item::File(name, content) = item {
            // What a later version keeps in it beside these is left out.
            let known = [SETTINGS].into_iter().chain(KEYS).find(|file| file.name() == name);
            files.extend(known.map(|file| (file, content)));
        }
    }
    Ok(files)
}

/// Whether documents would be lost with the store: also if it cannot be read.
fn has_documents(folder: &Path) -> bool {
    if !folder.exists() || is_unfinished(folder) {
        return false;
    }
    let counted = open_sound(folder, Sync::Buffer).and_then(|disk| read::commit(&disk));
    counted.map_or(true, |commit| commit.counts.total() > 0)
}

fn removed(folder: &Path) -> Result<(), String> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("what is left of an earlier try, {}, cannot be removed: {error}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Makes a store of what the backup has; gives the head, and the list of folders.
fn make(new: &Path, reader: Result<Reader<BufReader<File>>, Unusable>) -> Result<(Head, Vec<u8>), Unusable> {
    let failed = |error: KvError| Unusable::Io(error.to_string());
    let mut reader = reader?;
    let disk = Disk::open(new, Sync::Disk).map_err(failed)?;
    while let Some(item) = reader.next_item()? {
        let Item::Pairs(space, pairs) = item else { continue };
        let mut batch = Batch::new();
        pairs.into_iter().for_each(|(key, value)| batch.put(space, key, value));
        disk.commit(batch).and_then(|()| disk.sync_if_full()).map_err(failed)?;
    }
    disk.sync().and_then(|()| disk.rotate()).map_err(failed)?;
    let head = reader.head().clone();
    let counts = read::commit(&disk).map_err(failed)?.counts;
    let is_as_told = (counts.total(), counts.chunks, counts.vectors) == (head.documents, head.chunks, head.vectors);
    let is_whole = is_consistent(&disk).and_then(|is| Ok(is && audit(&disk)?.clean())).map_err(failed)?;
    if !is_as_told || !is_whole {
        return Err(Unusable::Io("what it holds does not add up".to_owned()));
    }
    let sources = read::sources(&disk).map_err(failed)?;
    Ok((head, sources.encode()))
}

/// Puts the new store into the place of the old one, which then has the new one's name.
fn put(new: &Path, folder: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("the new store cannot be put into the place of the old one: {error}");
    let exchanged = renameat_with(CWD, new, CWD, folder, RenameFlags::EXCHANGE);
    if exchanged.is_err() {
        // There is none yet; or the file system exchanges nothing, and a power cut now leaves no store, which a start makes anew.
        removed(folder)?;
        #[expect(clippy::disallowed_methods, reason = "a folder; the one above is synced below")]
        fs::rename(new, folder).map_err(failed)?;
    }
    let above = folder.parent().unwrap_or(folder);
    File::open(above).and_then(|above| above.sync_all()).map_err(failed)
}
