//! The pressure gate: shortage of memory or disk halves the work, or holds it to a trickle.
//!
//! It compares the totals of pressure stall information (Documentation/accounting/psi) over two seconds. Kernels
//! without it are judged by available memory and pages swapped in. CPU pressure is left out, because our own waiting
//! threads count as such; a busy CPU belongs to the user activity gate. Unknown is no pressure.
//!
//! Tasks that wait for memory while half of it is free and nothing is swapped in have a limit of their own (a container's):
//! the device is not short of memory, and work goes on.

use super::doubt::{Doubt, Doubts};
use super::sample::text::Stall;
use crate::base::time::{Duration, Instant};

/// Time over which totals are compared; the kernel updates its own averages every two seconds.
const WINDOW: Duration = Duration::from_secs(2);
/// Parts of the time in which some task waits for memory that halve the work, and that hold it to a trickle.
const MEMORY: (f64, f64) = (0.05, 0.20);
/// The same for all tasks waiting for the disk.
const DISK: (f64, f64) = (0.10, 0.20);
/// Without pressure stall information: available part of the memory below which it is short.
const AVAILABLE: f64 = 0.10;
/// Available part of the memory from which a device is not short of it, whatever some task waits for.
const PLENTY: f64 = 0.50;
/// And pages swapped in per second: at a page a millisecond a device does little else.
const SWAPPED: f64 = 1000.0;

/// How short memory and disk are.
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

/// Counters of the kernel; unknown where it lacks them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// `/proc/pressure/memory`.
    pub memory: Stall,
    /// `/proc/pressure/io`.
    pub disk: Stall,
    /// Available and total memory in kB, from `/proc/meminfo`; read only where the pressure on memory is unknown or rose.
    pub available: Option<(u64, u64)>,
    /// Pages swapped in since the start, from `/proc/vmstat`; read likewise.
    pub swapped_in: Option<u64>,
}

/// Compares counts over the window.
#[derive(Clone, Debug, Default)]
pub struct PressureWatch {
    last: Option<(Instant, Counts)>,
    now: Pressure,
    doubts: Doubts,
}

impl PressureWatch {
    /// What is doubted, as of the last counts.
    #[must_use]
    pub const fn doubts(&self) -> Doubts {
        self.doubts
    }

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
        let part = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_sub(b?) as f64 / passed.as_micros() as f64);
        let memory = part(counts.memory.some, before.memory.some);
        let disk = part(counts.disk.full, before.disk.full);
        let swapped = counts.swapped_in.zip(before.swapped_in).map(|(a, b)| a.saturating_sub(b));
        let plenty = counts.available.is_some_and(|(left, all)| left as f64 >= PLENTY * all as f64 && all > 0);
        let short = level(memory, MEMORY);
        let wrong = short > Pressure::None && plenty && swapped.is_none_or(|pages| pages == 0);
        self.doubts = Doubts::NONE.with(Doubt::FreeMemory, wrong);
        self.now = if wrong { Pressure::None } else { short }.max(level(disk, DISK));
        if memory.is_none() {
            let few = counts.available.is_some_and(|(left, all)| (left as f64) < AVAILABLE * all as f64);
            let swaps = swapped.is_some_and(|pages| pages as f64 > SWAPPED * passed.as_secs_f64());
            self.now = self.now.max(match (few, swaps) {
                (true, true) => Pressure::High,
                (false, false) => Pressure::None,
                _ => Pressure::Some,
            });
        }
        self.now
    }
}

fn level(part: Option<f64>, (some, high): (f64, f64)) -> Pressure {
    match part {
        Some(part) if part > high => Pressure::High,
        Some(part) if part > some => Pressure::Some,
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
            assert_eq!(watch.sample(at(1), counts(Some(9_999_999), Some(9))), Pressure::None, "too soon");
            assert_eq!(watch.sample(at(2), counts(Some(7 + memory), Some(9 + disk))), due);
        }
    }

    #[test]
    fn without_pressure_stall_information_memory_and_swapping_count() {
        let at = |s: u64| Instant::from_millis(s * 1000);
        let poor = |swapped_in| Counts { available: Some((40_000, 500_000)), swapped_in, ..Counts::default() };
        let mut watch = PressureWatch::default();
        watch.sample(at(0), poor(Some(0)));
        assert_eq!(watch.sample(at(2), poor(Some(10))), Pressure::Some);
        assert_eq!(watch.sample(at(4), poor(Some(9000))), Pressure::High);
        assert_eq!(watch.sample(at(6), Counts::default()), Pressure::None, "unknown is no pressure");
    }

    #[test]
    fn tasks_that_wait_for_memory_while_half_of_it_is_free_do_not_slow_the_work() {
        let at = |s: u64| Instant::from_millis(s * 1000);
        for (left, swapped, due) in
            [(600, Some(9), Pressure::None), (400, Some(9), Pressure::High), (600, Some(10), Pressure::High)]
        {
            let counts =
                |waited, swapped_in| Counts { available: Some((left, 1000)), swapped_in, ..counts(Some(waited), None) };
            let mut watch = PressureWatch::default();
            watch.sample(at(0), counts(0, Some(9)));
            assert_eq!(watch.sample(at(2), counts(900_000, swapped)), due, "{left} of 1000 free");
            assert_eq!(watch.doubts().has(Doubt::FreeMemory), due == Pressure::None);
        }
    }
}
