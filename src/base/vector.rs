//! Embeddings in their three forms: exact (f32), stored (int8 with one scale a vector), sketched (two bits a dimension).
//!
//! The stored form keeps 99.85 % of the exact top ten (with a scale for each vector). The sketches are in memory: a scan compares the sign
//! bits of all of them, and both bits tell which of the nearest are worth reading (`search::vector`).

use crate::base::id::Fingerprint;
use crate::limits::DIMENSIONS;
use std::fmt;

/// Words of 64 bits, one bit a dimension.
pub const BIT_WORDS: usize = DIMENSIONS / 64;

/// Sums that a cosine is added up in: as many as fit the vectors of most processors, and always the same ones, so that all
/// devices get the same number.
const SUMS: usize = 16;

const _: () = assert!(DIMENSIONS.is_multiple_of(64) && DIMENSIONS.is_multiple_of(SUMS), "no number is left over");

/// A unit-length vector with the fingerprint of the model that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    model: Fingerprint,
    values: Box<[f32; DIMENSIONS]>,
}

/// Why numbers are not an embedding, or why two embeddings cannot be compared. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VectorError {
    /// The embeddings are of two models: a fault of the caller.
    MixedModels(Fingerprint, Fingerprint),
    /// There are not exactly `DIMENSIONS` numbers: a fault of the engine or the peer.
    Dimensions(usize),
    /// A number is not finite, or the norm is zero: a fault of the engine or the peer.
    NotFinite,
}

impl fmt::Display for VectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MixedModels(a, b) => write!(f, "vectors of two models ({a} and {b}) cannot be compared"),
            Self::Dimensions(n) => write!(f, "a vector has {n} numbers instead of {DIMENSIONS}"),
            Self::NotFinite => write!(f, "a vector holds a number that is not finite, or its norm is zero"),
        }
    }
}

impl std::error::Error for VectorError {}

impl Embedding {
    /// Checks raw numbers and normalises them to norm 1.
    ///
    /// # Errors
    /// `Dimensions` or `NotFinite`: the numbers are not an embedding.
    pub fn new(model: Fingerprint, raw: &[f32]) -> Result<Self, VectorError> {
        let mut values = Box::new([0.0; DIMENSIONS]);
        if raw.len() != DIMENSIONS {
            return Err(VectorError::Dimensions(raw.len()));
        }
        values.copy_from_slice(raw);
        let norm = values.iter().map(|v| v * v).sum::<f32>().sqrt();
        if !norm.is_finite() || norm <= f32::EPSILON {
            return Err(VectorError::NotFinite);
        }
        values.iter_mut().for_each(|v| *v /= norm);
        Ok(Self { model, values })
    }

    /// The model that made this vector.
    #[must_use]
    pub const fn model(&self) -> Fingerprint {
        self.model
    }

    /// The numbers; their norm is 1.
    #[must_use]
    pub fn values(&self) -> &[f32; DIMENSIONS] {
        &self.values
    }

    /// The cosine of two embeddings, -1 to 1.
    ///
    /// # Errors
    /// `MixedModels` if they are of two models.
    pub fn cosine(&self, other: &Self) -> Result<f32, VectorError> {
        if self.model != other.model {
            return Err(VectorError::MixedModels(self.model, other.model));
        }
        Ok(self.values.iter().zip(other.values.iter()).map(|(a, b)| a * b).sum())
    }

    /// The stored form.
    #[must_use]
    pub fn quantize(&self) -> Quantized {
        let peak = self.values.iter().fold(0.0_f32, |peak, v| peak.max(v.abs()));
        let scale = peak / 127.0;
        // In -127..=127 by construction, so the cast is exact.
        #[expect(clippy::cast_possible_truncation, reason = "peak / scale is 127")]
        let codes = self.values.map(|v| (v / scale).round() as i8);
        Quantized { scale, codes: Box::new(codes) }
    }

    /// Which numbers are positive.
    #[must_use]
    pub fn signs(&self) -> Bits {
        Bits::of(self.values.iter().map(|v| *v > 0.0))
    }
}

/// An embedding as stored: `value = scale * code`. 388 bytes. It is made from checked parts alone: `store::vector` and messages have forms of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantized {
    scale: f32,
    codes: Box<[i8; DIMENSIONS]>,
}

impl Quantized {
    /// Rebuilds a stored vector; `None` if the parts cannot be one (a damaged record).
    #[must_use]
    pub fn from_parts(scale: f32, codes: &[u8]) -> Option<Self> {
        let codes: &[u8; DIMENSIONS] = codes.try_into().ok()?;
        let is_sound = scale.is_finite() && scale > 0.0;
        is_sound.then(|| Self { scale, codes: Box::new(codes.map(u8::cast_signed)) })
    }

    /// What stands for a vector that there is not: all codes are zero.
    #[must_use]
    pub fn none() -> Self {
        Self { scale: 1.0, codes: Box::new([0; DIMENSIONS]) }
    }

    /// Whether it stands for one that there is not.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.codes.iter().all(|code| *code == 0)
    }

    /// The exact form again, as precisely as it was stored.
    ///
    /// # Errors
    /// `NotFinite` if all codes are zero.
    pub fn exact(&self, model: Fingerprint) -> Result<Embedding, VectorError> {
        let raw: Vec<f32> = self.codes.iter().map(|code| f32::from(*code) * self.scale).collect();
        Embedding::new(model, &raw)
    }

    /// The value of one code step.
    #[must_use]
    pub const fn scale(&self) -> f32 {
        self.scale
    }

    /// The codes, one byte a dimension, two's complement.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        self.codes.iter().map(|c| c.cast_unsigned())
    }

    /// The cosine with an exact query vector of the same model. The caller keeps models apart: a store has one.
    #[must_use]
    pub fn cosine(&self, query: &Embedding) -> f32 {
        let mut sums = [0.0_f32; SUMS];
        let (codes, values) = (self.codes.as_chunks::<SUMS>().0, query.values.as_chunks::<SUMS>().0);
        for (codes, values) in codes.iter().zip(values) {
            for ((sum, code), value) in sums.iter_mut().zip(codes).zip(values) {
                *sum += f32::from(*code) * value;
            }
        }
        sums.iter().sum::<f32>() * self.scale
    }

    /// The form that is kept in memory.
    #[must_use]
    pub fn sketch(&self) -> Sketch {
        let sum: u32 = self.codes.iter().map(|code| u32::from(code.unsigned_abs())).sum();
        let count = u32::try_from(self.codes.len()).unwrap_or(u32::MAX);
        let large = self.codes.iter().map(|code| u32::from(code.unsigned_abs()).saturating_mul(count) > sum);
        Sketch { signs: Bits::of(self.codes.iter().map(|code| *code > 0)), large: Bits::of(large) }
    }
}

/// Two bits a dimension: 96 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sketch {
    /// Which numbers are positive.
    pub signs: Bits,
    /// Which are larger, by their amount, than the mean of the vector's amounts.
    pub large: Bits,
}

/// One bit a dimension: 48 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bits([u64; BIT_WORDS]);

impl Bits {
    /// Of the bits of all dimensions; there are no more.
    fn of(bits: impl Iterator<Item = bool>) -> Self {
        let mut words = [0; BIT_WORDS];
        for (at, bit) in bits.enumerate() {
            words.get_mut(at / 64).into_iter().for_each(|word| *word |= u64::from(bit) << (at % 64));
        }
        Self(words)
    }

    /// The bits of these words, the first dimension's in the lowest bit.
    #[must_use]
    pub const fn from_words(words: [u64; BIT_WORDS]) -> Self {
        Self(words)
    }

    /// The words, the first dimension's bit in the lowest.
    #[must_use]
    pub const fn words(&self) -> &[u64; BIT_WORDS] {
        &self.0
    }

    /// The Hamming distance: how many bits differ, 0 to `DIMENSIONS`.
    #[must_use]
    pub fn distance(&self, other: &Self) -> u32 {
        self.0.iter().zip(&other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(phase: f32) -> Vec<f32> {
        (0..DIMENSIONS).map(|i| (i as f32).mul_add(0.37, phase).sin()).collect()
    }

    #[test]
    fn two_models_are_never_mixed() {
        let a = Embedding::new(Fingerprint([1; 32]), &wave(0.0)).unwrap();
        let b = Embedding::new(Fingerprint([2; 32]), &wave(0.0)).unwrap();
        assert!(matches!(a.cosine(&b), Err(VectorError::MixedModels(..))));
        assert!((a.cosine(&a).unwrap() - 1.0).abs() < 1e-5);
    }

    #[test]
    fn invalid_numbers_are_refused() {
        let model = Fingerprint([0; 32]);
        assert_eq!(Embedding::new(model, &[1.0]), Err(VectorError::Dimensions(1)));
        assert_eq!(Embedding::new(model, &[0.0; DIMENSIONS]), Err(VectorError::NotFinite));
        assert_eq!(Embedding::new(model, &[f32::NAN; DIMENSIONS]), Err(VectorError::NotFinite));
    }

    #[test]
    fn the_stored_form_keeps_the_cosine_and_the_signs() {
        let model = Fingerprint([0; 32]);
        let (a, b) = (Embedding::new(model, &wave(0.0)).unwrap(), Embedding::new(model, &wave(0.8)).unwrap());
        let stored = a.quantize();
        assert!((stored.cosine(&b) - a.cosine(&b).unwrap()).abs() < 0.01);
        assert!(stored.sketch().signs.distance(&a.signs()) < 8, "only numbers near zero may lose their sign");
        let bytes: Vec<u8> = stored.bytes().collect();
        assert_eq!(Quantized::from_parts(stored.scale(), &bytes), Some(stored));
    }

    #[test]
    fn a_damaged_stored_vector_is_refused() {
        assert_eq!(Quantized::from_parts(1.0, &[0; 3]), None);
        assert_eq!(Quantized::from_parts(f32::NAN, &[0; DIMENSIONS]), None);
    }

    #[test]
    fn a_sketch_has_the_signs_and_tells_the_large_numbers_from_the_small() {
        let mut codes = [0_u8; DIMENSIONS];
        // 1, -100, 3, and all others 0: the mean of the amounts is below 1.
        codes[..3].copy_from_slice(&[1, 100_u8.wrapping_neg(), 3]);
        let sketch = Quantized::from_parts(0.5, &codes).unwrap().sketch();
        assert_eq!((sketch.signs.words()[0], sketch.large.words()[0]), (0b101, 0b111));
        codes[3..].fill(2);
        let sketch = Quantized::from_parts(0.5, &codes).unwrap().sketch();
        assert_eq!(sketch.large.words(), &[0b110, 0, 0, 0, 0, 0]);
        // Where all are equal, none is large; the least code there is has its amount.
        let equal = Quantized::from_parts(0.5, &[128; DIMENSIONS]).unwrap().sketch();
        assert_eq!((equal.signs, equal.large), (Bits([0; BIT_WORDS]), Bits([0; BIT_WORDS])));
    }
}
