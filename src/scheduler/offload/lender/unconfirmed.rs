//! Vectors that cannot be computed here, and that a device which did not make them is to make too: two that made the same are right.
//!
//! They are those that are owed a check which this device cannot do, and those of which two devices made different ones. Their texts are read
//! again before they leave, as those with known vectors are, and are one among others of a lease. What comes of it vouches for nothing else. Where no
//! third device is to be had they answer, are owed their check, and people are told so.

use crate::base::id::{DocId, PeerKey, Row};
use crate::base::time::{Duration, Instant};
use crate::limits::{UNCONFIRMED_MAX, UNCONFIRMED_MS};
use crate::scheduler::offload::lendable::Known;
use std::collections::{BTreeMap, BTreeSet};

/// One of them.
#[derive(Debug)]
pub(super) struct Unconfirmed {
    /// Whose the stored vector is.
    pub(super) by: PeerKey,
    /// Whether that is owed a check.
    pub(super) is_owed: bool,
    /// Devices that had its text since then.
    pub(super) asked: BTreeSet<PeerKey>,
    /// Whether its text was looked for, and may not leave.
    pub(super) is_home: bool,
    /// It is wanted no longer than until then: others get its place.
    pub(super) until: Instant,
}

/// Those that are wanted, by their rows: `UNCONFIRMED_MAX` at most.
#[derive(Debug, Default)]
pub(super) struct Unconfirmeds {
    pub(super) wanted: BTreeMap<Row, Unconfirmed>,
    /// What was read of them, and when.
    pub(super) read: Vec<(Known, Instant)>,
}

impl Unconfirmeds {
    /// One more, if there is room: the next look finds those that are left.
    pub(super) fn want(&mut self, now: Instant, (by, row): (PeerKey, Row), is_owed: bool) {
        if self.wanted.len() < UNCONFIRMED_MAX || self.wanted.contains_key(&row) {
            let until = now + Duration::from_millis(UNCONFIRMED_MS);
            let new = Unconfirmed { by, is_owed: false, asked: BTreeSet::new(), is_home: false, until };
            self.wanted.entry(row).or_insert(new).is_owed |= is_owed;
        }
    }

    /// Those are wanted no more. Gives their rows.
    pub(super) fn forget(&mut self, is_gone: impl Fn(Row, &Unconfirmed) -> bool) -> Vec<Row> {
        let gone: Vec<Row> = self.wanted.extract_if(.., |row, of| is_gone(*row, of)).map(|(row, _)| row).collect();
        self.read.retain(|(known, _)| !gone.contains(&known.chunk.row));
        gone
    }

    /// Nothing of a device is to be confirmed: it is deleted.
    pub(super) fn forget_of(&mut self, by: PeerKey) {
        self.forget(|_, of| of.by == by);
    }

    /// A document is another one now.
    pub(super) fn forget_document(&mut self, doc: DocId) {
        let rows: Vec<Row> =
            self.read.iter().filter(|(known, _)| known.chunk.doc == doc).map(|(known, _)| known.chunk.row).collect();
        self.forget(|row, _| rows.contains(&row));
    }

    /// What may be lent has changed: what was read is read anew.
    pub(super) fn read_anew(&mut self) {
        self.read.clear();
    }

    /// What was read before this time is read anew.
    pub(super) fn drop_old(&mut self, is_old: impl Fn(Instant) -> bool) {
        self.read.retain(|(_, read)| !is_old(*read));
    }
}
