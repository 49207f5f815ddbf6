//! The only thread that writes the store. All saves that arrived during a sync share the next one (group commit). Those that can be made
//! again from the owner's files (`Change::is_made_again`) wait up to `SYNC_TOGETHER_MS` for one: in the system's hands, where only a power
//! cut takes them. Whatever else is saved syncs them too.
//!
//! After a save that failed, every later one is refused until one that mends succeeds: for that the store is opened anew if it
//! has to be, and the vector index is made from it, because nobody knows what of the failed saves is on the disk. A panic of
//! the writer, and a disk that does not confirm what was written, last until the next start.

use crate::base::id::{DocId, ModelMark, Row, SaveId};
use crate::base::time::Instant;
use crate::base::vector::Sketch;
use crate::limits::{LIST_BYTES_MAX, LIST_FREE_MIN, SAVE_FREE_MIN, SAVES_MAX};
use crate::node::input::{Input, NotSaved, Saved};
use crate::platform::counted;
use crate::platform::disk::Disk;
use crate::platform::home::{Home, HomeFile, disk_free};
use crate::platform::panics::guard;
use crate::platform::store;
use crate::search::indexes::Indexes;
use crate::store::change::{Applied, Change};
use crate::store::kv::{KvError, KvRead};
use crate::store::library::Library;
use crate::store::record::{Mark, MarkKind, Record};
use crate::worker::retrieve::{follow_files, load_indexes};
use crate::worker::words;
use smol::channel::{Receiver, Sender};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

mod sync_step;
mod unused_files;
mod words_step;

pub use unused_files::UnusedFiles;
pub use words_step::WordsStep;

/// New documents, and the part of all of them, after which they are counted once more: a count reads the list of all
/// paths, so that it is done as often as the logarithm of their number grows.
const COUNT_DRIFT: u64 = 8;

/// One batch of changes of the node.
#[derive(Debug)]
pub struct Save {
    /// Its number.
    pub id: SaveId,
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// Whether the store is to be made writable again first.
    pub mends: bool,
}

/// What the writer owns.
pub struct Writer {
    /// The store.
    pub library: Library<Disk>,
    /// The indexes that questions are looked up in.
    pub index: Arc<RwLock<Indexes>>,
    /// How far the index of words is.
    pub words: WordsStep,
    /// The agent's home.
    pub home: PathBuf,
    /// To the driver.
    pub inputs: Sender<Input>,
    /// Why nothing can be written just now.
    pub broken: Option<NotSaved>,
    /// Since when something waits to be synced with what comes next.
    pub unsynced: Option<Instant>,
    /// What the log said of files that are not used.
    pub unused: UnusedFiles,
}

impl Writer {
    /// Saves until the driver drops the queue; then flushes the memory tables, so that the next start is quick.
    pub fn run(mut self, saves: &Receiver<Save>) {
        let (mut waiting, mut noted) = (None, self.library.commit().counts.total());
        while let Some(first) = waiting.take().or_else(|| self.next(saves)) {
            let mut group = vec![first];
            while group.len() < SAVES_MAX
                && let Ok(next) = saves.try_recv()
            {
                if next.mends {
                    // What came before it fails, if anything has.
                    waiting = Some(next);
                    break;
                }
                group.push(next);
            }
            let changes = || group.iter().flat_map(|save| &save.changes);
            let places = changes().any(|change| matches!(change, Change::Sources(_) | Change::Marks(_)));
            let kept = changes()
                .filter_map(|change| if let Change::Kept { found, .. } = change { Some(found.doc) } else { None });
            let kept: Vec<DocId> = kept.collect();
            let forgotten: Vec<Mark> = changes().flat_map(forgotten).cloned().collect();
            let ids: Vec<SaveId> = group.iter().map(|save| save.id).collect();
            let results = match self.save_guarded(group) {
                Ok(results) => results.into_iter().map(Ok).collect(),
                Err(why) => {
                    // The scheduler learns first whether that was for lack of room.
                    let _ = self.inputs.send_blocking(Input::Disk { free: disk_free(&self.home) });
                    vec![Err(why); ids.len()]
                }
            };
            // Before it is acknowledged: from then on no question of another device finds a word of what is private now, and nothing of what is
            // forgotten takes the place of what answers.
            if self.broken.is_none() && places {
                self.set_private_words();
            }
            for (id, result) in ids.into_iter().zip(results) {
                if self.inputs.send_blocking(Input::Saved(id, result)).is_err() {
                    return;
                }
            }
            if self.broken.is_none() && !forgotten.is_empty() {
                store::forget(&Home::at(&self.home), &forgotten);
            }
            let total = self.library.commit().counts.total();
            self.sync_due(false);
            if self.broken.is_none() && !kept.is_empty() {
                self.noted(|home, kv| counted::add_kept(home, kv, &kept));
            }
            if self.broken.is_none() && (places || total.abs_diff(noted) > COUNT_DRIFT + noted / COUNT_DRIFT) {
                noted = total;
                // What is counted must not be lost behind it.
                self.sync_due(true);
                self.noted(counted::recount);
            }
        }
        self.log_unused(true);
        self.sync_due(true);
        if self.broken.as_ref().is_some_and(|why| why.lasts) {
            return;
        }
        // Also of a store that was deleted under the agent: its open files can be read, and nobody else knows what it had.
        self.noted(counted::recount);
        if self.broken.is_some() {
            return;
        }
        self.write_last_words();
        if let Err(error) = self.library.kv().rotate() {
            log::warn!("The store's memory could not be written out; the next start replays it instead: {error}.");
        }
    }

    /// Writes down how many documents each folder has, outside the store.
    fn noted(&self, note: impl FnOnce(&Home, &Disk) -> Result<(), KvError>) {
        let noted = guard(|| note(&Home::at(&self.home), self.library.kv()));
        if let Err(why) = noted.and_then(|noted| noted.map_err(|error| error.to_string())) {
            log::warn!("The documents of each folder cannot be counted: {why}.");
        }
    }

    /// Saves a group, unless an earlier one failed. A panic counts as a failure.
    fn save_guarded(&mut self, group: Vec<Save>) -> Result<Vec<Saved>, NotSaved> {
        let mends = group.first().is_some_and(|save| save.mends);
        if let Some(why) = self.broken.clone().filter(|why| !mends || why.lasts) {
            return Err(why);
        }
        let needed = room_for(&group);
        let saved = guard(|| {
            if mends {
                self.mend(needed)?;
            }
            self.save(group, needed)
        });
        let saved = saved.unwrap_or_else(|why| {
            let why = format!(
                "Nothing can be saved any more, because a defect of the program stopped the writer ({why}). Start the agent \
                 again."
            );
            Err(NotSaved { why, lasts: true })
        });
        self.broken = saved.as_ref().err().cloned();
        if self.broken.as_ref().is_some_and(|why| why.lasts) {
            store::mark_suspect(&self.home);
        }
        saved
    }

    /// Makes the store writable again, and the index as the store is.
    fn mend(&mut self, needed: u64) -> Result<(), NotSaved> {
        self.look_at_disk(needed)?;
        self.library = store::reopen(self.library.kv()).map_err(|error| self.not_written(&error))?;
        let index = load_indexes(self.library.kv()).map_err(|error| self.not_used(&error))?;
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = index;
        self.words = self.words.anew();
        Ok(())
    }

    /// Whether the disk has the room that a save needs, and still has the store, undamaged. A save that is refused here has written nothing.
    fn look_at_disk(&self, needed: u64) -> Result<(), NotSaved> {
        if let Some(what) = self.library.kv().damage() {
            return Err(NotSaved { why: store::damage_sentence(what), lasts: true });
        }
        if let Some(place) = self.library.kv().place() {
            place.look().map_err(NotSaved::for_now)?;
        }
        // How much is free is told by the scheduler alone, which measures it anew: a second figure, of this moment, would contradict it.
        if disk_free(&self.home) < needed {
            let (home, needed) = (self.home.display(), needed >> 20);
            return Err(NotSaved::for_now(format!(
                "The disk is full: less than {needed} MiB are free where the agent's home {home} is, and a save needs as much. Make room."
            )));
        }
        Ok(())
    }

    /// The store that is open failed.
    fn not_used(&self, error: &KvError) -> NotSaved {
        self.library.kv().note_damage(error);
        self.not_written(error)
    }

    fn not_written(&self, error: &KvError) -> NotSaved {
        if let Some(what) = self.library.kv().damage() {
            return NotSaved { why: store::damage_sentence(what), lasts: true };
        }
        if self.library.kv().is_unconfirmed() {
            let why = format!(
                "The disk did not confirm that what was written is on it ({error}), and what it says of it from now on cannot \
                 be relied on, so nothing is saved before the next start. Look for errors of the disk, then start the agent again."
            );
            return NotSaved { why, lasts: true };
        }
        NotSaved::for_now(format!("The store on the disk cannot be written: {error}."))
    }

    fn save(&mut self, group: Vec<Save>, needed: u64) -> Result<Vec<Saved>, NotSaved> {
        self.look_at_disk(needed)?;
        // What mends shows that the disk works again.
        let waits = group.iter().all(|save| !save.mends && save.changes.iter().all(Change::is_made_again));
        let mut results: Vec<Saved> = Vec::with_capacity(group.len());
        for Save { changes, .. } in group {
            for change in &changes {
                if let Change::Sources(sources) = change {
                    Home::at(&self.home).write(HomeFile::Sources, &sources.encode()).map_err(|error| {
                        NotSaved::for_now(format!("The list of watched folders cannot be written: {error}."))
                    })?;
                }
            }
            let applied = self.library.apply_all(&changes).map_err(|error| self.not_used(&error))?;
            changes.iter().for_each(|change| self.log_refusal(change));
            let commit = self.library.commit();
            results.push(Saved { applied, counts: commit.counts, number: commit.number, disk_free: 0 });
        }
        self.sync_or_wait(waits).map_err(|error| self.not_written(&error))?;
        self.words_are_due();
        self.update_index(results.iter().flat_map(|saved| &saved.applied));
        let free = disk_free(&self.home);
        results.iter_mut().for_each(|saved| saved.disk_free = free);
        Ok(results)
    }

    fn update_index<'a>(&self, applied: impl Iterator<Item = &'a Applied>) {
        let touches = |applied: &&Applied| {
            let rows = [applied.added.len(), applied.removed.len(), applied.unmade.len(), applied.documents.len()];
            applied.returned || rows.iter().any(|count| *count > 0)
        };
        let changed: Vec<&Applied> = applied.filter(touches).collect();
        if changed.is_empty() {
            return;
        }
        // Whatever has to be read or looked for is, before a question has to wait: nobody else changes the index.
        let words: Vec<_> = changed.iter().map(|applied| words::following(self.library.kv(), applied)).collect();
        let (mut go, mut come): (BTreeSet<Row>, BTreeMap<Row, (ModelMark, Sketch)>) =
            (BTreeSet::new(), BTreeMap::new());
        for applied in &changed {
            for row in applied.removed.iter().chain(&applied.unmade) {
                go.insert(*row);
                come.remove(row);
            }
            come.extend(applied.added.iter().map(|(row, model, sketch)| (*row, (*model, *sketch))));
        }
        let vectors = self.index.read().unwrap_or_else(PoisonError::into_inner).vectors.find(&go, come);
        // Held for as many steps as rows change.
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        index.vectors.apply(vectors);
        words.into_iter().for_each(|words| words.apply(&mut index.words));
        for applied in changed {
            follow_files(self.library.kv(), &mut index.files, applied);
        }
    }
}

/// The marks on what is to be forgotten.
fn forgotten(change: &Change) -> impl Iterator<Item = &Mark> {
    let marks = if let Change::Marks(marks) = change { &marks.0[..] } else { &[] };
    marks.iter().filter(|mark| mark.kind == MarkKind::Forgotten)
}

/// Bytes that must be free for these saves: little for a short list of places alone, as when a collection is made private.
fn room_for(group: &[Save]) -> u64 {
    let bytes = |change: &Change| match change {
        Change::Sources(sources) => sources.encode().len(),
        Change::Marks(marks) => marks.encode().len(),
        _ => usize::MAX,
    };
    let bytes = group.iter().flat_map(|save| &save.changes).map(bytes).fold(0, usize::saturating_add);
    if bytes <= LIST_BYTES_MAX { LIST_FREE_MIN } else { SAVE_FREE_MIN }
}

#[cfg(test)]
#[path = "writer/test.rs"]
mod tests;
