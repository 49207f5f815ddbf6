//! NEON of 64-bit ARM without the dot product instruction (Raspberry Pi 3, 4, Zero 2 W): products of bytes in 16 bits, two of which are
//! added before they go to sums of 32. Two rows of a group of 16 columns are in registers at a time.
//!
//! No code is -128, so that a sum of two products, at most 2 * 127 * 127, fits 16 bits and is exact.
//!
//! A [`Neon`] exists only where the processor has the instructions, which makes the calls below sound. The tests are in `tests`,
//! against the portable form.

#![expect(unsafe_code, reason = "functions for NEON are called from ones for any processor, and vectors are loaded")]

use super::block::{Block, COLUMNS, GROUP};
use super::compute::{CODE_LEAST, Compute, Instructions, LANES as WIDE, MAGIC_BITS};
use super::gelu::gelu;
use super::matrix::{Columns, Matrix};
use super::quantize::{Rows, Step};
use super::tile::{Activation, tiles};
use core::arch::aarch64::{
    float32x4_t, int8x16_t, int32x4_t, vaddq_f32, vaddq_u8, vaddq_u32, vcombine_s8, vcombine_s16, vcvtq_f32_s32,
    vdupq_n_f32, vdupq_n_s8, vdupq_n_s32, vdupq_n_u8, vfmaq_f32, vget_low_s8, vld1q_f32, vld1q_s8, vld1q_s32,
    vmaxnmq_f32, vmaxq_s8, vminnmq_f32, vmlal_high_s8, vmlal_s8, vmlsq_s32, vmull_high_s8, vmull_s8, vmulq_f32,
    vmulq_n_f32, vpadalq_s16, vpaddq_s32, vqmovn_s16, vqmovn_s32, vreinterpretq_f32_u32, vreinterpretq_s8_s32,
    vreinterpretq_s32_f32, vreinterpretq_u8_s8, vreinterpretq_u32_f32, vshlq_n_u32, vst1q_f32, vst1q_u8, vsubq_f32,
    vsubq_s32,
};

/// Rows of a tile: with eight vectors of sums each, what a product needs is in registers too.
const ROWS: usize = 2;
const LANES: usize = 4;

/// Shows that the processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neon(());

impl Neon {
    pub(super) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }

    pub(super) fn multiply(self, rows: &Rows, matrix: &Matrix, activation: Activation, out: &mut [f32]) {
        // SAFETY: the processor has NEON, as `self` shows.
        unsafe { multiply(self, rows, matrix, activation, out) }
    }

    pub(super) fn compute(self, work: impl Compute) {
        // SAFETY: the processor has NEON, as `self` shows.
        unsafe { compute(self, work) }
    }
}

/// A vector: four registers.
type Four = [float32x4_t; 4];

// SAFETY of the calls: the processor has the instructions, as `self` shows. Each array that is read or written has the bytes of the
// vector, at any address.
impl Instructions for Neon {
    type Lanes = Four;

    #[inline(always)]
    fn load(self, from: &[f32; WIDE]) -> Four {
        let (parts, _) = from.as_chunks::<LANES>();
        // SAFETY: see above.
        unsafe {
            [
                vld1q_f32(parts[0].as_ptr()),
                vld1q_f32(parts[1].as_ptr()),
                vld1q_f32(parts[2].as_ptr()),
                vld1q_f32(parts[3].as_ptr()),
            ]
        }
    }

    #[inline(always)]
    fn store(self, lanes: Four, into: &mut [f32; WIDE]) {
        let (parts, _) = into.as_chunks_mut::<LANES>();
        for (part, lanes) in parts.iter_mut().zip(lanes) {
            // SAFETY: see above.
            unsafe { vst1q_f32(part.as_mut_ptr(), lanes) }
        }
    }

    #[inline(always)]
    fn splat(self, number: f32) -> Four {
        // SAFETY: see above.
        unsafe { [vdupq_n_f32(number); 4] }
    }

    #[inline(always)]
    fn add(self, a: Four, b: Four) -> Four {
        // SAFETY: see above.
        unsafe { [vaddq_f32(a[0], b[0]), vaddq_f32(a[1], b[1]), vaddq_f32(a[2], b[2]), vaddq_f32(a[3], b[3])] }
    }

    #[inline(always)]
    fn subtract(self, a: Four, b: Four) -> Four {
        // SAFETY: see above.
        unsafe { [vsubq_f32(a[0], b[0]), vsubq_f32(a[1], b[1]), vsubq_f32(a[2], b[2]), vsubq_f32(a[3], b[3])] }
    }

    #[inline(always)]
    fn multiply(self, a: Four, b: Four) -> Four {
        // SAFETY: see above.
        unsafe { [vmulq_f32(a[0], b[0]), vmulq_f32(a[1], b[1]), vmulq_f32(a[2], b[2]), vmulq_f32(a[3], b[3])] }
    }

    #[inline(always)]
    fn multiply_add(self, a: Four, b: Four, c: Four) -> Four {
        // SAFETY: see above.
        unsafe {
            [
                vfmaq_f32(c[0], a[0], b[0]),
                vfmaq_f32(c[1], a[1], b[1]),
                vfmaq_f32(c[2], a[2], b[2]),
                vfmaq_f32(c[3], a[3], b[3]),
            ]
        }
    }

    #[inline(always)]
    fn least(self, a: Four, b: Four) -> Four {
        // SAFETY: see above.
        unsafe { [vminnmq_f32(a[0], b[0]), vminnmq_f32(a[1], b[1]), vminnmq_f32(a[2], b[2]), vminnmq_f32(a[3], b[3])] }
    }

    #[inline(always)]
    fn greatest(self, a: Four, b: Four) -> Four {
        // SAFETY: see above.
        unsafe { [vmaxnmq_f32(a[0], b[0]), vmaxnmq_f32(a[1], b[1]), vmaxnmq_f32(a[2], b[2]), vmaxnmq_f32(a[3], b[3])] }
    }

    #[inline(always)]
    fn scale(self, value: Four, n: Four) -> Four {
        let one = |value, n| {
            // SAFETY: see above.
            unsafe {
                let n = vshlq_n_u32::<23>(vreinterpretq_u32_f32(n));
                vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(value), n))
            }
        };
        [one(value[0], n[0]), one(value[1], n[1]), one(value[2], n[2]), one(value[3], n[3])]
    }

    #[inline(always)]
    fn codes(self, lanes: Four, offset: u8, into: &mut [u8; WIDE]) {
        // SAFETY: see above.
        unsafe {
            let whole = |lanes| vsubq_s32(vreinterpretq_s32_f32(lanes), vdupq_n_s32(MAGIC_BITS));
            // Narrowing keeps what is too large at the largest number; -128 becomes the least code.
            let low = vcombine_s16(vqmovn_s32(whole(lanes[0])), vqmovn_s32(whole(lanes[1])));
            let high = vcombine_s16(vqmovn_s32(whole(lanes[2])), vqmovn_s32(whole(lanes[3])));
            let codes = vmaxq_s8(vcombine_s8(vqmovn_s16(low), vqmovn_s16(high)), vdupq_n_s8(CODE_LEAST));
            vst1q_u8(into.as_mut_ptr(), vaddq_u8(vreinterpretq_u8_s8(codes), vdupq_n_u8(offset)));
        }
    }
}

#[target_feature(enable = "neon")]
fn compute(with: Neon, work: impl Compute) {
    work.compute::<_, 1>(with);
}

#[target_feature(enable = "neon")]
fn multiply(with: Neon, rows: &Rows, matrix: &Matrix, activation: Activation, out: &mut [f32]) {
    let (codes, steps) = rows.parts();
    let outputs = matrix.outputs();
    for (panel, (blocks, columns)) in matrix.panels().enumerate() {
        for group in 0..COLUMNS / GROUP {
            for (first, height) in tiles(steps.len(), ROWS) {
                let codes = &codes[first * blocks.len()..][..height * blocks.len()];
                let steps = &steps[first..][..height];
                let out = &mut out[first * outputs..][..height * outputs];
                let at = panel * COLUMNS + group * GROUP;
                match height {
                    1 => finish(&sums::<1>(codes, blocks, group), steps, columns, group, out, at),
                    _ => finish(&sums::<ROWS>(codes, blocks, group), steps, columns, group, out, at),
                }
                if activation == Activation::Gelu {
                    for out in out.chunks_exact_mut(outputs) {
                        gelu(with, &mut out[at..][..GROUP]);
                    }
                }
            }
        }
    }
}

/// The sums of `M` rows of a group: four columns in a vector.
#[target_feature(enable = "neon")]
#[inline]
fn sums<const M: usize>(codes: &[[u8; 4]], blocks: &[Block], group: usize) -> [[int32x4_t; 4]; M] {
    // A depth is a multiple of 16, and so blocks come in pairs.
    let (pairs, _) = blocks.as_chunks::<2>();
    let depth = blocks.len();
    let codes: [&[[[u8; 4]; 2]]; M] =
        core::array::from_fn(|row| &codes[row * depth..][..depth].as_chunks::<2>().0[..pairs.len()]);
    // The lower and the upper two columns of each four; of a column two halves.
    let mut halves = [[[vdupq_n_s32(0); 2]; 4]; M];
    for (place, pair) in pairs.iter().enumerate() {
        let factors: [[int8x16_t; 2]; M] = core::array::from_fn(|row| codes[row][place].map(|four| all(four)));
        let [first, second] = pair.each_ref().map(|block| block.0[group].as_chunks::<16>().0);
        for (vector, (first, second)) in first.iter().zip(second).enumerate() {
            let weights = [load(first), load(second)];
            for (halves, [one, two]) in halves.iter_mut().zip(factors) {
                let [low, high] = &mut halves[vector];
                let products = vmull_s8(vget_low_s8(weights[0]), vget_low_s8(one));
                *low = vpadalq_s16(*low, vmlal_s8(products, vget_low_s8(weights[1]), vget_low_s8(two)));
                let products = vmull_high_s8(weights[0], one);
                *high = vpadalq_s16(*high, vmlal_high_s8(products, weights[1], two));
            }
        }
    }
    halves.map(|row| row.map(|[low, high]| vpaddq_s32(low, high)))
}

/// Four codes, in each four lanes.
#[target_feature(enable = "neon")]
#[inline]
fn all(codes: [u8; 4]) -> int8x16_t {
    vreinterpretq_s8_s32(vdupq_n_s32(i32::from_le_bytes(codes)))
}

#[target_feature(enable = "neon")]
#[inline]
pub(super) fn load(weights: &[i8; 16]) -> int8x16_t {
    // SAFETY: the array has the 16 bytes that are read, at any address.
    unsafe { vld1q_s8(weights.as_ptr()) }
}

/// From the sums of a group to numbers. `out` has `M` rows, of which the 16 numbers from `at` on are written.
#[target_feature(enable = "neon")]
#[inline]
pub(super) fn finish<const M: usize>(
    sums: &[[int32x4_t; 4]; M],
    steps: &[Step],
    columns: &Columns,
    group: usize,
    out: &mut [f32],
    at: usize,
) {
    let (scales, _) = columns.scales[group].as_chunks::<LANES>();
    let (biases, _) = columns.biases[group].as_chunks::<LANES>();
    let (column_sums, _) = columns.sums[group].as_chunks::<LANES>();
    let stride = out.len() / M;
    for ((out, step), sums) in out.chunks_exact_mut(stride).zip(steps).zip(sums) {
        let zero = vdupq_n_s32(step.zero);
        let out = out[at..][..GROUP].as_chunks_mut::<LANES>().0;
        let vectors = column_sums.iter().zip(scales).zip(biases);
        for ((out, sum), ((column_sums, scales), biases)) in out.iter_mut().zip(sums).zip(vectors) {
            // SAFETY: each array has the 16 bytes of a vector, at any address.
            unsafe {
                let whole = vmlsq_s32(*sum, zero, vld1q_s32(column_sums.as_ptr()));
                let scale = vmulq_n_f32(vld1q_f32(scales.as_ptr()), step.scale);
                let number = vfmaq_f32(vld1q_f32(biases.as_ptr()), vcvtq_f32_s32(whole), scale);
                vst1q_f32(out.as_mut_ptr(), number);
            }
        }
    }
}
