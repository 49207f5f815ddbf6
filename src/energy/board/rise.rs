//! Whether a charge rises: the only word on its direction of a battery that has no status (1.5).

use crate::base::time::{Duration, Instant};

/// A rise within less than this is a gauge that makes up its mind.
const WATCHED: Duration = Duration::from_secs(300);
/// Without a further rise for this long nothing is said any more.
const LASTS: Duration = Duration::from_secs(1800);

/// The charge as it is watched.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rise {
    mark: Option<(Instant, u8)>,
    rises: bool,
}

impl Rise {
    /// Takes the percent; does it rise?
    pub fn take(&mut self, now: Instant, percent: u8) -> bool {
        let Some((since, before)) = self.mark else {
            self.mark = Some((now, percent));
            return false;
        };
        let passed = now.since(since);
        if percent < before {
            (self.mark, self.rises) = (Some((now, percent)), false);
        } else if percent > before && passed >= WATCHED {
            (self.mark, self.rises) = (Some((now, percent)), true);
        } else if passed >= LASTS {
            (self.mark, self.rises) = (Some((now, percent)), false);
        }
        self.rises
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_that_has_risen_over_minutes_is_being_filled_until_it_stands_or_falls() {
        let mut rise = Rise::default();
        let mut take = |minute: u64, percent| rise.take(Instant::from_millis(minute * 60_000), percent);
        assert!(!take(0, 50) && !take(1, 51), "a gauge settles");
        assert!(take(5, 52) && take(9, 52) && take(15, 53));
        assert!(!take(16, 52), "it falls");
        assert!(take(22, 54) && take(51, 54) && !take(53, 54), "half an hour of standing says nothing");
    }
}
