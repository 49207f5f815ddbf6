//! The thermal gate: how much work the temperature allows.
//!
//! A PI controller with the prediction of the slope holds the device at a target a few degrees below its limit. Far
//! below the target the gate opens by a fixed slew; near it the controller sets the duty; close to the limit a guard
//! shuts the gate for some seconds. `estimate` filters the readings (median of three, exponential filter, least-squares
//! slope), `pi_controller` turns the distance to the target into a duty, `target` holds both temperatures.
//!
//! Throttling by the kernel or firmware means that the target is too high: the gate falls to a quarter for a minute and
//! the target is lowered, then recovers slowly. A silent sensor never lets the duty rise, and after some seconds it
//! falls.
//!
//! The integral is bounded by conditional integration (Åström and Hägglund, "PID Controllers", 1995, anti-windup): work
//! that is held back by something else than heat teaches the controller nothing. The duty that keeps the target is
//! learned and survives a restart. The constants were tuned on the simulated boards of `sim::power`;
//! tests/energy/heat.rs holds the loop to its bounds.
//!
//! Invariants: the same samples give the same gate; a cooler board is never allowed less; no number is NaN.
//! Not here: whether one reading is believed (`energy::sample`), and which sensors and limits a device has
//! (`energy::board`).

mod estimate;
mod pi_controller;
mod target;

use super::fraction::Fraction;
use super::reason::{Gate, Reason};
use super::sample::group::Temperature;
use crate::base::time::{Duration, Instant};
use estimate::Estimator;
use pi_controller::{PiController, Step};
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
const AVERAGE_SECONDS: f64 = 60.0;
/// The sensor may be silent for this long before the gate falls.
const SILENT: Duration = Duration::from_secs(5);
/// To this. A sensor that vanished is worth no more than a silent one.
const SILENT_AT_MOST: f64 = 0.35;
/// Without any sensor from the start.
const NO_SENSOR: Fraction = Fraction::new(0.5);
/// The very same raw value for this long earns no more duty: sensors have noise, and one that stands still may be
/// stuck. Without this a stuck value let the integral climb for 200 s.
const STILL: Duration = Duration::from_secs(20);

/// The gate with its memory.
#[derive(Clone, Debug)]
pub struct ThermalController {
    target: Target,
    estimator: Estimator,
    controller: PiController,
    /// There never was a sensor.
    no_sensor: bool,
    /// There was a sensor, and it is gone.
    sensor_lost: bool,
    last: Option<Instant>,
    /// The average of the gate over `AVERAGE_SECONDS`; falls slowly, rises at once.
    average: f64,
    guard_until: Option<Instant>,
    throttled_until: Option<Instant>,
}

impl ThermalController {
    /// A gate for a device that must stay below `limit` degrees, whose fan starts at `fan_trip`; `no_sensor` if it has
    /// no sensor.
    #[must_use]
    pub fn new(limit: f64, fan_trip: Option<f64>, no_sensor: bool, settings: Settings) -> Self {
        Self {
            target: Target::new(limit, fan_trip, settings),
            estimator: Estimator::default(),
            controller: PiController::new(),
            no_sensor,
            sensor_lost: false,
            last: None,
            average: 0.0,
            guard_until: None,
            throttled_until: None,
        }
    }

    /// Another limit, fan or sensor was found, or none any more; what was learned stays.
    pub fn set_limit(&mut self, limit: f64, fan_trip: Option<f64>, no_sensor: bool) {
        self.target.set_limit(limit, fan_trip);
        self.sensor_lost = no_sensor && (self.sensor_lost || !self.no_sensor);
        self.no_sensor = no_sensor;
    }

    /// The limit in degrees.
    #[must_use]
    pub const fn limit(&self) -> f64 {
        self.target.limit()
    }

    /// The target in degrees, as lowered by throttling.
    #[must_use]
    pub fn target(&self) -> f64 {
        self.target.degrees()
    }

    /// The duty that keeps the target, as far as it was learned; to be stored over a restart.
    #[must_use]
    pub const fn learned(&self) -> f64 {
        self.controller.learned()
    }

    /// What the gate allows on average of a minute: a controller that touches zero for a second has not switched the
    /// device off.
    #[must_use]
    pub fn average(&self) -> Fraction {
        Fraction::new(self.average)
    }

    /// Did the sensor ever answer?
    #[must_use]
    pub const fn has_measured(&self) -> bool {
        self.estimator.known().is_some()
    }

    /// A sensor that might have been a constant was seen to vary: it counts from now on.
    pub const fn confirm_sensor(&mut self) {
        (self.no_sensor, self.sensor_lost) = (false, false);
    }

    /// Takes over what an earlier run learned; nonsense is ignored.
    pub const fn restore(&mut self, learned: f64) {
        self.controller.restore(learned);
    }

    /// Forgets all that was measured: after a suspend, the old slope means nothing.
    pub fn forget_measurements(&mut self) {
        self.estimator.clear();
        self.controller.restart();
    }

    /// One sample: the temperature if known, whether the kernel or firmware throttles, and the duty that ran since.
    pub fn sample(&mut self, now: Instant, measured: Option<Temperature>, throttles: bool, ran: Fraction) -> Gate {
        let seconds = self.last.map_or(0.0, |last| now.since(last).as_secs_f64());
        let first = self.last.replace(now).is_none();
        let gate = match measured {
            _ if self.sensor_lost => self.vanished(),
            _ if self.no_sensor => Gate::at(NO_SENSOR, Reason::NoSensor),
            Some(measured) => self.control(now, measured, ran.value()),
            None => self.unknown(now),
        };
        let gate = gate.and(self.throttling(now, throttles));
        let at_most = gate.at_most.value();
        let old_weight = if first || at_most > self.average { 0.0 } else { (-seconds / AVERAGE_SECONDS).exp() };
        self.average = old_weight.mul_add(self.average - at_most, at_most);
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
        Gate { at_most: Fraction::new(self.controller.at_most()), reason: Reason::SensorSilent }
    }

    /// No more than was allowed before; when a sensor is seen again, its filters start from nothing.
    fn vanished(&mut self) -> Gate {
        let at_most = if self.has_measured() {
            self.controller.cap(SILENT_AT_MOST);
            self.estimator.clear();
            self.controller.at_most()
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

    fn control(&mut self, now: Instant, measured: Temperature, ran: f64) -> Gate {
        let estimate = self.estimator.take(now, measured.degrees);
        self.target.recover(estimate.seconds);
        if estimate.median >= self.target.limit() - GUARD {
            if self.guard_until.is_none_or(|until| now >= until) {
                self.controller.reduce();
            }
            self.guard_until = Some(now + GUARD_HOLD);
        }
        if self.guard_until.is_some_and(|until| now < until) {
            self.controller.shut();
            return Gate::at(Fraction::NONE, Reason::TooHot);
        }
        let error = self.target.degrees() - estimate.ahead;
        let still = measured.still >= STILL;
        let duty = self.controller.step(Step { error, seconds: estimate.seconds, ran, still });
        let reason = match (self.controller.is_near(), self.target.is_for_silence()) {
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
