//! The supply gate (4.3): a voltage that falls stops the work, and a supply that falls often is too weak.
//!
//! What is unknown changes nothing: an alarm that cannot be read now has not ended, and what follows it is no second
//! fall. Falls are counted in time of running, over restarts too: a supply so weak that the board starts again at each
//! fall is learned all the same. No wall clock is asked for it; a board that runs an hour a day counts a day in 24 of
//! them.

use super::fraction::Fraction;
use super::reason::{Gate, Reason};
use crate::base::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

/// Nothing runs for this long after the voltage fell; twice as long after a second time within `DAY`.
const HOLD: Duration = Duration::from_secs(60);
/// Then little, for this long; doubled likewise.
const TRICKLE: Duration = Duration::from_secs(600);
/// Falls within this time count together.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The third fall in a day costs a worker for good. One only: what falls then is no matter of one core more.
const FALLS: usize = 3;
/// Millivolts below which a measured 5 V input is as bad as the alarm, for this long.
const LOW_MILLIVOLTS: u32 = 4750;
/// See `LOW_MILLIVOLTS`.
const LOW_FOR: Duration = Duration::from_secs(2);
/// Low values further apart than this, two idle samples and a little, are not one fall.
const LOW_APART: Duration = Duration::from_secs(12);
/// An alarm that nobody repeats is believed for this long; after that it only hinders a second fall from being counted.
const BELIEVED: Duration = Duration::from_secs(600);

/// The falls that are kept over a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Falls {
    /// How many within a day of running, at most 2: the third is learned otherwise.
    pub count: u8,
    /// Seconds of running since the last of them.
    pub age_s: u32,
}

/// The gate with its memory.
#[derive(Clone, Debug)]
pub struct Supply {
    cores: usize,
    worker_cap: usize,
    /// The alarm and the measured input, as they were last known.
    alarm: bool,
    low: bool,
    alarmed: bool,
    /// When one of them was last known.
    heard: Option<Instant>,
    /// Since when the input is low, and when it was last seen so.
    low_since: Option<(Instant, Instant)>,
    falls: heapless::Deque<Instant, FALLS>,
    /// Those of an earlier run, and since when this one counts.
    earlier: Falls,
    began: Option<Instant>,
    last: Instant,
    hold_until: Option<Instant>,
    trickle_until: Option<Instant>,
}

impl Supply {
    /// A gate for this many cores; `learned` is the worker cap of an earlier run, `earlier` are its falls.
    #[must_use]
    pub fn new(cores: usize, learned: Option<usize>, earlier: Falls) -> Self {
        let least = cores.saturating_sub(1).max(1);
        Self {
            cores,
            // An earlier program took more than one, and a board may have other cores now.
            worker_cap: learned.unwrap_or(cores).clamp(least, cores.max(1)),
            alarm: false,
            low: false,
            alarmed: false,
            heard: None,
            low_since: None,
            falls: heapless::Deque::new(),
            earlier,
            began: None,
            last: Instant::ZERO,
            hold_until: None,
            trickle_until: None,
        }
    }

    /// The learned cap of workers, where one was learned; to be kept over a restart.
    #[must_use]
    pub fn learned(&self) -> Option<usize> {
        (self.worker_cap < self.cores).then_some(self.worker_cap)
    }

    /// The falls of the last day; to be kept over a restart, at once where they became more.
    #[must_use]
    pub fn falls(&self) -> Falls {
        let own = self.falls.iter().filter(|at| self.last.since(**at) <= DAY).count();
        let count = (own + self.earlier_falls(self.last)).min(FALLS - 1);
        let since = self.falls.back().map_or_else(|| self.earlier_age(self.last), |at| self.last.since(*at));
        if count == 0 {
            return Falls::default();
        }
        Falls { count: u8::try_from(count).unwrap_or(0), age_s: u32::try_from(since.as_secs()).unwrap_or(u32::MAX) }
    }

    /// Its owner says that this is another supply: nothing that the old one did counts any more.
    pub fn forget(&mut self) {
        self.worker_cap = self.cores.max(1);
        self.falls.clear();
        self.earlier = Falls::default();
    }

    /// Takes the alarm (`rpi_volt`) and the measured input. Unknown from the start they leave the gate open; unknown
    /// later they leave it as it was.
    pub fn sample(&mut self, now: Instant, alarm: Option<bool>, millivolts: Option<u32>) -> Gate {
        self.last = now;
        self.began.get_or_insert(now);
        if let Some(volts) = millivolts {
            self.measure(now, volts < LOW_MILLIVOLTS);
        }
        self.alarm = alarm.unwrap_or(self.alarm);
        if alarm.is_some() || millivolts.is_some() {
            self.heard = Some(now);
        }
        let alarmed = self.low || self.alarm;
        if alarmed && !self.alarmed {
            self.fell(now);
        }
        self.alarmed = alarmed;
        self.gate(now)
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

    fn fell(&mut self, now: Instant) {
        while self.falls.front().is_some_and(|at| now.since(*at) > DAY) || self.falls.is_full() {
            self.falls.pop_front();
        }
        let _ = self.falls.push_back(now);
        let count = self.falls.len() + self.earlier_falls(now);
        let times = if count > 1 { 2 } else { 1 };
        self.hold_until = Some(now + HOLD * times);
        self.trickle_until = Some(now + (HOLD + TRICKLE) * times);
        if count >= FALLS {
            self.worker_cap = self.cores.saturating_sub(1).max(1);
        }
    }

    /// How long ago, in running, the last fall of an earlier run was.
    fn earlier_age(&self, now: Instant) -> Duration {
        let run = self.began.map_or(Duration::ZERO, |began| now.since(began));
        Duration::from_secs(u64::from(self.earlier.age_s)).saturating_add(run)
    }

    fn earlier_falls(&self, now: Instant) -> usize {
        if self.earlier_age(now) <= DAY { usize::from(self.earlier.count).min(FALLS - 1) } else { 0 }
    }

    fn gate(&self, now: Instant) -> Gate {
        let within = |until: Option<Instant>| until.is_some_and(|until| now < until);
        let believed = self.alarmed && self.heard.is_some_and(|at| now.since(at) <= BELIEVED);
        if believed || within(self.hold_until) {
            return Gate::at(Fraction::NONE, Reason::UnderVoltage);
        }
        let weak = Gate::at(Fraction::of(self.worker_cap, self.cores), Reason::WeakSupply);
        let slow = if self.alarmed || within(self.trickle_until) {
            Gate::at(Fraction::TRICKLE, Reason::UnderVoltage)
        } else {
            Gate::OPEN
        };
        slow.and(weak)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    fn supply() -> Supply {
        Supply::new(4, None, Falls::default())
    }

    /// A fall of two seconds.
    fn fall(supply: &mut Supply, second: u64) {
        supply.sample(at(second), Some(true), None);
        supply.sample(at(second + 2), Some(false), None);
    }

    #[test]
    fn one_blip_is_exactly_one_hold_and_then_a_trickle() {
        let mut supply = supply();
        assert_eq!(supply.sample(at(0), Some(false), None), Gate::OPEN);
        let gates: Vec<Fraction> = (1..800).map(|s| supply.sample(at(s), Some(s == 1), None).at_most).collect();
        assert_eq!(gates.iter().filter(|share| **share == Fraction::NONE).count(), 60);
        assert_eq!(gates.iter().filter(|share| **share == Fraction::TRICKLE).count(), 600);
        assert_eq!(gates.last(), Some(&Fraction::ALL));
        assert_eq!(supply.learned(), None);
    }

    #[test]
    fn an_alarm_that_cannot_be_read_now_is_neither_over_nor_a_second_one() {
        let mut supply = supply();
        let alarms = [Some(true), None, Some(true), None, Some(true)];
        for (second, alarm) in alarms.into_iter().enumerate() {
            assert_eq!(supply.sample(at(second as u64), alarm, None).at_most, Fraction::NONE);
        }
        assert_eq!((supply.falls().count, supply.learned()), (1, None));
        assert_eq!(supply.sample(at(599), None, None).at_most, Fraction::NONE, "nobody said that it is over");
        assert_eq!(
            supply.sample(at(605), None, None).at_most,
            Fraction::TRICKLE,
            "nor that it is not, for ten minutes"
        );
        assert_eq!(supply.sample(at(5000), Some(false), None), Gate::OPEN);
    }

    #[test]
    fn three_falls_in_a_day_cost_one_worker_for_good_and_each_after_the_first_doubles_the_holds() {
        let mut supply = supply();
        for n in 0..6 {
            fall(&mut supply, n * 3600);
            let held = supply.sample(at(n * 3600 + 100), Some(false), None).at_most;
            assert_eq!(held, if n == 0 { Fraction::TRICKLE } else { Fraction::NONE }, "fall {n}");
            assert_eq!(supply.learned(), (n >= 2).then_some(3), "one worker and no more");
        }
        let mut again = Supply::new(4, supply.learned(), supply.falls());
        let gate = again.sample(at(0), Some(false), None);
        assert_eq!((gate.at_most, gate.reason), (Fraction::of(3, 4), Reason::WeakSupply));
        again.forget();
        assert_eq!((again.sample(at(1), Some(false), None), again.learned()), (Gate::OPEN, None), "another supply");
        assert_eq!(Supply::new(4, Some(1), Falls::default()).learned(), Some(3), "what an earlier program took");
        assert_eq!(Supply::new(2, Some(3), Falls::default()).learned(), None, "learned on more cores");
    }

    #[test]
    fn falls_that_each_end_in_a_restart_add_up_and_those_of_another_day_do_not() {
        let mut kept = Falls::default();
        for n in 0..3 {
            let mut supply = Supply::new(4, None, kept);
            supply.sample(at(0), Some(false), None);
            fall(&mut supply, 3600);
            assert_eq!(supply.learned(), (n == 2).then_some(3), "restart {n}");
            kept = supply.falls();
        }
        assert_eq!(kept.count, 2, "no more is kept");
        // Twenty sessions of two hours without a fall.
        for _ in 0..20 {
            let mut supply = Supply::new(4, None, kept);
            supply.sample(at(5), Some(false), None);
            supply.sample(at(7205), Some(false), None);
            kept = supply.falls();
        }
        assert_eq!(kept, Falls::default());
    }

    #[test]
    fn falls_on_different_days_do_not_add_up() {
        let mut supply = supply();
        (0..9).for_each(|n| fall(&mut supply, n * 13 * 3600));
        assert_eq!(supply.learned(), None);
    }

    #[test]
    fn a_low_input_for_two_seconds_is_an_alarm_whatever_is_missing_between_and_no_reading_is_none() {
        let mut supply = supply();
        assert_eq!(supply.sample(at(0), None, None), Gate::OPEN);
        assert_eq!(supply.sample(at(1), None, Some(4700)), Gate::OPEN);
        assert_eq!(supply.sample(at(2), None, Some(4900)), Gate::OPEN);
        assert_eq!(supply.sample(at(3), None, Some(4700)), Gate::OPEN);
        assert_eq!(supply.sample(at(4), None, None), Gate::OPEN);
        assert_eq!(supply.sample(at(5), None, Some(4700)).at_most, Fraction::NONE);
        let mut slow = self::supply();
        slow.sample(at(0), None, Some(4700));
        assert_eq!(slow.sample(at(3600), None, Some(4700)), Gate::OPEN, "an hour apart is not for two seconds");
    }
}
