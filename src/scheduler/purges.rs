//! When tombstoned documents and retired vectors are deleted: each after its own time.
//!
//! The store numbers its commits, and lists with each tombstone the commit that made it. A *mark* holds a moment and the
//! number of the last commit by then, so that a dozen marks give thousands of tombstones a deadline each, to within
//! `PURGE_MARK_MS`. A pass over the store's list deletes everything up to the number of a mark that is due.
//!
//! Files that wait to be read may be the ones that a tombstone's vectors are kept for. While there are any, a mark waits,
//! but not longer than `TOMBSTONE_MS_MAX`.

use super::task::Task;
use crate::base::time::{Duration, Instant};
use crate::limits::{PURGE_MARK_MS, PURGE_MARKS_MAX, TOMBSTONE_MS, TOMBSTONE_MS_MAX};
use heapless::Deque;

/// The marks, oldest first, and the pass under way.
#[derive(Debug, Default)]
pub(super) struct Purges {
    marks: Deque<Mark, PURGE_MARKS_MAX>,
    pass: Option<Pass>,
}

/// What was tombstoned in a stretch of time.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// When the first of it was saved.
    first: Instant,
    /// When the last of it was saved.
    last: Instant,
    /// The number of the commit that was the newest then.
    number: u64,
}

impl Mark {
    fn is_due(&self, now: Instant) -> bool {
        self.last + Duration::from_millis(TOMBSTONE_MS) <= now
    }

    /// From then on it waits for nothing.
    fn latest(&self) -> Instant {
        self.first + Duration::from_millis(TOMBSTONE_MS_MAX)
    }
}

/// A pass over the list of what is to be purged.
#[derive(Debug)]
struct Pass {
    upto: u64,
    /// Where the next step begins.
    from: Vec<u8>,
    /// A step is in a task or a save.
    under_way: bool,
}

impl Purges {
    /// Something was tombstoned or retired by the commit `number` or shortly before.
    pub(super) fn mark(&mut self, now: Instant, number: u64) {
        let stretch = Duration::from_millis(PURGE_MARK_MS);
        if let Some(mark) = self.marks.back_mut().filter(|mark| now.since(mark.first) < stretch) {
            (mark.last, mark.number) = (now, number);
            return;
        }
        self.merge_due(now);
        let marked = self.marks.push_back(Mark { first: now, last: now, number });
        debug_assert!(marked.is_ok(), "marks that are not due fit into the table");
    }

    /// Those that are due wait for the same, and may become one.
    fn merge_due(&mut self, now: Instant) {
        while let Some(second) = self.marks.iter().nth(1).copied().filter(|mark| mark.is_due(now)) {
            let first = self.marks.pop_front().map_or(second.first, |mark| mark.first);
            if let Some(front) = self.marks.front_mut() {
                front.first = first;
            }
        }
    }

    /// Begins a pass if a mark is due. `reading`: files wait to be read.
    pub(super) fn wake(&mut self, now: Instant, reading: bool) {
        self.merge_due(now);
        if self.pass.is_none()
            && let Some(mark) = self.marks.front().filter(|mark| mark.is_due(now))
            && (!reading || mark.latest() <= now)
        {
            self.pass = Some(Pass { upto: mark.number, from: Vec::new(), under_way: false });
            self.marks.pop_front();
        }
    }

    /// When to wake it.
    pub(super) fn deadline(&self, reading: bool) -> Option<Instant> {
        let mark = self.marks.front().filter(|_| self.pass.is_none())?;
        let due = mark.last + Duration::from_millis(TOMBSTONE_MS);
        Some(if reading { due.max(mark.latest()) } else { due })
    }

    /// The next step of the pass, if none is under way.
    pub(super) fn begin_next(&mut self) -> Option<Task> {
        let pass = self.pass.as_mut().filter(|pass| !pass.under_way)?;
        pass.under_way = true;
        Some(Task::Purge { upto: pass.upto, from: pass.from.clone() })
    }

    /// A step is saved: the pass goes on at this key, or is over with `None`.
    pub(super) fn end_step(&mut self, next: Option<Vec<u8>>) {
        self.pass = self.pass.take().zip(next).map(|(pass, from)| Pass { from, under_way: false, ..pass });
    }

    /// A step failed and is to be done again.
    pub(super) const fn retry_step(&mut self) {
        if let Some(pass) = &mut self.pass {
            pass.under_way = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    /// The number up to which a pass purges that begins now, if one does. The pass is over at once.
    fn passed(purges: &mut Purges, now: Instant, reading: bool) -> Option<u64> {
        purges.wake(now, reading);
        let Some(Task::Purge { upto, .. }) = purges.begin_next() else { return None };
        assert_eq!(purges.begin_next(), None, "one step at a time");
        purges.end_step(None);
        Some(upto)
    }

    #[test]
    fn removals_that_never_cease_are_purged_each_after_its_own_time() {
        let mut purges = Purges::default();
        let (mut number, mut purged, mut late) = (0, 0, 0);
        // One removal a second for an hour.
        for second in 0..3600_u64 {
            let now = at(second * 1000);
            number += 1;
            purges.mark(now, number);
            if let Some(upto) = passed(&mut purges, now, false) {
                purged = upto;
            }
            let age = (number - purged) * 1000;
            late = late.max(age);
            assert!(purged == 0 || age >= TOMBSTONE_MS, "something was purged before its time");
        }
        assert!(late <= TOMBSTONE_MS + 2 * PURGE_MARK_MS, "the oldest was {late} ms old");
    }

    #[test]
    fn while_files_wait_to_be_read_nothing_is_purged_for_a_day_at_most() {
        let mut purges = Purges::default();
        for second in (0..TOMBSTONE_MS_MAX / 1000).step_by(60) {
            let now = at(second * 1000);
            purges.mark(now, second + 1);
            assert_eq!(passed(&mut purges, now, true), None);
        }
        assert_eq!(purges.deadline(true), Some(at(TOMBSTONE_MS_MAX)));
        let upto = passed(&mut purges, at(TOMBSTONE_MS_MAX), true).unwrap();
        assert!(upto * 1000 + TOMBSTONE_MS + PURGE_MARK_MS > TOMBSTONE_MS_MAX - 120_000, "{upto}");
        assert_eq!(passed(&mut purges, at(TOMBSTONE_MS_MAX), true), None, "the newer ones have a day of their own");
        let mut purges = Purges::default();
        purges.mark(at(0), 7);
        assert_eq!(passed(&mut purges, at(TOMBSTONE_MS), true), None);
        assert_eq!(passed(&mut purges, at(TOMBSTONE_MS + 1), false), Some(7), "once all is read it begins");
    }

    #[test]
    fn a_pass_goes_on_where_its_last_step_ended() {
        let mut purges = Purges::default();
        purges.mark(at(0), 7);
        assert_eq!(purges.deadline(false), Some(at(TOMBSTONE_MS)));
        purges.wake(at(TOMBSTONE_MS), false);
        assert_eq!(purges.begin_next(), Some(Task::Purge { upto: 7, from: Vec::new() }));
        purges.retry_step();
        assert_eq!(purges.begin_next(), Some(Task::Purge { upto: 7, from: Vec::new() }));
        purges.end_step(Some(vec![3, 1]));
        assert_eq!(purges.begin_next(), Some(Task::Purge { upto: 7, from: vec![3, 1] }));
        purges.end_step(None);
        assert_eq!((purges.begin_next(), purges.deadline(false)), (None, None));
    }
}
