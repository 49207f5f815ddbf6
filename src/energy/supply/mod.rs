//! The supply gate: work stops when the voltage falls, and a supply that falls often is too weak.
//!
//! The first fall of the voltage stops all work for a minute and holds it to a trickle for ten more; a further one
//! within a day doubles both. The third fall within a day takes one worker for good, until the owner says that the
//! supply is another one. `voltage` decides from the firmware's alarm (`rpi_volt`) and a measured 5 V input whether the
//! voltage is too low, `falls` counts.
//!
//! Unknown changes nothing: an alarm that cannot be read now has not ended, and when it is seen again it is no second
//! fall. Falls are counted in running time, over restarts too, so that a supply so weak that the board restarts at each
//! fall is found out. No wall clock is needed; a board that runs an hour a day needs 24 days for a day of running.
//! Not here: reading the sensors (`platform::sysfs`), and which rail is the input (`energy::board`).

mod falls;
mod voltage;

use super::doubt::Doubts;
use super::fraction::Fraction;
use super::reason::{Gate, Reason};
use crate::base::time::{Duration, Instant};
use falls::{FALLS, FallHistory};
use voltage::Voltage;

pub use falls::Falls;

/// Nothing runs for this long after the voltage fell; twice as long after a further fall within a day.
const HOLD: Duration = Duration::from_secs(60);
/// Then a trickle for this long; doubled likewise.
const TRICKLE: Duration = Duration::from_secs(600);

/// The gate with its memory.
#[derive(Clone, Debug)]
pub struct Supply {
    cores: usize,
    worker_cap: usize,
    voltage: Voltage,
    history: FallHistory,
    hold_until: Option<Instant>,
    trickle_until: Option<Instant>,
}

impl Supply {
    /// A gate for this many cores; `learned` is the worker cap of an earlier run, `earlier` are its falls.
    #[must_use]
    pub fn new(cores: usize, learned: Option<usize>, earlier: Falls) -> Self {
        Self {
            cores,
            // An earlier version took more than one worker, and a board may have other cores now.
            worker_cap: learned.unwrap_or(cores).clamp(one_less(cores), cores.max(1)),
            voltage: Voltage::default(),
            history: FallHistory::new(earlier),
            hold_until: None,
            trickle_until: None,
        }
    }

    /// The learned cap of workers, where one was learned; to be stored over a restart.
    #[must_use]
    pub fn learned(&self) -> Option<usize> {
        (self.worker_cap < self.cores).then_some(self.worker_cap)
    }

    /// The falls of the last day; to be stored over a restart, at once where they became more.
    #[must_use]
    pub fn falls(&self) -> Falls {
        self.history.stored()
    }

    /// The owner says that this is another supply: nothing that the old one did counts any more.
    pub fn forget(&mut self) {
        self.worker_cap = self.cores.max(1);
        self.history.clear();
    }

    /// What is doubted, as of the last sample.
    #[must_use]
    pub const fn doubts(&self) -> Doubts {
        self.voltage.doubts()
    }

    /// Takes the alarm and the measured input. Unknown from the start they leave the gate open; unknown later they
    /// leave it as it was.
    pub fn sample(&mut self, now: Instant, alarm: Option<bool>, millivolts: Option<u32>) -> Gate {
        self.history.run(now);
        if self.voltage.take(now, alarm, millivolts) {
            self.on_fall(now);
        }
        self.gate(now)
    }

    fn on_fall(&mut self, now: Instant) {
        let count = self.history.add(now);
        let times = if count > 1 { 2 } else { 1 };
        self.hold_until = Some(now + HOLD * times);
        self.trickle_until = Some(now + (HOLD + TRICKLE) * times);
        if count >= FALLS {
            self.worker_cap = one_less(self.cores);
        }
    }

    fn gate(&self, now: Instant) -> Gate {
        let within = |until: Option<Instant>| until.is_some_and(|until| now < until);
        if self.voltage.is_believed(now) || within(self.hold_until) {
            return Gate::at(Fraction::NONE, Reason::UnderVoltage);
        }
        let weak = Gate::at(Fraction::of(self.worker_cap, self.cores), Reason::WeakSupply);
        let slow = if self.voltage.is_fallen() || within(self.trickle_until) {
            Gate::at(Fraction::TRICKLE, Reason::UnderVoltage)
        } else {
            Gate::OPEN
        };
        slow.and(weak)
    }
}

/// One worker less than there are cores, and at least one. Never fewer: where the voltage still falls then, another
/// worker less would not help.
fn one_less(cores: usize) -> usize {
    cores.saturating_sub(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::doubt::Doubt;

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
        assert_eq!(gates.iter().filter(|at_most| **at_most == Fraction::NONE).count(), 60);
        assert_eq!(gates.iter().filter(|at_most| **at_most == Fraction::TRICKLE).count(), 600);
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
        assert_eq!(supply.sample(at(599), None, None).at_most, Fraction::NONE, "no reading says that it is over");
        assert_eq!(
            supply.sample(at(605), None, None).at_most,
            Fraction::TRICKLE,
            "and for ten minutes none confirmed it"
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
        assert_eq!(Supply::new(4, Some(1), Falls::default()).learned(), Some(3), "an earlier version took three");
        assert_eq!(Supply::new(2, Some(3), Falls::default()).learned(), None, "learned on more cores");
    }

    #[test]
    fn falls_that_each_end_in_a_restart_add_up_and_those_of_another_day_do_not() {
        let mut stored = Falls::default();
        for n in 0..3 {
            let mut supply = Supply::new(4, None, stored);
            supply.sample(at(0), Some(false), None);
            fall(&mut supply, 3600);
            assert_eq!(supply.learned(), (n == 2).then_some(3), "restart {n}");
            stored = supply.falls();
        }
        assert_eq!(stored.count, 2, "no more is stored");
        // Twenty sessions of two hours without a fall.
        for _ in 0..20 {
            let mut supply = Supply::new(4, None, stored);
            supply.sample(at(5), Some(false), None);
            supply.sample(at(7205), Some(false), None);
            stored = supply.falls();
        }
        assert_eq!(stored, Falls::default());
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

    #[test]
    fn an_input_that_the_alarm_contradicts_is_not_the_supply_s() {
        let mut supply = supply();
        for second in 0..100 {
            assert_eq!(supply.sample(at(second), Some(false), Some(4150)), Gate::OPEN, "a lithium cell");
        }
        assert!(supply.doubts().has(Doubt::Input));
        assert_eq!(supply.sample(at(100), Some(false), Some(4700)), Gate::OPEN);
        assert_eq!(
            supply.sample(at(102), Some(false), Some(4700)).at_most,
            Fraction::NONE,
            "above the alarm's threshold"
        );
        let mut unknown = self::supply();
        unknown.sample(at(0), None, Some(4150));
        assert_eq!(unknown.sample(at(3), None, Some(4150)).at_most, Fraction::NONE, "nothing contradicts it");
    }

    #[test]
    fn an_alarm_that_a_good_measurement_contradicts_for_ten_minutes_is_not_believed() {
        let mut supply = supply();
        let gates: Vec<Gate> = (0..1500).map(|s| supply.sample(at(s), Some(true), Some(5100))).collect();
        assert_eq!((gates[0].at_most, gates[599].at_most), (Fraction::NONE, Fraction::NONE));
        assert!(supply.doubts().has(Doubt::Alarm));
        assert_eq!(gates[1499], Gate::OPEN, "after the hold and the trickle of the fall");
        assert_eq!(supply.sample(at(1500), Some(true), Some(4800)).at_most, Fraction::NONE, "not good any more");
        let mut unmeasured = self::supply();
        let last = (0..5000).map(|s| unmeasured.sample(at(s), Some(true), None)).last();
        assert_eq!(last.map(|gate| gate.at_most), Some(Fraction::NONE));
    }
}
