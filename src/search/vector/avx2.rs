//! Distances of sign bits on processors with AVX2, which counts no bits: a table tells the number of ones of four of them
//! (Muła, Kurz, Lemire: "Faster Population Counts Using AVX2 Instructions", 2018). A block is two times four lanes. A byte counts at
//! most 48 ones in the six words of a vector, so that the bytes of a lane are added up once, at the end.
//!
//! An [`Avx2`] exists only where the processor has the instructions, which makes the call below sound. The test is in
//! `kernel`, against the portable form.

#![expect(unsafe_code, reason = "a function for AVX2 is called from one for any processor, and vectors are loaded")]

use super::block::{Block, Compared, LANES};
use crate::base::vector::BIT_WORDS;
use core::arch::x86_64::{
    _mm256_add_epi8, _mm256_and_si256, _mm256_loadu_si256, _mm256_sad_epu8, _mm256_set1_epi8, _mm256_set1_epi64x,
    _mm256_setr_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16, _mm256_storeu_si256,
    _mm256_xor_si256,
};

/// Shows that the processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

#[expect(clippy::unused_self, reason = "whoever has one may call this")]
impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        std::is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    pub(super) fn compare(self, question: &[u64; BIT_WORDS], blocks: &[Block], limit: u16, out: &mut [Compared]) {
        // SAFETY: the processor has AVX2, as `self` shows.
        unsafe { compare(question, blocks, limit, out) }
    }
}

#[target_feature(enable = "avx2")]
#[expect(clippy::cast_possible_truncation, reason = "a vector has 384 signs")]
fn compare(question: &[u64; BIT_WORDS], blocks: &[Block], limit: u16, out: &mut [Compared]) {
    let question = question.map(|word| _mm256_set1_epi64x(word.cast_signed()));
    let four = _mm256_set1_epi8(0x0f);
    let ones = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
    );
    for (block, out) in blocks.iter().zip(out) {
        let mut sums = [0_u64; LANES];
        let (halves, _) = sums.as_chunks_mut::<4>();
        for (half, sums) in halves.iter_mut().enumerate() {
            let mut bytes = _mm256_setzero_si256();
            for (words, asked) in block.0.iter().zip(question) {
                let (both, _) = words.as_chunks::<4>();
                // SAFETY: four words are the 32 bytes that are read.
                let words = unsafe { _mm256_loadu_si256(both[half].as_ptr().cast()) };
                let differ = _mm256_xor_si256(words, asked);
                let low = _mm256_shuffle_epi8(ones, _mm256_and_si256(differ, four));
                let high = _mm256_shuffle_epi8(ones, _mm256_and_si256(_mm256_srli_epi16::<4>(differ), four));
                bytes = _mm256_add_epi8(bytes, _mm256_add_epi8(low, high));
            }
            // SAFETY: four words are the 32 bytes that are written.
            unsafe {
                _mm256_storeu_si256(sums.as_mut_ptr().cast(), _mm256_sad_epu8(bytes, _mm256_setzero_si256()));
            }
        }
        *out = Compared::new(sums.map(|sum| sum as u16), limit);
    }
}
