//! The thermal gate: from the raw readings of the CPU's sensors to how much work its temperature allows.
//!
//! `sample::group` decides which reading is believed, `thermal` controls by it. This file adds what lies around both: a
//! limit of the owner's, throttling by the kernel, and the doubt about a single sensor that may be a constant.

use super::board::report::{BoardReport, COOL};
use super::board::sensor::Choice;
use super::doubt::{Doubt, Doubts};
use super::fraction::Fraction;
use super::input::Sample;
use super::reason::Gate;
use super::sample::fault::Reading;
use super::sample::group::Group;
use super::thermal::{Settings, ThermalController};
use crate::base::time::Instant;

/// Whether the only sensor may be a constant: a zone of ACPI often is, and is believed once its value was seen to vary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubtful {
    /// It is a sensor.
    None,
    /// It was not read yet.
    Unread,
    /// Every reading so far was this value.
    Constant(i64),
}

impl Doubtful {
    const fn of(found: &BoardReport) -> Self {
        if matches!(found.cpu, Choice::Group(_)) { Self::None } else { Self::Unread }
    }
}

/// The sensors of the CPU and the controller that works by them.
#[derive(Clone, Debug)]
pub(super) struct ThermalGate {
    group: Group,
    controller: ThermalController,
    /// Degrees that the owner chose as limit, in place of the limit that was found.
    own_limit: Option<f64>,
    constant: Doubtful,
    throttle_count: Option<u64>,
    cool_throttling: CoolThrottling,
    doubts: Doubts,
    /// Degrees of the sensor that leads, as read last.
    degrees: Option<f64>,
}

/// Throttling that was reported of a cool CPU when the sensors were listed: it does not count while it stays the same and
/// the CPU stays cool.
#[derive(Clone, Copy, Debug)]
enum CoolThrottling {
    /// There was none, or it has changed since.
    None,
    /// The state was not sampled yet.
    Listed,
    /// This state.
    State(i64),
}

impl CoolThrottling {
    const fn of(found: &BoardReport) -> Self {
        if found.doubts.has(Doubt::CoolThrottling) { Self::Listed } else { Self::None }
    }
}

impl ThermalGate {
    /// `learned` is the duty at which an earlier run held the target, 0 if unknown.
    pub(super) fn new(found: &BoardReport, own_limit: Option<f64>, settings: Settings, learned: f64) -> Self {
        let own_limit = own_limit.filter(|limit| limit.is_finite()).map(|own| own.clamp(40.0, 95.0));
        let constant = Doubtful::of(found);
        let limit = own_limit.unwrap_or(found.t_lim);
        let mut controller = ThermalController::new(limit, found.fan_trip, constant != Doubtful::None, settings);
        controller.restore(learned);
        Self {
            group: Group::default(),
            controller,
            own_limit,
            constant,
            throttle_count: None,
            cool_throttling: CoolThrottling::of(found),
            doubts: found.doubts,
            degrees: None,
        }
    }

    /// `ran` is the share of the cores that our work took since the last sample.
    pub(super) fn sample(&mut self, now: Instant, sample: &Sample, ran: Fraction) -> Gate {
        let measured = self.group.take(now, &sample.temperatures, ran.value());
        self.degrees = measured.map(|measured| measured.degrees);
        let cool = measured.map(|measured| measured.degrees < self.controller.limit() - COOL);
        let throttles = self.throttles(sample, cool);
        self.check_doubt(sample);
        self.controller.sample(now, measured, throttles, ran)
    }

    /// The sensors were listed again: another one may lead, and the limit may differ.
    pub(super) fn relist(&mut self, found: &BoardReport) {
        self.group = Group::default();
        self.constant = Doubtful::of(found);
        self.cool_throttling = CoolThrottling::of(found);
        self.doubts = found.doubts;
        let limit = self.own_limit.unwrap_or(found.t_lim);
        self.controller.set_limit(limit, found.fan_trip, self.constant != Doubtful::None);
    }

    /// The device was suspended: earlier readings no longer apply.
    pub(super) fn resumed(&mut self) {
        self.group.clear();
        self.controller.forget_measurements();
        self.throttle_count = None;
    }

    /// Should sensor `at` be read once more before its value is used?
    pub(super) fn doubts(&self, now: Instant, at: usize, reading: Reading) -> bool {
        self.group.doubts(now, at, reading)
    }

    /// Degrees of the sensor that leads, as read last.
    pub(super) const fn degrees(&self) -> Option<f64> {
        self.degrees
    }

    /// Is there a sensor that is believed?
    pub(super) fn has_sensor(&self) -> bool {
        self.constant == Doubtful::None
    }

    /// What is doubted now: of the choice of sensors, of their readings, and of the kernel's throttling.
    pub(super) const fn doubted(&self) -> Doubts {
        let listed = Doubts::NONE
            .with(Doubt::FanValue, self.doubts.has(Doubt::FanValue))
            .with(Doubt::Candidate, self.doubts.has(Doubt::Candidate));
        let throttling = !matches!(self.cool_throttling, CoolThrottling::None);
        listed.and(self.group.doubted()).with(Doubt::CoolThrottling, throttling)
    }

    /// Has a sensor answered since the start?
    pub(super) const fn has_measured(&self) -> bool {
        self.controller.has_measured()
    }

    /// What the gate allows on average over a minute.
    pub(super) fn average(&self) -> Fraction {
        self.controller.average()
    }

    pub(super) const fn own_limit(&self) -> Option<f64> {
        self.own_limit
    }

    /// Degrees at which the device is held, as lowered by throttling.
    pub(super) fn target(&self) -> f64 {
        self.controller.target()
    }

    /// The duty that holds the target.
    pub(super) const fn learned(&self) -> f64 {
        self.controller.learned()
    }

    fn check_doubt(&mut self, sample: &Sample) {
        let Some(Ok(raw)) = sample.temperatures.first() else { return };
        match self.constant {
            Doubtful::None => {}
            Doubtful::Unread => self.constant = Doubtful::Constant(*raw),
            Doubtful::Constant(before) if before == *raw => {}
            Doubtful::Constant(_) => {
                self.constant = Doubtful::None;
                self.controller.confirm_sensor();
            }
        }
    }

    fn throttles(&mut self, sample: &Sample, cool: Option<bool>) -> bool {
        let counted = sample.throttle_count.zip(self.throttle_count).is_some_and(|(count, before)| count > before);
        self.throttle_count = sample.throttle_count.or(self.throttle_count);
        counted || self.is_cooled(sample.cooling, cool)
    }

    /// Do the CPU's cooling devices report throttling that counts? `cool`: the CPU is far below its limit, if that is known.
    fn is_cooled(&mut self, cooling: Option<i64>, cool: Option<bool>) -> bool {
        let Some(state) = cooling.filter(|state| *state > 0) else {
            // Unknown is no end of it.
            if cooling.is_some() {
                self.cool_throttling = CoolThrottling::None;
            }
            return false;
        };
        self.cool_throttling = match self.cool_throttling {
            CoolThrottling::Listed if cool != Some(false) => CoolThrottling::State(state),
            CoolThrottling::State(before) if cool != Some(false) && before == state => CoolThrottling::State(state),
            _ => CoolThrottling::None,
        };
        matches!(self.cool_throttling, CoolThrottling::None)
    }
}
