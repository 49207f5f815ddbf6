//! Finer codes, for short texts: below the rows of codes stand as many rows with codes of what the first leave over, and a product
//! of both is added up. Numbers so have the resolution of 16 bits, by the instructions for 8.
//!
//! The steps of a long text's tokens err this way and that, and their mean hardly does; of three tokens that is not so (the figures:
//! docs/evidence.md, "short texts" of issue 15).

use super::compute::{Compute, Instructions, LANES, MAGIC, vectors, vectors_mut};
use super::gelu::gelu;
use super::kernel::Kernel;
use super::matrix::Matrix;
use super::quantize::{Rows, Step};
use super::tile::Activation;

/// The steps of the finer codes in one of the codes above: what is left over is at most half a step to each side, and codes are of -127 to 127.
const FINER: f32 = 254.0;

impl Kernel {
    /// Adds as many rows to `rows`, which are the codes of `numbers` without `shift`: the codes of what those leave over.
    ///
    /// # Panics
    /// If there are not as many rows of numbers as of codes, or their lengths differ.
    pub fn refine(self, numbers: &[f32], shift: Option<&[f32]>, factors: &[f32], rows: &mut Rows) {
        let depth = rows.depth();
        let fits = factors.len() == depth && shift.is_none_or(|shift| shift.len() == depth);
        assert!(fits && numbers.len() == rows.count() * depth, "the numbers of these rows");
        debug_assert_eq!(rows.offset(), self.offset(), "codes that another kind of kernel wrote");
        let (codes, steps) = rows.double();
        self.compute(Refine { numbers, shift, factors, offset: self.offset(), codes, steps });
    }

    /// The sum of the results for the codes and the finer codes of each row, after the activation: the first half of `products`, which
    /// are [`Kernel::multiply`]'s, without an activation, for rows that are refined.
    ///
    /// # Panics
    /// If the results are no whole rows, or a row has no finer one.
    pub fn join(self, matrix: &Matrix, activation: Activation, products: &mut [f32]) {
        assert!(products.len().is_multiple_of(2 * matrix.outputs()), "two results for each row");
        self.compute(Join { matrix, activation, products });
    }
}

struct Refine<'a> {
    numbers: &'a [f32],
    shift: Option<&'a [f32]>,
    factors: &'a [f32],
    offset: u8,
    codes: &'a mut [u8],
    steps: &'a mut [Step],
}

impl Compute for Refine<'_> {
    #[inline(always)]
    fn compute<I: Instructions, const N: usize>(self, with: I) {
        let depth = self.factors.len();
        let (codes, finer) = self.codes.split_at_mut(self.numbers.len());
        let (steps, finer_steps) = self.steps.split_at_mut(self.numbers.len() / depth);
        let numbers = self.numbers.chunks_exact(depth);
        let codes = codes.chunks_exact(depth).zip(finer.chunks_exact_mut(depth));
        for ((numbers, (codes, finer)), (step, finer_step)) in numbers.zip(codes).zip(steps.iter().zip(finer_steps)) {
            *finer_step = Step { scale: step.scale / FINER, zero: 0 };
            let inverse = with.splat(1.0 / finer_step.scale);
            let (zero, scale, magic) = (step.zero as f32, with.splat(-step.scale), with.splat(MAGIC));
            let places = vectors(numbers).iter().zip(vectors(self.factors)).enumerate();
            let codes = codes.as_chunks::<LANES>().0.iter().zip(finer.as_chunks_mut().0);
            for ((at, (numbers, factors)), (codes, finer)) in places.zip(codes) {
                let mut number = with.load(numbers);
                if let Some(shift) = self.shift {
                    number = with.subtract(number, with.load(&vectors(shift)[at]));
                }
                let known = codes.map(|code| f32::from(code.wrapping_sub(self.offset).cast_signed()) - zero);
                let left = with.multiply_add(scale, with.load(&known), with.multiply(number, with.load(factors)));
                with.codes(with.add(with.multiply(left, inverse), magic), self.offset, finer);
            }
        }
    }
}

struct Join<'a> {
    matrix: &'a Matrix,
    activation: Activation,
    products: &'a mut [f32],
}

impl Compute for Join<'_> {
    #[inline(always)]
    fn compute<I: Instructions, const N: usize>(self, with: I) {
        let outputs = self.matrix.outputs();
        let (sums, finer) = self.products.split_at_mut(self.products.len() / 2);
        for (sums, finer) in sums.chunks_exact_mut(outputs).zip(finer.chunks_exact(outputs)) {
            // Each of the two has the biases.
            let more = vectors(finer).iter().zip(self.matrix.biases());
            for (sum, (finer, biases)) in vectors_mut(sums).iter_mut().zip(more) {
                let finer = with.subtract(with.load(finer), with.load(biases));
                with.store(with.add(with.load(sum), finer), sum);
            }
        }
        if self.activation == Activation::Gelu {
            gelu(with, sums);
        }
    }
}
