//! Numbers and codes of a question that no passage that was found has.
//!
//! Another figure is another number: an invoice `RE4711` is no answer to who paid `RE4712`, however much their letters are alike. So it is
//! known here which numbers of a question are missing. As the index counts them, zeros before them left out too, they stand in no passage at
//! all. Typed in yet another way (other signs or blanks between their parts, more zeros) they stand in none of the passages that were found:
//! the text of no other one is looked at, and nothing is said of it. What is nearest may be shown then, and is no sure answer
//! (`search::fusion`).
//!
//! A figure alone, as in `3 rooms`, is mostly a count and often written as a word: it is none of these numbers. Of a day, a time and of
//! short numbers in a row each part counts by itself, as people write them in many ways.

use super::bm25::is_known;
use super::terms::QueryTerms;
use super::token::{TAIL, TAIL_FROM, WITHOUT_ZEROS_FROM, has_digit};
use crate::base::fold::fold;
use crate::base::hit::{CorpusStatistics, SearchHit};
use std::collections::{BTreeMap, BTreeSet};

/// Signs of a number from which on it names something.
const NAMES_FROM: usize = 2;

/// Signs that may stand between two parts of one number.
const BETWEEN_MAX: usize = 3;

/// What people add to a number in a sentence: the 1980s, am 12ten.
const ENDINGS: [&str; 6] = ["s", "st", "nd", "rd", "th", "er"];

/// A number or a code of a question that no passage that was found has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What is missing, in canonical form and without what stands between its parts.
    pub number: String,
    /// The terms that it is counted by, those of its parts too.
    pub terms: BTreeSet<usize>,
}

/// The numbers and codes of a question that none of these hits has in whichever way they are typed, nor any other passage as the index counts
/// them. Without hits there is nothing to say.
#[must_use]
pub fn missing<'a>(
    terms: &QueryTerms,
    statistics: &CorpusStatistics,
    hits: impl Iterator<Item = &'a SearchHit>,
) -> Vec<Missing> {
    let is_counted = |at: usize, _: &str| is_known(statistics, at);
    let mut numbers = numbers(terms);
    numbers.retain(|number| !number.is_there(is_counted));
    if numbers.is_empty() {
        return Vec::new();
    }
    let texts: Vec<Signs> = hits.map(Signs::of).collect();
    let is_there = |at: usize, word: &str| is_counted(at, word) || texts.iter().any(|text| text.have(word));
    numbers.retain(|number| !texts.is_empty() && !number.is_there(is_there));
    numbers.into_iter().map(|number| Missing { number: number.name(is_there), terms: number.all }).collect()
}

/// The number as it is typed in the question, if it is one word there.
#[must_use]
pub fn as_typed(question: &str, number: &str) -> String {
    let mut words = question.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    let is_it = |word: &&str| fold(word).chars().filter(|c| c.is_alphanumeric()).eq(number.chars());
    words.find(is_it).unwrap_or(number).to_owned()
}

/// A number or a code of a question.
struct Number {
    /// Its terms, and those of its parts.
    all: BTreeSet<usize>,
    /// The whole in each way in which it is counted: one of them is enough.
    wholes: Vec<(usize, String)>,
    /// Its parts with figures, where all of them are enough.
    parts: Option<Vec<(usize, String)>>,
}

impl Number {
    fn is_there(&self, is_there: impl Fn(usize, &str) -> bool) -> bool {
        let is_there = |(at, word): &(usize, String)| is_there(*at, word);
        self.wholes.iter().any(is_there) || self.parts.as_ref().is_some_and(|parts| parts.iter().all(is_there))
    }

    /// The first of its parts that is not there, or the whole.
    fn name(&self, is_there: impl Fn(usize, &str) -> bool) -> String {
        let mut parts = self.parts.iter().flatten();
        let part = parts.find(|(at, word)| !is_there(*at, word)).or_else(|| self.wholes.first());
        part.map(|(_, word)| word.clone()).unwrap_or_default()
    }
}

/// The numbers and codes of a question. What has a whole in common is one.
fn numbers(terms: &QueryTerms) -> Vec<Number> {
    let words: BTreeMap<usize, &String> =
        terms.looked_up().filter_map(|(at, forms)| Some((at, forms.first()?))).collect();
    let mut groups: Vec<BTreeSet<usize>> = Vec::new();
    for at in words.keys() {
        let mut group: BTreeSet<usize> = terms.part_of(*at).map(|(whole, _)| whole).chain([*at]).collect();
        let (same, others): (Vec<_>, Vec<_>) = groups.into_iter().partition(|other| !other.is_disjoint(&group));
        same.into_iter().for_each(|other| group.extend(other));
        groups = others;
        groups.push(group);
    }
    groups.into_iter().filter_map(|group| number(terms, &words, group)).collect()
}

/// The number that these terms are; `None` if they are none.
fn number(terms: &QueryTerms, words: &BTreeMap<usize, &String>, all: BTreeSet<usize>) -> Option<Number> {
    let figures = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let with_digits: Vec<(usize, String)> = all
        .iter()
        .filter_map(|at| Some((*at, (*words.get(at)?).clone())))
        .filter(|(_, word)| has_digit(word))
        .collect();
    let is_long = with_digits.iter().any(|(_, word)| figures(word) && word.len() >= TAIL_FROM);
    // The last figures of a telephone number may be one of its parts too.
    let is_tail = |word: &str| is_long && figures(word) && word.len() == TAIL;
    let is_whole = |(at, word): &(usize, String)| is_tail(word) || terms.part_of(*at).next().is_none();
    let (wholes, mut parts): (Vec<_>, Vec<_>) = with_digits.into_iter().partition(is_whole);
    let counts_by_parts = !parts.is_empty() && !is_long && wholes.iter().all(|(_, word)| figures(word));
    parts.retain(|(_, word)| word.len() >= NAMES_FROM);
    let names = |(_, word): &(usize, String)| word.len() >= NAMES_FROM;
    if !wholes.iter().any(names) || counts_by_parts && parts.is_empty() {
        return None;
    }
    Some(Number { all, wholes, parts: counts_by_parts.then_some(parts) })
}

/// The letters and figures of a passage, without what stands between them.
struct Signs {
    /// A line feed where too much stands between two for them to be of one number.
    signs: Vec<char>,
    /// Whether something stands before each.
    apart: Vec<bool>,
}

impl Signs {
    /// Those of the name of its file, of its heading and of its text.
    fn of(hit: &SearchHit) -> Self {
        let name = hit.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let mut all = Self { signs: Vec::new(), apart: Vec::new() };
        for part in [&*String::from_utf8_lossy(name), hit.heading.as_str(), hit.text.as_str()] {
            all.push('\n', true);
            let mut between = 0;
            for sign in fold(part).chars() {
                if !sign.is_alphanumeric() {
                    between += if sign == '\n' { BETWEEN_MAX + 1 } else { 1 };
                    continue;
                }
                if between > BETWEEN_MAX {
                    all.push('\n', true);
                }
                all.push(sign, between > 0);
                between = 0;
            }
        }
        all
    }

    fn push(&mut self, sign: char, is_apart: bool) {
        self.signs.push(sign);
        self.apart.push(is_apart);
    }

    /// Whether a number stands in them, and not as a part of a longer number or word.
    fn have(&self, number: &str) -> bool {
        let without_zeros = number.trim_start_matches('0');
        let is_number_with = |ending: &&str| {
            number.strip_suffix(*ending).is_some_and(|number| number.ends_with(|c: char| c.is_ascii_digit()))
        };
        let without_ending = ENDINGS.iter().copied().find(is_number_with).and_then(|end| number.strip_suffix(end));
        let without_zeros = Some(without_zeros).filter(|rest| rest.len() >= WITHOUT_ZEROS_FROM);
        [Some(number), without_zeros, without_ending].into_iter().flatten().any(|number| {
            let number: Vec<char> = number.chars().collect();
            let mut places = self.signs.windows(number.len().max(1)).enumerate();
            places.any(|(at, signs)| signs == number && self.begins(at, &number) && !self.goes_on(at + number.len()))
        })
    }

    /// Whether a number begins here: zeros may stand before it, and before the last figures of a telephone number others.
    fn begins(&self, at: usize, number: &[char]) -> bool {
        let zeros = self.signs[..at].iter().rev().take_while(|sign| **sign == '0').count();
        let is_tail = number.len() >= TAIL && number.iter().all(char::is_ascii_digit);
        let is_figure = number.first().is_some_and(char::is_ascii_digit);
        is_tail || !self.goes_on(at) || is_figure && zeros > 0 && !self.goes_on(at - zeros)
    }

    /// Whether the sign here goes on with the figures, or the letters, before it.
    fn goes_on(&self, at: usize) -> bool {
        let (Some(before), Some(sign)) = (at.checked_sub(1).and_then(|at| self.signs.get(at)), self.signs.get(at))
        else {
            return false;
        };
        let are_of_one = before.is_alphanumeric() && before.is_ascii_digit() == sign.is_ascii_digit();
        are_of_one && sign.is_alphanumeric() && !self.apart.get(at).copied().unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of a question that these texts do not have.
    fn missing_in(question: &str, texts: &[&str]) -> Vec<String> {
        let terms = QueryTerms::new(question);
        let hit = |text: &&str| SearchHit::of_text("/notes/a4.md", text, terms.count(["", "", text]));
        let hits: Vec<SearchHit> = texts.iter().map(hit).collect();
        let statistics = CorpusStatistics::of(terms.len(), hits.iter().map(|hit| &hit.frequencies));
        let missing = missing(&terms, &statistics, hits.iter());
        missing.into_iter().map(|one| as_typed(question, &one.number)).collect()
    }

    const TEXTS: [&str; 4] = [
        "Invoice RE4711 of the plumber, RE-2024-00815.",
        "Room 1204 has a leak since 12.03.2024, at level10.",
        "Spare part BX7712, or AB 1234/C, call +49 30 2345678.",
        "Locker 0042, and key 345 of the 1980s.",
    ];

    #[test]
    fn a_number_with_another_figure_or_other_letters_is_missing() {
        for (question, number) in [
            ("RE4712", "RE4712"),
            ("Is RE4712 paid?", "RE4712"),
            ("room 1999", "1999"),
            ("room 120", "120"),
            ("RE-2024-00999", "RE-2024-00999"),
            ("AB-2024-00815", "AB-2024-00815"),
            ("BX7711", "BX7711"),
            ("level70", "level70"),
            ("Who is 030 2345679?", "2345679"),
            ("What was on 12.03.2023?", "2023"),
        ] {
            assert_eq!(missing_in(question, &TEXTS), [number], "{question}");
        }
    }

    #[test]
    fn a_number_that_is_typed_differently_is_there() {
        for question in [
            "RE4711",
            "re 4711",
            "re-4711",
            "re202400815",
            "2024/00815",
            "bx 7712",
            "BX-7712",
            "ab1234c",
            "AB-1234/C",
            "030 2345678",
            "0049302345678",
            "locker 42 0042",
            "0345",
            "the 1980s",
            "1980",
            "12 March 2024",
            "level 10",
            "a4.md",
            "3 rooms",
            "at 2.5",
            "no number",
            "",
        ] {
            assert_eq!(missing_in(question, &TEXTS), Vec::<String>::new(), "{question}");
        }
        assert!(missing_in("RE4712", &[]).is_empty(), "nothing was found that it could be said of");
    }
}
