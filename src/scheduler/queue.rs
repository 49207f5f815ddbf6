//! Unfinished documents: which one is next. A window onto the store's todo list, never the whole of it.

use super::task::Task;
use crate::base::id::DocId;
use crate::limits::TODO_MAX;
use crate::store::change::{Kind, Ledger};
use crate::store::keys::Stage;
use heapless::Deque;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Documents by what they stage for, and those that somebody works on.
#[derive(Debug, Default)]
pub struct Queue {
    windows: [Window; Stage::ALL.len()],
    /// With a task or on the way to the disk.
    held: BTreeMap<DocId, Stage>,
}

#[derive(Debug, Default)]
struct Window {
    known: Deque<DocId, TODO_MAX>,
    refilling: bool,
    /// The last refill brought nothing new; stage for a save before the next.
    dry: bool,
}

/// The ledger's word for those that stage for `stage`.
const fn kind_of(stage: Stage) -> Kind {
    match stage {
        Stage::Read => Kind::Waiting,
        Stage::Embed => Kind::Chunked,
        Stage::Purge => Kind::Leaving,
    }
}

impl Queue {
    /// A document's state became known: it joins the window if there is room, else the store will name it.
    pub fn learn(&mut self, doc: DocId, kind: Kind) {
        let Some(stage) = Stage::ALL.into_iter().find(|stage| kind_of(*stage) == kind) else { return };
        let window = &mut self.windows[stage as usize];
        if !window.known.iter().any(|known| *known == doc) {
            // Full is fine: the store lists it too.
            let _ = window.known.push_back(doc);
        }
    }

    /// Something was saved: what was dry may not be so any more.
    pub fn saved(&mut self) {
        self.windows.iter_mut().for_each(|window| window.dry = false);
    }

    /// The document is free again.
    pub fn release(&mut self, doc: DocId) {
        self.held.remove(&doc);
    }

    /// The document is free again and still waits for the same.
    pub fn retry(&mut self, doc: DocId, kind: Kind) {
        self.release(doc);
        self.learn(doc, kind);
    }

    /// The store's answer to a refill.
    pub fn refilled(&mut self, stage: Stage, docs: &[DocId]) {
        let before = self.windows[stage as usize].known.len();
        for doc in docs.iter().filter(|doc| !self.held.contains_key(doc)).copied().collect::<Vec<_>>() {
            self.learn(doc, kind_of(stage));
        }
        let window = &mut self.windows[stage as usize];
        window.refilling = false;
        window.dry = window.known.len() == before;
    }

    /// The next task. Reading comes before embedding, so that a person sees early what there is; purging
    /// comes last, if it `may_purge` at all, when nothing that waits could reuse a vector. Embedding takes so many
    /// `chunks` at once; `None`: it waits.
    pub fn next(&mut self, ledger: &Ledger, may_purge: bool, chunks: Option<usize>) -> Option<Task> {
        for stage in Stage::ALL {
            if stage == Stage::Embed && chunks.is_none() {
                continue;
            }
            if stage == Stage::Purge && (!may_purge || ledger.unfinished() > 0) {
                return None;
            }
            if let Some(task) = self.next_of(stage, ledger, chunks.unwrap_or(1)) {
                return Some(task);
            }
        }
        None
    }

    fn next_of(&mut self, stage: Stage, ledger: &Ledger, chunks: usize) -> Option<Task> {
        let window = &mut self.windows[stage as usize];
        while stage != Stage::Purge
            && let Some(doc) = window.known.pop_front()
        {
            let Entry::Vacant(place) = self.held.entry(doc) else { continue };
            place.insert(stage);
            return Some(if stage == Stage::Read { Task::Read { doc } } else { Task::Embed { doc, chunks } });
        }
        let in_hand = self.held.values().filter(|held| **held == stage).count();
        if window.refilling || window.dry || ledger.count(kind_of(stage)) <= in_hand as u64 {
            return None;
        }
        window.refilling = true;
        Some(Task::Refill { stage, max: TODO_MAX / 2 + self.held.len() })
    }

    /// Tombstoned documents that a refill named, all at once; they are the caller's to purge.
    pub fn take_tombstoned(&mut self) -> Vec<DocId> {
        let window = &mut self.windows[Stage::Purge as usize];
        let mut taken = Vec::new();
        while let Some(doc) = window.known.pop_front() {
            if let Entry::Vacant(place) = self.held.entry(doc) {
                place.insert(Stage::Purge);
                taken.push(doc);
            }
        }
        taken
    }

    /// A refill failed; it is asked for again at once if it is to be tried `again`, else after the next save.
    pub fn refill_failed(&mut self, stage: Stage, again: bool) {
        let window = &mut self.windows[stage as usize];
        window.refilling = false;
        window.dry = !again;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(waiting: u64, chunked: u64, leaving: u64) -> Ledger {
        let mut ledger = Ledger::default();
        (0..waiting).for_each(|_| ledger.enter(Kind::Waiting));
        (0..chunked).for_each(|_| ledger.enter(Kind::Chunked));
        (0..leaving).for_each(|_| ledger.enter(Kind::Leaving));
        ledger
    }

    #[test]
    fn a_document_is_given_out_once_until_it_is_released() {
        let mut queue = Queue::default();
        queue.learn(DocId(1), Kind::Waiting);
        queue.learn(DocId(1), Kind::Waiting);
        let ledger = ledger(1, 0, 0);
        assert_eq!(queue.next(&ledger, true, Some(4)), Some(Task::Read { doc: DocId(1) }));
        assert_eq!(queue.next(&ledger, true, Some(4)), None, "the only one that waits is in hand");
        queue.learn(DocId(1), Kind::Waiting);
        assert_eq!(queue.next(&ledger, true, Some(4)), None);
        queue.release(DocId(1));
        queue.learn(DocId(1), Kind::Waiting);
        assert_eq!(queue.next(&ledger, true, Some(4)), Some(Task::Read { doc: DocId(1) }));
    }

    #[test]
    fn reading_comes_before_embedding_and_purging_comes_last() {
        let mut queue = Queue::default();
        queue.learn(DocId(1), Kind::Chunked);
        queue.learn(DocId(2), Kind::Waiting);
        queue.learn(DocId(3), Kind::Leaving);
        let busy = ledger(1, 1, 1);
        assert_eq!(queue.next(&busy, true, Some(4)), Some(Task::Read { doc: DocId(2) }));
        assert_eq!(queue.next(&busy, true, Some(4)), Some(Task::Embed { doc: DocId(1), chunks: 4 }));
        assert_eq!(queue.next(&busy, true, Some(4)), None);
        let idle = ledger(0, 0, 1);
        assert_eq!(queue.next(&idle, false, Some(4)), None);
        assert!(matches!(queue.next(&idle, true, Some(4)), Some(Task::Refill { stage: Stage::Purge, .. })));
    }

    #[test]
    fn while_embedding_waits_reading_goes_on_and_nothing_is_purged_that_could_be_reused() {
        let mut queue = Queue::default();
        queue.learn(DocId(1), Kind::Chunked);
        queue.learn(DocId(2), Kind::Waiting);
        queue.learn(DocId(3), Kind::Leaving);
        let busy = ledger(1, 1, 1);
        assert_eq!(queue.next(&busy, true, None), Some(Task::Read { doc: DocId(2) }));
        assert_eq!(queue.next(&busy, true, None), None);
        assert_eq!(queue.next(&busy, true, Some(1)), Some(Task::Embed { doc: DocId(1), chunks: 1 }));
    }

    #[test]
    fn what_the_window_does_not_know_is_asked_of_the_store_once() {
        let mut queue = Queue::default();
        let ledger = ledger(500, 0, 0);
        assert!(matches!(queue.next(&ledger, true, Some(4)), Some(Task::Refill { stage: Stage::Read, .. })));
        assert_eq!(queue.next(&ledger, true, Some(4)), None, "one refill at a time");
        queue.refilled(Stage::Read, &[]);
        assert_eq!(queue.next(&ledger, true, Some(4)), None, "a dry well is not asked again before something is saved");
        queue.saved();
        assert!(queue.next(&ledger, true, Some(4)).is_some());
    }
}
