//! The words' share of a score: BM25 over the candidates of one question, on one device or several.
//!
//! There is no word index yet: the candidates come from the scan, and a word's rarity is taken among them. On
//! the 472 questions of chunkeval that alone lifts the answered share from 79 % to 88 % (docs/evidence.md).

use crate::base::hit::{CorpusStatistics, TermFrequencies};
use crate::limits::QUESTION_WORDS_MAX;
use std::collections::BTreeMap;
use unicode_segmentation::UnicodeSegmentation;

/// Saturation of repeated words and weight of a passage's length.
/// Source: Robertson, Zaragoza, "The Probabilistic Relevance Framework", 2009; the usual values.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// The terms of a question: its different words, each with its place in [`TermFrequencies`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryTerms {
    terms: BTreeMap<String, usize>,
}

impl QueryTerms {
    /// The first `QUESTION_WORDS_MAX` different words, so that two devices give them the same places.
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

    /// Whether the question has no word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Counts one chunk, heading and text.
    #[must_use]
    pub fn count(&self, parts: [&str; 2]) -> TermFrequencies {
        let mut frequencies = TermFrequencies::zero(self.terms.len());
        for word in parts.iter().flat_map(|part| words(part)) {
            frequencies.length = frequencies.length.saturating_add(1);
            if let Some(count) = self.terms.get(&word).and_then(|place| frequencies.counts.get_mut(*place)) {
                *count = count.saturating_add(1);
            }
        }
        frequencies
    }
}

/// How much of the question's terms the chunk holds: 0 none, towards 1 all of them, rare ones counting more.
#[must_use]
pub fn share(statistics: &CorpusStatistics, frequencies: &TermFrequencies) -> f32 {
    let total = statistics.chunks as f32;
    let mean = (statistics.length as f32 / total.max(1.0)).max(1.0);
    let norm = K1 * (1.0 - B + B * frequencies.length as f32 / mean);
    let (mut score, mut best) = (0.0, 0.0);
    for (chunks, count) in statistics.document_frequencies.iter().zip(&frequencies.counts) {
        // A term that no candidate holds says nothing of any of them.
        let chunks = (*chunks as f32).min(total);
        let rarity = if chunks == 0.0 { 0.0 } else { (1.0 + (total - chunks + 0.5) / (chunks + 0.5)).ln() };
        best += rarity * (K1 + 1.0);
        let count = f32::from(*count);
        score += rarity * count * (K1 + 1.0) / (count + norm);
    }
    if best > 0.0 { score / best } else { 0.0 }
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.unicode_words().map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(question: &str, passages: &[[&str; 2]]) -> Vec<f32> {
        let terms = QueryTerms::new(question);
        let chunks: Vec<_> = passages.iter().map(|parts| terms.count(*parts)).collect();
        let statistics = CorpusStatistics::of(terms.len(), chunks.iter());
        chunks.iter().map(|chunk| share(&statistics, chunk)).collect()
    }

    #[test]
    fn a_passage_with_the_rare_word_beats_one_with_the_common_one() {
        let passages = [["", "the boiler is old"], ["", "the invoice INV-20394 is paid"], ["", "the garden is green"]];
        let shares = shares("Is the invoice paid?", &passages);
        assert!(shares[1] > shares[0] && shares[1] > shares[2], "{shares:?}");
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
    }

    #[test]
    fn words_of_the_heading_count() {
        let shares = shares("heating", &[["Heating", "Bleed them in autumn."], ["", "Bleed them in autumn."]]);
        assert!(shares[0] > 0.0 && shares[1] == 0.0);
    }

    #[test]
    fn nothing_to_compare_is_no_division_by_nothing() {
        assert_eq!(shares("", &[["", "text"]]), [0.0]);
        assert_eq!(shares("word", &[["", ""]]), [0.0]);
        assert_eq!(share(&CorpusStatistics::default(), &TermFrequencies::default()), 0.0);
    }

    #[test]
    fn two_statistics_joined_weigh_like_one_and_a_strange_one_is_left_out() {
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
