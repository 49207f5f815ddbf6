//! Puts what a backup has into a home in which no agent runs.
//!
//! The whole file is held against its checksum first. Then a new store is made of it beside the one in use, audited, and put into
//! its place at once: whatever goes wrong before that leaves the home as it was. After a power cut it is that too, but for the page's first visit
//! (`home::FirstVisit`), which is over. From its beginning to its end a restore has a folder (`home::RESTORED`): while that is there, it did not end.

use super::{KEYS, SETTINGS, of_backup};
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
use std::io::{BufReader, ErrorKind};
use std::path::Path;

/// In the folder of a restore: the store that was there, where the file system exchanges nothing.
const BEFORE: &str = "store-1.before";

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
/// One sentence: why, and what became of the home.
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
    let begun = folder.with_extension(RESTORED);
    let (new, another_did_not_end) = (begun.join(LAYOUT), begun.exists());
    // Before any document is here: nobody who opens the page first has what is restored.
    let visit = FirstVisit::of(home.path());
    FirstVisit::Shut.note(home.path()).map_err(|error| {
        format!("The home {} cannot be written: {error}. Nothing was changed.", home.path().display())
    })?;
    let made = begin(&begun).and_then(|()| make(&new, open()).map_err(|why| why.to_string()));
    if made.is_err() {
        let _ = visit.note(home.path());
    }
    let made = made.and_then(|made| put(&new, &folder).map(|()| made));
    let (head, sources) = made.map_err(|why| undone(&begun, another_did_not_end, &why))?;
    let not_all =
        |error| format!("The documents are restored, and the small files of the home are not all written: {error}.");
    [&new, &folder].into_iter().try_for_each(|store| sync_above(store)).map_err(not_all)?;
    home.write(HomeFile::Sources, &sources).map_err(not_all)?;
    let settings = files.iter().find(|(file, _)| *file == SETTINGS);
    let takes_keys = takes_keys(&home, &files);
    for (file, content) in &files {
        if if *file == SETTINGS { takes_settings } else { takes_keys } {
            home.write(*file, content).map_err(not_all)?;
        }
    }
    if takes_keys && files.iter().any(|(file, _)| *file == HomeFile::Records) {
        of_backup::note(&home).map_err(not_all)?;
    }
    removed(&begun).map_err(|why| {
        format!(
            "All of the backup is restored, and {why}. Delete it: until then the agent says that a restore did not end."
        )
    })?;
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

/// Whether the home has no key of another device: none at all, or those of the backup alone, which a restore that did not end has written.
fn takes_keys(home: &Home, files: &[(HomeFile, Vec<u8>)]) -> bool {
    let is_the_same = |key: &HomeFile| {
        let there = home.read(*key).ok().flatten();
        there.is_some() && files.iter().any(|(file, content)| file == key && there.as_ref() == Some(content))
    };
    KEYS.iter().all(|key| !home.file(*key).exists() || is_the_same(key))
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
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(format!("what is left of a restore, {}, cannot be removed: {error}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Makes the folder of a restore, which tells that it did not end; on the disk before anything else is. One that is there, of an earlier restore, stays.
fn begin(begun: &Path) -> Result<(), String> {
    removed(&begun.join(LAYOUT))?;
    let made = fs::create_dir_all(begun).and_then(|()| sync_above(begun));
    made.map_err(|error| format!("the folder {} cannot be made: {error}", begun.display()))
}

/// What is said of a restore that put no document into its place; nothing of it is left.
fn undone(begun: &Path, another_did_not_end: bool, why: &str) -> String {
    let before = begun.join(BEFORE);
    if before.exists() && !begun.with_file_name(LAYOUT).exists() {
        return format!(
            "The backup could not be restored: {why}. That store is {}: put it back as {LAYOUT} in the home, or delete it, and try it again.",
            before.display()
        );
    }
    // An earlier one, which is told of, did not end by that.
    let _ = fs::remove_dir_all(if another_did_not_end { begun.join(LAYOUT) } else { begun.to_owned() });
    format!("The backup could not be restored: {why}. Nothing was changed.")
}

/// Has the disk keep the name of a file or folder.
fn sync_above(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |above| File::open(above)?.sync_all())
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

/// Puts the new store into the place of the old one, which then has the new one's name or is beside it (`BEFORE`). What fails leaves the old one there.
fn put(new: &Path, folder: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("the new store cannot be put into the place of the old one: {error}");
    if renameat_with(CWD, new, CWD, folder, RenameFlags::EXCHANGE).is_ok() {
        return Ok(());
    }
    // There is none yet; or the file system exchanges nothing, and a power cut now leaves no store there, which a start makes anew.
    let before = new.with_file_name(BEFORE);
    if before.exists() && !folder.exists() {
        return Err("an earlier restore took the store out of its place".to_owned());
    }
    removed(&before)?;
    match moved(folder, &before) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    moved(new, folder).map_err(|error| {
        // Where there was none, none is put back.
        let _ = moved(&before, folder);
        failed(error)
    })
}

/// Gives a folder another place, in which there is none.
#[expect(clippy::disallowed_methods, reason = "a folder; those around both places are synced by who restores")]
fn moved(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::rename(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restore_that_was_cut_among_its_keys_takes_the_others_the_next_time_and_never_those_of_another_device() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let files = [(HomeFile::Identity, b"a key".to_vec()), (HomeFile::BootCount, b"7\n".to_vec())];
        assert!(takes_keys(&home, &files));
        home.write(HomeFile::Identity, b"a key").unwrap();
        assert!(takes_keys(&home, &files));
        home.write(HomeFile::BootCount, b"9\n").unwrap();
        assert!(!takes_keys(&home, &files), "it was started since");
        assert!(!takes_keys(&home, &[(HomeFile::Identity, b"another".to_vec())]));
    }

    #[test]
    fn a_store_whose_place_nothing_can_take_is_in_its_place_as_before() {
        let folder = tempfile::tempdir().unwrap();
        let (store, begun) = (folder.path().join(LAYOUT), folder.path().join(LAYOUT).with_extension(RESTORED));
        fs::create_dir(&store).unwrap();
        fs::write(store.join("mine"), "documents").unwrap();
        begin(&begun).unwrap();
        // There is no new one, so nothing is exchanged, as on a file system that cannot.
        let why = put(&begun.join(LAYOUT), &store).unwrap_err();
        let says = undone(&begun, false, &why);
        assert!(says.ends_with("Nothing was changed.") && !begun.exists(), "{says}");
        assert_eq!(fs::read(store.join("mine")).unwrap(), b"documents");
    }

    #[test]
    fn a_restore_that_is_refused_leaves_the_word_of_an_earlier_one_that_did_not_end() {
        let folder = tempfile::tempdir().unwrap();
        let begun = folder.path().join(LAYOUT).with_extension(RESTORED);
        begin(&begun).unwrap();
        fs::create_dir(begun.join(LAYOUT)).unwrap();
        assert!(undone(&begun, true, "it is full").contains("it is full. Nothing was changed."));
        assert!(begun.exists() && !begun.join(LAYOUT).exists());
        // Where the store of before could not be put back, it is told where it is, and stays.
        fs::create_dir(begun.join(BEFORE)).unwrap();
        let why = put(&begun.join(LAYOUT), &folder.path().join(LAYOUT)).unwrap_err();
        let says = undone(&begun, false, &why);
        assert!(says.contains("store-1.before: put it back as store-1") && begun.join(BEFORE).exists(), "{says}");
    }
}
