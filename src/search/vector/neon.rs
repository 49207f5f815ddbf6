//! Distances of sign bits on 64-bit ARM, whose NEON counts the ones of each byte: two lanes of a block at a time. A byte counts
//! at most 48 ones in the six words of a vector, so that the bytes of a lane are added up once, at the end.
//!
//! A [`Neon`] exists only where the processor has the instructions, which makes the call below sound. The test is in
//! `kernel`, against the portable form.

#![expect(unsafe_code, reason = "a function for NEON is called from one for any processor, and vectors are loaded")]

use super::block::{Block, Compared, LANES};
use crate::base::vector::BIT_WORDS;
use core::arch::aarch64::{
    vaddq_u8, vcntq_u8, vdupq_n_u8, vdupq_n_u64, veorq_u64, vld1q_u64, vpaddlq_u8, vpaddlq_u16, vpaddlq_u32,
    vreinterpretq_u8_u64, vst1q_u64,
};

/// Shows that the processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neon(());

#[expect(clippy::unused_self, reason = "whoever has one may call this")]
impl Neon {
    pub(super) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }

    pub(super) fn compare(self, question: &[u64; BIT_WORDS], blocks: &[Block], limit: u16, out: &mut [Compared]) {
        // SAFETY: the processor has NEON, as `self` shows.
        unsafe { compare(question, blocks, limit, out) }
    }
}

#[target_feature(enable = "neon")]
#[expect(clippy::cast_possible_truncation, reason = "a vector has 384 signs")]
fn compare(question: &[u64; BIT_WORDS], blocks: &[Block], limit: u16, out: &mut [Compared]) {
    let question = question.map(|word| vdupq_n_u64(word));
    for (block, out) in blocks.iter().zip(out) {
        let mut sums = [0_u64; LANES];
        let (pairs, _) = sums.as_chunks_mut::<2>();
        for (pair, sums) in pairs.iter_mut().enumerate() {
            let mut bytes = vdupq_n_u8(0);
            for (words, asked) in block.0.iter().zip(question) {
                let (words, _) = words.as_chunks::<2>();
                // SAFETY: two words are the 16 bytes that are read.
                let words = unsafe { vld1q_u64(words[pair].as_ptr()) };
                bytes = vaddq_u8(bytes, vcntq_u8(vreinterpretq_u8_u64(veorq_u64(words, asked))));
            }
            // SAFETY: two words are the 16 bytes that are written.
            unsafe { vst1q_u64(sums.as_mut_ptr(), vpaddlq_u32(vpaddlq_u16(vpaddlq_u8(bytes)))) };
        }
        *out = Compared::new(sums.map(|sum| sum as u16), limit);
    }
}
