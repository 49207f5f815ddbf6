//! The figure behind a reason: what was measured, and the limit that it is held against.

use serde::{Deserialize, Serialize};

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Degrees Celsius.
    Celsius,
    /// Percent of a battery.
    Percent,
    /// Cores that other programs use.
    Cores,
}

impl Unit {
    /// All of them, in the order of their numbers between devices.
    pub const ALL: [Self; 3] = [Self::Celsius, Self::Percent, Self::Cores];
}

/// A figure and its limit, in tenths of the unit: a decision is compared as a whole, and fractions are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// What was measured last.
    pub value: i32,
    /// From here on more work is allowed.
    pub threshold: i32,
    /// What both count.
    pub unit: Unit,
}

impl Measured {
    pub(super) fn new(value: f64, threshold: f64, unit: Unit) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "figures of sensors; a cast of a float saturates")]
        let tenths = |figure: f64| (figure * 10.0).round() as i32;
        Self { value: tenths(value), threshold: tenths(threshold), unit }
    }
}
