//! A store that failed: a save that is not on the disk, or a read that gave nothing. It is tried again by itself, because a
//! full disk gets room and a disk that is away comes back.

use super::port::Refusal;
use super::saves::NotSaved;
use crate::base::time::{Duration, Instant};
use crate::limits::{MEND_RETRY_MS, MEND_RETRY_MS_MAX, READ_FAILURES_MAX, READ_FAILURES_MS};

/// Whether the store failed, and when it is tried again.
#[derive(Debug, Default)]
pub(super) struct Outage {
    failure: Option<Failure>,
    /// Failed reads that count together, and when the last was.
    reads: u32,
    last_read: Instant,
}

#[derive(Debug)]
struct Failure {
    what: NotSaved,
    tries: u32,
    /// When it is tried again; `None` while it is tried, and if it never is.
    due: Option<Instant>,
}

impl Outage {
    /// Whether nothing can be saved just now.
    pub(super) const fn is_on(&self) -> bool {
        self.failure.is_some()
    }

    /// Whether only the next start can write the store.
    pub(super) fn needs_restart(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.what.lasts)
    }

    /// When the next try is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.failure.as_ref()?.due
    }

    /// Why a request is refused meanwhile. `full`: the disk has no room.
    pub(super) fn refusal(&self, full: bool) -> Option<(Refusal, String)> {
        let kind = if full { Refusal::DiskFull } else { Refusal::Broken };
        Some((kind, self.failure.as_ref()?.what.refusal()))
    }

    /// What is so, for people.
    pub(super) fn reason(&self) -> Option<String> {
        let what = &self.failure.as_ref()?.what;
        Some(if what.lasts {
            format!("{} Questions are still answered; nothing new is saved.", what.why)
        } else {
            format!("{} Questions are still answered. The agent tries again by itself and then goes on.", what.why)
        })
    }

    /// The store failed, or could not be mended.
    pub(super) fn begin(&mut self, now: Instant, what: NotSaved) {
        let tries = self.failure.as_ref().map_or(0, |failure| failure.tries + 1);
        // Twice the time after each try.
        let pause = MEND_RETRY_MS.saturating_mul(1 << tries.min(16)).min(MEND_RETRY_MS_MAX);
        let due = (!what.lasts).then(|| now + Duration::from_millis(pause));
        self.failure = Some(Failure { what, tries, due });
    }

    /// Whether a try is due: then it begins, unless saves are still `under_way` and it waits for their end.
    pub(super) fn try_now(&mut self, now: Instant, under_way: bool) -> bool {
        let failure = self.failure.as_mut().filter(|failure| failure.due.is_some_and(|due| due <= now));
        let Some(failure) = failure else { return false };
        failure.due = under_way.then(|| now + Duration::from_millis(MEND_RETRY_MS));
        !under_way
    }

    /// Whether a request is tried in place of the next try: then it begins. Not while saves are still `under_way`, a try among them.
    pub(super) fn try_for(&mut self, under_way: bool) -> bool {
        let failure = self.failure.as_mut().filter(|failure| !under_way && failure.due.is_some());
        failure.map(|failure| failure.due = None).is_some()
    }

    /// The store can be written again.
    pub(super) fn end(&mut self) {
        self.failure = None;
    }

    /// A read failed: whether that was once too often.
    pub(super) fn count_read(&mut self, now: Instant) -> bool {
        let fresh = now.since(self.last_read) > Duration::from_millis(READ_FAILURES_MS);
        self.reads = if fresh { 1 } else { self.reads + 1 };
        self.last_read = now;
        self.reads >= READ_FAILURES_MAX
    }
}
