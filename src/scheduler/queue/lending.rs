//! What the queue remembers of the rounds over documents that others may embed.

use crate::base::id::DocId;
use crate::limits::TODO_MAX;
use std::collections::VecDeque;

/// The round under way, and how many before it gave nothing.
#[derive(Debug, Default)]
pub(super) struct Lending {
    /// Those that are next, `TODO_MAX` and a refill at most.
    pub(super) next: VecDeque<DocId>,
    pub(super) round: Option<Round>,
    pub(super) empty_rounds: u32,
}

impl Lending {
    /// A document is one of the next once more.
    pub(super) fn again(&mut self, doc: DocId) {
        if self.next.len() < TODO_MAX && !self.next.contains(&doc) {
            self.next.push_front(doc);
        }
    }
}

/// One round over the documents.
#[derive(Debug, Default)]
pub(super) struct Round {
    /// The last document of the last refill.
    pub(super) after: Option<DocId>,
    /// A refill is under way.
    pub(super) is_refilling: bool,
    /// The store has no more.
    pub(super) is_over: bool,
    /// Something of it was lent.
    pub(super) gave: bool,
}
