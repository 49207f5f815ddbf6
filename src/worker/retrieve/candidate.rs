//! What may be told of a search.

use crate::base::hit::SearchHit;
use crate::base::id::EmbedKey;
use crate::base::vector::Quantized;

/// A chunk that may answer.
pub(super) struct Candidate {
    pub(super) hit: SearchHit,
    pub(super) key: EmbedKey,
    pub(super) vector: Quantized,
    pub(super) score: f32,
}
