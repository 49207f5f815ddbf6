//! Who is asked to confirm what this device cannot compute, and what comes of it.

use super::results::is_alike;
use super::unconfirmed::Unconfirmed;
use super::{Lender, Reading};
use crate::base::id::{DocId, PeerKey, Row};
use crate::base::time::Instant;
use crate::base::vector::Quantized;
use crate::limits::{GRANT_BYTES_MAX, LEASE_CHUNKS_MAX};
use crate::scheduler::offload::lendable::{Known, Lendable};
use crate::scheduler::offload::recipient::Recipient;
use crate::scheduler::offload::worker::Worker;
use std::collections::BTreeMap;

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
        let Some(Reading { since, unconfirmed: rows, .. }) = &self.pool.reading else { return };
        let unconfirmed = &mut self.results.unconfirmed;
        for row in rows {
            if let Some(of) = unconfirmed.wanted.get_mut(row) {
                of.is_home = true;
            }
        }
        for known in known.into_iter().filter(|known| rows.contains(&known.chunk.row)) {
            let row = known.chunk.row;
            let Some(of) = unconfirmed.wanted.get_mut(&row) else { continue };
            if known.by == Some(of.by) {
                of.is_home = false;
                unconfirmed.read.push((known, *since));
            } else {
                // It was made anew: the vector from which others differed is not there any more.
                let before = of.by;
                unconfirmed.forget(|wanted, _| wanted == row);
                let is_over = |of: Row, _: DocId, against: PeerKey| of == row && against == before;
                self.workers.values_mut().for_each(|worker| worker.decide(is_over));
            }
        }
    }

    /// A device is found false: nobody is asked about its vectors any more, and no vector of it tells anything of another device. Where one contradicted
    /// it, its vector is deleted with those that are owed a check, whatever vouched for it: else that difference would wait for ever.
    pub(super) fn end_doubts_against(&mut self, by: PeerKey) {
        self.results.unconfirmed.forget_of(by);
        self.pool.known.retain(|(known, _)| known.by != Some(by));
        // Those who have such a text just now would raise a new doubt.
        self.leases.values_mut().for_each(|lease| lease.known.retain(|_, known| known.by != Some(by)));
        self.end_empty();
        let rows: Vec<Row> = self.workers.values_mut().flat_map(|worker| worker.disproven(by)).collect();
        rows.into_iter().for_each(|row| self.results.owed.accuse(by, row));
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
        let place = usize::try_from(self.rng.below(batch.len() as u64 + 1)).unwrap_or(0);
        let others = std::mem::take(known);
        known.extend(others.into_iter().map(|(at, known)| (at + usize::from(at >= place), known)));
        batch.insert(place, next.chunk.clone());
        known.insert(place, next);
        Some(place)
    }

    /// A device has got one of them, if any, with a lease: it is asked no more for that one.
    pub(super) fn note_asked(&mut self, peer: PeerKey, unconfirmed: Option<&Known>) {
        if let Some(known) = unconfirmed
            && let Some(of) = self.results.unconfirmed.wanted.get_mut(&known.chunk.row)
        {
            of.asked.insert(peer);
        }
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
        self.workers.values_mut().for_each(|worker| worker.decide(|of, _, _| of == row));
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
        for (by, row) in self.workers.values().flat_map(Worker::undecided) {
            self.results.unconfirmed.want(now, (by, row), false);
        }
    }
}
