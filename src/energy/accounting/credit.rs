//! Energy of our CPU time that no task was booked with yet.

use super::task::Attribution;

/// The part of the CPU time that others may have used for the work to count as having run alone.
const ALONE: f64 = 0.05;
/// CPU seconds of a task that may lie before the pot's beginning, and the part of it: clocks are not read at once.
const UNCOVERED: (f64, f64) = (0.05, 0.1);

/// CPU seconds that are kept at most for tasks that still run: half a minute of four workers. What answers and the writing
/// of records use stays in the pot, and must not make it so large that it follows the power by hours.
const KEPT: f64 = 120.0;

/// Joules above idle with the CPU seconds that they were spent in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credit {
    joules: f64,
    cpu: f64,
    others: f64,
}

/// What tasks get from the pot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Draw {
    /// So many joules.
    Joules(f64, Attribution),
    /// The CPU time was measured, and no energy above idle: the next interval may show it.
    Nothing,
    /// The CPU time was spent before anything was measured.
    Uncovered,
}

impl Credit {
    /// Adds an interval: joules of our share, our CPU seconds, those of others.
    pub fn add(&mut self, joules: f64, cpu: f64, others: f64) {
        self.joules += joules;
        self.cpu += cpu;
        self.others += others;
        if self.cpu > KEPT {
            self.scale(KEPT / self.cpu);
        }
    }

    fn scale(&mut self, part: f64) {
        *self = Self { joules: self.joules * part, cpu: self.cpu * part, others: self.others * part };
    }

    /// Joules of a CPU second, where there are some.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        (self.cpu > 0.0 && self.joules > 0.0).then(|| self.joules / self.cpu)
    }

    /// Takes the part of tasks that used so many CPU seconds; the rest waits for those that still run.
    pub fn draw(&mut self, cpu: f64) -> Draw {
        if cpu > self.cpu.mul_add(1.0 + UNCOVERED.1, UNCOVERED.0) {
            // What is in it was theirs, and is told by the model now.
            *self = Self::default();
            return Draw::Uncovered;
        }
        let part = if self.cpu > 0.0 { (cpu / self.cpu).min(1.0) } else { 1.0 };
        let joules = self.joules * part;
        if joules <= 0.0 {
            return Draw::Nothing;
        }
        let alone = self.others <= ALONE * (self.cpu + self.others);
        self.scale(1.0 - part);
        Draw::Joules(joules, if alone { Attribution::Exclusive } else { Attribution::CpuShare })
    }
}
