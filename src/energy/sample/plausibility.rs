//! Whether the readings of one temperature sensor are believed: checks of range, jump and standing still.

use super::fault::{Fault, Reading};
use crate::base::time::{Duration, Instant};

/// Millidegrees that a board can have, both ends excluded.
const RANGE: (i64, i64) = (-30_000, 125_000);
/// Millidegrees of a degree.
const DEGREE: u64 = 1000;
/// Millidegrees that a temperature can change in a second.
const JUMP: i64 = 15_000;
/// For how long a value may stand still while our own duty moved by `STUCK_DUTY`.
const STUCK: Duration = Duration::from_secs(120);
/// See `STUCK`.
const STUCK_DUTY: f64 = 0.5;

/// The checks of one sensor, with their memory.
#[derive(Clone, Debug, Default)]
pub struct Plausibility {
    believed: Option<(Instant, i64)>,
    still: Option<Still>,
}

/// Since when the raw value is the same, with the least and the most duty that ran meanwhile.
#[derive(Clone, Copy, Debug)]
struct Still {
    raw: i64,
    since: Instant,
    duty: (f64, f64),
}

impl Plausibility {
    /// Would this value be refused? Then the caller reads it once more.
    #[must_use]
    pub fn doubts(&self, now: Instant, raw: i64) -> bool {
        !in_range(raw) || !self.is_near(now, raw)
    }

    /// Degrees, if the reading is believed; `duty` ran since the last one.
    pub fn take(&mut self, now: Instant, reading: Reading, duty: f64) -> Option<f64> {
        let raw = reading.and_then(|raw| if in_range(raw) { Ok(raw) } else { Err(Fault::Garbage) }).ok()?;
        if self.is_stuck(now, raw, duty) || !self.is_near(now, raw) {
            return None;
        }
        self.believed = Some((now, raw));
        Some(raw as f64 / 1000.0)
    }

    /// For how long the raw value has been the same.
    #[must_use]
    pub fn still_for(&self, now: Instant) -> Duration {
        self.still.map_or(Duration::ZERO, |still| now.since(still.since))
    }

    /// Forgets the past, after a suspend.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn is_near(&self, now: Instant, raw: i64) -> bool {
        self.believed.is_none_or(|(at, last)| {
            // A real jump is believed after as many seconds as it takes; at least one second's worth at once.
            let millis = i64::try_from(now.since(at).as_millis()).unwrap_or(i64::MAX).max(1000);
            (raw - last).abs() <= JUMP.saturating_mul(millis) / 1000
        })
    }

    fn is_stuck(&mut self, now: Instant, raw: i64, duty: f64) -> bool {
        match &mut self.still {
            Some(still) if still.raw == raw => {
                still.duty = (still.duty.0.min(duty), still.duty.1.max(duty));
                now.since(still.since) > STUCK && still.duty.1 - still.duty.0 > STUCK_DUTY
            }
            _ => {
                self.still = Some(Still { raw, since: now, duty: (duty, duty) });
                false
            }
        }
    }
}

/// Are these millidegrees plausible for a board? Less than a degree on either side of zero are none: those are degrees, as some drivers
/// write them in place of thousandths, or a sensor that shows nothing.
#[must_use]
pub const fn in_range(raw: i64) -> bool {
    RANGE.0 < raw && raw < RANGE.1 && raw.unsigned_abs() >= DEGREE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    #[test]
    fn impossible_values_are_unknown_and_never_0() {
        let mut checks = Plausibility::default();
        for raw in [-650_788_984, 228_000, 6_280_400, 125_000, -30_000, i64::MIN, i64::MAX, 48, 999, 0, -7] {
            assert_eq!(checks.take(at(0), Ok(raw), 0.0), None, "{raw}");
        }
        assert_eq!(checks.take(at(0), Err(Fault::Later), 0.0), None);
        assert_eq!(checks.take(at(0), Ok(45_277), 0.0), Some(45.277));
    }

    #[test]
    fn a_jump_is_doubted_and_believed_when_it_lasts() {
        let mut checks = Plausibility::default();
        assert_eq!(checks.take(at(0), Ok(45_000), 0.0), Some(45.0));
        assert!(checks.doubts(at(1), 85_000) && checks.doubts(at(1), -650_788_984) && !checks.doubts(at(1), 46_000));
        assert_eq!(checks.take(at(1), Ok(85_000), 0.0), None);
        assert_eq!(checks.take(at(2), Ok(46_000), 0.0), Some(46.0), "the spike left no trace");
        assert_eq!(checks.take(at(3), Ok(85_000), 0.0), None);
        assert_eq!(checks.take(at(5), Ok(85_000), 0.0), Some(85.0), "39 degrees in three seconds can be");
    }

    #[test]
    fn a_value_that_ignores_our_load_is_stuck() {
        let mut checks = Plausibility::default();
        for s in 0..=120 {
            assert!(checks.take(at(s), Ok(26_000), if s < 60 { 0.0 } else { 1.0 }).is_some());
        }
        assert_eq!(checks.take(at(121), Ok(26_000), 1.0), None);
        assert_eq!(checks.take(at(122), Ok(26_100), 1.0), Some(26.1), "it moves again");
        let mut steady = Plausibility::default();
        assert!((0..1000).all(|s| steady.take(at(s), Ok(26_000), 0.3).is_some()), "our load did not change");
    }
}
