//! Three words in place of a fingerprint: what two screens show, and a person compares.
//!
//! The list is that of BIP-39, in English: 2048 words that differ in their first four letters. words.txt was taken from
//! the crate bip39 3.0.0 (CC0-1.0, so it asks for no notice); its SHA-256 is that of bips/bip-0039/english.txt. The crate
//! itself would bring two more, under a licence that deny.toml does not have, for this one list.

use sha2::{Digest as _, Sha256};
use std::fmt;
use zeroize::Zeroizing;

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

/// The 24 words of a key, as BIP-39 writes 256 bits: eleven bits a word, the last eight of them from the SHA-256 of the key.
#[must_use]
pub fn phrase(key: &[u8; 32]) -> Zeroizing<String> {
    let sum = Sha256::digest(key)[0];
    let bit = |at: usize| key.get(at / 8).unwrap_or(&sum) >> (7 - at % 8) & 1;
    let mut phrase = Zeroizing::new(String::with_capacity(24 * 9));
    for word in 0..24 {
        let number = (word * 11..word * 11 + 11).fold(0_usize, |number, at| number << 1 | usize::from(bit(at)));
        if word > 0 {
            phrase.push(' ');
        }
        phrase.push_str(LIST.lines().nth(number).unwrap_or_default());
    }
    phrase
}

/// The key of a phrase of 24 words, in any case; the first four letters of a word are enough.
///
/// # Errors
/// What is wrong with it. No word is repeated.
pub fn key_of(phrase: &str) -> Result<Zeroizing<[u8; 32]>, BadPhrase> {
    let count = phrase.split_whitespace().count();
    if count != 24 {
        return Err(BadPhrase::Count(count));
    }
    let (mut key, mut sum) = (Zeroizing::new([0_u8; 32]), 0_u8);
    for (at, typed) in phrase.split_whitespace().enumerate() {
        let typed = Zeroizing::new(typed.to_ascii_lowercase());
        let is_meant = |word: &str| word == *typed || (typed.len() == 4 && word.starts_with(&**typed));
        let number = LIST.lines().position(is_meant).ok_or(BadPhrase::Word(at + 1))?;
        for bit in 0..11 {
            if number >> (10 - bit) & 1 == 1 {
                let place = at * 11 + bit;
                let byte = key.get_mut(place / 8).unwrap_or(&mut sum);
                *byte |= 1 << (7 - place % 8);
            }
        }
    }
    if Sha256::digest(*key)[0] == sum { Ok(key) } else { Err(BadPhrase::Sum) }
}

/// Why a phrase is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPhrase {
    /// It has so many words.
    Count(usize),
    /// The word of this number is not in the list.
    Word(usize),
    /// All words are in the list, and they do not fit together.
    Sum,
}

impl fmt::Display for BadPhrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "A recovery phrase has 24 words, and this one has {count}."),
            Self::Word(number) => write!(f, "Word {number} of the phrase is none of the list. Read it again."),
            Self::Sum => {
                f.write_str("The words do not fit together: one is another word of the list, or two are swapped.")
            }
        }
    }
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

    #[test]
    fn the_list_is_that_of_bip_39() {
        let hash: String = Sha256::digest(LIST).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
        assert_eq!(LIST.lines().count(), 2048);
    }

    /// Test vectors of the specification (trezor/python-mnemonic, vectors.json).
    #[test]
    fn a_phrase_is_that_of_bip_39() {
        assert_eq!(*phrase(&[0; 32]), ["abandon "; 23].concat() + "art");
        assert_eq!(*phrase(&[0xff; 32]), ["zoo "; 23].concat() + "vote");
        assert_eq!(*phrase(&[0x80; 32]).split(' ').next_back().unwrap(), *"bless");
    }

    #[test]
    fn a_phrase_leads_back_to_its_key_and_a_wrong_one_is_told_from_it() {
        for key in [[0; 32], [0xff; 32], std::array::from_fn(|at| u8::try_from(at * 7).unwrap())] {
            let phrase = phrase(&key);
            assert_eq!(key_of(&phrase).as_deref(), Ok(&key));
            let short: Vec<String> = phrase.split(' ').map(|word| word[..word.len().min(4)].to_uppercase()).collect();
            assert_eq!(key_of(&short.join("\n ")).as_deref(), Ok(&key), "four letters of each");
            assert_eq!(key_of(&phrase[..phrase.rfind(' ').unwrap()]), Err(BadPhrase::Count(23)));
            let mut words: Vec<&str> = phrase.split(' ').collect();
            words[4] = "wattle";
            assert_eq!(key_of(&words.join(" ")), Err(BadPhrase::Word(5)));
        }
        let words = ["abandon"; 24].join(" ");
        assert_eq!(key_of(&words), Err(BadPhrase::Sum));
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
