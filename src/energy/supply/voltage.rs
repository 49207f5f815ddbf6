//! Is the voltage of the supply too low? From the firmware's alarm and from a measured input.
//!
//! The two may contradict each other. An input below the alarm's own threshold while the alarm is silent is not the supply's:
//! a meter on a lithium cell shows 3.7 V. An alarm that stands while a good voltage is measured is not believed after ten
//! minutes; a fall that is real is short, or is measured.

use crate::base::time::{Duration, Instant};
use crate::energy::doubt::{Doubt, Doubts};

/// Millivolts below which a measured 5 V input is as bad as the alarm, for `LOW_FOR`.
const LOW_MILLIVOLTS: u32 = 4750;
/// See `LOW_MILLIVOLTS`.
const LOW_FOR: Duration = Duration::from_secs(2);
/// Millivolts below which the firmware's alarm stands for certain: its own threshold is 4.63 V.
const ALARM_MILLIVOLTS: u32 = 4600;
/// Millivolts from which a measured input is good.
const GOOD_MILLIVOLTS: u32 = 4900;
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
    /// Since when the alarm stands while a good voltage is measured.
    good_since: Option<Instant>,
    doubts: Doubts,
}

impl Voltage {
    /// Takes both readings; true where the voltage fell with them.
    pub(super) fn take(&mut self, now: Instant, alarm: Option<bool>, millivolts: Option<u32>) -> bool {
        let wrong_input = alarm == Some(false) && millivolts.is_some_and(|volts| volts < ALARM_MILLIVOLTS);
        let millivolts = millivolts.filter(|_| !wrong_input);
        if let Some(volts) = millivolts {
            self.measure(now, volts < LOW_MILLIVOLTS);
        }
        if wrong_input {
            (self.low, self.low_since) = (false, None);
        }
        self.alarm = alarm.unwrap_or(self.alarm);
        match millivolts {
            Some(volts) if self.alarm && volts >= GOOD_MILLIVOLTS => self.good_since = self.good_since.or(Some(now)),
            Some(_) => self.good_since = None,
            None if self.alarm => {}
            None => self.good_since = None,
        }
        let wrong_alarm = self.good_since.is_some_and(|since| now.since(since) >= BELIEVED);
        self.doubts = Doubts::NONE.with(Doubt::Input, wrong_input).with(Doubt::Alarm, wrong_alarm);
        if alarm.is_some() || millivolts.is_some() {
            self.known = Some(now);
        }
        let before = std::mem::replace(&mut self.fallen, self.low || self.alarm && !wrong_alarm);
        self.fallen && !before
    }

    /// What is doubted, as of the last readings.
    pub(super) const fn doubts(&self) -> Doubts {
        self.doubts
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
