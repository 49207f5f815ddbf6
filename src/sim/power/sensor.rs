//! A temperature sensor that rounds, has noise, and fails in the ways that real ones do.

use crate::base::rng::Rng;
use crate::energy::sample::fault::{Fault, Reading};

/// Standard deviation of the noise in °C.
const NOISE: f64 = 0.25;

/// A fault that lasts some seconds.
#[derive(Clone, Copy, Debug)]
pub struct Failing {
    /// First second.
    pub from: u32,
    /// One after the last.
    pub to: u32,
    /// What a read gives meanwhile.
    pub gives: Readout,
}

/// What a failing sensor gives.
#[derive(Clone, Copy, Debug)]
pub enum Readout {
    /// An error.
    Fault(Fault),
    /// A number.
    Raw(i64),
    /// Its last good reading, repeated.
    Stuck,
}

/// A sensor.
#[derive(Clone, Debug)]
pub struct Sensor {
    quantum: f64,
    rng: Rng,
    failing: Vec<Failing>,
    last: Reading,
}

impl Sensor {
    /// A sensor with steps of `quantum` degrees.
    #[must_use]
    pub fn new(quantum: f64, seed: u64, failing: &[Failing]) -> Self {
        Self { quantum, rng: Rng::new(seed), failing: failing.to_vec(), last: Err(Fault::Later) }
    }

    /// The reading in this second, at this true temperature.
    ///
    /// # Errors
    /// That of the fault.
    pub fn read(&mut self, second: u32, degrees: f64) -> Reading {
        let noisy = NOISE.mul_add(gauss(&mut self.rng), degrees);
        let failing = self.failing.iter().find(|failing| (failing.from..failing.to).contains(&second));
        self.last = match failing.map(|failing| failing.gives) {
            None => Ok(millis((noisy / self.quantum).round() * self.quantum)),
            Some(Readout::Fault(fault)) => return Err(fault),
            Some(Readout::Raw(raw)) => return Ok(raw),
            Some(Readout::Stuck) => self.last,
        };
        self.last
    }
}

#[expect(clippy::cast_possible_truncation, reason = "temperatures of a board")]
fn millis(degrees: f64) -> i64 {
    (degrees * 1000.0).round() as i64
}

/// An approximately normal number: the sum of twelve uniform ones, minus six.
fn gauss(rng: &mut Rng) -> f64 {
    (0..12).map(|_| rng.below(1 << 32) as f64 / (1_u64 << 32) as f64).sum::<f64>() - 6.0
}
