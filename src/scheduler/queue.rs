//! Unfinished documents: which one is next. Holds the first documents of each stage; the store's todo list has them
//! all.

use super::task::Task;
use crate::base::id::DocId;
use crate::base::time::Instant;
use crate::limits::{ABSENT_MAX, TODO_MAX};
use crate::store::counts::{Kind, StoreCounts};
use crate::store::keys::Stage;
use heapless::Deque;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

mod aside;
mod lending;
mod resting;
mod round;
mod set_aside;

use aside::Aside;
use lending::Lending;

/// Why a document cannot be used whose file is not there, once no more of those can wait.
pub const NOT_THERE: &str = "It is not there just now.";

/// The stages that have a window, most urgent first.
const STAGES: [Stage; 2] = [Stage::Read, Stage::Embed];

/// Documents by their next stage, and those that a task or a save has.
#[derive(Debug, Default)]
pub struct Queue {
    windows: [Window; STAGES.len()],
    /// In a task or a save, at this stage.
    busy: BTreeMap<DocId, Stage>,
    /// To be read, and their files are not there: they wait until a scan finds them. At most `ABSENT_MAX`.
    absent: BTreeSet<DocId>,
    /// Those whose tasks failed, with their stage and when they are tried again. At most `FAILING_MAX`.
    resting: BTreeMap<DocId, (Stage, Instant)>,
    /// Those that wait for the parser of another one.
    aside: Aside,
    /// Those that others may embed.
    lending: Lending,
}

/// The first documents of a stage.
#[derive(Debug, Default)]
struct Window {
    documents: Deque<DocId, TODO_MAX>,
    refilling: bool,
    /// The last document of the last refill, where the next one goes on: what was listed before it is done or under way,
    /// and to step over its deleted entries once more would cost the square of the number of documents.
    last: Option<DocId>,
    /// Whether a refill since the last one from the beginning brought anything.
    found: bool,
    /// All refills from the beginning to the end brought nothing new: no other starts before something is saved.
    exhausted: bool,
}

/// The state of the documents whose next stage this is.
const fn kind_of(stage: Stage) -> Kind {
    match stage {
        Stage::Read => Kind::Waiting,
        Stage::Embed => Kind::Chunked,
        // Documents in this stage have no window.
        Stage::Purge => Kind::Tombstoned,
    }
}

impl Queue {
    /// Adds a document that is now in this state. If the window is full, a refill finds it later. One that is older than
    /// those in the window goes first: its file has changed, and its old text answers until it is read.
    pub fn push(&mut self, doc: DocId, kind: Kind) {
        self.absent.remove(&doc);
        let stage = STAGES.into_iter().find(|stage| kind_of(*stage) == kind);
        if self.resting.get(&doc).is_some_and(|(at, _)| Some(*at) != stage) {
            self.resting.remove(&doc);
        }
        self.note_for_others(doc, stage);
        if stage != Some(Stage::Read) {
            self.aside.forget(doc);
        }
        let Some(stage) = stage.filter(|_| !self.rests(doc) && !self.aside.has(doc)) else { return };
        let window = &mut self.windows[stage as usize];
        if !window.documents.iter().any(|listed| *listed == doc) {
            if window.documents.front().is_some_and(|first| doc < *first) {
                if window.documents.is_full() {
                    window.documents.pop_back();
                }
                let _ = window.documents.push_front(doc);
            } else {
                // A full window loses nothing: the store's todo list has the document too.
                let _ = window.documents.push_back(doc);
            }
        }
    }

    /// The waiting document's file is not there: no task takes it before it is pushed again.
    pub fn set_absent(&mut self, doc: DocId) {
        self.absent.insert(doc);
        self.windows[Stage::Read as usize].documents.retain(|listed| *listed != doc);
    }

    /// How many documents wait for files that are not there.
    #[must_use]
    pub fn absent(&self) -> u64 {
        self.absent.len() as u64
    }

    /// Whether no more such documents fit.
    #[must_use]
    pub fn is_full_of_absent(&self) -> bool {
        self.absent.len() >= ABSENT_MAX
    }

    /// Something was saved: refills may bring new documents again.
    pub fn saved(&mut self) {
        self.windows.iter_mut().for_each(|window| window.exhausted = false);
    }

    /// The document's task and save are over.
    pub fn release(&mut self, doc: DocId) {
        self.busy.remove(&doc);
    }

    /// Results of other devices for the document wait since before this start.
    pub fn hold(&mut self, doc: DocId) {
        self.busy.insert(doc, Stage::Embed);
    }

    /// Whether this device embeds any document itself just now; `lent` tells those that are lent.
    pub fn embeds_here(&self, lent: impl Fn(DocId) -> bool) -> bool {
        self.busy.iter().any(|(doc, stage)| *stage == Stage::Embed && !lent(*doc))
    }

    /// Nothing of the document is lent any more, and it still lacks vectors.
    pub fn give_back(&mut self, doc: DocId) {
        self.release(doc);
        let rests = self.rests(doc);
        let documents = &mut self.windows[Stage::Embed as usize].documents;
        if !rests && !documents.iter().any(|listed| *listed == doc) {
            let _ = documents.push_front(doc);
        }
    }

    /// The same of a document that is to be lent before others.
    pub fn give_back_last(&mut self, doc: DocId) {
        self.release(doc);
        let rests = self.rests(doc);
        let documents = &mut self.windows[Stage::Embed as usize].documents;
        if !rests && !documents.iter().any(|listed| *listed == doc) {
            let _ = documents.push_back(doc);
        }
    }

    /// The same of a document that this round tries once more.
    pub fn lend_again(&mut self, doc: DocId) {
        self.give_back_last(doc);
        self.lending.again(doc);
    }

    /// A refill of at most `max` documents after this one found these.
    pub fn refilled(&mut self, stage: Stage, after: Option<DocId>, max: usize, docs: &[DocId]) {
        let is_held = |doc: &DocId| self.busy.contains_key(doc) || self.absent.contains(doc) || self.aside.has(*doc);
        let is_new = |doc: &DocId| !is_held(doc) && !self.rests(*doc);
        let new: Vec<DocId> = docs.iter().copied().filter(is_new).collect();
        new.iter().for_each(|doc| self.push(*doc, kind_of(stage)));
        let window = &mut self.windows[stage as usize];
        window.refilling = false;
        // Behind the last document, the next refill begins anew: documents with lower numbers may have changed.
        window.last = docs.last().copied().filter(|_| docs.len() == max);
        window.found = !new.is_empty() || (window.found && after.is_some());
        // A page of documents that are busy, or whose files are not there, is not the end of the list. And behind one that brought
        // something, documents with lower numbers may wait by now.
        window.exhausted = window.last.is_none() && !window.found;
    }

    /// The next task. Reading comes before embedding, so that the counts are complete early. An embedding task has this
    /// many `chunks`; with `None` there is none.
    pub fn next(&mut self, counts: &StoreCounts, chunks: Option<usize>) -> Option<Task> {
        for stage in STAGES {
            if stage == Stage::Embed && chunks.is_none() {
                continue;
            }
            if let Some(task) = self.next_of(stage, counts, chunks.unwrap_or(1)) {
                return Some(task);
            }
        }
        None
    }

    fn next_of(&mut self, stage: Stage, counts: &StoreCounts, chunks: usize) -> Option<Task> {
        if stage == Stage::Read && self.aside.is_full() {
            return None;
        }
        let window = &mut self.windows[stage as usize];
        while let Some(doc) = window.documents.pop_front() {
            let Entry::Vacant(entry) = self.busy.entry(doc) else { continue };
            entry.insert(stage);
            return Some(if stage == Stage::Read { Task::Read { doc } } else { Task::Embed { doc, chunks } });
        }
        self.refill(stage, counts)
    }

    /// A refill of this stage, if the store has documents of it that are not here.
    fn refill(&mut self, stage: Stage, counts: &StoreCounts) -> Option<Task> {
        if !self.lacks(stage, counts) {
            return None;
        }
        let window = &mut self.windows[stage as usize];
        window.refilling = true;
        Some(Task::Refill { stage, after: window.last, max: TODO_MAX / 2 + self.busy.len(), to_lend: false })
    }

    /// Whether the store has documents of this stage that are not here, and no refill brings them yet.
    fn lacks(&self, stage: Stage, counts: &StoreCounts) -> bool {
        let window = &self.windows[stage as usize];
        let busy = self.busy.values().filter(|other| **other == stage).count();
        let absent = if stage == Stage::Read { self.absent.len() + self.aside.len() } else { 0 };
        let held = busy + absent + self.resting_in(stage);
        !window.refilling && !window.exhausted && counts.count(kind_of(stage)) > held as u64
    }

    /// A refill failed. Another may start at once with `retry`, else after the next save.
    pub fn refill_failed(&mut self, stage: Stage, retry: bool) {
        let window = &mut self.windows[stage as usize];
        window.refilling = false;
        window.last = None;
        window.exhausted = !retry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = TODO_MAX / 2;

    fn counts(waiting: u64, chunked: u64) -> StoreCounts {
        let mut counts = StoreCounts::default();
        (0..waiting).for_each(|_| counts.enter(Kind::Waiting));
        (0..chunked).for_each(|_| counts.enter(Kind::Chunked));
        counts
    }

    #[test]
    fn a_document_has_one_task_until_it_is_released() {
        let mut queue = Queue::default();
        queue.push(DocId(1), Kind::Waiting);
        queue.push(DocId(1), Kind::Waiting);
        let counts = counts(1, 0);
        assert_eq!(queue.next(&counts, Some(4)), Some(Task::Read { doc: DocId(1) }));
        queue.push(DocId(1), Kind::Waiting);
        assert_eq!(queue.next(&counts, Some(4)), None);
        queue.release(DocId(1));
        queue.push(DocId(1), Kind::Waiting);
        assert_eq!(queue.next(&counts, Some(4)), Some(Task::Read { doc: DocId(1) }));
    }

    #[test]
    fn a_document_whose_file_is_not_there_waits_until_a_scan_finds_it_and_holds_up_no_other() {
        let mut queue = Queue::default();
        let counts = counts(MAX as u64 + 1, 0);
        (0..MAX as u64).for_each(|doc| {
            queue.push(DocId(doc), Kind::Waiting);
            queue.set_absent(DocId(doc));
        });
        let first = Task::Refill { stage: Stage::Read, after: None, max: MAX, to_lend: false };
        assert_eq!(queue.next(&counts, None), Some(first));
        let page: Vec<DocId> = (0..MAX as u64).map(DocId).collect();
        queue.refilled(Stage::Read, None, MAX, &page);
        let (last, there) = (DocId(MAX as u64 - 1), DocId(MAX as u64));
        assert_eq!(
            queue.next(&counts, None),
            Some(Task::Refill { stage: Stage::Read, after: Some(last), max: MAX, to_lend: false })
        );
        queue.refilled(Stage::Read, Some(last), MAX, &[there]);
        assert_eq!(queue.next(&counts, None), Some(Task::Read { doc: there }));
        assert_eq!(queue.next(&counts, None), None, "nothing is tried in vain");
        queue.push(DocId(3), Kind::Waiting);
        assert_eq!((queue.next(&counts, None), queue.absent()), (Some(Task::Read { doc: DocId(3) }), MAX as u64 - 1));
    }

    #[test]
    fn a_changed_document_is_read_before_new_ones_however_many_wait() {
        let mut queue = Queue::default();
        (100..100 + 2 * TODO_MAX as u64).for_each(|doc| queue.push(DocId(doc), Kind::Waiting));
        queue.push(DocId(7), Kind::Waiting);
        let counts = counts(2 * TODO_MAX as u64 + 1, 0);
        assert_eq!(queue.next(&counts, None), Some(Task::Read { doc: DocId(7) }));
        assert_eq!(queue.next(&counts, None), Some(Task::Read { doc: DocId(100) }));
    }

    #[test]
    fn reading_comes_before_embedding() {
        let mut queue = Queue::default();
        queue.push(DocId(1), Kind::Chunked);
        queue.push(DocId(2), Kind::Waiting);
        queue.push(DocId(3), Kind::Tombstoned);
        let unfinished = counts(1, 1);
        assert_eq!(queue.next(&unfinished, Some(4)), Some(Task::Read { doc: DocId(2) }));
        assert_eq!(queue.next(&unfinished, Some(4)), Some(Task::Embed { doc: DocId(1), chunks: 4 }));
        assert_eq!(queue.next(&unfinished, Some(4)), None);
    }

    #[test]
    fn while_embedding_waits_reading_goes_on() {
        let mut queue = Queue::default();
        queue.push(DocId(1), Kind::Chunked);
        queue.push(DocId(2), Kind::Waiting);
        let unfinished = counts(1, 1);
        assert_eq!(queue.next(&unfinished, None), Some(Task::Read { doc: DocId(2) }));
        assert_eq!(queue.next(&unfinished, None), None);
        assert_eq!(queue.next(&unfinished, Some(1)), Some(Task::Embed { doc: DocId(1), chunks: 1 }));
    }

    #[test]
    fn an_empty_window_is_refilled_from_the_store_by_one_task_at_a_time() {
        let mut queue = Queue::default();
        let counts = counts(500, 0);
        assert_eq!(
            queue.next(&counts, Some(4)),
            Some(Task::Refill { stage: Stage::Read, after: None, max: MAX, to_lend: false })
        );
        assert_eq!(queue.next(&counts, Some(4)), None, "one refill at a time");
        queue.refilled(Stage::Read, None, MAX, &[]);
        assert_eq!(queue.next(&counts, Some(4)), None, "an exhausted list is not read again before something is saved");
        queue.saved();
        assert!(queue.next(&counts, Some(4)).is_some());
    }

    #[test]
    fn while_a_document_is_absent_one_of_a_lower_number_is_found_all_the_same() {
        let mut queue = Queue::default();
        let (counts, absent) = (counts(500, 0), DocId(999));
        queue.push(absent, Kind::Waiting);
        queue.set_absent(absent);
        let docs: Vec<DocId> = (1..=MAX as u64).map(DocId).collect();
        assert!(queue.next(&counts, None).is_some());
        queue.refilled(Stage::Read, None, MAX, &docs);
        for doc in docs {
            assert_eq!(queue.next(&counts, None), Some(Task::Read { doc }));
            queue.release(doc);
        }
        let last = Some(DocId(MAX as u64));
        assert_eq!(
            queue.next(&counts, None),
            Some(Task::Refill { stage: Stage::Read, after: last, max: MAX, to_lend: false })
        );
        queue.refilled(Stage::Read, last, MAX, &[absent]);
        let anew = Some(Task::Refill { stage: Stage::Read, after: None, max: MAX, to_lend: false });
        assert_eq!(queue.next(&counts, None), anew, "one of those may wait once more");
        queue.refilled(Stage::Read, None, MAX, &[absent]);
        assert_eq!(queue.next(&counts, None), None, "nothing is looked for in vain");
    }

    #[test]
    fn a_refill_goes_on_after_the_last_one_and_begins_anew_behind_the_end() {
        let mut queue = Queue::default();
        let counts = counts(500, 0);
        let docs: Vec<DocId> = (1..=MAX as u64).map(DocId).collect();
        assert!(queue.next(&counts, None).is_some());
        queue.refilled(Stage::Read, None, MAX, &docs);
        for doc in docs {
            assert_eq!(queue.next(&counts, None), Some(Task::Read { doc }));
            queue.release(doc);
        }
        let next = |queue: &mut Queue, after| {
            assert_eq!(
                queue.next(&counts, None),
                Some(Task::Refill { stage: Stage::Read, after, max: MAX, to_lend: false })
            );
        };
        next(&mut queue, Some(DocId(MAX as u64)));
        queue.refilled(Stage::Read, Some(DocId(MAX as u64)), MAX, &[]);
        next(&mut queue, None);
    }
}
