//! Newtypes of ids, so that the compiler refuses one in the place of another.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

number_id!(
    /// One document of this store; monotonic, never reused.
    DocId
);
number_id!(
    /// One chunk of this store: the row that its text and its vector share; monotonic, never reused.
    Row
);
number_id!(
    /// One task that the node has started; unique within one run of the process.
    TaskId
);
number_id!(
    /// One batch of changes on its way to the disk; unique within one run of the process.
    SaveId
);
number_id!(
    /// One request of a person that waits for its reply; assigned by the driver.
    ReplyId
);

/// The SHA-256 that identifies a model: over weights, vocabulary, pooling, normalisation, token limit and prefix rule.
/// Vectors of two fingerprints are never compared.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl fmt::Display for Fingerprint {
    /// The first eight bytes in hex: enough for a person to tell two models apart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The first bytes of a model's fingerprint, which stand with each vector: they tell the models of one device apart, at a tenth of the bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelMark(pub [u8; 4]);

impl From<Fingerprint> for ModelMark {
    fn from(Fingerprint([a, b, c, d, ..]): Fingerprint) -> Self {
        Self([a, b, c, d])
    }
}

impl fmt::Display for ModelMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A key of everything that a chunk's vector depends on: the first 16 bytes of SHA-256 over model, prefix and text.
/// Equal keys have equal vectors, so a stored one is never computed again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EmbedKey(pub [u8; 16]);

impl fmt::Debug for EmbedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmbedKey({self})")
    }
}

impl fmt::Display for EmbedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An agent's public key: its identity in layers that do not need the PeerId's encoding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PeerKey(pub [u8; 32]);

impl PeerKey {
    /// Its first bytes, in the order of the bytes.
    const fn head(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl Ord for PeerKey {
    /// By the bytes. Two keys almost always differ in the first eight: one comparison of a register instead of a call, in each step of
    /// each look into a map of peers.
    fn cmp(&self, other: &Self) -> Ordering {
        self.head().cmp(&other.head()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for PeerKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerKey({:02x}{:02x}{:02x}{:02x})", self.0[0], self.0[1], self.0[2], self.0[3])
    }
}

/// A mesh: the public key of its root, which certifies its admins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MeshId(pub [u8; 32]);

impl MeshId {
    /// The root as the issuer of a certificate.
    #[must_use]
    pub const fn root(self) -> PeerKey {
        PeerKey(self.0)
    }
}

impl fmt::Debug for MeshId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MeshId({:02x}{:02x}{:02x}{:02x})", self.0[0], self.0[1], self.0[2], self.0[3])
    }
}

/// Who may see a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ring {
    /// This device only.
    Private,
    /// The members of the mesh.
    Mesh,
    /// The members of the mesh as of `Mesh`; and anybody may fetch its files and chunks by their CIDs, where the owner has
    /// switched the gateway on.
    Public,
}

impl Ring {
    /// The name that people type and read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Mesh => "mesh",
            Self::Public => "public",
        }
    }

    /// Whether the members of the mesh may see a collection of this ring.
    #[must_use]
    pub const fn is_shared(self) -> bool {
        !matches!(self, Self::Private)
    }

    /// Who can search a collection of this ring, as the end of a sentence about it.
    #[must_use]
    pub const fn reach(self) -> &'static str {
        match self {
            Self::Private => "which stays on this device",
            Self::Mesh => "which the other devices of your mesh can search",
            Self::Public => {
                "which the other devices of your mesh can search, and everybody can fetch where the gateway is switched on"
            }
        }
    }
}
