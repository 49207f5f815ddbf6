//! The score of a hit: its cosine and its lexical score together.

use super::lexical::{QueryTerms, bm25};
use crate::base::hit::{CorpusStatistics, TermFrequencies};

/// The largest weight of the lexical score; the cosine has the rest. One half was the best of the weights measured on
/// English text; other languages will need less once they are detected.
const LEXICAL_WEIGHT: f32 = 0.5;

/// From this many candidates on the lexical score has its full weight: among few, even "is" can look like a rare word.
const CHUNKS_FOR_FULL_WEIGHT: f32 = 100.0;

/// The least score of a chunk that stands first because its file has the name that was asked for.
const NAMED_SCORE: f32 = 0.9;

/// The score of the best chunk of a file that has the name which was asked for, from its score as any chunk.
#[must_use]
pub fn named(score: f32) -> f32 {
    NAMED_SCORE + (1.0 - NAMED_SCORE) * score.clamp(0.0, 1.0)
}

/// A chunk's score: the weighted mean of its cosine and its lexical score; about 0 for an unrelated chunk, 1 at best.
#[must_use]
pub fn score(terms: &QueryTerms, statistics: &CorpusStatistics, cosine: f32, frequencies: &TermFrequencies) -> f32 {
    let weight = LEXICAL_WEIGHT * (statistics.chunks as f32 / CHUNKS_FOR_FULL_WEIGHT).min(1.0);
    (1.0 - weight) * cosine + weight * bm25(terms, statistics, frequencies)
}
