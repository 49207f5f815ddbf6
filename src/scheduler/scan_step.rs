//! The end of a step of a scan.

use super::machine::Scheduler;
use super::port::{Notice, Output};

impl Scheduler {
    /// A step of a scan is saved, or has nothing to save.
    pub(super) fn end_scan_step(&mut self, next: Option<Vec<u8>>, out: &mut Vec<Output>) {
        let found = self.scans.replaced.saved(next.is_none());
        out.extend(found.into_iter().map(|found| Output::Notice(Notice::Replaced(found))));
        self.scans.end_step(next);
    }
}
