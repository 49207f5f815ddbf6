//! Gossip items: facts that an agent states about itself, and the messages that relay them.
//!
//! An item is a whole signed message of its origin in postcard, of type "rumour" (its frozen name on the wire), whose
//! body is a [`Fact`]. Relays pass its bytes on unchanged inside a message of their own, [`Gossip`]: pushed, or after a
//! digest and a request. Of each origin and kind only the newest item counts. `mesh::gossip` decides what is kept and
//! relayed.
//!
//! The bodies have no floats and nothing recursive, and every list has its cap in its type.

use super::certificate::exchange::Buckets;
use super::envelope;
use crate::base::id::PeerKey;
use crate::base::level::Energy;
use crate::limits::{
    COLLECTION_BYTES_MAX, GOSSIP_BATCH_MAX, GOSSIP_BODY_MAX, GOSSIP_BYTES_MAX, GOSSIP_COLLECTIONS_MAX,
    GOSSIP_DIGEST_MAX, GOSSIP_HOPS_MAX, GOSSIP_TASK_MS_MAX, GOSSIP_VALID_S,
};
use core::fmt;
use heapless::{String as Text, Vec as Bounded};
use serde::{Deserialize, Serialize};

/// The `type` of an item's envelope.
pub const TYPE: &str = "rumour";

/// The kind of a fact. Of each origin and kind only the newest item is live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// How much background work the device allows.
    Headroom,
    /// Which collections it shares with the members.
    Collections,
    /// A device left for good.
    Removed,
    /// Whether the device updates its system, or waits for that.
    Update,
}

impl Kind {
    /// All kinds, in the order of their numbers on the wire.
    pub const ALL: [Self; 4] = [Self::Headroom, Self::Collections, Self::Removed, Self::Update];
}

/// The body of a gossip item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// How much background work the device allows.
    Headroom(Headroom),
    /// Which collections it shares with the members; never a private one.
    Collections(Box<Bounded<Collection, GOSSIP_COLLECTIONS_MAX>>),
    /// A device left for good. It is relayed and kept for ever whoever its origin is. It takes effect only if the
    /// device itself is the origin; who removes others signs a record (`mesh::trust`).
    Removed(Removed),
    /// Whether the device updates its system, or waits for that. It holds for `UPDATE_WAIT_MS` after the origin sent it.
    Update(Said),
}

/// What a device says of the update of its own system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    /// It waits for its turn.
    Wants,
    /// It updates.
    Updates,
    /// Neither.
    Nothing,
}

/// How much background work a device allows now: a hint, since the device decides again when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headroom {
    /// Quarters of its full speed, 0 to 4.
    pub quarters: u8,
    /// How plentiful its energy is.
    #[serde(with = "EnergyNumber")]
    pub energy: Energy,
    /// Milliseconds that one task takes there; 0 if unknown.
    pub ms_per_task: u32,
    /// Seconds for which this holds after the origin sent it, counted by the receiver's clock.
    pub valid_s: u16,
}

impl Headroom {
    /// The same with every number brought within its bounds.
    #[must_use]
    pub fn clamped(self) -> Self {
        Self {
            quarters: self.quarters.min(4),
            ms_per_task: self.ms_per_task.min(GOSSIP_TASK_MS_MAX),
            valid_s: self.valid_s.clamp(GOSSIP_VALID_S.0, GOSSIP_VALID_S.1),
            ..self
        }
    }
}

/// The numbering of [`Energy`] on the wire.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Energy", rename_all = "lowercase")]
enum EnergyNumber {
    Unknown,
    Scarce,
    Normal,
    Surplus,
}

/// What a device holds of one collection of the ring `mesh`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// Its name.
    pub name: Text<COLLECTION_BYTES_MAX>,
    /// The fingerprint of the model that made its vectors.
    pub model: [u8; 32],
    /// Documents read.
    pub documents: u32,
    /// Chunks of these documents.
    pub passages: u32,
}

/// A device that left for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Its public key.
    pub peer: [u8; 32],
    /// The serial number of its certificate; 0 for a device without one.
    pub serial: u64,
}

impl Fact {
    /// The kind of the fact.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Headroom(_) => Kind::Headroom,
            Self::Collections(_) => Kind::Collections,
            Self::Removed(_) => Kind::Removed,
            Self::Update(_) => Kind::Update,
        }
    }

    /// The body in postcard.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Encoding plain data into a growing vector cannot fail.
        postcard::to_allocvec(self).unwrap_or_default()
    }

    /// Decodes a body and brings its numbers within their bounds; `None` if it is not a fact in its only encoding.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (fact, rest) = postcard::take_from_bytes::<Self>(bytes).ok()?;
        let mut encoded = [0; GOSSIP_BODY_MAX];
        let exact = rest.is_empty() && postcard::to_slice(&fact, &mut encoded).ok()? == bytes;
        match fact {
            _ if !exact => None,
            Self::Headroom(headroom) => Some(Self::Headroom(headroom.clamped())),
            Self::Collections(list) => list.iter().all(|of| is_name(&of.name)).then_some(Self::Collections(list)),
            Self::Removed(_) | Self::Update(_) => Some(fact),
        }
    }
}

pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| !c.is_control())
}

/// What a gossip item claims to be, before its signature is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The agent that claims to have signed it.
    pub origin: PeerKey,
    /// The kind of its fact.
    pub kind: Kind,
    /// The origin's count of its starts and the message number within that start: the greater pair is newer.
    pub order: (u32, u64),
}

impl Claim {
    /// The claim of an item's bytes; `None` if they are not an item. Allocates nothing.
    #[must_use]
    pub fn of(message: &[u8]) -> Option<Self> {
        let (claim, _) = Self::with_body(message)?;
        Some(claim)
    }

    fn with_body(message: &[u8]) -> Option<(Self, &[u8])> {
        if message.len() > GOSSIP_BYTES_MAX {
            return None;
        }
        let message = envelope::claim(message)?;
        let kind = *Kind::ALL.get(usize::from(*message.body.first()?))?;
        let origin = PeerKey(*message.sender.public_key());
        let sound = message.kind == TYPE && message.seq > 0;
        sound.then_some((Self { origin, kind, order: (message.boot, message.seq) }, message.body))
    }

    /// The claim of an item and its fact. The caller checks the signature.
    #[must_use]
    pub fn with_fact(message: &[u8]) -> Option<(Self, Fact)> {
        let (claim, body) = Self::with_body(message)?;
        Some((claim, Fact::decode(body)?))
    }
}

/// A gossip item as a relay sends it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relayed {
    /// Links that it has crossed, this one included: 1 to `GOSSIP_HOPS_MAX`. At the maximum it is not pushed any
    /// further, only sent on request.
    pub hops: u8,
    /// Seconds since its origin sent it, as far as the relays know: each adds the time that it held the item.
    pub age_s: u16,
    /// The origin's message, unchanged; at most `GOSSIP_BYTES_MAX` bytes.
    pub message: Vec<u8>,
}

impl fmt::Debug for Relayed {
    /// Short: the claim identifies the item.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Relayed({:?}, hops {}, {} s, {} bytes)",
            Claim::of(&self.message),
            self.hops,
            self.age_s,
            self.message.len()
        )
    }
}

/// The identifier of a gossip item in a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The first eight bytes of the origin's key. Only members are identified so, and nobody can choose a member's key.
    pub origin: [u8; 8],
    /// The kind of its fact.
    pub kind: Kind,
    /// The origin's count of its starts.
    pub boot: u32,
    /// The message number within that start.
    pub seq: u64,
}

/// The identifiers of items: a digest, or a request.
pub type Entries = Bounded<Entry, GOSSIP_DIGEST_MAX>;

/// The body of a `gossip` message: PlumTree's Gossip, IHave, Graft (here IWant) and Prune, and anti-entropy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gossip {
    /// Push: items.
    Push(Box<Bounded<Relayed, GOSSIP_BATCH_MAX>>),
    /// IHave: a digest of items that the sender has.
    IHave {
        /// Whether the receiver is to reply with its own digest.
        ask: bool,
        /// The items.
        list: Box<Entries>,
    },
    /// IWant: a request for items of a digest that the sender lacks, and to push new items over this link; empty: only that.
    IWant(Box<Entries>),
    /// Prune: the sender gets over other links what the receiver pushes, and wants only its announcements.
    Prune,
    /// The hashes of all items that the sender has, to compare.
    Compare {
        /// Whether the receiver is to reply with its own hashes, if they differ.
        ask: bool,
        /// The hash of each part of the items: the first eight bytes of the SHA-256 over their identifiers in postcard, by
        /// origin and kind; zeros for an empty part. An item is in the part of the upper four bits of its origin's key.
        hashes: Buckets,
    },
}

impl Gossip {
    /// Whether every number is within its bounds.
    #[must_use]
    pub fn sound(&self) -> bool {
        match self {
            Self::Push(batch) => batch.iter().all(|item| {
                (1..=GOSSIP_HOPS_MAX).contains(&item.hops) && (1..=GOSSIP_BYTES_MAX).contains(&item.message.len())
            }),
            Self::IHave { .. } | Self::IWant(_) | Self::Prune | Self::Compare { .. } => true,
        }
    }

    /// Bytes that count against the sender's budget: the content, and 128 for the frame, whose signature was checked.
    #[must_use]
    pub fn weight(&self) -> usize {
        const FRAME: usize = 128;
        let content = match self {
            Self::Push(batch) => batch.iter().map(|item| item.message.len()).sum(),
            Self::IHave { list, .. } | Self::IWant(list) => list.len() * core::mem::size_of::<Entry>(),
            Self::Prune => 0,
            Self::Compare { hashes, .. } => core::mem::size_of_val(hashes),
        };
        FRAME + content
    }
}

#[cfg(test)]
mod tests;
