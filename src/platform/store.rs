//! Opens the store, and repairs it when it is inconsistent. The store can always be rebuilt from the owner's files, but
//! as much as possible of it is saved: it is repaired first, and set aside where that fails. Of the stores that were set aside
//! the newest two are kept, and those that are the only copy of some documents (`salvage`).

mod dropped;
mod suspect;

use super::counted;
use super::disk::{Disk, LAYOUT, Sync, clear_unfinished, journal, mend_notes, note_faults, open_whole};
use super::home::{Home, HomeFile};
use super::models::ModelsThere;
use super::salvage;
use super::store_aside::{due, set_aside};
use super::store_place::StorePlace;
use super::unended;
use crate::base::count::{count, plural};
use crate::base::finding::{Area, Finding};
use crate::base::id::{Fingerprint, Ring};
use crate::base::path::covers;
use crate::limits::READER;
use crate::node::input::Input;
use crate::store::audit::{audit, is_consistent, repair};
use crate::store::change::Change;
use crate::store::kv::{Kv, KvError};
use crate::store::library::Library;
use crate::store::read;
use crate::store::record::{Mark, MarkKind, Record, Sources};
pub(crate) use dropped::Dropped;
use dropped::Journals;
#[cfg(test)]
pub(crate) use dropped::told as of_dropped;
use log::{info, warn};
use smol::channel::{Receiver, Sender};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use suspect::{SUSPECT, Suspect};
pub use suspect::{awaits_repair, is_suspect, mark_suspect};

/// The mark of the openings in a row that did not come to an end; see `unended`.
pub(super) const OPENING: &str = "store-opening";

/// An open store, what the agent read of it first, and what people have to know.
pub type Opened<T> = (Library<Disk>, T, Option<Finding>);

/// Opens the home's store, repairs or rebuilds it where it is damaged, and binds it to the model. `first_reads` is what the agent needs of
/// it to start: damage that only shows there has the store made anew too.
///
/// # Errors
/// One sentence: the disk fails.
pub fn open<T>(
    home: &Home,
    models: &ModelsThere,
    sync: Sync,
    first_reads: impl Fn(&Library<Disk>) -> Result<T, KvError>,
) -> Result<Opened<T>, String> {
    let folder = home.path().join(LAYOUT);
    clear_unfinished(&folder);
    let journals = Journals::of(&folder);
    let suspect = mended(home.path(), &folder).map_err(|error| {
        let (KvError::Io(why) | KvError::Damaged(why)) = error;
        format!(
            "The store {} cannot be opened: {why}. Start the agent again once the disk can be written.",
            folder.display()
        )
    })?;
    let found = lost(home, &folder);
    let prepared = |(disk, before)| prepare(home, models, disk, before, &first_reads);
    let whole = survived(home.path(), || open_whole(&folder, sync)).and_then(|disk| check(disk, suspect));
    let less = whole.as_ref().ok().and_then(|(_, repaired)| {
        let Suspect { notes, dropped: damaged, is_without_journal: is_gone, .. } = suspect.unwrap_or_default();
        of_notes(notes, *repaired)
            .or_else(|| dropped::told(Dropped { damaged, is_gone, ..journals.dropped() }, *repaired))
    });
    let whole = whole.map(|(disk, repaired)| match (&found, repaired) {
        (Some(_), _) => (disk, Before::Told),
        (None, Some(_)) => (disk, Before::Repaired),
        (None, None) => (disk, Before::Opened),
    });
    let prepared = match whole.and_then(prepared) {
        Err(KvError::Damaged(what)) => {
            set_aside(&folder, &what)?;
            // It was of that one.
            let _ = fs::remove_file(home.path().join(SUSPECT));
            let disk = Disk::open(&folder, sync).map_err(|error| format!("A new store cannot be made: {error}."))?;
            prepared((disk, Before::Told))
        }
        other => other,
    };
    let (library, read_first, salvaged) = match prepared {
        Ok(prepared) => prepared?,
        Err(KvError::Io(why)) => return Err(format!("The store {} cannot be opened: {why}.", folder.display())),
        Err(error) => return Err(format!("The store cannot be used: {error}.")),
    };
    // Not before: a start that fails leaves the check to the next one.
    let _ = fs::remove_file(home.path().join(SUSPECT));
    let watched = read::sources(library.kv()).map_err(|error| format!("The store cannot be used: {error}."))?;
    let found = salvaged.or(found).or_else(|| counted::lost_before(home, &watched)).or(less);
    note_model(home, models.home);
    Ok((library, read_first, found))
}

/// Mends the notes of the newest tables, and the journals, after the mark for a check of the whole store is on the disk: a start that ends in between would
/// not know of them any more. Gives what is so of the store, if it is to be checked.
fn mended(home: &Path, folder: &Path) -> Result<Option<Suspect>, KvError> {
    let (known, faults, journals) = (Suspect::read(home), note_faults(folder)?, journal::damaged(folder)?);
    let is_gone = journal::is_gone(folder);
    if faults.is_empty() && journals.is_empty() && !is_gone {
        return Ok(known);
    }
    let damaged = journals.iter().map(|damaged| damaged.lost).sum();
    let suspect = known.unwrap_or_default().with(&faults).with_dropped(damaged).with_journal_gone(is_gone);
    suspect
        .write(home)
        .map_err(|error| KvError::Io(format!("{} cannot be written: {error}", home.join(SUSPECT).display())))?;
    mend_notes(&faults)?;
    journal::mend(&journals)?;
    journal::put_back(folder)?;
    Ok(Some(suspect))
}

/// What is to be said of so many notes of the newest tables that were written anew, and of a repair for which so many documents are read again.
pub(crate) fn of_notes(notes: u64, repaired: Option<u64>) -> Option<Finding> {
    let then = match repaired {
        None => "and nothing of it is missing".to_owned(),
        Some(documents) => format!(
            "and repaired, because a part of it may be missing; {} read again",
            count(documents, "file") + plural(documents, " is", " are")
        ),
    };
    let what = format!(
        "{} of the store, of which of its tables are the newest, or the list of tables in its place, {} damaged or gone. The whole store was \
         read then, {then}. The disk or card may be failing: make a backup.",
        count(notes, "note"),
        plural(notes, "was", "were"),
    );
    let command = Some("dmesg --level=err,warn".to_owned());
    (notes > 0).then_some(Finding { area: Area::State, what, command })
}

/// What is to be said of a store that is not there, unless none was made yet, or it was set aside at a start that ended then.
fn lost(home: &Home, folder: &Path) -> Option<Finding> {
    let had_any = || counted::known(home).is_some_and(|known| !known.is_empty());
    if folder.exists() || !due(folder).is_empty() || !had_any() {
        return None;
    }
    let lost = counted::lost_with_store(home);
    let says = format!("The store {} was gone, and {}{lost}", folder.display(), salvage::MADE_ANEW);
    Some(Finding { area: Area::State, what: says, command: Some("dmesg --level=err,warn".to_owned()) })
}

/// What became of the store that was there before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// It was opened as it was.
    Opened,
    /// It did not add up, and was repaired.
    Repaired,
    /// It was gone, or is set aside: what went with it is told by others.
    Told,
}

/// An open store, what was read of it first, and what was carried over into it.
type Prepared<T> = (Library<Disk>, T, Option<Finding>);

/// Binds the store to the model, brings it up to date, and reads what the agent starts with. The inner error is a sentence: nothing is
/// damaged, and it is not used all the same.
fn prepare<T>(
    home: &Home,
    models: &ModelsThere,
    disk: Disk,
    before: Before,
    first_reads: impl Fn(&Library<Disk>) -> Result<T, KvError>,
) -> Result<Result<Prepared<T>, String>, KvError> {
    let mut library = Library::open(disk)?;
    // It is one whose list of spaces was gone, if a store was there: it opens, and has nothing.
    let is_new = library.commit().number == 0;
    follow_names(&mut library, models)?;
    if let Some(before) = library.bind(models.home, &models.marks())? {
        info!(
            "The store holds vectors of the model {before}, and the model found is {}: all passages are embedded anew. What is not yet \
             is found by its words, and by its meaning too where the model of before is there.",
            models.home
        );
    }
    let again = library.reread(READER)?;
    if again > 0 {
        info!(
            "This version reads files differently than the one before: {} read again. What is known of that answers meanwhile.",
            count(again, "file") + plural(again, " is", " are")
        );
    }
    let (sources, known) = (home.sources(), read::sources(library.kv())?);
    // It is written before the store, which may have lost that a folder is private.
    let is_newer = before == Before::Repaired && known != sources;
    if (known == Sources::default() || is_newer) && sources != Sources::default() {
        library.apply(&Change::Sources(sources))?;
    } else if sources == Sources::default() && known != sources {
        // It was lost with its copy, and a store that is damaged later would be without any. On a full disk the next start does it.
        let written = home.write(HomeFile::Sources, &known.encode());
        let then = if written.is_ok() { "was" } else { "could not be" };
        warn!(
            "The list of watched folders beside the store was gone, and {then} written anew from the store. Nothing is lost."
        );
    }
    leave_own_home(&mut library, home)?;
    leave_stale_marks(&mut library)?;
    library.kv().sync()?;
    let salvaged = salvage::run(home, &home.path().join(LAYOUT), &mut library)?;
    // Before what is left is counted: what there was is known from the count of before alone.
    let may_lack = before == Before::Repaired || before == Before::Opened && is_new;
    let lost = if may_lack { counted::lost_in_repair(home, library.kv())? } else { None };
    let salvaged = salvaged.or(lost);
    counted::note(home, library.kv())?;
    let read_first = first_reads(&library)?;
    Ok(Ok((library, read_first, salvaged)))
}

/// Gives collections whose model has another fingerprint by now, because its files are of a newer version, that one.
fn follow_names(library: &mut Library<Disk>, models: &ModelsThere) -> Result<(), KvError> {
    let mut sources = read::sources(library.kv())?;
    let is_there = |fingerprint: Fingerprint| models.all.iter().any(|one| one.fingerprint == fingerprint);
    let mut is_changed = false;
    for set in sources.models.iter_mut().filter(|set| !is_there(set.model.fingerprint)) {
        let Some(newer) = models.all.iter().find(|one| one.name == set.model.name) else { continue };
        set.before = Some(std::mem::replace(&mut set.model, newer.clone()));
        set.version = set.version.saturating_add(1);
        is_changed = true;
    }
    if is_changed {
        library.apply(&Change::Sources(sources))?;
    }
    Ok(())
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

/// Ends the marks on places in which no folder is watched: no scan looks at them, so nobody would learn that they are back.
fn leave_stale_marks(library: &mut Library<Disk>) -> Result<(), KvError> {
    let (watched, mut marks) = (read::sources(library.kv())?, read::marks(library.kv())?);
    let before = marks.0.len();
    marks.0.retain(|mark| mark.kind == MarkKind::Forgotten || watched.of(&mark.path).is_some());
    if marks.0.len() < before {
        library.apply(&Change::Marks(marks))?;
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

/// The same of a store that was made anew, once the files that are there are read again; `None`: it was found otherwise.
#[must_use]
pub fn read_again(found: &Finding) -> Option<Finding> {
    let then = "was made anew from your files, and what is there of them is read again.";
    let what = found.what.replace(salvage::MADE_ANEW, then);
    (what != found.what).then(|| Finding { what, ..found.clone() })
}

/// The owner has forgotten these places: nothing of them comes back from a damaged store that is still to be read.
pub fn forget(home: &Home, places: &[Mark]) {
    salvage::forget(home, places);
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
    Library::open(check(disk.clone(), None)?.0)
}

/// Has the damage that a thread meets in the open store told to the node, and the whole store checked at the next start. What is returned tells
/// that the node knows it.
#[must_use]
pub fn tell_damage(disk: &Disk, home: &Path, inputs: Sender<Input>) -> Receiver<()> {
    let (home, (told, is_told)) = (home.to_owned(), smol::channel::bounded(1));
    disk.on_damage(move |what| {
        mark_suspect(&home);
        let (inputs, told, why) = (inputs.clone(), told.clone(), damage_sentence(what));
        // The thread that met it may be one that the node waits for.
        let tell = async move {
            let _ = inputs.send(Input::StoreDamaged(why)).await;
            let _ = told.try_send(());
        };
        smol::spawn(tell).detach();
    });
    is_told
}

/// What mends a store that is damaged.
pub const MENDED_BY_START: &str = "A start makes the index anew from your files: within a minute the agent starts anew by itself, once an hour at most.";

/// What is so of a store that was found damaged while it is in use, and what to do.
#[must_use]
pub fn damage_sentence(what: &str) -> String {
    format!(
        "The store is damaged ({what}), and answers lack what cannot be read of it. {MENDED_BY_START} The disk or card may be failing: make a \
         backup."
    )
}

/// Opens the store, unless the last openings ended the process: some damage makes fjall panic twice, which no guard
/// catches.
fn survived(home: &Path, open: impl FnOnce() -> Result<Disk, KvError>) -> Result<Disk, KvError> {
    let mark = home.join(OPENING);
    if let Some(ended) = unended::ended(&mark) {
        unended::end(&mark);
        return Err(KvError::Damaged(format!("the agent ended {ended} times while it opened it")));
    }
    unended::begin(&mark);
    let opened = open();
    unended::end(&mark);
    opened
}

/// The store, which is consistent, and how many documents are read again for that.
fn check(disk: Disk, suspect: Option<Suspect>) -> Result<(Disk, Option<u64>), KvError> {
    if suspect.is_some() {
        disk.verify()?;
    }
    // A list that leaves out tables shows nowhere if those had words alone: no audit reads them, and the repair makes them anew.
    let is_proven = !suspect.is_some_and(Suspect::is_to_be_repaired);
    let whole = is_proven && is_consistent(&disk)? && (suspect.is_none() || audit(&disk)?.clean());
    let mut repaired = None;
    if !whole {
        let documents = repair(&disk)?;
        warn!(
            "The store had lost a part of what was written last and was repaired; {} read again.",
            count(documents, "file") + plural(documents, " is", " are")
        );
        if !audit(&disk)?.clean() {
            return Err(KvError::Damaged("it does not add up after repairing".to_owned()));
        }
        repaired = Some(documents);
    }
    Ok((disk, repaired))
}

#[cfg(test)]
#[path = "store/flipped_bits_test.rs"]
mod flipped_bits_test;
#[cfg(test)]
#[path = "store/journal_test.rs"]
mod journal_test;
#[cfg(test)]
#[path = "store/lists_test.rs"]
mod lists_test;
#[cfg(test)]
#[path = "store/test.rs"]
mod tests;
