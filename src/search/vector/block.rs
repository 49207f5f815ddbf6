//! Sign bits as they lie in memory: eight vectors in a block, and of these the first 64 signs of each, then the next 64 of each.
//!
//! So one instruction compares the same signs of several vectors, each in its own lane, and no lanes are added up.

use crate::base::vector::{SIGN_WORDS, Signs};

/// Vectors in a block.
pub(super) const LANES: usize = 8;

/// How far each vector of a block is from the question.
pub(super) type Distances = [u16; LANES];

/// Eight vectors: 384 bytes, and each row of it is one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Block(pub(super) [[u64; LANES]; SIGN_WORDS]);

impl Block {
    /// A block of vectors without a positive sign.
    pub(super) const EMPTY: Self = Self([[0; LANES]; SIGN_WORDS]);

    /// Puts a vector into a lane.
    pub(super) fn set(&mut self, lane: usize, signs: &Signs) {
        for (words, word) in self.0.iter_mut().zip(signs.words()) {
            words[lane % LANES] = *word;
        }
    }

    /// The vector of a lane.
    pub(super) fn get(&self, lane: usize) -> Signs {
        Signs::from_words(self.0.map(|words| words[lane % LANES]))
    }
}
