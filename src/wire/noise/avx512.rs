//! ChaCha20 and Poly1305 (RFC 8439) on processors with AVX-512: sixteen blocks of the key stream, and eight blocks of the authenticator,
//! at a time. Twice as fast as with AVX2 (docs/evidence.md, issue 13).
//!
//! Each word of ChaCha20's state is a vector of sixteen lanes, one a block, and all sixteen stay in registers. Poly1305 evaluates a
//! polynomial at `r` modulo 2^130 - 5: lane `n` of eight takes every eighth block, at `r^8`, and in the end lane `n` is multiplied by
//! `r^(8-n)` and all are added (Goll, Gueron: "Vectorization of Poly1305 Message Authentication Code", ITNG 2015). Numbers are
//! five limbs of 26 bits, so that sums of products of limbs fit 64 bits.
//!
//! An [`Avx512`] exists only where the processor has the instructions, which makes the calls below sound. Nothing depends on
//! the content of a message or key but by arithmetic of constant time. The tests are those of `chacha`, against the crates.

#![expect(
    unsafe_code,
    reason = "functions for AVX-512 are called from ones for any processor, and vectors are loaded and stored"
)]

use core::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_add_epi64, _mm512_and_si512, _mm512_loadu_si512, _mm512_mul_epu32,
    _mm512_or_si512, _mm512_permutex2var_epi32, _mm512_permutex2var_epi64, _mm512_reduce_add_epi64, _mm512_rol_epi32,
    _mm512_set_epi32, _mm512_set_epi64, _mm512_set1_epi32, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_slli_epi64,
    _mm512_srli_epi64, _mm512_storeu_si512, _mm512_xor_si512,
};
use zeroize::Zeroize;

const BLOCK: usize = 16;
const LANES: usize = 8;
const CHUNK: usize = LANES * BLOCK;
const STREAM_BLOCK: usize = 64;
/// Bytes of sixteen blocks of the key stream.
const BATCH: usize = 16 * STREAM_BLOCK;
const BATCH_BLOCKS: u32 = 16;
const LIMB: u64 = (1 << 26) - 1;
const LIMB_OF_BLOCK: u128 = LIMB as u128;

/// A number modulo 2^130 - 5, not wholly reduced.
type Limbs = [u64; 5];
type Lanes = [__m512i; 5];

/// Shows that the processor has AVX-512.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

#[expect(clippy::unused_self, reason = "whoever has one may call these")]
impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        std::is_x86_feature_detected!("avx512f").then_some(Self(()))
    }

    /// `out` is `input` xor the key stream from the state on, whose counter goes on.
    pub(super) fn xor_stream(self, state: &mut [u32; 16], input: &[u8], out: &mut [u8]) {
        let (whole, rest) = input.as_chunks::<BATCH>();
        let (whole_out, rest_out) = out.as_chunks_mut::<BATCH>();
        for (input, out) in whole.iter().zip(whole_out) {
            // SAFETY: the processor has AVX-512.
            unsafe { xor_batch(state, input, out) };
            state[12] = state[12].wrapping_add(BATCH_BLOCKS);
        }
        if !rest.is_empty() {
            let (mut padded, mut padded_out) = ([0; BATCH], [0; BATCH]);
            padded[..rest.len()].copy_from_slice(rest);
            // SAFETY: the processor has AVX-512.
            unsafe { xor_batch(state, &padded, &mut padded_out) };
            rest_out.copy_from_slice(&padded_out[..rest.len()]);
            padded.zeroize();
            padded_out.zeroize();
        }
    }

    /// The tag of a message.
    pub(super) fn tag(self, key: &[u8; 32], aad: &[u8], text: &[u8]) -> [u8; BLOCK] {
        let [r, s] = key.as_chunks::<BLOCK>().0 else { return [0; BLOCK] };
        let mut powers = powers(*r);
        let mut sum = [0; 5];
        let mut lengths = [0; BLOCK];
        lengths[..8].copy_from_slice(&(aad.len() as u64).to_le_bytes());
        lengths[8..].copy_from_slice(&(text.len() as u64).to_le_bytes());
        for part in [aad, text, &lengths] {
            let (chunks, rest) = part.as_chunks::<CHUNK>();
            if !chunks.is_empty() {
                // SAFETY: the processor has AVX-512.
                sum = unsafe { add_chunks(&sum, &powers, chunks) };
            }
            for block in rest.chunks(BLOCK) {
                let mut padded = [0; BLOCK];
                padded[..block.len()].copy_from_slice(block);
                sum = add_block(sum, &powers[0], &padded);
            }
        }
        powers.as_flattened_mut().zeroize();
        reduced(sum).wrapping_add(u128::from_le_bytes(*s)).to_le_bytes()
    }
}

#[target_feature(enable = "avx512f")]
fn xor_batch(state: &[u32; 16], input: &[u8; BATCH], out: &mut [u8; BATCH]) {
    // A loop: `map` of an array is a function of its own, for any processor, and not made part of this one.
    let mut start = [_mm512_setzero_si512(); 16];
    for (row, word) in start.iter_mut().zip(state) {
        *row = _mm512_set1_epi32(word.cast_signed());
    }
    let counters = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    start[12] = _mm512_add_epi32(start[12], counters);
    let mut rows = start;
    for _ in 0..10 {
        // Not a loop: with one the rows are not kept in registers.
        quarter_round(&mut rows, 0, 4, 8, 12);
        quarter_round(&mut rows, 1, 5, 9, 13);
        quarter_round(&mut rows, 2, 6, 10, 14);
        quarter_round(&mut rows, 3, 7, 11, 15);
        quarter_round(&mut rows, 0, 5, 10, 15);
        quarter_round(&mut rows, 1, 6, 11, 12);
        quarter_round(&mut rows, 2, 7, 8, 13);
        quarter_round(&mut rows, 3, 4, 9, 14);
    }
    for (row, start) in rows.iter_mut().zip(start) {
        *row = _mm512_add_epi32(*row, start);
    }
    // From a word of each block to the words of a block: four perfect shuffles.
    let low = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    let high = _mm512_set_epi32(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8);
    for _ in 0..4 {
        let before = rows;
        for at in 0..8 {
            rows[2 * at] = _mm512_permutex2var_epi32(before[at], low, before[at + 8]);
            rows[2 * at + 1] = _mm512_permutex2var_epi32(before[at], high, before[at + 8]);
        }
    }
    let blocks = input.as_chunks::<STREAM_BLOCK>().0.iter().zip(out.as_chunks_mut::<STREAM_BLOCK>().0);
    for ((input, out), row) in blocks.zip(rows) {
        // SAFETY: each of the two has the 64 bytes of a vector, at any address.
        unsafe {
            let input = _mm512_loadu_si512(input.as_ptr().cast());
            _mm512_storeu_si512(out.as_mut_ptr().cast(), _mm512_xor_si512(input, row));
        }
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn quarter_round(rows: &mut [__m512i; 16], a: usize, b: usize, c: usize, d: usize) {
    rows[a] = _mm512_add_epi32(rows[a], rows[b]);
    rows[d] = _mm512_rol_epi32::<16>(_mm512_xor_si512(rows[d], rows[a]));
    rows[c] = _mm512_add_epi32(rows[c], rows[d]);
    rows[b] = _mm512_rol_epi32::<12>(_mm512_xor_si512(rows[b], rows[c]));
    rows[a] = _mm512_add_epi32(rows[a], rows[b]);
    rows[d] = _mm512_rol_epi32::<8>(_mm512_xor_si512(rows[d], rows[a]));
    rows[c] = _mm512_add_epi32(rows[c], rows[d]);
    rows[b] = _mm512_rol_epi32::<7>(_mm512_xor_si512(rows[b], rows[c]));
}

/// `r` to `r^8`.
fn powers(mut r: [u8; BLOCK]) -> [Limbs; LANES] {
    // RFC 8439 section 2.5: these bits are zero.
    [3, 7, 11, 15].into_iter().for_each(|at| r[at] &= 15);
    [4, 8, 12].into_iter().for_each(|at| r[at] &= 252);
    let mut powers = [limbs(&r, 0); LANES];
    r.zeroize();
    for at in 1..LANES {
        powers[at] = product(&powers[at - 1], &powers[0]);
    }
    powers
}

/// A block, with this as its 129th bit.
fn limbs(block: &[u8; BLOCK], bit: u64) -> Limbs {
    let number = u128::from_le_bytes(*block);
    let limb = |shift: u32| ((number >> shift) & LIMB_OF_BLOCK) as u64;
    [limb(0), limb(26), limb(52), limb(78), limb(104) | bit << 24]
}

fn add_block(sum: Limbs, r: &Limbs, block: &[u8; BLOCK]) -> Limbs {
    let mut sum = sum;
    sum.iter_mut().zip(limbs(block, 1)).for_each(|(limb, more)| *limb += more);
    product(&sum, r)
}

/// The product, with limbs of little more than 26 bits. What is above 2^130 counts five times at the bottom.
fn product(a: &Limbs, r: &Limbs) -> Limbs {
    let s = r.map(|limb| 5 * limb);
    carried([
        a[0] * r[0] + a[1] * s[4] + a[2] * s[3] + a[3] * s[2] + a[4] * s[1],
        a[0] * r[1] + a[1] * r[0] + a[2] * s[4] + a[3] * s[3] + a[4] * s[2],
        a[0] * r[2] + a[1] * r[1] + a[2] * r[0] + a[3] * s[4] + a[4] * s[3],
        a[0] * r[3] + a[1] * r[2] + a[2] * r[1] + a[3] * r[0] + a[4] * s[4],
        a[0] * r[4] + a[1] * r[3] + a[2] * r[2] + a[3] * r[1] + a[4] * r[0],
    ])
}

fn carried(mut sum: Limbs) -> Limbs {
    for (from, to) in [(0, 1), (1, 2), (2, 3), (3, 4)] {
        sum[to] += sum[from] >> 26;
        sum[from] &= LIMB;
    }
    sum[0] += 5 * (sum[4] >> 26);
    sum[4] &= LIMB;
    sum[1] += sum[0] >> 26;
    sum[0] &= LIMB;
    sum
}

/// The number below 2^130 - 5, its lower 128 bits.
fn reduced(sum: Limbs) -> u128 {
    let sum = carried(carried(sum));
    // It is less than 2^130: less 2^130 - 5 is plus 5, if that carries over the top.
    let mut less = sum;
    less[0] += 5;
    for at in 0..4 {
        less[at + 1] += less[at] >> 26;
        less[at] &= LIMB;
    }
    let carries = 0_u64.wrapping_sub(less[4] >> 26);
    let chosen = |at: usize| u128::from((sum[at] & !carries) | (less[at] & LIMB & carries));
    chosen(0) | chosen(1) << 26 | chosen(2) << 52 | chosen(3) << 78 | chosen(4) << 104
}

/// The sum after all blocks of these chunks.
#[target_feature(enable = "avx512f")]
fn add_chunks(sum: &Limbs, powers: &[Limbs; LANES], chunks: &[[u8; CHUNK]]) -> Limbs {
    let all = |limb: u64| _mm512_set1_epi64(limb.cast_signed());
    let mask = all(LIMB);
    let (r, s) = (powers[LANES - 1].map(all), powers[LANES - 1].map(|limb| all(5 * limb)));
    let mut lanes = sum.map(|limb| _mm512_set_epi64(0, 0, 0, 0, 0, 0, 0, limb.cast_signed()));
    for (at, chunk) in chunks.iter().enumerate() {
        if at > 0 {
            lanes = product_of_lanes(&lanes, &r, &s, mask);
        }
        for (lane, more) in lanes.iter_mut().zip(limbs_of_chunk(chunk, mask)) {
            *lane = _mm512_add_epi64(*lane, more);
        }
    }
    let power = |lane: usize, limb: usize| powers[LANES - 1 - lane][limb].cast_signed();
    let last: Lanes = core::array::from_fn(|limb| {
        let of = |lane| power(lane, limb);
        _mm512_set_epi64(of(7), of(6), of(5), of(4), of(3), of(2), of(1), of(0))
    });
    let s = last.map(|limb| _mm512_mul_epu32(limb, all(5)));
    let lanes = product_of_lanes(&lanes, &last, &s, mask);
    carried(lanes.map(|limb| _mm512_reduce_add_epi64(limb).cast_unsigned()))
}

/// Eight blocks, each with its 129th bit.
#[target_feature(enable = "avx512f")]
#[inline]
fn limbs_of_chunk(chunk: &[u8; CHUNK], mask: __m512i) -> Lanes {
    let (first, second) = chunk.split_at(CHUNK / 2);
    // SAFETY: each half has the 64 bytes of a vector, at any address.
    let (first, second) =
        unsafe { (_mm512_loadu_si512(first.as_ptr().cast()), _mm512_loadu_si512(second.as_ptr().cast())) };
    let low = _mm512_permutex2var_epi64(first, _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0), second);
    let high = _mm512_permutex2var_epi64(first, _mm512_set_epi64(15, 13, 11, 9, 7, 5, 3, 1), second);
    let middle = _mm512_or_si512(_mm512_srli_epi64::<52>(low), _mm512_slli_epi64::<12>(high));
    [
        _mm512_and_si512(low, mask),
        _mm512_and_si512(_mm512_srli_epi64::<26>(low), mask),
        _mm512_and_si512(middle, mask),
        _mm512_and_si512(_mm512_srli_epi64::<14>(high), mask),
        _mm512_or_si512(_mm512_srli_epi64::<40>(high), _mm512_set1_epi64(1 << 24)),
    ]
}

/// As `product`, in each lane.
#[target_feature(enable = "avx512f")]
#[inline]
fn product_of_lanes(a: &Lanes, r: &Lanes, s: &Lanes, mask: __m512i) -> Lanes {
    let sum = |factors: [__m512i; 5]| {
        let [p, q, r, s, t] = core::array::from_fn(|at| _mm512_mul_epu32(a[at], factors[at]));
        _mm512_add_epi64(_mm512_add_epi64(_mm512_add_epi64(p, q), _mm512_add_epi64(r, s)), t)
    };
    let mut sums = [
        sum([r[0], s[4], s[3], s[2], s[1]]),
        sum([r[1], r[0], s[4], s[3], s[2]]),
        sum([r[2], r[1], r[0], s[4], s[3]]),
        sum([r[3], r[2], r[1], r[0], s[4]]),
        sum([r[4], r[3], r[2], r[1], r[0]]),
    ];
    // Two chains of carries side by side.
    for (from, to) in [(0, 1), (3, 4), (1, 2), (4, 0), (2, 3), (0, 1), (3, 4)] {
        let carry = _mm512_srli_epi64::<26>(sums[from]);
        let carry = if from == 4 { _mm512_add_epi64(carry, _mm512_slli_epi64::<2>(carry)) } else { carry };
        sums[to] = _mm512_add_epi64(sums[to], carry);
        sums[from] = _mm512_and_si512(sums[from], mask);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use poly1305::Poly1305;
    use poly1305::universal_hash::{KeyInit, UniversalHash};

    fn crate_tag(key: &[u8; 32], text: &[u8]) -> [u8; BLOCK] {
        let mut crate_sum = Poly1305::new(key.into());
        crate_sum.update_padded(text);
        let mut lengths = [0; BLOCK];
        lengths[8..].copy_from_slice(&(text.len() as u64).to_le_bytes());
        crate_sum.update_padded(&lengths);
        crate_sum.finalize().into()
    }

    #[test]
    fn the_largest_and_smallest_numbers_carry_as_in_the_crate() {
        let Some(avx512) = Avx512::detect() else {
            println!("not tested: this processor has no AVX-512");
            return;
        };
        let of_one = |byte: u8| {
            let mut key = [0; 32];
            key[0] = byte;
            key
        };
        let keys = [[0; 32], [0xff; 32], of_one(1), of_one(2), of_one(4), [0x0f; 32], [0xfc; 32]];
        for key in keys {
            for fill in [0, 1, 0xfa, 0xfb, 0xfe, 0xff] {
                for length in (0..300).chain([1_024, 1_039, 65_519]) {
                    let text = vec![fill; length];
                    let tag = avx512.tag(&key, &[], &text);
                    assert_eq!(tag, crate_tag(&key, &text), "{length} times {fill}, key of {}", key[0]);
                }
            }
        }
    }
}
