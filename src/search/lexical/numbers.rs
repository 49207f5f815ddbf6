//! Numbers and codes of a question that no passage that was found has.
//!
//! Another figure is another number: an invoice `RE4711` is no answer to who paid `RE4712`, however much their letters are alike. So it is
//! known here which numbers of a question are missing. As the index counts them, zeros before them left out too, they stand in no passage at
//! all. Typed in yet another way (other signs or blanks between their parts, more zeros) they stand in none of the passages that were found:
//! the text of no other one is looked at, and nothing is said of it. What is nearest may be shown then, and is no sure answer
//! (`search::scores`).
//!
//! A figure alone, as in `3 rooms`, is mostly a count and often written as a word: it is none of these numbers. Of a day and of short numbers
//! in a row each part counts by itself, as people write them in many ways. What one sign each joins, as `1482.8` or `246/5-6`, is one number
//! (`grouped`): its figures alone may be those of another one, so that they tell that it is known only where they are many.
//!
//! A number of another thing is none either: that a bus line has the number `4712` says nothing of the alarm whose PIN it may be. So a number
//! is missing too where no passage that was found has it together with another word of the question, as long as some passage has such a word: in
//! another language than the documents nothing is said. A passage that has the number is left as it is then (`Missing::is_lacked_by`).

use super::bm25::is_known;
use super::grouped::{Grouped, grouped};
use super::period::{Asked, Fit};
use super::signs::Text;
use super::terms::QueryTerms;
use super::token::{TAIL, TAIL_FROM, has_digit};
use super::typed::longest;
use crate::base::file_name;
use crate::base::hit::{CorpusStatistics, SearchHit};
use core::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// Signs of a number from which on it names something.
const NAMES_FROM: usize = 2;

/// Figures of a grouped number from which on a passage that has them in a row, as the index counts them, is taken to have it: the same as those from
/// which on an amount is the same without its signs. Chosen, as there.
const COUNTED_FROM: usize = 5;

/// A number or a code of a question that no passage that was found has, or none together with another word of the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What is missing, as it is typed in the question.
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

    /// Whether it is a number of passages about other things, of which this hit is one.
    #[must_use]
    pub fn is_in(&self, hit: &SearchHit) -> bool {
        self.elsewhere.as_ref().is_some_and(|number| number.is_in(&Text::of(hit)))
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
    let period = Asked::of(terms.question());
    // A row may have the month or the year in a date of another form: 11.5.24 is in 05/2024.
    let is_dated = |number: &Number| {
        let its = period.as_ref().filter(|period| period.is_typed_by(&number.typed));
        its.is_some_and(|period| texts.iter().any(|text| period.fit(&text.hit.text) == Fit::Inside))
    };
    let missing = |number: Number| {
        if is_dated(&number) {
            return None;
        }
        let (typed, terms) = (number.typed.clone(), number.all.clone());
        if !number.is_there(is_counted) && !number.is_among(texts, is_there) {
            return Some(Missing { number: typed, terms, elsewhere: None });
        }
        let is_with_others = || {
            let mut each = texts.iter().zip(&others);
            each.any(|(text, has)| number.is_in(text) && *has.get_or_init(|| beside.are_in(text)))
        };
        if !beside.tell || is_with_others() {
            return None;
        }
        // Its parts may be those of several passages, of which none has all of it.
        let is_whole =
            number.wholes.iter().any(|(at, word)| is_counted(*at, word)) || texts.iter().any(|text| number.is_in(text));
        Some(Missing { number: typed, terms, elsewhere: is_whole.then_some(number) })
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

/// A number or a code of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Number {
    /// As it is typed.
    typed: String,
    /// Its terms, and those of its parts.
    all: BTreeSet<usize>,
    /// The whole in each way in which it is counted: one of them is enough.
    wholes: Vec<(usize, String)>,
    /// Its parts with figures, where all of them are enough.
    parts: Option<Vec<(usize, String)>>,
    /// Its groups, where one sign each joins them. Then its wholes are those by which the index tells that it is there.
    grouped: Option<Grouped>,
}

impl Number {
    /// A number of groups that signs join, which the terms of `groups` are; `None` if it is counted as a long one, or is no term.
    fn of_groups(terms: &QueryTerms, groups: &[BTreeSet<usize>], number: Grouped) -> Option<Self> {
        let figures = number.figures();
        let mut all: BTreeSet<usize> =
            number.groups.iter().map(|group| terms.with_word(group)).collect::<Option<_>>()?;
        let mut its = groups.iter().filter(|group| !group.is_disjoint(&all)).flatten();
        if its.any(|at| is_long(terms.word(*at))) {
            return None;
        }
        // It may stand beside others with which it is counted as one.
        let wholes: BTreeSet<usize> = all.iter().flat_map(|at| terms.part_of(*at)).map(|(whole, _)| whole).collect();
        let wholes = wholes.into_iter().map(|at| (at, terms.word(at).to_owned()));
        let is_it = |word: &str| word.contains(&figures) && word.len() >= COUNTED_FROM;
        let wholes: Vec<(usize, String)> = wholes.filter(|(_, word)| is_it(word)).collect();
        all.extend(terms.with_word(&figures));
        Some(Self { typed: number.typed.clone(), all, wholes, parts: None, grouped: Some(number) })
    }

    fn is_there(&self, is_there: impl Fn(usize, &str) -> bool) -> bool {
        let is_there = |(at, word): &(usize, String)| is_there(*at, word);
        self.wholes.iter().any(is_there) || self.parts.as_ref().is_some_and(|parts| parts.iter().all(is_there))
    }

    /// Whether these hits have it, or each of its parts.
    fn is_among(&self, texts: &[Text<'_>], is_there: impl Fn(usize, &str) -> bool) -> bool {
        if self.grouped.is_some() { texts.iter().any(|text| self.is_in(text)) } else { self.is_there(is_there) }
    }

    /// Whether a hit has it, in whichever way it is typed.
    fn is_in(&self, text: &Text<'_>) -> bool {
        if let Some(grouped) = &self.grouped {
            let figures = grouped.figures().len();
            let mut longer = self.wholes.iter().filter(|(_, word)| word.len() > figures);
            // The index joins what signs in a row divide, as in `(089) 12345`.
            return self.wholes.iter().any(|(at, _)| counts(text.hit, *at))
                || text.signs().have_grouped(grouped)
                || longer.any(|(_, word)| text.signs().have(word));
        }
        let is_counted = |at: usize, _: &str| counts(text.hit, at);
        self.is_there(is_counted) || self.is_there(|at, word| is_counted(at, word) || text.signs().have(word))
    }
}

/// The numbers and codes of a question, in its order. What has a whole in common is one, but for numbers of groups that signs join.
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
    let one = |number: Grouped| Number::of_groups(terms, &groups, number);
    let mut numbers: Vec<Number> = grouped(terms.question()).into_iter().filter_map(one).collect();
    let taken: BTreeSet<usize> = numbers.iter().flat_map(|number| &number.all).copied().collect();
    let others = groups.into_iter().filter_map(|group| number(terms, &words, without(terms, group, &taken)?));
    let others: Vec<Number> = others.collect();
    numbers.extend(others);
    numbers.sort_by_key(|number| number.all.first().copied());
    numbers
}

/// The terms of a group that are of no grouped number (`taken`); `None` if of those with digits only what such a number is a part of is left.
fn without(terms: &QueryTerms, group: BTreeSet<usize>, taken: &BTreeSet<usize>) -> Option<BTreeSet<usize>> {
    if group.is_disjoint(taken) {
        return Some(group);
    }
    let wholes: BTreeSet<usize> =
        group.intersection(taken).flat_map(|at| terms.part_of(*at)).map(|(whole, _)| whole).collect();
    let rest: BTreeSet<usize> = group.difference(taken).copied().collect();
    rest.iter().any(|at| !wholes.contains(at) && has_digit(terms.word(*at))).then_some(rest)
}

/// Whether a word is a number whose last figures tell it.
fn is_long(word: &str) -> bool {
    word.len() >= TAIL_FROM && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number that these terms are; `None` if they are none.
fn number(terms: &QueryTerms, words: &BTreeMap<usize, &String>, all: BTreeSet<usize>) -> Option<Number> {
    let figures = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let with_digits: Vec<(usize, String)> = all
        .iter()
        .filter_map(|at| Some((*at, (*words.get(at)?).clone())))
        .filter(|(_, word)| has_digit(word))
        .collect();
    let is_long = with_digits.iter().any(|(_, word)| is_long(word));
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
    Some(Number { typed: typed(terms, &all), all, wholes, parts: counts_by_parts.then_some(parts), grouped: None })
}

/// All of the number that these terms are as it is typed. The letters of a day are of no whole, but stand between its parts.
fn typed(terms: &QueryTerms, all: &BTreeSet<usize>) -> String {
    let wholes: BTreeSet<usize> = all.iter().flat_map(|at| terms.part_of(*at)).map(|(whole, _)| whole).collect();
    let parts: String = all.iter().filter(|at| !wholes.contains(at)).map(|at| terms.word(*at)).collect();
    let words = all.iter().map(|at| terms.word(*at)).filter(|word| has_digit(word)).map(str::to_owned);
    let words: Vec<String> = words.chain([parts]).collect();
    longest(terms.question(), &words)
}

#[cfg(test)]
#[path = "numbers_test.rs"]
mod tests;
