//! The supply gate (4.3): a voltage that falls stops the work, and a supply that falls often is too weak.

use super::reason::{Gate, Reason};
use super::share::Share;
use crate::base::time::{Duration, Instant};

/// Nothing runs for this long after the voltage fell; twice as long after a second time within `DAY`.
const HOLD: Duration = Duration::from_secs(60);
/// Then little, for this long; doubled likewise.
const TRICKLE: Duration = Duration::from_secs(600);
/// Falls within this time count together.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The third fall in a day costs a worker for good.
const FALLS: u8 = 3;
/// Millivolts below which a measured 5 V input is as bad as the alarm, for this long.
const LOW_MILLIVOLTS: u32 = 4750;
/// See `LOW_MILLIVOLTS`.
const LOW_FOR: Duration = Duration::from_secs(2);

/// The gate with its memory.
#[derive(Clone, Debug)]
pub struct Supply {
    cores: usize,
    worker_cap: usize,
    alarmed: bool,
    low_since: Option<Instant>,
    falls: heapless::Deque<Instant, { FALLS as usize }>,
    hold_until: Option<Instant>,
    trickle_until: Option<Instant>,
}

impl Supply {
    /// A gate for this many cores; `learned` is the worker cap of an earlier run.
    #[must_use]
    pub fn new(cores: usize, learned: Option<usize>) -> Self {
        Self {
            cores,
            worker_cap: learned.unwrap_or(cores).clamp(1, cores.max(1)),
            alarmed: false,
            low_since: None,
            falls: heapless::Deque::new(),
            hold_until: None,
            trickle_until: None,
        }
    }

    /// The learned cap of workers, where one was learned; to be kept over a restart.
    #[must_use]
    pub fn learned(&self) -> Option<usize> {
        (self.worker_cap < self.cores).then_some(self.worker_cap)
    }

    /// Takes the alarm (`rpi_volt`) and the measured input; unknown ones leave the gate open.
    pub fn sample(&mut self, now: Instant, alarm: Option<bool>, millivolts: Option<u32>) -> Gate {
        let low = millivolts.is_some_and(|volts| volts < LOW_MILLIVOLTS);
        self.low_since = if low { Some(self.low_since.unwrap_or(now)) } else { None };
        let low = self.low_since.is_some_and(|since| now.since(since) >= LOW_FOR);
        let alarmed = low || alarm == Some(true);
        if alarmed && !self.alarmed {
            self.fell(now);
        }
        self.alarmed = alarmed;
        self.gate(now)
    }

    fn fell(&mut self, now: Instant) {
        while self.falls.front().is_some_and(|at| now.since(*at) > DAY) || self.falls.is_full() {
            self.falls.pop_front();
        }
        let _ = self.falls.push_back(now);
        let times = if self.falls.len() > 1 { 2 } else { 1 };
        self.hold_until = Some(now + HOLD * times);
        self.trickle_until = Some(now + (HOLD + TRICKLE) * times);
        if self.falls.is_full() {
            self.worker_cap = self.worker_cap.saturating_sub(1).max(1);
            self.falls.clear();
        }
    }

    fn gate(&self, now: Instant) -> Gate {
        let within = |until: Option<Instant>| until.is_some_and(|until| now < until);
        if self.alarmed || within(self.hold_until) {
            return Gate::at(Share::NONE, Reason::UnderVoltage);
        }
        let weak = Gate::at(Share::of(self.worker_cap, self.cores), Reason::WeakSupply);
        let slow = if within(self.trickle_until) { Gate::at(Share::TRICKLE, Reason::UnderVoltage) } else { Gate::OPEN };
        slow.and(weak)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    #[test]
    fn one_blip_is_exactly_one_hold_and_then_a_trickle() {
        let mut supply = Supply::new(4, None);
        assert_eq!(supply.sample(at(0), Some(false), None), Gate::OPEN);
        let gates: Vec<Share> = (1..800).map(|s| supply.sample(at(s), Some(s == 1), None).at_most).collect();
        assert_eq!(gates.iter().filter(|share| **share == Share::NONE).count(), 60);
        assert_eq!(gates.iter().filter(|share| **share == Share::TRICKLE).count(), 600);
        assert_eq!(gates.last(), Some(&Share::ALL));
        assert_eq!(supply.learned(), None);
    }

    #[test]
    fn three_falls_in_a_day_cost_a_worker_for_good_and_the_second_doubles_the_holds() {
        let mut supply = Supply::new(4, None);
        let hour = 3600;
        for n in 0..3 {
            supply.sample(at(n * hour), Some(true), None);
            supply.sample(at(n * hour + 2), Some(false), None);
            let held = supply.sample(at(n * hour + 100), Some(false), None).at_most;
            assert_eq!(held, if n == 0 { Share::TRICKLE } else { Share::NONE });
        }
        assert_eq!(supply.learned(), Some(3));
        let mut again = Supply::new(4, supply.learned());
        let gate = again.sample(at(0), Some(false), None);
        assert_eq!((gate.at_most, gate.reason), (Share::of(3, 4), Reason::WeakSupply));
    }

    #[test]
    fn falls_on_different_days_do_not_add_up() {
        let mut supply = Supply::new(4, None);
        for n in 0..9 {
            supply.sample(at(n * 13 * 3600), Some(true), None);
            supply.sample(at(n * 13 * 3600 + 2), Some(false), None);
        }
        assert_eq!(supply.learned(), None);
    }

    #[test]
    fn a_low_input_for_two_seconds_is_an_alarm_and_no_reading_is_none() {
        let mut supply = Supply::new(4, None);
        assert_eq!(supply.sample(at(0), None, None), Gate::OPEN);
        assert_eq!(supply.sample(at(1), None, Some(4700)), Gate::OPEN);
        assert_eq!(supply.sample(at(2), None, Some(4900)), Gate::OPEN);
        assert_eq!(supply.sample(at(3), None, Some(4700)), Gate::OPEN);
        assert_eq!(supply.sample(at(5), None, Some(4700)).at_most, Share::NONE);
    }
}
