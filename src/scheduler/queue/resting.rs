//! Documents whose tasks failed and that rest before they are tried again here. Meanwhile others may have them.

use super::{Queue, STAGES, kind_of};
use crate::base::id::DocId;
use crate::base::time::Instant;
use crate::store::counts::Kind;
use crate::store::keys::Stage;
use std::collections::btree_map::Entry;

impl Queue {
    /// The document's task failed: it is tried again at this time, after the others.
    pub fn rest(&mut self, doc: DocId, kind: Kind, until: Instant) {
        self.release(doc);
        let Some(stage) = STAGES.into_iter().find(|stage| kind_of(*stage) == kind) else { return };
        self.windows.iter_mut().for_each(|window| window.documents.retain(|listed| *listed != doc));
        self.resting.insert(doc, (stage, until));
    }

    /// The documents whose rest is over are to be done.
    pub fn wake(&mut self, now: Instant) {
        let over: Vec<DocId> =
            self.resting.iter().filter(|(_, (_, until))| *until <= now).map(|(doc, _)| *doc).collect();
        over.into_iter().for_each(|doc| self.end_rest(doc));
    }

    /// The document is to be done, if it rests.
    pub fn end_rest(&mut self, doc: DocId) {
        let Some((stage, _)) = self.resting.remove(&doc) else { return };
        let window = &mut self.windows[stage as usize];
        if !window.documents.iter().any(|listed| *listed == doc) && window.documents.push_back(doc).is_err() {
            // The store's todo list has it.
            window.exhausted = false;
        }
    }

    /// The document is another one now, or gone.
    pub fn forget_rest(&mut self, doc: DocId) {
        self.resting.remove(&doc);
    }

    /// When the next rest is over.
    #[must_use]
    pub fn rests_until(&self) -> Option<Instant> {
        self.resting.values().map(|(_, until)| *until).min()
    }

    /// Whether a document rests.
    #[must_use]
    pub fn rests(&self, doc: DocId) -> bool {
        self.resting.contains_key(&doc)
    }

    /// How many rest: for them nothing can be done here just now.
    #[must_use]
    pub fn resting(&self) -> u64 {
        self.resting.len() as u64
    }

    /// How many rest before this stage, whoever has them meanwhile.
    #[must_use]
    pub fn resting_before(&self, stage: Stage) -> u64 {
        self.resting.values().filter(|(of, _)| *of == stage).count() as u64
    }

    /// Whether the document rests before it is embedded, and nobody has it.
    #[must_use]
    pub fn is_lendable(&self, doc: DocId) -> bool {
        self.resting.get(&doc).is_some_and(|(stage, _)| *stage == Stage::Embed) && !self.busy.contains_key(&doc)
    }

    /// Takes a document that rests, for others; gives whether it may be lent.
    pub fn lend_resting(&mut self, doc: DocId) -> bool {
        let is_lendable = self.is_lendable(doc);
        if is_lendable && let Entry::Vacant(entry) = self.busy.entry(doc) {
            entry.insert(Stage::Embed);
        }
        is_lendable
    }

    /// How many documents of a stage rest that nobody has.
    pub(super) fn resting_in(&self, stage: Stage) -> usize {
        let rests = |(doc, (of, _)): &(&DocId, &(Stage, Instant))| *of == stage && !self.busy.contains_key(doc);
        self.resting.iter().filter(rests).count()
    }
}
