//! What the signature of a record covers, and how it is made and checked.

use super::{Certificate, InviteUse, Record, Removal};
use crate::wire::peer_id::PeerId;
use core::fmt;
use ed25519_dalek::{Signer, SigningKey};
use serde::{Deserialize, Serialize};

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Signature([u8; 32], [u8; 32]);

impl Signature {
    /// The signature of a record that nobody has signed yet. The simulator, whose agents have no keys, takes it for a valid
    /// one; every check of a real one fails.
    pub const NONE: Self = Self([0; 32], [0; 32]);

    /// The 64 bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&self.0);
        bytes[32..].copy_from_slice(&self.1);
        bytes
    }

    /// A signature of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 64]) -> Self {
        let (mut r, mut s) = ([0; 32], [0; 32]);
        r.copy_from_slice(&bytes[..32]);
        s.copy_from_slice(&bytes[32..]);
        Self(r, s)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({:02x}{:02x})", self.0[0], self.0[1])
    }
}

impl Record {
    /// The bytes that are signed: a string of its own for each kind, so that no signature serves for two, and the fields at
    /// fixed widths, numbers big-endian.
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        match self {
            Self::Certificate(Certificate { mesh, holder, caps, serial, epoch, issuer, signature: _ }) => [
                &b"wattle-certificate-1"[..],
                &mesh.0,
                &holder.0,
                &[u8::from(*caps)],
                &serial.to_be_bytes(),
                &epoch.to_be_bytes(),
                &issuer.0,
            ]
            .concat(),
            Self::Removal(Removal { mesh, holder, epoch, issuer, signature: _ }) => {
                [&b"wattle-removal-1"[..], &mesh.0, &holder.0, &epoch.to_be_bytes(), &issuer.0].concat()
            }
            Self::InviteUse(InviteUse { mesh, invite, holder, serial, epoch, issuer, signature: _ }) => [
                &b"wattle-invite-used-1"[..],
                &mesh.0,
                invite,
                &holder.0,
                &serial.to_be_bytes(),
                &epoch.to_be_bytes(),
                &issuer.0,
            ]
            .concat(),
        }
    }

    /// The signature that it carries.
    #[must_use]
    pub const fn signature(&self) -> Signature {
        match self {
            Self::Certificate(Certificate { signature, .. })
            | Self::Removal(Removal { signature, .. })
            | Self::InviteUse(InviteUse { signature, .. }) => *signature,
        }
    }

    /// The same record, signed with this key, which must be that of its issuer.
    #[must_use]
    pub fn signed(mut self, key: &SigningKey) -> Self {
        let made = Signature::from_bytes(&key.sign(&self.signed_bytes()).to_bytes());
        match &mut self {
            Self::Certificate(Certificate { signature, .. })
            | Self::Removal(Removal { signature, .. })
            | Self::InviteUse(InviteUse { signature, .. }) => *signature = made,
        }
        self
    }

    /// Whether the signature is the issuer's. Strict: no weak keys, no second encoding of a signature. Whether the issuer may
    /// sign it is another question.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        PeerId::from_public_key(&self.issuer().0).signed(&self.signed_bytes(), &self.signature().to_bytes())
    }
}
