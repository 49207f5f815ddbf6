//! The writer keeps the index of words up to date: between saves it enters the chunks that are not in it yet, and writes a
//! segment whenever enough of them are in memory. With nothing else to do it merges segments, step by step.

use super::super::upkeep::Rebuild;
use super::{Save, Writer};
use crate::base::id::DocId;
use crate::limits::{INDEXED_AT_ONCE, SAVE_FREE_MIN, SEGMENT_AT_END, STORE_SMALL_SPACE};
use crate::node::input::NotSaved;
use crate::platform::home::disk_free;
use crate::platform::store::is_suspect;
use crate::search::lexical::analysis::VERSION;
use crate::search::lexical::stems::Stems;
use crate::store::kv::{Kv, KvError, KvRead};
use crate::worker::retrieve::load_indexes;
use crate::worker::word_merge::{Stepped, WordMerge};
use crate::worker::words;
use futures_lite::future::{block_on, or};
use smol::channel::{Receiver, TryRecvError};
use std::sync::PoisonError;

/// What a person has to know who had the index made anew because something is wrong with the store.
const NOT_SOUND: &str = "The index of words is made anew. But the store does not add up, or a part of it could not be read, and a new index does \
                         not mend that: stop the agent and start it again, which repairs the store.";

/// Why a person gets no new index.
const NO_ROOM: &str = "The index cannot be made anew: the disk is full. What there was of it still answers.";

/// How far the index of words is.
#[derive(Debug, Default)]
pub struct WordsStep {
    /// Whether every chunk that was saved is in it.
    is_entered: bool,
    /// Whether no segments are to be merged.
    is_merged: bool,
    /// The merge that is under way.
    merge: Option<WordMerge>,
    /// Whether the store's terms are those of this version of the analysis.
    is_current: bool,
    /// The next document whose file's name is to be entered.
    next_name: Option<DocId>,
    /// Whether it failed, and is left as it is until the store is opened anew.
    failed: bool,
    /// Whether all of it is to be made anew.
    rebuild: Rebuild,
    /// The stems of the words of chunks that were entered.
    stems: Stems,
}

impl WordsStep {
    /// The steps of a start. `rebuild`: a person's order to make all of the index anew.
    #[must_use]
    pub fn new(rebuild: Rebuild) -> Self {
        Self { rebuild, ..Self::default() }
    }

    /// The steps from the beginning: the index was read anew.
    pub(super) fn anew(&self) -> Self {
        Self::new(self.rebuild.clone())
    }
}

/// What a writer that has nothing to do was woken by.
enum Woken {
    /// A save, or the end of all.
    Save(Option<Save>),
    /// A person wants the index made anew.
    Asked,
    /// What was saved is to be synced, or something is to be told.
    Due,
}

impl Writer {
    /// The next save; until there is one, chunks are entered.
    pub(super) fn next(&mut self, saves: &Receiver<Save>) -> Option<Save> {
        loop {
            if self.words.rebuild.is_asked() {
                self.begin_rebuild();
            }
            self.sync_due(false);
            self.log_unused(false);
            match saves.try_recv() {
                Ok(save) => return Some(save),
                Err(TryRecvError::Closed) => return None,
                Err(TryRecvError::Empty) if self.words_rest() => {
                    let rebuild = self.words.rebuild.clone();
                    let asked = async {
                        rebuild.asked().await;
                        Woken::Asked
                    };
                    let due = async {
                        self.until_due().await;
                        Woken::Due
                    };
                    match block_on(or(async { Woken::Save(saves.recv().await.ok()) }, or(asked, due))) {
                        Woken::Save(save) => return save,
                        Woken::Asked => self.begin_rebuild(),
                        Woken::Due => {}
                    }
                }
                Err(TryRecvError::Empty) => self.step_words(),
            }
        }
    }

    /// The index is made anew from what the store has.
    fn begin_rebuild(&mut self) {
        if disk_free(&self.home) < SAVE_FREE_MIN {
            // Words that are forgotten now could not all be entered anew.
            self.words.rebuild.ended(Some(NO_ROOM.to_owned()));
            return;
        }
        if let Err(error) = self.try_rebuild() {
            self.library.kv().note_damage(&error);
            self.words.rebuild.ended(Some(format!("The index cannot be made anew: {error}.")));
        }
    }

    fn try_rebuild(&mut self) -> Result<(), KvError> {
        if let Some(why) = &self.broken {
            return Err(KvError::Io(why.why.clone()));
        }
        self.library.forget_words()?;
        let indexes = load_indexes(self.library.kv())?;
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = indexes;
        self.words = self.words.anew();
        Ok(())
    }

    /// Tells who asked for a new index how far it is.
    fn tell_rebuild(&self) {
        if self.words.is_entered {
            let all = self.library.commit().counts.chunks;
            self.words.rebuild.goes_on(all, all);
            self.words.rebuild.ended(is_suspect(&self.home).then(|| NOT_SOUND.to_owned()));
        } else {
            let done = self.index.read().unwrap_or_else(PoisonError::into_inner).words.next().0;
            self.words.rebuild.goes_on(done, self.library.commit().next_row.0);
        }
    }

    /// Whether nothing is to be done for the index of words, or can be. Where nothing can be saved just now, chunks are entered all the same.
    fn words_rest(&self) -> bool {
        let is_broken = self.broken.as_ref().is_some_and(|why| why.lasts);
        (self.words.is_entered && self.words.is_merged) || self.words.failed || is_broken
    }

    /// Whether the index of words may be written to the store.
    fn may_write_words(&self) -> bool {
        self.broken.is_none() && disk_free(&self.home) >= SAVE_FREE_MIN
    }

    /// Something was saved.
    pub(super) const fn words_are_due(&mut self) {
        self.words.is_entered = false;
        self.words.is_merged = false;
    }

    fn step_words(&mut self) {
        if let Err(error) = self.try_step() {
            self.words.failed = true;
            self.words.rebuild.ended(Some(format!("The index cannot be made anew: {error}.")));
            self.library.kv().note_damage(&error);
            log::warn!("The index of words cannot be continued; new files are found by their meaning alone: {error}.");
        }
    }

    fn try_step(&mut self) -> Result<(), KvError> {
        if self.words.is_entered {
            return self.step_merge();
        }
        let may_write = self.may_write_words();
        if !self.words.is_current {
            // Only read: where the terms are of this version, a full disk keeps no chunk from being entered.
            self.words.is_current = words::is_current(self.library.kv())?;
        }
        if !self.words.is_current && may_write {
            self.words.is_current = self.library.renew_words(VERSION, &mut self.words.next_name)?;
            return Ok(());
        }
        if !self.words.is_current && self.is_waiting_for_room() {
            return Ok(());
        }
        let from = self.index.read().unwrap_or_else(PoisonError::into_inner).words.next();
        // Read and analysed without the lock.
        let entries = words::next(self.library.kv(), from, INDEXED_AT_ONCE, &mut self.words.stems)?;
        self.words.is_entered = entries.len() < INDEXED_AT_ONCE;
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        words::enter(&mut index.words, &entries);
        drop(index);
        self.tell_rebuild();
        // Questions are answered meanwhile; nobody but this thread changes the index.
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let full = if may_write && self.words.is_current { index.words.full(false) } else { None };
        drop(index);
        match full {
            Some(full) => self.write_segment(full),
            None => Ok(()),
        }
    }

    /// The store's terms are of another version, which takes room to replace. Meanwhile those of this one are in memory alone, as many as one
    /// segment has: whether that is so many that no more are entered.
    fn is_waiting_for_room(&mut self) -> bool {
        let why = |why: &NotSaved| format!("The index cannot be made anew: {}", why.why);
        self.words.rebuild.ended(Some(self.broken.as_ref().map_or_else(|| NO_ROOM.to_owned(), why)));
        let is_full = self.index.read().unwrap_or_else(PoisonError::into_inner).words.full(false).is_some();
        if is_full {
            (self.words.is_entered, self.words.is_merged) = (true, true);
        }
        is_full
    }

    fn write_segment(&mut self, full: crate::search::lexical::index::Full) -> Result<(), KvError> {
        let segment = words::write(&mut self.library, full)?;
        self.library.kv().sync()?;
        self.index.write().unwrap_or_else(PoisonError::into_inner).words.stored(segment);
        Ok(())
    }

    /// Writes the segment that is not full yet, so that the next start need not enter all of it anew: words of files find nothing until then.
    pub(super) fn write_last_words(&mut self) {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let full = index.words.full(true).filter(|full| {
            let chunks = full.segment.lengths.iter().filter(|length| **length > 0).count();
            chunks >= SEGMENT_AT_END && self.words.is_current && !self.words.failed
        });
        drop(index);
        let full = full.filter(|_| disk_free(&self.home) >= SAVE_FREE_MIN);
        if let Some(Err(error)) = full.map(|full| self.write_segment(full)) {
            self.library.kv().note_damage(&error);
            log::warn!(
                "The newest part of the index of words could not be written; the next start makes it anew: {error}."
            );
        }
    }

    /// A step of a merge. The index is locked for the moment in which a new segment takes its place.
    fn step_merge(&mut self) -> Result<(), KvError> {
        if !self.words.is_current || !self.may_write_words() {
            self.words.is_merged = true;
            return Ok(());
        }
        let Some(mut merge) = self.words.merge.take() else {
            let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
            let begun = WordMerge::begin(&mut self.library, &index.words)?;
            drop(index);
            if let Some(merge) = &begun {
                self.index.write().unwrap_or_else(PoisonError::into_inner).words.reserve(merge.number());
            }
            self.words.is_merged = begun.is_none() && !self.merge_tables();
            self.words.merge = begun;
            return Ok(());
        };
        match merge.step(&mut self.library)? {
            Stepped::Done => return self.library.kv().sync(),
            Stepped::More => {}
            Stepped::Committed(plan) => {
                self.index.write().unwrap_or_else(PoisonError::into_inner).words.merged(&plan);
            }
        }
        self.words.merge = Some(merge);
        self.library.kv().sync_if_full()
    }

    /// Merges tables of the store where many have gathered; whether there may be more. One that fails ends nothing: the store merges them later.
    fn merge_tables(&self) -> bool {
        // What has gathered is written once more, too.
        if disk_free(&self.home) < SAVE_FREE_MIN + 8 * STORE_SMALL_SPACE {
            return false;
        }
        self.library.kv().merge_gathered().unwrap_or_else(|error| {
            log::warn!("Tables of the store could not be merged: {error}.");
            false
        })
    }

    /// Which folders are watched, private or forgotten may have changed.
    pub(super) fn set_private_words(&self) {
        match words::audiences(self.library.kv()) {
            Ok(all) => {
                let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
                index.words.set_audiences(all);
                index.files.forget();
            }
            Err(error) => self.library.kv().note_damage(&error),
        }
    }
}
