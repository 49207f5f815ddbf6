//! Measured energy of our CPU time that no task was charged with yet.

use super::task::Attribution;

/// The part of the CPU time that other processes may have used for the work to count as having run alone.
const ALONE: f64 = 0.05;
/// CPU seconds of a task, and the part of them, that may be missing here: the clocks are not read at the same moment.
const UNCOVERED: (f64, f64) = (0.05, 0.1);

/// CPU seconds that are held at most for tasks that still run: half a minute of four workers. What queries and the
/// writing of records use is charged to no task and stays; without a cap the average would lag behind the power by
/// hours.
const CPU_MAX: f64 = 120.0;

/// Joules above idle, with the CPU seconds in which they were spent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credit {
    joules: f64,
    cpu: f64,
    others: f64,
}

/// What tasks are charged with.
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
    /// Adds an interval: joules of our share, our CPU seconds, those of other processes.
    pub fn add(&mut self, joules: f64, cpu: f64, others: f64) {
        self.joules += joules;
        self.cpu += cpu;
        self.others += others;
        if self.cpu > CPU_MAX {
            self.scale(CPU_MAX / self.cpu);
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

    /// Takes the part of tasks that used so many CPU seconds; the rest stays for tasks that still run.
    pub fn draw(&mut self, cpu: f64) -> Draw {
        if cpu > self.cpu.mul_add(1.0 + UNCOVERED.1, UNCOVERED.0) {
            // What is here belongs to these tasks, which are modelled instead.
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
