//! The governor: the least of all gates, its reason, the mode, and what workers may do with it (4.1).

use super::battery::{self, BatteryGate};
use super::board::findings::BoardReport;
use super::board::sensor::Choice;
use super::board::source::Source;
use super::decision::Decision;
use super::duty_cycle::DutyCycle;
use super::fraction::Fraction;
use super::gates::Gates;
use super::input::Sample;
use super::mode::{Mode, Modes};
use super::policy::gate::{Backlog, Policy};
use super::policy::wall::Wall;
use super::pressure::PressureWatch;
use super::reason::{Gate, Reason};
use super::sample::group::Group;
use super::supply::{Falls, Supply};
use super::thermal::{self, Thermal};
use super::user_activity::UserActivity;
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{GOVERNOR_BYTES_MAX, WORKERS_MAX};
use serde::{Deserialize, Serialize};

/// Between two samples while there is work (4.1).
const ACTIVE: Duration = Duration::from_secs(1);
/// Between two samples when off or without work (4.1).
const IDLE: Duration = Duration::from_secs(5);
/// Off for this long before samples become rare: a guard of five seconds is followed closely.
const OFF_FOR: Duration = Duration::from_secs(30);

const _: () =
    assert!(size_of::<Governor>() + size_of::<DutyCycle>() <= GOVERNOR_BYTES_MAX, "small boards keep it all day");

/// What the owner chose.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Heat.
    pub thermal: thermal::Settings,
    /// Battery.
    pub battery: battery::Settings,
    /// Pause, hours, energy.
    pub policy: super::policy::gate::Settings,
    /// Degrees that the owner set as limit, in place of the one found.
    pub t_lim: Option<f64>,
}

/// What was learned and outlives a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// The duty that keeps the goal.
    pub duty: f64,
    /// The cap of workers that a weak supply taught.
    pub workers: Option<usize>,
    /// The falls of its voltage that have taught nothing yet.
    #[serde(default)]
    pub falls: Falls,
}

/// Whether the only sensor there is may be a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    /// It is a sensor.
    None,
    /// Nothing was read of it yet.
    Unseen,
    /// It always said this.
    Constant(i64),
}

/// The governor of one device.
#[derive(Clone, Debug)]
pub struct Governor {
    cores: usize,
    own_limit: Option<f64>,
    group: Group,
    thermal: Thermal,
    supply: Supply,
    battery: BatteryGate,
    user_activity: UserActivity,
    pressure: PressureWatch,
    /// Pause, hours and hints: open to whom it concerns.
    pub policy: Policy,
    modes: Modes,
    gates: Gates,
    energy: Energy,
    doubt: Doubt,
    throttle_count: Option<u64>,
    decision: Decision,
    has_work: bool,
    sampled: Option<Instant>,
    off_since: Option<Instant>,
}

impl Governor {
    /// A governor for a device of so many cores with these sensors.
    #[must_use]
    pub fn new(cores: usize, found: &BoardReport, settings: Settings, learned: Option<Learned>) -> Self {
        let cores = cores.clamp(1, WORKERS_MAX);
        let own_limit = settings.t_lim.filter(|limit| limit.is_finite()).map(|own| own.clamp(40.0, 95.0));
        let limit = own_limit.unwrap_or(found.t_lim);
        let doubt = if matches!(found.cpu, Choice::Group(_)) { Doubt::None } else { Doubt::Unseen };
        let core_watts = found.board.as_ref().and_then(|board| board.core_watts);
        let mut thermal = Thermal::new(limit, found.fan_trip, doubt != Doubt::None, settings.thermal);
        thermal.recall(learned.map_or(0.0, |learned| learned.duty));
        Self {
            cores,
            own_limit,
            group: Group::default(),
            thermal,
            supply: Supply::new(
                cores,
                learned.and_then(|learned| learned.workers),
                learned.map(|learned| learned.falls).unwrap_or_default(),
            ),
            battery: BatteryGate::new(cores, core_watts, settings.battery),
            user_activity: UserActivity::new(cores),
            pressure: PressureWatch::default(),
            policy: Policy::new(settings.policy),
            modes: Modes::default(),
            gates: Gates { thermal: Gate::at(Fraction::NONE, Reason::Rising), ..Gates::OPEN },
            energy: Energy::Unknown,
            doubt,
            throttle_count: None,
            decision: Decision::default(),
            has_work: false,
            sampled: None,
            off_since: None,
        }
    }

    /// One sample of everything.
    pub fn sample(&mut self, now: Instant, sample: &Sample) -> Decision {
        let before = if self.has_work { self.decision.headroom } else { Fraction::NONE };
        let ran = sample.ran.unwrap_or(before);
        self.has_work = sample.backlog.oldest.is_some();
        let measured = self.group.take(now, &sample.temperatures, ran.value());
        let throttles = self.throttles(sample);
        self.prove(sample);
        // A sample that came late knows nothing of quotas.
        if sample.ticks.is_some() {
            self.user_activity.limit(sample.quota);
        }
        let word = self.policy.evaluate(now, sample.wall, sample.backlog);
        self.energy = word.energy;
        self.gates = Gates {
            thermal: self.thermal.sample(now, measured, throttles, ran),
            supply: self.supply.sample(now, sample.under_voltage, sample.input_millivolts),
            battery: self.battery.sample(now, sample.supplies),
            user_activity: self.user_activity.sample(now, sample.ticks),
            policy: word.gate,
            lifts: word.lifts,
            pressure: self.pressure.sample(now, sample.pressure),
        };
        self.sampled = Some(now);
        self.climb(now);
        self.decide(now)
    }

    /// A question of a person began to be answered here.
    pub fn question_began(&mut self, now: Instant) -> Decision {
        self.user_activity.question_began();
        self.gates.user_activity = self.user_activity.gate(now);
        self.decide(now)
    }

    /// It was answered.
    pub fn question_ended(&mut self, now: Instant) -> Decision {
        self.user_activity.question_ended(now);
        self.gates.user_activity = self.user_activity.gate(now);
        self.decide(now)
    }

    /// The sensors were listed anew: others may lead, and the limit may be another.
    pub fn found(&mut self, found: &BoardReport) {
        self.group = Group::default();
        let limit = self.own_limit.unwrap_or(found.t_lim);
        self.doubt = if matches!(found.cpu, Choice::Group(_)) { Doubt::None } else { Doubt::Unseen };
        self.thermal.relimit(limit, found.fan_trip, self.doubt != Doubt::None);
    }

    /// Watts of a core, as they were calibrated here: what a little on battery costs is counted with them.
    pub fn know_watts(&mut self, core_watts: f64) {
        self.battery.know_watts(Some(core_watts));
    }

    /// The owner says that the power supply is another one: the worker that the old one cost is back, at the next sample.
    pub fn forget_supply(&mut self) {
        self.supply.forget();
    }

    /// Is there no sensor that is believed? A lone one of ACPI is, once it was seen to vary.
    #[must_use]
    pub fn is_blind(&self) -> bool {
        self.doubt != Doubt::None
    }

    /// The limit that the owner chose in place of the one found.
    #[must_use]
    pub const fn own_limit(&self) -> Option<f64> {
        self.own_limit
    }

    /// Degrees at which the device is held, as lowered by throttling.
    #[must_use]
    pub fn goal(&self) -> f64 {
        self.thermal.goal()
    }

    /// Pause, hours or hints changed, between two samples.
    pub fn policy_changed(&mut self, now: Instant, wall: Option<Wall>, backlog: Backlog) -> Decision {
        let word = self.policy.evaluate(now, wall, backlog);
        self.energy = word.energy;
        (self.gates.policy, self.gates.lifts) = (word.gate, word.lifts);
        self.climb(now);
        self.decide(now)
    }

    /// The device slept: what was measured before means nothing now.
    pub fn resumed(&mut self) {
        self.group.clear();
        self.thermal.forget();
        self.throttle_count = None;
    }

    /// What may be done now.
    pub fn decision(&mut self, now: Instant) -> Decision {
        self.gates.user_activity = self.user_activity.gate(now);
        self.decide(now)
    }

    /// The gates as they stand.
    #[must_use]
    pub const fn gates(&self) -> &Gates {
        &self.gates
    }

    /// What is to be kept over a restart.
    #[must_use]
    pub fn learned(&self) -> Learned {
        Learned { duty: self.thermal.learned(), workers: self.supply.learned(), falls: self.supply.falls() }
    }

    /// Cores that foreign work takes, for status.
    #[must_use]
    pub const fn foreign_cores(&self) -> f64 {
        self.user_activity.foreign()
    }

    /// Should sensor `at` be read once more before its value is handed in?
    #[must_use]
    pub fn doubts(&self, now: Instant, at: usize, reading: super::sample::fault::Reading) -> bool {
        self.group.doubts(now, at, reading)
    }

    /// When to sample next: each second while there is work to be done, else every five, and where a word ends.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let off = self.off_since.is_some_and(|since| now.since(since) >= OFF_FOR);
        let duty_cycle = if self.has_work && !off { ACTIVE } else { IDLE };
        let Some(sampled) = self.sampled else { return Some(now) };
        let ends = earliest(self.user_activity.pause_ends(sampled), self.policy.next_end(sampled));
        earliest(Some(sampled + duty_cycle), ends)
    }

    /// ACPI's zone may be a constant: it is believed once it was seen to vary (1.10).
    fn prove(&mut self, sample: &Sample) {
        let Some(Ok(raw)) = sample.temperatures.first() else { return };
        match self.doubt {
            Doubt::None => {}
            Doubt::Unseen => self.doubt = Doubt::Constant(*raw),
            Doubt::Constant(before) if before == *raw => {}
            Doubt::Constant(_) => {
                self.doubt = Doubt::None;
                self.thermal.sighted();
            }
        }
    }

    fn throttles(&mut self, sample: &Sample) -> bool {
        let counted = sample.throttle_count.zip(self.throttle_count).is_some_and(|(count, before)| count > before);
        self.throttle_count = sample.throttle_count.or(self.throttle_count);
        counted || sample.cooling.is_some_and(|state| state > 0)
    }

    /// The mode follows the gates, of heat its average: down at once for all but a regulator's swing.
    fn climb(&mut self, now: Instant) {
        let thermal = Gate { at_most: self.thermal.settled(), ..self.gates.thermal };
        let lasting = Gates { thermal, ..self.gates }.lasting();
        if lasting.reason == Reason::Paused {
            self.modes.stop(now);
        } else {
            self.modes.take(now, lasting.at_most, if self.is_unseen() { Mode::Trickle } else { Mode::Full });
        }
    }

    /// While a sensor that answered is silent, the mode rises to a trickle and no higher: a step of it is more work.
    fn is_unseen(&self) -> bool {
        self.gates.thermal.reason == Reason::SensorSilent && self.thermal.has_known()
    }

    fn decide(&mut self, now: Instant) -> Decision {
        let lasting = self.gates.lasting();
        // What is momentary stops the workers, but does not move the mode.
        let mode = self.modes.mode();
        let held = match (self.modes.flaps(), self.is_unseen()) {
            (true, _) => Reason::Flapping,
            (false, true) => Reason::SensorSilent,
            (false, false) => Reason::Rising,
        };
        let least = lasting.and(Gate::at(mode.ceiling(self.cores), held)).and(self.gates.user_activity);
        let headroom = least.at_most;
        let workers = headroom.cores(self.cores);
        let duty = headroom.value() * self.cores as f64 / workers.max(1) as f64;
        self.off_since = if workers == 0 { self.off_since.or(Some(now)) } else { None };
        self.decision = Decision {
            headroom: if workers == 0 { Fraction::NONE } else { headroom },
            reason: (least.reason != Reason::Free).then_some(least.reason),
            mode,
            workers,
            duty: if workers == 0 { Fraction::NONE } else { Fraction::new(duty) },
            chunks: mode.chunks(),
            clamp_percent: mode.clamp_percent(),
            energy: self.energy,
            on_battery: self.gates.battery.source != Source::Ac,
        };
        self.decision
    }
}
