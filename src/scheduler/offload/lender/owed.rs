//! What is owed a check: results for which only texts with known vectors have vouched, while this device could compute nothing.
//!
//! A device may know these texts, as it may ask this one for all that it shares. So some of its results are computed here once that
//! may be: part by part, of each some by chance. Where none of a part can be computed here either, its device is tried again after pauses that grow, as any task
//! that fails; it is not parked, as it answers meanwhile, and people are told why (`OwedRest`). Those that cannot be computed are made by another device too (`unconfirmed`).

use super::turns::in_turn;
use crate::base::id::{PeerKey, Row, TaskId};
use crate::base::time::Instant;
use crate::limits::{ATTEMPT_TEXT_MAX, OWED_MAX, UNCHECKED_MAX};
use crate::scheduler::offload::lendable::OwedPart;
use crate::scheduler::parking::pause;
use std::collections::{BTreeMap, BTreeSet};

/// Attempts to check some of a device that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedRest {
    /// How many in a row.
    pub attempts: usize,
    /// When the next one is.
    pub until: Instant,
    /// What happened in the last one.
    pub why: String,
}

impl Default for OwedRest {
    fn default() -> Self {
        Self { attempts: 0, until: Instant::ZERO, why: String::new() }
    }
}

/// Such results.
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// How many there are of each device, as far as is known: 0 where the next look is to say it.
    pub(super) of: BTreeMap<PeerKey, u64>,
    /// Of which device a part was read last.
    pub(super) last: Option<PeerKey>,
    /// Whether a task reads a part of them.
    pub(super) is_reading: bool,
    /// Devices of which a part could not be read, or none of it computed here.
    rests: BTreeMap<PeerKey, OwedRest>,
    /// Results that texts with known vectors vouch for and that are on their way to the disk.
    pub(super) coming: BTreeMap<PeerKey, u64>,
    /// Whether more were stored since that began.
    pub(super) has_more: bool,
    /// The part that is being checked, with the task that computes its last text, and how many were good.
    pub(super) part: Option<(OwedPart, Option<TaskId>, u64)>,
    /// Rows of it that could not be computed here.
    pub(super) failed: BTreeSet<Row>,
    /// Why the last text of it could not be computed here.
    pub(super) why: String,
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

    /// An attempt to check some of a device failed: the next one is after a pause that grows, as for any task that fails.
    pub(super) fn put_off(&mut self, now: Instant, by: PeerKey, why: &str) {
        let rest = self.rests.entry(by).or_default();
        rest.attempts += 1;
        rest.until = now + pause(rest.attempts);
        rest.why = why[..why.floor_char_boundary(ATTEMPT_TEXT_MAX)].to_owned();
    }

    /// Some of a device were checked: what failed before was no fault of its texts.
    pub(super) fn goes_on(&mut self, by: PeerKey) {
        self.rests.remove(&by);
    }

    /// The failed attempts to check some of a device since the last good one.
    pub(super) fn rest(&self, by: PeerKey) -> Option<&OwedRest> {
        self.rests.get(&by)
    }

    /// Nothing of a device is owed a check any more.
    pub(super) fn is_none(&mut self, by: PeerKey) {
        self.of.remove(&by);
        self.rests.remove(&by);
    }

    /// The devices of which some may be checked now, those behind the last one first.
    pub(super) fn due(&self, now: Instant) -> impl Iterator<Item = PeerKey> {
        let rests = move |by: &PeerKey| self.rests.get(by).is_some_and(|rest| now < rest.until);
        in_turn(&self.of, self.last).map(|(by, _)| *by).filter(move |by| !rests(by))
    }

    /// When more of a device may be checked.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        self.rests.values().map(|rest| rest.until).filter(|until| *until > now).min()
    }

    /// The vector of this row is false; its maker is another device.
    pub(super) fn accuse(&mut self, by: PeerKey, row: Row) {
        self.accused.push((by, row));
    }

    /// A third device made the same vector of this row: it is owed nothing more.
    pub(super) fn is_confirmed(&mut self, by: PeerKey, row: Row) {
        if let Some(count) = self.of.get_mut(&by) {
            *count = count.saturating_sub(1);
            // What is left, if anything, is looked at soon.
            self.rests.remove(&by);
        }
        self.settled.push((by, vec![row]));
    }

    /// A device is found false: what is owed a check of it is deleted.
    pub(super) fn forget(&mut self, by: PeerKey) {
        self.is_none(by);
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
