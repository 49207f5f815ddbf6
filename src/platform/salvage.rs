//! Carries over, from a store that was set aside, what the owner's files cannot give again: documents whose files are not
//! there, because their owner keeps them without, because they are gone and nobody has decided, or because their disk or folder
//! is away. Also the marks on places that are away, and the list of sources whose owners are asked.
//!
//! The old store is damaged: each record that cannot be read is passed over, and counted if it is of such a document. It is read
//! in batches, each of which is synced. A note beside it (`store_aside::note`) says that it is to be read; so an agent that ends in between
//! goes on at its next start behind what is carried over already: what of that is not in the store in use any more, its owner has
//! forgotten since. Some damage ends the process while it is read: after
//! `STORE_OPENINGS_MAX` panics, or `STORE_UNENDED_MAX` tries, that carried nothing more over it is given up.
//!
//! A document that is carried over needlessly does no harm: the next scan finds its file unchanged, or reads it again.

mod carried;
mod carry;

use super::counted;
use super::disk::{Disk, LAYOUT, Sync, journal, mend_notes, note_faults, open_whole};
use super::home::Home;
use super::store_aside::due;
use super::store_aside::note::{self, Due};
use super::unended;
use crate::base::count::{count, plural};
use crate::base::finding::{Area, Finding, quoted_bytes};
use crate::limits::STORE_UNENDED_MAX;
use crate::store::kv::KvError;
use crate::store::library::Library;
use crate::store::record::Mark;
use carried::{Carried, Stop};
use carry::carry;
use std::fs;
use std::path::Path;

/// The mark of the readings in a row that did not come to an end; see `unended`.
const SALVAGING: &str = "store-salvage";

/// What is said of a store that is made anew, until the files are read again.
pub(super) const MADE_ANEW: &str = "is made anew from your files; until they are read again, answers lack them.";

/// The owner has forgotten these places: nothing of them is carried over at a later start.
pub(super) fn forget(home: &Home, places: &[Mark]) {
    for (store, _) in due(&home.path().join(LAYOUT)) {
        if let Err(error) = note::forget(&store, places) {
            log::warn!("What is forgotten cannot be written down beside {}: {error}.", store.display());
        }
    }
}

/// Reads the stores that are to be read, and says what became of them. `folder` is where the store in use lies.
///
/// # Errors
/// Those of the store in use. What the old ones have can then be carried over at another start.
pub(super) fn run(home: &Home, folder: &Path, library: &mut Library<Disk>) -> Result<Option<Finding>, KvError> {
    note::tidy(home.path());
    let mut told: Option<Finding> = None;
    let mut are_whole = true;
    for (store, due) in due(folder) {
        // What was carried over from it before went into a newer store, and may be lost with that.
        let due = if are_whole { due } else { Due { next: None, ..due } };
        let (finding, is_whole) = one(home, library, &store, &due)?;
        are_whole &= is_whole;
        told = Some(match told {
            Some(first) => Finding { what: format!("{} {}", first.what, finding.what), ..first },
            None => finding,
        });
    }
    Ok(told)
}

/// What became of an old store.
enum Ended {
    /// All of it was read that can be.
    Read(Carried),
    /// It is read at the next start, for this reason.
    Later(String),
    /// It cannot be read; the sentence says what is known to be lost.
    Unread {
        lost: String,
        /// Whether it is known that nothing is.
        is_nothing: bool,
    },
}

/// Reads a store. Gives what is to be said, and whether all that is only there was carried over.
fn one(home: &Home, library: &mut Library<Disk>, store: &Path, due: &Due) -> Result<(Finding, bool), KvError> {
    let mark = home.path().join(SALVAGING);
    let given_up = due.tries >= STORE_UNENDED_MAX || unended::ended(&mark).is_some();
    unended::begin(&mark);
    let mut left = due.clone();
    // On a full disk the try is not counted.
    let _ = if given_up { Ok(()) } else { note::write(store, &Due { tries: due.tries + 1, ..left.clone() }) };
    log::info!("Documents whose files are not there are carried over from the damaged store {}.", store.display());
    let opened = || {
        mend_notes(&note_faults(store)?)?;
        journal::mend(&journal::damaged(store)?)?;
        journal::put_back(store)?;
        open_whole(store, Sync::Buffer)
    };
    let old = if given_up { Err(KvError::Damaged(String::new())) } else { opened() };
    let ended = match old {
        Ok(old) => match carry(home, library, &old, due, |next| {
            (left.tries, left.next) = (0, Some(next));
            unended::end(&mark);
            unended::begin(&mark);
            note::write(store, &left)
        }) {
            Ok(carried) => Ended::Read(carried),
            Err(Stop::Later(why)) => Ended::Later(why),
            Err(Stop::Failed(error)) => return Err(error),
        },
        Err(KvError::Io(why)) => Ended::Later(format!("it cannot be opened just now ({why})")),
        Err(KvError::Damaged(_)) => {
            Ended::Unread { lost: counted::lost_with_store(home), is_nothing: counted::is_nothing_lost(home) }
        }
    };
    unended::end(&mark);
    if let Ended::Read(carried) = &ended {
        counted::note_lost(home, &carried.left);
    }
    let noted = match &ended {
        // This try did not end the process.
        Ended::Later(_) => note::write(store, &left),
        ended if ended.is_only_copy() => note::keep(store),
        _ => note::remove(store),
    };
    if let Err(error) = noted {
        log::warn!("What was carried over from {} cannot be written down: {error}.", store.display());
    }
    Ok((told(store, &due.what, &ended), matches!(&ended, Ended::Read(carried) if carried.left_count() == 0)))
}

impl Ended {
    /// Whether documents are in no other store.
    fn is_only_copy(&self) -> bool {
        match self {
            Self::Read(carried) => carried.left_count() > 0,
            Self::Later(_) => true,
            Self::Unread { is_nothing, .. } => !is_nothing,
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Read(carried) if carried.count + carried.left_count() == 0 => String::new(),
            Self::Read(carried) => {
                let many = count(carried.count, "document");
                let files = plural(carried.count, "file is not there was", "files are not there were");
                let left = match carried.left_count() {
                    0 => String::new(),
                    left => format!(
                        "; {}{left} could not be, or only in part",
                        if carried.is_cut { "at least " } else { "" }
                    ),
                };
                format!(" {many} whose {files} carried over from it{left}.")
            }
            Self::Later(why) => {
                format!(" Documents whose files are not there are carried over from it at the next start: {why}.")
            }
            Self::Unread { lost, is_nothing } => {
                let unknown = if lost.is_empty() && !is_nothing {
                    " Whether it had documents whose files are not there is not known."
                } else {
                    ""
                };
                format!(" It cannot be read, so that nothing was carried over from it.{lost}{unknown}")
            }
        }
    }
}

fn told(store: &Path, what: &str, ended: &Ended) -> Finding {
    let name = store.display().to_string();
    let (kept, command) = match ended {
        Ended::Later(_) => (String::new(), None),
        Ended::Unread { lost, is_nothing: false } if lost.is_empty() => (
            " and may be the only copy of such: it stays there, while of others the newest two are kept".to_owned(),
            None,
        ),
        ended if ended.is_only_copy() => {
            (" and is the only copy of these: it stays there, while of others the newest two are kept".to_owned(), None)
        }
        // Something else than a store may have had its place.
        _ if fs::symlink_metadata(store).is_err() => (String::new(), None),
        _ => (
            " and can be deleted".to_owned(),
            Some(format!("rm -r {}", quoted_bytes(store.as_os_str().as_encoded_bytes()))),
        ),
    };
    let what = format!(
        "The store was damaged ({what}) and {MADE_ANEW}{} The old \
         one was kept as {name}{kept}. The disk or card may be failing: make a backup.",
        ended.sentence()
    );
    Finding { area: Area::State, what, command }
}

/// The finding of a store from which so many documents were carried over, and so many were not.
#[cfg(test)]
pub(crate) fn of_carried(count: u64, unplaced: u64) -> Finding {
    let store = tempfile::tempdir().unwrap();
    let carried = Carried { count, unplaced, ..Carried::default() };
    told(store.path(), "a checksum is wrong", &Ended::Read(carried))
}

#[cfg(test)]
mod test;
