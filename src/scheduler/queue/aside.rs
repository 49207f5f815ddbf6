//! The list of documents that wait for the parser of another one: see `set_aside`.

use crate::base::id::DocId;
use crate::base::time::{Duration, Instant};
use crate::limits::{PARSER_TURN_MS, SET_ASIDE_MAX};
use std::collections::VecDeque;

/// From the last one that was set aside to the first that is tried again where who has the parser is no task.
pub(super) const PAUSE: Duration = Duration::from_millis(PARSER_TURN_MS);

/// Those that are set aside, in the order in which they came; at most `SET_ASIDE_MAX`.
#[derive(Debug, Default)]
pub(super) struct Aside {
    pub(super) documents: VecDeque<DocId>,
    pub(super) from: Instant,
    /// The one that is tried again.
    pub(super) tried: Option<DocId>,
}

impl Aside {
    pub(super) fn len(&self) -> usize {
        self.documents.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.documents.len() >= SET_ASIDE_MAX
    }

    pub(super) fn has(&self, doc: DocId) -> bool {
        self.documents.contains(&doc)
    }

    /// The document is another one now, or gone.
    pub(super) fn forget(&mut self, doc: DocId) {
        self.documents.retain(|listed| *listed != doc);
    }
}
