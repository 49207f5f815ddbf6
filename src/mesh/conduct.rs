//! What peers sent that was found to be false, so that a member that lies is named to people.
//!
//! Each lie is refused where it is found. Each peer and offence is held for `OFFENCE_MS` after it was last found; as long
//! as that the vectors of a device that sent false ones are not believed, and nothing else is decided by this table.

use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{OFFENCE_MS, PEERS_MAX};
use std::collections::BTreeMap;

/// What a peer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Offence {
    /// It forwarded a gossip item that its origin did not sign.
    ForgedGossip,
    /// It sent a certificate, a removal or a used invite that its issuer did not sign.
    ForgedRecord,
    /// In an answer it gave a cosine or counts of words that its own texts and vectors do not have.
    FalseScore,
    /// In an answer it gave a vector that is not that of the text beside it.
    FalseVector,
    /// It sent a proof of a start that this device did not sign.
    FalseProof,
    /// It said that this device or another one started far more often than that device did.
    FalseCount,
    /// It sent a vector for a text that was lent to it which is not that of the text.
    FalseResult,
}

/// How often a peer did it, and when it was found last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    count: u64,
    last: Instant,
}

/// The table.
#[derive(Debug, Default)]
pub struct Conduct {
    found: BTreeMap<(PeerKey, Offence), Found>,
}

impl Conduct {
    /// A peer sent something false. True if that is told for the first time in `OFFENCE_MS`.
    pub fn note(&mut self, now: Instant, peer: PeerKey, offence: Offence) -> bool {
        self.found.retain(|_, found| is_recent(now, found));
        if self.found.len() >= PEERS_MAX && !self.found.contains_key(&(peer, offence)) {
            return false;
        }
        let found = self.found.entry((peer, offence)).or_insert(Found { count: 0, last: now });
        (found.count, found.last) = (found.count.saturating_add(1), now);
        found.count == 1
    }

    /// Who did what lately, and how often.
    pub fn list(&self, now: Instant) -> impl Iterator<Item = (PeerKey, Offence, u64)> {
        let recent = self.found.iter().filter(move |(_, found)| is_recent(now, found));
        recent.map(|((peer, offence), found)| (*peer, *offence, found.count))
    }

    /// Whether a peer did it lately.
    #[must_use]
    pub fn did(&self, now: Instant, peer: PeerKey, offence: Offence) -> bool {
        self.found.get(&(peer, offence)).is_some_and(|found| is_recent(now, found))
    }

    /// Forgets a peer.
    pub fn forget(&mut self, peer: PeerKey) {
        self.found.retain(|(of, _), _| *of != peer);
    }
}

fn is_recent(now: Instant, found: &Found) -> bool {
    now.since(found.last) < Duration::from_millis(OFFENCE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offence_is_counted_and_told_until_an_hour_after_the_last_one() {
        let (mut conduct, peer) = (Conduct::default(), PeerKey([1; 32]));
        assert!(conduct.note(Instant::ZERO, peer, Offence::FalseScore));
        let later = Instant::from_millis(OFFENCE_MS - 1);
        assert!(!conduct.note(later, peer, Offence::FalseScore) && conduct.note(later, peer, Offence::ForgedGossip));
        let list: Vec<_> = conduct.list(later).collect();
        assert_eq!(list, [(peer, Offence::ForgedGossip, 1), (peer, Offence::FalseScore, 2)]);
        let end = Instant::from_millis(2 * OFFENCE_MS);
        assert!(conduct.did(later, peer, Offence::FalseScore) && !conduct.did(later, peer, Offence::FalseVector));
        assert!(!conduct.did(end, peer, Offence::FalseScore), "it is over");
        assert_eq!(conduct.list(end).count(), 0);
        assert!(conduct.note(end, peer, Offence::FalseScore), "told anew");
        conduct.forget(peer);
        assert_eq!(conduct.list(end).count(), 0);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut conduct = Conduct::default();
        let key = |n: u64| PeerKey(std::array::from_fn(|at| n.to_le_bytes()[at % 8]));
        (0..5_000).for_each(|n| _ = conduct.note(Instant::ZERO, key(n), Offence::FalseProof));
        assert_eq!(conduct.found.len(), PEERS_MAX);
    }
}
