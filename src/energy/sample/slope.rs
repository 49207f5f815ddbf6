//! The median of three samples, and the slope of the last ten: a single step of a coarse sensor is noise.

use crate::base::time::Instant;
use heapless::Deque;

/// Values of one slope: on a coarse sensor a slope over less than 8 to 10 s is noise.
const SLOPE_VALUES: usize = 10;

/// The last three values.
#[derive(Clone, Debug, Default)]
pub struct Median {
    last: Deque<f64, 3>,
}

impl Median {
    /// Takes a value and gives the median of the last three; of the last one or two, the larger.
    pub fn take(&mut self, value: f64) -> f64 {
        if self.last.is_full() {
            self.last.pop_front();
        }
        let _ = self.last.push_back(value);
        let mut sorted = [f64::NEG_INFINITY; 3];
        self.last.iter().zip(&mut sorted).for_each(|(value, slot)| *slot = *value);
        sorted.sort_unstable_by(f64::total_cmp);
        if self.last.len() == 3 { sorted[1] } else { sorted[2] }
    }

    /// Forgets all values.
    pub fn clear(&mut self) {
        self.last.clear();
    }
}

/// The last ten values with their times.
#[derive(Clone, Debug, Default)]
pub struct Slope {
    points: Deque<(Instant, f64), SLOPE_VALUES>,
}

impl Slope {
    /// Takes a value and gives the least-squares slope per second; 0 until there are three.
    pub fn take(&mut self, now: Instant, value: f64) -> f64 {
        if self.points.is_full() {
            self.points.pop_front();
        }
        let _ = self.points.push_back((now, value));
        self.per_second()
    }

    /// Forgets all values.
    pub fn clear(&mut self) {
        self.points.clear();
    }

    fn per_second(&self) -> f64 {
        let Some((start, _)) = self.points.front() else { return 0.0 };
        let n = self.points.len() as f64;
        let points = || self.points.iter().map(|(at, value)| (at.since(*start).as_secs_f64(), *value));
        let (t, v) = points().fold((0.0, 0.0), |(t, v), (at, value)| (t + at / n, v + value / n));
        let (tv, tt) =
            points().fold((0.0, 0.0), |(tv, tt), (at, value)| (tv + (at - t) * (value - v), tt + (at - t) * (at - t)));
        if self.points.len() < 3 || tt <= 0.0 { 0.0 } else { tv / tt }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spike_does_not_pass_the_median() {
        let mut median = Median::default();
        let out: Vec<f64> = [50.0, 50.5, 85.0, 50.5, 51.0].iter().map(|v| median.take(*v)).collect();
        assert_eq!(out, [50.0, 50.5, 50.5, 50.5, 51.0]);
    }

    #[test]
    fn the_slope_of_a_line_is_its_slope() {
        let mut slope = Slope::default();
        let at = |s: u64| Instant::from_millis(s * 1000);
        let mut last = 0.0;
        for s in 0..30 {
            last = slope.take(at(s), s as f64 * 0.3 + 40.0);
        }
        assert!((last - 0.3).abs() < 1e-9);
        slope.clear();
        assert_eq!(slope.take(at(31), 90.0), 0.0, "one value has no slope");
        assert_eq!(slope.take(at(31), 10.0), 0.0);
        assert_eq!(slope.take(at(31), 10.0), 0.0, "values of the same moment have none either");
    }
}
