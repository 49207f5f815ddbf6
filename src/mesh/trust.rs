//! The one table of what each peer may do here.
//!
//! Every other part that deals with peers (the link table, the message verifier, the datagram table, the diagnostics
//! and the address book, the membership, the table of peers, gossip, queries) holds the data that it needs of a peer,
//! and decides nothing about it: it follows the [`Effect`]s of this table. [`Input`]s come from whoever decides: the
//! owner's `--peer` at start today, and the simulator at run time; certificates later.
//!
//! Invariants: an effect is a change, never a repetition; a full table (`TRUST_PEERS_MAX`) refuses and forgets nobody;
//! the agent itself is never in it. A peer that is not in the table may do nothing. Certificates, and the memory of peers that were removed for
//! good, are not here.

use crate::base::id::PeerKey;
use crate::limits::TRUST_PEERS_MAX;
use core::fmt;
use core::ops::BitOr;
use std::collections::BTreeMap;

/// A set of things that a peer may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rights(u8);

impl Rights {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// It may have a link, whichever side dials.
    pub const LINK: Self = Self(1);
    /// Its signature counts: its messages are taken, and gossip items that it signed are stored and passed on.
    pub const SIGN: Self = Self(1 << 1);
    /// It may be a member of the mesh.
    pub const MEMBER: Self = Self(1 << 2);
    /// It may exchange encrypted datagrams with this agent: the probes of the membership.
    pub const PROBE: Self = Self(1 << 3);
    /// Queries go to it and its answers count; its own queries are answered.
    pub const ANSWER: Self = Self(1 << 4);
    /// All of these.
    pub const ALL: Self = Self(0b1_1111);

    const NAMES: [(Self, &str); 5] = [
        (Self::LINK, "link"),
        (Self::SIGN, "sign"),
        (Self::MEMBER, "member"),
        (Self::PROBE, "probe"),
        (Self::ANSWER, "answer"),
    ];

    /// Whether all of `others` are among these.
    #[must_use]
    pub const fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }
}

impl BitOr for Rights {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = Self::NAMES.iter().filter(|(right, _)| self.contains(*right));
        f.debug_set().entries(held.map(|(_, name)| name)).finish()
    }
}

/// A decision about a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// From now on the peer may do this, and nothing else.
    Grant(PeerKey, Rights),
    /// From now on the peer may do nothing.
    Revoke(PeerKey),
}

/// A change of what a peer may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The peer may do this, and nothing else.
    Admit(PeerKey, Rights),
    /// The peer may do nothing any more: its data is forgotten, and its messages are refused.
    Expel(PeerKey),
}

/// Why a grant was not taken. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The table is full.
    Full,
    /// The peer is this agent itself.
    Itself,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => write!(f, "There is room for {TRUST_PEERS_MAX} other devices, and all of it is taken."),
            Self::Itself => f.write_str("This is the device itself."),
        }
    }
}

impl std::error::Error for Refused {}

/// The table.
#[derive(Clone, Debug)]
pub struct Trust {
    own: PeerKey,
    /// Every peer in it has at least one right.
    peers: BTreeMap<PeerKey, Rights>,
}

impl Trust {
    /// An empty table, of the agent with this key.
    #[must_use]
    pub const fn new(own: PeerKey) -> Self {
        Self { own, peers: BTreeMap::new() }
    }

    /// Takes a decision, and returns the change that it makes, if any.
    ///
    /// # Errors
    /// Why a grant was not taken; the table is as it was.
    pub fn handle(&mut self, input: Input) -> Result<Option<Effect>, Refused> {
        match input {
            Input::Grant(peer, _) if peer == self.own => Err(Refused::Itself),
            Input::Grant(peer, Rights::NONE) | Input::Revoke(peer) => {
                Ok(self.peers.remove(&peer).map(|_| Effect::Expel(peer)))
            }
            Input::Grant(peer, _) if self.peers.len() >= TRUST_PEERS_MAX && !self.peers.contains_key(&peer) => {
                Err(Refused::Full)
            }
            Input::Grant(peer, rights) => {
                let before = self.peers.insert(peer, rights);
                Ok((before != Some(rights)).then_some(Effect::Admit(peer, rights)))
            }
        }
    }

    /// What a peer may do.
    #[must_use]
    pub fn rights(&self, peer: PeerKey) -> Rights {
        self.peers.get(&peer).copied().unwrap_or(Rights::NONE)
    }

    /// Whether a peer may do all of this.
    #[must_use]
    pub fn may(&self, peer: PeerKey, rights: Rights) -> bool {
        self.rights(peer).contains(rights)
    }

    /// The peers that may do something, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (PeerKey, Rights)> + '_ {
        self.peers.iter().map(|(peer, rights)| (*peer, *rights))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    const OWN: PeerKey = PeerKey([9; 32]);

    fn key(n: u64) -> PeerKey {
        let mut key = [7; 32];
        key[..8].copy_from_slice(&n.to_be_bytes());
        PeerKey(key)
    }

    #[test]
    fn a_peer_may_do_what_was_granted_last_and_nothing_else() {
        let mut trust = Trust::new(OWN);
        assert_eq!(trust.rights(key(1)), Rights::NONE, "it is not in the table");
        assert!(trust.may(key(1), Rights::NONE) && !trust.may(key(1), Rights::LINK));
        let some = Rights::LINK | Rights::SIGN;
        assert_eq!(trust.handle(Input::Grant(key(1), some)), Ok(Some(Effect::Admit(key(1), some))));
        assert!(trust.may(key(1), Rights::LINK) && trust.may(key(1), some) && !trust.may(key(1), Rights::ALL));
        assert!(!trust.may(key(1), Rights::SIGN | Rights::PROBE), "one of two is not both");
        assert_eq!(trust.handle(Input::Grant(key(1), Rights::PROBE)), Ok(Some(Effect::Admit(key(1), Rights::PROBE))));
        assert!(!trust.may(key(1), Rights::LINK), "the later grant replaces the earlier one");
        assert_eq!(format!("{:?} {:?}", some, Rights::NONE), "{\"link\", \"sign\"} {}");
    }

    #[test]
    fn an_effect_is_a_change_and_never_a_repetition() {
        let mut trust = Trust::new(OWN);
        assert_eq!(trust.handle(Input::Revoke(key(1))), Ok(None));
        assert_eq!(trust.handle(Input::Grant(key(1), Rights::NONE)), Ok(None));
        assert!(trust.handle(Input::Grant(key(1), Rights::ALL)).is_ok_and(|effect| effect.is_some()));
        assert_eq!(trust.handle(Input::Grant(key(1), Rights::ALL)), Ok(None));
        assert_eq!(trust.handle(Input::Revoke(key(1))), Ok(Some(Effect::Expel(key(1)))));
        assert_eq!(trust.handle(Input::Revoke(key(1))), Ok(None));
        assert!(trust.handle(Input::Grant(key(1), Rights::ALL)).is_ok_and(|effect| effect.is_some()));
        assert_eq!(trust.handle(Input::Grant(key(1), Rights::NONE)), Ok(Some(Effect::Expel(key(1)))));
        assert_eq!(trust.iter().count(), 0);
    }

    #[test]
    fn a_full_table_refuses_forgets_nobody_and_never_holds_the_agent_itself() {
        let mut trust = Trust::new(OWN);
        let taken = (0..1_000_000).filter(|n| trust.handle(Input::Grant(key(*n), Rights::ALL)).is_ok()).count();
        assert_eq!((taken, trust.iter().count()), (TRUST_PEERS_MAX, TRUST_PEERS_MAX));
        assert_eq!(trust.handle(Input::Grant(key(u64::MAX), Rights::LINK)), Err(Refused::Full));
        assert!(
            trust.handle(Input::Grant(key(0), Rights::LINK)).is_ok(),
            "a peer in the table may be given other rights"
        );
        assert_eq!(trust.handle(Input::Grant(OWN, Rights::ALL)), Err(Refused::Itself));
        assert!(trust.handle(Input::Revoke(key(0))).is_ok());
        assert!(trust.handle(Input::Grant(key(u64::MAX), Rights::LINK)).is_ok(), "there is room again");
    }

    #[test]
    fn whoever_follows_the_effects_holds_the_same_table() {
        for seed in 0..50 {
            let (mut rng, mut trust, mut follower) = (Rng::new(seed), Trust::new(OWN), BTreeMap::new());
            for _ in 0..2_000 {
                let peer = key(rng.below(TRUST_PEERS_MAX as u64 + 20));
                let rights = Rights(u8::try_from(rng.below(32)).unwrap());
                let input = if rng.one_in(3) { Input::Revoke(peer) } else { Input::Grant(peer, rights) };
                match trust.handle(input) {
                    Ok(Some(Effect::Admit(peer, rights))) => _ = follower.insert(peer, rights),
                    Ok(Some(Effect::Expel(peer))) => assert!(follower.remove(&peer).is_some(), "it was in"),
                    Ok(None) | Err(_) => {}
                }
            }
            assert_eq!(trust.iter().collect::<BTreeMap<_, _>>(), follower, "seed {seed}");
        }
    }
}
