//! What this device made for others and keeps for a while, because it may not have reached them: a link that breaks loses what is on its
//! way, and a device that starts anew what it had not saved.

use crate::base::id::{EmbedKey, PeerKey};
use crate::base::time::{Duration, Instant};
use crate::base::vector::Quantized;
use crate::limits::{ASK_AGAIN_MS, AWAITED_MS, KEPT_MAX, KEPT_MESSAGE_MAX, KEPT_MS, KEPT_SAVED_MS};
use crate::wire::message::HitVector;
use crate::wire::work::{Kept, KeptResult, Work};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A result.
#[derive(Debug)]
struct Result {
    owner: PeerKey,
    text: EmbedKey,
    vector: HitVector,
    at: Instant,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Finished {
    /// `KEPT_MAX` at most, the oldest first.
    results: VecDeque<Result>,
    /// Owners whose links broke, or that started anew, since they were sent what is kept for them.
    owed: BTreeSet<PeerKey>,
    /// Texts of tasks under way whose batches went with the link, by their owner, and since when.
    parted: BTreeMap<PeerKey, (usize, Instant)>,
}

impl Finished {
    pub(super) const fn new() -> Self {
        Self { results: VecDeque::new(), owed: BTreeSet::new(), parted: BTreeMap::new() }
    }

    /// A text was embedded for an owner.
    pub(super) fn keep(&mut self, now: Instant, owner: PeerKey, text: EmbedKey, vector: &Quantized) {
        if self.results.len() >= KEPT_MAX {
            self.results.pop_front();
        }
        self.results.push_back(Result { owner, text, vector: sent(vector), at: now });
    }

    /// The link to an owner is gone, or it has started anew, while tasks with so many texts of it ran.
    pub(super) fn part(&mut self, now: Instant, owner: PeerKey, running: usize) {
        if running > 0 {
            let (texts, since) = self.parted.entry(owner).or_insert((0, now));
            (*texts, *since) = (*texts + running, now);
        }
        if running > 0 || self.results.iter().any(|result| result.owner == owner) {
            self.owed.insert(owner);
        }
    }

    /// A task ended whose batch is not here any more. If it went with the link, what the task made is sent once there is one.
    pub(super) fn end_parted(&mut self, owner: PeerKey, texts: usize) {
        if let Some((running, _)) = self.parted.get_mut(&owner) {
            *running = running.saturating_sub(texts);
            if *running == 0 {
                self.parted.remove(&owner);
            }
            self.owed.insert(owner);
        }
    }

    /// Whether a task still makes what an owner waits for: it is not asked for more, which it takes for the end of that.
    pub(super) fn is_parted(&self, now: Instant, owner: PeerKey) -> bool {
        self.parted.get(&owner).is_some_and(|(_, since)| now < *since + Duration::from_millis(AWAITED_MS))
    }

    /// When an owner may be asked whose texts a task still embeds.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let until = self.parted.values().map(|(_, since)| *since + Duration::from_millis(AWAITED_MS));
        until.filter(|at| *at > now).min()
    }

    /// An owner answers what it was asked `ASK_AGAIN_MS` before this time: what was sent `KEPT_SAVED_MS` before that is on its disk.
    pub(super) fn reached(&mut self, owner: PeerKey, until: Instant) {
        let saved = Duration::from_millis(KEPT_SAVED_MS + ASK_AGAIN_MS);
        self.results.retain(|result| result.owner != owner || until < result.at + saved);
    }

    /// An owner may be told nothing any more.
    pub(super) fn forget(&mut self, owner: PeerKey) {
        self.results.retain(|result| result.owner != owner);
        self.owed.remove(&owner);
        self.parted.remove(&owner);
    }

    /// What is sent now, to those owners that have work again.
    pub(super) fn bring(&mut self, now: Instant, has_work: impl Fn(&PeerKey) -> bool) -> Vec<(PeerKey, Work)> {
        let old = Duration::from_millis(KEPT_MS);
        while self.results.pop_front_if(|result| result.at + old <= now).is_some() {}
        let mut told = Vec::new();
        for owner in self.owed.extract_if(.., |owner| has_work(owner)) {
            let of = self.results.iter().filter(|result| result.owner == owner);
            let kept: Vec<KeptResult> =
                of.map(|result| KeptResult { text: result.text, vector: result.vector.clone() }).collect();
            let parts = kept.chunks(KEPT_MESSAGE_MAX).map(|part| Kept { results: part.to_vec() });
            told.extend(parts.map(|kept| (owner, Work::Kept(Box::new(kept)))));
        }
        told
    }
}

/// A vector as it is sent.
pub(super) fn sent(vector: &Quantized) -> HitVector {
    HitVector { scale: vector.scale(), codes: vector.bytes().collect() }
}
