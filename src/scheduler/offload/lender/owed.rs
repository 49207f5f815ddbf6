//! What is owed a check: results for which only texts with known vectors have vouched, while this device could compute nothing.
//!
//! A device may know these texts, as it may ask this one for all that it shares. So some of its results are computed here once that
//! may be: part by part, of each some by chance.

use crate::base::id::{PeerKey, Row, TaskId};
use crate::limits::OWED_MAX;
use crate::scheduler::offload::lendable::OwedPart;
use std::collections::BTreeMap;

/// Such results.
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// How many there are of each device, as far as is known.
    pub(super) of: BTreeMap<PeerKey, u64>,
    /// Whether a task reads a part of them.
    pub(super) is_reading: bool,
    /// Whether more were stored since that began.
    pub(super) has_more: bool,
    /// The part that is being checked, with the task that computes its last text, and how many were good.
    pub(super) part: Option<(OwedPart, Option<TaskId>, u64)>,
    /// Parts that are settled, for a save.
    pub(super) settled: Vec<(PeerKey, Vec<Row>)>,
    /// Rows whose vectors a check of another device showed to be false, with their makers, until they are deleted.
    pub(super) accused: Vec<(PeerKey, Row)>,
}

impl Owed {
    /// So many more of a device.
    pub(super) fn add(&mut self, by: PeerKey, count: u64) {
        *self.of.entry(by).or_default() += count;
        self.has_more = true;
    }

    /// How many of a device.
    pub(super) fn of(&self, by: PeerKey) -> u64 {
        self.of.get(&by).copied().unwrap_or(0)
    }

    /// Whether texts with known vectors vouch for more of it.
    pub(super) fn has_room(&self, by: PeerKey) -> bool {
        self.of(by) < OWED_MAX
    }

    /// The vector of this row is false; its maker is another device.
    pub(super) fn accuse(&mut self, by: PeerKey, row: Row) {
        self.accused.push((by, row));
    }

    /// A device is found false: what is owed a check of it is deleted.
    pub(super) fn forget(&mut self, by: PeerKey) {
        self.of.remove(&by);
        self.part.take_if(|(part, ..)| part.by == by);
        self.settled.retain(|(of, _)| *of != by);
    }
}
