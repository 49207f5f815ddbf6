//! Whether work gets on. Where some waits, nothing holds it and nothing of it ends for minutes, that is said: a doctor that only looks at
//! whether tasks run would be content with tasks that run in vain.

use crate::base::time::{Duration, Instant};
use crate::limits::STALLED_MS;
use crate::store::counts::StoreCounts;

/// When the store's counts were last another.
#[derive(Debug, Default)]
pub(super) struct Stall {
    seen: Option<(StoreCounts, Instant)>,
}

impl Stall {
    /// `may_work`: some waits, and nothing holds it.
    pub(super) fn look(&mut self, now: Instant, counts: &StoreCounts, may_work: bool) {
        if !may_work {
            self.seen = None;
        } else if self.seen.is_none_or(|(seen, _)| seen != *counts) {
            self.seen = Some((*counts, now));
        }
    }

    /// For how long nothing has ended, if that is long.
    pub(super) fn lasts(&self, now: Instant) -> Option<Duration> {
        let lasts = self.seen.map(|(_, since)| now.since(since));
        lasts.filter(|lasts| *lasts >= Duration::from_millis(STALLED_MS))
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
        assert_eq!(stall.lasts(at(long - 1)), None);
        assert_eq!(stall.lasts(at(long)), Some(Duration::from_millis(STALLED_MS)));
        counts.chunks += 1;
        stall.look(at(long), &counts, true);
        assert_eq!(stall.lasts(at(long + 1)), None, "it goes on");
        stall.look(at(long + 2), &counts, false);
        stall.look(at(3 * long), &counts, true);
        assert_eq!(stall.lasts(at(3 * long)), None, "it was held");
    }
}
