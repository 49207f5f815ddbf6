//! One order of what was found by meaning and what was found by words.
//!
//! Each list's scores are divided by its best one, and added with weights. Ranks alone are not enough: where the model
//! does not know a language its list is noise, and one list of noise ruins a good one (measured: .934 becomes .357).

use super::lexical::bm25::{bm25, nearly, possible};
use super::lexical::language::Language;
use super::lexical::terms::QueryTerms;
use crate::base::file_name;
use crate::base::hit::{CorpusStatistics, SearchHit};

/// The weight of the cosine in a question of a language that the model knows, in another one of Latin letters, where it knows names and
/// words that are alike, and in other letters, where it knows nothing; words have the rest. Chosen on the sets of questions in
/// docs/evidence.md, "Search in many languages".
const DENSE_WEIGHTS: (f32, f32, f32) = (0.5, 0.3, 0.1);

/// The part of what a chunk with all of a question's words scores that the best one is taken to have at least: where no chunk has more
/// than a word of it, words tell little.
const POSSIBLE_PART: f32 = 0.5;

/// The least best cosine that is divided by: below, nothing that was found is near.
const COSINE_LEAST: f32 = 0.3;

/// The least score of a chunk that stands first because its file has the name that was asked for.
const NAMED_SCORE: f32 = 0.9;

/// Puts the best chunk of each file that has the name which was asked for before all others. For each hit: its score, and whether it is one
/// of those.
pub fn lift<'a>(hits: impl Iterator<Item = (&'a mut f32, bool)>) {
    let hits: Vec<(&mut f32, bool)> = hits.collect();
    if hits.iter().any(|(_, is_named)| *is_named) {
        for (score, is_named) in hits {
            let least = if is_named { NAMED_SCORE } else { 0.0 };
            let room = if is_named { 1.0 - NAMED_SCORE } else { NAMED_SCORE };
            *score = room.mul_add(score.clamp(0.0, 1.0), least);
        }
    }
}

/// How the scores of one question's hits are put together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fusion {
    dense_weight: f32,
    best_cosine: f32,
    best_words: f32,
}

impl Fusion {
    /// For hits of a question with these cosines and BM25 scores.
    #[must_use]
    pub fn of(terms: &QueryTerms, statistics: &CorpusStatistics, hits: impl Iterator<Item = (f32, f32)>) -> Self {
        let (cosine, words) = hits.fold((0.0_f32, 0.0_f32), |(a, b), (cosine, words)| (a.max(cosine), b.max(words)));
        let best_words = if words > 0.0 { words.max(POSSIBLE_PART * possible(terms, statistics)) } else { 0.0 };
        Self { dense_weight: dense_weight(terms), best_cosine: cosine.max(COSINE_LEAST), best_words }
    }

    /// The score of one of them, 0 to 1.
    #[must_use]
    pub fn score(&self, cosine: f32, words: f32) -> f32 {
        let words = if self.best_words > 0.0 { words / self.best_words } else { 0.0 };
        let weight = if self.best_words > 0.0 { self.dense_weight } else { 1.0 };
        (weight * (cosine / self.best_cosine).max(0.0) + (1.0 - weight) * words).clamp(0.0, 1.0)
    }
}

fn dense_weight(terms: &QueryTerms) -> f32 {
    let (known, latin, other) = DENSE_WEIGHTS;
    match terms.languages() {
        [] => other,
        languages if languages.contains(&Language::English) => known,
        [Language::Arabic | Language::Greek | Language::Russian | Language::Tamil, ..] => other,
        _ => latin,
    }
}

/// The scores of hits for a question, 0 to 1, by the statistics of all devices that they are of. Terms that no chunk of any device has count
/// by what is nearly them.
#[must_use]
pub fn fused<'a>(
    terms: &QueryTerms,
    statistics: &CorpusStatistics,
    hits: impl Iterator<Item = &'a SearchHit> + Clone,
) -> Vec<f32> {
    let is_unknown = |at: &usize| statistics.document_frequencies.get(*at).is_none_or(|chunks| *chunks == 0);
    let unknown: Vec<usize> = terms.looked_up().map(|(at, _)| at).filter(is_unknown).collect();
    let likes = |hit: &SearchHit| terms.nearly(&unknown, [&file_name::words(&hit.path), &hit.heading, &hit.text]);
    let likes: Vec<Vec<f32>> = if unknown.is_empty() { Vec::new() } else { hits.clone().map(likes).collect() };
    let lengths = hits.clone().map(|hit| hit.frequencies.length as f32);
    let exact = hits.clone().map(|hit| {
        // What is counted as nearly the term is not counted twice.
        let mut frequencies = hit.frequencies.clone();
        for at in &unknown {
            frequencies.counts.get_mut(*at).into_iter().for_each(|count| *count = 0);
        }
        bm25(terms, statistics, &frequencies)
    });
    let words: Vec<f32> =
        exact.zip(nearly(statistics, &likes, lengths)).map(|(exact, nearly)| exact + nearly).collect();
    let fusion = Fusion::of(terms, statistics, hits.clone().zip(&words).map(|(hit, words)| (hit.cosine, *words)));
    hits.zip(&words).map(|(hit, words)| fusion.score(hit.cosine, *words)).collect()
}
