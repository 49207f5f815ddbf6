//! The root key of a mesh that was made on this device: Ed25519, with mode 0600. It certifies admins and is used for nothing else,
//! so that a mesh outlives each of its devices: whoever has its recovery phrase can make a new admin.
//!
//! The file has the key in hex, and the word `shown` once its phrase was shown: that happens once.

use super::home_file::HomeFile;
use super::meant::parse_seed_word;
use super::state;
use crate::wire::pairing::words;
use ed25519_dalek::SigningKey;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

const SHOWN: &str = "shown";

/// One at a time reads the file and writes it if there is none: two first calls at once would make two roots, and the one that makes the
/// mesh could be overwritten by the other.
static MAKING: Mutex<()> = Mutex::new(());

/// The root key of a mesh.
pub struct MeshRoot {
    home: PathBuf,
    key: SigningKey,
    shown: bool,
}

impl std::fmt::Debug for MeshRoot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MeshRoot(..)")
    }
}

impl MeshRoot {
    pub(super) fn load_or_create(home: &Path) -> Result<Self, String> {
        let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        let name = home.join(HomeFile::MeshRoot.name()).display().to_string();
        let known = state::read(home, HomeFile::MeshRoot)
            .map_err(|error| format!("The root key {name} cannot be read: {error}."))?;
        let Some(bytes) = known else {
            state::refuse_lost(home, HomeFile::MeshRoot).map_err(|error| {
                format!(
                    "The root key {name} cannot be read: {error}. Nothing was changed. `wattle doctor` says what helps."
                )
            })?;
            let mut seed = Zeroizing::new([0; 32]);
            getrandom::fill(&mut *seed).map_err(|error| format!("The system gives no random numbers: {error}."))?;
            let made = Self { home: home.to_owned(), key: SigningKey::from_bytes(&seed), shown: false };
            made.save()?;
            return Ok(made);
        };
        let seed = parse_seed_word(&bytes)
            .ok_or_else(|| format!("The root key {name} is damaged; it was left as it is. Restore it from a copy."))?;
        let mut words = bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let shown = words.nth(1) == Some(SHOWN.as_bytes());
        Ok(Self { home: home.to_owned(), key: SigningKey::from_bytes(&seed), shown })
    }

    fn save(&self) -> Result<(), String> {
        let mut text = Zeroizing::new(self.key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        text.push_str(if self.shown { " shown\n" } else { "\n" });
        state::write(&self.home, HomeFile::MeshRoot, text.as_bytes())
            .map_err(|error| format!("The root key of the mesh cannot be written: {error}. Nothing was changed."))
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The recovery phrase, the first time that it is asked for; `None` from then on.
    ///
    /// # Errors
    /// One sentence: that it is shown cannot be noted, so it is not.
    pub fn phrase_once(&mut self) -> Result<Option<Zeroizing<String>>, String> {
        if self.shown {
            return Ok(None);
        }
        self.shown = true;
        self.save()?;
        Ok(Some(words::phrase(self.key.as_bytes())))
    }
}

/// Whether the recovery phrase of the mesh that was made here was shown, as far as the file tells.
pub(super) fn is_shown(home: &Path) -> bool {
    let bytes = state::read(home, HomeFile::MeshRoot).ok().flatten().map(Zeroizing::new).unwrap_or_default();
    let mut words = bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.nth(1) == Some(SHOWN.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_made_once_and_its_phrase_is_shown_once() {
        let home = tempfile::tempdir().unwrap();
        let mut first = MeshRoot::load_or_create(home.path()).unwrap();
        let phrase = first.phrase_once().unwrap().unwrap();
        assert_eq!(phrase.split(' ').count(), 24);
        let mut again = MeshRoot::load_or_create(home.path()).unwrap();
        assert_eq!(again.key().as_bytes(), first.key().as_bytes());
        assert_eq!([first.phrase_once().unwrap(), again.phrase_once().unwrap()], [None, None]);
    }

    #[test]
    fn all_who_ask_for_a_root_at_once_get_the_same_one() {
        for _ in 0..20 {
            let home = tempfile::tempdir().unwrap();
            let barrier = std::sync::Barrier::new(8);
            let ask = || {
                barrier.wait();
                *MeshRoot::load_or_create(home.path()).unwrap().key().as_bytes()
            };
            let keys: std::collections::BTreeSet<[u8; 32]> = std::thread::scope(|scope| {
                let asking: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
                asking.into_iter().map(|one| one.join().unwrap()).collect()
            });
            let kept = *MeshRoot::load_or_create(home.path()).unwrap().key().as_bytes();
            assert_eq!(keys.into_iter().collect::<Vec<_>>(), [kept]);
        }
    }

    #[test]
    fn a_damaged_root_without_a_copy_is_left_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("mesh-root"), "5ecret").unwrap();
        let error = MeshRoot::load_or_create(home.path()).unwrap_err();
        assert!(error.contains("damaged") && !error.contains("5ecret"), "{error}");
        assert_eq!(std::fs::read_to_string(home.path().join("mesh-root")).unwrap(), "5ecret");
    }
}
