//! DEFLATE with a cap, and the budget of everything that is unpacked from one file.

use crate::limits::{
    DOCUMENT_BYTES_MAX, UNPACKED_BYTES_MAX, UNPACKED_ENTRIES_MAX, UNPACKED_FLOOR_BYTES, UNPACKED_RATIO_MAX,
};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// What may still be unpacked from a file and from the archives in it.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes: usize,
    entries: usize,
}

impl Budget {
    /// The budget of a file of so many bytes.
    pub(crate) fn of(file: usize) -> Self {
        let bytes = file.saturating_mul(UNPACKED_RATIO_MAX).clamp(UNPACKED_FLOOR_BYTES, UNPACKED_BYTES_MAX);
        Self { bytes, entries: UNPACKED_ENTRIES_MAX }
    }

    /// Takes one entry; `false` if none is left, or no bytes for it.
    pub(crate) fn enter(&mut self) -> bool {
        let enters = self.bytes > 0 && self.entries > 0;
        self.entries = self.entries.saturating_sub(1);
        enters
    }

    /// Whether nothing more enters.
    pub(crate) fn is_used_up(&self) -> bool {
        self.bytes == 0 || self.entries == 0
    }

    fn take(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

/// Bytes of one entry: of a file that is larger, a folder says that it is too large.
pub(crate) fn entry_most() -> usize {
    usize::try_from(DOCUMENT_BYTES_MAX).unwrap_or(usize::MAX)
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By its own mark.
    Whole,
    /// In the middle: its bytes are used up, or broken.
    Cut,
    /// At the cap of the budget.
    Full,
    /// Its bytes are not those that were packed: their checksum is another one.
    Altered,
}

/// What was in a stream.
#[derive(Debug)]
pub(crate) struct Unpacked {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: End,
    /// Packed bytes that were used.
    pub(crate) consumed: usize,
}

/// Unpacks a raw DEFLATE stream, at most `most` bytes and what the budget has left. Memory grows with what comes out, not with
/// what the stream says of itself.
pub(crate) fn inflate(packed: &[u8], most: usize, budget: &mut Budget) -> Unpacked {
    let most = most.min(budget.bytes);
    let mut bytes = vec![0; packed.len().saturating_mul(2).clamp(1, most.max(1))];
    let mut state = Box::<DecompressorOxide>::default();
    let (mut at, mut consumed) = (0, 0);
    let end = loop {
        let rest = packed.get(consumed..).unwrap_or_default();
        let (status, used, written) =
            decompress(&mut state, rest, &mut bytes, at, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF);
        consumed += used;
        at += written;
        match status {
            TINFLStatus::Done => break End::Whole,
            TINFLStatus::HasMoreOutput if bytes.len() >= most => break End::Full,
            TINFLStatus::HasMoreOutput => bytes.resize(bytes.len().saturating_mul(2).min(most), 0),
            _ => break End::Cut,
        }
    };
    bytes.truncate(at.min(most));
    budget.take(bytes.len());
    Unpacked { bytes, end, consumed }
}

/// Bytes that are not packed, as far as the budget goes.
pub(crate) fn stored(bytes: &[u8], most: usize, budget: &mut Budget) -> Unpacked {
    let most = most.min(budget.bytes);
    let end = if bytes.len() > most { End::Full } else { End::Whole };
    let bytes = bytes.get(..most).unwrap_or(bytes).to_vec();
    budget.take(bytes.len());
    Unpacked { consumed: bytes.len(), bytes, end }
}

#[cfg(test)]
mod tests {
    use super::{Budget, End, inflate, stored};
    use miniz_oxide::deflate::compress_to_vec;

    #[test]
    fn a_stream_is_unpacked_as_far_as_the_cap_and_the_budget_go() {
        let text = "the boiler is in the cellar ".repeat(999);
        let packed = compress_to_vec(text.as_bytes(), 6);
        let mut followed = packed.clone();
        followed.extend(b"next");
        let mut budget = Budget::of(packed.len());
        let whole = inflate(&followed, usize::MAX, &mut budget);
        assert_eq!((whole.end, whole.consumed, whole.bytes == text.as_bytes()), (End::Whole, packed.len(), true));
        let full = inflate(&packed, 100, &mut budget);
        assert_eq!((full.end, full.bytes.as_slice()), (End::Full, &text.as_bytes()[..100]));
        let cut = inflate(&packed[..packed.len() / 2], usize::MAX, &mut budget);
        assert!(cut.end == End::Cut && text.as_bytes().starts_with(&cut.bytes) && !cut.bytes.is_empty());
        assert_eq!(inflate(b"", 9, &mut budget).end, End::Cut);
        assert_eq!(inflate(&[0xFF; 99], 9, &mut budget).end, End::Cut);
        assert_eq!(stored(b"abc", 2, &mut budget).bytes, b"ab");
    }

    #[test]
    fn a_bomb_takes_no_more_than_the_budget_of_its_file() {
        let bomb = compress_to_vec(&vec![0; 64 << 20], 9);
        let mut budget = Budget::of(bomb.len());
        let full = inflate(&bomb, usize::MAX, &mut budget);
        assert_eq!(full.end, End::Full);
        assert!(
            full.bytes.len() <= crate::limits::UNPACKED_FLOOR_BYTES.max(bomb.len() * crate::limits::UNPACKED_RATIO_MAX)
        );
        assert!(!budget.enter(), "nothing is left");
        assert!(inflate(&bomb, usize::MAX, &mut budget).bytes.is_empty());
    }
}
