//! Residual addition and layer normalisation (Ba, Kiros, Hinton: "Layer Normalization", 2016), whose result is quantized at once.
//!
//! The shifts are not in the codes: few of them are large, but those would set the step of all codes of a row. What they add to a
//! product is the same for all texts, and stands in its biases (`Matrix::add_input`; Wei et al., "Outlier Suppression+", 2023).

use super::compute::{Compute, Instructions, LANES, vectors, vectors_mut};
use super::kernel::Kernel;
use super::quantize::{Rows, Step, row};

/// The parameters of a layer normalisation.
#[derive(Clone, Debug)]
pub struct Norm {
    gain: Vec<f32>,
    shift: Vec<f32>,
    epsilon: f32,
}

impl Norm {
    /// Of gains and shifts, one for each place of a row, of which there is a multiple of 16, all finite; else `None`.
    #[must_use]
    pub fn new(gain: Vec<f32>, shift: Vec<f32>, epsilon: f32) -> Option<Self> {
        let fits = gain.len() == shift.len() && !gain.is_empty() && gain.len().is_multiple_of(LANES);
        let finite = epsilon.is_finite() && gain.iter().chain(&shift).all(|number| number.is_finite());
        (fits && finite).then_some(Self { gain, shift, epsilon })
    }

    /// What is added to every row in the end, and is not in its codes.
    #[must_use]
    pub fn shift(&self) -> &[f32] {
        &self.shift
    }

    #[cfg(test)]
    pub(super) fn scaled(&self, row: &[f32]) -> Vec<f32> {
        row.iter().zip(&self.gain).zip(&self.shift).map(|((number, gain), shift)| number * gain + shift).collect()
    }

    /// The numbers of a row.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.gain.len()
    }
}

impl Kernel {
    /// `numbers` becomes the normalisation of itself plus `more`, and `rows` the codes of it without the shifts, each number
    /// multiplied by its place's factor before.
    ///
    /// # Panics
    /// If the numbers are no whole rows, or are not as many as `more`, or factors are missing.
    pub fn add_normalize(self, numbers: &mut [f32], more: &[f32], (norm, factors): (&Norm, &[f32]), rows: &mut Rows) {
        assert_eq!(norm.depth(), factors.len(), "a factor for each place");
        assert!(numbers.len() == more.len() && numbers.len().is_multiple_of(norm.depth()), "rows of the same lengths");
        let (codes, steps) = rows.reset(numbers.len() / norm.depth(), norm.depth(), self.offset());
        self.compute(AddNormalize { numbers, more, norm, factors, offset: self.offset(), codes, steps });
    }
}

struct AddNormalize<'a> {
    numbers: &'a mut [f32],
    more: &'a [f32],
    norm: &'a Norm,
    factors: &'a [f32],
    offset: u8,
    codes: &'a mut [u8],
    steps: &'a mut [Step],
}

impl Compute for AddNormalize<'_> {
    #[inline(always)]
    fn compute<I: Instructions, const N: usize>(self, with: I) {
        let depth = self.norm.depth();
        let inputs = self.numbers.chunks_exact_mut(depth).zip(self.more.chunks_exact(depth));
        for ((numbers, more), (codes, step)) in inputs.zip(self.codes.chunks_exact_mut(depth).zip(self.steps)) {
            let numbers = vectors_mut(numbers);
            add_normalize(with, numbers, vectors(more), self.norm);
            *step = row(with, numbers, vectors(self.factors), codes.as_chunks_mut().0, self.offset);
            for (numbers, shift) in numbers.iter_mut().zip(vectors(&self.norm.shift)) {
                with.store(with.add(with.load(numbers), with.load(shift)), numbers);
            }
        }
    }
}

/// The normalisation without its shifts.
#[inline(always)]
fn add_normalize<I: Instructions>(with: I, numbers: &mut [[f32; LANES]], more: &[[f32; LANES]], norm: &Norm) {
    let count = norm.depth() as f32;
    let mut sums = with.splat(0.0);
    for (numbers, more) in numbers.iter_mut().zip(more) {
        let sum = with.add(with.load(numbers), with.load(more));
        with.store(sum, numbers);
        sums = with.add(sums, sum);
    }
    let mean = with.splat(with.sum(sums) / count);
    let mut squares = with.splat(0.0);
    for numbers in numbers.iter() {
        let off = with.subtract(with.load(numbers), mean);
        squares = with.multiply_add(off, off, squares);
    }
    let inverse = with.splat(1.0 / (with.sum(squares) / count + norm.epsilon).sqrt());
    for (numbers, gain) in numbers.iter_mut().zip(vectors(&norm.gain)) {
        let off = with.multiply(with.subtract(with.load(numbers), mean), inverse);
        with.store(with.multiply(off, with.load(gain)), numbers);
    }
}
