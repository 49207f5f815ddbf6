//! What a device found for a question, as plain values that can travel.

use super::lexical::{Pool, Tally};
use crate::base::id::Row;

/// What words weigh in a score at most; meaning weighs the rest. Half and half is the best for English of those
/// measured in shared/reference/retrieval.md 4e; other languages will want less once they are told apart.
const WORDS: f32 = 0.5;

/// Passages from which on words weigh in full: among few, even "is" can look like a rare word.
const PASSAGES: f32 = 100.0;

/// One passage that answers, as the device that holds it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The passage's row on its device.
    pub row: Row,
    /// The document's path on its device.
    pub path: Vec<u8>,
    /// Headings above the passage.
    pub heading: String,
    /// The exact excerpt.
    pub text: String,
    /// The cosine with the question, -1 to 1; comparable between devices with the same model.
    pub cosine: f32,
    /// How often it holds each of the question's words.
    pub tally: Tally,
}

/// A device's raw list: only the asking agent weighs and merges.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The best passages by this device's own weighing, best first.
    pub hits: Vec<Hit>,
    /// All the passages that it weighed.
    pub pool: Pool,
}

/// A passage's score: the cosine and the share of the question's words that it holds, weighed; about 0 for a
/// unknown_peer, 1 at best.
#[must_use]
pub fn score(pool: &Pool, cosine: f32, tally: &Tally) -> f32 {
    let words = WORDS * (pool.passages as f32 / PASSAGES).min(1.0);
    (1.0 - words) * cosine + words * pool.share(tally)
}
