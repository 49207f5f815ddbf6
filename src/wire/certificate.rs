//! Certificates of membership, removals and used invites: signed records that anybody may hand on.
//!
//! The root of a mesh is an Ed25519 key whose public half is the mesh id. The root certifies admins, and an admin certifies any
//! device: a chain has at most two certificates. So what makes an admin is signed by the root, and a certificate of an admin that
//! makes a further admin is refused. Nothing here has a time in it: a Pi has no clock that counts while it is off. In place of it
//! stand the `epoch`, which each removal raises by one, and the `serial`, which is above all that its issuer knew.
//!
//! A signature covers the fields at fixed widths (`signature`), whatever encoding carries the record. In postcard and in JSON
//! (`wire::json::certificate`) a record has one encoding. [`Chain`] is what a device shows of itself and what pairing hands
//! over; [`exchange`] has the messages by which agents compare and complete their records.
//!
//! What a set of records means, which of two certificates counts and who may do what, is decided in `mesh::trust`.

mod chain;
pub mod exchange;
mod signature;

use crate::base::id::{MeshId, PeerKey};
use core::fmt;
use core::ops::BitOr;
use serde::{Deserialize, Serialize};

pub use chain::Chain;
pub use signature::Signature;

/// What a certificate lets its holder do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Caps(u8);

impl Caps {
    /// It sees the collections of the mesh, asks and answers.
    pub const MEMBER: Self = Self(1);
    /// It embeds what a collection allows.
    pub const WORKER: Self = Self(1 << 1);
    /// It pairs, invites and removes. Only the root gives this.
    pub const ADMIN: Self = Self(1 << 2);
    /// Reserved for sealed copies; it gives no right yet.
    pub const KEEPER: Self = Self(1 << 3);
    /// What a device that is paired or invited may do.
    pub const DEVICE: Self = Self(Self::MEMBER.0 | Self::WORKER.0);

    const ALL: u8 = 0b1111;
    const NAMES: [(Self, &str); 4] =
        [(Self::MEMBER, "member"), (Self::WORKER, "worker"), (Self::ADMIN, "admin"), (Self::KEEPER, "keeper")];

    /// Whether all of `others` are among these.
    #[must_use]
    pub const fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(cap, _)| self.contains(*cap)).map(|(_, name)| name)
    }

    /// These without the right of an admin: what an admin may give.
    #[must_use]
    pub const fn without_admin(self) -> Self {
        Self(self.0 & !Self::ADMIN.0)
    }
}

impl BitOr for Caps {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl From<Caps> for u8 {
    fn from(caps: Caps) -> Self {
        caps.0
    }
}

impl TryFrom<u8> for Caps {
    type Error = &'static str;

    fn try_from(bits: u8) -> Result<Self, Self::Error> {
        if bits & !Self::ALL == 0 { Ok(Self(bits)) } else { Err("a cap that this version does not know") }
    }
}

impl fmt::Debug for Caps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = Self::NAMES.iter().filter(|(cap, _)| self.contains(*cap));
        f.debug_set().entries(held.map(|(_, name)| name)).finish()
    }
}

/// A device belongs to a mesh and may do this there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The mesh.
    pub mesh: MeshId,
    /// The device's public key.
    pub holder: PeerKey,
    /// What it may do.
    pub caps: Caps,
    /// Above all serials that the issuer knew: of two certificates of one holder the higher counts.
    pub serial: u64,
    /// The epoch that the issuer knew: so many removals came before it.
    pub epoch: u32,
    /// Whoever signed it: the root, or an admin.
    pub issuer: PeerKey,
    /// The issuer's signature.
    pub signature: Signature,
}

/// A device is removed from a mesh, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// The mesh.
    pub mesh: MeshId,
    /// The removed device's public key.
    pub holder: PeerKey,
    /// The epoch that begins with it: one above the epoch that the issuer knew.
    pub epoch: u32,
    /// Whoever signed it: the root, or an admin.
    pub issuer: PeerKey,
    /// The issuer's signature.
    pub signature: Signature,
}

/// An invite was used. Of two uses only one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteUse {
    /// The mesh.
    pub mesh: MeshId,
    /// The invite's number, which is random.
    pub invite: [u8; 16],
    /// The device that used it.
    pub holder: PeerKey,
    /// The serial of the certificate that the device got.
    pub serial: u64,
    /// The epoch that the issuer knew.
    pub epoch: u32,
    /// The admin that took it.
    pub issuer: PeerKey,
    /// The issuer's signature.
    pub signature: Signature,
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// A device belongs to the mesh.
    Certificate(Certificate),
    /// A device is removed.
    Removal(Removal),
    /// An invite was used.
    InviteUse(InviteUse),
}

impl Record {
    /// The mesh that it is about.
    #[must_use]
    pub const fn mesh(&self) -> MeshId {
        match self {
            Self::Certificate(Certificate { mesh, .. })
            | Self::Removal(Removal { mesh, .. })
            | Self::InviteUse(InviteUse { mesh, .. }) => *mesh,
        }
    }

    /// The device that it is about.
    #[must_use]
    pub const fn holder(&self) -> PeerKey {
        match self {
            Self::Certificate(Certificate { holder, .. })
            | Self::Removal(Removal { holder, .. })
            | Self::InviteUse(InviteUse { holder, .. }) => *holder,
        }
    }

    /// Whoever signed it.
    #[must_use]
    pub const fn issuer(&self) -> PeerKey {
        match self {
            Self::Certificate(Certificate { issuer, .. })
            | Self::Removal(Removal { issuer, .. })
            | Self::InviteUse(InviteUse { issuer, .. }) => *issuer,
        }
    }
}

/// Why a record, or a device that shows one, is not taken. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Refusal {
    /// It is of another mesh, or this device belongs to none.
    OtherMesh,
    /// The certificate is older than the last removal but one, and nobody here knows it.
    OlderEpoch,
    /// The device, or whoever signed its certificate, was removed.
    Removed,
    /// The chain has more than two certificates.
    ChainTooLong,
    /// Whoever signed it is no admin.
    NoAdmin,
    /// The signature is not the issuer's.
    Signature,
    /// The table is full.
    Full,
    /// The invite was used by another device.
    Used,
    /// The device that gave the order is no admin, or the certificate is of another device than the one that takes it.
    NotAllowed,
}

impl Refusal {
    /// All refusals, in the order of their numbers on the wire.
    pub const ALL: [Self; 9] = [
        Self::OtherMesh,
        Self::OlderEpoch,
        Self::Removed,
        Self::ChainTooLong,
        Self::NoAdmin,
        Self::Signature,
        Self::Full,
        Self::Used,
        Self::NotAllowed,
    ];
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherMesh => "It belongs to another mesh. Pair it with this one, or leave it in its own.",
            Self::OlderEpoch => {
                "Its certificate is from before the last removals, and no device here knows it. Pair it again."
            }
            Self::Removed => {
                "It was removed from the mesh, or the admin that admitted it was. A removal is for ever: it can come back \
                 with a new identity; one that a removed admin admitted can be paired again."
            }
            Self::ChainTooLong => "Only the root makes admins: a chain has at most two certificates.",
            Self::NoAdmin => "Whoever signed it is no admin of this mesh. Pair with an admin.",
            Self::Signature => "The signature is not that of its issuer: it is damaged or forged.",
            Self::Full => "There is no room for another device in this mesh. Those that are in it stay.",
            Self::Used => "The invite was used by another device. Make a new one.",
            Self::NotAllowed => "This device is no admin of the mesh. Nothing was changed; do it on an admin.",
        })
    }
}

impl core::error::Error for Refusal {}

#[cfg(test)]
mod tests;
