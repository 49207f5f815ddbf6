//! Measured watts, from the best source that a device has.

use super::file::File;
use crate::base::time::{Duration, Instant};
use crate::energy::account::rapl::Counter;
use crate::energy::account::task::{Method, Scope};
use crate::energy::board::rail::Rail;
use crate::energy::sample::fault::Reading;
use std::path::Path;

/// A rail whose files are open.
#[derive(Debug)]
pub(super) struct OpenRail {
    kind: (Method, Scope),
    meter: Meter,
}

#[derive(Debug)]
enum Meter {
    Product { millivolts: File, milliamperes: File },
    Milliwatts(File),
    Counter { microjoules: File, counter: Counter, last: Option<Instant> },
}

impl OpenRail {
    pub(super) fn new(root: &Path, rail: &Rail) -> Self {
        let file = |path: &str| File::new(root, path);
        let meter = match rail {
            Rail::Product { millivolts, milliamperes } => {
                Meter::Product { millivolts: file(millivolts), milliamperes: file(milliamperes) }
            }
            Rail::Milliwatts(path) => Meter::Milliwatts(file(path)),
            Rail::Counter { microjoules, range } => {
                Meter::Counter { microjoules: file(microjoules), counter: Counter::new(*range), last: None }
            }
        };
        Self { kind: rail.kind(), meter }
    }

    pub(super) const fn kind(&self) -> (Method, Scope) {
        self.kind
    }

    /// The rail's millivolts, where it measures them.
    pub(super) fn millivolts(&mut self, now: Instant) -> Option<u32> {
        let Meter::Product { millivolts, .. } = &mut self.meter else { return None };
        millivolts.integer(now).ok().and_then(|value| u32::try_from(value).ok())
    }

    /// Watts now, or on average since the last call for a counter; `None`: unknown.
    pub(super) fn watts(&mut self, now: Instant) -> Option<f64> {
        let positive = |reading: Reading| reading.ok().filter(|value| *value >= 0);
        match &mut self.meter {
            Meter::Product { millivolts, milliamperes } => {
                let product = positive(millivolts.integer(now))?.checked_mul(positive(milliamperes.integer(now))?)?;
                Some(product as f64 / 1e6)
            }
            Meter::Milliwatts(file) => Some(positive(file.integer(now))? as f64 / 1e3),
            Meter::Counter { microjoules, counter, last } => {
                let value = positive(microjoules.integer(now)).and_then(|value| u64::try_from(value).ok());
                let joules = counter.take(value);
                // A failed read keeps the moment, as the counter keeps its value: the next one covers both.
                let passed = if value.is_some() { last.replace(now).map(|at| now.since(at)) } else { None };
                let passed = passed.filter(|passed| *passed > Duration::ZERO)?;
                Some(joules? as f64 / 1e6 / passed.as_secs_f64())
            }
        }
    }
}
