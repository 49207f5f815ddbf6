//! The writer keeps the index of words up to date: between saves it enters the chunks that are not in it yet, and writes a
//! segment whenever enough of them are in memory.

use super::{Save, Writer};
use crate::base::id::DocId;
use crate::limits::{INDEXED_AT_ONCE, SAVE_FREE_MIN};
use crate::platform::home::disk_free;
use crate::search::lexical::analysis::VERSION;
use crate::store::kv::{Kv, KvError, KvRead};
use crate::worker::words;
use smol::channel::{Receiver, TryRecvError};
use std::sync::PoisonError;

/// How far the index of words is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WordsStep {
    /// Whether every chunk that was saved is in it.
    is_done: bool,
    /// Whether the store's terms are those of this version of the analysis.
    is_current: bool,
    /// The next document whose file's name is to be entered.
    next_name: Option<DocId>,
    /// Whether it failed, and is left as it is until the store is opened anew.
    failed: bool,
}

impl Writer {
    /// The next save; until there is one, chunks are entered.
    pub(super) fn next(&mut self, saves: &Receiver<Save>) -> Option<Save> {
        loop {
            match saves.try_recv() {
                Ok(save) => return Some(save),
                Err(TryRecvError::Closed) => return None,
                Err(TryRecvError::Empty) if self.words.is_done || self.words.failed || self.broken.is_some() => {
                    return saves.recv_blocking().ok();
                }
                Err(TryRecvError::Empty) => self.step_words(),
            }
        }
    }

    /// Something was saved.
    pub(super) const fn words_are_due(&mut self) {
        self.words.is_done = false;
    }

    fn step_words(&mut self) {
        if let Err(error) = self.try_step() {
            self.words.failed = true;
            self.library.kv().note_damage(&error);
            log::warn!("The index of words cannot be continued; new files are found by their meaning alone: {error}.");
        }
    }

    fn try_step(&mut self) -> Result<(), KvError> {
        if !self.words.is_current {
            if disk_free(&self.home) < SAVE_FREE_MIN {
                self.words.is_done = true;
                return Ok(());
            }
            self.words.is_current = self.library.renew_words(VERSION, &mut self.words.next_name)?;
            return Ok(());
        }
        let from = self.index.read().unwrap_or_else(PoisonError::into_inner).words.next();
        // Read and analysed without the lock.
        let entries = words::next(self.library.kv(), from, INDEXED_AT_ONCE)?;
        self.words.is_done = entries.len() < INDEXED_AT_ONCE;
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        words::enter(&mut index.words, &entries);
        let full = index.words.full(false).filter(|_| disk_free(&self.home) >= SAVE_FREE_MIN);
        drop(index);
        match full {
            Some(full) => self.write_segment(full),
            None => Ok(()),
        }
    }

    fn write_segment(&mut self, full: crate::search::lexical::index::Full) -> Result<(), KvError> {
        let segment = words::write(&mut self.library, full)?;
        self.library.kv().sync()?;
        self.index.write().unwrap_or_else(PoisonError::into_inner).words.stored(segment);
        Ok(())
    }

    /// Which folders are private may have changed.
    pub(super) fn set_private_words(&self) {
        match words::private_rows(self.library.kv()) {
            Ok(rows) => self.index.write().unwrap_or_else(PoisonError::into_inner).words.set_all_private(rows),
            Err(error) => self.library.kv().note_damage(&error),
        }
    }
}
