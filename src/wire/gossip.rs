//! Rumours: small facts that agents tell of themselves, and how they are handed on.
//!
//! A gossip item is a whole sealed message of its origin, of type "item", whose body is a [`Fact`]. Relays hand its
//! bytes on untouched inside a message of their own, see [`Gossip`]. No floats, nothing recursive, every list
//! with its cap in its type.

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

/// The envelope's type.
pub const TYPE: &str = "rumour";

/// What a gossip item is about. Of each origin and kind one value is live: the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// How much background work the device allows.
    Headroom,
    /// What it holds for the members.
    Collections,
    /// That a device left for good.
    Removed,
}

impl Kind {
    /// All of them, in the order of their numbers on the wire.
    pub const ALL: [Self; 3] = [Self::Headroom, Self::Collections, Self::Removed];
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// How much background work the device allows.
    Headroom(Headroom),
    /// What it holds for the members; never a private collection.
    Collections(Box<Bounded<Collection, GOSSIP_COLLECTIONS_MAX>>),
    /// A device left for good. Carried and kept for ever whoever says it; until certificates say who may remove
    /// whom, only what a device says of itself is acted on.
    Removed(Removed),
}

/// How much background work a device allows just now: a hint, the device decides again when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headroom {
    /// Quarters of all that it could, 0 to 4.
    pub quarters: u8,
    /// What its energy is worth.
    #[serde(with = "EnergyNumber")]
    pub energy: Energy,
    /// Milliseconds that one task takes there; 0 if it does not know.
    pub ms_per_task: u32,
    /// Seconds for which this holds, counted by the receiver from the telling.
    pub valid_s: u8,
}

impl Headroom {
    /// The same within its bounds.
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

/// The numbers of [`Energy`] in a gossip item.
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
    /// The fingerprint of the model that its vectors are of.
    pub model: [u8; 32],
    /// Documents that were read.
    pub documents: u32,
    /// Their passages.
    pub passages: u32,
}

/// Who left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Its public key.
    pub peer: [u8; 32],
    /// The number of its certificate, once there are any; 0 before.
    pub serial: u64,
}

impl Fact {
    /// What it is about.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Headroom(_) => Kind::Headroom,
            Self::Collections(_) => Kind::Collections,
            Self::Removed(_) => Kind::Removed,
        }
    }

    /// The body's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Writing plain data into a growing vector has no way to fail.
        postcard::to_allocvec(self).unwrap_or_default()
    }

    /// The fact in a body, its numbers within their bounds; `None` where it is none in its one encoding.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (fact, rest) = postcard::take_from_bytes::<Self>(bytes).ok()?;
        let mut again = [0; GOSSIP_BODY_MAX];
        let exact = rest.is_empty() && postcard::to_slice(&fact, &mut again).ok()? == bytes;
        match fact {
            _ if !exact => None,
            Self::Headroom(headroom) => Some(Self::Headroom(headroom.clamped())),
            Self::Collections(list) => list.iter().all(|of| is_name(&of.name)).then_some(Self::Collections(list)),
            Self::Removed(_) => Some(fact),
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| !c.is_control())
}

/// What a gossip item says it is, before anybody checked its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who told it.
    pub origin: PeerKey,
    /// What it is about.
    pub kind: Kind,
    /// The start of the origin that it is of, and its number within that start: the later, the newer.
    pub order: (u32, u64),
}

impl Claim {
    /// What a gossip item's bytes claim; `None` if they are none. Allocates nothing.
    #[must_use]
    pub fn of(message: &[u8]) -> Option<Self> {
        let (claim, _) = Self::with_body(message)?;
        Some(claim)
    }

    fn with_body(message: &[u8]) -> Option<(Self, &[u8])> {
        if message.len() > GOSSIP_BYTES_MAX {
            return None;
        }
        let opened = envelope::claim(message)?;
        let kind = *Kind::ALL.get(usize::from(*opened.body.first()?))?;
        let origin = PeerKey(*opened.sender.public_key());
        let sound = opened.kind == TYPE && opened.seq > 0;
        sound.then_some((Self { origin, kind, order: (opened.boot, opened.seq) }, opened.body))
    }

    /// The claim of a gossip item and its fact. The caller has its signature checked.
    #[must_use]
    pub fn and_fact(message: &[u8]) -> Option<(Self, Fact)> {
        let (claim, body) = Self::with_body(message)?;
        Some((claim, Fact::decode(body)?))
    }
}

/// A gossip item on its way.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relayed {
    /// Links that it has crossed, this one among them: 1 to `GOSSIP_HOPS_MAX`. At the maximum it is handed on to
    /// those who ask for it only.
    pub hops: u8,
    /// Seconds since its origin told it, as far as the relays know: each adds its own.
    pub age_s: u16,
    /// The origin's message, untouched; at most `GOSSIP_BYTES_MAX` bytes.
    pub message: Vec<u8>,
}

impl fmt::Debug for Relayed {
    /// Short: the claim says which item it is.
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

/// The name of a gossip item in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The first eight bytes of the origin's key: only members are meant, and nobody can choose a member's key.
    pub origin: [u8; 8],
    /// What it is about.
    pub kind: Kind,
    /// The origin's start.
    pub boot: u32,
    /// Its number.
    pub seq: u64,
}

/// Names of items.
pub type Entries = Bounded<Entry, GOSSIP_DIGEST_MAX>;

/// What agents say to each other about items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gossip {
    /// Rumours.
    Told(Box<Bounded<Relayed, GOSSIP_BATCH_MAX>>),
    /// Some of those that the sender has.
    Have {
        /// Whether the sender wants to know the receiver's.
        ask: bool,
        /// Which.
        list: Box<Entries>,
    },
    /// Those that the sender lacks of a list.
    Want(Box<Entries>),
}

impl Gossip {
    /// Whether every number is within its bounds.
    #[must_use]
    pub fn sound(&self) -> bool {
        match self {
            Self::Told(batch) => batch.iter().all(|told| {
                (1..=GOSSIP_HOPS_MAX).contains(&told.hops) && (1..=GOSSIP_BYTES_MAX).contains(&told.message.len())
            }),
            Self::Have { .. } | Self::Want(_) => true,
        }
    }

    /// Bytes that count against the sender's budget: what was said, and the frame, which costs a signature.
    #[must_use]
    pub fn weight(&self) -> usize {
        const FRAME: usize = 128;
        let said = match self {
            Self::Told(batch) => batch.iter().map(|told| told.message.len()).sum(),
            Self::Have { list, .. } | Self::Want(list) => list.len() * core::mem::size_of::<Entry>(),
        };
        FRAME + said
    }
}

#[cfg(test)]
mod tests;
