//! A share of a device's cores, from 0 to 1. NaN becomes 0, so a bad value never allows work.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// A share from 0 to 1, always finite.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(from = "f64", into = "f64")]
pub struct Fraction(f64);

impl Fraction {
    /// Nothing may run.
    pub const NONE: Self = Self(0.0);
    /// All cores may run.
    pub const ALL: Self = Self(1.0);
    /// The most that the mode Trickle may use: one of four cores.
    pub const TRICKLE: Self = Self(0.25);

    /// What light work may use while everything else is held: 3 % of one core, below what any gate can notice.
    pub const LEAST: Self = Self(0.03);

    /// The share nearest to `value`; 0 for NaN.
    #[must_use]
    pub const fn new(value: f64) -> Self {
        if value > 0.0 { Self(value.min(1.0)) } else { Self(0.0) }
    }

    /// The number, 0 to 1.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }

    /// How many of `cores` cores the share needs, the last of them perhaps in part.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to `cores` by construction")]
    pub fn cores(self, cores: usize) -> usize {
        // Less by 1e-9, so that rounding does not make 4 cores of 3 of 4.
        (((self.0 * cores as f64) - 1e-9).ceil().max(0.0) as usize).min(cores)
    }

    /// `part` of `whole` cores as a share; `NONE` if there are no cores.
    #[must_use]
    pub fn of(part: usize, whole: usize) -> Self {
        if whole == 0 { Self::NONE } else { Self::new(part as f64 / whole as f64) }
    }

    /// The share in quarters, rounded down, as it is advertised to peers.
    #[must_use]
    pub fn quarters(self) -> u8 {
        [0.25, 0.5, 0.75, 1.0].iter().fold(0, |count, step| count + u8::from(self.0 >= *step))
    }
}

impl From<f64> for Fraction {
    fn from(value: f64) -> Self {
        Self::new(value)
    }
}

impl From<Fraction> for f64 {
    fn from(share: Fraction) -> Self {
        share.0
    }
}

impl PartialEq for Fraction {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Fraction {}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Fraction;

    #[test]
    fn only_a_number_from_0_to_1_is_a_share() {
        for (from, to) in [(f64::NAN, 0.0), (-1.0, 0.0), (-0.0, 0.0), (0.3, 0.3), (f64::INFINITY, 1.0), (7.0, 1.0)] {
            assert_eq!(Fraction::new(from), Fraction::new(to));
        }
    }

    #[test]
    fn a_share_needs_whole_cores_and_gives_whole_quarters() {
        let cores = |share, of| Fraction::new(share).cores(of);
        assert_eq!([cores(0.0, 4), cores(0.01, 4), cores(0.75, 4), cores(0.76, 4), cores(1.0, 4)], [0, 1, 3, 4, 4]);
        assert_eq!([0.0, 0.24, 0.25, 0.99, 1.0].map(|s| Fraction::new(s).quarters()), [0, 0, 1, 3, 4]);
        assert_eq!(Fraction::of(3, 4).cores(4), 3);
        assert_eq!(Fraction::of(1, 0), Fraction::NONE);
    }
}
