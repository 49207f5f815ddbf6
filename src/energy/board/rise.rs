//! Whether a battery's charge rises: the only sign of charging for a battery that has no status.

use crate::base::time::{Duration, Instant};

/// A rise within less than this is a gauge that settles.
const WATCHED: Duration = Duration::from_secs(300);
/// After this long without a further rise the charge counts as standing.
const LASTS: Duration = Duration::from_secs(1800);

/// Watches the charge.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rise {
    reference: Option<(Instant, u8)>,
    rises: bool,
}

impl Rise {
    /// Takes the percent; does it rise?
    pub fn take(&mut self, now: Instant, percent: u8) -> bool {
        let Some((since, before)) = self.reference else {
            self.reference = Some((now, percent));
            return false;
        };
        let passed = now.since(since);
        if percent < before {
            (self.reference, self.rises) = (Some((now, percent)), false);
        } else if percent > before && passed >= WATCHED {
            (self.reference, self.rises) = (Some((now, percent)), true);
        } else if passed >= LASTS {
            (self.reference, self.rises) = (Some((now, percent)), false);
        }
        self.rises
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_that_rises_over_minutes_means_charging_until_it_stands_or_falls() {
        let mut rise = Rise::default();
        let mut take = |minute: u64, percent| rise.take(Instant::from_millis(minute * 60_000), percent);
        assert!(!take(0, 50) && !take(1, 51), "a gauge settles");
        assert!(take(5, 52) && take(9, 52) && take(15, 53));
        assert!(!take(16, 52), "it falls");
        assert!(take(22, 54) && take(51, 54) && !take(53, 54), "after half an hour of standing");
    }
}
