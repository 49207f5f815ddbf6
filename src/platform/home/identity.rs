//! The agent's keypair: Ed25519 (RFC 8032), made at the first start, stored with mode 0600, never shown.

use super::durable;
use crate::limits::STATE_BYTES_MAX;
use crate::wire::peer_id::PeerId;
use ed25519_dalek::SigningKey;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The keypair of this agent.
pub struct Identity {
    key: SigningKey,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({})", self.peer_id())
    }
}

impl Identity {
    /// Reads the key (64 hex digits: the Ed25519 seed), or makes it at the first start.
    ///
    /// # Errors
    /// One sentence; a damaged key is never overwritten, since the mesh knows this device by it.
    pub fn load_or_create(path: &Path) -> Result<Self, String> {
        let name = path.display();
        match durable::read(path, STATE_BYTES_MAX) {
            Ok(Some(bytes)) => {
                let others = fs::metadata(path).map_or(0, |meta| meta.permissions().mode() & 0o077);
                if others != 0 {
                    log::warn!("The key {name} could be read by other users of this machine; it is private now.");
                    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
                        .map_err(|error| format!("The key {name} cannot be made private: {error}."))?;
                }
                let seed = parse_seed(bytes.trim_ascii()).ok_or_else(|| {
                    format!("The key {name} is damaged; it was left as it is. Restore it from a copy, or move it away: the device is then a new one to its mesh.")
                })?;
                Ok(Self { key: SigningKey::from_bytes(&seed) })
            }
            Ok(None) => {
                let mut seed = [0; 32];
                getrandom::fill(&mut seed).map_err(|error| format!("The system gives no random numbers: {error}."))?;
                let text: String = seed.iter().map(|byte| format!("{byte:02x}")).chain(["\n".to_owned()]).collect();
                durable::write(path, text.as_bytes())
                    .map_err(|error| format!("The key {name} cannot be written: {error}."))?;
                Ok(Self { key: SigningKey::from_bytes(&seed) })
            }
            Err(error) => Err(format!("The key {name} cannot be read: {error}.")),
        }
    }

    /// The agent's peer id: the public key, encoded as libp2p does.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        PeerId::from_public_key(self.key.verifying_key().as_bytes())
    }

    /// The key itself, for the link and for signing messages.
    #[must_use]
    pub const fn signing_key(&self) -> &SigningKey {
        &self.key
    }
}

fn parse_seed(digits: &[u8]) -> Option<[u8; 32]> {
    if digits.len() != 64 {
        return None;
    }
    let mut seed = [0; 32];
    for (byte, pair) in seed.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.key");
        let first = Identity::load_or_create(&path).unwrap().peer_id();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Identity::load_or_create(&path).unwrap().peer_id(), first);
    }

    #[test]
    fn a_damaged_key_is_left_as_it_is_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.key");
        fs::write(&path, "5ecret").unwrap();
        let error = Identity::load_or_create(&path).unwrap_err();
        assert!(error.contains("damaged") && !error.contains("5ecret"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "5ecret");
    }
}
