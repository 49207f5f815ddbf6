//! Words with what is stored of each, many in one value: a record of the store costs more than most words have postings, so that words
//! are put together by a hash. Whoever looks one up reads those of its bucket.
//!
//! For each word, in ascending order: its length (LEB128), the word, the length of its value, and the value. Where that is shorter, all of it is
//! packed behind a byte that no word is long enough to begin with, and its length (u32). Those of before December 2026 are not.

use crate::limits::{TERM_BYTES_MAX, WORD_BLOCK_UNPACKED_MAX};
use crate::store::kv::KvError;
use crate::store::packed::{pack, unpack};
use std::borrow::Cow;

/// Buckets, into which the words of each segment are put.
const BUCKETS: u64 = 1024;

/// The first byte of a packed block: as that of a length it would begin one of 127 and more.
const PACKED: u8 = 0xFF;
const _: () = assert!(TERM_BYTES_MAX < 127, "no block that is not packed begins so");

/// Bytes before the packed ones.
const HEAD: usize = 5;

/// The bucket of a word.
pub(super) fn bucket_of(word: &str) -> u16 {
    // FNV-1a, with its upper half folded in: the same for all runs.
    let step = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let sum = word.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    u16::try_from((sum ^ (sum >> 32)) % BUCKETS).unwrap_or_default()
}

/// The stored block of these words and values.
pub(super) fn encode<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let block = joined(entries);
    let length = u32::try_from(block.len()).unwrap_or_default();
    match pack(&block, HEAD, WORD_BLOCK_UNPACKED_MAX) {
        Some(packed) => [&[PACKED][..], &length.to_le_bytes(), &packed].concat(),
        None => block,
    }
}

/// The same, not packed.
fn joined<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut block = Vec::new();
    for (word, value) in entries {
        for part in [word.as_bytes(), value] {
            let mut length = part.len();
            while length >= 0x80 {
                block.push(u8::try_from(length & 0x7F).unwrap_or_default() | 0x80);
                length >>= 7;
            }
            block.push(u8::try_from(length).unwrap_or_default());
            block.extend_from_slice(part);
        }
    }
    block
}

/// A block that is read, unpacked.
pub(super) struct Block<'a>(Cow<'a, [u8]>);

impl<'a> Block<'a> {
    /// Reads what is stored.
    ///
    /// # Errors
    /// `KvError::Damaged`.
    pub(super) fn read(stored: &'a [u8]) -> Result<Self, KvError> {
        let Some(rest) = stored.strip_prefix(&[PACKED]) else { return Ok(Self(Cow::Borrowed(stored))) };
        let unpacked = rest.split_first_chunk().and_then(|(length, packed)| {
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            unpack(packed, length, WORD_BLOCK_UNPACKED_MAX)
        });
        unpacked.map(|block| Self(Cow::Owned(block))).ok_or_else(damaged)
    }

    /// The words and values.
    ///
    /// # Errors
    /// `KvError::Damaged`.
    pub(super) fn entries(&self) -> Result<Vec<(&str, &[u8])>, KvError> {
        let (mut rest, mut entries) = (&*self.0, Vec::new());
        while !rest.is_empty() {
            entries.push(entry(&mut rest)?);
        }
        Ok(entries)
    }

    /// The value of a word.
    ///
    /// # Errors
    /// `KvError::Damaged`.
    pub(super) fn find(&self, word: &str) -> Result<Option<&[u8]>, KvError> {
        let mut rest = &*self.0;
        while !rest.is_empty() {
            match entry(&mut rest)? {
                (known, value) if known == word => return Ok(Some(value)),
                (known, _) if known > word => break,
                _ => {}
            }
        }
        Ok(None)
    }
}

fn damaged() -> KvError {
    KvError::Damaged("a block of the index of words".to_owned())
}

/// The next word with its value.
fn entry<'a>(rest: &mut &'a [u8]) -> Result<(&'a str, &'a [u8]), KvError> {
    let entry = part(rest).and_then(|word| Some((str::from_utf8(word).ok()?, part(rest)?)));
    entry.ok_or_else(damaged)
}

/// The next part, with its length before it.
fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (mut length, mut shift) = (0_usize, 0_u32);
    loop {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        length |= usize::from(byte & 0x7F).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            break;
        }
        shift = (shift < 28).then_some(shift + 7)?;
    }
    let (part, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(block: &[u8]) -> Result<Vec<(String, Vec<u8>)>, KvError> {
        let block = Block::read(block)?;
        Ok(block.entries()?.into_iter().map(|(word, value)| (word.to_owned(), value.to_vec())).collect())
    }

    #[test]
    fn what_was_put_together_is_taken_apart() {
        let long = vec![7; 70_000];
        let some: [(&str, &[u8]); 4] = [("", b""), ("a", b"x"), ("b\u{fc}cher", &long[..130]), ("z", &long)];
        for block in [encode(some), joined(some)] {
            let block = Block::read(&block).unwrap();
            assert_eq!(block.entries().unwrap(), some);
            assert!(some.iter().all(|(word, value)| block.find(word).unwrap() == Some(*value)));
            assert!(["0", "b", "zz"].iter().all(|word| block.find(word).unwrap().is_none()));
        }
        assert!(encode(some).len() < 1000, "it is packed");
        assert_eq!(entries(&[]).unwrap(), []);
    }

    #[test]
    fn groups_of_letters_take_less_than_half_when_packed() {
        let words = ["thermostat", "thermos", "thermal", "therapy", "heather", "mother", "further"];
        let lines = words.map(|word| format!("{word}\n")).concat();
        let groups = ["ther", "herm", "ermo"].map(|gram| (gram, lines.as_bytes()));
        assert!(encode(groups).len() * 2 < joined(groups).len());
    }

    #[test]
    fn other_bytes_are_damage_and_never_a_panic() {
        let block = encode([("boiler", &b"abc"[..]), ("cellar", b"d")]);
        let cuts = (1..block.len()).filter(|cut| entries(&block[..*cut]).is_ok()).count();
        assert_eq!(cuts, 1, "between the two");
        let packed = encode([("boiler", &[7; 200][..])]);
        assert_eq!(packed[0], PACKED);
        assert!((1..packed.len()).all(|cut| entries(&packed[..cut]).is_err()));
        for bytes in [&[0x80][..], &[0xFF; 12], &[1, 0xFF, 0], &[5, b'a'], &[0xFF, 0xFF, 0xFF, 0xFF, 0x7F]] {
            assert!(entries(bytes).is_err(), "{bytes:?}");
        }
        let mut seen = 7_u64;
        for _ in 0..20_000 {
            seen = seen.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let bytes = seen.to_be_bytes();
            let _ = (entries(&bytes), entries(&[&[PACKED, 40, 0, 0, 0][..], &bytes].concat()));
        }
    }

    #[test]
    fn words_spread_over_all_buckets() {
        let mut counts = vec![0; usize::try_from(BUCKETS).unwrap()];
        (0..30_000).for_each(|n| counts[usize::from(bucket_of(&format!("word{n}")))] += 1);
        assert!(counts.iter().all(|count| (5..80).contains(count)), "{:?}", counts.iter().max());
    }
}
