//! The score of a hit: its cosine and its terms.

use super::lexical::share;
use crate::base::hit::{CorpusStatistics, TermFrequencies};

/// What words weigh in a score at most; meaning weighs the rest. Half and half is the best for English of those
/// measured in shared/reference/retrieval.md 4e; other languages will want less once they are told apart.
const WORDS: f32 = 0.5;

/// Chunks from which on words weigh in full: among few, even "is" can look like a rare word.
const CHUNKS: f32 = 100.0;

/// A chunk's score: the cosine and the share of the question's words that it holds, weighed; about 0 for a
/// unknown_peer, 1 at best.
#[must_use]
pub fn score(statistics: &CorpusStatistics, cosine: f32, frequencies: &TermFrequencies) -> f32 {
    let words = WORDS * (statistics.chunks as f32 / CHUNKS).min(1.0);
    (1.0 - words) * cosine + words * share(statistics, frequencies)
}
