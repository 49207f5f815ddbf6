//! Words with what is stored of each, many in one value: a record of the store costs more than most words have postings, so that words
//! are put together by a hash. Whoever looks one up reads those of its bucket.
//!
//! For each word, in ascending order: its length (LEB128), the word, the length of its value, and the value.

use crate::store::kv::KvError;

/// Buckets, into which the words of each segment are put.
const BUCKETS: u64 = 1024;

/// The bucket of a word.
pub(super) fn bucket_of(word: &str) -> u16 {
    // FNV-1a, with its upper half folded in: the same for all runs.
    let step = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let sum = word.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    u16::try_from((sum ^ (sum >> 32)) % BUCKETS).unwrap_or_default()
}

/// A block of these words and values.
pub(super) fn encode<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
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

/// The words and values of a block.
///
/// # Errors
/// `KvError::Damaged`.
pub(super) fn entries(block: &[u8]) -> Result<Vec<(&str, &[u8])>, KvError> {
    let (mut rest, mut entries) = (block, Vec::new());
    while !rest.is_empty() {
        entries.push(entry(&mut rest)?);
    }
    Ok(entries)
}

/// The value of a word in a block.
///
/// # Errors
/// `KvError::Damaged`.
pub(super) fn find<'a>(block: &'a [u8], word: &str) -> Result<Option<&'a [u8]>, KvError> {
    let mut rest = block;
    while !rest.is_empty() {
        match entry(&mut rest)? {
            (known, value) if known == word => return Ok(Some(value)),
            (known, _) if known > word => break,
            _ => {}
        }
    }
    Ok(None)
}

/// The next word with its value.
fn entry<'a>(rest: &mut &'a [u8]) -> Result<(&'a str, &'a [u8]), KvError> {
    let entry = part(rest).and_then(|word| Some((str::from_utf8(word).ok()?, part(rest)?)));
    entry.ok_or_else(|| KvError::Damaged("a block of the index of words".to_owned()))
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

    #[test]
    fn what_was_put_together_is_taken_apart() {
        let long = vec![7; 70_000];
        let some: [(&str, &[u8]); 4] = [("", b""), ("a", b"x"), ("b\u{fc}cher", &long[..130]), ("z", &long)];
        let block = encode(some);
        assert_eq!(entries(&block).unwrap(), some);
        assert!(some.iter().all(|(word, value)| find(&block, word).unwrap() == Some(*value)));
        assert!(["0", "b", "zz"].iter().all(|word| find(&block, word).unwrap().is_none()));
        assert_eq!(entries(&[]).unwrap(), []);
    }

    #[test]
    fn other_bytes_are_damage_and_never_a_panic() {
        let block = encode([("boiler", &b"abc"[..]), ("cellar", b"d")]);
        let cuts = (1..block.len()).filter(|cut| entries(&block[..*cut]).is_ok()).count();
        assert_eq!(cuts, 1, "between the two");
        for bytes in [&[0x80][..], &[0xFF; 12], &[1, 0xFF, 0], &[5, b'a'], &[0xFF, 0xFF, 0xFF, 0xFF, 0x7F]] {
            assert!(entries(bytes).is_err(), "{bytes:?}");
        }
        let mut seen = 7_u64;
        for _ in 0..20_000 {
            seen = seen.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let _ = entries(&seen.to_be_bytes());
        }
    }

    #[test]
    fn words_spread_over_all_buckets() {
        let mut counts = vec![0; usize::try_from(BUCKETS).unwrap()];
        (0..30_000).for_each(|n| counts[usize::from(bucket_of(&format!("word{n}")))] += 1);
        assert!(counts.iter().all(|count| (5..80).contains(count)), "{:?}", counts.iter().max());
    }
}
