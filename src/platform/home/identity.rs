//! The agent's keypair: Ed25519 (RFC 8032), made at the first start, stored with mode 0600, never shown.

use super::damage;
use super::guarded::copy_of;
use super::home_file::HomeFile;
use super::meant::parse_seed;
use super::state;
use crate::wire::peer_id::PeerId;
use ed25519_dalek::SigningKey;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use zeroize::Zeroizing;

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
    /// Reads the key, or makes it where neither its file nor its copy is there.
    ///
    /// # Errors
    /// That a file of the key is damaged, in doubt or unreadable, or that a new one cannot be written.
    pub fn load_or_create(home: &Path) -> Result<Self, String> {
        Self::load(home)?.map_or_else(|| Self::create(home), Ok)
    }

    /// Reads the key (64 hex digits: the Ed25519 seed); `None` where neither its file nor its copy is there.
    ///
    /// # Errors
    /// One sentence, that of the doctor. A key that is damaged or in doubt is neither used nor overwritten: the mesh knows this device by
    /// it, and with another one it would be another device.
    pub(super) fn load(home: &Path) -> Result<Option<Self>, String> {
        let path = &home.join(HomeFile::Identity.name());
        let name = path.display();
        if let Some(why) = damage::unusable(path, HomeFile::Identity) {
            return Err(why);
        }
        let bytes = state::read(home, HomeFile::Identity)
            .map_err(|error| format!("The key {name} cannot be read: {error}."))?
            .map(Zeroizing::new);
        let Some(bytes) = bytes else { return Ok(None) };
        let others = fs::metadata(path).map_or(0, |meta| meta.permissions().mode() & 0o077);
        if others != 0 {
            log::warn!("The key {name} could be read by other users of this machine; it is private now.");
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))
                .map_err(|error| format!("The key {name} cannot be made private: {error}."))?;
        }
        // A file and a copy that were both written so.
        let key = Self::parse(&bytes);
        key.map(Some).ok_or_else(|| format!("The key {name} and its copy hold no key. They were left as they are."))
    }

    /// Whether a home has no key: neither the file nor its copy is there.
    pub(super) fn is_gone(home: &Path) -> bool {
        let path = home.join(HomeFile::Identity.name());
        path.symlink_metadata().is_err() && copy_of(&path).symlink_metadata().is_err()
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
        for damaged in ["5ecret", "", "\0\0\0\0", &"5".repeat(63), &"5".repeat(65), &"\0".repeat(65), &"x".repeat(64)] {
            fs::write(&path, damaged).unwrap();
            let error = Identity::load_or_create(folder.path()).unwrap_err();
            assert!(error.contains("is damaged") && error.contains("has no copy"), "{error}");
            assert!(damaged.is_empty() || !error.contains(damaged));
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }

    #[test]
    fn a_damaged_key_whose_copy_is_damaged_too_makes_no_other_device_and_the_doctor_says_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (path, copy) = (folder.path().join("identity.key"), folder.path().join("identity.copy"));
        Identity::load_or_create(folder.path()).unwrap();
        let (key, of_copy) = (fs::read(&path).unwrap(), fs::read(&copy).unwrap());
        let mut flipped = key.clone();
        flipped[40] = if key[40] == b'0' { b'1' } else { b'0' };
        let another = |damaged: &[u8]| damaged == flipped;
        let bad_copies = [&of_copy[..of_copy.len() - 9], b"", &vec![0; of_copy.len()], b"wattle-copy 2 and so on"];
        for damaged in [&flipped[..], b"", &vec![0; key.len()], &key[..30], b"version 2\n"] {
            for bad in bad_copies {
                fs::write(&path, damaged).unwrap();
                fs::write(&copy, bad).unwrap();
                let error = Identity::load_or_create(folder.path()).unwrap_err();
                let says = if another(damaged) { "cannot be proven whole" } else { "is damaged" };
                assert!(error.contains(says), "{error}");
                for file in [&path, &copy] {
                    assert!(error.contains(&file.display().to_string()), "{error}");
                }
                let [found] = &damage::damage(folder.path())[..] else { panic!() };
                assert_eq!(found.what, error);
                assert_eq!((fs::read(&path).unwrap(), fs::read(&copy).unwrap()), (damaged.to_vec(), bad.to_vec()));
            }
        }
        fs::remove_file(&path).unwrap();
        let error = Identity::load_or_create(folder.path()).unwrap_err();
        assert!(error.contains("is gone") && error.contains("identity.copy"), "{error}");
        assert!(!path.exists());
    }
}
