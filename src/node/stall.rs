//! Whether work gets on. Where some waits, nothing holds it and nothing of it ends for minutes, that is said: a doctor that only looks at
//! whether tasks run would be content with tasks that run in vain.

use crate::base::time::{Duration, Instant};
use crate::limits::{BETWEEN_BATCHES_MS, STALLED_MS, STOOD_MS, WORK_TICK_MS};
use crate::store::counts::StoreCounts;

/// For how long the store's counts have been the same while work might go on.
#[derive(Debug, Default)]
pub(super) struct Stall {
    seen: Option<Seen>,
    /// When the last input came.
    handled: Option<Instant>,
    /// When texts of others were here last.
    borrowed: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    counts: StoreCounts,
    /// When that was looked at last, and whether work might go on then.
    at: Instant,
    might: bool,
    /// How long it might since the counts were others.
    ran: Duration,
}

impl Stall {
    /// An input comes. For how long the process stood still before it, stopped or with the machine, if it did: for far longer than until the wake-up that
    /// was due, as `works` tells that one was.
    pub(super) fn stood(&mut self, now: Instant, works: bool) -> Option<Duration> {
        let before = self.handled.replace(now)?;
        let stood = Some(now.since(before)).filter(|gap| works && *gap > Duration::from_millis(STOOD_MS));
        if let (Some(stood), Some(seen)) = (stood, &mut self.seen) {
            seen.at = seen.at + stood;
        }
        stood
    }

    /// Notes whether texts of others are here.
    pub(super) fn note_borrowed(&mut self, now: Instant, any: bool) {
        if any {
            self.borrowed = Some(now);
        }
    }

    /// Whether some were a moment ago, so that the next of them may be on their way.
    pub(super) fn is_between_batches(&self, now: Instant) -> bool {
        self.borrowed.is_some_and(|at| now.since(at) < Duration::from_millis(BETWEEN_BATCHES_MS))
    }

    /// How long ago the last input came.
    pub(super) fn since_input(&self, now: Instant) -> Option<Duration> {
        self.handled.map(|handled| now.since(handled))
    }

    /// When an input is due while something runs, so that a stop of the process shows.
    pub(super) fn tick(&self, works: bool) -> Option<Instant> {
        self.handled.filter(|_| works).map(|at| at + Duration::from_millis(WORK_TICK_MS))
    }

    /// `may_work`: some waits, and nothing holds it. While something does, the time stands: a device that is asked often, or looks at a
    /// folder often, stands still as well as any other.
    pub(super) fn look(&mut self, now: Instant, counts: &StoreCounts, may_work: bool) {
        let before = self.seen.filter(|seen| seen.counts == *counts);
        let ran = before.map_or(Duration::ZERO, |seen| {
            let more = if seen.might && may_work { now.since(seen.at) } else { Duration::ZERO };
            seen.ran + more
        });
        self.seen = Some(Seen { counts: *counts, at: now, might: may_work, ran });
    }

    /// For how long nothing has ended, if that is long and nothing holds the work now.
    pub(super) fn lasts(&self) -> Option<Duration> {
        self.seen.filter(|seen| seen.might && self.is_long()).map(|seen| seen.ran)
    }

    /// Whether nothing has ended for long, also while the work is held for a while, such as by a question.
    pub(super) fn is_long(&self) -> bool {
        self.seen.is_some_and(|seen| seen.ran >= Duration::from_millis(STALLED_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_waits_without_an_end_of_any_is_noticed_and_not_what_is_held_or_goes_on() {
        let at = |second: u64| Instant::from_millis(second * 1000);
        let long = STALLED_MS / 1000;
        let mut counts = StoreCounts::default();
        let mut stall = Stall::default();
        stall.look(at(0), &counts, true);
        stall.look(at(long - 1), &counts, true);
        assert_eq!(stall.lasts(), None);
        stall.look(at(long), &counts, true);
        assert_eq!(stall.lasts(), Some(Duration::from_millis(STALLED_MS)));
        counts.chunks += 1;
        stall.look(at(long), &counts, true);
        stall.look(at(long + 1), &counts, true);
        assert_eq!(stall.lasts(), None, "it goes on");
        stall.look(at(long + 2), &counts, false);
        stall.look(at(3 * long), &counts, true);
        assert_eq!(stall.lasts(), None, "it was held");
    }

    #[test]
    fn time_in_which_the_process_stood_still_is_no_stall() {
        let at = |second: u64| Instant::from_millis(second * 1000);
        let (counts, mut stall) = (StoreCounts::default(), Stall::default());
        let mut step = |second, works| {
            let stood = stall.stood(at(second), works);
            stall.look(at(second), &counts, true);
            (stood, stall.lasts())
        };
        assert_eq!(step(0, true), (None, None));
        assert_eq!(step(5, true), (None, None), "the tick that was due");
        let long = STALLED_MS / 1000;
        assert_eq!(step(5 + long, true), (Some(Duration::from_secs(long)), None), "it was stopped, or slept");
        assert_eq!(step(5 + 2 * long, false).0, None, "where nothing runs no tick is due");
        assert_eq!(stall.tick(false), None);
        assert_eq!(stall.tick(true), Some(at(5 + 2 * long) + Duration::from_millis(WORK_TICK_MS)));
    }

    #[test]
    fn a_moment_without_texts_of_others_is_between_two_batches_and_a_while_is_not() {
        let at = Instant::from_millis;
        let mut stall = Stall::default();
        stall.note_borrowed(at(5), false);
        assert!(!stall.is_between_batches(at(5)), "there were none");
        stall.note_borrowed(at(10), true);
        stall.note_borrowed(at(400), false);
        assert!(stall.is_between_batches(at(400)));
        assert!(!stall.is_between_batches(at(10 + BETWEEN_BATCHES_MS)));
    }

    #[test]
    fn what_is_held_now_and_then_is_noticed_too() {
        let at = |second: u64| Instant::from_millis(second * 1000);
        let (counts, mut stall) = (StoreCounts::default(), Stall::default());
        for second in 0..=2 * STALLED_MS / 1000 {
            // A question every ten seconds, say, holds it for four.
            stall.look(at(second), &counts, second % 10 < 6);
        }
        stall.look(at(2 * STALLED_MS / 1000 + 1), &counts, true);
        assert!(stall.lasts().is_some());
    }
}
