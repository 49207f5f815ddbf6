//! One order of what was found by meaning and what was found by words.
//!
//! Each list's scores are divided by its best one, and added with weights. Ranks alone are not enough: where the model
//! does not know a language its list is noise, and one list of noise ruins a good one (measured: .934 becomes .357).
//!
//! A cosine counts as nearness (`base::fluency`): models differ in the cosine of texts that have nothing in common.
//!
//! The first one's score is how sure it is: the share of right ones among first answers with such a score, on questions that have an answer
//! and on those that have none, half of each (docs/evidence.md, "What a score means"). The others have their part of it.

use super::lexical::bm25::{possible, possible_by, rarest};
use super::lexical::language::Language;
use super::lexical::terms::QueryTerms;
use crate::base::fluency::Fluency;
use crate::base::hit::CorpusStatistics;

/// The weight of the cosine in a question of a language that the model knows, in another one of Latin letters, where it knows names and
/// words that are alike, and in other letters, where it knows nothing; words have the rest. Chosen on the sets of questions in
/// docs/evidence.md, "Search in many languages".
const DENSE_WEIGHTS: (f32, f32, f32) = (0.65, 0.3, 0.1);

/// Chunks that have a number or a code at most for it to name what is meant. Such a question has the least weight for the cosine: to the
/// model one number is like any other.
const NAMING_CHUNKS: u32 = 5;

/// Bytes of a number or a code that names something; with fewer it may be a year.
const NAMING_FROM: usize = 5;

/// The place among the chunks in the order of their words whose score, beside the first one's, tells whether words are clear.
const CLEAR_AT: usize = 5;

/// From where on words are so clear that the cosine has the part `CLEAR_LEAST` of its weight only, to where they are not at all.
const CLEAR: (f32, f32) = (0.2, 0.8);
const CLEAR_LEAST: f32 = 0.1;

/// From which part of what the whole question could score the best chunk's words are taken for what is meant, to where they are so
/// entirely. With less it has some words of the question, such as `must` and `long`, that are rare only because there are few chunks.
const MEANT: (f32, f32) = (0.3, 0.6);

/// The weight of the cosine in a question of a language that the model knows where the words tell nothing: the best chunk has at most the
/// first part of what the whole question could score, to where they have their own weight; and the best cosine is nearer than the others
/// by the second value of `CLEARLY_NEARER`, to where it is not.
const DENSE_MOST: f32 = 0.97;
const UNTOLD: (f32, f32) = (0.4, 0.9);
const CLEARLY_NEARER: (f32, f32) = (0.05, 0.2);

/// The part of what a chunk with all of a question's words scores that the best one is taken to have at least: where no chunk has more
/// than a word of it, words tell little.
const POSSIBLE_PART: f32 = 0.5;

/// The least best cosine that is divided by: below, nothing that was found is near.
const COSINE_LEAST: f32 = 0.3;

/// How sure a hit is by its words: the logistic function of this much plus this much times the part of the question that it has.
const SURE_BY_WORDS: (f32, f32) = (-4.6, 7.4);

/// The part of what the rarest of words scores that a question's words score together at least, if they tell anything: `the` alone does not.
const TELLING_PART: f32 = 0.5;

/// How sure a hit is by its meaning alone at most, in a question of a language that the model knows; and how much nearer than the others it
/// is where that begins, and where it is entirely so.
const SURE_BY_MEANING: f32 = 0.7;
const NEARER: (f32, f32) = (0.1, 0.5);

/// How sure a hit is at least: the order is told by the scores, also where a question has no words.
pub(super) const SURE_LEAST: f32 = 0.01;

/// The place among the chunks in the order of their cosines that tells how near the others are, and the least that they are taken to be.
const OTHERS_AT: usize = 5;
const OTHERS_LEAST: f32 = 0.15;

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
    fluency: Fluency,
    dense_weight: f32,
    best_cosine: f32,
    best_words: f32,
    /// What the weighted sum is multiplied by, so that the best hit's score is how sure it is.
    scale: f32,
}

impl Fusion {
    /// For hits of a question with these cosines and BM25 scores.
    #[must_use]
    pub fn of(terms: &QueryTerms, statistics: &CorpusStatistics, hits: impl Iterator<Item = (f32, f32)>) -> Self {
        let fluency = terms.fluency();
        let hits: Vec<(f32, f32)> = hits.map(|(cosine, words)| (fluency.nearness(cosine), words)).collect();
        let best = |of: fn(&(f32, f32)) -> f32| hits.iter().map(of).fold(0.0, f32::max);
        let (cosine, words) = (best(|hit| hit.0), best(|hit| hit.1));
        let possible = possible(terms, statistics);
        let best_words = if words > 0.0 { words.max(POSSIBLE_PART * possible) } else { 0.0 };
        let dense_weight = if names_one(terms, statistics) {
            DENSE_WEIGHTS.2
        } else {
            let has = if possible > 0.0 { words / possible } else { 0.0 };
            let unclear = unclear(hits.iter().map(|(_, words)| *words).collect());
            let least = weight_of_meaning(terms);
            let weight = least * unclear.max(1.0 - between(MEANT, has) * (1.0 - CLEAR_LEAST));
            if least < DENSE_WEIGHTS.0 {
                weight
            } else {
                let untold = between(CLEARLY_NEARER, cosine - others(&hits)) * (1.0 - between(UNTOLD, has));
                weight + (DENSE_MOST - weight) * untold
            }
        };
        let mut fusion = Self { fluency, dense_weight, best_cosine: cosine.max(COSINE_LEAST), best_words, scale: 1.0 };
        let best = hits.iter().map(|(nearness, words)| fusion.scored(*nearness, *words)).fold(0.0, f32::max);
        if best > 0.0 {
            let sure = |possible: f32| sure(weight_of_meaning(terms), (possible, rarest(statistics)), &hits);
            let by_number = number_alone(terms, statistics).map_or(0.0, sure);
            fusion.scale = sure(possible).max(by_number).max(SURE_LEAST) / best;
        }
        fusion
    }

    /// The score of one of them, 0 to 1.
    #[must_use]
    pub fn score(&self, cosine: f32, words: f32) -> f32 {
        self.scored(self.fluency.nearness(cosine), words)
    }

    fn scored(&self, nearness: f32, words: f32) -> f32 {
        let words = if self.best_words > 0.0 { words / self.best_words } else { 0.0 };
        let weight = if self.best_words > 0.0 { self.dense_weight } else { 1.0 };
        let part = (weight * (nearness / self.best_cosine).max(0.0) + (1.0 - weight) * words).clamp(0.0, 1.0);
        (self.scale * part).clamp(0.0, 1.0)
    }
}

/// Whether the question has a number or a code that few chunks have.
fn names_one(terms: &QueryTerms, statistics: &CorpusStatistics) -> bool {
    terms.looked_up().any(|(at, forms)| is_naming(statistics, at, forms))
}

/// Whether a term with these forms is a number or a code that few chunks have.
fn is_naming(statistics: &CorpusStatistics, at: usize, forms: &[String]) -> bool {
    let are_few = |chunks: &u32| (1..=NAMING_CHUNKS).contains(chunks);
    let is_number = |form: &String| form.len() >= NAMING_FROM && form.bytes().any(|byte| byte.is_ascii_digit());
    statistics.document_frequencies.get(at).is_some_and(are_few) && forms.iter().any(is_number)
}

/// In a question of nothing but numbers, as one of a telephone: what a chunk scores that has those of them that few chunks have. The others
/// (the code of a country) are written in other ways, and say nothing against it.
fn number_alone(terms: &QueryTerms, statistics: &CorpusStatistics) -> Option<f32> {
    let is_figures = |form: &String| form.bytes().all(|byte| byte.is_ascii_digit());
    if !terms.looked_up().all(|(_, forms)| forms.iter().any(is_figures)) {
        return None;
    }
    let naming = terms.looked_up().filter(|(at, forms)| is_naming(statistics, *at, forms));
    let naming: Vec<usize> = naming.map(|(at, _)| at).collect();
    (!naming.is_empty()).then(|| possible_by(terms, statistics, |at| naming.contains(&at)))
}

/// How little words tell which chunk is meant, from `CLEAR_LEAST` to 1: little where many have nearly as much of the question as the best one.
/// Where few stand out, they have something rare that was asked for, and what the cosine tells of the others does not matter.
fn unclear(mut words: Vec<f32>) -> f32 {
    words.sort_unstable_by(|a, b| b.total_cmp(a));
    let best = words.first().copied().unwrap_or_default();
    let other = words.get(CLEAR_AT).copied().unwrap_or_default();
    if best > 0.0 { between(CLEAR, other / best).max(CLEAR_LEAST) } else { 1.0 }
}

/// How sure the surest of these hits, each a cosine and a BM25 score, is what the question asks for, 0 to 1: by its words, by its meaning, or
/// by both. `weight` is that of the cosine in the question's language, `possible` the BM25 score of a chunk with all of its words, `rarest` that of a
/// chunk with a word that no other has.
pub(super) fn sure(weight: f32, (possible, rarest): (f32, f32), hits: &[(f32, f32)]) -> f32 {
    let others = others(hits);
    let telling = if rarest > 0.0 { (possible / (TELLING_PART * rarest)).min(1.0) } else { 0.0 };
    let by_words = |words: f32| {
        let has = if possible > 0.0 { (words / possible).min(1.0) } else { 0.0 };
        telling / (1.0 + (-SURE_BY_WORDS.1.mul_add(has, SURE_BY_WORDS.0)).exp())
    };
    let (known, latin, _) = DENSE_WEIGHTS;
    let most = if weight >= known {
        SURE_BY_MEANING
    } else if weight >= latin {
        SURE_BY_MEANING / 2.0
    } else {
        0.0
    };
    let by_meaning = |cosine: f32| most * between(NEARER, cosine - others);
    let of = |(cosine, words): &(f32, f32)| 1.0 - (1.0 - by_words(*words)) * (1.0 - by_meaning(*cosine));
    hits.iter().map(of).fold(0.0, f32::max)
}

/// How near the others than the best of these hits are.
fn others(hits: &[(f32, f32)]) -> f32 {
    let mut cosines: Vec<f32> = hits.iter().map(|(cosine, _)| *cosine).collect();
    cosines.sort_unstable_by(|a, b| b.total_cmp(a));
    cosines.get(OTHERS_AT).copied().unwrap_or_default().max(OTHERS_LEAST)
}

/// How far a value is on the way from the one end of a range to the other, 0 to 1.
fn between((from, to): (f32, f32), value: f32) -> f32 {
    ((value - from) / (to - from)).clamp(0.0, 1.0)
}

/// What the cosine counts in a question, by its language and by what its model knows, 0 to 1; words have the rest.
#[must_use]
pub fn weight_of_meaning(terms: &QueryTerms) -> f32 {
    let (known, latin, other) = DENSE_WEIGHTS;
    if matches!(terms.fluency(), Fluency::Many { .. }) {
        return known;
    }
    match terms.languages() {
        [] | [Language::Arabic | Language::Greek | Language::Russian | Language::Tamil, ..] => other,
        [Language::English, ..] => known,
        _ => latin,
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexical::bm25::bm25;
    use super::*;
    use crate::base::hit::TermFrequencies;

    /// For a question and texts with their cosines: the place of the one that comes first.
    fn first(question: &str, chunks: &[(&str, f32)]) -> usize {
        let terms = QueryTerms::new(question);
        let counts: Vec<TermFrequencies> = chunks.iter().map(|(text, _)| terms.count(["", "", text])).collect();
        let statistics = CorpusStatistics::of(terms.len(), counts.iter());
        let scores: Vec<(f32, f32)> = chunks
            .iter()
            .zip(&counts)
            .map(|((_, cosine), counts)| (*cosine, bm25(&terms, &statistics, counts)))
            .collect();
        let fusion = Fusion::of(&terms, &statistics, scores.iter().copied());
        let score = |at: &usize| fusion.score(scores[*at].0, scores[*at].1);
        (0..chunks.len()).max_by(|a, b| score(a).total_cmp(&score(b))).unwrap()
    }

    #[test]
    fn a_number_that_one_chunk_has_outranks_meaning() {
        let mut chunks = vec![("Part number AB-77/C, what it costs, for the pump", 0.8); 20];
        chunks.push(("The plate says 71118933", 0.1));
        assert_eq!(first("What does part number 71118933 cost?", &chunks), 20);
    }

    #[test]
    fn the_rare_part_of_a_number_with_blanks_is_as_sure_as_a_rare_word() {
        let mut texts = vec!["The well is behind the old barn of the farm"; 40];
        texts.extend(["Order 49 is for the old barn of the farm"; 6]);
        texts.extend(["Room 40 is behind the old barn of the farm"; 6]);
        texts.push("Harms the plumber of the farm has 040 3326610");
        let best = |question: &str| {
            let terms = QueryTerms::new(question);
            let counts: Vec<TermFrequencies> = texts.iter().map(|text| terms.count(["", "", text])).collect();
            let statistics = CorpusStatistics::of(terms.len(), counts.iter());
            let hits: Vec<(f32, f32)> = counts.iter().map(|of| (0.2, bm25(&terms, &statistics, of))).collect();
            let fusion = Fusion::of(&terms, &statistics, hits.iter().copied());
            let scores: Vec<f32> = hits.iter().map(|(cosine, words)| fusion.score(*cosine, *words)).collect();
            (scores.last().copied().unwrap(), scores.iter().copied().fold(0.0, f32::max))
        };
        let (number, most) = best("+49 40 3326610");
        assert!(number > 0.6 && number >= most, "{number} of {most}");
        let (_, none) = best("+49 40 7771234");
        assert!(none < number, "a number that nobody has: {none}");
    }

    #[test]
    fn the_best_score_says_how_sure_it_is_and_the_others_have_their_part_of_it() {
        let far = [0.2; 8].map(|cosine| (cosine, 0.0));
        let with = |one: (f32, f32)| far.into_iter().chain([one]).collect::<Vec<_>>();
        // A word that nobody has: nothing is near.
        assert!(sure(0.65, (5.0, 5.0), &with((0.22, 0.0))) < 0.05);
        // All words of the question, or some of them, in another language too.
        assert!(sure(0.1, (5.0, 5.0), &with((0.2, 5.0))) > 0.9);
        assert!((0.2..0.4).contains(&sure(0.1, (5.0, 5.0), &with((0.2, 2.5)))));
        // A word that nearly all have.
        assert!(sure(0.65, (0.2, 5.0), &with((0.2, 0.2))) < 0.1);
        // Meaning alone, where the model knows the language, and where all are equally near.
        assert!((0.5..0.8).contains(&sure(0.65, (5.0, 5.0), &with((0.6, 0.0)))));
        assert!(sure(0.65, (5.0, 5.0), &[(0.6, 0.0); 9]) < 0.05);

        let terms = QueryTerms::new("pump of the garden");
        let texts = ["the pump of the garden", "the garden", "the house"];
        let counts: Vec<TermFrequencies> = texts.iter().map(|text| terms.count(["", "", text])).collect();
        let statistics = CorpusStatistics::of(terms.len(), counts.iter());
        let hits: Vec<(f32, f32)> = counts.iter().map(|counts| (0.0, bm25(&terms, &statistics, counts))).collect();
        let fusion = Fusion::of(&terms, &statistics, hits.iter().copied());
        let scores: Vec<f32> = hits.iter().map(|(cosine, words)| fusion.score(*cosine, *words)).collect();
        assert!(scores[0] > 0.7 && scores[1] > 0.1 && scores[1] < scores[0] && scores[2] < 0.01, "{scores:?}");
    }

    #[test]
    fn the_only_one_of_a_list_counts_as_its_best_and_not_as_its_least() {
        let terms = QueryTerms::new("pump");
        let counts = terms.count(["", "", "the pump"]);
        let statistics = CorpusStatistics { chunks: 100, length: 200, document_frequencies: [1].into_iter().collect() };
        let words = bm25(&terms, &statistics, &counts);
        // By words alone, by meaning alone, and among others that have nothing.
        for hits in [&[(0.0, words)][..], &[(0.5, 0.0)], &[(0.0, words), (0.1, 0.0), (0.1, 0.0)]] {
            let fusion = Fusion::of(&terms, &statistics, hits.iter().copied());
            assert!(fusion.score(hits[0].0, hits[0].1) > 0.3, "{hits:?}: {}", fusion.score(hits[0].0, hits[0].1));
        }
    }

    #[test]
    fn a_question_without_words_is_answered_in_the_order_of_meaning() {
        assert_eq!(first("???", &[("the garden", 0.1), ("the house", 0.3), ("the well", 0.2)]), 1);
    }

    #[test]
    fn few_chunks_make_no_word_rare_enough_to_outrank_meaning() {
        let chunks = [
            ("The violin lies in the long chest, and its bridge must stand upright.", 0.0),
            ("The gutter must be cleared of leaves each November.", 0.15),
            ("Knead the dough and bake it in the iron pot, half an hour with the lid.", 0.37),
        ];
        assert_eq!(first("How long must the loaf stay in the oven?", &chunks), 2);
    }

    #[test]
    fn a_meaning_that_stands_out_outranks_single_words_of_a_question() {
        let mut chunks = vec![("The fuse box is in the hall.", 0.2); 20];
        chunks.push(("It leaves at a quarter to ten from the lower hall.", 0.6));
        chunks.push(("The wisteria leaves early.", 0.15));
        chunks.push(("What the time tells of a tree.", 0.1));
        assert_eq!(first("At what time does the sleeper to the coast leave?", &chunks), 20);
    }

    #[test]
    fn a_rare_word_outranks_meaning_and_common_ones_do_not() {
        let mut chunks = vec![("the plumber calls", 0.7); 20];
        chunks.push(("Winley has the key", 0.2));
        assert_eq!(first("Who is Winley?", &chunks), 20);
        let mut chunks = vec![("the old pump of the garden", 0.3); 20];
        chunks.push(("the old device that brings water from the well to the house, of the garden", 0.9));
        assert_eq!(first("Where is the old pump of the garden?", &chunks), 20);
    }
}
