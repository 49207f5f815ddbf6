//! AVX-VNNI, which processors without AVX-512 have: an instruction adds 32 products of bytes to 8 sums. Six rows of a group of 16
//! columns are in registers at a time.
//!
//! An [`AvxVnni`] exists only where the processor has the instructions, which makes the calls below sound. The tests are in `tests`,
//! against the portable form.

#![expect(unsafe_code, reason = "functions for AVX-VNNI are called from ones for any processor")]

use super::avx2::{Avx2, TileCodes, finish, load};
use super::block::{Block, COLUMNS, GROUP, OFFSET};
use super::compute::Compute;
use super::gelu::gelu;
use super::matrix::Matrix;
use super::quantize::Rows;
use super::tile::{Activation, tiles};
use core::arch::x86_64::{__m256i, _mm256_dpbusd_avx_epi32, _mm256_set1_epi32, _mm256_setzero_si256};

/// Rows of a tile: with two columns of sums each, two vectors of weights and one of codes, they fill 15 of 16 registers.
const ROWS: usize = 6;

/// Shows that the processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(super) struct AvxVnni(Avx2);

#[expect(clippy::unused_self, reason = "whoever has one may call these")]
impl AvxVnni {
    pub(super) fn detect() -> Option<Self> {
        Avx2::detect().filter(|_| std::is_x86_feature_detected!("avxvnni")).map(Self)
    }

    pub(super) fn multiply(self, rows: &Rows, matrix: &Matrix, activation: Activation, out: &mut [f32]) {
        // SAFETY: the processor has the instructions, as `self` shows.
        unsafe { multiply(self.0, rows, matrix, activation, out) }
    }

    pub(super) fn multiply_in_registers(self, rounds: u32) -> u64 {
        // SAFETY: the processor has the instructions, as `self` shows.
        unsafe { multiply_in_registers(rounds) }
    }

    pub(super) fn compute(self, work: impl Compute) {
        self.0.compute(work);
    }
}

#[target_feature(enable = "avx2,fma,avxvnni")]
fn multiply(with: Avx2, rows: &Rows, matrix: &Matrix, activation: Activation, out: &mut [f32]) {
    let (codes, steps) = rows.parts();
    let outputs = matrix.outputs();
    for (panel, (blocks, columns)) in matrix.panels().enumerate() {
        for group in 0..COLUMNS / GROUP {
            for (first, height) in tiles(steps.len(), ROWS) {
                let codes = &codes[first * blocks.len()..][..height * blocks.len()];
                let steps = &steps[first..][..height];
                let out = &mut out[first * outputs..][..height * outputs];
                let at = panel * COLUMNS + group * GROUP;
                let offset = i32::from(OFFSET);
                match height {
                    1 => finish(&sums::<1>(codes, blocks, group), steps, offset, columns, group, out, at),
                    2 => finish(&sums::<2>(codes, blocks, group), steps, offset, columns, group, out, at),
                    3 => finish(&sums::<3>(codes, blocks, group), steps, offset, columns, group, out, at),
                    4 => finish(&sums::<4>(codes, blocks, group), steps, offset, columns, group, out, at),
                    5 => finish(&sums::<5>(codes, blocks, group), steps, offset, columns, group, out, at),
                    _ => finish(&sums::<ROWS>(codes, blocks, group), steps, offset, columns, group, out, at),
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

/// The sums of `M` rows of a group.
#[target_feature(enable = "avx2,fma,avxvnni")]
#[inline]
fn sums<const M: usize>(codes: &[[u8; 4]], blocks: &[Block], group: usize) -> [[__m256i; 2]; M] {
    let depth = blocks.len();
    let codes = TileCodes::<M>::new(codes, depth);
    let mut sums = [[_mm256_setzero_si256(); 2]; M];
    for (place, block) in blocks.iter().enumerate() {
        let weights = load(&block.0[group]);
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: there are `M` sums, and `place` is a block's.
            let code = _mm256_set1_epi32(unsafe { codes.at(row, place) });
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = _mm256_dpbusd_avx_epi32(*sum, code, weights);
            }
        }
    }
    sums
}

/// As many sums as a tile has, and two registers with codes and weights.
#[target_feature(enable = "avx2,avxvnni")]
fn multiply_in_registers(rounds: u32) -> u64 {
    const SUMS: usize = 12;
    let mut sums = [_mm256_set1_epi32(1); SUMS];
    let codes = std::hint::black_box(_mm256_set1_epi32(0x0102_0304));
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = _mm256_dpbusd_avx_epi32(*sum, codes, codes);
        }
    }
    std::hint::black_box(sums);
    u64::from(rounds) * SUMS as u64 * 32
}
