//! The lexical score: BM25 over the candidates of one question, on one device or several.
//!
//! There is no inverted index yet: the candidates come from the vector scan, and document frequencies are counted among
//! them. On the 472 questions of chunkeval that raises the share of answered ones from 79 % to 88 % (docs/evidence.md).

use super::stem::{is_stop_word, stem};
use crate::base::fold::words;
use crate::base::hit::{CorpusStatistics, TermFrequencies};
use crate::limits::QUESTION_WORDS_MAX;
use std::collections::BTreeMap;

/// Saturation of repeated words, and the weight of a chunk's length: the usual values (Robertson and Zaragoza, "The
/// Probabilistic Relevance Framework: BM25 and Beyond", 2009).
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// The terms of a question: its distinct words in their canonical form (`fold`), each with its index in
/// [`TermFrequencies`]. Words are counted by their stems, and stop words not at all, unless the question has no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryTerms {
    /// The indexes of the terms that have this stem.
    stems: BTreeMap<String, Vec<usize>>,
    /// Terms, the stop words among them.
    count: usize,
}

impl QueryTerms {
    /// The first `QUESTION_WORDS_MAX` distinct words in the order of the question, so that all devices number them
    /// alike.
    #[must_use]
    pub fn new(question: &str) -> Self {
        let mut terms: Vec<String> = Vec::new();
        for word in words(question) {
            if terms.len() < QUESTION_WORDS_MAX && !terms.contains(&word) {
                terms.push(word);
            }
        }
        let only_stop_words = terms.iter().all(|word| is_stop_word(word));
        let mut stems: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, word) in terms.iter().enumerate().filter(|(_, word)| only_stop_words || !is_stop_word(word)) {
            stems.entry(stem(word).to_owned()).or_default().push(at);
        }
        Self { stems, count: terms.len() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Which part of the question's words a chunk has, 0 to 1: forms of a word count as one, stop words not at all.
    #[must_use]
    pub fn held(&self, frequencies: &TermFrequencies) -> f32 {
        let has = |at: &usize| frequencies.counts.get(*at).is_some_and(|count| *count > 0);
        let held = self.stems.values().filter(|terms| terms.iter().any(has)).count();
        held as f32 / self.stems.len().max(1) as f32
    }

    /// Whether the question has no words.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Counts the terms in one chunk: the name of its file, its heading and its text.
    #[must_use]
    pub fn count(&self, parts: [&str; 3]) -> TermFrequencies {
        let mut frequencies = TermFrequencies::zero(self.count);
        for word in parts.iter().flat_map(|part| words(part)) {
            frequencies.length = frequencies.length.saturating_add(1);
            for at in self.stems.get(stem(&word)).into_iter().flatten() {
                if let Some(count) = frequencies.counts.get_mut(*at) {
                    *count = count.saturating_add(1);
                }
            }
        }
        frequencies
    }
}

/// The chunk's BM25 score as a part of the best possible one: 0 if it has none of the terms, towards 1 if it has all of
/// them.
#[must_use]
pub fn bm25(terms: &QueryTerms, statistics: &CorpusStatistics, frequencies: &TermFrequencies) -> f32 {
    let total = statistics.chunks as f32;
    let mean = (statistics.length as f32 / total.max(1.0)).max(1.0);
    let norm = K1 * (1.0 - B + B * frequencies.length as f32 / mean);
    let (mut score, mut best) = (0.0, 0.0);
    // A term that no candidate has is the rarest: left out, one that a passage of a single device holds, of its ring `private` say,
    // would lower all scores on that device alone. Stop words have no stem, and count for nothing.
    for at in terms.stems.values().flatten() {
        let (chunks, count) = (statistics.document_frequencies.get(*at), frequencies.counts.get(*at));
        let (Some(chunks), Some(count)) = (chunks, count) else { continue };
        let chunks = (*chunks as f32).min(total);
        let idf = (1.0 + (total - chunks + 0.5) / (chunks + 0.5)).ln();
        best += idf * (K1 + 1.0);
        let count = f32::from(*count);
        score += idf * count * (K1 + 1.0) / (count + norm);
    }
    if best > 0.0 { score / best } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(question: &str, chunks: &[[&str; 2]]) -> Vec<f32> {
        let terms = QueryTerms::new(question);
        let chunks: Vec<_> = chunks.iter().map(|[heading, text]| terms.count(["", heading, text])).collect();
        let statistics = CorpusStatistics::of(terms.len(), chunks.iter());
        chunks.iter().map(|chunk| bm25(&terms, &statistics, chunk)).collect()
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
    fn terms_in_the_name_of_the_file_count() {
        let terms = QueryTerms::new("boiler manual");
        let counts = |name: &str| terms.count([name, "", "Press the left button."]).counts.to_vec();
        assert_eq!((counts("boiler"), counts("garden")), (vec![1, 0], vec![0, 0]));
    }

    #[test]
    fn stop_words_do_not_count_unless_there_are_no_others_and_forms_of_a_word_are_one() {
        let terms = QueryTerms::new("How do I get air out of the heaters?");
        assert_eq!(terms.len(), 9, "they keep their place, so that agents of before number the terms alike");
        let held = |text: &str| terms.held(&terms.count(["", "", text]));
        assert_eq!((held("air of the heating"), held("the heater"), held("how to get it")), (1.0, 0.5, 0.0));
        let counts = terms.count(["", "", "How to get it out of the box in the hall"]).counts;
        assert!(counts.iter().all(|count| *count == 0), "{counts:?}");
        assert_eq!(terms.count(["", "Heating", "of the air"]).counts.as_slice(), [0, 0, 0, 0, 1, 0, 0, 0, 1]);
        assert_eq!(QueryTerms::new("who is it").count(["", "", "It is me"]).counts.as_slice(), [0, 1, 1]);
    }

    #[test]
    fn words_count_in_any_form_in_which_they_are_written() {
        let terms = QueryTerms::new("M\u{FC}llers Heizk\u{F6}rper");
        let text = "MU\u{308}LLERS Heiz\u{AD}k\u{F6}rper";
        assert_eq!(terms.count(["", "", text]).counts.as_slice(), [1, 1]);
        assert_eq!(QueryTerms::new("Stra\u{DF}e STRASSE").len(), 1);
    }

    #[test]
    fn empty_questions_and_chunks_have_the_score_zero() {
        assert_eq!(scores("", &[["", "text"]]), [0.0]);
        assert_eq!(scores("word", &[["", ""]]), [0.0]);
        assert_eq!(bm25(&QueryTerms::new("word"), &CorpusStatistics::default(), &TermFrequencies::default()), 0.0);
    }

    #[test]
    fn words_that_no_chunk_has_count_against_a_match_and_stop_words_do_not() {
        let chunk = [["", "the garden is green"]];
        let of = |question: &str| scores(question, &chunk)[0];
        assert!(of("green tractor warranty expiry") < 0.3, "one word of four: {}", of("green tractor warranty expiry"));
        assert_eq!(of("Is it the green?"), of("green"));
    }

    #[test]
    fn a_word_that_only_one_devices_own_chunk_has_hardly_changes_the_score_of_the_others() {
        let terms = QueryTerms::new("green tractor warranty");
        let mut texts = vec!["the garden is green"; 40];
        texts.resize(80, "the river is long");
        let count = |texts: &[&str]| texts.iter().map(|text| terms.count(["", "", text])).collect::<Vec<_>>();
        let score = |texts: &[&str]| {
            let chunks = count(texts);
            bm25(&terms, &CorpusStatistics::of(terms.len(), chunks.iter()), &chunks[0])
        };
        let without = score(&texts);
        texts.push("the tractor and its warranty");
        assert!((without - score(&texts)).abs() < 0.05, "{without} and {}", score(&texts));
    }

    #[test]
    fn joined_statistics_equal_those_of_all_chunks_and_one_of_another_question_is_ignored() {
        let terms = QueryTerms::new("oak fence");
        let chunks: Vec<_> = ["oak", "fence", "oak fence", "river"].iter().map(|t| terms.count(["", "", t])).collect();
        let whole = CorpusStatistics::of(2, chunks.iter());
        let mut joined = CorpusStatistics::of(2, chunks[..1].iter());
        joined.join(&CorpusStatistics::of(2, chunks[1..].iter()));
        assert_eq!(joined, whole);
        let document_frequencies = heapless::Vec::from_slice(&[1]).unwrap();
        joined.join(&CorpusStatistics { chunks: 9, document_frequencies, length: 9 });
        assert_eq!(joined, whole);
    }
}
