//! The thermal gate (4.2): a PI regulator with the slope's prediction, just below the limit.
//!
//! Far from the goal it opens by a slew; near it regulates; close to the limit it shuts. What it learned (the duty
//! that keeps the goal) survives a restart.

use super::fraction::Fraction;
use super::reason::{Gate, Reason};
use super::sample::group::Temperature;
use super::sample::slope::{Median, Slope};
use crate::base::time::{Duration, Instant};

/// Gain, of full duty a degree (4.2).
const KP: f64 = 0.06;
/// Seconds in which the integral does what the gain did (4.2).
const TI: f64 = 60.0;
/// Seconds that the slope is looked ahead (4.2).
const AHEAD: f64 = 8.0;
/// Fraction of a new sample in the filtered temperature, at one a second (4.2).
const FILTER: f64 = 0.4;
/// Degrees below the goal beyond which the gate opens freely, and within which it regulates (4.2).
const FAR: f64 = 7.0;
/// See `FAR`.
const NEAR: f64 = 4.0;
/// Seconds beyond `FAR` after which the gate opens freely again. Not of 4.2: the die of a Zero 2 W falls by more than
/// `FAR` within seconds when the duty falls at `NEAR`, and swung between the two for ever.
const FAR_SECONDS: f64 = 30.0;
/// Fraction by which the work must lie below what heat allows to count as held by something else.
const HELD: f64 = 0.02;
/// Seconds over which the gate is averaged for the mode: a burst of somebody's work, which heat answers with nothing for
/// half a minute, is not to cost the minutes that steps of the mode take.
const SETTLE: f64 = 60.0;
/// What a freely opening gate gains a second (4.2).
const SLEW: f64 = 0.05;
/// Degrees below the limit at which everything stops (4.2).
const GUARD: f64 = 1.5;
/// For how long (4.2).
const GUARD_HOLD: Duration = Duration::from_secs(5);
/// What is left of the integral after that (4.2).
const GUARD_INTEGRAL: f64 = 0.8;
/// The duty that is assumed to keep the goal, before anything was learned (4.2).
const START: f64 = 0.2;
/// Fraction of the integral that is learned a second while regulating: minutes, so that a burst leaves no trace.
const LEARN: f64 = 0.01;
/// Degrees around the goal within which there is something to learn.
const LEARN_WITHIN: f64 = 1.5;
/// At most this while, and for a minute after, something else throttles (4.2).
const THROTTLED: Fraction = Fraction::new(0.25);
/// See `THROTTLED`.
const THROTTLED_HOLD: Duration = Duration::from_secs(60);
/// Degrees that the goal falls with each throttling (4.2), once per hold.
const THROTTLED_DEGREES: f64 = 2.0;
/// Degrees that it may fall in all: a board whose table is wrong by more needs its owner.
const LOWERED_MAX: f64 = 20.0;
/// Degrees a second that it rises again: 1 in ten minutes (4.2).
const RECOVER: f64 = 1.0 / 600.0;
/// The sensor may be silent for this long before the gate falls (4.2).
const SILENT: Duration = Duration::from_secs(5);
/// To this (4.2).
const SILENT_AT_MOST: f64 = 0.35;
/// Without any sensor (4.2), and where there never was one: what vanished is worth no more than what is silent.
const BLIND: Fraction = Fraction::new(0.5);
/// Seconds that one sample counts at most: idle ones are five apart. What was silent for longer earned nothing.
const STEP_MAX: f64 = 6.0;
/// The very same raw value for this long earns no more duty: sensors have noise, and one that stands still may be
/// stuck. Not of 4.2: found by T6, where a stuck value let the integral climb for 200 s.
const STILL: Duration = Duration::from_secs(20);

/// What the owner chose.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Degrees between the goal and the limit, 3 to 10.
    pub margin: f64,
    /// Stay below the first trip of the fan.
    pub silent: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { margin: 4.0, silent: false }
    }
}

/// The gate with its memory.
#[derive(Clone, Debug)]
pub struct Thermal {
    limit: f64,
    goal: f64,
    silent: bool,
    settings: Settings,
    blind: bool,
    /// There was a sensor, and it is gone.
    lost: bool,
    median: Median,
    slope: Slope,
    filtered: Option<(Instant, f64)>,
    last: Option<Instant>,
    known: Option<Instant>,
    near: bool,
    far_for: f64,
    settled: f64,
    integral: f64,
    learned: f64,
    at_most: f64,
    guard_until: Option<Instant>,
    throttled_until: Option<Instant>,
    lowered: f64,
}

impl Thermal {
    /// A gate for a device that must stay below `limit` degrees, whose fan starts at `fan_trip`; `blind` if it has no
    /// sensor.
    #[must_use]
    pub fn new(limit: f64, fan_trip: Option<f64>, blind: bool, settings: Settings) -> Self {
        let (goal, silent) = aim(limit, fan_trip, settings);
        Self {
            limit,
            goal,
            silent,
            settings,
            blind,
            lost: false,
            median: Median::default(),
            slope: Slope::default(),
            filtered: None,
            last: None,
            known: None,
            near: false,
            far_for: 0.0,
            settled: 0.0,
            integral: START,
            learned: START,
            at_most: 0.0,
            guard_until: None,
            throttled_until: None,
            lowered: 0.0,
        }
    }

    /// Another limit, fan or sensor was found, or none any more; what was learned stays.
    pub fn relimit(&mut self, limit: f64, fan_trip: Option<f64>, blind: bool) {
        let (goal, silent) = aim(limit, fan_trip, self.settings);
        self.lost = blind && (self.lost || !self.blind);
        (self.limit, self.goal, self.silent, self.blind) = (limit, goal, silent, blind);
    }

    /// The goal in degrees, as lowered by throttling.
    #[must_use]
    pub fn goal(&self) -> f64 {
        self.goal - self.lowered
    }

    /// The duty that keeps the goal, as far as it was learned; to be kept over a restart.
    #[must_use]
    pub const fn learned(&self) -> f64 {
        self.learned
    }

    /// What the gate lets through on average of a minute: a regulator that touches zero for a second has not
    /// switched the device off.
    #[must_use]
    pub fn settled(&self) -> Fraction {
        Fraction::new(self.settled)
    }

    /// Was there a sensor that answered? One that is silent since earns no more.
    #[must_use]
    pub const fn has_known(&self) -> bool {
        self.known.is_some()
    }

    /// A sensor that was doubted has proved to be one.
    pub const fn sighted(&mut self) {
        (self.blind, self.lost) = (false, false);
    }

    /// Takes up what an earlier run learned.
    pub const fn recall(&mut self, learned: f64) {
        if learned > 0.0 {
            self.learned = learned.min(1.0);
            self.integral = self.learned;
        }
    }

    /// Forgets all that was measured: after a suspend, the old slope means nothing.
    pub fn forget(&mut self) {
        self.median.clear();
        self.slope.clear();
        self.filtered = None;
        self.near = false;
        self.integral = self.learned;
        self.at_most = self.at_most.min(self.learned);
    }

    /// One sample: the temperature if known, whether the kernel or firmware throttles, and what share ran since.
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
        let share = gate.at_most.value();
        let kept = if first || share > self.settled { 0.0 } else { (-seconds / SETTLE).exp() };
        self.settled = kept.mul_add(self.settled - share, share);
        gate
    }

    /// Never more while nothing is known. A sensor that never answered at all is worth what a silent one is.
    fn unknown(&mut self, now: Instant) -> Gate {
        if self.known.is_none() {
            return Gate::at(Fraction::new(SILENT_AT_MOST), Reason::SensorSilent);
        }
        if self.known.is_some_and(|at| now.since(at) > SILENT) {
            return self.vanished();
        }
        Gate { at_most: Fraction::new(self.at_most), reason: Reason::SensorSilent }
    }

    /// As little as was allowed before, and begun anew when a sensor is seen again.
    fn vanished(&mut self) -> Gate {
        if self.known.is_some() {
            self.at_most = self.at_most.min(SILENT_AT_MOST);
            self.slope.clear();
            self.median.clear();
            self.filtered = None;
        }
        let at_most = if self.known.is_some() { self.at_most } else { SILENT_AT_MOST };
        Gate { at_most: Fraction::new(at_most), reason: Reason::SensorSilent }
    }

    fn throttling(&mut self, now: Instant, throttles: bool) -> Gate {
        let held = self.throttled_until.is_some_and(|until| now < until);
        if throttles {
            if !held {
                self.lowered = (self.lowered + THROTTLED_DEGREES).min(LOWERED_MAX);
            }
            self.throttled_until = Some(now + THROTTLED_HOLD);
        }
        if held || throttles { Gate::at(THROTTLED, Reason::Throttled) } else { Gate::OPEN }
    }

    fn regulate(&mut self, now: Instant, measured: Temperature, ran: f64) -> Gate {
        let median = self.median.take(measured.degrees);
        let (seconds, filtered) = match self.filtered {
            Some((at, old)) if now.since(at) <= Duration::from_secs(30) => {
                let seconds = now.since(at).as_secs_f64();
                (seconds.min(STEP_MAX), (1.0 - FILTER).powf(seconds).mul_add(old - median, median))
            }
            _ => (0.0, median),
        };
        self.filtered = Some((now, filtered));
        self.known = Some(now);
        self.lowered = (self.lowered - RECOVER * seconds).max(0.0);
        let slope = self.slope.take(now, median);
        let error = self.goal() - (filtered + slope.max(0.0) * AHEAD);
        if median >= self.limit - GUARD {
            if self.guard_until.is_none_or(|until| now >= until) {
                self.integral *= GUARD_INTEGRAL;
            }
            self.guard_until = Some(now + GUARD_HOLD);
        }
        if self.guard_until.is_some_and(|until| now < until) {
            self.at_most = 0.0;
            return Gate::at(Fraction::NONE, Reason::TooHot);
        }
        let still = measured.still >= STILL;
        self.at_most = self.duty(error, seconds, ran, still);
        let reason = match (self.near, self.silent) {
            // It is the slew that holds, not heat.
            (false, _) => Reason::Rising,
            (true, true) => Reason::Silence,
            (true, false) => Reason::Warm,
        };
        Gate::at(Fraction::new(self.at_most), reason)
    }

    /// The duty for an error in degrees.
    fn duty(&mut self, error: f64, seconds: f64, ran: f64, still: bool) -> f64 {
        // The integral is the learned equilibrium the first time, and after that what it was.
        self.far_for = if error > FAR { self.far_for + seconds } else { 0.0 };
        if error < NEAR {
            self.near = true;
        } else if self.far_for > FAR_SECONDS {
            self.near = false;
        }
        // Upward by the slew, near as far: a step of power is a step of the die, and a cooler board never gets less.
        let slewed = SLEW.mul_add(seconds, self.at_most);
        if !self.near {
            return slewed.min(1.0);
        }
        let wanted = KP.mul_add(error, self.integral);
        // Conditional integration: not upward while something else holds the work below what heat would allow, nor
        // beyond what can be done, nor for a sensor that stands still; not downward by the heat of others.
        let held = ran < wanted.min(1.0).min(self.at_most) - HELD;
        let useful = if error > 0.0 { !held && !still && wanted < 1.0 } else { wanted > 0.0 };
        if useful {
            self.integral = (KP / TI * error).mul_add(seconds, self.integral).clamp(0.0, 1.0);
        }
        if error.abs() < LEARN_WITHIN && !held {
            self.learned += (self.integral - self.learned) * (LEARN * seconds).min(1.0);
        }
        KP.mul_add(error, self.integral).clamp(0.0, 1.0).min(slewed)
    }
}

/// The goal in degrees, and whether it is that of silence.
fn aim(limit: f64, fan_trip: Option<f64>, settings: Settings) -> (f64, bool) {
    let goal = limit - settings.margin.clamp(3.0, 10.0);
    // Three degrees below the fan's trip (4.2).
    let quiet = fan_trip.filter(|_| settings.silent).map(|trip| trip - 3.0).filter(|quiet| *quiet < goal);
    (quiet.unwrap_or(goal), quiet.is_some())
}

#[cfg(test)]
#[path = "thermal_test.rs"]
mod tests;
