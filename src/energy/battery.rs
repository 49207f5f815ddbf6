//! The battery gate (4.4): work waits for mains, and comes back by two levels, so that nothing flaps.

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
/// While there is a battery that does not say which way it goes. Not of 4.4: as little as on a low charge.
const UNKNOWN: Fraction = Fraction::TRICKLE;
/// A charger is too weak where the charge falls by more than this many percent in `WATCHED` (4.4).
const WEAK_PERCENT: f64 = 0.5;
/// See `WEAK_PERCENT`.
const WATCHED: Duration = Duration::from_secs(600);
/// And by this many at least: gauges have steps of one percent, and one step is no slope.
const WEAK_STEPS: f64 = 2.0;
/// After this long, the fall is measured afresh: two steps in more time are no slope of half a percent in `WATCHED`.
const WATCHED_MAX: Duration = Duration::from_secs(2400);
/// Of a full battery, what an hour of work on battery may cost (4.4).
const HOURLY: f64 = 0.02;
/// Watts of a core where neither the table nor a calibration knows the device: it may be a laptop, whose cores take 5
/// to 8 W. The careful end: a board of less works less on its battery than it might.
const CORE_WATTS: f64 = 8.0;

/// What the owner chose.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// May a little run on battery, above the levels?
    pub trickle_on_battery: bool,
}

/// The gate with its memory.
#[derive(Clone, Debug)]
pub struct BatteryGate {
    settings: Settings,
    cores: usize,
    core_watts: f64,
    above: bool,
    /// What fed the device while the charge was watched.
    fed: Option<(Option<bool>, Flow)>,
    mark: Option<(Instant, u8)>,
    falls: bool,
    /// A battery was seen.
    seen: bool,
    /// The last word that the supplies themselves gave.
    last: Option<GateOutcome>,
}

/// The gate, and whether it is one that no hint may lift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateOutcome {
    /// At most this.
    pub gate: Gate,
    /// Surplus energy may lift it: the battery is only being charged.
    pub may_be_lifted: bool,
    /// What feeds the device, as judged.
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
            mark: None,
            falls: false,
            seen: false,
            last: None,
        };
        gate.know_watts(core_watts);
        gate
    }

    /// Watts of a core, where they are known: of the table, or better, as they were measured.
    pub fn know_watts(&mut self, core_watts: Option<f64>) {
        if let Some(watts) = core_watts.filter(|watts| *watts > 0.0 && watts.is_finite()) {
            self.core_watts = watts;
        }
    }

    /// Takes what the supplies say; `None`: the files could not be read.
    pub fn sample(&mut self, now: Instant, supplies: Option<Supplies>) -> GateOutcome {
        let Some(supplies) = supplies else { return self.unread() };
        let word = self.evaluate(now, &supplies);
        self.last = Some(word);
        word
    }

    /// Nothing could be read: no more than before, and little where there is a battery that may be emptied meanwhile.
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
        let word =
            |at_most, reason, source| GateOutcome { gate: Gate::at(at_most, reason), may_be_lifted: false, source };
        let Some(battery) = supplies.battery else { return word(Fraction::ALL, Reason::Free, Source::Ac) };
        self.seen = true;
        self.watch(now, supplies.mains, battery);
        let source = self.judge(supplies);
        if battery.critical || battery.percent.is_some_and(|percent| percent < CRITICAL) {
            return word(Fraction::NONE, Reason::BatteryLow, source);
        }
        match source {
            // A charger that helps a little never means less than none.
            Source::Battery if supplies.mains == Some(true) => {
                word(self.on_battery(battery), Reason::WeakCharger, source)
            }
            Source::Battery => word(self.on_battery(battery), Reason::OnBattery, source),
            Source::Unknown => word(UNKNOWN, Reason::BatteryUnknown, source),
            Source::Ac => {
                let gate = Gate::at(on_mains(battery), Reason::Charging);
                GateOutcome { gate, may_be_lifted: true, source }
            }
        }
    }

    /// A charge that falls is being emptied, whatever the status says. A charge that stands says nothing: gauges
    /// stick (1.5).
    fn judge(&self, supplies: &Supplies) -> Source {
        if self.falls { Source::Battery } else { supplies.source() }
    }

    /// Remembers a charge, and notices one that falls although nothing says "discharging".
    fn watch(&mut self, now: Instant, mains: Option<bool>, battery: Battery) {
        // A charge that fell while nothing fed it says nothing of the charger that feeds it now.
        if self.fed.replace((mains, battery.flow)) != Some((mains, battery.flow)) {
            (self.mark, self.falls) = (None, false);
        }
        let Some(percent) = battery.percent else { return };
        // Two levels with a memory, whatever feeds the device meanwhile.
        self.above = if self.above { percent >= STOP } else { percent >= RESTART };
        let Some((since, before)) = self.mark else {
            self.mark = Some((now, percent));
            return;
        };
        let passed = now.since(since);
        let lost = f64::from(before) - f64::from(percent);
        if lost < 0.0 {
            (self.mark, self.falls) = (Some((now, percent)), false);
        } else if passed >= WATCHED
            && lost >= WEAK_STEPS
            && lost * WATCHED.as_secs_f64() / passed.as_secs_f64() > WEAK_PERCENT
        {
            (self.mark, self.falls) = (Some((now, percent)), true);
        } else if passed >= WATCHED_MAX {
            (self.mark, self.falls) = (Some((now, percent)), false);
        }
    }

    fn on_battery(&self, battery: Battery) -> Fraction {
        if !self.settings.trickle_on_battery || !self.above {
            return Fraction::NONE;
        }
        // Microwatt-hours times a share an hour are microwatts.
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
    fn a_charge_that_walks_between_the_levels_switches_at_most_once_each_way() {
        let mut gate = BatteryGate::new(4, None, Settings { trickle_on_battery: true });
        let walk = (39..=61).chain((39..61).rev()).chain(40..=61).chain((45..61).rev());
        let mut runs = Vec::new();
        for (step, percent) in walk.enumerate() {
            let word = gate.sample(at(step as u64 * 60), supplies(Some(false), Flow::Discharging, percent));
            runs.push(word.gate.at_most > Fraction::NONE);
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
        assert_eq!(last.map(|word| word.gate.reason), Some(Reason::WeakCharger));
        let risen = gate.sample(at(41 * 60), supplies(Some(true), Flow::Charging, 88));
        assert_ne!(risen.gate.reason, Reason::WeakCharger, "a charge that rises ends it");
    }

    #[test]
    fn a_little_on_battery_costs_at_most_two_percent_of_it_an_hour() {
        let mut gate = BatteryGate::new(4, Some(0.9), Settings { trickle_on_battery: true });
        let word = gate.sample(at(0), supplies(Some(false), Flow::Discharging, 90));
        // 50 Wh a battery: 1 W of 3.6 W; more than the trickle of a quarter.
        assert_eq!(word.gate.at_most, Fraction::TRICKLE);
        let mut laptop = BatteryGate::new(8, Some(5.0), Settings { trickle_on_battery: true });
        let word = laptop.sample(at(0), supplies(Some(false), Flow::Discharging, 90));
        assert!((word.gate.at_most.value() - 1.0 / 40.0).abs() < 1e-9);
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
    fn a_core_that_nobody_knows_is_taken_for_a_laptop_s_until_it_is_measured() {
        let mut gate = BatteryGate::new(8, None, Settings { trickle_on_battery: true });
        let on = |gate: &mut BatteryGate| gate.sample(at(0), supplies(Some(false), Flow::Discharging, 90)).gate.at_most;
        // 1 W an hour of a battery of 50 Wh, of 64 W.
        assert!((on(&mut gate).value() - 1.0 / 64.0).abs() < 1e-9);
        gate.know_watts(Some(0.5));
        assert_eq!(on(&mut gate), Fraction::TRICKLE);
        gate.know_watts(Some(f64::NAN));
        assert_eq!(on(&mut gate), Fraction::TRICKLE, "what is no number is not known");
    }

    #[test]
    fn supplies_that_cannot_be_read_are_unknown_and_never_more_than_they_allowed_before() {
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
            let words = [unread(&mut gate), unread(&mut gate)];
            assert!(words.iter().all(|word| word.gate == Gate::at(Fraction::NONE, reason)), "{words:?}");
            assert!(words.iter().all(|word| word.source != Source::Ac && !word.may_be_lifted));
        }
    }
}
