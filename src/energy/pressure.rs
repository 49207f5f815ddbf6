//! The pressure gate (4.5): memory and disk that are short halve the work, or hold it low.
//!
//! Only memory and disk: a full CPU is the user_activity gate's, because our own waiting threads count as pressure too.

use super::sample::text::Stall;
use crate::base::time::{Duration, Instant};

/// Time over which totals are compared: the kernel renews its averages every two seconds (1.7).
const WINDOW: Duration = Duration::from_secs(2);
/// Share of time in which some task waits for memory: halves, and holds low (4.5).
const MEMORY: (f64, f64) = (0.05, 0.20);
/// The same for all tasks waiting for the disk.
const DISK: (f64, f64) = (0.10, 0.20);
/// Where the kernel does not count pressure: share of memory that is still available (4.5).
const AVAILABLE: f64 = 0.10;
/// And pages swapped in a second: a page a millisecond is a device that does little else.
const SWAPPED: f64 = 1000.0;

/// How short things are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pressure {
    /// Not at all, or unknown.
    #[default]
    None,
    /// Work is halved.
    Some,
    /// Work is held to a trickle.
    High,
}

/// What is counted; unknown where the kernel does not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// `/proc/pressure/memory`.
    pub memory: Stall,
    /// `/proc/pressure/io`.
    pub disk: Stall,
    /// Memory that is available and that there is, in kB, from `/proc/meminfo`.
    pub available: Option<(u64, u64)>,
    /// Pages swapped in since the start, from `/proc/vmstat`.
    pub swapped_in: Option<u64>,
}

/// Compares counts over the window.
#[derive(Clone, Debug, Default)]
pub struct PressureWatch {
    last: Option<(Instant, Counts)>,
    now: Pressure,
}

impl PressureWatch {
    /// Takes the counts.
    pub fn sample(&mut self, now: Instant, counts: Counts) -> Pressure {
        let Some((at, before)) = self.last else {
            self.last = Some((now, counts));
            return self.now;
        };
        let passed = now.since(at);
        if passed < WINDOW {
            return self.now;
        }
        self.last = Some((now, counts));
        let share = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_sub(b?) as f64 / passed.as_micros() as f64);
        let memory = share(counts.memory.some, before.memory.some);
        let disk = share(counts.disk.full, before.disk.full);
        self.now = level(memory, MEMORY).max(level(disk, DISK));
        if memory.is_none() {
            let few = counts.available.is_some_and(|(left, all)| (left as f64) < AVAILABLE * all as f64);
            let swaps = counts.swapped_in.zip(before.swapped_in);
            let swaps = swaps.is_some_and(|(a, b)| a.saturating_sub(b) as f64 > SWAPPED * passed.as_secs_f64());
            self.now = self.now.max(match (few, swaps) {
                (true, true) => Pressure::High,
                (false, false) => Pressure::None,
                _ => Pressure::Some,
            });
        }
        self.now
    }
}

fn level(share: Option<f64>, (some, high): (f64, f64)) -> Pressure {
    match share {
        Some(share) if share > high => Pressure::High,
        Some(share) if share > some => Pressure::Some,
        _ => Pressure::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(memory: Option<u64>, disk: Option<u64>) -> Counts {
        let stall = |some, full| Stall { some, full };
        Counts { memory: stall(memory, None), disk: stall(None, disk), ..Counts::default() }
    }

    #[test]
    fn waiting_for_memory_or_disk_is_measured_over_two_seconds() {
        let at = |s: u64| Instant::from_millis(s * 1000);
        for (memory, disk, due) in [
            (90_000, 190_000, Pressure::None),
            (110_000, 0, Pressure::Some),
            (0, 210_000, Pressure::Some),
            (410_000, 0, Pressure::High),
            (0, 410_000, Pressure::High),
        ] {
            let mut watch = PressureWatch::default();
            watch.sample(at(0), counts(Some(7), Some(9)));
            assert_eq!(watch.sample(at(1), counts(Some(9_999_999), Some(9))), Pressure::None, "too soon to say");
            assert_eq!(watch.sample(at(2), counts(Some(7 + memory), Some(9 + disk))), due);
        }
    }

    #[test]
    fn a_kernel_that_does_not_count_is_asked_for_memory_and_swapping() {
        let at = |s: u64| Instant::from_millis(s * 1000);
        let poor = |swapped_in| Counts { available: Some((40_000, 500_000)), swapped_in, ..Counts::default() };
        let mut watch = PressureWatch::default();
        watch.sample(at(0), poor(Some(0)));
        assert_eq!(watch.sample(at(2), poor(Some(10))), Pressure::Some);
        assert_eq!(watch.sample(at(4), poor(Some(9000))), Pressure::High);
        assert_eq!(watch.sample(at(6), Counts::default()), Pressure::None, "unknown is no pressure");
    }
}
