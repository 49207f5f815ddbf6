//! Joules of this agent's background work: from samples and tasks to the ledger of days.

use super::persisted::{Calibration, PersistedState};
use crate::base::time::{Duration, Instant};
use crate::energy::accounting::ledger::Ledger;
use crate::energy::accounting::meter::{Baseline, Cpu, Meter, Model, Recorded, Task, Watts};
use crate::energy::accounting::task::{Method, Scope};
use crate::energy::board::findings::BoardReport;

/// What is counted.
#[derive(Clone, Debug)]
pub(super) struct Spending {
    meter: Meter,
    ledger: Ledger,
    calibration: Option<Calibration>,
    began: Instant,
    /// The agent stops.
    closed: bool,
}

impl Spending {
    pub(super) fn new(now: Instant, found: &BoardReport, persisted: &PersistedState) -> Self {
        let of_table = found.board.as_ref().and_then(|board| board.core_watts);
        let table = |core_watts| Model { method: Method::ModelDefault, scope: Scope::BoardInput, core_watts };
        let calibration = persisted.calibration;
        let model = calibration.map(Calibration::model).or(of_table.map(table));
        let meter = Meter::new(model, calibration.map(|found| (found.idle_watts, found.scope)));
        Self { meter, ledger: persisted.ledger.clone(), calibration, began: now, closed: false }
    }

    /// Watts of a core and of the whole device with all cores busy, where that was calibrated whole: for a little on
    /// battery, and for what counts as surplus.
    pub(super) fn calibrated_watts(&self, cores: usize) -> Option<(f64, f64)> {
        let found = self.calibration.filter(|found| found.scope == Scope::BoardInput)?;
        Some((found.core_watts, found.core_watts.mul_add(cores as f64, found.idle_watts)))
    }

    /// A task ended, on this day.
    pub(super) fn ended(&mut self, now: Instant, day: i64, cpu: Duration, chunks: usize) {
        let booked = self.meter.ended(now, Task { day, cpu, chunks: chunks as u64 });
        self.book(booked);
        if self.closed {
            self.close();
        }
    }

    pub(super) fn sample(&mut self, now: Instant, watts: Option<Watts>, cpu: Option<Cpu>, working: bool) {
        let booked = self.meter.sample(now, watts, cpu, working);
        self.book(booked);
    }

    /// No sample will come any more: what ended is booked by the last one.
    pub(super) fn close(&mut self) {
        self.closed = true;
        let booked = self.meter.close();
        self.book(booked);
    }

    fn book(&mut self, booked: Option<Recorded>) {
        if let Some(booked) = booked {
            self.ledger.book(booked);
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

    /// Days of running, counted from a million before 1970, for who knows no time of day.
    pub(super) fn day_of_running(&self, now: Instant) -> i64 {
        i64::try_from(now.since(self.began).as_secs()).unwrap_or(0) / 86_400 - 1_000_000
    }
}
