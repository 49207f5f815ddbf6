//! The reads of the sensors: which one is under way, which is late, and whether one is due at once.

use crate::base::time::{Duration, Instant};
use crate::energy::board::report::BoardReport;
use crate::energy::board::source::Supplies;
use crate::limits::SENSOR_LATE_MS;

/// After this long a read of the sensors is late.
const LATE: Duration = Duration::from_millis(SENSOR_LATE_MS);
/// Between two samples of unknown values in place of one that is late.
const LATE_AGAIN: Duration = Duration::from_secs(1);

/// What the thread does that reads the sensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Busy {
    /// It lists the sensors for the first time.
    Listing,
    Reading,
    /// It saves the state. A slow disk delays it as a slow sensor does.
    Saving,
}

/// The state of the reads.
#[derive(Clone, Debug)]
pub(super) struct Sampling {
    /// How many sensors the governor knows.
    sensors: usize,
    /// The power supplies, as last read.
    supplies: Option<Supplies>,
    busy: Option<(Instant, Busy)>,
    /// When a sample of unknown values was last used in place of the one that is late.
    replaced_at: Option<Instant>,
    /// A sample is due at once.
    due: bool,
    /// The sensors are to be listed again before it.
    relist: bool,
}

impl Sampling {
    pub(super) fn new(found: &BoardReport) -> Self {
        let sensors = found.cpu.sensors().len();
        Self { sensors, supplies: None, busy: None, replaced_at: None, due: true, relist: false }
    }

    pub(super) const fn sensors(&self) -> usize {
        self.sensors
    }

    /// Something changed: sample at once.
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

    /// A read begins. Returns whether the sensors are to be listed again before it.
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

    pub(super) const fn is_busy(&self) -> bool {
        self.busy.is_some()
    }

    pub(super) const fn is_due(&self) -> bool {
        self.due
    }

    /// A read ended in time; it gave these power supplies.
    pub(super) fn read(&mut self, supplies: Option<Supplies>) {
        self.end(Busy::Reading);
        self.replaced_at = None;
        self.supplies = supplies;
    }

    /// A read ended too late.
    pub(super) fn read_late(&mut self) {
        self.end(Busy::Reading);
    }

    /// Is a sample of unknown values to be used now in place of one that is late? True at most once a second.
    pub(super) fn replaces(&mut self, now: Instant) -> bool {
        let recent = self.replaced_at.is_some_and(|at| now.since(at) < LATE_AGAIN);
        let replaces = self.is_late(now) && !recent;
        if replaces {
            self.replaced_at = Some(now);
        }
        replaces
    }

    /// The power supplies as far as they need no new reading: a device that had no battery has none now, while the state
    /// of a battery may have changed.
    pub(super) fn lasting_supplies(&self) -> Option<Supplies> {
        self.supplies.filter(|supplies| supplies.battery.is_none())
    }

    /// When the read that is under way is late, or is to be replaced once more.
    pub(super) fn late_at(&self) -> Option<Instant> {
        let first = self.busy.map(|(since, _)| since + LATE + Duration::from_millis(1))?;
        Some(self.replaced_at.map_or(first, |at| first.max(at + LATE_AGAIN)))
    }
}
