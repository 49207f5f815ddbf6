//! One order of what was found by meaning and what was found by words.
//!
//! Each list's scores are divided by its best one, and added with weights. Ranks alone are not enough: where the model
//! does not know a language its list is noise, and one list of noise ruins a good one (measured: .934 becomes .357).

use super::lexical::bm25::bm25;
use super::lexical::terms::QueryTerms;
use crate::base::hit::{CorpusStatistics, TermFrequencies};

/// The weight of the cosine in a question whose words the model knows; words have the rest.
const DENSE_WEIGHT: f32 = 0.5;

/// The least best cosine that is divided by: below, nothing that was found is near.
const COSINE_LEAST: f32 = 0.3;

/// The least score of a chunk that stands first because its file has the name that was asked for.
const NAMED_SCORE: f32 = 0.9;

/// The score of the best chunk of a file that has the name which was asked for, from its score as any chunk.
#[must_use]
pub fn named(score: f32) -> f32 {
    NAMED_SCORE + (1.0 - NAMED_SCORE) * score.clamp(0.0, 1.0)
}

/// How the scores of one question's hits are put together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fusion {
    dense_weight: f32,
    best_cosine: f32,
    best_words: f32,
}

impl Fusion {
    /// For hits with these cosines and BM25 scores.
    #[must_use]
    pub fn of(hits: impl Iterator<Item = (f32, f32)>) -> Self {
        let (cosine, words) = hits.fold((0.0_f32, 0.0_f32), |(a, b), (cosine, words)| (a.max(cosine), b.max(words)));
        Self { dense_weight: DENSE_WEIGHT, best_cosine: cosine.max(COSINE_LEAST), best_words: words }
    }

    /// The score of one of them, 0 to 1.
    #[must_use]
    pub fn score(&self, cosine: f32, words: f32) -> f32 {
        let words = if self.best_words > 0.0 { words / self.best_words } else { 0.0 };
        let weight = if self.best_words > 0.0 { self.dense_weight } else { 1.0 };
        (weight * (cosine / self.best_cosine).max(0.0) + (1.0 - weight) * words).clamp(0.0, 1.0)
    }
}

/// The BM25 scores of hits, with what is nearly a term that no chunk of any device has.
#[must_use]
pub fn words_scores<'a>(
    terms: &QueryTerms,
    statistics: &CorpusStatistics,
    hits: &[(&TermFrequencies, [&'a str; 3])],
) -> Vec<f32> {
    let is_unknown = |at: &usize| statistics.document_frequencies.get(*at).is_none_or(|chunks| *chunks == 0);
    let unknown: Vec<usize> = terms.looked_up().map(|(at, _)| at).filter(is_unknown).collect();
    let nearly: Vec<Vec<f32>> = if unknown.is_empty() {
        Vec::new()
    } else {
        hits.iter().map(|(_, parts)| terms.nearly(&unknown, *parts)).collect()
    };
    let exact = hits.iter().map(|(frequencies, _)| bm25(terms, statistics, frequencies));
    let lengths = hits.iter().map(|(frequencies, _)| frequencies.length as f32);
    exact
        .zip(super::lexical::bm25::nearly(statistics, &nearly, lengths))
        .map(|(exact, nearly)| exact + nearly)
        .collect()
}
