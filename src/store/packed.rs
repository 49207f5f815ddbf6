//! What is stored packed (raw DEFLATE, RFC 1951): texts, and blocks of the index of words. The store's tables pack blocks of many records with LZ4,
//! which leaves letters as they are, and its journal packs no value below 4 KiB; so each of these is packed by itself before, and written shorter
//! to both (docs/evidence.md, "What is written to the disk").

//!
//! A packer is some 300 KB, which the system would hand out and clear anew for a text of 700 bytes: each thread keeps one, and an unpacker, and begins
//! them anew.

use crate::limits::{PACKED_FROM, PACKED_RATIO_MAX};
use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use std::cell::RefCell;

/// zlib's default. Of so short texts level 1 makes as much.
const LEVEL: i32 = 6;

thread_local! {
    // Threads that pack nothing have none.
    static PACKER: RefCell<Option<Box<CompressorOxide>>> = const { RefCell::new(None) };
    static UNPACKER: RefCell<Option<Box<DecompressorOxide>>> = const { RefCell::new(None) };
}

/// These bytes packed; `None` where they would not be shorter so by more than `more`, or are more than `most`, which is what is unpacked.
pub(super) fn pack(bytes: &[u8], more: usize, most: usize) -> Option<Vec<u8>> {
    if bytes.len() < PACKED_FROM || bytes.len() > most {
        return None;
    }
    // Room for what is short enough, and for no more.
    let mut packed = vec![0; bytes.len().checked_sub(more + 1)?];
    let (status, used, written) = PACKER.with_borrow_mut(|kept| {
        // Raw: without the header of zlib.
        let new = || Box::new(CompressorOxide::new(create_comp_flags_from_zip_params(LEVEL, 0, 0)));
        let packer = kept.get_or_insert_with(new);
        packer.reset();
        compress(packer, bytes, &mut packed, TDEFLFlush::Finish)
    });
    packed.truncate(written);
    (status == TDEFLStatus::Done && used == bytes.len()).then_some(packed)
}

/// What was packed, of which it is known how long it is; `None` if these bytes, all of them, are not that, or it is longer than `most`.
pub(super) fn unpack(packed: &[u8], length: usize, most: usize) -> Option<Vec<u8>> {
    // Whatever a damaged or a false length says, no more room is taken than could be filled, and than there may be.
    if length > most || length > packed.len().checked_mul(PACKED_RATIO_MAX)? {
        return None;
    }
    let mut bytes = vec![0; length];
    let (status, used, written) = UNPACKER.with_borrow_mut(|kept| {
        let unpacker = kept.get_or_insert_default();
        unpacker.init();
        decompress(unpacker, packed, &mut bytes, 0, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF)
    });
    (status == TINFLStatus::Done && used == packed.len() && written == length).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use miniz_oxide::deflate::compress_to_vec;

    const MOST: usize = 1 << 20;

    #[test]
    fn what_was_packed_is_unpacked_and_nothing_else_is() {
        let text = "The boiler is in the cellar. ".repeat(99);
        let packed = pack(text.as_bytes(), 0, MOST).unwrap();
        assert!(packed.len() < text.len() / 20, "{}", packed.len());
        assert_eq!(unpack(&packed, text.len(), MOST).as_deref(), Some(text.as_bytes()));
        for length in [0, 1, text.len() - 1, text.len() + 1, usize::MAX] {
            assert_eq!(unpack(&packed, length, MOST), None, "{length}");
        }
        assert_eq!(unpack(&[&packed[..], &[0]].concat(), text.len(), MOST), None, "a byte more");
        assert!((0..packed.len()).all(|cut| unpack(&packed[..cut], text.len(), MOST).is_none()));
    }

    #[test]
    fn more_than_may_be_is_neither_packed_nor_unpacked() {
        let text = [b'a'; 4000];
        let packed = pack(&text, 0, text.len()).unwrap();
        assert_eq!(unpack(&packed, text.len(), text.len()).as_deref(), Some(&text[..]));
        assert_eq!(
            unpack(&packed, text.len(), text.len() - 1),
            None,
            "whatever the bytes are, no room is taken for them"
        );
        assert_eq!(pack(&text, 0, text.len() - 1), None);
    }

    #[test]
    fn a_packer_that_is_kept_packs_as_a_new_one() {
        let mut rng = Rng::new(3);
        let words = ["boiler", "cellar", "valve", "radiator", "frost", "receipt", "plumber", "pressure"];
        for round in 0..60 {
            let length = 1 + rng.below(if round % 10 == 0 { 60_000 } else { 400 });
            let text: String = (0..length)
                .map(|_| words[usize::from(rng.next().to_le_bytes()[0] % 8)])
                .collect::<Vec<&str>>()
                .join(" ");
            let noise: Vec<u8> = (0..500).map(|_| rng.next().to_le_bytes()[0]).collect();
            for bytes in [text.as_bytes(), &noise, &[&noise, text.as_bytes()].concat()] {
                let new = compress_to_vec(bytes, 6);
                let packed = pack(bytes, 0, MOST);
                let is_shorter = bytes.len() >= PACKED_FROM && new.len() < bytes.len();
                assert_eq!(
                    packed,
                    is_shorter.then_some(new),
                    "{round}: what was left of the one before is of no matter"
                );
                let Some(packed) = packed else { continue };
                assert_eq!(unpack(&packed[..packed.len() - 1], bytes.len(), MOST), None);
                assert_eq!(unpack(&packed, bytes.len(), MOST).as_deref(), Some(bytes));
            }
        }
    }

    #[test]
    fn what_would_not_be_shorter_is_left_as_it_is() {
        let mut rng = Rng::new(7);
        let bytes: Vec<u8> = (0..999).map(|_| rng.next().to_le_bytes()[0]).collect();
        assert_eq!(pack(&bytes, 0, MOST), None);
        assert_eq!(pack(&[b'a'; PACKED_FROM - 1], 0, MOST), None);
        let pack = |more| pack(&[b'a'; PACKED_FROM], more, MOST);
        let shorter = PACKED_FROM - pack(0).unwrap().len();
        assert!(pack(shorter - 1).is_some() && pack(shorter).is_none() && pack(usize::MAX - 1).is_none());
    }
}
