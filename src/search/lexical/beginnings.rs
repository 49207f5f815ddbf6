//! How the terms of a question begin, by which most words of a text are told to be none of them.

use super::language::Languages;
use crate::base::fold::fold;
use std::collections::BTreeSet;

/// What the terms of a question begin with. A hundred texts are counted for a question, and most of their words begin otherwise: of these no
/// stem is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Beginnings {
    letters: BTreeSet<char>,
    /// The first two letters of those that have two, and the others.
    pairs: BTreeSet<(char, char)>,
    single: BTreeSet<char>,
}

impl Beginnings {
    pub(super) fn of<'a>(forms: impl Iterator<Item = &'a String>) -> Self {
        let mut beginnings = Self::default();
        for form in forms {
            let mut letters = form.chars();
            let Some(first) = letters.next() else { continue };
            beginnings.letters.insert(first);
            match letters.next() {
                Some(second) => beginnings.pairs.insert((first, second)),
                None => beginnings.single.insert(first),
            };
        }
        beginnings
    }

    /// Whether a unit of a text in these languages may have one of the forms.
    pub(super) fn has(&self, unit: &str, languages: &Languages) -> bool {
        // Behind an apostrophe the word itself may begin.
        if unit.contains('\'') || !languages.iter().all(|language| language.keeps_beginnings()) {
            return true;
        }
        let mut letters = unit.chars();
        let (first, second) = (letters.next().filter(char::is_ascii), letters.next().filter(char::is_ascii));
        let has_first = |first| self.letters.contains(&first);
        match (first, second) {
            (Some(first), Some(second)) if languages.iter().all(|language| language.keeps_pairs()) => {
                // `dying` is `die`.
                self.pairs.contains(&(first, second))
                    || self.single.contains(&first)
                    || (second == 'y' && has_first(first))
            }
            (Some(first), _) => has_first(first),
            (None, _) => fold(unit).chars().next().is_none_or(has_first),
        }
    }
}
