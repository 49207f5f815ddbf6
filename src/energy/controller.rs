//! From the gates to a `Decision`: the mode with its hysteresis, the workers and their duty.

use super::board::source::Source;
use super::decision::{Besides, Decision};
use super::fraction::Fraction;
use super::gates::Gates;
use super::mode::{Mode, Modes};
use super::rank::Rank;
use super::reason::{Gate, Reason};
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};

/// Turns gates into decisions.
#[derive(Clone, Debug)]
pub(super) struct Controller {
    cores: usize,
    modes: Modes,
    decision: Decision,
    /// Since when no worker is allowed.
    off_since: Option<Instant>,
}

impl Controller {
    pub(super) fn new(cores: usize) -> Self {
        Self { cores, modes: Modes::default(), decision: Decision::default(), off_since: None }
    }

    /// The last decision.
    pub(super) const fn last(&self) -> &Decision {
        &self.decision
    }

    pub(super) fn is_off_for(&self, now: Instant, time: Duration) -> bool {
        self.off_since.is_some_and(|since| now.since(since) >= time)
    }

    /// Moves the mode by the gates that are not momentary, where `thermal_average` stands for the thermal gate: a
    /// controller that touches zero for a second has not switched the device off. While a sensor that answered before is
    /// silent (`sensor_lost`), the mode rises to Trickle at most, because each step up means more work. `hurried`: a person
    /// waits for the work.
    pub(super) fn update_mode(
        &mut self,
        now: Instant,
        gates: &Gates,
        thermal_average: Fraction,
        sensor_lost: bool,
        hurried: bool,
    ) {
        let thermal = Gate { at_most: thermal_average, ..gates.thermal };
        let lasting = Gates { thermal, ..*gates }.lasting();
        if lasting.reason == Reason::Paused {
            self.modes.stop(now);
        } else {
            let highest = if sensor_lost { Mode::Trickle } else { Mode::Full };
            self.modes.take(now, lasting.at_most, highest, hurried);
        }
    }

    /// What the gates and the mode allow. User activity stops workers here without moving the mode. `programs` is the gate of
    /// user activity as it were without questions.
    pub(super) fn decide(
        &mut self,
        now: Instant,
        gates: &Gates,
        programs: Gate,
        energy: Energy,
        sensor_lost: bool,
    ) -> Decision {
        let mode = self.modes.mode();
        let held = match (self.modes.flaps(), sensor_lost) {
            (true, _) => Reason::Flapping,
            (false, true) => Reason::SensorSilent,
            (false, false) => Reason::Rising,
        };
        let lasting = gates.lasting().and(Gate::at(mode.ceiling(self.cores), held));
        let least = lasting.and(gates.user_activity);
        let otherwise = lasting.and(programs);
        let without_questions = otherwise.at_most.cores(self.cores);
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
            energy,
            on_battery: gates.battery.source != Source::Ac,
            rank: Rank::Last,
            besides: Besides {
                only_questions: least.reason == Reason::Answering && without_questions > 0,
                in_use: without_questions == 0 && otherwise.reason == Reason::InUse,
                lasting: Some(otherwise.reason).filter(|reason| without_questions == 0 && *reason != Reason::Free),
            },
            measured: None,
        };
        self.decision
    }
}
