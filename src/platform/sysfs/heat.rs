//! The files that concern heat: temperatures of the CPU, states of its cooling devices, counters of throttling.

use super::file::{File, PreviousFiles};
use super::root::Root;
use super::throttles::Throttles;
use crate::base::time::Instant;
use crate::energy::board::report::BoardReport;
use crate::energy::board::tree::Tree;
use crate::energy::input::Sample;
use crate::energy::sample::fault::Reading;
use crate::limits::CPU_SENSORS_MAX;

/// The files.
#[derive(Debug)]
pub(super) struct HeatFiles {
    /// Each with the millidegrees that its number lies above the temperature.
    temperatures: Vec<(File, i64)>,
    cooling: Vec<File>,
    throttles: Throttles,
}

impl HeatFiles {
    /// Those of a listing; `counted` are the counters of the listing before.
    pub(super) fn new(
        root: &Root,
        tree: &Tree,
        found: &BoardReport,
        previous: &mut PreviousFiles<'_>,
        counted: Throttles,
    ) -> Self {
        Self {
            temperatures: found.cpu.sensors().iter().map(|one| (previous.file(&one.path), one.offset)).collect(),
            cooling: found.throttle_paths.iter().take(CPU_SENSORS_MAX).map(|path| previous.file(path)).collect(),
            throttles: Throttles::new(root, tree, counted),
        }
    }

    /// Hands its files over to the next listing.
    pub(super) fn take_files(&mut self) -> (Vec<File>, Throttles) {
        let mut files: Vec<File> = std::mem::take(&mut self.temperatures).into_iter().map(|(file, _)| file).collect();
        files.append(&mut self.cooling);
        (files, std::mem::take(&mut self.throttles))
    }

    /// How many temperature sensors there are.
    pub(super) const fn count(&self) -> usize {
        self.temperatures.len()
    }

    pub(super) const fn files(&self) -> usize {
        self.temperatures.len() + self.cooling.len() + self.throttles.files()
    }

    /// Is one of the temperature sensors gone?
    pub(super) fn is_gone(&self) -> bool {
        self.temperatures.iter().any(|(file, _)| file.is_gone())
    }

    /// Fills the sample in place. A reading that `doubts` names is read once more.
    pub(super) fn read(&mut self, now: Instant, doubts: &dyn Fn(usize, Reading) -> bool, sample: &mut Sample) {
        sample.temperatures.clear();
        for (at, (file, offset)) in self.temperatures.iter_mut().enumerate() {
            let mut read = || file.integer(now).map(|raw| raw.saturating_sub(*offset));
            let first = read();
            let reading = if doubts(at, first) { read() } else { first };
            // There are no more sensors than the sample has room for.
            let _ = sample.temperatures.push(reading);
        }
        sample.cooling = sum(&mut self.cooling, now);
        sample.throttle_count = self.throttles.read(now);
    }
}

/// The sum of the states that could be read; `None` where none could. A state below 0 is idle (`intel_powerclamp`).
fn sum(files: &mut [File], now: Instant) -> Option<i64> {
    let values = files.iter_mut().filter_map(|file| file.integer(now).ok());
    values.map(|value| value.max(0)).reduce(i64::saturating_add)
}
