//! The words' share of a score: BM25 over the candidates of one question, on one device or several.
//!
//! There is no word index yet: the candidates come from the scan, and a word's rarity is taken among them. On
//! the 472 questions of chunkeval that alone lifts the answered share from 79 % to 88 % (docs/evidence.md).

use crate::limits::QUESTION_WORDS_MAX;
use std::collections::BTreeMap;
use unicode_segmentation::UnicodeSegmentation;

/// Saturation of repeated words and weight of a passage's length.
/// Source: Robertson, Zaragoza, "The Probabilistic Relevance Framework", 2009; the usual values.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// The different words of a question, each with its place in tallies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    places: BTreeMap<String, usize>,
}

/// How often each of the question's words stands in one passage, and how many words the passage has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In the order of the question's places.
    pub words: Vec<u16>,
    /// Words of the passage.
    pub length: u32,
}

/// What must be known of all passages of a list to weigh one of them; adds up over devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// Passages counted.
    pub passages: u32,
    /// For each place, how many of them hold the word.
    pub holding: Vec<u32>,
    /// Words of all of them.
    pub length: u64,
}

impl Question {
    /// The first `QUESTION_WORDS_MAX` different words, so that two devices give them the same places.
    #[must_use]
    pub fn new(question: &str) -> Self {
        let mut places = BTreeMap::new();
        for word in words(question) {
            let next = places.len();
            if next < QUESTION_WORDS_MAX {
                places.entry(word).or_insert(next);
            }
        }
        Self { places }
    }

    /// How many places there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether the question has no word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Counts one passage, heading and text.
    #[must_use]
    pub fn tally(&self, parts: [&str; 2]) -> Tally {
        let mut tally = Tally { words: vec![0; self.places.len()], length: 0 };
        for word in parts.iter().flat_map(|part| words(part)) {
            tally.length = tally.length.saturating_add(1);
            if let Some(count) = self.places.get(&word).and_then(|place| tally.words.get_mut(*place)) {
                *count = count.saturating_add(1);
            }
        }
        tally
    }
}

impl Pool {
    /// The pool of these passages, for a question with so many places.
    #[must_use]
    pub fn of<'a>(places: usize, tallies: impl Iterator<Item = &'a Tally>) -> Self {
        let mut pool = Self { holding: vec![0; places], ..Self::default() };
        for tally in tallies {
            pool.passages += 1;
            pool.length += u64::from(tally.length);
            for (holding, count) in pool.holding.iter_mut().zip(&tally.words) {
                *holding += u32::from(*count > 0);
            }
        }
        pool
    }

    /// Adds another device's pool for the same question; one of another shape (a liar's) is left out.
    pub fn join(&mut self, other: &Self) {
        if self.holding.len() != other.holding.len() {
            return;
        }
        self.passages = self.passages.saturating_add(other.passages);
        self.length = self.length.saturating_add(other.length);
        for (own, its) in self.holding.iter_mut().zip(&other.holding) {
            *own = own.saturating_add(*its);
        }
    }

    /// How much of the question's words the passage holds: 0 none, towards 1 all of them, rare ones counting
    /// more.
    #[must_use]
    pub fn share(&self, tally: &Tally) -> f32 {
        let total = self.passages as f32;
        let mean = (self.length as f32 / total.max(1.0)).max(1.0);
        let norm = K1 * (1.0 - B + B * tally.length as f32 / mean);
        let (mut score, mut best) = (0.0, 0.0);
        for (holding, count) in self.holding.iter().zip(&tally.words) {
            // A word that no candidate holds says nothing of any of them.
            let holding = (*holding as f32).min(total);
            let rarity = if holding == 0.0 { 0.0 } else { (1.0 + (total - holding + 0.5) / (holding + 0.5)).ln() };
            best += rarity * (K1 + 1.0);
            let count = f32::from(*count);
            score += rarity * count * (K1 + 1.0) / (count + norm);
        }
        if best > 0.0 { score / best } else { 0.0 }
    }
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.unicode_words().map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(question: &str, passages: &[[&str; 2]]) -> Vec<f32> {
        let question = Question::new(question);
        let tallies: Vec<_> = passages.iter().map(|parts| question.tally(*parts)).collect();
        let pool = Pool::of(question.len(), tallies.iter());
        tallies.iter().map(|tally| pool.share(tally)).collect()
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
        assert_eq!(Pool::default().share(&Tally::default()), 0.0);
    }

    #[test]
    fn two_pools_joined_weigh_like_one_and_a_strange_one_is_left_out() {
        let question = Question::new("oak fence");
        let tallies: Vec<_> = ["oak", "fence", "oak fence", "river"].iter().map(|t| question.tally(["", t])).collect();
        let whole = Pool::of(2, tallies.iter());
        let mut joined = Pool::of(2, tallies[..1].iter());
        joined.join(&Pool::of(2, tallies[1..].iter()));
        assert_eq!(joined, whole);
        joined.join(&Pool { passages: 9, holding: vec![1], length: 9 });
        assert_eq!(joined, whole);
    }
}
