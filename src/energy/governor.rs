//! The governor of one device: evaluates all gates for a sample and gives the decision that follows.

use super::battery::{self, BatteryGate};
use super::board::report::BoardReport;
use super::board::source::EMPTY;
use super::controller::Controller;
use super::decision::Decision;
use super::doubt::Doubts;
use super::duty_cycle::DutyCycle;
use super::fraction::Fraction;
use super::gates::Gates;
use super::input::Sample;
use super::measured::{Measured, Unit};
use super::policy::gate::{Backlog, Policy};
use super::policy::wall::Wall;
use super::pressure::PressureWatch;
use super::reason::{Gate, Reason};
use super::sample::fault::Reading;
use super::supply::{Falls, Supply};
use super::thermal;
use super::thermal_gate::ThermalGate;
use super::user_activity::UserActivity;
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{GOVERNOR_BYTES_MAX, LOOK_S, WORKERS_MAX};
use serde::{Deserialize, Serialize};

/// Between two samples while there is work.
const ACTIVE: Duration = Duration::from_secs(1);
/// Between two samples when off or without work.
const IDLE: Duration = Duration::from_secs(LOOK_S);
/// Workers are off for this long before samples become rare, so that a stop of a few seconds is still followed closely.
const OFF_FOR: Duration = Duration::from_secs(30);

const _: () = assert!(
    size_of::<Governor>() + size_of::<DutyCycle>() <= GOVERNOR_BYTES_MAX,
    "small boards hold both in memory all the time"
);

/// What the owner chose.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Heat.
    pub thermal: thermal::Settings,
    /// Battery.
    pub battery: battery::Settings,
    /// Pause, quiet hours, energy.
    pub policy: super::policy::gate::Settings,
    /// The limit in degrees that the owner set, in place of the one that was found.
    pub t_lim: Option<f64>,
}

/// What was learned and outlives a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// The duty that holds the target.
    pub duty: f64,
    /// The most workers that a weak supply was found to carry.
    pub workers: Option<usize>,
    /// The falls of its voltage that have not lowered `workers` yet.
    #[serde(default)]
    pub falls: Falls,
}

/// What a governor reports beside its decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GovernorStatus {
    /// There is a sensor that is believed. A single zone of ACPI is, once its value was seen to vary.
    pub has_sensor: bool,
    /// Degrees of the CPU as last believed; unknown without a sensor that answers.
    pub degrees: Option<f64>,
    /// Degrees at which the device is held, as lowered by throttling.
    pub target: f64,
    /// The limit in degrees that the owner set.
    pub own_limit: Option<f64>,
    /// Cores that other programs use.
    pub foreign_cores: f64,
    /// Readings that contradict each other.
    pub doubts: Doubts,
}

/// The governor of one device.
#[derive(Clone, Debug)]
pub struct Governor {
    thermal: ThermalGate,
    supply: Supply,
    battery: BatteryGate,
    user_activity: UserActivity,
    pressure: PressureWatch,
    /// Pause, quiet hours and hints.
    pub policy: Policy,
    gates: Gates,
    energy: Energy,
    controller: Controller,
    has_work: bool,
    sampled: Option<Instant>,
}

impl Governor {
    /// A governor for a device of `cores` cores with these sensors.
    #[must_use]
    pub fn new(cores: usize, found: &BoardReport, settings: Settings, learned: Option<Learned>) -> Self {
        let cores = cores.clamp(1, WORKERS_MAX);
        let core_watts = found.board.as_ref().and_then(|board| board.core_watts);
        let learned = learned.unwrap_or_default();
        Self {
            thermal: ThermalGate::new(found, settings.t_lim, settings.thermal, learned.duty),
            supply: Supply::new(cores, learned.workers, learned.falls),
            battery: BatteryGate::new(cores, core_watts, settings.battery),
            user_activity: UserActivity::new(cores),
            pressure: PressureWatch::default(),
            policy: Policy::new(settings.policy),
            gates: Gates { thermal: Gate::at(Fraction::NONE, Reason::Rising), ..Gates::OPEN },
            energy: Energy::Unknown,
            controller: Controller::new(cores),
            has_work: false,
            sampled: None,
        }
    }

    /// Takes one sample of everything.
    pub fn sample(&mut self, now: Instant, sample: &Sample) -> Decision {
        let before = if self.has_work { self.controller.last().headroom } else { Fraction::NONE };
        let ran = sample.ran.unwrap_or(before);
        self.has_work = sample.backlog.oldest.is_some();
        // The quota is read with the ticks: a sample without them does not know it.
        if sample.ticks.is_some() {
            self.user_activity.limit(sample.process.quota);
        }
        let policy = self.policy.evaluate(now, sample.wall, sample.backlog);
        self.energy = policy.energy;
        self.gates = Gates {
            thermal: self.thermal.sample(now, sample, ran),
            supply: self.supply.sample(now, sample.under_voltage, sample.input_millivolts),
            battery: self.battery.sample(now, sample.supplies),
            user_activity: self.user_activity.sample(now, sample.ticks),
            policy: policy.gate,
            lifts: policy.lifts,
            pressure: self.pressure.sample(now, sample.pressure),
        };
        self.sampled = Some(now);
        self.update_mode(now);
        self.decide(now)
    }

    /// The sensors were listed again: another one may lead, and the limit may differ.
    pub fn found(&mut self, found: &BoardReport) {
        self.thermal.relist(found);
    }

    /// Watts of a core, as calibrated on this device: the battery gate counts the cost of its trickle with them.
    pub fn set_core_watts(&mut self, core_watts: f64) {
        self.battery.set_core_watts(Some(core_watts));
    }

    /// What is reported beside the decision.
    #[must_use]
    pub fn status(&self) -> GovernorStatus {
        let power = self.battery.doubts().and(self.supply.doubts());
        GovernorStatus {
            has_sensor: self.thermal.has_sensor(),
            degrees: self.thermal.degrees(),
            target: self.thermal.target(),
            own_limit: self.thermal.own_limit(),
            foreign_cores: self.user_activity.foreign(),
            doubts: self.thermal.doubted().and(power).and(self.pressure.doubts()),
        }
    }

    /// Pause, quiet hours or hints changed between two samples.
    pub fn policy_changed(&mut self, now: Instant, wall: Option<Wall>, backlog: Backlog) -> Decision {
        let policy = self.policy.evaluate(now, wall, backlog);
        self.energy = policy.energy;
        (self.gates.policy, self.gates.lifts) = (policy.gate, policy.lifts);
        self.update_mode(now);
        self.decide(now)
    }

    /// The device was suspended: earlier measurements no longer apply.
    pub fn resumed(&mut self) {
        self.thermal.resumed();
    }

    /// What may be done now.
    pub fn decision(&mut self, now: Instant) -> Decision {
        self.gates.user_activity = self.user_activity.gate(now);
        self.decide(now)
    }

    /// The gates as of the last sample or change.
    #[must_use]
    pub const fn gates(&self) -> &Gates {
        &self.gates
    }

    /// What is to be saved for the next start.
    #[must_use]
    pub fn learned(&self) -> Learned {
        Learned { duty: self.thermal.learned(), workers: self.supply.learned(), falls: self.supply.falls() }
    }

    /// Should sensor `at` be read once more before its value is used?
    #[must_use]
    pub fn doubts(&self, now: Instant, at: usize, reading: Reading) -> bool {
        self.thermal.doubts(now, at, reading)
    }

    /// When to sample next: every second while workers run, else every five, and whenever a hint, a pause or the wait
    /// after a query ends.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let interval = if self.has_work && !self.controller.is_off_for(now, OFF_FOR) { ACTIVE } else { IDLE };
        let Some(sampled) = self.sampled else { return Some(now) };
        let use_ends = earliest(self.user_activity.pause_ends(sampled), self.user_activity.burst_ends(sampled));
        let ends = earliest(use_ends, self.policy.next_end(sampled));
        earliest(Some(sampled + interval), ends)
    }

    fn update_mode(&mut self, now: Instant) {
        let hurried = self.user_activity.burst_ends(now).is_some();
        self.controller.update_mode(now, &self.gates, self.thermal.average(), self.sensor_is_lost(), hurried);
    }

    fn decide(&mut self, now: Instant) -> Decision {
        let programs = self.user_activity.of_programs(now);
        let decision = self.controller.decide(now, &self.gates, programs, self.energy, self.sensor_is_lost());
        let measured = decision.told().and_then(|reason| self.measured(reason));
        Decision { rank: self.user_activity.rank(now), measured, ..decision }
    }

    /// The figure behind a reason: what was measured, and from where on more work is allowed.
    fn measured(&self, reason: Reason) -> Option<Measured> {
        let celsius = |limit: f64| self.thermal.degrees().map(|degrees| Measured::new(degrees, limit, Unit::Celsius));
        let charge = |limit: u8| {
            let percent = self.battery.percent()?;
            Some(Measured::new(f64::from(percent), f64::from(limit), Unit::Percent))
        };
        match reason {
            Reason::InUse => {
                Some(Measured::new(self.user_activity.foreign(), self.user_activity.tolerated(), Unit::Cores))
            }
            Reason::Warm | Reason::Silence | Reason::TooHot => celsius(self.thermal.target()),
            Reason::OnBattery | Reason::WeakCharger => self.battery.restarts_at().and_then(charge),
            Reason::BatteryLow => charge(EMPTY),
            Reason::Charging => charge(battery::CHARGED),
            _ => None,
        }
    }

    /// A sensor that answered before is silent.
    fn sensor_is_lost(&self) -> bool {
        self.gates.thermal.reason == Reason::SensorSilent && self.thermal.has_measured()
    }
}

/// What people ask of it.
impl Governor {
    /// This agent began to answer a query.
    pub fn query_began(&mut self, now: Instant) -> Decision {
        self.user_activity.query_began();
        self.decision(now)
    }

    /// It was answered.
    pub fn query_ended(&mut self, now: Instant) -> Decision {
        self.user_activity.query_ended(now);
        self.decision(now)
    }

    /// Work goes on beside other programs until then; `None`: it gives way to them again.
    pub fn burst(&mut self, now: Instant, until: Option<Instant>) -> Decision {
        self.user_activity.burst(until);
        self.decision(now)
    }

    /// The owner connected another power supply: the cap on workers that the old one caused ends with the next sample.
    pub fn forget_supply(&mut self) {
        self.supply.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::board::source::{Battery, Flow, Supplies};
    use crate::energy::board::tree::Tree;
    use crate::energy::user_activity::Ticks;

    #[test]
    fn a_reason_that_is_a_figure_comes_with_the_figure_and_its_limit() {
        let mut governor = Governor::new(4, &BoardReport::of(&Tree::default()), Settings::default(), None);
        let at = |second| Instant::from_millis(second * 1000);
        let mut decision = Decision::default();
        for second in 0..60 {
            let ticks = Ticks { busy: 400 * second, nice: 0, own: 0, per_second: 100 };
            decision = governor.sample(at(second), &Sample { ticks: Some(ticks), ..Sample::default() });
        }
        let measured = decision.measured.expect("cores are counted");
        assert_eq!((decision.reason, measured.unit, measured.threshold), (Some(Reason::InUse), Unit::Cores, 32));
        assert!((38..=40).contains(&measured.value), "{measured:?}");
        let battery = Battery { percent: Some(12), flow: Flow::Discharging, ..Battery::default() };
        let supplies = Some(Supplies { mains: Some(false), battery: Some(battery) });
        let idle = Ticks { busy: 400 * 59, nice: 0, own: 0, per_second: 100 };
        for second in 60..200 {
            let sample = Sample { ticks: Some(idle), supplies, ..Sample::default() };
            decision = governor.sample(at(second), &sample);
        }
        assert_eq!(decision.reason, Some(Reason::BatteryLow));
        assert_eq!(decision.measured, Some(Measured { value: 120, threshold: 150, unit: Unit::Percent }));
    }
}
