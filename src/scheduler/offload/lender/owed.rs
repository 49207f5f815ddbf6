//! What is owed a check: results for which only texts with known vectors have vouched, while this device could compute nothing.
//!
//! A device may know these texts, as it may ask this one for all that it shares. So some of its results are computed here once that
//! may be: part by part, of each some by chance.

use crate::base::id::{PeerKey, Row, TaskId};
use crate::base::time::{Duration, Instant};
use crate::limits::{OWED_AGAIN_MS, OWED_MAX, UNCHECKED_MAX};
use crate::scheduler::offload::lendable::OwedPart;
use std::collections::BTreeMap;

/// Such results.
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// How many there are of each device, as far as is known.
    pub(super) of: BTreeMap<PeerKey, u64>,
    /// Of which device a part was read last.
    pub(super) last: Option<PeerKey>,
    /// Whether a task reads a part of them.
    pub(super) is_reading: bool,
    /// Nothing is read before: what was read could not be, or not computed here.
    pub(super) not_before: Option<Instant>,
    /// Results that texts with known vectors vouch for and that are on their way to the disk.
    pub(super) coming: BTreeMap<PeerKey, u64>,
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

    /// Whether texts with known vectors vouch for more of it: there is room for all that may wait of it, beside those on their way and so many
    /// that no save has yet.
    pub(super) fn has_room(&self, by: PeerKey, unsaved: usize) -> bool {
        let coming = self.coming.get(&by).copied().unwrap_or(0);
        self.of(by) + coming + (unsaved + UNCHECKED_MAX) as u64 <= OWED_MAX
    }

    /// So many are on their way to the disk.
    pub(super) fn comes(&mut self, by: PeerKey, count: u64) {
        *self.coming.entry(by).or_default() += count;
    }

    /// One of them is there, or never will be.
    pub(super) fn came(&mut self, by: PeerKey) {
        if let Some(count) = self.coming.get_mut(&by) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.coming.remove(&by);
            }
        }
    }

    /// They are looked at again after a while.
    pub(super) fn put_off(&mut self, now: Instant) {
        self.not_before = Some(now + Duration::from_millis(OWED_AGAIN_MS));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_its_way_and_what_may_wait_has_room_before_more_is_vouched_for() {
        let (by, mut owed) = (PeerKey([1; 32]), Owed::default());
        owed.add(by, OWED_MAX - UNCHECKED_MAX as u64 - 1);
        assert!(owed.has_room(by, 1) && !owed.has_room(by, 2), "what no save has yet counts");
        owed.comes(by, 2);
        assert!(!owed.has_room(by, 0));
        owed.came(by);
        owed.came(by);
        owed.came(by);
        assert!(owed.has_room(by, 1));
    }
}
