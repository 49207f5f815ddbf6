//! Activations as codes of eight bits: a scale and a zero point for each row, which is a token.
//!
//! A factor for each place of a row makes the numbers of all places alike, so that a few large ones do not set the step for all. The
//! weights have the opposite factors in them (Xiao et al., "SmoothQuant", 2023).

use super::compute::{CODE_MAX, Compute, Instructions, LANES, MAGIC, vectors};

/// Steps between the lowest and the highest code.
const STEPS: f32 = 254.0;
/// The least span of a row: the codes of numbers nearer to each other than its steps are the zero point.
const SPAN_MIN: f32 = 1e-20;
/// Bytes of a cache line, of most processors.
const LINE: usize = 64;

/// How a row's codes are read: `number = scale * (code - zero)`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Step {
    /// The difference of two codes.
    pub scale: f32,
    /// The code of 0.
    pub zero: i32,
}

/// Rows of codes. A buffer, used from text to text.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    depth: usize,
    /// A row after another; each code is stored as a byte, plus the kernel's offset. The first stand at a cache line's beginning, after
    /// `skip` bytes: a tile's row of 64 then comes from one line.
    codes: Vec<u8>,
    /// What was added to each code: a kernel reads the rows of those with the same offset.
    offset: u8,
    skip: usize,
    steps: Vec<Step>,
}

impl Rows {
    /// A buffer for so many rows and codes, which then allocates nothing more.
    #[must_use]
    pub fn with_capacity(rows: usize, codes: usize) -> Self {
        Self { codes: Vec::with_capacity(codes + LINE), steps: Vec::with_capacity(rows), ..Self::default() }
    }

    /// The codes of a row.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// The number of rows.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.steps.len()
    }

    /// What was added to each code.
    pub(super) const fn offset(&self) -> u8 {
        self.offset
    }

    /// The codes, in fours, and the step of each row.
    pub(super) fn parts(&self) -> (&[[u8; 4]], &[Step]) {
        (self.codes[self.skip..][..self.steps.len() * self.depth].as_chunks().0, &self.steps)
    }

    /// Room for so many rows of this depth, to be written with this offset.
    pub(super) fn reset(&mut self, rows: usize, depth: usize, offset: u8) -> (&mut [u8], &mut [Step]) {
        self.depth = depth;
        self.offset = offset;
        self.codes.resize(rows * depth + LINE, 0);
        self.skip = self.codes.as_ptr().align_offset(LINE).min(LINE);
        self.steps.resize(rows, Step::default());
        (&mut self.codes[self.skip..][..rows * depth], &mut self.steps)
    }

    /// As many rows again below these, to be written: the codes and the steps of all.
    pub(super) fn double(&mut self) -> (&mut [u8], &mut [Step]) {
        let (bytes, skip) = (self.count() * self.depth, self.skip);
        self.reset(2 * self.count(), self.depth, self.offset);
        // Where the buffer was too small, its codes have moved, and begin elsewhere in a cache line.
        self.codes.copy_within(skip..skip + bytes, self.skip);
        (&mut self.codes[self.skip..][..2 * bytes], &mut self.steps)
    }

    #[cfg(test)]
    pub(super) fn from_codes(offset: u8, depth: usize, codes: &[i8], steps: &[Step]) -> Self {
        let codes = codes.iter().map(|code| code.cast_unsigned().wrapping_add(offset)).collect();
        Self { depth, codes, offset, skip: 0, steps: steps.to_vec() }
    }
}

/// A computation of codes.
pub(super) struct Quantize<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) factors: &'a [f32],
    pub(super) offset: u8,
    pub(super) codes: &'a mut [u8],
    pub(super) steps: &'a mut [Step],
}

impl Compute for Quantize<'_> {
    #[inline(always)]
    fn compute<I: Instructions, const N: usize>(self, with: I) {
        let depth = self.factors.len();
        let codes = self.codes.chunks_exact_mut(depth);
        for ((numbers, codes), step) in self.numbers.chunks_exact(depth).zip(codes).zip(self.steps) {
            *step = row(with, vectors(numbers), vectors(self.factors), codes.as_chunks_mut().0, self.offset);
        }
    }
}

/// The codes of a row. Whatever the numbers are, codes are of -127 to 127. The parameters of a model are finite (`Matrix::pack`,
/// `Norm::new`); where they are so large that sums overflow, the codes mean nothing. No multiplication is fused: codes are the same on every processor.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "whole numbers of at most 127")]
pub(super) fn row<I: Instructions>(
    with: I,
    numbers: &[[f32; LANES]],
    factors: &[[f32; LANES]],
    codes: &mut [[u8; LANES]],
    offset: u8,
) -> Step {
    let even = |numbers, factors| with.multiply(with.load(numbers), with.load(factors));
    // 0 is among the codes: a zero point beyond them would overflow the products.
    let (mut high, mut low) = (with.splat(0.0), with.splat(0.0));
    for (numbers, factors) in numbers.iter().zip(factors) {
        let numbers = even(numbers, factors);
        high = with.greatest(numbers, high);
        low = with.least(numbers, low);
    }
    let high = with.greatest_lane(high, 0.0);
    let low = with.greatest_lane(with.multiply(low, with.splat(-1.0)), 0.0);
    let span = (high + low).max(SPAN_MIN);
    let inverse = STEPS / span;
    let zero = (low * inverse).round_ties_even().min(STEPS) - CODE_MAX as f32;
    let (factor, shift) = (with.splat(inverse), with.splat(MAGIC + zero));
    for ((numbers, factors), codes) in numbers.iter().zip(factors).zip(codes) {
        with.codes(with.add(with.multiply(even(numbers, factors), factor), shift), offset, codes);
    }
    Step { scale: span / STEPS, zero: zero as i32 }
}
