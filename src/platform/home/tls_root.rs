//! The root of this device's certificates of TLS: a key on P-256, with mode 0600. It signs certificates for the page of this device and is used
//! for nothing else; it is not the device's key, and not that of the mesh's root.
//!
//! The file has the key in hex, and the host name that stands in the root's certificate: from the two the certificate is made anew, byte for byte.
//! A host that gets another name keeps its root, so that phones need not trust a new one.

use super::home_file::HomeFile;
use super::meant::parse_tls_root;
use super::state;
use crate::wire::x509::{Leaf, Names, Root};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// One at a time reads the file and writes it if there is none: two first calls at once would make two roots.
static MAKING: Mutex<()> = Mutex::new(());

const NO_RANDOM: &str = "The system gives no random numbers";

/// The root.
pub struct TlsRoot(Root);

impl std::fmt::Debug for TlsRoot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsRoot(..)")
    }
}

impl TlsRoot {
    pub(super) fn load(home: &Path) -> Result<Option<Self>, String> {
        let name = home.join(HomeFile::TlsRoot.name()).display().to_string();
        let unread = |why: &dyn std::fmt::Display| {
            format!(
                "The key of the root certificate, {name}, cannot be used: {why}. Nothing was changed. `wattle doctor` says what helps."
            )
        };
        let known = state::read(home, HomeFile::TlsRoot).map_err(|error| unread(&error))?.map(Zeroizing::new);
        let Some(bytes) = known else { return Ok(None) };
        parse_tls_root(&bytes).map(|root| Some(Self(root))).ok_or_else(|| unread(&"it is damaged"))
    }

    pub(super) fn load_or_create(home: &Path) -> Result<Self, String> {
        let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = Self::load(home)? {
            return Ok(known);
        }
        let seed = seed()?;
        let host = Names::label(&crate::platform::host::host_name());
        let root = Root::new(&seed, &host).ok_or_else(|| format!("{NO_RANDOM} that make a key. Try again."))?;
        let digits = Zeroizing::new(seed.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let text = Zeroizing::new(format!("{} {host}\n", *digits));
        state::write(home, HomeFile::TlsRoot, text.as_bytes())
            .map_err(|error| format!("The root certificate cannot be kept: {error}. Nothing was changed."))?;
        Ok(Self(root))
    }

    /// Its certificate, in DER: what phones install. There is no secret in it.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        self.0.certificate()
    }

    /// A certificate for this device with a new key, valid from a moment on, in seconds since 1970.
    ///
    /// # Errors
    /// One sentence: the system gives no random numbers.
    pub fn leaf(&self, names: &Names, from: i64) -> Result<Leaf, String> {
        let (seed, other) = (seed()?, seed()?);
        let serial = other.first_chunk::<16>().copied().unwrap_or_default();
        self.0.leaf(&seed, &serial, names, from).ok_or_else(|| format!("{NO_RANDOM} that make a key. Try again."))
    }
}

fn seed() -> Result<Zeroizing<[u8; 32]>, String> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|error| format!("{NO_RANDOM}: {error}."))?;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_root_is_made_once_is_its_owners_alone_and_every_leaf_has_a_key_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        assert!(TlsRoot::load(home.path()).unwrap().is_none());
        let first = TlsRoot::load_or_create(home.path()).unwrap();
        let again = TlsRoot::load_or_create(home.path()).unwrap();
        assert_eq!(first.certificate(), again.certificate());
        let file = home.path().join("tls-root");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(format!("{first:?}"), "TlsRoot(..)");
        let names = Names::of("attic", "192.168.1.4".parse().unwrap());
        let leaf = || again.leaf(&names, 1_796_000_000).unwrap().certificate().to_vec();
        assert_ne!(leaf(), leaf());
    }

    #[test]
    fn a_damaged_root_without_a_copy_is_left_as_it_is_and_is_in_no_error() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("tls-root"), "5ecret attic\n").unwrap();
        let why = TlsRoot::load_or_create(home.path()).unwrap_err();
        assert!(why.contains("damaged") && !why.contains("5ecret"), "{why}");
        assert_eq!(std::fs::read_to_string(home.path().join("tls-root")).unwrap(), "5ecret attic\n");
    }
}
