//! Opens the store, and repairs it when it is inconsistent. The store can always be rebuilt from the owner's files, but
//! as much as possible of it is saved: it is repaired first, and set aside where that fails. Of the stores that were set aside
//! the newest two are kept.

use super::counted;
use super::disk::{Disk, LAYOUT, Sync};
use super::home::{Home, HomeFile};
use super::regular;
use super::store_place::StorePlace;
use crate::base::count::{count, plural};
use crate::base::finding::{Area, Finding, quoted};
use crate::base::id::{Fingerprint, Ring};
use crate::base::path::covers;
use crate::limits::{READER, STORE_OPENINGS_MAX, STORES_ASIDE_MAX};
use crate::store::audit::{audit, is_consistent, repair};
use crate::store::change::Change;
use crate::store::kv::{Kv, KvError};
use crate::store::library::Library;
use crate::store::read;
use crate::store::record::Sources;
use log::{info, warn};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Marks that the store failed while it was in use, so that the whole store is checked at the next start.
const SUSPECT: &str = "store-suspect";

/// While the store is opened, one byte for each opening in a row that did not come to an end.
const OPENING: &str = "store-opening";

/// Opens the home's store, repairs or rebuilds it where it is damaged, and binds it to the model.
///
/// # Errors
/// One sentence: the disk fails, or the store belongs to another model.
pub fn open(home: &Home, model: Fingerprint, sync: Sync) -> Result<(Library<Disk>, Option<Finding>), String> {
    let folder = home.path().join(LAYOUT);
    let suspect = home.path().join(SUSPECT).exists();
    let mut found = None;
    if !folder.exists() && counted::known(home).is_some_and(|known| !known.is_empty()) {
        let lost = counted::lost_with_store(home);
        let says = format!(
            "The store {} was gone, and is made anew from your files; until they are read again, answers lack them.{lost}",
            folder.display()
        );
        warn!("{says}");
        found = Some(Finding { area: Area::State, what: says, command: Some("dmesg --level=err,warn".to_owned()) });
    }
    let disk = match survived(home.path(), || open_whole(&folder, sync)).and_then(|disk| check(disk, suspect)) {
        Ok(disk) => disk,
        Err(KvError::Io(why)) => return Err(format!("The store {} cannot be opened: {why}.", folder.display())),
        Err(KvError::Damaged(what)) => {
            let aside = set_aside(&folder)?;
            let lost = counted::lost_with_store(home);
            let says = format!(
                "The store was damaged ({what}) and is made anew from your files; until they are read again, answers lack \
                 them.{lost} The old one was kept as {aside} and can be deleted. The disk or card may be failing: make a backup."
            );
            warn!("{says}");
            let command = Some(format!("rm -r {}", quoted(&aside)));
            found = Some(Finding { area: Area::State, what: says, command });
            Disk::open(&folder, sync).map_err(|error| format!("A new store cannot be made: {error}."))?
        }
    };
    let _ = fs::remove_file(home.path().join(SUSPECT));
    let broken = |error| format!("The store cannot be used: {error}.");
    let mut library = Library::open(disk).map_err(broken)?;
    if let Err(bound) = library.bind(model).map_err(broken)? {
        return Err(format!(
            "The store holds vectors of the model {bound}, and the model found is {model}; the two cannot be mixed. \
             Give the old model with --models, or a new home with --home. Nothing was changed."
        ));
    }
    let again = library.reread(READER).map_err(broken)?;
    if again > 0 {
        info!(
            "This version reads files differently than the one before: {} read again. What is known of that answers meanwhile.",
            count(again, "file") + plural(again, " is", " are")
        );
    }
    let sources = home.sources();
    if read::sources(library.kv()).map_err(broken)? == Sources::default() && sources != Sources::default() {
        library.apply(&Change::Sources(sources)).map_err(broken)?;
    }
    leave_own_home(&mut library, home).map_err(broken)?;
    library.kv().sync().map_err(broken)?;
    let watched = read::sources(library.kv()).map_err(broken)?;
    let found = found.or_else(|| counted::lost_before(home, &watched));
    note_model(home, model);
    counted::note(home, library.kv()).map_err(broken)?;
    Ok((library, found))
}

/// Ends the watch of folders in the agent's own home, which an agent of before November 2026 took. Their documents lie in no watched
/// folder then, and are deleted.
fn leave_own_home(library: &mut Library<Disk>, home: &Home) -> Result<(), KvError> {
    let mut sources = read::sources(library.kv())?;
    let own = home.path().as_os_str().as_bytes();
    let before = sources.places.len();
    let left: Vec<String> = sources
        .places
        .iter()
        .filter(|source| source.ring == Ring::Private && covers(own, &source.path))
        .map(|source| source.collection.clone())
        .collect();
    sources.places.retain(|source| !covers(own, &source.path));
    if sources.places.len() < before {
        for name in left {
            if let Err(why) = sources.remember(&name) {
                warn!("{why}");
            }
        }
        warn!(
            "A folder in the agent's own home, {}, is no longer watched: its store and its keys are no documents.",
            home.path().display()
        );
        library.apply(&Change::Sources(sources))?;
    }
    Ok(())
}

/// Writes down which model the store is bound to, unless that stands there.
fn note_model(home: &Home, model: Fingerprint) {
    let line = format!("{model}\n");
    if home.read(HomeFile::StoreModel).ok().flatten().is_none_or(|known| known != line.as_bytes()) {
        // On a full disk the doctor does not know it.
        let _ = home.write(HomeFile::StoreModel, line.as_bytes());
    }
}

/// Where the open store of this home lies.
#[must_use]
pub fn place(home: &Path) -> StorePlace {
    StorePlace::of(&home.join(LAYOUT))
}

/// The store of a library whose save failed, writable again, with what is on the disk.
///
/// # Errors
/// Any `KvError`; the old library goes on answering, but must not be written.
pub fn reopen(disk: &Disk) -> Result<Library<Disk>, KvError> {
    disk.reopen()?;
    Library::open(check(disk.clone(), false)?)
}

/// Marks the store for a check of the whole store at the next start.
pub fn mark_suspect(home: &Path) {
    let _ = regular::write(&home.join(SUSPECT), b"The store failed while it was in use.\n");
}

/// Opens the store, unless the last openings ended the process: some damage makes fjall panic twice, which no guard
/// catches.
fn survived(home: &Path, open: impl FnOnce() -> Result<Disk, KvError>) -> Result<Disk, KvError> {
    let mark = home.join(OPENING);
    let failed = regular::read(&mark, STORE_OPENINGS_MAX).map_or(0, |marks| marks.len());
    if failed >= STORE_OPENINGS_MAX {
        let _ = fs::remove_file(&mark);
        return Err(KvError::Damaged(format!("the agent ended {failed} times while it opened it")));
    }
    // On a full disk it stays away, and the store is opened all the same.
    let _ = regular::write(&mark, &vec![b'x'; failed + 1]);
    let opened = open();
    let _ = fs::remove_file(&mark);
    opened
}

/// Opens the store if there are only files and folders where fjall expects them; others make it panic or wait for ever.
fn open_whole(folder: &Path, sync: Sync) -> Result<Disk, KvError> {
    match misplaced(folder, 0) {
        Some(path) => Err(KvError::Damaged(format!("{} is not what it should be", path.display()))),
        None => Disk::open(folder, sync),
    }
}

/// The first path in the store's folder that is of another kind than fjall makes: `keyspaces`, in it a folder for each
/// space, in that `tables` and `blobs`, and everywhere else regular files.
fn misplaced(folder: &Path, depth: usize) -> Option<PathBuf> {
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

fn check(disk: Disk, suspect: bool) -> Result<Disk, KvError> {
    let whole = is_consistent(&disk)? && (!suspect || audit(&disk)?.clean());
    if !whole {
        let documents = repair(&disk)?;
        warn!(
            "The store had lost a part of what was written last and was repaired; {} read again.",
            count(documents, "file") + plural(documents, " is", " are")
        );
        if !audit(&disk)?.clean() {
            return Err(KvError::Damaged("it does not add up after repairing".to_owned()));
        }
    }
    Ok(disk)
}

/// Moves a damaged store away and returns its new name. The newest `STORES_ASIDE_MAX` are kept.
fn set_aside(folder: &Path) -> Result<String, String> {
    let mut kept = aside(folder);
    let number = kept.last().map_or(1, |(number, _)| number + 1);
    let new = folder.with_extension(format!("damaged-{number}"));
    #[expect(clippy::disallowed_methods, reason = "nothing is lost if the old name is still there after a power cut")]
    fs::rename(folder, &new)
        .map_err(|error| format!("The damaged store {} cannot be moved away: {error}.", folder.display()))?;
    let too_many = (kept.len() + 1).saturating_sub(STORES_ASIDE_MAX);
    for (_, old) in kept.drain(..too_many) {
        let removed = if old.is_dir() { fs::remove_dir_all(&old) } else { fs::remove_file(&old) };
        match removed {
            Ok(()) => warn!("The older damaged store {} was removed.", old.display()),
            Err(error) => warn!("The older damaged store {} cannot be removed: {error}.", old.display()),
        }
    }
    Ok(new.display().to_string())
}

/// The damaged stores that were set aside, oldest first.
fn aside(folder: &Path) -> Vec<(u64, PathBuf)> {
    let name = format!("{LAYOUT}.damaged-");
    let entries = folder.parent().and_then(|home| fs::read_dir(home).ok()).into_iter().flatten().flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix(&name)?.parse().ok();
    let mut found: Vec<(u64, PathBuf)> =
        entries.filter_map(|entry| Some((number(&entry.path())?, entry.path()))).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::record::{Record, Source};
    use std::os::unix::fs::PermissionsExt;

    const MODEL: Fingerprint = Fingerprint([7; 32]);

    /// A home whose store has a watched folder and tables on the disk.
    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let home = Home::open(folder.path()).unwrap();
        let source = Source { path: b"/a".to_vec(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
        home.write(HomeFile::Sources, &Sources::from(vec![source]).encode()).unwrap();
        let (library, found) = open(&home, MODEL, Sync::Buffer).unwrap();
        assert_eq!(found, None);
        library.kv().rotate().unwrap();
        (folder, home)
    }

    #[test]
    fn a_folder_in_the_own_home_that_an_agent_of_before_took_is_watched_no_more() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        // A path of a home need not be UTF-8.
        let folder = folder.path().join(std::ffi::OsStr::from_bytes(b"home\xff"));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let home = Home::open(&folder).unwrap();
        let own = folder.as_os_str().as_bytes();
        let source =
            |path: &[&[u8]], ring, name: &str| Source { path: path.concat(), collection: name.into(), ring, device: 1 };
        let sources = vec![
            source(&[own], Ring::Mesh, "a"),
            source(&[own, b"/store"], Ring::Private, "b"),
            source(&[own, b"-beside"], Ring::Mesh, "c"),
            source(&[b"/"], Ring::Private, "d"),
        ];
        home.write(HomeFile::Sources, &Sources::from(sources.clone()).encode()).unwrap();
        let (library, _) = open(&home, MODEL, Sync::Buffer).unwrap();
        let left = read::sources(library.kv()).unwrap();
        assert_eq!(left.places, sources[2..]);
        assert_eq!(left.private, ["b"], "a folder that is added to it again is private");
    }

    fn opens_with_its_folders(home: &Home) {
        let (library, found) = open(home, MODEL, Sync::Buffer).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(read::sources(library.kv()).unwrap().places.len(), 1);
        assert!(audit(library.kv()).unwrap().clean());
        let aside = aside(&home.path().join(LAYOUT)).last().map(|(_, path)| path.display().to_string());
        assert!(
            found.is_none_or(|found| found.what.contains(&aside.unwrap())),
            "its owner is told where the old one is"
        );
    }

    /// The regular files of a store, and its folders but for the outermost.
    fn contents(store: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let (mut files, mut folders) = (Vec::new(), vec![store.to_owned()]);
        let mut at = 0;
        while let Some(folder) = folders.get(at).cloned() {
            for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() { folders.push(entry) } else { files.push(entry) }
            }
            at += 1;
        }
        folders.remove(0);
        (files, folders)
    }

    #[test]
    fn whatever_file_of_the_store_becomes_a_folder_the_agent_starts_and_keeps_its_list() {
        let (kept, _home) = home();
        let (files, folders) = contents(&kept.path().join(LAYOUT));
        assert!(files.iter().any(|file| file.to_string_lossy().contains("/tables/")), "{files:?}");
        assert_eq!(misplaced(&kept.path().join(LAYOUT), 0), None, "a whole store is in order");
        // One of the spaces stands for the others.
        let others = (2..9).map(|space| kept.path().join(LAYOUT).join(format!("keyspaces/{space}")));
        let others: Vec<PathBuf> = others.collect();
        let of_one = |path: &&PathBuf| !others.iter().any(|other| path.starts_with(other));
        for path in files.iter().chain(&folders).filter(of_one) {
            let (folder, home) = home();
            mark_suspect(folder.path());
            let path = folder.path().join(path.strip_prefix(kept.path()).unwrap());
            if path.is_dir() {
                fs::remove_dir_all(&path).unwrap();
                fs::write(&path, "x").unwrap();
            } else {
                // The numbers of tables may differ from store to store; then a folder is added.
                let _ = fs::remove_file(&path);
                fs::create_dir(&path).unwrap();
            }
            opens_with_its_folders(&home);
        }
    }

    #[test]
    fn a_store_whose_opening_ended_the_process_three_times_is_set_aside() {
        let (folder, home) = home();
        let survives = |marks: usize| {
            fs::write(folder.path().join(OPENING), "x".repeat(marks)).unwrap();
            opens_with_its_folders(&home);
            assert!(!folder.path().join(OPENING).exists());
            aside(&folder.path().join(LAYOUT)).len()
        };
        assert_eq!([survives(STORE_OPENINGS_MAX - 1), survives(STORE_OPENINGS_MAX)], [0, 1]);
    }

    #[test]
    fn a_file_in_the_place_of_the_store_is_set_aside() {
        let (folder, home) = home();
        fs::remove_dir_all(folder.path().join(LAYOUT)).unwrap();
        fs::write(folder.path().join(LAYOUT), "x").unwrap();
        opens_with_its_folders(&home);
    }

    #[test]
    fn damaged_stores_are_kept_twice_and_not_without_limit() {
        let (folder, home) = home();
        let damage = folder.path().join(LAYOUT);
        for _ in 0..4 {
            fs::remove_dir_all(&damage).unwrap();
            fs::write(&damage, "x").unwrap();
            opens_with_its_folders(&home);
        }
        let numbers: Vec<u64> = aside(&damage).iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [3, 4]);
    }
}
