//! Words that are written as one or apart: `Dachrinnenreinigung` and "Reinigung der Dachrinne", `lawnmower` and "lawn mower".
//!
//! No list of words is needed: a question's word is divided at each place, and a chunk counts that has both parts as words near
//! each other; and words of a question that stand together are looked up as one, with the letters between that Germanic languages
//! put there. What is no word is in no chunk.

use super::analysis::forms;
use super::language::{Language, Languages};
use super::stop_word::is_stop_word_anywhere;
use super::token::{Kind, has_digit};
use std::collections::BTreeSet;

/// Letters of a part of a word at least.
const PART_FROM: usize = 3;

/// Letters of a word that has parts at least and at most.
const WHOLE: (usize, usize) = (7, 40);

/// What may stand between the parts of a word, and at the end of the first of them where it stands alone.
const LINKS: [&str; 6] = ["", "s", "n", "en", "es", "er"];

/// Units between the parts of a word that are written apart, at most: "Reinigung der alten Dachrinne".
const APART_MAX: usize = 2;

/// Both parts of a word that is written apart, by their stems.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Parts {
    pub(super) first: String,
    pub(super) second: String,
}

/// The parts that a word may have.
pub(super) fn parts(word: &str, languages: &Languages) -> Vec<Parts> {
    let letters = word.chars().count();
    if has_digit(word) || !(WHOLE.0..=WHOLE.1).contains(&letters) || word.contains(|c: char| !c.is_alphabetic()) {
        return Vec::new();
    }
    let mut found = BTreeSet::new();
    let places =
        word.char_indices().map(|(at, _)| at).skip(PART_FROM).take((letters + 1).saturating_sub(2 * PART_FROM));
    for (first, second) in places.filter_map(|at| word.split_at_checked(at)) {
        if is_stop_word_anywhere(first) || is_stop_word_anywhere(second) {
            continue;
        }
        let stems = |part: &str| forms(part, Kind::Word, languages);
        for first in stems(first) {
            found.extend(stems(second).into_iter().map(|second| Parts { first: first.clone(), second }));
        }
    }
    found.into_iter().collect()
}

/// Whether these parts stand near each other: one behind the other, or the other way round with small words between.
pub(super) fn are_near(parts: &Parts, units: &[Vec<String>]) -> bool {
    let places = |form: &String| -> Vec<usize> {
        (0..).zip(units).filter(|(_, of)| of.contains(form)).map(|(at, _)| at).collect()
    };
    let (first, second) = (places(&parts.first), places(&parts.second));
    first.iter().any(|a| second.iter().any(|b| *b == a + 1 || (b < a && a - b <= APART_MAX + 1)))
}

/// Words of a question that stand together as one word: its stems. `linked`: small words stand between, so that the second is
/// the beginning of the whole.
pub(super) fn wholes(first: &str, second: &str, linked: bool, languages: &Languages) -> BTreeSet<String> {
    let (begin, end) = if linked { (second, first) } else { (first, second) };
    let is_part = |word: &str| word.chars().count() >= PART_FROM && !has_digit(word);
    if !is_part(begin) || !is_part(end) || languages.is_empty() {
        return BTreeSet::new();
    }
    let has_links = languages.first() != Some(&Language::English) || languages.len() > 1;
    if !has_links && linked {
        return BTreeSet::new();
    }
    let mut wholes = BTreeSet::new();
    for left_out in LINKS.iter().chain(&["e"]).filter(|_| has_links) {
        let Some(stem) = begin.strip_suffix(left_out).filter(|stem| stem.chars().count() >= PART_FROM) else {
            continue;
        };
        wholes.extend(LINKS.iter().map(|link| format!("{stem}{link}{end}")));
    }
    wholes.insert(format!("{begin}{end}"));
    wholes.iter().flat_map(|whole| forms(whole, Kind::Word, languages)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_german() -> Languages {
        [Language::German].into_iter().collect()
    }

    fn units(text: &str) -> Vec<Vec<String>> {
        text.split(' ').map(|word| forms(word, Kind::Word, &in_german())).collect()
    }

    fn is_apart(word: &str, text: &str) -> bool {
        parts(word, &in_german()).iter().any(|parts| are_near(parts, &units(text)))
    }

    #[test]
    fn a_word_is_found_where_its_parts_stand_near_each_other() {
        assert!(is_apart("dachrinnenreinigung", "die reinigung der dachrinne"));
        assert!(is_apart("dachrinnenreinigung", "dachrinnen reinigung"));
        assert!(is_apart("rasenmäher", "rasen mäher"));
        assert!(!is_apart("dachrinnenreinigung", "dachrinne und die reinigung"), "in the order of the word they touch");
        assert!(!is_apart("dachrinnenreinigung", "die reinigung ist teuer und das tut der dachrinne nicht gut"));
        assert!(!is_apart("dachrinnenreinigung", "die reinigung der regenrinne"));
        assert!(parts("rinne", &in_german()).is_empty() && parts("ab1234567", &in_german()).is_empty());
    }

    #[test]
    fn words_that_stand_together_are_one_word_with_what_is_put_between() {
        let is_whole = |first: &str, second: &str, linked, whole: &str| {
            let stems = forms(whole, Kind::Word, &in_german());
            stems.iter().all(|stem| wholes(first, second, linked, &in_german()).contains(stem))
        };
        assert!(is_whole("reinigung", "dachrinne", true, "dachrinnenreinigung"));
        assert!(is_whole("prüfung", "gartentors", true, "gartentorprüfung"));
        assert!(is_whole("maße", "heizung", true, "heizungsmaße"));
        assert!(is_whole("rasen", "mäher", false, "rasenmäher"));
        assert!(!is_whole("rasen", "mäher", true, "rasenmäher"));
        let english: Languages = [Language::English].into_iter().collect();
        assert_eq!(wholes("lawn", "mower", false, &english).len(), 1);
        assert!(wholes("key", "lawn", true, &english).is_empty());
    }
}
