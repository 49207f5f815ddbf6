//! Counts how often a line was there before, exactly or but for its digits, in bounded memory.

use crate::limits::{REPEATED_BYTES, REPEATED_LINES, SIMILAR_BYTES, SIMILAR_LINES};

/// Slots of the table: 512 KiB, taken when the first line is counted.
const SLOTS: usize = 1 << 16;

/// Lines of less than so many bytes are not counted: they cost little, and a list may have them for a reason.
const SHORT_LINE: usize = 8;

/// How often a line was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    Few,
    /// Often enough, exactly.
    Same,
    /// Often enough, but for its digits.
    Alike,
}

/// The lines so far, by a hash. Of two lines of one slot the later one counts, so that a line can be counted too seldom
/// and almost never too often (one in four billion pairs).
pub(super) struct Repeats {
    slots: Vec<(u32, u16)>,
}

impl Repeats {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new() }
    }

    /// Counts a line, and tells whether it was there often enough before.
    pub(super) fn of(&mut self, line: &str) -> Repeat {
        let line = line.trim();
        if line.len() < SHORT_LINE {
            return Repeat::Few;
        }
        if self.slots.is_empty() {
            self.slots = vec![(0, 0); SLOTS];
        }
        let exact = self.count(hash(line.bytes()));
        let (low, high) = REPEATED_LINES;
        if exact > (REPEATED_BYTES / line.len()).clamp(low, high) {
            return Repeat::Same;
        }
        if !line.bytes().any(|byte| byte.is_ascii_digit()) {
            return Repeat::Few;
        }
        let mut digit = false;
        // Numbers of different lengths are alike.
        let alike = line.bytes().filter_map(|byte| {
            let again = digit && byte.is_ascii_digit();
            digit = byte.is_ascii_digit();
            (!again).then_some(if digit { b'0' } else { byte })
        });
        let similar = self.count(hash(alike) ^ 1);
        let (low, high) = SIMILAR_LINES;
        if similar > (SIMILAR_BYTES / line.len()).clamp(low, high) { Repeat::Alike } else { Repeat::Few }
    }

    fn count(&mut self, hash: u64) -> usize {
        let tag = u32::try_from(hash >> 32).unwrap_or_default();
        let at = usize::try_from(hash & 0xFFFF).unwrap_or_default();
        let Some((known, count)) = self.slots.get_mut(at) else { return 0 };
        *count = if *known == tag { count.saturating_add(1) } else { 1 };
        *known = tag;
        usize::from(*count)
    }
}

/// FNV-1a with 64 bits, mixed once more because its low bits choose the slot.
fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    let hash =
        bytes.fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3));
    (hash ^ (hash >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}
