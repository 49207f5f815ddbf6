//! The stored form of one term's chunks within one segment.
//!
//! For each chunk, in the order of rows: a variable-length number (LEB128) of the distance to the row before (the first: to
//! the segment's first row, plus one), times four, plus how often the term occurs there, less one, at most three. About
//! two bytes a chunk.

/// Bits for how often a term occurs in the stored form. Occurrences beyond the most that have room count as so many: BM25 hardly tells them
/// apart.
const STORED_BITS: u32 = 2;

/// Bits for it in memory.
const GROWING_BITS: u32 = 4;

/// The stored form of `(row after the segment's first, occurrences)`, in ascending order of rows.
#[must_use]
pub fn encode(postings: &[(u32, u16)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(postings.len() * 2);
    let mut next = 0;
    for (row, count) in postings {
        push(&mut bytes, &mut next, (*row, *count), STORED_BITS);
    }
    bytes
}

/// Adds a chunk behind those that `bytes` has; `next` is one past the row of the last of them.
fn push(bytes: &mut Vec<u8>, next: &mut u32, (row, count): (u32, u16), bits: u32) {
    let distance = u64::from(row.saturating_sub(*next)) + 1;
    *next = row.saturating_add(1);
    let mut value = (distance << bits) | u64::from(count.clamp(1, 1 << bits) - 1);
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7F).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap_or_default());
}

/// The chunks again; `None` if these bytes are no such list.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Vec<(u32, u16)>> {
    decode_with(bytes, STORED_BITS)
}

/// The chunks of a term while they are in memory and others come: two or three bytes each, where a list of numbers takes eight and up to as many for
/// those to come.
#[derive(Clone, Debug, Default)]
pub struct Growing {
    bytes: Vec<u8>,
    /// One past the last row.
    next: u32,
}

impl Growing {
    /// Adds a chunk, of a row behind all others, with how often the term occurs there: beyond 16 times counts as 16.
    pub fn push(&mut self, row: u32, count: u16) {
        push(&mut self.bytes, &mut self.next, (row, count), GROWING_BITS);
    }

    /// All chunks.
    #[must_use]
    pub fn places(&self) -> Vec<(u32, u16)> {
        decode_with(&self.bytes, GROWING_BITS).unwrap_or_default()
    }

    /// Bytes of memory that they take beside the value itself.
    #[must_use]
    pub const fn memory(&self) -> usize {
        self.bytes.capacity()
    }
}

fn decode_with(bytes: &[u8], bits: u32) -> Option<Vec<(u32, u16)>> {
    let mut postings = Vec::with_capacity(bytes.len() / 2);
    let (mut next, mut value, mut shift) = (0_u64, 0_u64, 0_u32);
    for byte in bytes {
        value |= u64::from(byte & 0x7F).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 != 0 {
            if shift > 35 {
                return None;
            }
            continue;
        }
        let distance = value >> bits;
        next = next.checked_add(distance).filter(|_| distance > 0)?;
        postings.push((u32::try_from(next - 1).ok()?, u16::try_from(value & ((1 << bits) - 1)).ok()? + 1));
        (value, shift) = (0, 0);
    }
    (shift == 0).then_some(postings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_is_decoded() {
        for postings in [vec![], vec![(0, 1)], vec![(0, 1), (1, 2), (5, 4), (4_000, 3), (4_000_000_000, 1)]] {
            assert_eq!(decode(&encode(&postings)), Some(postings));
        }
        assert_eq!(decode(&encode(&[(3, 9)])), Some(vec![(3, 4)]));
    }

    #[test]
    fn what_grew_in_memory_is_there_with_its_counts() {
        let places = [(0, 1), (1, 16), (5, 4), (4_000, 15), (4_000_000_000, 1)];
        let mut growing = Growing::default();
        assert_eq!(growing.places(), []);
        places.iter().for_each(|(row, count)| growing.push(*row, *count));
        assert_eq!(growing.places(), places);
        growing.push(4_000_000_001, 200);
        assert_eq!(growing.places().last(), Some(&(4_000_000_001, 16)));
    }

    #[test]
    fn other_bytes_are_refused() {
        for bytes in [&[0x80][..], &[0], &[0xFF; 9], &[4, 0], &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }
}
