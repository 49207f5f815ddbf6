//! Joules of this agent's background work: samples and ended tasks go to the meter, its records to the daily ledger.

use super::persisted::{Calibration, PersistedState};
use crate::base::time::{Duration, Instant};
use crate::energy::accounting::ledger::Ledger;
use crate::energy::accounting::meter::{Baseline, Cpu, Meter, Model, Recorded, Task, Watts};
use crate::energy::accounting::task::{Method, Scope};
use crate::energy::board::report::BoardReport;

/// The meter and the ledger.
#[derive(Clone, Debug)]
pub(super) struct Spending {
    meter: Meter,
    ledger: Ledger,
    calibration: Option<Calibration>,
    started: Instant,
    /// The agent stops: no sample comes any more.
    closed: bool,
}

impl Spending {
    pub(super) fn new(now: Instant, found: &BoardReport, persisted: &PersistedState) -> Self {
        let table_watts = found.board.as_ref().and_then(|board| board.core_watts);
        let default = |core_watts| Model { method: Method::ModelDefault, scope: Scope::BoardInput, core_watts };
        let calibration = persisted.calibration;
        let model = calibration.map(Calibration::model).or(table_watts.map(default));
        let meter = Meter::new(model, calibration.map(|found| (found.idle_watts, found.scope)));
        Self { meter, ledger: persisted.ledger.clone(), calibration, started: now, closed: false }
    }

    /// Watts of a core and of the whole device with all cores busy, if the whole board was calibrated: for the trickle on
    /// battery, and for how much solar power counts as surplus.
    pub(super) fn calibrated_watts(&self, cores: usize) -> Option<(f64, f64)> {
        let found = self.calibration.filter(|found| found.scope == Scope::BoardInput)?;
        Some((found.core_watts, found.core_watts.mul_add(cores as f64, found.idle_watts)))
    }

    /// A task ended on `day`.
    pub(super) fn ended(&mut self, now: Instant, day: i64, cpu: Duration, chunks: usize) {
        let record = self.meter.ended(now, Task { day, cpu, chunks: chunks as u64 });
        self.add(record);
        if self.closed {
            self.close();
        }
    }

    pub(super) fn sample(&mut self, now: Instant, watts: Option<Watts>, cpu: Option<Cpu>, working: bool) {
        let record = self.meter.sample(now, watts, cpu, working);
        self.add(record);
    }

    /// No sample comes any more: what ended since the last one is attributed by that.
    pub(super) fn close(&mut self) {
        self.closed = true;
        let record = self.meter.close();
        self.add(record);
    }

    fn add(&mut self, record: Option<Recorded>) {
        if let Some(record) = record {
            self.ledger.add(record);
        }
    }

    pub(super) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(super) const fn calibration(&self) -> Option<Calibration> {
        self.calibration
    }

    pub(super) fn baseline(&self, now: Instant) -> Option<Baseline> {
        self.meter.baseline(now)
    }

    /// Days of running, from a million days before 1970 on, for when the time of day is unknown.
    pub(super) fn day_of_running(&self, now: Instant) -> i64 {
        i64::try_from(now.since(self.started).as_secs()).unwrap_or(0) / 86_400 - 1_000_000
    }
}
