//! The lexical score: BM25 over the candidates of one question, on one device or several.
//!
//! There is no inverted index yet: the candidates come from the vector scan, and document frequencies are counted among
//! them. On the 472 questions of chunkeval that raises the share of answered ones from 79 % to 88 % (docs/evidence.md).

use crate::base::hit::{CorpusStatistics, TermFrequencies};
use crate::limits::QUESTION_WORDS_MAX;
use std::collections::BTreeMap;
use unicode_segmentation::UnicodeSegmentation;

/// Saturation of repeated words, and the weight of a chunk's length: the usual values (Robertson and Zaragoza, "The
/// Probabilistic Relevance Framework: BM25 and Beyond", 2009).
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// The terms of a question: its distinct words, each with its index in [`TermFrequencies`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryTerms {
    terms: BTreeMap<String, usize>,
}

impl QueryTerms {
    /// The first `QUESTION_WORDS_MAX` distinct words in the order of the question, so that all devices number them
    /// alike.
    #[must_use]
    pub fn new(question: &str) -> Self {
        let mut terms = BTreeMap::new();
        for word in words(question) {
            let next = terms.len();
            if next < QUESTION_WORDS_MAX {
                terms.entry(word).or_insert(next);
            }
        }
        Self { terms }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// Whether the question has no words.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Counts the terms in one chunk: its heading and its text.
    #[must_use]
    pub fn count(&self, parts: [&str; 2]) -> TermFrequencies {
        let mut frequencies = TermFrequencies::zero(self.terms.len());
        for word in parts.iter().flat_map(|part| words(part)) {
            frequencies.length = frequencies.length.saturating_add(1);
            if let Some(count) = self.terms.get(&word).and_then(|at| frequencies.counts.get_mut(*at)) {
                *count = count.saturating_add(1);
            }
        }
        frequencies
    }
}

/// The chunk's BM25 score as a part of the best possible one: 0 if it has none of the terms, towards 1 if it has all of
/// them.
#[must_use]
pub fn bm25(statistics: &CorpusStatistics, frequencies: &TermFrequencies) -> f32 {
    let total = statistics.chunks as f32;
    let mean = (statistics.length as f32 / total.max(1.0)).max(1.0);
    let norm = K1 * (1.0 - B + B * frequencies.length as f32 / mean);
    let (mut score, mut best) = (0.0, 0.0);
    for (chunks, count) in statistics.document_frequencies.iter().zip(&frequencies.counts) {
        // A term that no candidate has does not count.
        let chunks = (*chunks as f32).min(total);
        let idf = if chunks == 0.0 { 0.0 } else { (1.0 + (total - chunks + 0.5) / (chunks + 0.5)).ln() };
        best += idf * (K1 + 1.0);
        let count = f32::from(*count);
        score += idf * count * (K1 + 1.0) / (count + norm);
    }
    if best > 0.0 { score / best } else { 0.0 }
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.unicode_words().map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(question: &str, chunks: &[[&str; 2]]) -> Vec<f32> {
        let terms = QueryTerms::new(question);
        let chunks: Vec<_> = chunks.iter().map(|parts| terms.count(*parts)).collect();
        let statistics = CorpusStatistics::of(terms.len(), chunks.iter());
        chunks.iter().map(|chunk| bm25(&statistics, chunk)).collect()
    }

    #[test]
    fn a_chunk_with_a_rare_term_beats_one_with_a_common_term() {
        let chunks = [["", "the boiler is old"], ["", "the invoice INV-20394 is paid"], ["", "the garden is green"]];
        let scores = scores("Is the invoice paid?", &chunks);
        assert!(scores[1] > scores[0] && scores[1] > scores[2], "{scores:?}");
        assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)));
    }

    #[test]
    fn terms_in_the_heading_count() {
        let scores = scores("heating", &[["Heating", "Bleed them in autumn."], ["", "Bleed them in autumn."]]);
        assert!(scores[0] > 0.0 && scores[1] == 0.0);
    }

    #[test]
    fn empty_questions_and_chunks_have_the_score_zero() {
        assert_eq!(scores("", &[["", "text"]]), [0.0]);
        assert_eq!(scores("word", &[["", ""]]), [0.0]);
        assert_eq!(bm25(&CorpusStatistics::default(), &TermFrequencies::default()), 0.0);
    }

    #[test]
    fn joined_statistics_equal_those_of_all_chunks_and_one_of_another_question_is_ignored() {
        let terms = QueryTerms::new("oak fence");
        let chunks: Vec<_> = ["oak", "fence", "oak fence", "river"].iter().map(|t| terms.count(["", t])).collect();
        let whole = CorpusStatistics::of(2, chunks.iter());
        let mut joined = CorpusStatistics::of(2, chunks[..1].iter());
        joined.join(&CorpusStatistics::of(2, chunks[1..].iter()));
        assert_eq!(joined, whole);
        let document_frequencies = heapless::Vec::from_slice(&[1]).unwrap();
        joined.join(&CorpusStatistics { chunks: 9, document_frequencies, length: 9 });
        assert_eq!(joined, whole);
    }
}
