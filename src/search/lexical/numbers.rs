//! Numbers and codes of a question that no passage that was found has.
//!
//! Another figure is another number: an invoice `RE4711` is no answer to who paid `RE4712`, however much their letters are alike. So it is
//! known here which numbers of a question are missing. As the index counts them, zeros before them left out too, they stand in no passage at
//! all. Typed in yet another way (other signs or blanks between their parts, more zeros) they stand in none of the passages that were found:
//! the text of no other one is looked at, and nothing is said of it. What is nearest may be shown then, and is no sure answer
//! (`search::scores`).
//!
//! A figure alone, as in `3 rooms`, is mostly a count and often written as a word: it is none of these numbers. Of a day, a time and of
//! short numbers in a row each part counts by itself, as people write them in many ways.
//!
//! A number of another thing is none either: that a bus line has the number `4712` says nothing of the alarm whose PIN it may be. So a number
//! is missing too where no passage that was found has it together with another word of the question, as long as some passage has such a word: in
//! another language than the documents nothing is said. A passage that has the number is left as it is then (`Missing::is_lacked_by`).

use super::bm25::is_known;
use super::signs::Text;
use super::terms::QueryTerms;
use super::token::{TAIL, TAIL_FROM, has_digit};
use crate::base::file_name;
use crate::base::fold::fold;
use crate::base::hit::{CorpusStatistics, SearchHit};
use core::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// Signs of a number from which on it names something.
const NAMES_FROM: usize = 2;

/// A number or a code of a question that no passage that was found has, or none together with another word of the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What is missing, in canonical form.
    pub number: String,
    /// The terms that it is counted by, those of its parts too.
    pub terms: BTreeSet<usize>,
    /// The number, if passages about other things have it.
    elsewhere: Option<Number>,
}

impl Missing {
    /// Whether some passage has it, and none together with another word of the question.
    #[must_use]
    pub const fn is_elsewhere(&self) -> bool {
        self.elsewhere.is_some()
    }

    /// Whether a hit does not have it.
    pub(super) fn is_lacked_by(&self, text: &Text<'_>) -> bool {
        self.elsewhere.as_ref().is_none_or(|number| !number.is_in(text))
    }
}

/// The numbers and codes of a question that none of these hits has in whichever way they are typed, nor any other passage as the index counts
/// them; and those that none of these hits has together with another word of the question. Without hits there is nothing to say.
pub(super) fn missing(terms: &QueryTerms, statistics: &CorpusStatistics, texts: &[Text<'_>]) -> Vec<Missing> {
    let numbers = numbers(terms);
    if numbers.is_empty() || texts.is_empty() {
        return Vec::new();
    }
    let is_counted = |at: usize, _: &str| is_known(statistics, at);
    let is_there = |at: usize, word: &str| is_counted(at, word) || texts.iter().any(|text| text.signs().have(word));
    let beside = Beside::of(terms, statistics, &numbers);
    // Which hits have another word is the same for each number.
    let others: Vec<OnceCell<bool>> = texts.iter().map(|_| OnceCell::new()).collect();
    let missing = |number: Number| {
        if !number.is_there(is_counted) && !number.is_there(is_there) {
            return Some(Missing { number: number.name(is_there), terms: number.all, elsewhere: None });
        }
        let is_with_others = || {
            let mut each = texts.iter().zip(&others);
            each.any(|(text, has)| number.is_in(text) && *has.get_or_init(|| beside.are_in(text)))
        };
        (beside.tell && !is_with_others()).then(|| Missing {
            number: number.whole(terms),
            terms: number.all.clone(),
            elsewhere: Some(number.clone()),
        })
    };
    numbers.into_iter().filter_map(missing).collect()
}

/// Which of these hits lack a code of the question, a number that begins with a letter as that of an error or a part does; `None` if it has none, or
/// none of the hits has all of them.
pub(super) fn lack_codes(terms: &QueryTerms, texts: &[Text<'_>]) -> Option<Vec<bool>> {
    let is_code = |number: &Number| number.wholes.iter().any(|(_, word)| word.starts_with(char::is_alphabetic));
    let codes: Vec<Number> = numbers(terms).into_iter().filter(is_code).collect();
    if codes.is_empty() {
        return None;
    }
    let lack: Vec<bool> = texts.iter().map(|text| !codes.iter().all(|code| code.is_in(text))).collect();
    lack.contains(&false).then_some(lack)
}

/// The words of a question that count, beside its numbers.
struct Beside<'a> {
    terms: &'a QueryTerms,
    words: Vec<usize>,
    /// Those of them that no passage has: what is like them counts.
    unknown: Vec<usize>,
    /// Whether some passage has one of them.
    tell: bool,
}

impl<'a> Beside<'a> {
    fn of(terms: &'a QueryTerms, statistics: &CorpusStatistics, numbers: &[Number]) -> Self {
        let is_word = |at: &usize| !has_digit(terms.word(*at)) && !numbers.iter().any(|number| number.all.contains(at));
        let words: Vec<usize> = terms.looked_up().map(|(at, _)| at).filter(is_word).collect();
        let unknown: Vec<usize> = words.iter().copied().filter(|at| !is_known(statistics, *at)).collect();
        let tell = unknown.len() < words.len();
        Self { terms, words, unknown, tell }
    }

    /// Whether a hit has one of them, in the name of its file, in its heading or in its text.
    fn are_in(&self, text: &Text<'_>) -> bool {
        let hit = text.hit;
        if self.words.iter().any(|at| counts(hit, *at)) {
            return true;
        }
        let name = file_name::words(&hit.path);
        let parts: [&str; 3] = [&name, &hit.heading, &hit.text];
        self.words.iter().any(|at| text.signs().have_word(self.terms.word(*at)))
            || !self.unknown.is_empty() && self.terms.nearly(&self.unknown, parts).iter().any(|like| *like > 0.0)
    }
}

/// Whether a hit has a term as it is counted.
fn counts(hit: &SearchHit, at: usize) -> bool {
    hit.frequencies.counts.get(at).is_some_and(|count| *count > 0)
}

/// The number, or the word, as it is typed in the question, if it is one word there.
#[must_use]
pub fn as_typed(question: &str, number: &str) -> String {
    let mut words = question.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    let signs = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let number_signs = signs(number);
    let is_it = |word: &&str| signs(&fold(word)) == number_signs;
    words.find(is_it).unwrap_or(number).to_owned()
}

/// A number or a code of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// Whether a hit has it, in whichever way it is typed.
    fn is_in(&self, text: &Text<'_>) -> bool {
        let is_counted = |at: usize, _: &str| counts(text.hit, at);
        self.is_there(is_counted) || self.is_there(|at, word| is_counted(at, word) || text.signs().have(word))
    }

    /// All of it: its parts in their order where it counts by them, as a day does.
    fn whole(&self, terms: &QueryTerms) -> String {
        let wholes: BTreeSet<usize> =
            self.all.iter().flat_map(|at| terms.part_of(*at)).map(|(whole, _)| whole).collect();
        let parts = self.all.iter().filter(|at| self.parts.is_some() && !wholes.contains(at));
        let parts: Vec<&str> = parts.map(|at| terms.word(*at)).collect();
        if parts.is_empty() { self.name(|_, _| true) } else { parts.join(" ") }
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

#[cfg(test)]
mod tests {
    use super::super::hits_test::hits;
    use super::*;

    /// The numbers of a question that these texts do not have.
    fn missing_in(question: &str, texts: &[&str]) -> Vec<String> {
        let terms = QueryTerms::new(question);
        let (hits, statistics) = hits(&terms, ["/notes/a4.md", ""], texts);
        let texts: Vec<Text<'_>> = hits.iter().map(Text::of).collect();
        let missing = missing(&terms, &statistics, &texts);
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

    #[test]
    fn a_number_that_only_a_passage_about_something_else_has_is_missing() {
        let texts = [
            "Invoice 2024-0077 of the Stadtwerke over 450 euros was paid.",
            "Photo 2024-0078 shows grandmother at the lake",
            "The PIN of the alarm is 4711",
            "Bus line 4712",
            "The lock code is 0042",
            "Mail number 43",
            "The rent is 950 euros",
            "Room 201 has a leak since 12 March 2024",
        ];
        for (question, number) in [
            ("Was the invoice 2024-0078 of the Stadtwerke paid?", "2024-0078"),
            ("Is the PIN of the alarm 4712?", "4712"),
            ("What is the lock code 0043?", "0043"),
            ("Is the rent 201 euros?", "201"),
            ("Was the rent paid on 12 March 2024?", "12 march 2024"),
        ] {
            assert_eq!(missing_in(question, &texts), [number], "{question}");
        }
        for question in [
            "Was the invoice 2024-0077 of the Stadtwerke paid?",
            "the foto 2024-0078",
            "Is the bus line 4712 late?",
            "4712",
            "2024-0078",
            "Is it 4712?",
            "Wie spät ist Linie 4712?",
            "What leaks in room 201?",
            "The leak of 12.03.2024",
        ] {
            assert_eq!(missing_in(question, &texts), Vec::<String>::new(), "{question}");
        }
        assert!(missing_in("part 0345", &["Order part 0345 for the pump", "Mail number 345"]).is_empty());
    }

    #[test]
    fn a_hit_that_has_a_number_of_another_thing_does_not_lack_it() {
        let terms = QueryTerms::new("Is the PIN 4712?");
        let (hits, statistics) = hits(&terms, ["/0.md", ""], &["The PIN is 4711", "Bus line 4712"]);
        let texts: Vec<Text<'_>> = hits.iter().map(Text::of).collect();
        let missing = missing(&terms, &statistics, &texts);
        assert!(missing.len() == 1 && missing[0].is_elsewhere());
        assert!(missing[0].is_lacked_by(&texts[0]) && !missing[0].is_lacked_by(&texts[1]));
    }
}
