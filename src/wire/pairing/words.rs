//! Three words in place of a fingerprint: what two screens show, and a person compares.
//!
//! The list is that of BIP-39, in English: 2048 words that differ in their first four letters. words.txt was taken from
//! the crate bip39 3.0.0 (CC0-1.0, so it asks for no notice); its SHA-256 is that of bips/bip-0039/english.txt. The crate
//! itself would bring two more, under a licence that deny.toml does not have, for this one list.

use std::fmt;

const LIST: &str = include_str!("words.txt");

/// Three words: 33 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Words([&'static str; 3]);

/// The words for the first 33 bits of `bytes`, the highest bit first.
pub(super) fn of(bytes: &[u8; 32]) -> Words {
    let bits = bytes.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    // 11 bits choose one of 2048 words; a test counts them.
    Words([53, 42, 31].map(|shift| LIST.lines().nth((bits >> shift & 0x7ff) as usize).unwrap_or_default()))
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([one, two, three]) = self;
        write!(f, "{one} {two} {three}")
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};

    #[test]
    fn the_list_is_that_of_bip_39() {
        let hash: String = Sha256::digest(LIST).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
        assert_eq!(LIST.lines().count(), 2048);
    }

    #[test]
    fn the_first_33_bits_choose_the_words() {
        let mut bytes = [0; 32];
        assert_eq!(of(&bytes).to_string(), "abandon abandon abandon");
        bytes[..5].copy_from_slice(&[0xff, 0xe0, 0x00, 0x00, 0x80]);
        assert_eq!(of(&bytes).to_string(), "zoo abandon ability");
        bytes[5..].fill(0xff);
        assert_eq!(of(&bytes).to_string(), "zoo abandon ability", "the rest does not count");
        assert_eq!(of(&[0xff; 32]).to_string(), "zoo zoo zoo");
    }
}
