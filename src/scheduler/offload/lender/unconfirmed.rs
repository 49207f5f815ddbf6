//! Vectors that cannot be computed here, and that a device which did not make them is to make too: two that made the same are right.
//!
//! They are those that are owed a check which this device cannot do, and those of which two devices made different ones. Their texts are read
//! again before they leave, as those with known vectors are, and are one among others of a lease. What comes of it vouches for nothing else. Where no
//! third device is to be had they answer, are owed their check, and people are told so.

use super::results::is_alike;
use super::{Lender, Reading};
use crate::base::id::{DocId, PeerKey, Row};
use crate::base::time::{Duration, Instant};
use crate::base::vector::Quantized;
use crate::limits::{GRANT_BYTES_MAX, LEASE_CHUNKS_MAX, UNCONFIRMED_MAX, UNCONFIRMED_MS};
use crate::scheduler::offload::lendable::{Known, Lendable};
use crate::scheduler::offload::recipient::Recipient;
use crate::scheduler::offload::worker::Worker;
use std::collections::{BTreeMap, BTreeSet};

/// One of them.
#[derive(Debug)]
struct Unconfirmed {
    /// Whose the stored vector is.
    by: PeerKey,
    /// Whether that is owed a check.
    is_owed: bool,
    /// Devices that had its text since then.
    asked: BTreeSet<PeerKey>,
    /// Whether its text was looked for, and may not leave.
    is_home: bool,
    /// It is wanted no longer than until then: others get its place.
    until: Instant,
}

/// Those that are wanted, by their rows: `UNCONFIRMED_MAX` at most.
#[derive(Debug, Default)]
pub(super) struct Unconfirmeds {
    wanted: BTreeMap<Row, Unconfirmed>,
    /// What was read of them, and when.
    read: Vec<(Known, Instant)>,
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

    fn forget(&mut self, is_gone: impl Fn(Row, &Unconfirmed) -> bool) -> Vec<Row> {
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

impl Lender {
    /// Whether a device may tell of a row whether its vector is right.
    fn may_confirm(&self, peer: PeerKey, row: Row, of: &Unconfirmed) -> bool {
        let doubts = || self.workers.get(&peer).is_some_and(|worker| worker.doubts_row(row));
        of.by != peer && !of.is_home && !of.asked.contains(&peer) && !doubts()
    }

    /// Whether any of these devices gets work and may confirm anything.
    pub(in crate::scheduler) fn any_may_confirm(&self, recipients: &[Recipient]) -> bool {
        let gets = || recipients.iter().filter(|recipient| recipient.gets);
        self.results.unconfirmed.wanted.iter().any(|(row, of)| gets().any(|to| self.may_confirm(to.peer, *row, of)))
    }

    /// Rows that are to be read, because somebody asks who may confirm them.
    pub(in crate::scheduler) fn to_confirm(&self) -> Vec<Row> {
        let is_read = |row: &Row| self.results.unconfirmed.read.iter().any(|(known, _)| known.chunk.row == *row);
        let wanted =
            self.results.unconfirmed.wanted.iter().filter(|(row, of)| {
                !is_read(row) && self.asks.iter().any(|(peer, _)| self.may_confirm(*peer, **row, of))
            });
        wanted.map(|(row, _)| *row).collect()
    }

    /// Those of the rows that a task reads were read that may leave.
    pub(in crate::scheduler) fn on_unconfirmed(&mut self, known: Vec<Known>) {
        let Some(Reading { since: read, unconfirmed: rows, .. }) = &self.pool.reading else { return };
        let unconfirmed = &mut self.results.unconfirmed;
        for row in rows {
            if let Some(of) = unconfirmed.wanted.get_mut(row) {
                let found = known.iter().find(|known| known.chunk.row == *row && known.by == Some(of.by));
                of.is_home = found.is_none();
                unconfirmed.read.extend(found.map(|found| (found.clone(), *read)));
            }
        }
    }

    /// Whether a device is to be asked for one that is read.
    pub(super) fn has_to_confirm(&self, peer: PeerKey) -> bool {
        self.next_to_confirm(peer).is_some()
    }

    fn next_to_confirm(&self, peer: PeerKey) -> Option<usize> {
        let may =
            |row: Row| self.results.unconfirmed.wanted.get(&row).is_some_and(|of| self.may_confirm(peer, row, of));
        self.results.unconfirmed.read.iter().position(|(known, _)| may(known.chunk.row))
    }

    /// One of them joins the batch at a place by chance. Gives that place.
    pub(super) fn with_unconfirmed(
        &mut self,
        peer: PeerKey,
        batch: &mut Vec<Lendable>,
        known: &mut BTreeMap<usize, Known>,
    ) -> Option<usize> {
        let (next, _) = self.results.unconfirmed.read.get(self.next_to_confirm(peer)?)?;
        let bytes: usize = batch.iter().map(|chunk| chunk.text.bytes()).sum();
        let is_full = batch.len() >= LEASE_CHUNKS_MAX || bytes + next.chunk.text.bytes() > GRANT_BYTES_MAX;
        // Of one text a lease has one place.
        if is_full || batch.iter().any(|chunk| chunk.key == next.chunk.key) {
            return None;
        }
        let next = next.clone();
        self.results.unconfirmed.wanted.get_mut(&next.chunk.row)?.asked.insert(peer);
        let place = usize::try_from(self.rng.below(batch.len() as u64 + 1)).unwrap_or(0);
        let others = std::mem::take(known);
        known.extend(others.into_iter().map(|(at, known)| (at + usize::from(at >= place), known)));
        batch.insert(place, next.chunk.clone());
        known.insert(place, next);
        Some(place)
    }

    /// A third device made this of such a text.
    pub(super) fn on_confirmed(&mut self, now: Instant, peer: PeerKey, known: Known, vector: Quantized) {
        let (row, Some(by)) = (known.chunk.row, known.by) else { return };
        let (model, least) = (self.model.fingerprint, self.model.cosine_min);
        let alike = |one: &Quantized, other: &Quantized| is_alike(one, other, model, least);
        let undecided = |(of, worker): (&PeerKey, &Worker)| Some((*of, worker.undecided_of(row)?.clone()));
        let doubts: Vec<(PeerKey, Quantized)> =
            self.workers.iter().filter(|(of, _)| **of != peer).filter_map(undecided).collect();
        if alike(&vector, &known.vector) {
            let false_ones = doubts.iter().filter(|(_, made)| !alike(made, &vector)).map(|(of, _)| *of);
            self.results.found.extend(false_ones);
            if self.results.unconfirmed.wanted.get(&row).is_some_and(|of| of.is_owed) {
                self.results.owed.is_confirmed(by, row);
            }
        } else if doubts.iter().any(|(_, made)| alike(made, &vector)) {
            self.results.owed.accuse(by, row);
            self.results.found.push(by);
        } else {
            // All of them differ.
            if let Some(worker) = self.workers.get_mut(&peer) {
                worker.doubt(now, known.chunk, vector, (by, known.vector));
            }
            return;
        }
        self.results.unconfirmed.forget(|wanted, _| wanted == row);
        self.workers.values_mut().for_each(|worker| worker.decide(|of, _| of == row));
    }

    /// Devices that a third one found false since the last call.
    pub(in crate::scheduler) fn take_found(&mut self) -> Vec<PeerKey> {
        std::mem::take(&mut self.results.found)
    }

    /// What nobody confirmed for long makes room for others, and is tried here once more where two devices differ. Those of which this device
    /// knows by now that it cannot compute them are wanted.
    pub(super) fn want_unconfirmed(&mut self, now: Instant) {
        for row in self.results.unconfirmed.forget(|_, of| of.until <= now) {
            self.workers.values_mut().for_each(|worker| worker.try_undecided(row));
        }
        for (by, row) in self.workers.values().flat_map(|worker| worker.undecided()) {
            self.results.unconfirmed.want(now, (by, row), false);
        }
    }
}
