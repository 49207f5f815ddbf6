//! A certificate with that of its issuer: what a device shows of itself, and what pairing hands over.

use super::{Caps, Certificate, Record, Refusal};
use crate::base::id::MeshId;
use crate::limits::CHAIN_BYTES_MAX;
use crate::wire::canonical::{exactly, put};
use serde::{Deserialize, Serialize};

const VERSION: u8 = 1;

/// A certificate, and that of its issuer unless the root signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The certificate.
    pub certificate: Certificate,
    /// The certificate of its issuer, which the root signed; `None` if the root signed the first one.
    pub issuer: Option<Certificate>,
}

impl Chain {
    /// The bytes that pairing carries: a version, and the chain in postcard.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        // Encoding plain data into a growing vector cannot fail.
        let _ = put(self, &mut bytes);
        bytes
    }

    /// Decodes these bytes; `None` if they are not a chain in its only encoding, or of a later version.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first() {
            Some((&VERSION, rest)) if bytes.len() <= CHAIN_BYTES_MAX => exactly(rest),
            _ => None,
        }
    }

    /// Checks the chain for `mesh`: who signed what, and both signatures.
    ///
    /// # Errors
    /// The first cause for which it proves nothing.
    pub fn verify(&self, mesh: MeshId) -> Result<(), Refusal> {
        self.check(mesh)?;
        let signed = |certificate: &Certificate| Record::Certificate(*certificate).is_signed();
        if signed(&self.certificate) && self.issuer.as_ref().is_none_or(signed) {
            Ok(())
        } else {
            Err(Refusal::Signature)
        }
    }

    /// Checks who signed what, without the signatures.
    ///
    /// # Errors
    /// The first cause for which it proves nothing.
    pub fn check(&self, mesh: MeshId) -> Result<(), Refusal> {
        let Self { certificate, issuer } = self;
        if certificate.mesh != mesh || issuer.is_some_and(|issuer| issuer.mesh != mesh) {
            return Err(Refusal::OtherMesh);
        }
        match issuer {
            // One form only: the root needs no certificate.
            Some(_) if certificate.issuer == mesh.root() => Err(Refusal::ChainTooLong),
            None if certificate.issuer == mesh.root() => Ok(()),
            None => Err(Refusal::NoAdmin),
            Some(issuer) if issuer.holder != certificate.issuer => Err(Refusal::NoAdmin),
            Some(issuer) if issuer.issuer != mesh.root() => Err(Refusal::ChainTooLong),
            Some(issuer) if !issuer.caps.contains(Caps::ADMIN) => Err(Refusal::NoAdmin),
            Some(_) if certificate.caps.contains(Caps::ADMIN) => Err(Refusal::ChainTooLong),
            Some(_) => Ok(()),
        }
    }
}
