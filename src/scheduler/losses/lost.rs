//! The documents that a source lost within a minute: what comes back under any name in that time is no loss.

use crate::base::id::DocId;
use crate::base::time::{Duration, Instant};
use crate::limits::{LOSS_WINDOW_MS, LOST_MAX};
use crate::store::change::FoundDocument;
use std::collections::BTreeSet;

/// Which they are, `LOST_MAX` at most, and how many more.
#[derive(Debug, Default)]
pub(super) struct Lost {
    documents: BTreeSet<DocId>,
    more: u64,
    since: Instant,
}

impl Lost {
    /// A look ended: what was lost a minute ago counts no more.
    pub(super) fn begin(&mut self, now: Instant) {
        if now.since(self.since) >= Duration::from_millis(LOSS_WINDOW_MS) {
            *self = Self { since: now, ..Self::default() };
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.documents.len() as u64 + self.more
    }

    pub(super) fn contains(&self, doc: DocId) -> bool {
        self.documents.contains(&doc)
    }

    /// These are removed.
    pub(super) fn add(&mut self, gone: &[FoundDocument]) {
        for found in gone {
            if self.documents.len() < LOST_MAX {
                self.documents.insert(found.doc);
            } else {
                self.more += 1;
            }
        }
    }

    /// The files of these are there.
    pub(super) fn are_back(&mut self, documents: &BTreeSet<DocId>) {
        if !self.documents.is_empty() {
            self.documents.retain(|doc| !documents.contains(doc));
        }
    }
}
