//! What a chunk is found by: its terms, and how often it has each.

use super::detection::of_text;
use super::language::Languages;
use super::stems::{Stems, stem};
use super::token::{Kind, each};
use crate::base::fold::{fold, lower};
use crate::base::table_row::is_row;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The version of the analysis: a store whose terms another one made enters its chunks again. By the second one the first chunk of a segment
/// could stand in the place of the next.
pub const VERSION: u32 = 3;

/// Words that the row of a table counts as having at least. A table of thousands of rows would else make the mean passage a dozen words long, and
/// each note beside it one that is so much longer than others that its words say little. Chosen: about a short note (docs/evidence.md, "Rows of
/// tables").
const ROW_WORDS: u32 = 32;

/// The terms of one chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analysis {
    /// How often each term occurs.
    pub terms: BTreeMap<String, u16>,
    /// Words of the chunk; of the row of a table `ROW_WORDS` at least.
    pub length: u32,
    /// The languages that its words were cut in.
    pub languages: Languages,
}

impl Analysis {
    /// The terms of a chunk: of its headings and of its text, in the languages that both are told to be in.
    #[must_use]
    pub fn of(heading: &str, text: &str) -> Self {
        Self::in_languages(&languages_of(heading, text), &[heading, text])
    }

    /// The same, with stems that are known.
    #[must_use]
    pub fn with_stems(stems: &mut Stems, heading: &str, text: &str) -> Self {
        Self::of_those(&languages_of(heading, text), &[heading, text], |_| true, Some(stems))
    }

    /// The terms of these texts, which are in these languages.
    #[must_use]
    pub fn in_languages(languages: &Languages, texts: &[&str]) -> Self {
        Self::of_those(languages, texts, |_| true, None)
    }

    /// The terms of those units of these texts that are `wanted`, and the length of all.
    pub(super) fn of_those(
        languages: &Languages,
        texts: &[&str],
        wanted: impl Fn(&str) -> bool,
        mut stems: Option<&mut Stems>,
    ) -> Self {
        let mut analysis = Self { languages: languages.clone(), ..Self::default() };
        for text in texts {
            each(&lower(text), |unit, kind| {
                analysis.length = analysis.length.saturating_add(u32::from(matches!(kind, Kind::Word | Kind::Exact)));
                if !wanted(unit) {
                    return;
                }
                match (kind, &languages[..], &mut stems) {
                    (Kind::Word, [language], Some(stems)) => analysis.count(stems.of(*language, unit)),
                    _ => forms(unit, kind, languages).iter().for_each(|form| analysis.count(form)),
                }
            });
        }
        // The text is the last one.
        if texts.last().is_some_and(|text| is_row(text)) {
            analysis.length = analysis.length.max(ROW_WORDS);
        }
        analysis
    }

    fn count(&mut self, term: &str) {
        if let Some(count) = self.terms.get_mut(term) {
            *count = count.saturating_add(1);
        } else {
            self.terms.insert(term.to_owned(), 1);
        }
    }
}

/// The languages of a chunk.
pub(super) fn languages_of(heading: &str, text: &str) -> Languages {
    let whole = if heading.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(format!("{heading}\n{text}")) };
    of_text(&whole)
}

/// The terms of one unit: its stem in each language, without accents.
pub(super) fn forms(unit: &str, kind: Kind, languages: &Languages) -> Vec<String> {
    if kind != Kind::Word || languages.is_empty() {
        return vec![fold(unit).into_owned()];
    }
    let mut forms = Vec::with_capacity(languages.len());
    for language in languages {
        let form = stem(unit, *language);
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        Analysis::of("", text).terms.into_keys().collect()
    }

    #[test]
    fn words_are_counted_by_their_stems_in_the_language_of_the_chunk() {
        let english =
            "The heaters of this house are old, and the heating of all of the rooms takes a long while every day.";
        let german = "Die Heizungen in diesem alten Haus sind kaputt, und die Nachbarn haben schon mehrfach nach dem Grund gefragt.";
        assert!(terms(english).contains(&"heater".to_owned()) && terms(english).contains(&"heat".to_owned()));
        assert!(terms(german).contains(&"heizung".to_owned()), "{:?}", terms(german));
        assert_eq!(Analysis::of("Old heaters", english).terms["heater"], 2);
    }

    #[test]
    fn the_length_is_that_of_the_words() {
        let analysis = Analysis::of("", "part AB-1234/C fits");
        assert_eq!(analysis.length, 5);
        assert!(analysis.terms.contains_key("ab1234c"));
        assert_eq!(Analysis::of("", "").length, 0);
    }

    #[test]
    fn a_row_of_a_table_is_as_long_as_a_short_note_at_least() {
        assert_eq!(Analysis::of("List", "Name: Anna Weber; Phone: 555 1234").length, ROW_WORDS);
        assert_eq!(Analysis::of("Name: Anna; Phone: 5", "She calls back").length, 7);
        let long = "a word ".repeat(40);
        assert_eq!(Analysis::of("", &format!("Name: Anna; Note: {long}")).length, 83);
    }

    #[test]
    fn accents_and_cases_make_no_difference() {
        let text = "MU\u{308}LLERS Heiz\u{AD}k\u{F6}rper";
        assert_eq!(terms(text), terms("M\u{FC}llers HEIZK\u{D6}RPER"));
    }

    #[test]
    fn terms_are_the_same_whether_their_stems_were_known() {
        let mut stems = Stems::default();
        let texts = [
            "The heaters of this house are old, and the heating of all of the rooms takes a long while every day.",
            "Die Heizungen in diesem alten Haus sind kaputt, und die Nachbarn haben schon mehrfach nach dem Grund gefragt.",
            "Heizungen sind alt",
            "L'\u{e9}cole et les \u{e9}coles de la ville sont ferm\u{e9}es pendant les vacances de No\u{eb}l et de P\u{e2}ques.",
            "part AB-1234/C fits",
        ];
        for _ in 0..2 {
            for text in texts {
                assert_eq!(Analysis::with_stems(&mut stems, "Heaters", text), Analysis::of("Heaters", text));
            }
        }
    }
}
