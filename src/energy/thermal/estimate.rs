//! From single readings to a filtered temperature and its slope.

use crate::base::time::{Duration, Instant};
use crate::energy::sample::slope::{Median, Slope};

/// Weight of a new sample in the filtered temperature, at one sample a second.
const FILTER: f64 = 0.4;
/// Seconds that the slope is extrapolated.
const AHEAD: f64 = 8.0;
/// After a longer gap the filter starts from the new value.
const GAP_MAX: Duration = Duration::from_secs(30);
/// Seconds that one sample counts at most: idle samples are five seconds apart. A longer gap earns no more duty.
pub(super) const STEP_MAX: f64 = 6.0;

/// What is known of the temperature after a sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    /// Degrees: the median of the last three samples.
    pub(super) median: f64,
    /// Degrees where the filtered temperature will be in `AHEAD` seconds if it rises on; as it is now if it falls.
    pub(super) ahead: f64,
    /// Seconds since the last sample, `STEP_MAX` at most.
    pub(super) seconds: f64,
}

/// Filters of the temperature.
#[derive(Clone, Debug, Default)]
pub(super) struct Estimator {
    median: Median,
    slope: Slope,
    filtered: Option<(Instant, f64)>,
    /// When the sensor last gave a value.
    known: Option<Instant>,
}

impl Estimator {
    pub(super) fn take(&mut self, now: Instant, degrees: f64) -> Estimate {
        let median = self.median.take(degrees);
        let (seconds, filtered) = match self.filtered {
            Some((at, old)) if now.since(at) <= GAP_MAX => {
                let seconds = now.since(at).as_secs_f64();
                (seconds.min(STEP_MAX), (1.0 - FILTER).powf(seconds).mul_add(old - median, median))
            }
            _ => (0.0, median),
        };
        self.filtered = Some((now, filtered));
        self.known = Some(now);
        let slope = self.slope.take(now, median);
        Estimate { median, ahead: filtered + slope.max(0.0) * AHEAD, seconds }
    }

    /// When the sensor last gave a value, across `clear`.
    pub(super) const fn known(&self) -> Option<Instant> {
        self.known
    }

    /// Forgets the values that were taken.
    pub(super) fn clear(&mut self) {
        self.median.clear();
        self.slope.clear();
        self.filtered = None;
    }
}
