//! Devices that come and go: what ends with their link, with their run, and with their right to work.

use super::leases::Ended;
use super::{BatchId, Lender};
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{ASK_ANSWER_MS, LATER_MS};
use crate::scheduler::offload::recipient::Recipient;
use crate::scheduler::offload::worker::Worker;
use crate::wire::work::Work;

impl Lender {
    /// A device has a link again.
    pub(in crate::scheduler) fn linked(&mut self, peer: PeerKey) {
        let Some(worker) = self.workers.get_mut(&peer) else { return };
        worker.told = None;
        if worker.unlinked.take().is_some() {
            // It dropped what it had when the link broke, and brings what it made of that.
            let leases: Vec<BatchId> = self.leases_of(peer).map(|(id, _)| id).collect();
            self.end_leases(leases, Ended::Dropped);
        }
    }

    /// A message of a device came.
    pub(in crate::scheduler) fn heard(&mut self, now: Instant, peer: PeerKey) {
        let lease = self.leases_of(peer).map(|(_, lease)| lease.length).min();
        if let Some(worker) = self.workers.get_mut(&peer) {
            worker.speed.heard(now, lease);
        }
    }

    /// This device stood still for so long until now.
    pub(in crate::scheduler) fn stood(&mut self, now: Instant, stood: Duration) {
        self.workers.values_mut().for_each(|worker| worker.speed.stood(now, stood));
    }

    /// This device did not run for so long, whether or not it had work of its own.
    pub(in crate::scheduler) fn blind(&mut self, now: Instant, gap: Duration) {
        self.workers.values_mut().for_each(|worker| worker.speed.blind(now, gap));
    }

    /// Only those of these devices may have asked that get work now, and those with surplus energy are served first. Who has waited for
    /// `ASK_ANSWER_MS`, or gets none any more, is told to ask again: whoever gets no answer takes this device for one that gives none.
    pub(in crate::scheduler) fn keep_asks(&mut self, recipients: &[Recipient]) -> Vec<(PeerKey, Work)> {
        if self.asks.is_empty() {
            return Vec::new();
        }
        let of = |peer: &PeerKey| recipients.iter().find(|helper| helper.peer == *peer);
        let gets = |peer: &PeerKey| of(peer).is_some_and(|helper| helper.gets);
        let (workers, patience) = (&self.workers, Duration::from_millis(ASK_ANSWER_MS));
        let waits = |peer: &PeerKey| workers.get(peer).is_some_and(|worker| self.woken < worker.asked + patience);
        let asks = std::mem::take(&mut self.asks).into_iter();
        let (kept, ended): (Vec<_>, Vec<_>) = asks.partition(|(peer, _)| gets(peer) && waits(peer));
        self.asks = kept.into();
        let told = ended.into_iter().filter(|(peer, _)| of(peer).is_some());
        let told = told.map(|(peer, _)| (peer, Work::Later(LATER_MS))).collect();
        self.asks.make_contiguous().sort_by_key(|(peer, _)| !of(peer).is_some_and(|helper| helper.surplus));
        told
    }

    /// Whether no device has or wants anything of this one, waits for a check of it, or is to be told anything.
    pub(in crate::scheduler) fn is_idle(&self, now: Instant) -> bool {
        let is_idle = |worker: &Worker| {
            worker.told.is_none_or(|(chunks, _)| chunks == 0) && worker.held() == 0 && !worker.is_banned(now)
        };
        self.asks.is_empty()
            && self.leases.is_empty()
            && self.results.unconfirmed.wanted.is_empty()
            && self.workers.values().all(is_idle)
    }

    /// When the next of those is told that asked.
    pub(super) fn answers_until(&self) -> Option<Instant> {
        let asked = self.asks.iter().filter_map(|(peer, _)| Some(self.workers.get(peer)?.asked));
        asked.min().map(|asked| asked + Duration::from_millis(ASK_ANSWER_MS))
    }

    /// A device has no link any more.
    pub(in crate::scheduler) fn unlinked(&mut self, now: Instant, peer: PeerKey) {
        self.asks.retain(|(asked, _)| *asked != peer);
        if let Some(worker) = self.workers.get_mut(&peer) {
            worker.unlinked = Some(now);
        }
    }

    /// A device is seen: what it was told before may not have reached it.
    pub(in crate::scheduler) fn seen(&mut self, peer: PeerKey) {
        if let Some(worker) = self.workers.get_mut(&peer) {
            worker.told = None;
        }
    }

    /// A device is down, or has started anew: it has nothing any more. What it made waits for its check all the same, and its probation is over if it was.
    pub(in crate::scheduler) fn down(&mut self, peer: PeerKey) {
        self.end_leases_of(peer, Ended::Lost);
        // A start may have mended it.
        if let Some(worker) = self.workers.get_mut(&peer) {
            worker.failures.end();
            worker.ended.was_down();
        }
    }

    /// Two devices use its key: none of its texts has done anything to it, and what it made before waits for its check.
    pub(in crate::scheduler) fn frozen(&mut self, peer: PeerKey) {
        self.end_leases_of(peer, Ended::Unwanted);
    }

    fn end_leases_of(&mut self, peer: PeerKey, how: Ended) {
        self.asks.retain(|(asked, _)| *asked != peer);
        let leases: Vec<BatchId> = self.leases_of(peer).map(|(id, _)| id).collect();
        self.end_leases(leases, how);
        self.seen(peer);
    }

    /// A device may do no work any more.
    pub(in crate::scheduler) fn expelled(&mut self, now: Instant, peer: PeerKey) {
        self.believed_no_more(peer);
        if let Some(worker) = self.workers.get_mut(&peer) {
            // Nobody tells how its link ends: whatever has no rights here is not heard.
            worker.unlinked.get_or_insert(now);
        }
    }

    /// What a device made and no check has vouched for is made again, and so is what it has.
    pub(super) fn believed_no_more(&mut self, peer: PeerKey) {
        // None of its texts has done anything to it.
        self.end_leases_of(peer, Ended::Unwanted);
        let released = self.pool.awaited.release(|waiting| waiting.peer == peer);
        self.again(released);
        self.pool.awaited.forget_results_of(peer);
        if let Some(worker) = self.workers.get_mut(&peer) {
            // Whether those of before this start, or of before other folders were shared, may still leave is known once they are read anew.
            let (old, held): (Vec<_>, Vec<_>) = worker.take_held().partition(|(_, is_old)| *is_old);
            self.results.again.unproven += (old.len() + held.len()) as u64;
            old.iter().for_each(|(chunk, _)| self.end_chunk(chunk.doc, chunk.key));
            self.again(held.into_iter().map(|(chunk, _)| chunk).collect());
        }
    }
}
