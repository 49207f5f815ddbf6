//! The battery gate (4.4): work waits for mains, and comes back by two levels, so that nothing flaps.

use super::board::source::{Battery, Flow, Source, Supplies};
use super::reason::{Gate, Reason};
use super::share::Share;
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
const UNKNOWN: Share = Share::TRICKLE;
/// A charger is too weak where the charge falls by more than this many percent in `WATCHED` (4.4).
const WEAK_PERCENT: f64 = 0.5;
/// See `WEAK_PERCENT`.
const WATCHED: Duration = Duration::from_secs(600);
/// After this long, the fall is measured afresh.
const WATCHED_MAX: Duration = Duration::from_secs(1800);
/// Of a full battery, what an hour of work on battery may cost (4.4).
const HOURLY: f64 = 0.02;
/// Watts of a core where the table does not know the board: the most of those it knows (4.10).
const CORE_WATTS: f64 = 0.9;

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
    mark: Option<(Instant, u8)>,
    falls: bool,
}

/// The gate, and whether it is one that no hint may lift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
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
        let core_watts = core_watts.unwrap_or(CORE_WATTS);
        Self { settings, cores, core_watts, above: false, mark: None, falls: false }
    }

    /// Takes what the supplies say; `None`: the files could not be read.
    pub fn sample(&mut self, now: Instant, supplies: Option<Supplies>) -> Word {
        let word = |at_most, reason, source| Word { gate: Gate::at(at_most, reason), may_be_lifted: false, source };
        let Some(supplies) = supplies else { return word(UNKNOWN, Reason::BatteryUnknown, Source::Unknown) };
        let Some(battery) = supplies.battery else { return word(Share::ALL, Reason::Free, Source::Ac) };
        self.watch(now, battery);
        let source = self.judge(&supplies);
        if battery.critical || battery.percent.is_some_and(|percent| percent < CRITICAL) {
            return word(Share::NONE, Reason::BatteryLow, source);
        }
        match source {
            Source::Battery if supplies.mains == Some(true) => word(Share::NONE, Reason::WeakCharger, source),
            Source::Battery => word(self.on_battery(battery), Reason::OnBattery, source),
            Source::Unknown => word(UNKNOWN, Reason::BatteryUnknown, source),
            Source::Ac => {
                let gate = Gate::at(on_mains(battery), Reason::Charging);
                Word { gate, may_be_lifted: true, source }
            }
        }
    }

    /// A charge that falls is being emptied, whatever the status says. A charge that stands says nothing: gauges
    /// stick (1.5).
    fn judge(&self, supplies: &Supplies) -> Source {
        if self.falls { Source::Battery } else { supplies.source() }
    }

    /// Remembers a charge, and notices one that falls although nothing says "discharging".
    fn watch(&mut self, now: Instant, battery: Battery) {
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
        } else if passed >= WATCHED && lost * WATCHED.as_secs_f64() / passed.as_secs_f64() > WEAK_PERCENT {
            (self.mark, self.falls) = (Some((now, percent)), true);
        } else if passed >= WATCHED_MAX {
            (self.mark, self.falls) = (Some((now, percent)), false);
        }
    }

    fn on_battery(&self, battery: Battery) -> Share {
        if !self.settings.trickle_on_battery || !self.above {
            return Share::NONE;
        }
        // Microwatt-hours times a share an hour are microwatts.
        let budget = battery.full_uwh.map_or(0.0, |full| full as f64 * 1e-6 * HOURLY);
        let device = self.core_watts * self.cores.max(1) as f64;
        Share::TRICKLE.min(Share::new(budget / device))
    }
}

fn on_mains(battery: Battery) -> Share {
    let (low, high) = CHARGE;
    match battery.percent {
        _ if battery.flow != Flow::Charging => Share::ALL,
        None => Share::TRICKLE,
        Some(percent) => {
            let risen = (f64::from(percent) - f64::from(low)) / f64::from(high - low);
            Share::new(risen.clamp(0.0, 1.0).mul_add(0.75, 0.25))
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
        assert_eq!((unplugged.gate.at_most, unplugged.gate.reason), (Share::NONE, Reason::OnBattery));
    }

    #[test]
    fn a_charge_that_walks_between_the_levels_switches_at_most_once_each_way() {
        let mut gate = BatteryGate::new(4, None, Settings { trickle_on_battery: true });
        let walk = (39..=61).chain((39..61).rev()).chain(40..=61).chain((45..61).rev());
        let mut runs = Vec::new();
        for (step, percent) in walk.enumerate() {
            let word = gate.sample(at(step as u64 * 60), supplies(Some(false), Flow::Discharging, percent));
            runs.push(word.gate.at_most > Share::NONE);
        }
        let changes = runs.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert_eq!(changes, 3, "on at 60, off at 39, on at 60 again and no more");
        let mut up = BatteryGate::new(4, None, Settings { trickle_on_battery: true });
        let mut on = |percent| up.sample(at(0), supplies(Some(false), Flow::Discharging, percent)).gate.at_most;
        assert!((39..60).all(|percent| on(percent) == Share::NONE) && on(60) > Share::NONE && on(40) > Share::NONE);
        assert_eq!(on(39), Share::NONE);
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
        assert_eq!(word.gate.at_most, Share::TRICKLE);
        let mut laptop = BatteryGate::new(8, Some(5.0), Settings { trickle_on_battery: true });
        let word = laptop.sample(at(0), supplies(Some(false), Flow::Discharging, 90));
        assert!((word.gate.at_most.value() - 1.0 / 40.0).abs() < 1e-9);
    }

    #[test]
    fn supplies_that_cannot_be_read_are_unknown_not_mains() {
        let mut gate = BatteryGate::new(4, None, Settings::default());
        assert_eq!(gate.sample(at(0), None).gate.reason, Reason::BatteryUnknown);
    }
}
