//! The agent's keypair: Ed25519 (RFC 8032), made at the first start, stored with mode 0600, never shown.

use super::home_file::HomeFile;
use super::meant::parse_seed;
use super::state;
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
    /// One sentence; a damaged key without a copy is never overwritten, since the mesh knows this device by it.
    pub fn load_or_create(home: &Path) -> Result<Self, String> {
        let path = &home.join(HomeFile::Identity.name());
        let name = path.display();
        match state::read(home, HomeFile::Identity) {
            Ok(Some(bytes)) => {
                let others = fs::metadata(path).map_or(0, |meta| meta.permissions().mode() & 0o077);
                if others != 0 {
                    log::warn!("The key {name} could be read by other users of this machine; it is private now.");
                    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
                        .map_err(|error| format!("The key {name} cannot be made private: {error}."))?;
                }
                Self::parse(&bytes).ok_or_else(|| {
                    format!("The key {name} is damaged; it was left as it is. Restore it from a copy, or move it away: the device is then a new one to its mesh.")
                })
            }
            Ok(None) => Self::create(home),
            Err(error) => Err(format!("The key {name} cannot be read: {error}.")),
        }
    }

    /// Makes a new key, in place of the one that is there.
    ///
    /// # Errors
    /// One sentence; the file is as it was.
    pub(super) fn create(home: &Path) -> Result<Self, String> {
        let name = home.join(HomeFile::Identity.name());
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| format!("The system gives no random numbers: {error}."))?;
        let text: String = seed.iter().map(|byte| format!("{byte:02x}")).chain(["\n".to_owned()]).collect();
        state::write(home, HomeFile::Identity, text.as_bytes())
            .map_err(|error| format!("The key {} cannot be written: {error}.", name.display()))?;
        Ok(Self { key: SigningKey::from_bytes(&seed) })
    }

    /// The key in a file's bytes.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        parse_seed(bytes.trim_ascii()).map(|seed| Self { key: SigningKey::from_bytes(&seed) })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_reads_it_and_its_copy() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        let first = Identity::load_or_create(home).unwrap().peer_id();
        for name in ["identity.key", "identity.copy"] {
            assert_eq!(fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(Identity::load_or_create(home).unwrap().peer_id(), first);
    }

    #[test]
    fn a_damaged_key_without_a_copy_is_left_as_it_is_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.key");
        fs::write(&path, "5ecret").unwrap();
        let error = Identity::load_or_create(folder.path()).unwrap_err();
        assert!(error.contains("damaged") && !error.contains("5ecret"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "5ecret");
    }
}
