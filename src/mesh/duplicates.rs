//! Keys with two holders: a copied SD card, or a copied home, makes two devices that prove the same key.
//!
//! They are seen in two ways. A second device proves the key while the link to the first one answers (`net::link`
//! refuses it then, so that the documents of one of them stay). Or the random marks of their starts take turns: a restarted
//! agent has a new mark, and no restart brings an older one back. What others saw is held as well, with who said it.
//!
//! A key that this agent saw with two holders is frozen: nobody can tell which of them is the right one, so neither takes part here
//! (`node::conduct`). Who says so without proof freezes nobody: it takes the key itself to show two holders.
//!
//! At most `DUPLICATES_MAX` keys are held, each until `DUPLICATE_MS` after it was last seen with two holders.

use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{DUPLICATE_MS, DUPLICATE_RETRY_MS, DUPLICATES_MAX, PEERS_MAX, STARTS_REMEMBERED};
use core::net::SocketAddr;
use heapless::Vec as Bounded;
use std::collections::BTreeMap;

/// A key with two holders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicated {
    /// The key.
    pub key: PeerKey,
    /// Where the holder that is linked was seen, and where the other one.
    pub at: (SocketAddr, SocketAddr),
    /// Who said so; `None`: this agent saw it.
    pub witness: Option<PeerKey>,
    /// When it was last seen or said.
    since: Instant,
    /// When others were last told of it.
    told: Option<Instant>,
}

/// All of them, and the marks of the starts of peers.
#[derive(Debug, Default)]
pub struct Duplicates {
    seen: Bounded<Duplicated, DUPLICATES_MAX>,
    starts: BTreeMap<PeerKey, Bounded<(u64, SocketAddr), STARTS_REMEMBERED>>,
}

impl Duplicates {
    /// An agent with this key and this mark of its start came up on a link. Returns the addresses of both if the mark
    /// shows that two agents with the key take turns.
    pub fn started(&mut self, key: PeerKey, mark: u64, address: SocketAddr) -> Option<(SocketAddr, SocketAddr)> {
        if self.starts.len() >= PEERS_MAX && !self.starts.contains_key(&key) {
            return None;
        }
        let marks = self.starts.entry(key).or_default();
        let known = marks.iter().position(|(known, _)| *known == mark);
        let last = marks.last().copied().filter(|(last, _)| *last != mark);
        if let Some(at) = known {
            marks.remove(at);
        } else if marks.is_full() {
            marks.remove(0);
        }
        // There is room: one was removed if the list was full.
        let _ = marks.push((mark, address));
        last.filter(|_| known.is_some()).map(|(_, other)| (address, other))
    }

    /// Two holders of a key were seen, or a peer says so. True if that is new, or if one of them is elsewhere now.
    pub fn note(&mut self, now: Instant, key: PeerKey, at: (SocketAddr, SocketAddr), witness: Option<PeerKey>) -> bool {
        self.seen.retain(|seen| is_recent(now, seen));
        let new = Duplicated { key, at, witness, since: now, told: None };
        if let Some(seen) = self.seen.iter_mut().find(|seen| seen.key == key) {
            // What this agent saw itself is not replaced by what it is told.
            if witness.is_some() && seen.witness.is_none() {
                return false;
            }
            // Ports of dialling devices change with each dial.
            let places = |(one, other): (SocketAddr, SocketAddr)| {
                if one.ip() <= other.ip() { (one.ip(), other.ip()) } else { (other.ip(), one.ip()) }
            };
            let moved = places(seen.at) != places(at);
            *seen = Duplicated { told: seen.told.filter(|_| !moved), ..new };
            return moved;
        }
        if self.seen.is_full()
            && witness.is_none()
            && let Some(told) = self.seen.iter().position(|seen| seen.witness.is_some())
        {
            // What others say gives way to what was seen.
            self.seen.remove(told);
        }
        self.seen.push(new).is_ok()
    }

    /// Whether others are told of a key again: once in half of `DUPLICATE_RETRY_MS`, and when a holder moved.
    pub fn may_tell(&mut self, now: Instant, key: PeerKey) -> bool {
        let Some(seen) = self.seen.iter_mut().find(|seen| seen.key == key) else { return false };
        let may = seen.told.is_none_or(|at| now.since(at) >= Duration::from_millis(DUPLICATE_RETRY_MS / 2));
        if may {
            seen.told = Some(now);
        }
        may
    }

    /// The keys that have two holders now.
    pub fn list(&self, now: Instant) -> impl Iterator<Item = &Duplicated> {
        self.seen.iter().filter(move |seen| is_recent(now, seen))
    }

    /// Whether a key has two holders now.
    #[must_use]
    pub fn contains(&self, now: Instant, key: PeerKey) -> bool {
        self.list(now).any(|seen| seen.key == key)
    }

    /// Whether this agent saw a key with two holders lately.
    #[must_use]
    pub fn is_frozen(&self, now: Instant, key: PeerKey) -> bool {
        self.frozen_until(key).is_some_and(|until| now < until)
    }

    /// When that ends, or has ended, if this agent sees no two any more.
    #[must_use]
    pub fn frozen_until(&self, key: PeerKey) -> Option<Instant> {
        let seen = self.seen.iter().find(|seen| seen.key == key && seen.witness.is_none())?;
        Some(seen.since + Duration::from_millis(DUPLICATE_MS))
    }

    /// Forgets a peer.
    pub fn forget(&mut self, key: PeerKey) {
        self.starts.remove(&key);
        self.seen.retain(|seen| seen.key != key && seen.witness != Some(key));
    }
}

fn is_recent(now: Instant, seen: &Duplicated) -> bool {
    now.since(seen.since) < Duration::from_millis(DUPLICATE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: PeerKey = PeerKey([1; 32]);
    const OTHER: PeerKey = PeerKey([2; 32]);

    fn at(host: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, host], port))
    }

    fn seconds(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    #[test]
    fn restarts_are_no_duplicates_and_marks_that_take_turns_are() {
        let mut duplicates = Duplicates::default();
        for mark in 0..20 {
            assert_eq!(duplicates.started(KEY, mark, at(1, 1)), None, "a restart");
            assert_eq!(duplicates.started(KEY, mark, at(1, 2)), None, "the same start dials again");
        }
        assert_eq!(duplicates.started(KEY, 77, at(9, 1)), None, "this may be a restart too");
        assert_eq!(duplicates.started(KEY, 19, at(1, 3)), Some((at(1, 3), at(9, 1))), "but here the older one is back");
        assert_eq!(duplicates.started(KEY, 77, at(9, 4)), Some((at(9, 4), at(1, 3))));
        assert_eq!(duplicates.started(KEY, 77, at(9, 5)), None);
        assert_eq!(duplicates.started(OTHER, 19, at(2, 1)), None, "marks of another key");
        duplicates.forget(KEY);
        assert_eq!(duplicates.started(KEY, 19, at(1, 3)), None);
    }

    #[test]
    fn a_duplicate_is_new_once_and_again_when_one_moves_and_is_forgotten_when_it_is_not_seen_any_more() {
        let mut duplicates = Duplicates::default();
        assert!(duplicates.note(seconds(0), KEY, (at(1, 1), at(2, 1)), Some(OTHER)));
        assert!(!duplicates.note(seconds(1), KEY, (at(2, 9), at(1, 9)), None), "the other way round, by another port");
        assert_eq!(duplicates.list(seconds(1)).next().unwrap().witness, None, "seen here");
        assert!(!duplicates.note(seconds(2), KEY, (at(7, 1), at(8, 1)), Some(OTHER)), "hearsay does not replace that");
        assert!(duplicates.may_tell(seconds(2), KEY) && !duplicates.may_tell(seconds(3), KEY));
        assert!(duplicates.note(seconds(3), KEY, (at(1, 1), at(3, 1)), None), "it is elsewhere");
        assert!(duplicates.may_tell(seconds(3), KEY) && !duplicates.may_tell(seconds(30), KEY));
        assert!(duplicates.may_tell(seconds(33), KEY) && !duplicates.may_tell(seconds(99), OTHER));
        assert!(duplicates.contains(seconds(300), KEY) && !duplicates.contains(seconds(303), KEY));
        assert!(duplicates.note(seconds(310), KEY, (at(1, 1), at(3, 1)), None), "it is back");
    }

    #[test]
    fn the_tables_are_bounded() {
        let mut duplicates = Duplicates::default();
        let key = |n: u64| PeerKey(std::array::from_fn(|at| n.to_le_bytes()[at % 8]));
        for n in 0..5_000 {
            duplicates.started(key(n), n, at(1, 1));
            duplicates.note(seconds(0), key(n), (at(1, 1), at(2, 1)), None);
        }
        assert_eq!((duplicates.starts.len(), duplicates.seen.len()), (PEERS_MAX, DUPLICATES_MAX));
    }

    #[test]
    fn what_this_agent_saw_freezes_a_key_and_what_others_say_does_not_and_gives_way_where_there_is_no_room() {
        let mut duplicates = Duplicates::default();
        let hearsay = |n: u8| (PeerKey([100 + n; 32]), (at(n, 1), at(n + 1, 1)));
        for n in 0..20 {
            let (key, places) = hearsay(n);
            duplicates.note(seconds(0), key, places, Some(OTHER));
        }
        assert!((0..20).all(|n| !duplicates.is_frozen(seconds(0), hearsay(n).0)));
        assert!(duplicates.note(seconds(1), KEY, (at(1, 1), at(2, 1)), None));
        assert!(duplicates.is_frozen(seconds(300), KEY) && !duplicates.is_frozen(seconds(301), KEY));
        duplicates.note(seconds(290), KEY, (at(1, 1), at(2, 1)), Some(OTHER));
        assert!(!duplicates.is_frozen(seconds(301), KEY), "hearsay does not keep it frozen");
    }
}
