//! Stems that were made a moment ago: a few thousand words are most of what a text has, and to cut one costs ten times as much as to look it up.

#![expect(clippy::disallowed_types, reason = "a table that is only looked up")]

use super::language::Language;
use crate::base::fold::fold;
use crate::limits::STEMS_MAX;
use std::collections::{BTreeMap, HashMap};

/// The canonical stems of words, by their languages: `STEMS_MAX` at most.
#[derive(Debug, Default)]
pub struct Stems {
    known: BTreeMap<Language, HashMap<String, String>>,
    words: usize,
}

impl Stems {
    /// The stem of a word in small letters, in its canonical form.
    pub(super) fn of(&mut self, language: Language, word: &str) -> &str {
        let is_known = self.known.get(&language).is_some_and(|known| known.contains_key(word));
        if !is_known && self.words >= STEMS_MAX {
            // All of them: what is frequent is here again in a moment.
            self.known.clear();
            self.words = 0;
        }
        let known = self.known.entry(language).or_default();
        if !is_known {
            known.insert(word.to_owned(), stem(word, language));
            self.words += 1;
        }
        known.get(word).map_or("", String::as_str)
    }
}

/// The canonical stem of a word.
pub(super) fn stem(word: &str, language: Language) -> String {
    fold(&language.stem(without_article(word, language))).into_owned()
}

/// The word without an elided article or pronoun before it: `l'`, `qu'`, `dell'`.
fn without_article(word: &str, language: Language) -> &str {
    let after = word.split_once('\'').map(|(_, rest)| rest).filter(|rest| language.elides() && rest.len() > 1);
    after.unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_stems_are_kept_than_there_is_room_for() {
        let mut stems = Stems::default();
        for n in 0..2 * STEMS_MAX {
            assert_eq!(stems.of(Language::English, &format!("word{n}x")), format!("word{n}x"));
            assert!(stems.words <= STEMS_MAX && stems.words > 0);
        }
        assert_eq!(stems.of(Language::English, "heaters"), "heater");
        assert_eq!(stems.of(Language::English, "heaters"), "heater");
        assert_eq!(stems.of(Language::German, "heizungen"), "heizung");
        let kept: usize = stems.known.values().map(HashMap::len).sum();
        assert_eq!(kept, stems.words);
    }
}
