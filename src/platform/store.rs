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
use crate::node::input::Input;
use crate::store::audit::{audit, is_consistent, repair};
use crate::store::change::Change;
use crate::store::kv::{Kv, KvError};
use crate::store::library::Library;
use crate::store::read;
use crate::store::record::Sources;
use log::{info, warn};
use smol::channel::Sender;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Marks that the store failed while it was in use, so that the whole store is checked at the next start.
const SUSPECT: &str = "store-suspect";

/// While the store is opened, one byte for each opening in a row that did not come to an end.
const OPENING: &str = "store-opening";

/// An open store, what the agent read of it first, and what people have to know.
pub type Opened<T> = (Library<Disk>, T, Option<Finding>);

/// Opens the home's store, repairs or rebuilds it where it is damaged, and binds it to the model. `first_reads` is what the agent needs of
/// it to start: damage that only shows there has the store made anew too.
///
/// # Errors
/// One sentence: the disk fails, or the store belongs to another model.
pub fn open<T>(
    home: &Home,
    model: Fingerprint,
    sync: Sync,
    first_reads: impl Fn(&Library<Disk>) -> Result<T, KvError>,
) -> Result<Opened<T>, String> {
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
    let prepared = |disk| prepare(home, model, disk, &first_reads);
    let whole = survived(home.path(), || open_whole(&folder, sync)).and_then(|disk| check(disk, suspect));
    let prepared = match whole.and_then(prepared) {
        Err(KvError::Damaged(what)) => {
            found = Some(make_way(home, &folder, &what)?);
            let disk = Disk::open(&folder, sync).map_err(|error| format!("A new store cannot be made: {error}."))?;
            prepared(disk)
        }
        other => other,
    };
    let (library, read_first) = match prepared {
        Ok(prepared) => prepared?,
        Err(KvError::Io(why)) => return Err(format!("The store {} cannot be opened: {why}.", folder.display())),
        Err(error) => return Err(format!("The store cannot be used: {error}.")),
    };
    // Not before: a start that fails leaves the check to the next one.
    let _ = fs::remove_file(home.path().join(SUSPECT));
    let watched = read::sources(library.kv()).map_err(|error| format!("The store cannot be used: {error}."))?;
    let found = found.or_else(|| counted::lost_before(home, &watched));
    note_model(home, model);
    Ok((library, read_first, found))
}

/// Moves a damaged store out of the way of a new one, and says so.
fn make_way(home: &Home, folder: &Path, what: &str) -> Result<Finding, String> {
    let aside = set_aside(folder)?;
    let lost = counted::lost_with_store(home);
    let says = format!(
        "The store was damaged ({what}) and is made anew from your files; until they are read again, answers lack \
         them.{lost} The old one was kept as {aside} and can be deleted. The disk or card may be failing: make a backup."
    );
    warn!("{says}");
    Ok(Finding { area: Area::State, what: says, command: Some(format!("rm -r {}", quoted(&aside))) })
}

/// Binds the store to the model, brings it up to date, and reads what the agent starts with. The inner error is a sentence: nothing is
/// damaged, and it is not used all the same.
fn prepare<T>(
    home: &Home,
    model: Fingerprint,
    disk: Disk,
    first_reads: impl Fn(&Library<Disk>) -> Result<T, KvError>,
) -> Result<Result<(Library<Disk>, T), String>, KvError> {
    let mut library = Library::open(disk)?;
    if let Err(bound) = library.bind(model)? {
        return Ok(Err(format!(
            "The store holds vectors of the model {bound}, and the model found is {model}; the two cannot be mixed. \
             Give the old model with --models, or a new home with --home. Nothing was changed."
        )));
    }
    let again = library.reread(READER)?;
    if again > 0 {
        info!(
            "This version reads files differently than the one before: {} read again. What is known of that answers meanwhile.",
            count(again, "file") + plural(again, " is", " are")
        );
    }
    let sources = home.sources();
    if read::sources(library.kv())? == Sources::default() && sources != Sources::default() {
        library.apply(&Change::Sources(sources))?;
    }
    leave_own_home(&mut library, home)?;
    library.kv().sync()?;
    counted::note(home, library.kv())?;
    let read_first = first_reads(&library)?;
    Ok(Ok((library, read_first)))
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

/// Has the damage that a thread meets in the open store told to the node, and the whole store checked at the next start.
pub fn tell_damage(disk: &Disk, home: &Path, inputs: Sender<Input>) {
    let home = home.to_owned();
    disk.on_damage(move |what| {
        mark_suspect(&home);
        let (inputs, why) = (inputs.clone(), damage_sentence(what));
        // The thread that met it may be one that the node waits for.
        smol::spawn(async move { inputs.send(Input::StoreDamaged(why)).await }).detach();
    });
}

/// What is so of a store that was found damaged while it is in use, and what to do.
#[must_use]
pub fn damage_sentence(what: &str) -> String {
    format!(
        "The store is damaged ({what}), and answers lack what cannot be read of it. Stop the agent and start it again: it makes the \
         index anew from your files. The disk or card may be failing: make a backup."
    )
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
    if suspect {
        disk.verify()?;
    }
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
#[path = "store/flipped_bits_test.rs"]
mod flipped_bits_test;
#[cfg(test)]
#[path = "store/test.rs"]
mod tests;
