//! Where the words of a question stand in a text, in whichever form: what a reader is shown of a hit is marked by it.

use super::analysis::{forms, languages_of};
use super::language::Languages;
use super::terms::QueryTerms;
use super::token::{Kind, each, has_digit, is_unspaced};
use crate::base::fold::{fold, lower};
use std::collections::BTreeSet;
use unicode_segmentation::UnicodeSegmentation;

/// Words that one number or day is written in, at most; and its bytes.
const JOINED_WORDS: usize = 6;
const JOINED_BYTES: usize = 40;

/// A word, or several that are one number, day or name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub from: usize,
    /// One past its last byte.
    pub to: usize,
    /// The index of the term that it is.
    pub term: usize,
}

impl QueryTerms {
    /// The whole words of a text that the question has, in their order; none overlaps another one. Stop words are none of them.
    #[must_use]
    pub fn spans(&self, heading: &str, text: &str) -> Vec<Span> {
        let languages = languages_of(heading, text);
        let words: Vec<(usize, &str)> = text.unicode_word_indices().collect();
        let has_numbers = self.has_numbers();
        let mut spans = Vec::new();
        let mut rest = &words[..];
        while let Some((from, word)) = rest.first().copied() {
            if is_unspaced(word) {
                let run = unspaced(rest);
                let to = rest.get(run - 1).map_or(from, |(at, word)| at + word.len());
                self.groups(text, (from, to), &mut spans);
                rest = rest.get(run..).unwrap_or_default();
                continue;
            }
            let joined = if has_numbers { self.joined(text, rest) } else { None };
            let found = joined.or_else(|| Some((1, self.term_of(word, &languages)?)));
            let taken = found.map_or(1, |(count, _)| count);
            if let Some((term, (at, last))) = found.map(|(_, term)| term).zip(rest.get(taken - 1)) {
                spans.push(Span { from, to: at + last.len(), term });
            }
            rest = rest.get(taken..).unwrap_or_default();
        }
        // Where the whole number or day stands, parts of others are no answer.
        let found: BTreeSet<usize> = spans.iter().map(|span| span.term).collect();
        spans.retain(|span| !self.is_told(span.term, |whole| found.contains(&whole)));
        spans
    }

    /// The term that a word is.
    fn term_of(&self, word: &str, languages: &Languages) -> Option<usize> {
        let mut term = None;
        each(&lower(word), |unit, kind| {
            if matches!(kind, Kind::Word | Kind::Exact) {
                let by_form = || forms(unit, kind, languages).iter().find_map(|form| self.with_form(form));
                let by_letters = || self.typed_as(unit, languages).first().copied().filter(|_| kind == Kind::Word);
                term = term.or_else(by_form).or_else(|| self.with_word(&fold(unit))).or_else(by_letters);
            } else {
                term = term.or_else(|| self.with_form(unit));
            }
        });
        term
    }

    /// How many of the next words are one number, day or name that the question has, and the term.
    fn joined(&self, text: &str, words: &[(usize, &str)]) -> Option<(usize, usize)> {
        let from = words.first()?.0;
        let most = words.len().min(JOINED_WORDS);
        for count in 2..=most {
            let (last, word) = *words.get(count - 1)?;
            let whole = text.get(from..last + word.len())?;
            if whole.len() > JOINED_BYTES {
                return None;
            }
            if !has_digit(whole) {
                continue;
            }
            let mut term = None;
            each(&lower(whole), |unit, kind| {
                // It is all of these words: what begins later is found from there.
                let parts = if let Kind::Joined(parts) | Kind::Tail(parts) = kind { parts } else { 0 };
                if parts >= count {
                    term = term.or_else(|| self.with_form(unit));
                }
            });
            if let Some(term) = term {
                return Some((count, term));
            }
        }
        None
    }

    /// The groups of letters of a script without spaces that the question has; those that overlap are one.
    fn groups(&self, text: &str, (from, to): (usize, usize), spans: &mut Vec<Span>) {
        let run = text.get(from..to).unwrap_or_default();
        let mut found: Vec<Span> = Vec::new();
        for (form, term) in self.exact_forms() {
            let place = |(at, form): (usize, &str)| Span { from: from + at, to: from + at + form.len(), term };
            found.extend(run.match_indices(form).map(place));
        }
        found.sort_by_key(|span| (span.from, span.to));
        for span in found {
            match spans.last_mut() {
                Some(last) if last.to >= span.from && last.from >= from => last.to = last.to.max(span.to),
                _ => spans.push(span),
            }
        }
    }
}

/// How many words of a script without spaces stand together from the first one on.
fn unspaced(words: &[(usize, &str)]) -> usize {
    let next = words.iter().zip(words.iter().skip(1));
    let together = next.take_while(|((at, word), (next, other))| at + word.len() == *next && is_unspaced(other));
    together.count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked<'a>(question: &str, text: &'a str) -> Vec<&'a str> {
        let spans = QueryTerms::new(question).spans("", text);
        assert!(spans.windows(2).all(|pair| pair[0].to <= pair[1].from), "{spans:?}");
        spans.iter().map(|span| &text[span.from..span.to]).collect()
    }

    #[test]
    fn whole_words_are_found_in_each_form_and_parts_of_words_and_small_words_are_not() {
        let text = "The heaters of the house are old; heating costs more. Cheaters never heat.";
        assert_eq!(marked("How old is the heater of the house?", text), ["heaters", "house", "old"]);
        assert_eq!(marked("Heizkörper", "Der HEIZKÖRPER im Bad"), ["HEIZKÖRPER"]);
        assert_eq!(marked("moss", "mosses and moss; mossy"), ["mosses", "moss"]);
        assert_eq!(marked("nothing of it", text), [""; 0]);
    }

    #[test]
    fn a_word_whose_letters_are_typed_as_two_is_found_and_another_word_is_not() {
        assert_eq!(marked("Juergen Mueller", "Anruf von J\u{FC}rgen M\u{FC}ller"), ["J\u{FC}rgen", "M\u{FC}ller"]);
        assert_eq!(marked("J\u{FC}rgen M\u{FC}ller", "Anruf von Juergen Mueller"), ["Juergen", "Mueller"]);
        assert_eq!(marked("the guest", "a gust of wind"), [""; 0]);
    }

    #[test]
    fn a_number_or_a_day_is_one_span_whichever_way_it_is_written() {
        assert_eq!(marked("part AB1234C", "The part AB-1234/C fits, AB-1235/C does not."), ["part", "AB-1234/C"]);
        assert_eq!(marked("15.3.2024", "Paid on 15 March 2024, not on 16 March 2024."), ["15 March 2024"]);
        assert_eq!(marked("089 2345678", "Call +49 89 2345678 now"), ["49 89 2345678"]);
    }

    #[test]
    fn in_scripts_without_spaces_groups_of_letters_are_found_and_those_that_overlap_are_one() {
        let text = "\u{6771}\u{4EAC}\u{5927}\u{5B66}\u{3067}\u{3059}";
        assert_eq!(marked("\u{6771}\u{4EAC}\u{5927}", text), ["\u{6771}\u{4EAC}\u{5927}"]);
    }
}
