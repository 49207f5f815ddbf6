//! How long the oldest of the work has waited: a short list of when how much of it came.
//!
//! The deadlines of `gate` are the work's, not the backlog's: where files arrive all the time something always waits, and
//! a single moment since when it does would soon be too old for everything that is new. Work is taken to be done in the
//! order in which it came, as the store lists it.

use crate::base::time::{Duration, Instant};

/// What came within this long of a step's beginning is of that step.
const STEP: Duration = Duration::from_secs(60);

/// Steps that are kept apart; beyond them the nearest are made one.
const STEPS: usize = 16;

/// How much came when, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Ages {
    steps: heapless::Vec<(Instant, u64), STEPS>,
}

impl Ages {
    /// So many pieces wait now.
    pub fn count(&mut self, now: Instant, pieces: u64) {
        let before: u64 = self.steps.iter().map(|(_, pieces)| pieces).sum();
        if pieces > before {
            self.came(now, pieces - before);
        } else {
            self.done(before - pieces);
        }
    }

    /// When the oldest piece came.
    #[must_use]
    pub fn oldest(&self) -> Option<Instant> {
        self.steps.first().map(|(at, _)| *at)
    }

    fn came(&mut self, now: Instant, pieces: u64) {
        if let Some((at, last)) = self.steps.last_mut()
            && now.since(*at) < STEP
        {
            *last += pieces;
            return;
        }
        if self.steps.is_full() {
            self.merge();
        }
        let kept = self.steps.push((now, pieces));
        debug_assert!(kept.is_ok(), "two steps were made one");
    }

    /// Makes the two steps that lie nearest to one another one: a little of what came later counts as older than it is.
    fn merge(&mut self) {
        let gaps = self.steps.windows(2).map(|two| two[1].0.since(two[0].0));
        let Some((at, _)) = gaps.enumerate().min_by_key(|(_, gap)| *gap) else { return };
        let (_, pieces) = self.steps.remove(at + 1);
        self.steps[at].1 += pieces;
    }

    fn done(&mut self, mut pieces: u64) {
        while let Some((_, first)) = self.steps.first_mut() {
            let taken = pieces.min(*first);
            (*first, pieces) = (*first - taken, pieces - taken);
            if *first > 0 {
                return;
            }
            self.steps.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    #[test]
    fn where_work_arrives_all_the_time_the_oldest_is_what_came_first_of_what_is_left() {
        let mut ages = Ages::default();
        ages.count(at(0), 100);
        for hour in 1..200 {
            ages.count(at(hour * 3600), 101);
            ages.count(at(hour * 3600 + 600), 100);
            let oldest = ages.oldest().unwrap();
            assert!(hour < 113 || oldest > at(0), "hour {hour}: all of the first hundred are long done");
            // Of sixteen steps the nearest are made one, so that it may count as older, by an eighth of its age.
            let due = at((hour + 1).saturating_sub(100) * 3600);
            assert!(oldest <= due && due.since(oldest) <= Duration::from_secs(13 * 3600), "hour {hour}: {oldest:?}");
        }
        ages.count(at(999_999), 0);
        assert_eq!(ages.oldest(), None);
    }

    #[test]
    fn it_never_says_younger_than_it_is_and_counts_all() {
        let mut rng = Rng::new(7);
        let (mut ages, mut queue) = (Ages::default(), std::collections::VecDeque::new());
        for step in 0..20_000_u64 {
            let now = at(step * rng.below(300));
            let now = ages.steps.last().map_or(now, |(last, _)| now.max(*last));
            let some = usize::try_from(rng.below(5)).unwrap();
            if rng.one_in(2) {
                queue.extend(std::iter::repeat_n(now, some));
            } else {
                queue.drain(..queue.len().min(some));
            }
            ages.count(now, queue.len() as u64);
            assert_eq!(ages.steps.iter().map(|(_, pieces)| pieces).sum::<u64>(), queue.len() as u64);
            assert!(queue.front().is_none_or(|first| ages.oldest().is_some_and(|oldest| oldest <= *first)));
        }
    }
}
