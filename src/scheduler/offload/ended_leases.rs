//! The last leases of a device that ended before all of their results came: what of them is counted as lost until something of it comes.

use crate::base::id::EmbedKey;
use crate::limits::LEASES_ENDED_MAX;
use crate::wire::work::BatchId;
use std::collections::VecDeque;

/// Such a lease.
#[derive(Debug)]
pub(super) struct EndedLease {
    pub(super) id: BatchId,
    /// The texts whose results did not come.
    pub(super) left: Vec<EmbedKey>,
    /// How many of them are counted as lost.
    pub(super) lost: usize,
    /// Whether its device was down since, and may have lost what it made.
    pub(super) was_down: bool,
}

/// `LEASES_ENDED_MAX` of them at most.
#[derive(Debug, Default)]
pub(super) struct EndedLeases(VecDeque<EndedLease>);

impl EndedLeases {
    /// A lease ended.
    pub(super) fn add(&mut self, lease: EndedLease) {
        if self.0.len() >= LEASES_ENDED_MAX {
            self.0.pop_front();
        }
        self.0.push_back(lease);
    }

    /// How many of so many results are of a lease that has ended, each counted once; and how many of these were counted as lost, which they
    /// are not.
    pub(super) fn late(&mut self, id: BatchId, results: usize) -> (usize, usize) {
        let Some(lease) = self.0.iter_mut().find(|ended| ended.id == id) else { return (0, 0) };
        let late = results.min(lease.left.len());
        lease.left.truncate(lease.left.len() - late);
        let found = late.min(lease.lost);
        lease.lost -= found;
        (late, found)
    }

    /// The device was down, or has started anew.
    pub(super) fn was_down(&mut self) {
        self.0.iter_mut().for_each(|lease| lease.was_down = true);
    }

    /// The device asks for more, and has sent what it made. How many texts were counted as lost that it has not embedded.
    pub(super) fn has_sent_all(&mut self) -> usize {
        let whole = self.0.iter_mut().filter(|lease| !lease.was_down);
        whole.map(|lease| std::mem::take(&mut lease.lost)).sum()
    }

    /// The device brought the result of this text. Whether that was counted as lost, which it is not.
    pub(super) fn found(&mut self, text: &EmbedKey) -> bool {
        let of = |lease: &&mut EndedLease| lease.lost > 0 && lease.left.contains(text);
        let Some(lease) = self.0.iter_mut().find(of) else { return false };
        lease.left.retain(|left| left != text);
        lease.lost -= 1;
        true
    }
}
