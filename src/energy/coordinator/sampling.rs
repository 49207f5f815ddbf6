//! When the sensors are read, and what is made of readings that come late.

use super::{HostCoordinator, Out};
use crate::base::time::{Duration, Instant};
use crate::energy::accounting::meter::{Cpu, Watts};
use crate::energy::board::findings::BoardReport;
use crate::energy::board::source::Supplies;
use crate::energy::input::Sample;
use crate::energy::sample::fault::{Fault, Reading};
use crate::limits::SENSOR_LATE_MS;

/// After so long a read of the sensors is late.
const LATE: Duration = Duration::from_millis(SENSOR_LATE_MS);
/// Between two unknown samples in place of one that is late.
const LATE_AGAIN: Duration = Duration::from_secs(1);

/// What the reader of the sensors does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Busy {
    /// It lists the sensors for the first time.
    Listing,
    Reading,
    /// It writes the state. A disk that keeps it waiting is like a sensor that does.
    Saving,
}

/// Reads of the sensors.
#[derive(Clone, Debug)]
pub(super) struct Sampling {
    /// How many the governor knows.
    sensors: usize,
    /// What feeds the device, as it was last read.
    supplies: Option<Supplies>,
    busy: Option<(Instant, Busy)>,
    /// When an unknown sample was last taken in place of the one that is late.
    late_fed: Option<Instant>,
    /// A sample is due at once.
    due: bool,
    /// The sensors are to be listed anew before it.
    relist: bool,
}

impl Sampling {
    pub(super) fn new(found: &BoardReport) -> Self {
        let sensors = found.cpu.sensors().len();
        Self { sensors, supplies: None, busy: None, late_fed: None, due: true, relist: false }
    }

    pub(super) const fn sensors(&self) -> usize {
        self.sensors
    }

    pub(super) const fn changed(&mut self, relist: bool) {
        self.due = true;
        self.relist |= relist;
    }

    pub(super) const fn await_listing(&mut self, now: Instant) {
        self.busy = Some((now, Busy::Listing));
    }

    pub(super) fn found(&mut self, found: &BoardReport) {
        self.sensors = found.cpu.sensors().len();
        self.due = true;
        self.end(Busy::Listing);
    }

    /// Says whether the sensors are to be listed anew.
    pub(super) const fn begin_reading(&mut self, now: Instant) -> bool {
        self.due = false;
        self.busy = Some((now, Busy::Reading));
        std::mem::replace(&mut self.relist, false)
    }

    pub(super) const fn begin_saving(&mut self, now: Instant) {
        self.busy = Some((now, Busy::Saving));
    }

    pub(super) fn end_saving(&mut self) {
        self.end(Busy::Saving);
    }

    fn end(&mut self, what: Busy) {
        if self.busy.is_some_and(|(_, busy)| busy == what) {
            self.busy = None;
        }
    }

    fn is_late(&self, now: Instant) -> bool {
        self.busy.is_some_and(|(since, _)| now.since(since) > LATE)
    }

    /// When what is being read is late, or is unknown once more.
    pub(super) fn late_at(&self) -> Option<Instant> {
        let first = self.busy.map(|(since, _)| since + LATE + Duration::from_millis(1))?;
        Some(self.late_fed.map_or(first, |fed| first.max(fed + LATE_AGAIN)))
    }
}

impl HostCoordinator {
    /// When to sample next; `None`: a read is under way, or another agent samples.
    pub(super) fn sample_at(&self, now: Instant) -> Option<Instant> {
        if !self.leads() || self.sampling.busy.is_some() {
            return None;
        }
        if self.sampling.due { Some(now) } else { self.governor.deadline(now) }
    }

    /// When to save next; `None`: a save or a read is under way.
    pub(super) fn save_at(&self) -> Option<Instant> {
        self.saves.due().filter(|_| self.sampling.busy.is_none())
    }

    pub(super) fn on_sample(&mut self, now: Instant, sample: &Sample, watts: Option<Watts>, out: &mut Out) {
        self.sampling.end(Busy::Reading);
        self.sampling.late_fed = None;
        self.sampling.supplies = sample.supplies;
        self.measure(now, sample, watts);
        let sample = Sample { backlog: self.backlog(now), ..sample.clone() };
        self.shares.whole = self.governor.sample(now, &sample);
        self.tell_node(now, out);
        self.saves.notice(self.governor.learned());
        self.tell_if_moved(now, out);
    }

    pub(super) fn on_sample_late(&mut self, now: Instant, out: &mut Out) {
        self.notice_late(now);
        self.sampling.end(Busy::Reading);
        self.tell_if_moved(now, out);
    }

    /// Power and CPU time since the last sample, for the tasks that ended meanwhile.
    fn measure(&mut self, now: Instant, sample: &Sample, watts: Option<Watts>) {
        let busy = sample
            .ticks
            .map(|ticks| Duration::from_millis(ticks.busy.saturating_mul(1000) / u64::from(ticks.per_second.max(1))));
        let cpu = sample.mine.zip(busy).map(|(mine, busy)| Cpu { mine, busy });
        self.spending.sample(now, watts, cpu, self.shares.waits_since().is_some());
    }

    /// Feeds an unknown sample in place of one that its sensors keep back, once a second. Says whether it did.
    pub(super) fn notice_late(&mut self, now: Instant) -> bool {
        let fed = self.sampling.late_fed.is_some_and(|at| now.since(at) < LATE_AGAIN);
        if !self.sampling.is_late(now) || !self.leads() || fed {
            return false;
        }
        self.sampling.late_fed = Some(now);
        let unknown: Reading = Err(Fault::Later);
        // A device without a battery has none now either; what a battery says may have changed meanwhile.
        let supplies = self.sampling.supplies.filter(|supplies| supplies.battery.is_none());
        let mut sample = Sample { wall: self.wall(now), backlog: self.backlog(now), supplies, ..Sample::default() };
        for _ in 0..self.sampling.sensors {
            // As many as the governor knows.
            let _ = sample.temperatures.push(unknown);
        }
        self.shares.whole = self.governor.sample(now, &sample);
        true
    }
}
