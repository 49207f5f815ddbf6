//! The PI controller: from the distance to the target to a duty.

/// Proportional gain: parts of full duty per degree.
const KP: f64 = 0.06;
/// Integral time in seconds: in so long the integral term does what the proportional one did at once.
const TI: f64 = 60.0;
/// Degrees below the target beyond which the gate opens freely, and within which it controls.
const FAR: f64 = 7.0;
/// See `FAR`.
const NEAR: f64 = 4.0;
/// Seconds beyond `FAR` after which the gate opens freely again: the die of a Zero 2 W falls by more than `FAR` within
/// seconds when the duty falls at `NEAR`, and without this swung between the two for ever.
const FAR_SECONDS: f64 = 30.0;
/// Duty by which the work must lie below what heat allows to count as held back by something else.
const HELD: f64 = 0.02;
/// Duty that a freely opening gate gains a second.
pub(super) const SLEW: f64 = 0.05;
/// What is left of the integral after the guard shut the gate.
const GUARD_INTEGRAL: f64 = 0.8;
/// The duty that is assumed to keep the target, before anything was learned.
const START: f64 = 0.2;
/// Part of the integral that is learned a second while controlling: minutes, so that a burst leaves no trace.
const LEARN: f64 = 0.01;
/// Degrees around the target within which there is something to learn.
const LEARN_WITHIN: f64 = 1.5;

/// One step of the controller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Degrees that are left to the target.
    pub(super) error: f64,
    /// Seconds since the last step.
    pub(super) seconds: f64,
    /// The duty that ran since then.
    pub(super) ran: f64,
    /// The sensor stands still.
    pub(super) still: bool,
}

/// The controller with its memory.
#[derive(Clone, Debug)]
pub(super) struct PiController {
    near: bool,
    /// Seconds that the temperature has been beyond `FAR`.
    far_for: f64,
    integral: f64,
    learned: f64,
    at_most: f64,
}

impl PiController {
    pub(super) const fn new() -> Self {
        Self { near: false, far_for: 0.0, integral: START, learned: START, at_most: 0.0 }
    }

    /// The duty that keeps the target, as far as it was learned.
    pub(super) const fn learned(&self) -> f64 {
        self.learned
    }

    /// Takes over what an earlier run learned.
    pub(super) const fn restore(&mut self, learned: f64) {
        if learned > 0.0 {
            self.learned = learned.min(1.0);
            self.integral = self.learned;
        }
    }

    /// The duty that was last allowed.
    pub(super) const fn at_most(&self) -> f64 {
        self.at_most
    }

    /// Is the temperature so near to the target that heat, not the slew, sets the duty?
    pub(super) const fn is_near(&self) -> bool {
        self.near
    }

    /// Starts again from what was learned, after a suspend.
    pub(super) const fn restart(&mut self) {
        self.near = false;
        self.integral = self.learned;
        self.at_most = self.at_most.min(self.learned);
    }

    /// Allows no more than this, and rises from there.
    pub(super) const fn cap(&mut self, at_most: f64) {
        self.at_most = self.at_most.min(at_most);
    }

    /// The guard shut the gate: the integral was too high.
    pub(super) fn reduce(&mut self) {
        self.integral *= GUARD_INTEGRAL;
    }

    /// Nothing is allowed while the guard holds.
    pub(super) const fn shut(&mut self) {
        self.at_most = 0.0;
    }

    /// Takes a step and gives the duty allowed from now on.
    pub(super) fn step(&mut self, step: Step) -> f64 {
        self.at_most = self.duty(step);
        self.at_most
    }

    fn duty(&mut self, Step { error, seconds, ran, still }: Step) -> f64 {
        self.far_for = if error > FAR { self.far_for + seconds } else { 0.0 };
        if error < NEAR {
            self.near = true;
        } else if self.far_for > FAR_SECONDS {
            self.near = false;
        }
        // Upward by the slew, near or far: a step of power is a step of the die, and a cooler board never gets less.
        let slewed = SLEW.mul_add(seconds, self.at_most);
        if !self.near {
            return slewed.min(1.0);
        }
        let wanted = KP.mul_add(error, self.integral);
        // Conditional integration against windup: not upward while something else holds the work below what heat would
        // allow, nor beyond full duty, nor for a sensor that stands still; not downward by the heat of others.
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
