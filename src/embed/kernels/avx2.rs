//! AVX2: sums of pairs of products of bytes in 16 bits, and of pairs of those in 32. Six rows of a group of 16 columns are in
//! registers at a time.
//!
//! The instruction for the products takes an unsigned byte, which is the code with its offset, and a signed one, the weight. Where the
//! weights of a block are so large that a sum of two products might not fit 16 bits (`pairs`), it takes the size of a weight as the
//! unsigned byte, and the code without its offset as the signed one, whose bits are turned over where the weight is negative. That makes it its
//! opposite less one, so that a negative weight's size is missing from the sum, whatever the code: sums begin with these sizes, and with
//! what the offset would have added (`Order::begin`). Such a sum is at most 2 * 127 * 128. All sums are exact.
//!
//! An [`Avx2`] exists only where the processor has the instructions, which makes the calls below sound. The tests are in `tests`,
//! against the portable form.

#![expect(unsafe_code, reason = "functions for AVX2 are called from ones for any processor, and vectors are loaded")]

use super::block::{Block, COLUMNS, GROUP, OFFSET};
use super::compute::{CODE_LEAST, Compute, Instructions, LANES as WIDE, MAGIC_BITS};
use super::gelu::gelu;
use super::matrix::{Columns, Matrix};
use super::pairs::Order;
use super::quantize::{Rows, Step};
use super::tile::{Activation, tiles};
use core::arch::x86_64::{
    __m256, __m256i, _mm_add_epi8, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_max_epi8, _mm_max_ps, _mm_max_ss,
    _mm_movehdup_ps, _mm_movehl_ps, _mm_packs_epi16, _mm_set1_epi8, _mm_storeu_si128, _mm256_abs_epi8,
    _mm256_add_epi32, _mm256_add_ps, _mm256_castps_si256, _mm256_castps256_ps128, _mm256_castsi256_ps,
    _mm256_castsi256_si128, _mm256_cmpgt_epi8, _mm256_cvtepi32_ps, _mm256_extractf128_ps, _mm256_extracti128_si256,
    _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_max_ps,
    _mm256_min_ps, _mm256_mul_ps, _mm256_mullo_epi32, _mm256_packs_epi32, _mm256_permute4x64_epi64, _mm256_set1_epi8,
    _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_si256, _mm256_slli_epi32, _mm256_storeu_ps,
    _mm256_sub_epi32, _mm256_sub_ps, _mm256_xor_si256,
};

/// Rows of a tile: with two columns of sums each, a vector of codes, one of products and the ones they fill 15 of 16 registers.
const ROWS: usize = 6;
const LANES: usize = 8;

/// Shows that the processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        let has = std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma");
        has.then_some(Self(()))
    }

    pub(super) fn multiply(self, rows: &Rows, matrix: &Matrix, activation: Activation, out: &mut [f32]) {
        // SAFETY: the processor has the instructions, as `self` shows.
        unsafe { multiply(self, rows, matrix, activation, out) }
    }

    pub(super) fn compute(self, work: impl Compute) {
        // SAFETY: the processor has the instructions, as `self` shows.
        unsafe { compute(self, work) }
    }
}

/// A vector: two registers.
type Pair = [__m256; 2];

// SAFETY of the calls: the processor has the instructions, as `self` shows. Each array that is read or written has the bytes of the
// vector, at any address.
impl Instructions for Avx2 {
    type Lanes = Pair;

    #[inline(always)]
    fn load(self, from: &[f32; WIDE]) -> Pair {
        let (halves, _) = from.as_chunks::<LANES>();
        // SAFETY: see above.
        unsafe { [_mm256_loadu_ps(halves[0].as_ptr()), _mm256_loadu_ps(halves[1].as_ptr())] }
    }

    #[inline(always)]
    fn store(self, lanes: Pair, into: &mut [f32; WIDE]) {
        let (halves, _) = into.as_chunks_mut::<LANES>();
        // SAFETY: see above.
        unsafe {
            _mm256_storeu_ps(halves[0].as_mut_ptr(), lanes[0]);
            _mm256_storeu_ps(halves[1].as_mut_ptr(), lanes[1]);
        }
    }

    #[inline(always)]
    fn splat(self, number: f32) -> Pair {
        // SAFETY: see above.
        unsafe { [_mm256_set1_ps(number); 2] }
    }

    #[inline(always)]
    fn add(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn subtract(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn multiply(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn multiply_add(self, a: Pair, b: Pair, c: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])] }
    }

    #[inline(always)]
    fn least(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [_mm256_min_ps(a[0], b[0]), _mm256_min_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn greatest(self, a: Pair, b: Pair) -> Pair {
        // SAFETY: see above.
        unsafe { [_mm256_max_ps(a[0], b[0]), _mm256_max_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn scale(self, value: Pair, n: Pair) -> Pair {
        // SAFETY: see above.
        unsafe {
            let n = n.map(|n| _mm256_slli_epi32::<23>(_mm256_castps_si256(n)));
            let bits = value.map(|value| _mm256_castps_si256(value));
            [_mm256_castsi256_ps(_mm256_add_epi32(bits[0], n[0])), _mm256_castsi256_ps(_mm256_add_epi32(bits[1], n[1]))]
        }
    }

    #[inline(always)]
    fn codes(self, lanes: Pair, offset: u8, into: &mut [u8; WIDE]) {
        // SAFETY: see above.
        unsafe {
            let magic = _mm256_set1_epi32(MAGIC_BITS);
            let low = _mm256_sub_epi32(_mm256_castps_si256(lanes[0]), magic);
            let high = _mm256_sub_epi32(_mm256_castps_si256(lanes[1]), magic);
            // Packing keeps what is too large at the largest of 16 bits, but swaps the middle quarters.
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(low, high));
            let words = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
            // Packed, -128 is the least: it becomes the least code.
            let codes = _mm_max_epi8(words, _mm_set1_epi8(CODE_LEAST));
            _mm_storeu_si128(into.as_mut_ptr().cast(), _mm_add_epi8(codes, _mm_set1_epi8(offset.cast_signed())));
        }
    }

    #[inline(always)]
    fn sum(self, lanes: Pair) -> f32 {
        // SAFETY: see above.
        unsafe {
            let eight = _mm256_add_ps(lanes[0], lanes[1]);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }

    #[inline(always)]
    fn greatest_lane(self, lanes: Pair, least: f32) -> f32 {
        let lanes = self.greatest(lanes, self.splat(least));
        // SAFETY: see above.
        unsafe {
            let eight = _mm256_max_ps(lanes[0], lanes[1]);
            let four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
        }
    }
}

#[target_feature(enable = "avx2,fma")]
fn compute(with: Avx2, work: impl Compute) {
    work.compute::<_, 1>(with);
}

#[target_feature(enable = "avx2,fma")]
fn multiply(with: Avx2, rows: &Rows, matrix: &Matrix, activation: Activation, out: &mut [f32]) {
    let (codes, steps) = rows.parts();
    let outputs = matrix.outputs();
    for ((panel, (blocks, columns)), orders) in
        matrix.panels().enumerate().zip(matrix.orders().chunks_exact(COLUMNS / GROUP))
    {
        for (group, order) in orders.iter().enumerate() {
            for (first, height) in tiles(steps.len(), ROWS) {
                let codes = &codes[first * blocks.len()..][..height * blocks.len()];
                let steps = &steps[first..][..height];
                let out = &mut out[first * outputs..][..height * outputs];
                let at = panel * COLUMNS + group * GROUP;
                let offset = i32::from(OFFSET);
                match height {
                    1 => finish(&sums::<1>(codes, blocks, order, group), steps, offset, columns, group, out, at),
                    2 => finish(&sums::<2>(codes, blocks, order, group), steps, offset, columns, group, out, at),
                    3 => finish(&sums::<3>(codes, blocks, order, group), steps, offset, columns, group, out, at),
                    4 => finish(&sums::<4>(codes, blocks, order, group), steps, offset, columns, group, out, at),
                    5 => finish(&sums::<5>(codes, blocks, order, group), steps, offset, columns, group, out, at),
                    _ => finish(&sums::<ROWS>(codes, blocks, order, group), steps, offset, columns, group, out, at),
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

/// The codes of `M` rows, in fours: one for each block. The loops of the kernels read them without a look at the bounds, which takes as
/// long as a product.
pub(super) struct TileCodes<'a, const M: usize> {
    codes: &'a [[u8; 4]],
    depth: usize,
}

impl<'a, const M: usize> TileCodes<'a, M> {
    pub(super) fn new(codes: &'a [[u8; 4]], depth: usize) -> Self {
        assert_eq!(codes.len(), M * depth, "`M` rows of four codes for each block");
        Self { codes, depth }
    }

    /// The codes of a row for a block.
    ///
    /// # Safety
    /// `row` is below `M`, and `place` below the number of blocks.
    #[inline(always)]
    pub(super) unsafe fn at(&self, row: usize, place: usize) -> i32 {
        debug_assert!(row < M && place < self.depth, "row {row}, block {place}");
        // SAFETY: `new` has found `M * depth` codes; see above.
        i32::from_le_bytes(unsafe { *self.codes.get_unchecked(row * self.depth + place) })
    }
}

/// The sums of `M` rows of a group.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn sums<const M: usize>(codes: &[[u8; 4]], blocks: &[Block], order: &Order, group: usize) -> [[__m256i; 2]; M] {
    let depth = blocks.len();
    let codes = TileCodes::<M>::new(codes, depth);
    let ones = _mm256_set1_epi16(1);
    let mut sums = [load_sums(&order.begin); M];
    let (safe, others) = order.parts();
    for place in safe {
        let place = usize::from(*place);
        let weights = load(&blocks[place].0[group]);
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: there are `M` sums, and `place` is a block's, as was found above.
            let code = _mm256_set1_epi32(unsafe { codes.at(row, place) });
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(_mm256_maddubs_epi16(code, weights), ones));
            }
        }
    }
    for place in others {
        let place = usize::from(*place);
        let weights = load(&blocks[place].0[group]);
        let sizes = [_mm256_abs_epi8(weights[0]), _mm256_abs_epi8(weights[1])];
        let offset = _mm256_set1_epi8(OFFSET.cast_signed());
        let flips = weights.map(|weights| _mm256_xor_si256(_mm256_cmpgt_epi8(_mm256_setzero_si256(), weights), offset));
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: there are `M` sums, and `place` is a block's, as was found above.
            let code = _mm256_set1_epi32(unsafe { codes.at(row, place) });
            for (sum, (size, flip)) in sums.iter_mut().zip(sizes.into_iter().zip(flips)) {
                let pairs = _mm256_maddubs_epi16(size, _mm256_xor_si256(code, flip));
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    sums
}

/// From the sums of a group to numbers. `out` has `M` rows, of which the 16 numbers from `at` on are written; `offset` is what the
/// codes had more.
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(super) fn finish<const M: usize>(
    sums: &[[__m256i; 2]; M],
    steps: &[Step],
    offset: i32,
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
        let zero = _mm256_set1_epi32(step.zero + offset);
        let scale = _mm256_set1_ps(step.scale);
        let out = out[at..][..GROUP].as_chunks_mut::<LANES>().0;
        let halves = column_sums.iter().zip(scales).zip(biases);
        for ((out, sum), ((column_sums, scales), biases)) in out.iter_mut().zip(sums).zip(halves) {
            // SAFETY: each array has the 32 bytes of a vector, at any address.
            unsafe {
                let column_sums = _mm256_loadu_si256(column_sums.as_ptr().cast());
                let whole = _mm256_sub_epi32(*sum, _mm256_mullo_epi32(zero, column_sums));
                let scale = _mm256_mul_ps(_mm256_loadu_ps(scales.as_ptr()), scale);
                let bias = _mm256_loadu_ps(biases.as_ptr());
                _mm256_storeu_ps(out.as_mut_ptr(), _mm256_fmadd_ps(_mm256_cvtepi32_ps(whole), scale, bias));
            }
        }
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn load_sums(sums: &[i32; GROUP]) -> [__m256i; 2] {
    let (halves, _) = sums.as_chunks::<LANES>();
    // SAFETY: each half has the 32 bytes that are read, at any address.
    unsafe { [_mm256_loadu_si256(halves[0].as_ptr().cast()), _mm256_loadu_si256(halves[1].as_ptr().cast())] }
}

/// The two vectors of a group of a block.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn load(weights: &[i8; 64]) -> [__m256i; 2] {
    let (halves, _) = weights.as_chunks::<32>();
    // SAFETY: each half has the 32 bytes that are read, at any address.
    unsafe { [_mm256_loadu_si256(halves[0].as_ptr().cast()), _mm256_loadu_si256(halves[1].as_ptr().cast())] }
}
