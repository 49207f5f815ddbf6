//! The indexes of a device, which change together.

use super::files::Files;
use super::lexical;
use super::lexical::row_set::{Allowed, Taken};
use super::vector;
use crate::base::id::Row;
use crate::base::vector::Signs;

/// What a device's questions are looked up in.
#[derive(Debug, Default)]
pub struct Indexes {
    /// The sign bits of all vectors that may answer.
    pub vectors: vector::Index,
    /// The words of all chunks.
    pub words: lexical::index::Index,
    /// The files of all documents.
    pub files: Files,
}

/// Bytes of memory that the indexes take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexMemory {
    /// The sign bits.
    pub vectors: u64,
    /// The words, without what is in the store, and the list of files.
    pub words: u64,
}

impl Indexes {
    /// The rows nearest by sign bits, with at most `max` different texts; of those that are `allowed`.
    #[must_use]
    pub fn nearest(&self, signs: &Signs, max: usize, allowed: Allowed<'_>) -> Vec<Row> {
        let left_out = self.words.left_out(allowed.shared);
        self.vectors.nearest(signs, max, Taken { left_out, only: allowed.only })
    }

    /// What they take.
    #[must_use]
    pub fn memory(&self) -> IndexMemory {
        IndexMemory { vectors: self.vectors.memory() as u64, words: (self.words.memory() + self.files.memory()) as u64 }
    }
}
