//! Whether the index has as many documents as the looks at the watched folders found.
//!
//! Each look counts the files that it finds, and knows what becomes of the documents in its range. So at rest their sum is the number
//! of documents in the store. Where it is not, something was decided of a document that had changed since, or a defect lost one: all
//! is looked at once more, by itself, and until the numbers match that is a finding.

use super::machine::Scheduler;
use super::path::covers;
use super::unmatched::Unmatched;
use crate::base::time::Instant;
use crate::store::counts::Kind;

impl Scheduler {
    /// The numbers, if they do not match although nothing is under way that changes them.
    #[must_use]
    pub const fn unmatched(&self) -> Option<Unmatched> {
        self.decisions.losses.unmatched
    }

    /// Compares them; where they do not match for the first time, all is looked at once more, but not all the time.
    pub(super) fn match_counts(&mut self, now: Instant) {
        if self.scans.any() || self.scans.queue.has_dirty() || self.decisions.any() || self.stands_still() {
            // Not known just now. What was told stays so until it is known again.
            return;
        }
        let Some(expected) = self.expected() else {
            self.decisions.losses.unmatched = None;
            return;
        };
        let documents = self.counts.total() - self.counts.count(Kind::Tombstoned);
        let before = self.decisions.losses.unmatched.take();
        if expected != documents {
            self.decisions.losses.unmatched = Some(Unmatched { expected, documents });
            if before.is_none() {
                self.look_again(now);
            }
        }
    }

    /// The documents that there should be; `None` where it is not known of all sources, or a place is counted by two of them.
    fn expected(&self) -> Option<u64> {
        let sources = self.sources();
        let is_in = |source: &[u8]| sources.iter().any(|other| other.path != source && covers(&other.path, source));
        if sources.is_empty() || sources.iter().any(|source| is_in(&source.path)) {
            return None;
        }
        sources.iter().map(|source| self.decisions.losses.expected(&source.path)).sum()
    }
}
