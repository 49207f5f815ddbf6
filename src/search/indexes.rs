//! Both indexes of a device, which change together.

use super::lexical;
use super::vector;

/// What a device's questions are looked up in.
#[derive(Debug, Default)]
pub struct Indexes {
    /// The sign bits of all vectors that may answer.
    pub vectors: vector::Index,
    /// The words of all chunks.
    pub words: lexical::index::Index,
}
