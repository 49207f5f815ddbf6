//! What is stored packed (raw DEFLATE, RFC 1951): texts, and blocks of the index of words. The store's tables pack blocks of many records with LZ4,
//! which leaves letters as they are, and its journal packs no value below 4 KiB; so each of these is packed by itself before, and written shorter
//! to both (docs/evidence.md, "What is written to the disk").

use crate::limits::{PACKED_FROM, PACKED_RATIO_MAX};
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// zlib's default. Of so short texts level 1 makes as much.
const LEVEL: u8 = 6;

/// These bytes packed; `None` where they would not be shorter so by more than `more`.
pub(super) fn pack(bytes: &[u8], more: usize) -> Option<Vec<u8>> {
    let packed = (bytes.len() >= PACKED_FROM).then(|| compress_to_vec(bytes, LEVEL))?;
    (packed.len() + more < bytes.len()).then_some(packed)
}

/// What was packed, of which it is known how long it is; `None` if these bytes, all of them, are not that.
pub(super) fn unpack(packed: &[u8], length: usize) -> Option<Vec<u8>> {
    // Whatever a damaged length says, no more room is taken than could be filled.
    if length > packed.len().checked_mul(PACKED_RATIO_MAX)? {
        return None;
    }
    let (mut state, mut bytes) = (Box::<DecompressorOxide>::default(), vec![0; length]);
    let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, used, written) = decompress(&mut state, packed, &mut bytes, 0, flags);
    (status == TINFLStatus::Done && used == packed.len() && written == length).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    #[test]
    fn what_was_packed_is_unpacked_and_nothing_else_is() {
        let text = "The boiler is in the cellar. ".repeat(99);
        let packed = pack(text.as_bytes(), 0).unwrap();
        assert!(packed.len() < text.len() / 20, "{}", packed.len());
        assert_eq!(unpack(&packed, text.len()).as_deref(), Some(text.as_bytes()));
        for length in [0, 1, text.len() - 1, text.len() + 1, usize::MAX] {
            assert_eq!(unpack(&packed, length), None, "{length}");
        }
        assert_eq!(unpack(&[&packed[..], &[0]].concat(), text.len()), None, "a byte more");
        assert!((0..packed.len()).all(|cut| unpack(&packed[..cut], text.len()).is_none()));
    }

    #[test]
    fn what_would_not_be_shorter_is_left_as_it_is() {
        let mut rng = Rng::new(7);
        let bytes: Vec<u8> = (0..999).map(|_| rng.next().to_le_bytes()[0]).collect();
        assert_eq!(pack(&bytes, 0), None);
        assert_eq!(pack(&[b'a'; PACKED_FROM - 1], 0), None);
        let shorter = PACKED_FROM - pack(&[b'a'; PACKED_FROM], 0).unwrap().len();
        assert!(pack(&[b'a'; PACKED_FROM], shorter - 1).is_some() && pack(&[b'a'; PACKED_FROM], shorter).is_none());
    }
}
