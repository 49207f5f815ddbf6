//! The stored form of one term's chunks within one segment.
//!
//! For each chunk, in the order of rows: a variable-length number (LEB128) of the distance to the row before (the first: to
//! the segment's first row, plus one), times four, plus how often the term occurs there, less one, at most three. About
//! two bytes a chunk.

/// Occurrences beyond this many count as this many: BM25 hardly tells them apart.
const MOST: u16 = 4;

/// The stored form of `(row after the segment's first, occurrences)`, in ascending order of rows.
#[must_use]
pub fn encode(postings: &[(u32, u16)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(postings.len() * 2);
    let mut next = 0_u64;
    for (row, count) in postings {
        let distance = u64::from(*row) + 1 - next;
        next = u64::from(*row) + 1;
        let mut value = (distance << 2) | u64::from((*count).clamp(1, MOST) - 1);
        while value >= 0x80 {
            bytes.push(u8::try_from(value & 0x7F).unwrap_or_default() | 0x80);
            value >>= 7;
        }
        bytes.push(u8::try_from(value).unwrap_or_default());
    }
    bytes
}

/// The chunks again; `None` if these bytes are no such list.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Vec<(u32, u16)>> {
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
        let distance = value >> 2;
        next = next.checked_add(distance).filter(|_| distance > 0)?;
        postings.push((u32::try_from(next - 1).ok()?, u16::try_from(value & 3).ok()? + 1));
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
    fn other_bytes_are_refused() {
        for bytes in [&[0x80][..], &[0], &[0xFF; 9], &[4, 0], &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }
}
