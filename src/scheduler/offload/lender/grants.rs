//! What is granted: how much to whom, and what is mixed into it.

use super::{BatchId, Lease, Lender, later, renewable};
use crate::base::id::{EmbedKey, PeerKey};
use crate::base::time::{Duration, Instant};
use crate::limits::{
    GRANT_BYTES_MAX, KNOWN_EACH_MAX, KNOWN_MAX, KNOWN_ONE_IN, KNOWN_SELDOM_EACH_MAX, KNOWN_SELDOM_ONE_IN, LATER_MS,
    LEASE_CHUNKS_MAX, LEASE_MS_MAX, LEASE_MS_MIN,
};
use crate::scheduler::offload::lendable::{Known, Lendable};
use crate::wire::work::{Grant, LentText, Work};
use std::collections::{BTreeMap, BTreeSet};

impl Lender {
    /// Grants leases to those who wait. `waiting`: all chunks that wait to be embedded here, those in the pool among them;
    /// `checks`: whether results may be computed here too.
    pub(in crate::scheduler) fn grant(&mut self, now: Instant, waiting: u64, checks: bool) -> Vec<(PeerKey, Work)> {
        let mut granted = Vec::new();
        for _ in 0..self.asks.len() {
            let Some((peer, asked)) = self.asks.pop_front() else { break };
            if let Some(pause) = self.workers.get(&peer).and_then(|worker| worker.failures.pause(now)) {
                granted.push((peer, later(pause)));
                continue;
            }
            let room = self.room(peer);
            let rests = self.leases_of(peer).next().is_none();
            let waits = self.waits_for_known(peer, checks) || self.has_to_confirm(peer);
            let is_asked = rests && waits && (room == 0 || self.lends_all(peer, waiting));
            if !is_asked && room == 0 && !checks {
                // It may be long until its results are vouched for: others may have work for it.
                granted.push((peer, Work::Later(LATER_MS)));
                continue;
            }
            if !is_asked && (room == 0 || !self.has_for(peer)) {
                self.asks.push_back((peer, asked));
                continue;
            }
            // Half of an even share: towards the end leases are small, and all end together.
            let busy =
                self.workers.values().filter(|worker| worker.unlinked.is_none() && worker.told.is_some()).count();
            let share = usize::try_from(waiting).unwrap_or(usize::MAX).div_ceil(2 * (busy + 1)).max(1);
            let known = if checks { KNOWN_SELDOM_EACH_MAX } else { KNOWN_EACH_MAX };
            let batch = self.take(peer, room.min(asked).min(share).min(LEASE_CHUNKS_MAX - known));
            // Of a device whose results wait, and that has nothing else to do, only one whose vector is known is asked.
            let is_asked = is_asked && self.waits_for_known(peer, checks);
            let (mut batch, mut known) = self.with_known(peer, batch, checks, is_asked);
            let unconfirmed = self.with_unconfirmed(peer, &mut batch, &mut known);
            let id = BatchId::of(&self.model.fingerprint, batch.iter().map(|chunk| &chunk.key));
            if batch.is_empty() || self.leases.contains_key(&id) {
                self.again(
                    batch.into_iter().enumerate().filter(|(at, _)| !known.contains_key(at)).map(|(_, c)| c).collect(),
                );
                self.asks.push_back((peer, asked));
                continue;
            }
            self.note_asked(peer, unconfirmed.and_then(|place| known.get(&place)));
            let behind = self.leases_of(peer).map(|(_, lease)| lease.open()).sum();
            let Some(worker) = self.workers.get_mut(&peer) else { continue };
            if rests {
                worker.speed.starts(now);
            }
            let ms = (4 * worker.speed.takes_ms(batch.len()) + 2_000).clamp(LEASE_MS_MIN, LEASE_MS_MAX);
            let texts: Vec<LentText> = batch.iter().map(|chunk| chunk.text.clone()).collect();
            let own = |(at, chunk)| (!known.contains_key(&at)).then_some(chunk);
            let (chunks, length) = (batch.into_iter().enumerate().map(own).collect(), Duration::from_millis(ms));
            self.leases.insert(
                id,
                Lease {
                    peer,
                    chunks,
                    known,
                    unconfirmed,
                    length,
                    until: now + length,
                    since: now,
                    behind,
                    renewed_until: renewable(now),
                    late: 0,
                },
            );
            let lease_ms = u32::try_from(ms).unwrap_or(u32::MAX);
            granted.push((peer, Work::Grant(Box::new(Grant { batch: id, lease_ms, texts }))));
        }
        granted
    }

    /// The batch with chunks among it whose vectors are known, and those vectors: now and then one, and one in `KNOWN_ONE_IN` where no
    /// result may be computed here. Those that this device made itself come last.
    fn with_known(
        &mut self,
        peer: PeerKey,
        batch: Vec<Lendable>,
        checks: bool,
        is_asked: bool,
    ) -> (Vec<Lendable>, BTreeMap<usize, Known>) {
        let mut known = BTreeMap::new();
        if batch.is_empty() && !is_asked {
            return (batch, known);
        }
        let drawn =
            batch.iter().filter(|_| self.rng.one_in(if checks { KNOWN_SELDOM_ONE_IN } else { KNOWN_ONE_IN })).count();
        let wanted = if checks && !is_asked { drawn } else { drawn.max(1) };
        let mut mixed = batch;
        for _ in 0..wanted.min(LEASE_CHUNKS_MAX.saturating_sub(mixed.len())) {
            // One that this device made itself, where there is any; and one that the other made itself only where there is no other.
            let pool = &self.pool.known;
            let own = pool.iter().position(|(known, _)| known.by.is_none());
            let of_others = || pool.iter().position(|(known, _)| known.by != Some(peer));
            let at = own.or_else(of_others).unwrap_or(0);
            let Some((next, _)) = self.pool.known.remove(at) else { break };
            let bytes: usize = mixed.iter().map(|chunk| chunk.text.bytes()).sum();
            // One that is stored and waits at once would have two places of one key.
            if bytes + next.chunk.text.bytes() > GRANT_BYTES_MAX
                || mixed.iter().any(|chunk| chunk.key == next.chunk.key)
            {
                continue;
            }
            let place = usize::try_from(self.rng.below(mixed.len() as u64 + 1)).unwrap_or(0);
            known = known.into_iter().map(|(at, known)| (at + usize::from(at >= place), known)).collect();
            mixed.insert(place, next.chunk.clone());
            known.insert(place, next);
        }
        (mixed, known)
    }

    /// Whether all that others may embed is lent, as far as a device can embed it.
    fn lends_all(&self, peer: PeerKey, waiting: u64) -> bool {
        self.lent_chunks() >= waiting || self.pool.is_dry && !self.has_for(peer)
    }

    /// Whether the pool has a chunk that a device can embed, as far as is known.
    fn has_for(&self, peer: PeerKey) -> bool {
        self.pool.chunks.iter().any(|chunk| self.lost.may_have(peer, &chunk.key))
    }

    /// Whether results of a device wait for which a text with a known vector can vouch.
    pub(super) fn waits_for_known(&self, peer: PeerKey, checks: bool) -> bool {
        self.workers.get(&peer).is_some_and(|worker| worker.waits_for_known(checks)) && self.results.has_room(peer)
    }

    /// Whether results of any device wait for a check.
    pub(in crate::scheduler) fn any_held(&self) -> bool {
        self.workers.values().any(|worker| worker.held() > 0)
    }

    /// Whether results of any device wait for which a text with a known vector can vouch.
    pub(in crate::scheduler) fn any_wait_for_known(&self, checks: bool) -> bool {
        self.workers.iter().any(|(peer, worker)| worker.waits_for_known(checks) && self.results.has_room(*peer))
    }

    /// How many chunks that wait to be embedded are here.
    fn lent_chunks(&self) -> u64 {
        self.documents.values().sum::<usize>() as u64
    }

    /// Texts that are embedded here only: whatever their document, and those that failed here.
    pub(in crate::scheduler) fn home(&self) -> (BTreeSet<EmbedKey>, BTreeSet<EmbedKey>) {
        self.lost.home()
    }

    /// Whether chunks with known vectors are short.
    pub(in crate::scheduler) fn wants_known(&self) -> bool {
        self.pool.known.len() < KNOWN_MAX / 2
    }

    /// Whether no chunk with a known vector is here.
    pub(in crate::scheduler) fn has_no_known(&self) -> bool {
        self.pool.known.is_empty()
    }

    /// A number by chance.
    pub(in crate::scheduler) const fn draw(&mut self) -> u64 {
        self.rng.next()
    }

    /// The next chunks of the pool for a device, so many at most, that fit into one grant.
    fn take(&mut self, peer: PeerKey, most: usize) -> Vec<Lendable> {
        let (mut bytes, mut batch, mut refused) = (0, Vec::new(), Vec::new());
        while batch.len() < most
            && let Some(chunk) = self.pool.chunks.pop_front_if(|chunk| bytes + chunk.text.bytes() <= GRANT_BYTES_MAX)
        {
            if !self.lost.may_have(peer, &chunk.key) {
                refused.push(chunk);
                continue;
            }
            bytes += chunk.text.bytes();
            batch.push(chunk);
        }
        self.again(refused);
        batch
    }
}
