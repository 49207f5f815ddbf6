//! When a file that could not be saved is tried again: soon, then ever more rarely, until it is on the disk.

use crate::base::time::{Duration, Instant};
use crate::limits::{MEND_RETRY_MS, MEND_RETRY_MS_MAX};

/// The saves of one file.
#[derive(Debug, Default)]
pub(super) struct Resave {
    failed: Option<Failed>,
}

#[derive(Debug)]
struct Failed {
    why: String,
    pause_ms: u64,
    at: Instant,
}

impl Resave {
    /// A save has ended, or failed for this reason. True if it is the first in a row that failed: people are told once.
    pub(super) fn ended(&mut self, now: Instant, failed: Option<&str>) -> bool {
        let before = self.failed.take().map(|failed| failed.pause_ms);
        let Some(why) = failed else { return false };
        let pause_ms = before.map_or(MEND_RETRY_MS, |pause_ms| (2 * pause_ms).min(MEND_RETRY_MS_MAX));
        let at = now + Duration::from_millis(pause_ms);
        self.failed = Some(Failed { why: why.to_owned(), pause_ms, at });
        before.is_none()
    }

    /// Whether a save may be tried now.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.failed.as_ref().is_none_or(|failed| failed.at <= now)
    }

    /// When it is tried again, if it failed.
    pub(super) fn at(&self) -> Option<Instant> {
        self.failed.as_ref().map(|failed| failed.at)
    }

    /// Why the last save failed, if it did.
    pub(super) fn why(&self) -> Option<&str> {
        self.failed.as_ref().map(|failed| failed.why.as_str())
    }
}
