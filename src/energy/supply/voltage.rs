//! Is the voltage of the supply too low? From the firmware's alarm and from a measured input.

use crate::base::time::{Duration, Instant};

/// Millivolts below which a measured 5 V input is as bad as the alarm, for `LOW_FOR`.
const LOW_MILLIVOLTS: u32 = 4750;
/// See `LOW_MILLIVOLTS`.
const LOW_FOR: Duration = Duration::from_secs(2);
/// Low values further apart than this (two idle samples and a little) are not one fall.
const LOW_APART: Duration = Duration::from_secs(12);
/// An alarm that no reading confirms is believed for this long.
const BELIEVED: Duration = Duration::from_secs(600);

/// Alarm and measured input as they were last known; an unknown reading leaves them as they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Voltage {
    alarm: bool,
    low: bool,
    /// Since when the input is low, and when it was last seen so.
    low_since: Option<(Instant, Instant)>,
    /// The voltage is too low, by one or the other.
    fallen: bool,
    /// When one of the two was last known.
    known: Option<Instant>,
}

impl Voltage {
    /// Takes both readings; true where the voltage fell with them.
    pub(super) fn take(&mut self, now: Instant, alarm: Option<bool>, millivolts: Option<u32>) -> bool {
        if let Some(volts) = millivolts {
            self.measure(now, volts < LOW_MILLIVOLTS);
        }
        self.alarm = alarm.unwrap_or(self.alarm);
        if alarm.is_some() || millivolts.is_some() {
            self.known = Some(now);
        }
        let before = std::mem::replace(&mut self.fallen, self.low || self.alarm);
        self.fallen && !before
    }

    /// Is it too low, as far as is known? While this holds no second fall is counted.
    pub(super) const fn is_fallen(&self) -> bool {
        self.fallen
    }

    /// The same, and confirmed recently.
    pub(super) fn is_believed(&self, now: Instant) -> bool {
        self.fallen && self.known.is_some_and(|at| now.since(at) <= BELIEVED)
    }

    fn measure(&mut self, now: Instant, low: bool) {
        if !low {
            (self.low, self.low_since) = (false, None);
            return;
        }
        let since = self.low_since.filter(|(_, seen)| now.since(*seen) <= LOW_APART).map_or(now, |(since, _)| since);
        self.low_since = Some((since, now));
        self.low |= now.since(since) >= LOW_FOR;
    }
}
