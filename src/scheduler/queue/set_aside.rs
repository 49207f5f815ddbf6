//! Documents that came while the parser of another one was at it for long. They are set aside, so that those behind them which need no parser are read
//! meanwhile, and come again once it is done: one at a time, as the next one may take long too.

use super::Queue;
use super::aside::PAUSE;
use crate::base::id::DocId;
use crate::base::time::Instant;
use crate::scheduler::task::Task;
use crate::store::keys::Stage;
use std::collections::btree_map::Entry;

impl Queue {
    /// The document waits for the parser of another one. Where too many do, the store's todo list keeps it. If a task `has_it`, the end of that is awaited,
    /// and no pause.
    pub fn set_aside(&mut self, now: Instant, doc: DocId, has_it: bool) {
        self.release(doc);
        self.aside.from = if has_it { now } else { now + PAUSE };
        if !self.aside.is_full() && !self.aside.has(doc) {
            self.aside.documents.push_back(doc);
        } else {
            self.windows[Stage::Read as usize].exhausted = false;
        }
    }

    /// The next one that is tried again, if it is time and none is.
    pub fn next_set_aside(&mut self, now: Instant) -> Option<Task> {
        if now < self.aside.from || self.is_tried_again() {
            return None;
        }
        let doc = self.aside.documents.pop_front()?;
        let Entry::Vacant(entry) = self.busy.entry(doc) else { return None };
        entry.insert(Stage::Read);
        self.aside.tried = Some(doc);
        Some(Task::Read { doc })
    }

    /// When the next one may be tried again; `None` where none waits for that alone.
    #[must_use]
    pub fn set_aside_until(&self) -> Option<Instant> {
        (self.aside.len() > 0 && !self.is_tried_again()).then_some(self.aside.from)
    }

    fn is_tried_again(&self) -> bool {
        self.aside.tried.is_some_and(|doc| self.busy.contains_key(&doc))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::SET_ASIDE_MAX;
    use crate::store::counts::{Kind, StoreCounts};

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    #[test]
    fn what_waits_for_a_parser_lets_others_pass_and_comes_again_one_at_a_time() {
        let mut counts = StoreCounts::default();
        (0..4).for_each(|_| counts.enter(Kind::Waiting));
        let mut queue = Queue::default();
        (1..=4).for_each(|doc| queue.push(DocId(doc), Kind::Waiting));
        let read = |doc| Some(Task::Read { doc: DocId(doc) });
        assert_eq!(queue.next(&counts, None), read(1));
        for doc in [2, 3] {
            assert_eq!(queue.next(&counts, None), read(doc));
            queue.set_aside(at(9), DocId(doc), false);
        }
        queue.push(DocId(2), Kind::Waiting);
        assert_eq!(
            (queue.next(&counts, None), queue.next(&counts, None)),
            (read(4), None),
            "nor is any looked for in the store"
        );
        assert_eq!((queue.next_set_aside(at(10)), queue.set_aside_until()), (None, Some(at(9) + PAUSE)));
        let later = at(9) + PAUSE;
        assert_eq!((queue.next_set_aside(later), queue.next_set_aside(later)), (read(2), None));
        queue.release(DocId(2));
        queue.push(DocId(3), Kind::Tombstoned);
        assert_eq!((queue.next_set_aside(later), queue.set_aside_until()), (None, None), "it is gone");
    }

    #[test]
    fn where_too_many_wait_no_other_is_read_before_one_of_them() {
        let mut counts = StoreCounts::default();
        let all = SET_ASIDE_MAX as u64 + 2;
        (0..all).for_each(|_| counts.enter(Kind::Waiting));
        let mut queue = Queue::default();
        for doc in (0..SET_ASIDE_MAX as u64).map(DocId) {
            queue.push(doc, Kind::Waiting);
            queue.next(&counts, None);
            queue.set_aside(at(0), doc, false);
        }
        queue.push(DocId(all), Kind::Waiting);
        assert_eq!((queue.aside.len(), queue.next(&counts, None)), (SET_ASIDE_MAX, None));
        assert!(queue.next_set_aside(at(0) + PAUSE).is_some());
        assert_eq!(queue.next(&counts, None), Some(Task::Read { doc: DocId(all) }));
    }
}
