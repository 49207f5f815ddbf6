//! The lexical score: BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009) with the
//! document frequencies of one device or of several.

use super::terms::QueryTerms;
use crate::base::hit::{CorpusStatistics, TermFrequencies};

/// Saturation of repeated words, and the weight of a chunk's length: the usual values.
pub(super) const K1: f32 = 1.2;
const B: f32 = 0.75;

/// What an occurrence that is only nearly the word counts, beside how nearly it is.
pub(super) const NEARLY: f32 = 0.7;

/// How much a term that so many of all chunks have tells.
#[must_use]
pub(super) fn idf(total: f32, chunks: f32) -> f32 {
    let chunks = chunks.min(total);
    (1.0 + (total - chunks + 0.5) / (chunks + 0.5)).ln()
}

/// How much a term that so many of so many chunks have tells.
#[must_use]
pub fn telling(total: u32, chunks: u32) -> f32 {
    idf((total as f32).max(1.0), chunks as f32)
}

/// The most chunks, of so many, that may have a term which tells so much at least.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to a number that fits")]
pub fn chunks_telling(total: u32, least: f32) -> u32 {
    (((f64::from(total) + 1.0) / f64::from(least).exp()) - 0.5).clamp(0.0, f64::from(total)) as u32
}

/// The part of a term's weight that a chunk gets which has it so often, beside the mean length of all chunks.
#[must_use]
pub(super) fn saturation(count: f32, length: f32, mean: f32) -> f32 {
    let norm = K1 * (1.0 - B + B * length / mean.max(1.0));
    count * (K1 + 1.0) / (count + norm)
}

/// The mean length of the chunks.
#[must_use]
pub(super) fn mean(statistics: &CorpusStatistics) -> f32 {
    (statistics.length as f32 / (statistics.chunks as f32).max(1.0)).max(1.0)
}

/// The BM25 score of a chunk, 0 and up: comparable between chunks of one question only.
#[must_use]
pub fn bm25(terms: &QueryTerms, statistics: &CorpusStatistics, frequencies: &TermFrequencies) -> f32 {
    let (total, mean) = (statistics.chunks as f32, mean(statistics));
    let is_known = |at| is_known(statistics, at);
    let of = |(at, _): (usize, &[String])| {
        let (chunks, count) = (statistics.document_frequencies.get(at), frequencies.counts.get(at));
        let (Some(chunks), Some(count)) = (chunks, count) else { return 0.0 };
        // What is counted in the text may be in no statistics: they are of another moment, or of a device that errs.
        let chunks = (*chunks).max(u32::from(*count > 0)) as f32;
        let weight = terms.weight(at, is_known) * idf(total.max(1.0), chunks);
        weight * saturation(f32::from(*count), frequencies.length as f32, mean)
    };
    terms.looked_up().map(of).sum()
}

/// What a chunk of the mean length scores that has each term once.
#[must_use]
pub fn possible(terms: &QueryTerms, statistics: &CorpusStatistics) -> f32 {
    possible_by(terms, statistics, |_| true)
}

/// The same for those of the terms that are `wanted` alone.
#[must_use]
pub fn possible_by(terms: &QueryTerms, statistics: &CorpusStatistics, wanted: impl Fn(usize) -> bool) -> f32 {
    let total = (statistics.chunks as f32).max(1.0);
    let chunks = |at: usize| statistics.document_frequencies.get(at).copied().unwrap_or_default() as f32;
    let of = |at: usize| terms.weight(at, |at| is_known(statistics, at)) * idf(total, chunks(at));
    terms.looked_up().map(|(at, _)| at).filter(|at| wanted(*at)).map(of).sum()
}

/// What a chunk of the mean length scores that has a term once which no other chunk has.
#[must_use]
pub fn rarest(statistics: &CorpusStatistics) -> f32 {
    idf((statistics.chunks as f32).max(1.0), 1.0)
}

/// Whether some chunk has the term.
#[must_use]
pub fn is_known(statistics: &CorpusStatistics, at: usize) -> bool {
    statistics.document_frequencies.get(at).is_some_and(|chunks| *chunks > 0)
}

/// The terms that no chunk has, nor anything that they are a part of: what is nearly them counts.
#[must_use]
pub fn unknown(terms: &QueryTerms, statistics: &CorpusStatistics) -> Vec<usize> {
    let is_known = |at| is_known(statistics, at);
    terms.looked_up().map(|(at, _)| at).filter(|at| !is_known(*at) && !terms.is_told(*at, is_known)).collect()
}

/// What chunks score for having nearly the terms that no chunk has: for each chunk, how nearly it has each of those terms, and its
/// length. Zeros where there are no such terms.
#[must_use]
pub fn nearly(statistics: &CorpusStatistics, like: &[Vec<f32>], lengths: impl Iterator<Item = f32>) -> Vec<f32> {
    let (total, mean) = ((statistics.chunks as f32).max(like.len() as f32), mean(statistics));
    let terms = like.first().map_or(0, Vec::len);
    let holders = |at: usize| like.iter().filter(|one| one.get(at).is_some_and(|like| *like > 0.0)).count() as f32;
    let weights: Vec<f32> = (0..terms).map(|at| idf(total.max(1.0), holders(at))).collect();
    let of = |(at, length): (usize, f32)| {
        let likes = like.get(at).into_iter().flatten().zip(&weights);
        likes.map(|(like, weight)| weight * saturation(like * NEARLY, length, mean)).sum()
    };
    lengths.enumerate().map(of).collect()
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
    }

    #[test]
    fn terms_in_the_heading_and_in_the_name_of_the_file_count() {
        let scores = scores("heating", &[["Heating", "Bleed them in autumn."], ["", "Bleed them in autumn."]]);
        assert!(scores[0] > 0.0 && scores[1] == 0.0);
        let terms = QueryTerms::new("boiler manual");
        let counts = |name: &str| terms.count([name, "", "Press the left button."]).counts.to_vec();
        assert_eq!((counts("boiler"), counts("garden")), (vec![1, 0], vec![0, 0]));
    }

    #[test]
    fn stop_words_do_not_count_unless_there_are_no_others() {
        let terms = QueryTerms::new("How do I get air out of the heaters?");
        assert_eq!(terms.len(), 9, "they keep their place");
        let held = |text: &str| terms.held(&terms.count(["", "", text]));
        assert_eq!((held("air of the heater"), held("the heater"), held("how to get it")), (1.0, 0.5, 0.0));
        let counts = terms.count(["", "", "How to get it out of the box in the hall"]).counts;
        assert!(counts.iter().all(|count| *count == 0), "{counts:?}");
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
