//! A token bucket of bytes for each sender, kept as one number (the generic cell rate algorithm).

use crate::base::time::{Duration, Instant};

/// A rate, and the burst that is allowed after a quiet time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Bytes a second; at least 1.
    pub per_second: u64,
    /// Bytes that may come at once.
    pub burst: u64,
}

impl Rate {
    fn time_for(self, bytes: u64) -> Duration {
        Duration::from_millis(bytes.saturating_mul(1000).div_ceil(self.per_second.max(1)))
    }
}

/// What one sender has used, as the moment at which all of it is paid off. Exact over pauses of any length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    paid_at: Instant,
}

impl Budget {
    /// Uses so many bytes; false, with nothing used, if they exceed the budget now.
    #[must_use]
    pub fn spend(&mut self, now: Instant, rate: Rate, bytes: u64) -> bool {
        let then = self.paid_at.max(now) + rate.time_for(bytes);
        let fits = then.since(now) <= rate.time_for(rate.burst);
        if fits {
            self.paid_at = then;
        }
        fits
    }

    /// Charges so many bytes as a penalty, even beyond the budget; the debt never exceeds the burst.
    pub fn fine(&mut self, now: Instant, rate: Rate, bytes: u64) {
        let then = self.paid_at.max(now) + rate.time_for(bytes);
        self.paid_at = then.min(now + rate.time_for(rate.burst));
    }

    /// Whether everything is paid off: the budget is then equal to a new one.
    #[must_use]
    pub fn is_clear(&self, now: Instant) -> bool {
        self.paid_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 100, burst: 1000 };

    #[test]
    fn a_burst_is_taken_at_once_and_then_only_the_rate() {
        let mut budget = Budget::default();
        let now = Instant::from_millis(50_000);
        assert!((0..10).all(|_| budget.spend(now, RATE, 100)));
        assert!(!budget.spend(now, RATE, 1) && !budget.is_clear(now));
        let taken = (1..=100).filter(|s| budget.spend(now + Duration::from_secs(*s), RATE, 50)).count();
        assert_eq!(taken, 100, "half the rate is always allowed");
        let later = now + Duration::from_secs(1000);
        assert!(budget.is_clear(later) && budget.spend(later, RATE, 1000) && !budget.spend(later, RATE, 1));
    }

    #[test]
    fn a_penalty_is_bounded_and_no_number_overflows() {
        let mut budget = Budget::default();
        let now = Instant::from_millis(1);
        budget.fine(now, RATE, u64::MAX);
        assert!(!budget.spend(now, RATE, 1) && !budget.is_clear(now + Duration::from_secs(9)));
        assert!(budget.is_clear(now + Duration::from_secs(10)));
        assert!(!Budget::default().spend(now, Rate { per_second: 0, burst: 1 }, u64::MAX));
    }
}
