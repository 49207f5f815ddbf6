//! AVX-512 with VNNI: an instruction adds 64 products of bytes to 16 sums. Six rows of a panel's 64 columns are in registers at a time.
//!
//! An [`Avx512`] exists only where the processor has the instructions, which makes the calls below sound. The tests are in `tests`,
//! against the portable form.

#![expect(unsafe_code, reason = "functions for AVX-512 are called from ones for any processor, and vectors are loaded")]

use super::avx2::Avx2;
use super::avx2::TileCodes;
use super::block::{Block, COLUMNS, GROUP, OFFSET};
use super::compute::{CODE_LEAST, Compute, Instructions, LANES, MAGIC_BITS};
use super::gelu::{gelu, gelu_of};
use super::matrix::{Columns, Matrix};
use super::quantize::{Rows, Step};
use super::tile::{Activation, tiles};
use core::arch::x86_64::{
    __m512, __m512i, _mm_add_epi8, _mm_max_epi8, _mm_set1_epi8, _mm_storeu_si128, _mm512_add_epi32, _mm512_add_ps,
    _mm512_and_si512, _mm512_castps_si512, _mm512_castps512_ps256, _mm512_castsi512_ps, _mm512_cvtepi32_ps,
    _mm512_cvtsepi32_epi8, _mm512_dpbusd_epi32, _mm512_dpwssd_epi32, _mm512_extractf32x8_ps, _mm512_fmadd_ps,
    _mm512_loadu_ps, _mm512_loadu_si512, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps, _mm512_or_si512,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_si512, _mm512_slli_epi32, _mm512_srai_epi32, _mm512_storeu_ps,
    _mm512_sub_epi32, _mm512_sub_ps,
};

/// Rows of a tile: with four columns of sums each, and four vectors of weights, they fill 29 of 32 registers.
const ROWS: usize = 6;

/// Shows that the processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx512(Avx2);

#[expect(clippy::unused_self, reason = "whoever has one may call these")]
impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        let has = std::is_x86_feature_detected!("avx512f")
            && std::is_x86_feature_detected!("avx512bw")
            && std::is_x86_feature_detected!("avx512dq")
            && std::is_x86_feature_detected!("avx512vl")
            && std::is_x86_feature_detected!("avx512vnni");
        Avx2::detect().filter(|_| has).map(Self)
    }

    pub(super) fn multiply(self, rows: &Rows, matrix: &Matrix, activation: Activation, out: &mut [f32]) {
        // SAFETY: the processor has the instructions, as `self` shows.
        unsafe { multiply(self, rows, matrix, activation, out) }
    }

    pub(super) fn multiply_in_registers(self, rounds: u32) -> u64 {
        // SAFETY: the processor has the instructions, as `self` shows.
        unsafe { multiply_in_registers(rounds) }
    }

    pub(super) fn compute(self, work: impl Compute) {
        // SAFETY: the processor has the instructions, as `self` shows.
        unsafe { compute(self, work) }
    }
}

// SAFETY of the calls: the processor has the instructions, as `self` shows. Each array that is read or written has the bytes of the
// vector, at any address.
impl Instructions for Avx512 {
    type Lanes = __m512;

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, lanes: __m512, into: &mut [f32; LANES]) {
        // SAFETY: see above.
        unsafe { _mm512_storeu_ps(into.as_mut_ptr(), lanes) }
    }

    #[inline(always)]
    fn splat(self, number: f32) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_set1_ps(number) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn subtract(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn multiply(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn multiply_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn least(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_min_ps(a, b) }
    }

    #[inline(always)]
    fn greatest(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_max_ps(a, b) }
    }

    #[inline(always)]
    fn scale(self, value: __m512, n: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe {
            let n = _mm512_slli_epi32::<23>(_mm512_castps_si512(n));
            _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(value), n))
        }
    }

    #[inline(always)]
    fn codes(self, lanes: __m512, offset: u8, into: &mut [u8; LANES]) {
        // SAFETY: see above.
        unsafe {
            let whole = _mm512_sub_epi32(_mm512_castps_si512(lanes), _mm512_set1_epi32(MAGIC_BITS));
            // Narrowing keeps what is too large at the largest number; -128 becomes the least code.
            let codes = _mm_max_epi8(_mm512_cvtsepi32_epi8(whole), _mm_set1_epi8(CODE_LEAST));
            let codes = _mm_add_epi8(codes, _mm_set1_epi8(offset.cast_signed()));
            _mm_storeu_si128(into.as_mut_ptr().cast(), codes);
        }
    }

    #[inline(always)]
    fn sum(self, lanes: __m512) -> f32 {
        // SAFETY: see above.
        let halves = unsafe { [_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps::<1>(lanes)] };
        self.0.sum(halves)
    }

    #[inline(always)]
    fn greatest_lane(self, lanes: __m512, least: f32) -> f32 {
        // SAFETY: see above.
        let halves = unsafe { [_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps::<1>(lanes)] };
        self.0.greatest_lane(halves, least)
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma")]
fn compute(with: Avx512, work: impl Compute) {
    work.compute::<_, 2>(with);
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma")]
fn multiply(with: Avx512, rows: &Rows, matrix: &Matrix, activation: Activation, out: &mut [f32]) {
    let (codes, steps) = rows.parts();
    let outputs = matrix.outputs();
    for (panel, (blocks, columns)) in matrix.panels().enumerate() {
        for (first, height) in tiles(steps.len(), ROWS) {
            let codes = &codes[first * blocks.len()..][..height * blocks.len()];
            let steps = &steps[first..][..height];
            let out = &mut out[first * outputs..][..height * outputs];
            let at = panel * COLUMNS;
            match height {
                1 => tile::<1>(with, codes, steps, blocks, columns, out, at),
                2 => tile::<2>(with, codes, steps, blocks, columns, out, at),
                3 => tile::<3>(with, codes, steps, blocks, columns, out, at),
                4 => tile::<4>(with, codes, steps, blocks, columns, out, at),
                5 => tile::<5>(with, codes, steps, blocks, columns, out, at),
                _ => tile::<ROWS>(with, codes, steps, blocks, columns, out, at),
            }
            if activation == Activation::Gelu {
                for out in out.chunks_exact_mut(outputs) {
                    gelu(with, &mut out[at..][..COLUMNS]);
                }
            }
        }
    }
}

/// `M` rows of a panel. `out` has `M` rows, of which the 64 numbers from `at` on are written.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma")]
#[inline]
fn tile<const M: usize>(
    with: Avx512,
    codes: &[[u8; 4]],
    steps: &[Step],
    blocks: &[Block],
    columns: &Columns,
    out: &mut [f32],
    at: usize,
) {
    let depth = blocks.len();
    let codes = TileCodes::<M>::new(codes, depth);
    let mut sums = [[_mm512_setzero_si512(); 4]; M];
    for (place, block) in blocks.iter().enumerate() {
        let [a, b, c, d] = &block.0;
        let weights = [load(a), load(b), load(c), load(d)];
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: there are `M` sums, and `place` is a block's.
            let code = _mm512_set1_epi32(unsafe { codes.at(row, place) });
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = _mm512_dpbusd_epi32(*sum, code, weights);
            }
        }
    }
    let stride = out.len() / M;
    for group in 0..COLUMNS / GROUP {
        let finish = Finish::new(columns, group);
        for ((out, step), sums) in out.chunks_exact_mut(stride).zip(steps).zip(&sums) {
            let numbers = finish.numbers(sums[group], *step);
            with.store(numbers, &mut out[at + group * GROUP..].as_chunks_mut().0[0]);
        }
    }
}

/// What makes numbers of the sums of a group of columns.
pub(super) struct Finish {
    /// The column sums, each in two parts: its 128ths, rounded down, and the rest.
    parts: __m512i,
    scales: __m512,
    biases: __m512,
}

impl Finish {
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(super) fn new(columns: &Columns, group: usize) -> Self {
        // SAFETY: each array has the 64 bytes of a vector, at any address.
        let (sums, scales, biases) = unsafe {
            (
                _mm512_loadu_si512(columns.sums[group].as_ptr().cast()),
                _mm512_loadu_ps(columns.scales[group].as_ptr()),
                _mm512_loadu_ps(columns.biases[group].as_ptr()),
            )
        };
        let parts = _mm512_slli_epi32::<16>(_mm512_srai_epi32::<7>(sums));
        let parts = _mm512_or_si512(parts, _mm512_and_si512(sums, _mm512_set1_epi32(127)));
        Self { parts, scales, biases }
    }

    /// A zero point times a column sum is taken off as a sum of two products of 16 bits, in one instruction instead of three. Zero points
    /// are of 1 to 255 here, column sums within 127 * 16,384: no part of a product has more than 16 bits, and no sum more than 32.
    #[target_feature(enable = "avx512f,avx512vnni")]
    #[inline]
    pub(super) fn numbers(&self, sums: __m512i, step: Step) -> __m512 {
        let less = -(step.zero + i32::from(OFFSET));
        let parts = _mm512_set1_epi32(less << 23 | less & 0xFFFF);
        let whole = _mm512_cvtepi32_ps(_mm512_dpwssd_epi32(sums, self.parts, parts));
        _mm512_fmadd_ps(whole, _mm512_mul_ps(self.scales, _mm512_set1_ps(step.scale)), self.biases)
    }

    /// Numbers of a tile of sums, `out` of a row of `out.len() / sums.len()` numbers each, of which the 16 from `at` on are written.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma")]
    #[inline]
    pub(super) fn tile(
        &self,
        with: Avx512,
        (sums, steps): (&[[i32; GROUP]], &[Step]),
        activation: Activation,
        out: &mut [f32],
        at: usize,
    ) {
        let stride = out.len() / sums.len().max(1);
        for ((out, step), sums) in out.chunks_exact_mut(stride).zip(steps).zip(sums) {
            // SAFETY: the array has the 64 bytes of a vector, at any address.
            let sums = unsafe { _mm512_loadu_si512(sums.as_ptr().cast()) };
            let numbers = self.numbers(sums, *step);
            let numbers = if activation == Activation::Gelu { gelu_of(with, numbers) } else { numbers };
            with.store(numbers, &mut out[at..].as_chunks_mut().0[0]);
        }
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load(weights: &[i8; 64]) -> __m512i {
    // SAFETY: the array has the 64 bytes that are read, at any address.
    unsafe { _mm512_loadu_si512(weights.as_ptr().cast()) }
}

/// As many sums as a tile has, and two registers with codes and weights.
#[target_feature(enable = "avx512f,avx512vnni")]
fn multiply_in_registers(rounds: u32) -> u64 {
    const SUMS: usize = 24;
    let mut sums = [_mm512_set1_epi32(1); SUMS];
    let codes = std::hint::black_box(_mm512_set1_epi32(0x0102_0304));
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = _mm512_dpbusd_epi32(*sum, codes, codes);
        }
    }
    std::hint::black_box(sums);
    u64::from(rounds) * SUMS as u64 * 64
}
