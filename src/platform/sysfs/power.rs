//! Measured power, from the best rail that a device has.

use super::file::{File, PreviousFiles};
use crate::base::time::{Duration, Instant};
use crate::energy::accounting::meter::Watts;
use crate::energy::accounting::rapl::Counter;
use crate::energy::accounting::task::{Method, Scope};
use crate::energy::board::rail::Rail;
use crate::energy::sample::fault::Reading;
use crate::limits::PACKAGES_MAX;

/// Plausible millivolts of a 5 V input; a rail of 12 V or an empty channel is not one.
const FIVE_VOLTS: std::ops::RangeInclusive<i64> = 4000..=5500;

/// A rail whose files are open.
#[derive(Debug)]
pub(super) struct OpenRail {
    rail: Rail,
    meter: Meter,
    /// When it last gave a value.
    last_value: Option<Instant>,
}

#[derive(Debug)]
enum Meter {
    Product { millivolts: File, milliamperes: File },
    Milliwatts(File),
    Microwatts { microwatts: File, millivolts: Option<File> },
    Counter { all: Vec<(File, Counter)>, last: Option<Instant> },
}

impl OpenRail {
    /// Opens a rail, or reuses the one that was open: a listing does not lose a counter's last value.
    pub(super) fn new(rail: Rail, previous: &mut PreviousFiles<'_>, before: Option<Self>) -> Self {
        if let Some(same) = before.filter(|before| before.rail == rail && !before.is_gone()) {
            return same;
        }
        let mut file = |path: &String| previous.file(path);
        let meter = match &rail {
            Rail::Product { millivolts, milliamperes } => {
                Meter::Product { millivolts: file(millivolts), milliamperes: file(milliamperes) }
            }
            Rail::Milliwatts(path) => Meter::Milliwatts(file(path)),
            Rail::Microwatts { microwatts, millivolts } => {
                Meter::Microwatts { microwatts: file(microwatts), millivolts: millivolts.as_ref().map(file) }
            }
            Rail::Counter { microjoules, .. } => Meter::Counter {
                all: microjoules.iter().map(|(path, range)| (file(path), Counter::new(*range))).collect(),
                last: None,
            },
        };
        Self { rail, meter, last_value: None }
    }

    pub(super) const fn kind(&self) -> (Method, Scope) {
        self.rail.kind()
    }

    /// For how long it has given nothing; `None`: it never gave anything.
    pub(super) fn silent(&self, now: Instant) -> Option<Duration> {
        self.last_value.map(|at| now.since(at))
    }

    /// Is one of its files gone?
    pub(super) fn is_gone(&self) -> bool {
        match &self.meter {
            Meter::Product { millivolts, milliamperes } => millivolts.is_gone() || milliamperes.is_gone(),
            Meter::Milliwatts(file) => file.is_gone(),
            Meter::Microwatts { microwatts, .. } => microwatts.is_gone(),
            Meter::Counter { all, .. } => all.iter().any(|(file, _)| file.is_gone()),
        }
    }

    /// The millivolts of a 5 V input, where it measures them.
    pub(super) fn millivolts(&mut self, now: Instant) -> Option<u32> {
        let (Meter::Product { millivolts, .. } | Meter::Microwatts { millivolts: Some(millivolts), .. }) =
            &mut self.meter
        else {
            return None;
        };
        let value = millivolts.integer(now).ok().filter(|value| FIVE_VOLTS.contains(value))?;
        u32::try_from(value).ok()
    }

    /// Watts now, or on average since the last call for a counter; `None`: unknown.
    pub(super) fn watts(&mut self, now: Instant) -> Option<Watts> {
        let positive = |reading: Reading| reading.ok().filter(|value| *value >= 0);
        let watts = match &mut self.meter {
            Meter::Product { millivolts, milliamperes } => {
                let product = positive(millivolts.integer(now))?.checked_mul(positive(milliamperes.integer(now))?)?;
                product as f64 / 1e6
            }
            Meter::Milliwatts(file) => positive(file.integer(now))? as f64 / 1e3,
            Meter::Microwatts { microwatts, .. } => positive(microwatts.integer(now))? as f64 / 1e6,
            Meter::Counter { all, last } => {
                let mut values = heapless::Vec::<u64, PACKAGES_MAX>::new();
                for (file, _) in all.iter_mut() {
                    let value = positive(file.integer(now)).and_then(|value| u64::try_from(value).ok());
                    // If one fails, all counters stay as they are: the next reading covers both intervals.
                    values.push(value?).ok()?;
                }
                self.last_value = Some(now);
                let mut joules = Some(0_u64);
                for ((_, counter), value) in all.iter_mut().zip(values) {
                    // Each takes its value, also after one that has only its first.
                    let passed = counter.take(Some(value));
                    joules = joules.zip(passed).and_then(|(sum, passed)| sum.checked_add(passed));
                }
                let passed = last.replace(now).map(|at| now.since(at)).filter(|passed| *passed > Duration::ZERO)?;
                joules? as f64 / 1e6 / passed.as_secs_f64()
            }
        };
        self.last_value = Some(now);
        let (method, scope) = self.rail.kind();
        Some(Watts { watts, mean: matches!(self.meter, Meter::Counter { .. }), method, scope })
    }
}
