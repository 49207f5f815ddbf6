//! How long the oldest work has waited: a short list of how much work arrived when.
//!
//! Deadlines of `gate` apply to single files, not to the backlog as a whole: where files arrive all the time something
//! always waits, and the moment since when something waits would soon be past every deadline. Work is assumed to be
//! done in the order in which it arrived.

use crate::base::time::{Duration, Instant};

/// Arrivals within this long of a step's start belong to that step.
const STEP: Duration = Duration::from_secs(60);

/// Steps at most; beyond them the two nearest are merged.
const STEPS: usize = 16;

/// How much work arrived when, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Ages {
    steps: heapless::Vec<(Instant, u64), STEPS>,
}

impl Ages {
    /// So many files wait now.
    pub fn count(&mut self, now: Instant, files: u64) {
        let before: u64 = self.steps.iter().map(|(_, files)| files).sum();
        if files > before {
            self.arrived(now, files - before);
        } else {
            self.done(before - files);
        }
    }

    /// When the oldest file arrived.
    #[must_use]
    pub fn oldest(&self) -> Option<Instant> {
        self.steps.first().map(|(at, _)| *at)
    }

    fn arrived(&mut self, now: Instant, files: u64) {
        if let Some((at, last)) = self.steps.last_mut()
            && now.since(*at) < STEP
        {
            *last += files;
            return;
        }
        if self.steps.is_full() {
            self.merge();
        }
        let added = self.steps.push((now, files));
        debug_assert!(added.is_ok(), "two steps were merged");
    }

    /// Merges the two steps nearest to each other: what arrived in the later one counts as older than it is.
    fn merge(&mut self) {
        let gaps = self.steps.windows(2).map(|two| two[1].0.since(two[0].0));
        let Some((at, _)) = gaps.enumerate().min_by_key(|(_, gap)| *gap) else { return };
        let (_, files) = self.steps.remove(at + 1);
        self.steps[at].1 += files;
    }

    fn done(&mut self, mut files: u64) {
        while let Some((_, first)) = self.steps.first_mut() {
            let taken = files.min(*first);
            (*first, files) = (*first - taken, files - taken);
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
    fn with_constant_arrivals_the_oldest_is_the_first_that_is_left() {
        let mut ages = Ages::default();
        ages.count(at(0), 100);
        for hour in 1..200 {
            ages.count(at(hour * 3600), 101);
            ages.count(at(hour * 3600 + 600), 100);
            let oldest = ages.oldest().unwrap();
            assert!(hour < 113 || oldest > at(0), "hour {hour}: all of the first hundred are long done");
            // Merging sixteen steps may make it older, by an eighth of its age.
            let due = at((hour + 1).saturating_sub(100) * 3600);
            assert!(oldest <= due && due.since(oldest) <= Duration::from_secs(13 * 3600), "hour {hour}: {oldest:?}");
        }
        ages.count(at(999_999), 0);
        assert_eq!(ages.oldest(), None);
    }

    #[test]
    fn the_oldest_is_never_too_young_and_all_files_are_counted() {
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
            assert_eq!(ages.steps.iter().map(|(_, files)| files).sum::<u64>(), queue.len() as u64);
            assert!(queue.front().is_none_or(|first| ages.oldest().is_some_and(|oldest| oldest <= *first)));
        }
    }
}
