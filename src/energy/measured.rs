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
    /// Both in tenths. A figure that is beyond its limit is so in tenths too: whoever reads them compares what is written.
    pub(super) fn new(value: f64, threshold: f64, unit: Unit) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "figures of sensors; a cast of a float saturates")]
        let whole = |figure: f64| figure as i32;
        let (tenths, limit) = (whole((value * 10.0).round()), threshold * 10.0);
        let (value, threshold) = if value > threshold {
            let limit = whole((limit + SAME).floor());
            (tenths.max(limit.saturating_add(1)), limit)
        } else if value < threshold {
            let limit = whole((limit - SAME).ceil());
            (tenths.min(limit.saturating_sub(1)), limit)
        } else {
            (tenths, tenths)
        };
        Self { value, threshold, unit }
    }
}

/// What a float of tenths may lack by its binary form.
const SAME: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_beyond_its_limit_reads_as_beyond_it() {
        let of = |value, threshold| {
            let measured = Measured::new(value, threshold, Unit::Cores);
            (measured.value, measured.threshold)
        };
        assert_eq!(of(1.26, 1.25), (13, 12));
        assert_eq!(of(1.2501, 1.25), (13, 12));
        assert_eq!(of(1.21, 1.2), (13, 12));
        assert_eq!(of(1.9, 1.25), (19, 12));
        assert_eq!(of(34.0, 60.0), (340, 600));
        assert_eq!(of(59.98, 60.0), (599, 600));
        assert_eq!(of(72.3, 72.3), (723, 723));
    }
}
