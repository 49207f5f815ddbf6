//! Phrases: the words of a question that stand in quotation marks. A chunk has one if its heading, its text or the name of its file
//! has these words one after another, each in its canonical form and not by its stem; small words count.
//!
//! The index has no positions: it tells which chunks have all the words, and the texts of those are looked at.

use super::analysis::forms;
use super::language::KNOWN;
use super::token::{Kind, each};
use crate::base::fold::{fold, lower};
use crate::base::quote::quoted;
use crate::limits::{PHRASE_WORDS_LOOKED_UP, PHRASES_MAX};
use std::collections::BTreeSet;

/// The phrases of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phrases {
    /// The units of each, in canonical form.
    phrases: Vec<Vec<String>>,
    /// The terms by which an index may know each of the words that are looked up.
    looked_up: Vec<Vec<String>>,
}

impl Phrases {
    /// The first `PHRASES_MAX` of a question.
    #[must_use]
    pub fn of(question: &str) -> Self {
        let mut words: BTreeSet<(String, bool)> = BTreeSet::new();
        let mut phrases = Vec::new();
        for phrase in quoted(question) {
            let mut units = Vec::new();
            each(&lower(phrase.inner), |unit, kind| {
                if matches!(kind, Kind::Word | Kind::Exact) {
                    units.push(fold(unit).into_owned());
                    words.insert((unit.to_owned(), kind == Kind::Word));
                }
            });
            if !units.is_empty() && !phrases.contains(&units) {
                phrases.push(units);
            }
            if phrases.len() >= PHRASES_MAX {
                break;
            }
        }
        let mut words: Vec<(String, bool)> = words.into_iter().collect();
        // Long words are rare ones: after these there is little left to compare.
        words.sort_by_key(|(word, _)| core::cmp::Reverse(word.len()));
        words.truncate(PHRASE_WORDS_LOOKED_UP);
        let looked_up = words.into_iter().map(|(word, has_stem)| stems(&word, has_stem)).collect();
        Self { phrases, looked_up }
    }

    /// Whether the question has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.phrases.is_empty()
    }

    /// The words that are looked up, each with the terms by which an index may know it: which language a chunk was taken to be in is not
    /// known here.
    #[must_use]
    pub fn looked_up(&self) -> &[Vec<String>] {
        &self.looked_up
    }

    /// Whether a chunk has all of them: in the name of its file, in its heading or in its text.
    #[must_use]
    pub fn are_in(&self, parts: [&str; 3]) -> bool {
        if self.is_empty() {
            return true;
        }
        let parts = parts.map(units_of);
        let is_in =
            |phrase: &Vec<String>| parts.iter().any(|units| units.windows(phrase.len()).any(|some| some == phrase));
        self.phrases.iter().all(is_in)
    }
}

fn units_of(text: &str) -> Vec<String> {
    let mut units = Vec::new();
    each(&lower(text), |unit, kind| {
        if matches!(kind, Kind::Word | Kind::Exact) {
            units.push(fold(unit).into_owned());
        }
    });
    units
}

/// The word itself and its stems in all languages.
fn stems(word: &str, has_stem: bool) -> Vec<String> {
    let mut stems: BTreeSet<String> = BTreeSet::from([fold(word).into_owned()]);
    if has_stem {
        let of = |(language, ..): &(_, _, _)| forms(word, Kind::Word, &core::iter::once(*language).collect());
        stems.extend(KNOWN.iter().flat_map(of));
    }
    stems.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(question: &str, text: &str) -> bool {
        Phrases::of(question).are_in(["", "", text])
    }

    #[test]
    fn a_chunk_has_a_phrase_if_it_has_its_words_in_this_order_as_they_stand() {
        let question = "what grows on the \"north side\"?";
        assert!(has(question, "Moss grows on the North\nSide of the roof."));
        assert!(!has(question, "The side that looks north."), "another order");
        assert!(!has(question, "north and south side"), "a word between");
        assert!(!has(question, "the north sides"), "a stem is not the word");
        assert!(has("\"to be or not to be\"", "To be, or not to be: that is the question."), "small words count");
        assert!(!has("\"to be or not to be\"", "to be or to be not"));
        assert!(has("\u{201C}CAF\u{C9} m\u{FC}ller\u{201D}", "at Cafe\u{301} Muller"), "in the canonical form");
        assert!(has("\"AB-1234/C\"", "part AB 1234 C"), "signs between are not compared");
        assert!(has("\u{300C}\u{4EAC}\u{5927}\u{300D}", "\u{6771}\u{4EAC}\u{5927}\u{5B66}"));
    }

    #[test]
    fn all_phrases_are_wanted_and_none_goes_over_the_border_of_heading_and_text() {
        let both = Phrases::of("\"north side\" \"old moss\"");
        assert!(both.are_in(["", "North side", "the old moss"]) && !both.are_in(["", "North side", "the moss"]));
        let one = Phrases::of("\"north side\"");
        assert!(!one.are_in(["", "north", "side"]) && one.are_in(["north side", "", ""]));
        assert!(Phrases::of("north side").is_empty() && Phrases::of("a 5\" pipe, \"--\"").is_empty());
    }

    #[test]
    fn words_are_looked_up_in_every_form_in_which_an_index_may_have_them_and_not_without_end() {
        let phrases = Phrases::of("\"the heatings\"");
        let [longest, small] = phrases.looked_up() else { panic!("{phrases:?}") };
        assert!(["heatings", "heat"].iter().all(|form| longest.contains(&(*form).to_owned())), "{longest:?}");
        assert!(small.contains(&"the".to_owned()));
        let long: String = (0..900).map(|n| format!("w{n} ")).collect();
        let phrases = Phrases::of(&format!("\"{long}\""));
        assert_eq!(phrases.looked_up().len(), PHRASE_WORDS_LOOKED_UP);
        assert!(phrases.are_in(["", "", &long]) && !phrases.are_in(["", "", &long.replace("w899", "x")]));
        let many = "\"a b\" ".repeat(3) + "\"c d\" \"e f\" \"g h\" \"i j\"";
        assert!(Phrases::of(&many).are_in(["", "", "a b, c d, e f, g h"]), "the first four that differ");
    }
}
