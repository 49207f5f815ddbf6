//! Distances of sign bits on processors that count bits in vectors of 512 (AVX-512 VPOPCNTDQ): a row of a block at a time.
//!
//! An [`Avx512`] exists only where the processor has the instructions, which makes the call below sound. The test is in
//! `kernel`, against the portable form.

#![expect(unsafe_code, reason = "a function for AVX-512 is called from one for any processor, and vectors are loaded")]

use super::block::{Block, Compared};
use crate::base::vector::BIT_WORDS;
use core::arch::x86_64::{
    _mm_storeu_si128, _mm512_add_epi64, _mm512_cmple_epu64_mask, _mm512_cvtepi64_epi16, _mm512_loadu_si512,
    _mm512_popcnt_epi64, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_xor_si512,
};

/// Shows that the processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx512(());

#[expect(clippy::unused_self, reason = "whoever has one may call this")]
impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        let has = std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512vpopcntdq");
        has.then_some(Self(()))
    }

    pub(super) fn compare(self, question: &[u64; BIT_WORDS], blocks: &[Block], limit: u16, out: &mut [Compared]) {
        // SAFETY: the processor has both extensions, as `self` shows.
        unsafe { compare(question, blocks, limit, out) }
    }
}

#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn compare(question: &[u64; BIT_WORDS], blocks: &[Block], limit: u16, out: &mut [Compared]) {
    let question = question.map(|word| _mm512_set1_epi64(word.cast_signed()));
    let limit = _mm512_set1_epi64(limit.into());
    for (block, out) in blocks.iter().zip(out) {
        let mut sums = _mm512_setzero_si512();
        for (words, asked) in block.0.iter().zip(question) {
            // SAFETY: eight words are the 64 bytes that are read.
            let words = unsafe { _mm512_loadu_si512(words.as_ptr().cast()) };
            sums = _mm512_add_epi64(sums, _mm512_popcnt_epi64(_mm512_xor_si512(words, asked)));
        }
        // SAFETY: eight distances are the 16 bytes that are written.
        unsafe { _mm_storeu_si128(out.distances.as_mut_ptr().cast(), _mm512_cvtepi64_epi16(sums)) };
        out.is_near = _mm512_cmple_epu64_mask(sums, limit) != 0;
    }
}
