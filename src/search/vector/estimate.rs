//! The cosine of a question and a vector, estimated by the vector's two bits a dimension: a small number stands for 1, a large one for 3,
//! about how the two kinds of amounts relate in embeddings (docs/evidence.md). The question's numbers are taken as int8.
//!
//! A table for each byte of bits has the sum of the question's numbers at the ones of that byte, so that eight dimensions are one
//! look-up. (A table for each nibble takes twice as many.) The sums are whole numbers: the same on all devices.

use crate::base::vector::{BIT_WORDS, Bits, Embedding};

/// Bytes of the bits of a vector.
const BYTES: usize = BIT_WORDS * 8;

/// The sums of eight of the question's numbers, by which of them count.
type Sums = [i16; 256];

/// A question that vectors are held against.
pub(super) struct Estimate {
    /// 24 KiB: they stay in the fastest cache.
    sums: Vec<Sums>,
    /// The sum of all of the question's numbers.
    all: i32,
}

impl Estimate {
    pub(super) fn of(question: &Embedding) -> Self {
        let codes = question.quantize();
        let mut sums: Vec<Sums> = vec![[0; 256]; BYTES];
        let codes: Vec<i16> = codes.bytes().map(|code| code.cast_signed().into()).collect();
        for (sums, codes) in sums.iter_mut().zip(codes.as_chunks::<8>().0) {
            for (bit, code) in codes.iter().enumerate() {
                let (without, with) = sums.split_at_mut(1 << bit);
                with.iter_mut().zip(without).for_each(|(with, without)| *with = *without + code);
            }
        }
        Self { sums, all: codes.iter().map(|code| i32::from(*code)).sum() }
    }

    /// A whole number that orders vectors about as their cosine does: two bits a dimension tell no more, and it is not
    /// divided by the length of what stands for the vector.
    pub(super) fn with(&self, signs: &Bits, large: &Bits) -> i32 {
        // With s the sign of a number (1 or -1), l 1 for a large one, else 0, and q the question's: the sum of s (1 + 2 l) q. Sums over
        // the ones of p, the positive bits, and of l give it: 2 p - all + 2 (2 (p and l) - l).
        let (mut positive, mut both, mut of_large) = (0_i32, 0_i32, 0_i32);
        let mut sums = self.sums.iter();
        for (signs, large) in signs.words().iter().zip(large.words()) {
            for ((signs, large), sums) in signs.to_le_bytes().into_iter().zip(large.to_le_bytes()).zip(&mut sums) {
                positive += i32::from(sums[usize::from(signs)]);
                both += i32::from(sums[usize::from(signs & large)]);
                of_large += i32::from(sums[usize::from(large)]);
            }
        }
        2 * positive - self.all + 2 * (2 * both - of_large)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Fingerprint;
    use crate::base::rng::Rng;
    use crate::limits::DIMENSIONS;

    #[test]
    fn an_estimate_is_the_sum_over_all_dimensions() {
        let mut rng = Rng::new(5);
        for _ in 0..50 {
            let mut numbers = || (0..DIMENSIONS).map(|_| rng.below(2_001) as f32 - 1_000.3).collect::<Vec<f32>>();
            let [question, other] = [numbers(), numbers()].map(|of| Embedding::new(Fingerprint([0; 32]), &of).unwrap());
            let sketch = other.quantize().sketch();
            let bit = |bits: &Bits, at: usize| bits.words()[at / 64] >> (at % 64) & 1 == 1;
            let stands_for = |at: usize| {
                let amount = if bit(&sketch.large, at) { 3 } else { 1 };
                if bit(&sketch.signs, at) { amount } else { -amount }
            };
            let codes = question.quantize();
            let expected: i32 =
                codes.bytes().enumerate().map(|(at, q)| i32::from(q.cast_signed()) * stands_for(at)).sum();
            assert_eq!(Estimate::of(&question).with(&sketch.signs, &sketch.large), expected);
        }
    }
}
