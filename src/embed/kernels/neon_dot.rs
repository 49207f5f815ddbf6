//! NEON with the dot product instruction of ARMv8.2 (Raspberry Pi 5, most phones and servers): it adds 16 products of bytes to 4 sums. Four rows
//! of a group of 16 columns are in registers at a time.
//!
//! The instruction is written in assembly: its intrinsic is not stable in the Rust that this is built with.
//!
//! A [`NeonDot`] exists only where the processor has the instructions, which makes the calls below sound. The tests are in `tests`,
//! against the portable form.

#![expect(
    unsafe_code,
    reason = "functions for NEON are called from ones for any processor, and one instruction is assembly"
)]

use super::block::{Block, COLUMNS, GROUP};
use super::compute::Compute;
use super::gelu::gelu;
use super::matrix::Matrix;
use super::neon::{Neon, finish, load};
use super::quantize::Rows;
use super::tile::{Activation, tiles};
use core::arch::aarch64::{int8x16_t, int32x4_t, vdupq_n_s32, vld1q_u8, vreinterpretq_s8_u8};
use core::arch::asm;

/// Rows of a tile: with four vectors of sums each, four of weights and one of codes for each row they fill 24 of 32 registers.
const ROWS: usize = 4;

/// Shows that the processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(super) struct NeonDot(Neon);

impl NeonDot {
    pub(super) fn detect() -> Option<Self> {
        Neon::detect().filter(|_| std::arch::is_aarch64_feature_detected!("dotprod")).map(Self)
    }

    pub(super) fn multiply(self, rows: &Rows, matrix: &Matrix, activation: Activation, out: &mut [f32]) {
        // SAFETY: the processor has the instructions, as `self` shows.
        unsafe { multiply(self.0, rows, matrix, activation, out) }
    }

    pub(super) fn compute(self, work: impl Compute) {
        self.0.compute(work);
    }
}

#[target_feature(enable = "neon,dotprod")]
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
                    2 => finish(&sums::<2>(codes, blocks, group), steps, columns, group, out, at),
                    3 => finish(&sums::<3>(codes, blocks, group), steps, columns, group, out, at),
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
#[target_feature(enable = "neon,dotprod")]
#[inline]
fn sums<const M: usize>(codes: &[[u8; 4]], blocks: &[Block], group: usize) -> [[int32x4_t; 4]; M] {
    // A depth is a multiple of 16, and so blocks come in fours.
    let (fours, _) = blocks.as_chunks::<4>();
    let depth = blocks.len();
    let codes: [&[[u8; 16]]; M] =
        core::array::from_fn(|row| &codes[row * depth..][..depth].as_flattened().as_chunks::<16>().0[..fours.len()]);
    let mut sums = [[vdupq_n_s32(0); 4]; M];
    for (place, four) in fours.iter().enumerate() {
        let codes: [int8x16_t; M] = core::array::from_fn(|row| load_codes(&codes[row][place]));
        add::<0, M>(&mut sums, &four[0].0[group], &codes);
        add::<1, M>(&mut sums, &four[1].0[group], &codes);
        add::<2, M>(&mut sums, &four[2].0[group], &codes);
        add::<3, M>(&mut sums, &four[3].0[group], &codes);
    }
    sums
}

/// Adds the products of a block and the codes at its place among four.
#[target_feature(enable = "neon,dotprod")]
#[inline]
fn add<const PLACE: usize, const M: usize>(sums: &mut [[int32x4_t; 4]; M], group: &[i8; 64], codes: &[int8x16_t; M]) {
    let (vectors, _) = group.as_chunks::<16>();
    for (vector, weights) in vectors.iter().enumerate() {
        let weights = load(weights);
        for (sums, codes) in sums.iter_mut().zip(codes) {
            sums[vector] = dot::<PLACE>(sums[vector], weights, *codes);
        }
    }
}

/// Adds to each lane the four products of its weights and of the four codes at this place.
#[target_feature(enable = "neon,dotprod")]
#[inline]
fn dot<const PLACE: usize>(mut sums: int32x4_t, weights: int8x16_t, codes: int8x16_t) -> int32x4_t {
    // SAFETY: one instruction between registers, which the processor has.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {weights:v}.16b, {codes:v}.4b[{place}]",
            sums = inout(vreg) sums,
            weights = in(vreg) weights,
            codes = in(vreg) codes,
            place = const PLACE,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

#[target_feature(enable = "neon")]
#[inline]
fn load_codes(codes: &[u8; 16]) -> int8x16_t {
    // SAFETY: the array has the 16 bytes that are read, at any address.
    vreinterpretq_s8_u8(unsafe { vld1q_u8(codes.as_ptr()) })
}
