//! The end of leases: by their time, by a lost link, or by the word of whoever has them.

use super::awaited::Waiting;
use super::{BatchId, Lease, Lender};
use crate::base::id::{DocId, PeerKey};
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{AWAITED_MS, LEASE_CHECKS_MAX, LEASE_UNLINKED_MS, LOST_MAX_EACH, RESULTS_MAX};
use crate::scheduler::offload::ended_leases::EndedLease;
use crate::scheduler::offload::lendable::Lendable;
use crate::scheduler::parking::OtherFailure;
use crate::wire::work::Work;
use std::cmp::Reverse;

/// How a lease ended before all of its results came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Its device went away, or was too slow: one of the texts may have brought it down.
    Lost,
    /// Its device dropped it: its link broke for a moment.
    Dropped,
    /// Its device is believed nothing any more.
    Unwanted,
    /// Its device can embed none of it.
    Failed,
    /// Its device gave it back at this time, with all results that it had made.
    Returned(Instant),
}

impl Lender {
    /// Whether a device has no lease.
    pub(super) fn rests(&self, peer: PeerKey) -> bool {
        self.leases_of(peer).next().is_none()
    }

    /// A device still works on a batch. False if the batch is not its own any more.
    pub(in crate::scheduler) fn on_renew(&mut self, now: Instant, peer: PeerKey, id: BatchId) -> bool {
        let lease = self.leases.get_mut(&id).filter(|lease| lease.peer == peer);
        lease.map(|lease| lease.until = (now + lease.length).min(lease.renewed_until)).is_some()
    }

    /// A device gives a batch back.
    pub(in crate::scheduler) fn on_return(&mut self, now: Instant, peer: PeerKey, id: BatchId) {
        if self.leases.get(&id).is_some_and(|lease| lease.peer == peer) {
            self.end_lease(id, Ended::Returned(now));
        }
    }

    /// A device cannot embed texts of a batch. They are for another one; those of documents that failed here too (`fails_here`), and those that two
    /// devices could not embed, are embedded here, where it is known what that means for their document. A device that can embed nothing has
    /// nothing of the work any more.
    pub(in crate::scheduler) fn on_failed(
        &mut self,
        now: Instant,
        (peer, id): (PeerKey, BatchId),
        (first, count): (u16, u16),
        fails_here: impl Fn(DocId) -> bool,
    ) {
        let Some(lease) = self.leases.get_mut(&id).filter(|lease| lease.peer == peer) else { return };
        let places = lease.chunks.iter_mut().skip(usize::from(first)).take(usize::from(count));
        let failed: Vec<Lendable> = places.filter_map(Option::take).collect();
        // Nothing more comes for those with known vectors either.
        let (first, count) = (usize::from(first), usize::from(count));
        lease.known.retain(|place, _| !(first..first + count).contains(place));
        if lease.open() == 0 {
            self.leases.remove(&id);
        }
        let texts = failed.len();
        let mut back = Vec::new();
        for chunk in failed {
            let failure = OtherFailure { by: peer, key: chunk.key, why: "It could not embed a passage of it." };
            self.results.failed.push((chunk.doc, failure));
            let here = &self.pool.here;
            if !fails_here(chunk.doc) && self.lost.refused(chunk.key, peer, |text| here.contains_key(text)) {
                back.push(chunk);
            } else {
                self.keep_home(&chunk);
            }
        }
        // Behind those that nobody has tried.
        self.pool.chunks.extend(back);
        let is_broken = self.workers.get_mut(&peer).is_some_and(|worker| worker.failures.failed(now, texts));
        if is_broken {
            let leases: Vec<BatchId> = self.leases_of(peer).map(|(id, _)| id).collect();
            self.over.leases.extend(leases.iter().map(|id| (peer, *id)));
            self.end_leases(leases, Ended::Failed);
        }
    }

    /// How many texts of a lease its device has embedded at most without a result of them. It embeds one batch after the other, and sends what each
    /// task of it made.
    fn may_be_lost(&self, lease: &Lease, how: Ended) -> usize {
        let is_behind = self.leases_of(lease.peer).any(|(_, other)| other.since < lease.since && other.open() > 0);
        let first = self.workers.get(&lease.peer).map_or(0, |worker| worker.speed.takes_ms(1));
        match how {
            Ended::Failed => 0,
            _ if is_behind => 0,
            Ended::Returned(at) if at < lease.since + Duration::from_millis(first) => 0,
            Ended::Returned(_) => lease.lent().min(RESULTS_MAX),
            Ended::Lost | Ended::Dropped | Ended::Unwanted => lease.lent(),
        }
    }

    /// Ends leases of one device, or of several: the newest first, because it waits for the others.
    pub(super) fn end_leases(&mut self, mut ids: Vec<BatchId>, how: Ended) {
        ids.sort_by_key(|id| Reverse(self.leases.get(id).map(|lease| lease.since)));
        ids.into_iter().for_each(|id| self.end_lease(id, how));
    }

    /// A lease is over.
    fn end_lease(&mut self, id: BatchId, how: Ended) {
        let Some(lease) = self.leases.remove(&id) else { return };
        let lost = self.may_be_lost(&lease, how);
        self.results.again.lost += lost as u64;
        let mut left: Vec<Lendable> = lease.chunks.into_iter().flatten().collect();
        let mut unlinked = None;
        if let Some(worker) = self.workers.get_mut(&lease.peer) {
            worker.ended.add(EndedLease {
                id,
                left: left.iter().map(|chunk| chunk.key).collect(),
                lost,
                was_down: false,
            });
            unlinked = worker.unlinked;
        }
        if how == Ended::Lost {
            // One of those that it worked on may have ended it; but a device that sleeps, restarts or is slow has not failed.
            for chunk in left.iter().take(RESULTS_MAX) {
                self.lost.note(chunk.key, self.lost.times(&chunk.key).saturating_add(1));
            }
            let is_home = |chunk: &mut Lendable| self.lost.times(&chunk.key) >= LOST_MAX_EACH;
            let home: Vec<Lendable> = left.extract_if(.., is_home).collect();
            home.iter().for_each(|chunk| self.keep_home(chunk));
        }
        if how == Ended::Dropped || how == Ended::Lost && unlinked.is_some() {
            // It keeps what it made, and may be back with that in a moment.
            let until = unlinked.unwrap_or(self.woken) + Duration::from_millis(AWAITED_MS);
            let waiting = |chunk| Waiting { peer: lease.peer, until, chunk };
            self.pool.awaited.wait(left.into_iter().map(waiting).collect());
        } else {
            self.again(left);
        }
    }

    /// Ends leases of which nothing is wanted any more: their documents are others now or gone, or this device was faster.
    pub(super) fn end_empty(&mut self) {
        let over = self.leases.iter().filter(|(_, lease)| lease.open() == 0);
        self.over.leases.extend(over.map(|(id, lease)| (lease.peer, *id)));
        self.leases.retain(|_, lease| lease.open() > 0);
    }

    /// Who works on what nobody wants any more, and is to be told.
    pub(in crate::scheduler) fn take_over(&mut self) -> Vec<(PeerKey, Work)> {
        let over = std::mem::take(&mut self.over.leases).into_iter();
        let is_linked = |peer: &PeerKey| self.workers.get(peer).is_some_and(|worker| worker.unlinked.is_none());
        over.filter(|(peer, _)| is_linked(peer)).map(|(peer, id)| (peer, Work::End(id))).collect()
    }

    /// Ends what is over by its time or by a lost link. Gives who is to be told.
    pub(in crate::scheduler) fn wake(&mut self, now: Instant) -> Vec<(PeerKey, Work)> {
        self.woken = now;
        self.want_unconfirmed(now);
        let is_over = |lease: &Lease| lease.until <= now || self.unlinked_until(lease.peer).is_some_and(|at| at <= now);
        let over: Vec<(BatchId, PeerKey)> =
            self.leases.iter().filter(|(_, lease)| is_over(lease)).map(|(id, lease)| (*id, lease.peer)).collect();
        self.end_leases(over.iter().map(|(id, _)| *id).collect(), Ended::Lost);
        let released = self.pool.awaited.release(|waiting| waiting.until <= now);
        self.again(released);
        self.take_brought(now);
        let is_linked = |peer: &PeerKey| self.workers.get(peer).is_some_and(|worker| worker.unlinked.is_none());
        over.into_iter().filter(|(_, peer)| is_linked(peer)).map(|(id, peer)| (peer, Work::End(id))).collect()
    }

    fn unlinked_until(&self, peer: PeerKey) -> Option<Instant> {
        let unlinked = self.workers.get(&peer)?.unlinked?;
        Some(unlinked + Duration::from_millis(LEASE_UNLINKED_MS))
    }

    /// `checks`: whether results may be checked now.
    pub(in crate::scheduler) fn deadline(&self, checks: bool) -> Option<Instant> {
        let lease = |lease: &Lease| self.unlinked_until(lease.peer).map_or(lease.until, |at| at.min(lease.until));
        let leases = earliest(self.leases.values().map(lease).min(), self.pool.awaited.deadline());
        let leases = earliest(leases, self.answers_until());
        if !checks || self.checks() >= LEASE_CHECKS_MAX {
            return leases;
        }
        let leases = earliest(leases, self.results.owed.deadline(self.woken));
        let holding = self.workers.iter().filter(|(_, worker)| worker.held() > 0);
        earliest(leases, holding.filter_map(|(peer, worker)| worker.deadline(self.rests(*peer))).min())
    }
}
