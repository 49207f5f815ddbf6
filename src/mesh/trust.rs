//! The one table of what each peer may do here.
//!
//! Every other part that deals with peers (the link table, the message verifier, the datagram table, the diagnostics
//! and the address book, the membership, the table of peers, gossip, queries) holds the data that it needs of a peer,
//! and decides nothing about it: it follows the [`Effect`]s of this table. What a peer may do follows from the
//! certificates and removals of the mesh ([`records`], by [`Rights::of`]). A device that belongs to no mesh follows what its owner
//! granted by hand: `--peer` at start, and the simulator. In a mesh no grant counts: a `--peer` is an address to try there, and no
//! permission. [`authority`] is an admin's own part: what it issues and removes.
//!
//! Invariants: an effect is a change, never a repetition; a full table (`TRUST_PEERS_MAX`) refuses and forgets nobody;
//! the agent itself is never in it. A peer that is not in the table may do nothing, or is a guest where the device belongs to a
//! mesh. Whoever is removed has no right by any certificate, and none that was granted. A device that is removed itself trusts no
//! certificate any more.

pub mod authority;
pub mod records;
mod rights;

use crate::base::id::{MeshId, PeerKey};
use crate::limits::TRUST_PEERS_MAX;
use crate::wire::certificate::exchange::Page;
use crate::wire::certificate::{Chain, Refusal};
use core::fmt;
use records::{Records, Taken};
use std::collections::BTreeMap;

pub use rights::Rights;

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
    /// What the owner granted by hand, which counts until the device belongs to a mesh.
    granted: BTreeMap<PeerKey, Rights>,
    records: Records,
    /// What follows from both. Every peer in it has at least one right.
    peers: BTreeMap<PeerKey, Rights>,
}

impl Trust {
    /// An empty table, of the agent with this key.
    #[must_use]
    pub const fn new(own: PeerKey) -> Self {
        Self { own, granted: BTreeMap::new(), records: Records::NONE, peers: BTreeMap::new() }
    }

    /// The table of the agent with this key that follows from its records.
    #[must_use]
    pub fn with_records(own: PeerKey, records: Records) -> Self {
        let mut table = Self { records, ..Self::new(own) };
        // Nobody follows the effects yet: the table is read as a whole.
        let _ = table.follow_records();
        table
    }

    /// Takes a decision, and returns the change that it makes, if any.
    ///
    /// # Errors
    /// Why a grant was not taken; the table is as it was.
    pub fn handle(&mut self, input: Input) -> Result<Option<Effect>, Refused> {
        match input {
            Input::Grant(peer, _) if peer == self.own => Err(Refused::Itself),
            Input::Grant(peer, Rights::NONE) | Input::Revoke(peer) => {
                self.granted.remove(&peer);
                Ok(self.set(peer))
            }
            Input::Grant(peer, _) if self.peers.len() >= TRUST_PEERS_MAX && !self.peers.contains_key(&peer) => {
                Err(Refused::Full)
            }
            Input::Grant(peer, rights) => {
                self.granted.insert(peer, rights);
                Ok(self.set(peer))
            }
        }
    }

    /// Takes records whose signatures were checked; what became of each, and the changes for peers.
    pub fn take(&mut self, page: &Page) -> (Taken, Vec<Effect>) {
        let taken = self.records.take(page);
        let effects = if taken.new.is_empty() { Vec::new() } else { self.follow_records() };
        (taken, effects)
    }

    /// The device belongs to this mesh from now on, if to none before. Returns the changes: grants count no more.
    ///
    /// # Errors
    /// `OtherMesh` if it belongs to another one.
    pub fn adopt(&mut self, mesh: MeshId) -> Result<Vec<Effect>, Refusal> {
        self.records.adopt(mesh)?;
        Ok(self.follow_records())
    }

    /// Whether a peer that shows this is taken in, before its signatures are checked.
    ///
    /// # Errors
    /// Why not.
    pub fn may_enter(&self, peer: PeerKey, chain: &Chain) -> Result<(), Refusal> {
        chain.check(self.records.mesh().ok_or(Refusal::OtherMesh)?)?;
        let issuer = chain.certificate.issuer;
        if chain.certificate.holder != peer {
            return Err(Refusal::Signature);
        }
        if self.records.is_removed(peer) || self.records.is_removed(issuer) {
            return Err(Refusal::Removed);
        }
        let is_current = chain.certificate.epoch.saturating_add(1) >= self.records.epoch();
        if is_current || self.records.certificate(peer).is_some() { Ok(()) } else { Err(Refusal::OlderEpoch) }
    }

    /// The records of the mesh.
    #[must_use]
    pub const fn records(&self) -> &Records {
        &self.records
    }

    /// What a peer may do.
    #[must_use]
    pub fn rights(&self, peer: PeerKey) -> Rights {
        // The table of a device without a mesh is as it was before there were certificates: nobody else may link.
        let other = if self.records.mesh().is_some() { Rights::of(None) } else { Rights::NONE };
        self.peers.get(&peer).copied().unwrap_or(other)
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

    /// The rights that follow for one peer; none if it is not to be in the table.
    fn follows(&self, peer: PeerKey) -> Rights {
        if self.records.is_removed(peer) || peer == self.own {
            return Rights::NONE;
        }
        let granted = self.granted.get(&peer).copied().filter(|_| self.records.mesh().is_none());
        let granted = granted.unwrap_or(Rights::NONE);
        match self.records.caps(peer).filter(|_| !self.records.is_removed(self.own)) {
            Some(caps) => granted | Rights::of(Some(caps)),
            None => granted,
        }
    }

    /// Brings the entry of one peer up to date.
    fn set(&mut self, peer: PeerKey) -> Option<Effect> {
        let rights = self.follows(peer);
        if rights == Rights::NONE {
            return self.peers.remove(&peer).map(|_| Effect::Expel(peer));
        }
        if self.peers.len() >= TRUST_PEERS_MAX && !self.peers.contains_key(&peer) {
            return None;
        }
        let before = self.peers.insert(peer, rights);
        (before != Some(rights)).then_some(Effect::Admit(peer, rights))
    }

    /// Brings every entry up to date: who loses its rights first, so that there is room.
    fn follow_records(&mut self) -> Vec<Effect> {
        let mut all: Vec<PeerKey> = self.peers.keys().chain(self.granted.keys()).copied().collect();
        all.extend(self.records.members().map(|certificate| certificate.holder));
        all.sort_unstable();
        all.dedup();
        let (stay, go): (Vec<_>, Vec<_>) = all.into_iter().partition(|peer| self.follows(*peer) != Rights::NONE);
        go.into_iter().chain(stay).filter_map(|peer| self.set(peer)).collect()
    }
}

#[cfg(test)]
mod records_test;
#[cfg(test)]
mod tests;
