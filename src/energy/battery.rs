//! The battery gate: on battery, work waits for mains.
//!
//! On mains everything may run, less while a low battery is being charged. On battery nothing runs unless its owner
//! allows a trickle; then only above a level with hysteresis, and for a budget of two percent of the battery an hour.
//! Below a critical level nothing runs at all. A charge that falls although a charger is connected means that the
//! charger is too weak, and counts as battery; gauges have steps of one percent and stick, so that it takes two steps.
//!
//! Unread supplies never allow more than before. Whether a hint of surplus energy may lift this gate is part of its
//! outcome: only where the battery is merely being charged. Not here: reading supplies (`energy::board::source`).

use super::board::source::{Battery, Flow, Source, Supplies};
use super::fraction::Fraction;
use super::reason::{Gate, Reason};
use crate::base::time::{Duration, Instant};

/// Percent below which work on battery stops, and from which it starts again.
const STOP: u8 = 40;
/// See `STOP`.
const RESTART: u8 = 60;
/// Percent below which nothing runs, whatever feeds the device.
const CRITICAL: u8 = 15;
/// Percent between which work rises with the charge, from a quarter to all.
const CHARGE: (u8, u8) = (30, 80);
/// While it is unknown whether the battery is charged or discharged: as little as on a low charge.
const UNKNOWN: Fraction = Fraction::TRICKLE;
/// A charger is too weak where the charge falls by more than this many percent in `WATCHED`.
const WEAK_PERCENT: f64 = 0.5;
/// See `WEAK_PERCENT`.
const WATCHED: Duration = Duration::from_secs(600);
/// And by at least this many: gauges have steps of one percent, and one step is no slope.
const WEAK_STEPS: f64 = 2.0;
/// After this long the fall is measured again from here: two steps in more time are less than `WEAK_PERCENT`.
const WATCHED_MAX: Duration = Duration::from_secs(2400);
/// Part of a full battery that an hour of work on battery may cost.
const HOURLY: f64 = 0.02;
/// Watts of a core where neither the table nor a calibration knows the device: it may be a laptop, whose cores take 5
/// to 8 W. A board that takes less works less on its battery than it could.
const CORE_WATTS: f64 = 8.0;

/// What the owner chose.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// May a trickle run on battery, above the level?
    pub trickle_on_battery: bool,
}

/// The gate with its memory.
#[derive(Clone, Debug)]
pub struct BatteryGate {
    settings: Settings,
    cores: usize,
    core_watts: f64,
    /// The charge is above the level, with hysteresis.
    above: bool,
    /// Mains and flow while the charge was watched.
    fed: Option<(Option<bool>, Flow)>,
    /// The charge from which a fall is measured.
    reference: Option<(Instant, u8)>,
    falls: bool,
    /// A battery was seen.
    seen: bool,
    /// The last outcome with supplies that were read.
    last: Option<GateOutcome>,
}

/// The gate, and whether it is one that no hint may lift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateOutcome {
    /// At most this.
    pub gate: Gate,
    /// Surplus energy may lift it: the battery is only being charged.
    pub may_be_lifted: bool,
    /// What feeds the device.
    pub source: Source,
}

impl BatteryGate {
    /// A gate for a device of this many cores.
    #[must_use]
    pub fn new(cores: usize, core_watts: Option<f64>, settings: Settings) -> Self {
        let mut gate = Self {
            settings,
            cores,
            core_watts: CORE_WATTS,
            above: false,
            fed: None,
            reference: None,
            falls: false,
            seen: false,
            last: None,
        };
        gate.set_core_watts(core_watts);
        gate
    }

    /// Watts of a core, where they are known: from the table, or better, measured.
    pub fn set_core_watts(&mut self, core_watts: Option<f64>) {
        if let Some(watts) = core_watts.filter(|watts| *watts > 0.0 && watts.is_finite()) {
            self.core_watts = watts;
        }
    }

    /// Takes the supplies; `None`: the files could not be read.
    pub fn sample(&mut self, now: Instant, supplies: Option<Supplies>) -> GateOutcome {
        let Some(supplies) = supplies else { return self.unread() };
        let outcome = self.evaluate(now, &supplies);
        self.last = Some(outcome);
        outcome
    }

    /// Nothing could be read: no more than before, and a trickle at most where a battery may be emptied meanwhile.
    fn unread(&self) -> GateOutcome {
        let unknown = Gate { at_most: UNKNOWN, reason: Reason::BatteryUnknown };
        let Some(last) = self.last else {
            return GateOutcome { gate: unknown, may_be_lifted: false, source: Source::Unknown };
        };
        let gate = if self.seen { last.gate.and(unknown) } else { last.gate };
        let source = if self.seen { last.source.min(Source::Unknown) } else { last.source };
        GateOutcome { gate, may_be_lifted: false, source }
    }

    fn evaluate(&mut self, now: Instant, supplies: &Supplies) -> GateOutcome {
        let outcome =
            |at_most, reason, source| GateOutcome { gate: Gate::at(at_most, reason), may_be_lifted: false, source };
        let Some(battery) = supplies.battery else { return outcome(Fraction::ALL, Reason::Free, Source::Ac) };
        self.seen = true;
        self.watch(now, supplies.mains, battery);
        let source = self.source(supplies);
        if battery.critical || battery.percent.is_some_and(|percent| percent < CRITICAL) {
            return outcome(Fraction::NONE, Reason::BatteryLow, source);
        }
        match source {
            // A weak charger never allows less than no charger.
            Source::Battery if supplies.mains == Some(true) => {
                outcome(self.on_battery(battery), Reason::WeakCharger, source)
            }
            Source::Battery => outcome(self.on_battery(battery), Reason::OnBattery, source),
            Source::Unknown => outcome(UNKNOWN, Reason::BatteryUnknown, source),
            Source::Ac => {
                let gate = Gate::at(on_mains(battery), Reason::Charging);
                GateOutcome { gate, may_be_lifted: true, source }
            }
        }
    }

    /// A charge that falls means that the battery is emptied, whatever its status. A charge that stands means nothing:
    /// gauges stick.
    fn source(&self, supplies: &Supplies) -> Source {
        if self.falls { Source::Battery } else { supplies.source() }
    }

    /// Watches the charge, to notice a fall that no status reports.
    fn watch(&mut self, now: Instant, mains: Option<bool>, battery: Battery) {
        // A fall before a charger was connected says nothing about that charger.
        if self.fed.replace((mains, battery.flow)) != Some((mains, battery.flow)) {
            (self.reference, self.falls) = (None, false);
        }
        let Some(percent) = battery.percent else { return };
        // The hysteresis follows the charge, whatever feeds the device meanwhile.
        self.above = if self.above { percent >= STOP } else { percent >= RESTART };
        let Some((since, before)) = self.reference else {
            self.reference = Some((now, percent));
            return;
        };
        let passed = now.since(since);
        let lost = f64::from(before) - f64::from(percent);
        if lost < 0.0 {
            (self.reference, self.falls) = (Some((now, percent)), false);
        } else if passed >= WATCHED
            && lost >= WEAK_STEPS
            && lost * WATCHED.as_secs_f64() / passed.as_secs_f64() > WEAK_PERCENT
        {
            (self.reference, self.falls) = (Some((now, percent)), true);
        } else if passed >= WATCHED_MAX {
            (self.reference, self.falls) = (Some((now, percent)), false);
        }
    }

    fn on_battery(&self, battery: Battery) -> Fraction {
        if !self.settings.trickle_on_battery || !self.above {
            return Fraction::NONE;
        }
        // Watt-hours of a full battery times a part an hour are watts.
        let budget = battery.full_uwh.map_or(0.0, |full| full as f64 * 1e-6 * HOURLY);
        let device = self.core_watts * self.cores.max(1) as f64;
        Fraction::TRICKLE.min(Fraction::new(budget / device))
    }
}

fn on_mains(battery: Battery) -> Fraction {
    let (low, high) = CHARGE;
    match battery.percent {
        _ if battery.flow != Flow::Charging => Fraction::ALL,
        None => Fraction::TRICKLE,
        Some(percent) => {
            let risen = (f64::from(percent) - f64::from(low)) / f64::from(high - low);
            Fraction::new(risen.clamp(0.0, 1.0).mul_add(0.75, 0.25))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    fn supplies(mains: Option<bool>, flow: Flow, percent: u8) -> Option<Supplies> {
        let battery = Battery { flow, percent: Some(percent), full_uwh: Some(50_000_000), ..Battery::default() };
        Some(Supplies { mains, battery: Some(battery) })
    }

    #[test]
    fn unplugging_stops_everything_at_the_next_sample() {
        let mut gate = BatteryGate::new(4, None, Settings::default());
        let charged = gate.sample(at(0), supplies(Some(true), Flow::Resting, 90));
        assert_eq!((charged.gate, charged.source), (Gate::OPEN, Source::Ac));
        let unplugged = gate.sample(at(1), supplies(Some(false), Flow::Discharging, 90));
        assert_eq!((unplugged.gate.at_most, unplugged.gate.reason), (Fraction::NONE, Reason::OnBattery));
    }

    #[test]
    fn a_charge_that_wanders_between_the_levels_switches_at_most_once_each_way() {
        let mut gate = BatteryGate::new(4, None, Settings { trickle_on_battery: true });
        let walk = (39..=61).chain((39..61).rev()).chain(40..=61).chain((45..61).rev());
        let mut runs = Vec::new();
        for (step, percent) in walk.enumerate() {
            let outcome = gate.sample(at(step as u64 * 60), supplies(Some(false), Flow::Discharging, percent));
            runs.push(outcome.gate.at_most > Fraction::NONE);
        }
        let changes = runs.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert_eq!(changes, 3, "on at 60, off at 39, on at 60 again and no more");
        let mut up = BatteryGate::new(4, None, Settings { trickle_on_battery: true });
        let mut on = |percent| up.sample(at(0), supplies(Some(false), Flow::Discharging, percent)).gate.at_most;
        assert!(
            (39..60).all(|percent| on(percent) == Fraction::NONE) && on(60) > Fraction::NONE && on(40) > Fraction::NONE
        );
        assert_eq!(on(39), Fraction::NONE);
    }

    #[test]
    fn work_rises_with_the_charge_and_a_nearly_empty_battery_stops_it() {
        let mut gate = BatteryGate::new(4, None, Settings::default());
        let mut on = |percent| gate.sample(at(0), supplies(Some(true), Flow::Charging, percent)).gate.at_most.value();
        assert_eq!([on(14), on(15), on(30), on(80), on(100)], [0.0, 0.25, 0.25, 1.0, 1.0]);
        assert!((on(55) - 0.625).abs() < 1e-9);
    }

    #[test]
    fn a_charger_that_gives_too_little_is_noticed() {
        let mut gate = BatteryGate::new(4, None, Settings::default());
        let mut last = None;
        for minute in 0..40 {
            let percent = 90 - u8::try_from(minute / 10).unwrap();
            last = Some(gate.sample(at(minute * 60), supplies(Some(true), Flow::Resting, percent)));
        }
        assert_eq!(last.map(|outcome| outcome.gate.reason), Some(Reason::WeakCharger));
        let risen = gate.sample(at(41 * 60), supplies(Some(true), Flow::Charging, 88));
        assert_ne!(risen.gate.reason, Reason::WeakCharger, "a charge that rises ends it");
    }

    #[test]
    fn a_little_on_battery_costs_at_most_two_percent_of_it_an_hour() {
        let mut gate = BatteryGate::new(4, Some(0.9), Settings { trickle_on_battery: true });
        let outcome = gate.sample(at(0), supplies(Some(false), Flow::Discharging, 90));
        // 50 Wh a battery: 1 W of 3.6 W; more than the trickle of a quarter.
        assert_eq!(outcome.gate.at_most, Fraction::TRICKLE);
        let mut laptop = BatteryGate::new(8, Some(5.0), Settings { trickle_on_battery: true });
        let outcome = laptop.sample(at(0), supplies(Some(false), Flow::Discharging, 90));
        assert!((outcome.gate.at_most.value() - 1.0 / 40.0).abs() < 1e-9);
    }

    #[test]
    fn a_charge_that_fell_on_battery_is_no_weak_charger_after_plugging_in_and_one_step_is_no_slope() {
        let mut gate = BatteryGate::new(4, None, Settings::default());
        gate.sample(at(0), supplies(Some(false), Flow::Discharging, 79));
        gate.sample(at(700), supplies(Some(false), Flow::Discharging, 78));
        for second in (800..4000).step_by(100) {
            let percent = if second < 2000 { 78 } else { 77 };
            let plugged = gate.sample(at(second), supplies(Some(true), Flow::Resting, percent));
            assert_eq!((plugged.gate, plugged.source), (Gate::OPEN, Source::Ac), "after {second} s");
        }
    }

    #[test]
    fn on_a_charger_that_is_too_weak_as_little_runs_as_on_battery_and_no_less() {
        let mut gate = BatteryGate::new(4, Some(0.9), Settings { trickle_on_battery: true });
        let mut on = |mains| gate.sample(at(0), supplies(Some(mains), Flow::Discharging, 90)).gate;
        assert_eq!((on(false).at_most, on(true).at_most), (Fraction::TRICKLE, Fraction::TRICKLE));
        assert_eq!(on(true).reason, Reason::WeakCharger);
    }

    #[test]
    fn an_unknown_core_is_taken_for_a_laptop_s_until_it_is_measured() {
        let mut gate = BatteryGate::new(8, None, Settings { trickle_on_battery: true });
        let on = |gate: &mut BatteryGate| gate.sample(at(0), supplies(Some(false), Flow::Discharging, 90)).gate.at_most;
        // 1 W an hour of a battery of 50 Wh, of 64 W.
        assert!((on(&mut gate).value() - 1.0 / 64.0).abs() < 1e-9);
        gate.set_core_watts(Some(0.5));
        assert_eq!(on(&mut gate), Fraction::TRICKLE);
        gate.set_core_watts(Some(f64::NAN));
        assert_eq!(on(&mut gate), Fraction::TRICKLE, "NaN is ignored");
    }

    #[test]
    fn supplies_that_cannot_be_read_never_allow_more_than_before() {
        let mut gate = BatteryGate::new(4, None, Settings::default());
        let unread = |gate: &mut BatteryGate| gate.sample(at(9), None);
        assert_eq!(unread(&mut gate).gate, Gate::at(UNKNOWN, Reason::BatteryUnknown));
        gate.sample(at(0), Some(Supplies::default()));
        assert_eq!(unread(&mut gate).gate, Gate::OPEN, "there never was a battery");
        gate.sample(at(0), supplies(Some(true), Flow::Resting, 90));
        assert_eq!(unread(&mut gate).gate, Gate::at(UNKNOWN, Reason::BatteryUnknown));
        for (supplies, reason) in [
            (supplies(Some(false), Flow::Discharging, 90), Reason::OnBattery),
            (supplies(Some(true), Flow::Charging, 5), Reason::BatteryLow),
        ] {
            gate.sample(at(0), supplies);
            let outcomes = [unread(&mut gate), unread(&mut gate)];
            assert!(outcomes.iter().all(|outcome| outcome.gate == Gate::at(Fraction::NONE, reason)), "{outcomes:?}");
            assert!(outcomes.iter().all(|outcome| outcome.source != Source::Ac && !outcome.may_be_lifted));
        }
    }
}
