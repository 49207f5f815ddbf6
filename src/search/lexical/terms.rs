//! The terms of a question: what is looked up, and counted in the texts that are found.

use super::analysis::{Analysis, forms, languages_of};
use super::language::{Language, Languages, of_question};
use super::similar::{SIMILAR_FROM, grams, similarity};
use super::stop_word::is_stop_word;
use super::token::each;
use crate::base::fold::{fold, lower};
use crate::base::hit::TermFrequencies;
use crate::limits::QUESTION_WORDS_MAX;
use std::collections::BTreeMap;

/// The terms of a question, each with its index in [`TermFrequencies`]: its distinct words in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryTerms {
    terms: Vec<Term>,
    /// The indexes of the terms that have this form.
    forms: BTreeMap<String, Vec<usize>>,
    languages: Languages,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    /// The word in its canonical form.
    word: String,
    /// Its stems, by which it is looked up; none for a stop word beside others.
    forms: Vec<String>,
}

impl QueryTerms {
    /// The first `QUESTION_WORDS_MAX` distinct words in the order of the question, so that all devices number them
    /// alike. Stop words keep their index and count for nothing, unless the question has no others.
    #[must_use]
    pub fn new(question: &str) -> Self {
        let languages = of_question(question);
        let mut terms: Vec<Term> = Vec::new();
        each(&lower(question), |unit, kind| {
            let word = fold(unit).into_owned();
            if terms.len() < QUESTION_WORDS_MAX && terms.iter().all(|term| term.word != word) {
                terms.push(Term { forms: forms(unit, kind, &languages), word });
            }
        });
        if terms.iter().any(|term| !is_stop_word(&term.word)) {
            terms.iter_mut().filter(|term| is_stop_word(&term.word)).for_each(|term| term.forms.clear());
        }
        let mut forms: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, term) in terms.iter().enumerate() {
            for form in &term.forms {
                forms.entry(form.clone()).or_default().push(at);
            }
        }
        Self { terms, forms, languages }
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

    /// Which part of the question's words a chunk has, 0 to 1: forms of a word count as one, stop words not at all.
    #[must_use]
    pub fn held(&self, frequencies: &TermFrequencies) -> f32 {
        let has = |at: usize| frequencies.counts.get(at).is_some_and(|count| *count > 0);
        let (held, all) = self.looked_up().fold((0, 0), |(held, all), (at, _)| (held + usize::from(has(at)), all + 1));
        held as f32 / all.max(1) as f32
    }

    /// Counts the terms in one chunk: the name of its file, its heading and its text.
    #[must_use]
    pub fn count(&self, parts: [&str; 3]) -> TermFrequencies {
        let analysis = of_parts(parts);
        let mut frequencies = TermFrequencies::zero(self.len());
        frequencies.length = analysis.length;
        for (form, indexes) in &self.forms {
            let Some(found) = analysis.terms.get(form) else { continue };
            for at in indexes {
                if let Some(count) = frequencies.counts.get_mut(*at) {
                    *count = (*count).max(*found);
                }
            }
        }
        frequencies
    }

    /// How nearly a chunk has each of these terms, 0 to 1, which no chunk has exactly.
    #[must_use]
    pub fn nearly(&self, unknown: &[usize], parts: [&str; 3]) -> Vec<f32> {
        let analysis = of_parts(parts);
        let best = |asked: &String| analysis.terms.keys().map(|term| similarity(asked, term)).fold(0.0, f32::max);
        let of = |at: &usize| self.terms.get(*at).map_or(0.0, |term| term.forms.iter().map(best).fold(0.0, f32::max));
        unknown.iter().map(of).collect()
    }
}

/// A chunk with the name of its file, whose words are in the chunk's languages.
fn of_parts([name, heading, text]: [&str; 3]) -> Analysis {
    Analysis::in_languages(&languages_of(heading, text), &[name, heading, text])
}

/// The terms of an index that are like one of these forms, the most like first.
#[must_use]
pub fn most_similar<'a>(forms: &[String], known: impl Iterator<Item = &'a str>, max: usize) -> Vec<(String, f32)> {
    let asked: Vec<&String> = forms.iter().filter(|form| !grams(form).is_empty()).collect();
    let mut found: Vec<(String, f32)> = Vec::new();
    for term in known {
        let best = asked.iter().map(|form| similarity(form, term)).fold(0.0, f32::max);
        if best >= SIMILAR_FROM {
            found.push((term.to_owned(), best));
        }
    }
    found.sort_by(|(a, of_a), (b, of_b)| of_b.total_cmp(of_a).then_with(|| a.cmp(b)));
    found.dedup_by(|a, b| a.0 == b.0);
    found.truncate(max);
    found
}
