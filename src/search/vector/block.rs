//! Sign bits as they lie in memory: eight vectors in a block, and of these the first 64 signs of each, then the next 64 of each.
//!
//! So one instruction compares the same signs of several vectors, each in its own lane, and no lanes are added up.

use crate::base::vector::{BIT_WORDS, Bits};

/// Vectors in a block.
pub(super) const LANES: usize = 8;

/// A block beside the question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Compared {
    /// How far each vector is.
    pub(super) distances: [u16; LANES],
    /// Whether one is not farther than the limit.
    pub(super) is_near: bool,
}

impl Compared {
    /// Of these distances.
    #[inline]
    pub(super) fn new(distances: [u16; LANES], limit: u16) -> Self {
        Self { distances, is_near: distances.iter().any(|distance| *distance <= limit) }
    }
}

/// Eight vectors: 384 bytes, and each row of it is one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Block(pub(super) [[u64; LANES]; BIT_WORDS]);

impl Block {
    /// A block of vectors without a positive sign.
    pub(super) const EMPTY: Self = Self([[0; LANES]; BIT_WORDS]);

    /// Puts a vector into a lane.
    pub(super) fn set(&mut self, lane: usize, signs: &Bits) {
        for (words, word) in self.0.iter_mut().zip(signs.words()) {
            words[lane % LANES] = *word;
        }
    }

    /// The vector of a lane.
    pub(super) fn get(&self, lane: usize) -> Bits {
        Bits::from_words(self.0.map(|words| words[lane % LANES]))
    }
}
