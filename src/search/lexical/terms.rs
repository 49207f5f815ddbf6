//! The terms of a question: what is looked up, and counted in the texts that are found.

use super::analysis::{Analysis, forms, languages_of};
use super::beginnings::Beginnings;
use super::compound::{Parts, are_near, parts, wholes};
use super::detection::of_text;
use super::language::{Language, Languages};
use super::similar::{Asked, SIMILAR_FROM};
use super::spelling::{typed_out, ways_cut, with_letters};
use super::stop_word::{is_stop_word, is_stop_word_anywhere};
use super::token::{Kind, WITHOUT_ZEROS_FROM, each, has_digit, is_unspaced};
use crate::base::fluency::Fluency;
use crate::base::fold::{fold, lower};
use crate::base::hit::TermFrequencies;
use crate::limits::{DIFFERENTLY_MAX, QUESTION_WORDS_MAX};
use std::collections::{BTreeMap, BTreeSet};

/// Units from one word to the next that it may be one word with: small words may stand between.
const NEIGHBOURS: usize = 3;

/// The terms of a question, each with its index in [`TermFrequencies`]: its distinct words in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryTerms {
    /// As it was typed.
    question: String,
    terms: Vec<Term>,
    /// The indexes of the terms that have this form.
    forms: BTreeMap<String, Vec<usize>>,
    /// What the forms, and those of parts, begin with.
    beginnings: Beginnings,
    languages: Languages,
    fluency: Fluency,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Term {
    /// The word in its canonical form.
    word: String,
    /// Its stems, or a number and the same without zeros before it, by which it is looked up; none for a stop word beside others.
    forms: Vec<String>,
    /// Stems of longer words that it and its neighbour may be written as.
    wholes: BTreeSet<String>,
    /// Two words that it may be written as.
    parts: Vec<Parts>,
    /// Its stems with two letters for one (`mueller` for `müller`), which are as good as its forms.
    typed: BTreeSet<String>,
    /// The terms of an index that it may be where its own letters are two for one (`müller` for `mueller`). A text has it if it has those letters.
    spelt: BTreeSet<String>,
    /// The terms that it is a part of, and how many parts those have.
    part_of: Vec<(usize, usize)>,
}

impl QueryTerms {
    /// The first `QUESTION_WORDS_MAX` distinct words in the order of the question, so that all devices number them
    /// alike. Stop words keep their index and count for nothing, unless the question has no others.
    #[must_use]
    pub fn new(question: &str) -> Self {
        let languages = of_text(question);
        let mut terms: Vec<Term> = Vec::new();
        // The terms of the units, and the unit of each where it is a word.
        let mut units: Vec<(usize, Option<String>)> = Vec::new();
        let mut last = None;
        each(&lower(question), |unit, kind| {
            let word = fold(unit).into_owned();
            let at = terms.iter().position(|term| term.word == word).or_else(|| {
                let is_room = terms.len() < QUESTION_WORDS_MAX;
                is_room.then(|| terms.push(Term { forms: asked(unit, kind, &languages), word, ..Term::default() }))?;
                Some(terms.len() - 1)
            });
            let (Kind::Joined(parts) | Kind::Tail(parts)) = kind else {
                units.extend(at.map(|at| (at, (kind == Kind::Word).then(|| unit.to_owned()))));
                last = at;
                return;
            };
            let its = units.iter().rev().take(parts).map(|(part, _)| *part);
            let its: BTreeSet<usize> = its.chain(last.filter(|_| matches!(kind, Kind::Tail(_)))).collect();
            for part in &its {
                if let Some((at, term)) = at.filter(|at| at != part).zip(terms.get_mut(*part)) {
                    term.part_of.push((at, its.len()));
                }
            }
            last = at;
        });
        if terms.iter().any(|term| !is_stop_word(&term.word, &languages)) {
            let stop_words = terms.iter_mut().filter(|term| is_stop_word(&term.word, &languages));
            stop_words.for_each(|term| term.forms.clear());
        }
        write_differently(&mut terms, &units, &languages);
        spell_otherwise(&mut terms, &units, &languages);
        let mut forms: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, term) in terms.iter().enumerate() {
            for form in term.forms.iter().chain(&term.wholes).chain(&term.typed) {
                forms.entry(form.clone()).or_default().push(at);
            }
        }
        let parts = terms.iter().flat_map(|term| &term.parts).flat_map(|parts| [&parts.first, &parts.second]);
        let beginnings = Beginnings::of(forms.keys().chain(parts));
        let question = question.to_owned();
        Self { question, terms, forms, beginnings, languages, fluency: Fluency::default() }
    }

    /// With the languages that the question's model knows.
    #[must_use]
    pub const fn read_by(mut self, fluency: Fluency) -> Self {
        self.fluency = fluency;
        self
    }

    /// Which languages the question's model knows.
    #[must_use]
    pub const fn fluency(&self) -> Fluency {
        self.fluency
    }

    /// The question as it was typed.
    pub(super) fn question(&self) -> &str {
        &self.question
    }

    /// The languages that its words may be of, the likeliest first.
    #[must_use]
    pub fn languages(&self) -> &[Language] {
        &self.languages
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.terms.len()
    }

    /// Whether the question has no words.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The terms that are looked up, with the forms of each.
    pub fn looked_up(&self) -> impl Iterator<Item = (usize, &[String])> {
        self.terms.iter().enumerate().filter(|(_, term)| !term.forms.is_empty()).map(|(at, term)| (at, &term.forms[..]))
    }

    /// The term that is looked up by this form.
    pub(super) fn with_form(&self, form: &str) -> Option<usize> {
        self.forms.get(form).and_then(|terms| terms.first()).copied()
    }

    /// The term that is this word in its canonical form: in a short text a word may be taken to be of another language, and cut otherwise.
    pub(super) fn with_word(&self, word: &str) -> Option<usize> {
        self.looked_up().map(|(at, _)| at).find(|at| self.terms.get(*at).is_some_and(|term| term.word == word))
    }

    /// The forms of groups of letters of a script without spaces, with the term of each.
    pub(super) fn exact_forms(&self) -> impl Iterator<Item = (&str, usize)> {
        self.forms
            .iter()
            .filter(|(form, _)| is_unspaced(form))
            .filter_map(|(form, at)| Some((form.as_str(), *at.first()?)))
    }

    /// Whether a number or a code is asked for.
    pub(super) fn has_numbers(&self) -> bool {
        self.forms.keys().any(|form| has_digit(form))
    }

    /// The ways to write a term that are looked up beside its forms: as a part of longer words, with two letters for one, and as two words.
    pub(super) fn written_differently(&self, at: usize) -> (impl Iterator<Item = &String>, &[Parts]) {
        let term = self.terms.get(at);
        (
            term.into_iter().flat_map(|term| term.wholes.iter().chain(&term.typed)),
            term.map_or(&[][..], |term| &term.parts),
        )
    }

    /// The terms of an index that a term may be with other letters: which text has those, it tells itself.
    pub(super) fn spelt(&self, at: usize) -> impl Iterator<Item = &String> {
        self.terms.get(at).into_iter().flat_map(|term| &term.spelt)
    }

    /// All ways to spell a term but its own.
    pub fn other_spellings(&self, at: usize) -> impl Iterator<Item = &String> {
        self.terms.get(at).into_iter().flat_map(|term| term.spelt.iter().chain(&term.typed))
    }

    /// The terms that a word of a text is when its letters are typed as two: `Müller` where `Mueller` is asked for.
    pub(super) fn typed_as(&self, unit: &str, languages: &Languages) -> BTreeSet<usize> {
        let Some(typed) = typed_out(unit) else { return BTreeSet::new() };
        let by_form =
            forms(&typed, Kind::Word, languages).into_iter().filter_map(|form| self.forms.get(&form)).flatten();
        // A name is the same in each language, however its end is cut.
        let word = fold(&typed);
        let by_word = self.terms.iter().enumerate().filter(|(_, term)| term.word == word).map(|(at, _)| at);
        let is_spelt = |at: &usize| self.terms.get(*at).is_some_and(|term| !term.spelt.is_empty());
        by_form.copied().chain(by_word).filter(is_spelt).collect()
    }

    /// What a term weighs, 0 to 1. A part of a number or a day tells little where the whole is known (`is_known`): all parts together are
    /// worth no more than it, so that no chunk with parts of another number comes before one that has it.
    #[must_use]
    pub fn weight(&self, at: usize, is_known: impl Fn(usize) -> bool) -> f32 {
        let known = self.part_of(at).filter(|(whole, _)| is_known(*whole));
        known.map(|(_, parts)| 1.0 / parts.max(1) as f32).fold(1.0, f32::min)
    }

    /// Whether a term is a part of one that is known.
    #[must_use]
    pub fn is_told(&self, at: usize, is_known: impl Fn(usize) -> bool) -> bool {
        self.part_of(at).any(|(whole, _)| is_known(whole))
    }

    /// A term's word in its canonical form.
    pub(super) fn word(&self, at: usize) -> &str {
        self.terms.get(at).map_or("", |term| term.word.as_str())
    }

    /// The terms that a term is a part of, and how many parts each of those has.
    pub(super) fn part_of(&self, at: usize) -> impl Iterator<Item = (usize, usize)> {
        self.terms.get(at).into_iter().flat_map(|term| &term.part_of).copied()
    }

    /// Which part of the question's words a chunk has, 0 to 1: forms of a word count as one, stop words not at all, and the parts of what
    /// it has are there.
    #[must_use]
    pub fn held(&self, frequencies: &TermFrequencies) -> f32 {
        let counted = |at: usize| frequencies.counts.get(at).is_some_and(|count| *count > 0);
        let has = |at: usize| counted(at) || self.is_told(at, counted);
        let (held, all) = self.looked_up().fold((0, 0), |(held, all), (at, _)| (held + usize::from(has(at)), all + 1));
        held as f32 / all.max(1) as f32
    }

    /// Counts the terms in one chunk: the name of its file, its heading and its text.
    #[must_use]
    pub fn count(&self, parts: [&str; 3]) -> TermFrequencies {
        let [_, heading, text] = parts;
        self.count_in(&languages_of(heading, text), parts)
    }

    /// The same where it is known which languages the chunk is in: to tell costs as much as to count.
    #[must_use]
    pub fn count_in(&self, languages: &Languages, parts: [&str; 3]) -> TermFrequencies {
        let is_wanted = |unit: &str| self.beginnings.has(unit, languages);
        let analysis = Analysis::of_those(languages, &parts, is_wanted, None);
        let mut frequencies = TermFrequencies::zero(self.len());
        frequencies.length = analysis.length;
        let has = |parts: &&Parts| [&parts.first, &parts.second].iter().all(|part| analysis.terms.contains_key(*part));
        let mut units: Option<Vec<Vec<String>>> = None;
        for (term, count) in self.terms.iter().zip(&mut frequencies.counts) {
            for apart in term.parts.iter().filter(has) {
                let units = units.get_or_insert_with(|| units_of(languages, parts));
                *count = (*count).max(u16::from(are_near(apart, units)));
            }
        }
        for (form, indexes) in &self.forms {
            let Some(found) = analysis.terms.get(form) else { continue };
            for at in indexes {
                if let Some(count) = frequencies.counts.get_mut(*at) {
                    *count = (*count).max(*found);
                }
            }
        }
        if self.terms.iter().any(|term| !term.spelt.is_empty()) {
            self.count_typed(languages, parts, &mut frequencies);
        }
        frequencies
    }

    /// Counts the words of a chunk that are terms of the question when their letters are typed as two.
    fn count_typed(&self, languages: &Languages, parts: [&str; 3], frequencies: &mut TermFrequencies) {
        let mut found: BTreeMap<usize, u16> = BTreeMap::new();
        for text in parts.into_iter().filter(|text| !text.is_ascii()) {
            each(&lower(text), |unit, kind| {
                let terms = if kind == Kind::Word { self.typed_as(unit, languages) } else { BTreeSet::new() };
                for at in terms {
                    let count = found.entry(at).or_default();
                    *count = count.saturating_add(1);
                }
            });
        }
        for (at, found) in found {
            if let Some(count) = frequencies.counts.get_mut(at) {
                *count = (*count).max(found);
            }
        }
    }

    /// How nearly a chunk has each of these terms, 0 to 1, which no chunk has exactly.
    #[must_use]
    pub fn nearly(&self, unknown: &[usize], parts: [&str; 3]) -> Vec<f32> {
        let analysis = of_parts(parts);
        let best = |asked: &String| {
            let exact = if analysis.terms.contains_key(asked) { 1.0 } else { 0.0 };
            let like = Asked::new(asked)
                .map(|mut asked| analysis.terms.keys().map(|term| asked.similarity(term)).fold(0.0, f32::max));
            like.unwrap_or(exact)
        };
        let of = |at: &usize| self.terms.get(*at).map_or(0.0, |term| term.forms.iter().map(best).fold(0.0, f32::max));
        unknown.iter().map(of).collect()
    }
}

/// The forms by which a unit of a question is looked up: a number with zeros before it also without them, as others leave them out.
fn asked(unit: &str, kind: Kind, languages: &Languages) -> Vec<String> {
    let mut forms = forms(unit, kind, languages);
    let without_zeros = |form: &String| {
        let figures = form.trim_start_matches('0');
        let is_number = kind == Kind::Exact && form.bytes().all(|byte| byte.is_ascii_digit());
        let is_other = figures.len() < form.len() && figures.len() >= WITHOUT_ZEROS_FROM;
        (is_number && is_other).then(|| figures.to_owned())
    };
    let other = forms.first().and_then(without_zeros);
    forms.extend(other);
    forms
}

/// A chunk with the name of its file, whose words are in the chunk's languages.
fn of_parts([name, heading, text]: [&str; 3]) -> Analysis {
    Analysis::in_languages(&languages_of(heading, text), &[name, heading, text])
}

/// The stems of each unit of a chunk in their order.
fn units_of(languages: &Languages, parts: [&str; 3]) -> Vec<Vec<String>> {
    let mut units = Vec::new();
    for text in parts {
        each(&lower(text), |unit, kind| {
            if matches!(kind, Kind::Word | Kind::Exact) {
                units.push(forms(unit, kind, languages));
            }
        });
    }
    units
}

/// Finds the terms that may be written as one word with their neighbour, or as two.
fn write_differently(terms: &mut [Term], units: &[(usize, Option<String>)], languages: &Languages) {
    if terms.iter().filter(|term| !term.forms.is_empty()).count() > DIFFERENTLY_MAX {
        return;
    }
    let mut before: Option<(usize, &str, usize)> = None;
    for (number, (at, word)) in units.iter().enumerate() {
        let Some(term) = terms.get_mut(*at).filter(|term| !term.forms.is_empty()) else { continue };
        let Some(word) = word else {
            before = None;
            continue;
        };
        if term.parts.is_empty() {
            term.parts = parts(word, languages);
        }
        if let Some((other, first, its)) = before.filter(|(_, _, its)| number - its <= NEIGHBOURS) {
            let wholes = wholes(first, word, number - its > 1, languages);
            for one in [other, *at] {
                terms.get_mut(one).into_iter().for_each(|term| term.wholes.extend(wholes.iter().cloned()));
            }
        }
        before = Some((*at, word, number));
    }
}

/// Finds how terms may be spelt with one letter for two, or with two for one.
fn spell_otherwise(terms: &mut [Term], units: &[(usize, Option<String>)], languages: &Languages) {
    for (at, word) in units {
        let term = terms.get_mut(*at).filter(|term| !term.forms.is_empty());
        let Some((term, word)) = term.zip(word.as_ref()) else { continue };
        term.typed.extend(typed_out(word).iter().flat_map(|word| ways_cut(word, languages)));
        // `Haas` is not found by `has`.
        let others = with_letters(word).into_iter().filter(|word| !is_stop_word_anywhere(&fold(word)));
        let spelt: BTreeSet<String> = others.flat_map(|word| ways_cut(&word, languages)).collect();
        let own = &term.forms;
        term.spelt = spelt.into_iter().filter(|form| !own.contains(form)).collect();
    }
}

/// The terms of an index that are like one of these forms, the most like first.
#[must_use]
pub fn most_similar<'a>(forms: &[String], known: impl Iterator<Item = &'a str>, max: usize) -> Vec<(String, f32)> {
    let mut asked: Vec<Asked<'_>> = forms.iter().filter_map(|form| Asked::new(form)).collect();
    let mut found: Vec<(String, f32)> = Vec::new();
    for term in known {
        let best = asked.iter_mut().map(|form| form.similarity(term)).fold(0.0, f32::max);
        if best >= SIMILAR_FROM {
            found.push((term.to_owned(), best));
        }
    }
    found.sort_by(|(a, of_a), (b, of_b)| of_b.total_cmp(of_a).then_with(|| a.cmp(b)));
    found.dedup_by(|a, b| a.0 == b.0);
    found.truncate(max);
    found
}

#[cfg(test)]
#[path = "terms_test.rs"]
mod tests;
