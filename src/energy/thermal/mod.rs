//! The thermal gate: how much work the temperature allows.
//!
//! A PI regulator with the prediction of the slope holds the device at a goal a few degrees below its limit. Far below
//! the goal the gate opens by a fixed slew; near it the regulator sets the duty; close to the limit a guard shuts the
//! gate for some seconds. `estimate` filters the readings (median of three, exponential filter, least-squares slope),
//! `regulator` turns the distance to the goal into a duty, `target` holds limit and goal.
//!
//! Throttling by the kernel or firmware means that the goal is too high: the gate falls to a quarter for a minute and
//! the goal is lowered, then recovers slowly. A silent sensor never lets the duty rise, and after some seconds it
//! falls.
//!
//! The integral is bounded by conditional integration (Åström and Hägglund, "PID Controllers", 1995, anti-windup): work
//! that is held back by something else than heat teaches the regulator nothing. The duty that keeps the goal is learned
//! and survives a restart. The constants were tuned on the simulated boards of `sim::power`; tests/energy/heat.rs holds
//! the loop to its bounds.
//!
//! Invariants: the same samples give the same gate; a cooler board is never allowed less; no number is NaN.
//! Not here: whether one reading is believed (`energy::sample`), and which sensors and limits a device has
//! (`energy::board`).

mod estimate;
mod regulator;
mod target;

use super::fraction::Fraction;
use super::reason::{Gate, Reason};
use super::sample::group::Temperature;
use crate::base::time::{Duration, Instant};
use estimate::Estimator;
use regulator::{Regulator, Step};
use target::Target;

pub use target::Settings;

/// Degrees below the limit at which everything stops.
const GUARD: f64 = 1.5;
/// For this long.
const GUARD_HOLD: Duration = Duration::from_secs(5);
/// At most this while something else throttles, and for a minute after.
const THROTTLED: Fraction = Fraction::new(0.25);
/// See `THROTTLED`.
const THROTTLED_HOLD: Duration = Duration::from_secs(60);
/// Seconds over which the gate is averaged for the mode: a burst of foreign work, which the gate answers with
/// nothing for half a minute, must not cost the minutes that steps of the mode take.
const SETTLE: f64 = 60.0;
/// The sensor may be silent for this long before the gate falls.
const SILENT: Duration = Duration::from_secs(5);
/// To this. A sensor that vanished is worth no more than a silent one.
const SILENT_AT_MOST: f64 = 0.35;
/// Without any sensor from the start.
const BLIND: Fraction = Fraction::new(0.5);
/// The very same raw value for this long earns no more duty: sensors have noise, and one that stands still may be
/// stuck. Without this a stuck value let the integral climb for 200 s.
const STILL: Duration = Duration::from_secs(20);

/// The gate with its memory.
#[derive(Clone, Debug)]
pub struct Thermal {
    target: Target,
    estimator: Estimator,
    regulator: Regulator,
    /// There never was a sensor.
    blind: bool,
    /// There was a sensor, and it is gone.
    lost: bool,
    last: Option<Instant>,
    /// The average of the gate over `SETTLE`; falls slowly, rises at once.
    settled: f64,
    guard_until: Option<Instant>,
    throttled_until: Option<Instant>,
}

impl Thermal {
    /// A gate for a device that must stay below `limit` degrees, whose fan starts at `fan_trip`; `blind` if it has no
    /// sensor.
    #[must_use]
    pub fn new(limit: f64, fan_trip: Option<f64>, blind: bool, settings: Settings) -> Self {
        Self {
            target: Target::new(limit, fan_trip, settings),
            estimator: Estimator::default(),
            regulator: Regulator::new(),
            blind,
            lost: false,
            last: None,
            settled: 0.0,
            guard_until: None,
            throttled_until: None,
        }
    }

    /// Another limit, fan or sensor was found, or none any more; what was learned stays.
    pub fn relimit(&mut self, limit: f64, fan_trip: Option<f64>, blind: bool) {
        self.target.relimit(limit, fan_trip);
        self.lost = blind && (self.lost || !self.blind);
        self.blind = blind;
    }

    /// The goal in degrees, as lowered by throttling.
    #[must_use]
    pub fn goal(&self) -> f64 {
        self.target.goal()
    }

    /// The duty that keeps the goal, as far as it was learned; to be stored over a restart.
    #[must_use]
    pub const fn learned(&self) -> f64 {
        self.regulator.learned()
    }

    /// What the gate allows on average of a minute: a regulator that touches zero for a second has not switched the
    /// device off.
    #[must_use]
    pub fn settled(&self) -> Fraction {
        Fraction::new(self.settled)
    }

    /// Did the sensor ever answer?
    #[must_use]
    pub const fn has_known(&self) -> bool {
        self.estimator.known().is_some()
    }

    /// A sensor that might have been a constant was seen to vary: it counts from now on.
    pub const fn sighted(&mut self) {
        (self.blind, self.lost) = (false, false);
    }

    /// Takes over what an earlier run learned; nonsense is ignored.
    pub const fn recall(&mut self, learned: f64) {
        self.regulator.recall(learned);
    }

    /// Forgets all that was measured: after a suspend, the old slope means nothing.
    pub fn forget(&mut self) {
        self.estimator.clear();
        self.regulator.restart();
    }

    /// One sample: the temperature if known, whether the kernel or firmware throttles, and the duty that ran since.
    pub fn sample(&mut self, now: Instant, measured: Option<Temperature>, throttles: bool, ran: Fraction) -> Gate {
        let seconds = self.last.map_or(0.0, |last| now.since(last).as_secs_f64());
        let first = self.last.replace(now).is_none();
        let gate = match measured {
            _ if self.lost => self.vanished(),
            _ if self.blind => Gate::at(BLIND, Reason::NoSensor),
            Some(measured) => self.regulate(now, measured, ran.value()),
            None => self.unknown(now),
        };
        let gate = gate.and(self.throttling(now, throttles));
        let at_most = gate.at_most.value();
        let old_weight = if first || at_most > self.settled { 0.0 } else { (-seconds / SETTLE).exp() };
        self.settled = old_weight.mul_add(self.settled - at_most, at_most);
        gate
    }

    /// Never more while nothing is known. A sensor that never answered at all is worth what a silent one is.
    fn unknown(&mut self, now: Instant) -> Gate {
        let Some(known) = self.estimator.known() else {
            return Gate::at(Fraction::new(SILENT_AT_MOST), Reason::SensorSilent);
        };
        if now.since(known) > SILENT {
            return self.vanished();
        }
        Gate { at_most: Fraction::new(self.regulator.at_most()), reason: Reason::SensorSilent }
    }

    /// No more than was allowed before; when a sensor is seen again, its filters start from nothing.
    fn vanished(&mut self) -> Gate {
        let at_most = if self.has_known() {
            self.regulator.cap(SILENT_AT_MOST);
            self.estimator.clear();
            self.regulator.at_most()
        } else {
            SILENT_AT_MOST
        };
        Gate { at_most: Fraction::new(at_most), reason: Reason::SensorSilent }
    }

    fn throttling(&mut self, now: Instant, throttles: bool) -> Gate {
        let held = self.throttled_until.is_some_and(|until| now < until);
        if throttles {
            if !held {
                self.target.lower();
            }
            self.throttled_until = Some(now + THROTTLED_HOLD);
        }
        if held || throttles { Gate::at(THROTTLED, Reason::Throttled) } else { Gate::OPEN }
    }

    fn regulate(&mut self, now: Instant, measured: Temperature, ran: f64) -> Gate {
        let estimate = self.estimator.take(now, measured.degrees);
        self.target.recover(estimate.seconds);
        if estimate.median >= self.target.limit() - GUARD {
            if self.guard_until.is_none_or(|until| now >= until) {
                self.regulator.reduce();
            }
            self.guard_until = Some(now + GUARD_HOLD);
        }
        if self.guard_until.is_some_and(|until| now < until) {
            self.regulator.shut();
            return Gate::at(Fraction::NONE, Reason::TooHot);
        }
        let error = self.target.goal() - estimate.ahead;
        let still = measured.still >= STILL;
        let duty = self.regulator.step(Step { error, seconds: estimate.seconds, ran, still });
        let reason = match (self.regulator.is_near(), self.target.is_for_silence()) {
            // The slew holds the duty, not heat.
            (false, _) => Reason::Rising,
            (true, true) => Reason::Silence,
            (true, false) => Reason::Warm,
        };
        Gate::at(Fraction::new(duty), reason)
    }
}

#[cfg(test)]
mod tests;
