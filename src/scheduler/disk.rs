//! The disk of the agent's home: whether it is too full to work, and when it is measured again.

use super::port::{Notice, Output};
use crate::base::time::{Duration, Instant};
use crate::limits::{DISK_FREE_MIN, DISK_RETRY_MS};

/// The last measurement of the disk.
#[derive(Debug)]
pub(super) struct Disk {
    /// Free bytes.
    pub(super) free: u64,
    /// Whether people have been notified that it holds the work up.
    notified: bool,
    measure_at: Instant,
}

impl Disk {
    pub(super) const fn new(free: u64) -> Self {
        Self { free, notified: false, measure_at: Instant::ZERO }
    }

    pub(super) const fn is_full(&self) -> bool {
        self.free < DISK_FREE_MIN
    }

    /// When to measure it again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.is_full().then_some(self.measure_at)
    }

    /// Notifies people when the disk begins and ceases to hold the work up, and orders measurements of a full one.
    pub(super) fn check(&mut self, now: Instant, out: &mut Vec<Output>) {
        if !self.is_full() {
            if std::mem::take(&mut self.notified) {
                out.push(Output::Notice(Notice::Resumed));
            }
            return;
        }
        if !std::mem::replace(&mut self.notified, true) {
            out.push(Output::Notice(Notice::Held(self.reason())));
        }
        if self.measure_at <= now {
            self.measure_at = now + Duration::from_millis(DISK_RETRY_MS);
            out.push(Output::MeasureDisk);
        }
    }

    /// Why a command is refused while the disk is full, for people.
    pub(super) fn refusal(&self) -> String {
        format!("{} Nothing was changed.", self.reason())
    }

    /// What a full disk means, for people.
    pub(super) fn reason(&self) -> String {
        format!(
            "The disk that holds the agent's home has only {} MiB free; {} MiB are needed. Nothing new is indexed until \
             there is room; what is indexed still answers, unless its file was changed or deleted since.",
            self.free >> 20,
            DISK_FREE_MIN >> 20
        )
    }
}
