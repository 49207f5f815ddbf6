//! The battery gate: on battery, work waits for mains.
//!
//! On mains everything may run, less while a low battery is being charged. On battery nothing runs unless its owner
//! allows a trickle; then only above a level with hysteresis, and for a budget of two percent of the battery an hour.
//! Below a critical level nothing runs at all. A charge that falls although a charger is connected means that the
//! charger is too weak, and counts as battery; gauges have steps of one percent and stick, so that it takes two steps.
//!
//! One bad number does not outweigh better evidence. A battery that is nearly empty and not charged beside connected mains
//! is broken and holds nothing; so is one that is said to be charged, and has not risen for an hour. A gauge that has said
//! for half an hour that the battery is empty, while the device runs on it, is not believed. `doubts` names what is.
//!
//! Unread supplies never allow more than before. Whether a hint of surplus energy may lift this gate is part of its
//! outcome: only where the battery is merely being charged. Not here: reading supplies (`energy::board::source`).

use super::board::source::{Battery, Flow, Source, Supplies};
use super::doubt::{Doubt, Doubts};
use super::fraction::Fraction;
use super::reason::{Gate, Reason};
use crate::base::time::{Duration, Instant};

/// Percent below which work on battery stops, and from which it starts again.
const STOP: u8 = 40;
/// See `STOP`.
const RESTART: u8 = 60;
/// Percent from which on a battery that is charged holds no work.
pub const CHARGED: u8 = CHARGE.1;
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
/// A battery that is said to be charged has risen by a percent after this long, or it is broken: a slow charger of 5 W
/// gives a large battery of 100 Wh five in that time.
const CHARGED_IN: Duration = Duration::from_secs(3600);
/// An empty battery feeds a device for no longer than this.
const EMPTY_FOR: Duration = Duration::from_secs(1800);
/// Percent up to which a battery is empty for that.
const EMPTY_PERCENT: u8 = 2;
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
    /// The charge, and since when it stands there.
    stands: Option<(Instant, u8)>,
    doubts: Doubts,
    /// A battery was seen.
    seen: bool,
    /// The charge in percent, as read last.
    percent: Option<u8>,
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
            stands: None,
            doubts: Doubts::NONE,
            seen: false,
            percent: None,
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
        self.doubts = supplies.map_or(Doubts::NONE, |supplies| supplies.doubts());
        let Some(supplies) = supplies else { return self.unread() };
        self.percent = supplies.battery.and_then(|battery| battery.percent);
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
        let stood = self.stands.map_or(Duration::ZERO, |(since, _)| now.since(since));
        if source == Source::Ac && battery.is_empty() {
            let never_charged = supplies.mains != Some(false) && battery.flow == Flow::Charging && stood >= CHARGED_IN;
            if supplies.has_dead_battery() || never_charged {
                self.doubts = self.doubts.with(Doubt::DeadBattery, true);
                return outcome(Fraction::ALL, Reason::Free, source);
            }
        }
        let runs_on_nothing = battery.percent.is_some_and(|percent| percent <= EMPTY_PERCENT) && stood >= EMPTY_FOR;
        let wrong_gauge = source != Source::Ac && runs_on_nothing;
        self.doubts = self.doubts.with(Doubt::EmptyGauge, wrong_gauge);
        if battery.is_empty() && !wrong_gauge {
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

    /// The charge in percent, as read last.
    #[must_use]
    pub const fn percent(&self) -> Option<u8> {
        self.percent
    }

    /// From which percent on work goes on without mains; `None`: only with mains.
    #[must_use]
    pub fn restarts_at(&self) -> Option<u8> {
        self.settings.trickle_on_battery.then_some(RESTART)
    }

    /// What is doubted, as of the last sample.
    #[must_use]
    pub const fn doubts(&self) -> Doubts {
        self.doubts
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
            (self.reference, self.falls, self.stands) = (None, false, None);
        }
        let Some(percent) = battery.percent else {
            self.stands = None;
            return;
        };
        if self.stands.is_none_or(|(_, before)| before != percent) {
            self.stands = Some((now, percent));
        }
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
#[path = "battery_test.rs"]
mod tests;
