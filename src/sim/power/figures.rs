//! The figures of a trace that the energy tests set bounds for.

use super::trial::Second;

/// Figures of one trace.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Seconds of a core at full clock that background work got.
    pub work: f64,
    /// The largest amount by which a mean of five seconds exceeded the target, in °C.
    pub overshoot: f64,
    /// The same after ten minutes.
    pub overshoot_late: f64,
    /// Seconds above the limit.
    pub above_limit: usize,
    /// Standard deviation of the temperature in the last third, in °C.
    pub deviation: f64,
    /// Difference of the highest and the lowest mean duty of a minute, in the last third.
    pub duty_swing: f64,
    /// Changes of mode after ten minutes.
    pub mode_changes: usize,
    /// Joules of the whole board.
    pub joules: f64,
}

/// Seconds after which the warm-up is over.
const LATE: usize = 600;

impl Figures {
    /// The figures of a trace on a board with this limit and target.
    #[must_use]
    pub fn of(trace: &[Second], limit: f64, target: f64) -> Self {
        let third = &trace[trace.len() * 2 / 3..];
        let over = |trace: &[Second]| means(trace, 5, |s| s.die).fold(f64::NEG_INFINITY, f64::max) - target;
        let modes = trace.get(LATE..).unwrap_or_default();
        let mean = third.iter().map(|s| s.die).sum::<f64>() / third.len() as f64;
        let variance = third.iter().map(|s| (s.die - mean).powi(2)).sum::<f64>() / third.len() as f64;
        let (low, high) =
            means(third, 60, |s| s.ran).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), d| (a.min(d), b.max(d)));
        Self {
            work: trace.iter().map(|s| s.work).sum(),
            overshoot: over(trace),
            overshoot_late: over(modes),
            above_limit: trace.iter().filter(|s| s.die > limit).count(),
            deviation: variance.sqrt(),
            duty_swing: high - low,
            mode_changes: modes.windows(2).filter(|pair| pair[0].mode != pair[1].mode).count(),
            joules: trace.iter().map(|s| s.joules).sum(),
        }
    }
}

/// Means of each `seconds` in a row.
fn means(trace: &[Second], seconds: usize, of: impl Fn(&Second) -> f64) -> impl Iterator<Item = f64> {
    trace.windows(seconds).map(move |window| window.iter().map(&of).sum::<f64>() / seconds as f64)
}
