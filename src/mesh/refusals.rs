//! Messages that were refused, by peer: counted with their cause, so that people are told once and not for each.
//!
//! A device whose count of starts is lower than what this agent has seen of it is mute here: all that it sends is refused
//! as of an earlier start (`wire::envelope`). So is one whose home was restored from a copy and started as often as before: its messages have
//! numbers that were accepted before. It is sent a proof of its latest start, once in `START_PROOF_MS`.

use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{PEERS_MAX, REFUSED_LOG_MS, REFUSED_TOLD_MS, START_PROOF_MS};
use crate::wire::envelope::BadMessage;
use std::collections::BTreeMap;

/// Refused messages of one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// How many since the first one, with pauses of less than `REFUSED_TOLD_MS`.
    pub count: u64,
    /// Why the last one was refused.
    pub why: BadMessage,
    last: Instant,
    logged: Instant,
    proof_sent: Option<Instant>,
}

/// Those of all peers.
#[derive(Debug, Default)]
pub struct Refusals {
    peers: BTreeMap<PeerKey, Refused>,
}

/// What follows from a refused message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consequences {
    /// Whether it is logged: the first one, then once in `REFUSED_LOG_MS`.
    pub log: bool,
    /// Whether the peer is sent a proof of its latest start.
    pub prove: bool,
}

impl Refusals {
    /// A message of a peer was refused.
    pub fn refused(&mut self, now: Instant, peer: PeerKey, why: &BadMessage) -> Consequences {
        let old = is_behind(why);
        if self.peers.len() >= PEERS_MAX && !self.peers.contains_key(&peer) {
            return Consequences { log: false, prove: old };
        }
        self.peers.retain(|key, record| *key == peer || is_recent(now, record));
        let new = Refused { count: 0, why: why.clone(), last: now, logged: now, proof_sent: None };
        if self.peers.get(&peer).is_some_and(|record| !is_recent(now, record)) {
            self.peers.remove(&peer);
        }
        let first = !self.peers.contains_key(&peer);
        let record = self.peers.entry(peer).or_insert(new);
        let passed = |since: Instant, ms: u64| now.since(since) >= Duration::from_millis(ms);
        let log = first || passed(record.logged, REFUSED_LOG_MS);
        let prove = old && record.proof_sent.is_none_or(|at| passed(at, START_PROOF_MS));
        if log {
            record.logged = now;
        }
        if prove {
            record.proof_sent = Some(now);
        }
        (record.count, record.last) = (record.count.saturating_add(1), now);
        record.why = why.clone();
        Consequences { log, prove }
    }

    /// A message of a peer was accepted: its count of starts is not behind any more.
    pub fn accepted(&mut self, peer: PeerKey) {
        if self.peers.get(&peer).is_some_and(|record| is_behind(&record.why)) {
            self.peers.remove(&peer);
        }
    }

    /// The peers whose messages were refused lately.
    pub fn list(&self, now: Instant) -> impl Iterator<Item = (PeerKey, &Refused)> {
        self.peers.iter().filter(move |(_, record)| is_recent(now, record)).map(|(peer, record)| (*peer, record))
    }

    /// Refused messages of a peer; 0 if there was none lately.
    #[must_use]
    pub fn count(&self, now: Instant, peer: PeerKey) -> u64 {
        self.peers.get(&peer).filter(|record| is_recent(now, record)).map_or(0, |record| record.count)
    }

    /// Forgets a peer.
    pub fn forget(&mut self, peer: PeerKey) {
        self.peers.remove(&peer);
    }
}

/// Whether a message is of a run whose numbers another run of its sender has used, or is before: on a link with that sender
/// nobody else can repeat one.
const fn is_behind(why: &BadMessage) -> bool {
    matches!(why, BadMessage::EarlierStart { .. } | BadMessage::Replay)
}

fn is_recent(now: Instant, record: &Refused) -> bool {
    now.since(record.last) < Duration::from_millis(REFUSED_TOLD_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: PeerKey = PeerKey([1; 32]);
    const OLD: BadMessage = BadMessage::EarlierStart { boot: 3, latest: 9 };

    #[test]
    fn a_storm_of_refusals_is_counted_logged_once_a_minute_and_answered_with_a_proof_now_and_then() {
        let (mut refusals, mut logged, mut proofs) = (Refusals::default(), 0, 0);
        for ms in (0..150_000).step_by(100) {
            let follows = refusals.refused(Instant::from_millis(ms), PEER, &OLD);
            logged += u32::from(follows.log);
            proofs += u32::from(follows.prove);
        }
        assert_eq!((logged, proofs), (3, 75));
        let now = Instant::from_millis(150_000);
        assert_eq!(refusals.count(now, PEER), 1500);
        assert_eq!(refusals.list(now).map(|(peer, record)| (peer, &record.why)).collect::<Vec<_>>(), [(PEER, &OLD)]);
        refusals.accepted(PEER);
        assert_eq!(refusals.list(now).count(), 0, "it counts above by now");
    }

    #[test]
    fn numbers_that_another_run_has_used_are_answered_with_a_proof_too() {
        let mut refusals = Refusals::default();
        assert!(refusals.refused(Instant::ZERO, PEER, &BadMessage::Replay).prove);
        assert!(!refusals.refused(Instant::from_millis(1), PEER, &BadMessage::Replay).prove, "once in a while");
        refusals.accepted(PEER);
        assert_eq!(refusals.list(Instant::from_millis(2)).count(), 0, "it counts above by now");
    }

    #[test]
    fn other_causes_stay_until_they_are_old_and_bring_no_proof() {
        let mut refusals = Refusals::default();
        let follows = refusals.refused(Instant::ZERO, PEER, &BadMessage::Signature);
        assert_eq!(follows, Consequences { log: true, prove: false });
        refusals.accepted(PEER);
        assert_eq!(refusals.count(Instant::from_millis(REFUSED_TOLD_MS - 1), PEER), 1);
        assert_eq!(refusals.count(Instant::from_millis(REFUSED_TOLD_MS), PEER), 0);
        let later = refusals.refused(Instant::from_millis(REFUSED_TOLD_MS), PEER, &OLD);
        assert_eq!(
            (later, refusals.count(Instant::from_millis(REFUSED_TOLD_MS), PEER)),
            (Consequences { log: true, prove: true }, 1)
        );
    }

    #[test]
    fn the_table_is_bounded() {
        let mut refusals = Refusals::default();
        let key = |n: u64| PeerKey(std::array::from_fn(|at| n.to_le_bytes()[at % 8]));
        (0..5_000).for_each(|n| _ = refusals.refused(Instant::ZERO, key(n), &OLD));
        assert_eq!(refusals.peers.len(), PEERS_MAX);
    }
}
