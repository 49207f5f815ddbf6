//! Letters that are typed as two where a keyboard, a form or a mail address has them not: `Mueller` for `Müller`, `Strasse` for `Straße` (which the
//! canonical form makes one already), `Soerensen` for `Sørensen`, `Haakon` for `Håkon`.
//!
//! The index knows nothing of that: its terms have no accents. So a word that is typed so is also looked up with the letters it may stand for, and
//! whether a text has the letter itself is seen in the text: `guest` is not found where `gust` stands.

use super::analysis::forms;
use super::language::{Language, Languages};
use super::stems::stem;
use super::token::Kind;
use crate::base::fold::fold;
use std::collections::BTreeSet;

/// What two letters stand for in German and Finnish, in Swedish, and in Danish and Norwegian.
const LETTERS: [&[(&str, &str)]; 3] = [
    &[("ae", "\u{E4}"), ("oe", "\u{F6}"), ("ue", "\u{FC}")],
    &[("ae", "\u{E4}"), ("oe", "\u{F6}"), ("aa", "\u{E5}")],
    &[("ae", "\u{E6}"), ("oe", "\u{F8}"), ("aa", "\u{E5}")],
];

/// Letters of a word, as it is typed, from which on two of them may stand for one.
const TYPED_FROM: usize = 4;

/// What a word in small letters stands for if its letters are typed as two; nothing for one that has no such letters.
pub(super) fn with_letters(word: &str) -> BTreeSet<String> {
    if word.chars().nth(TYPED_FROM - 1).is_none() {
        return BTreeSet::new();
    }
    let of = |letters: &&[(&str, &str)]| {
        letters.iter().fold(word.to_owned(), |word, (typed, letter)| word.replace(typed, letter))
    };
    LETTERS.iter().map(of).filter(|other| other != word && !other.contains("q\u{FC}")).collect()
}

/// A word in small letters as it is typed with two letters for one; `None` for one that has no such letter.
pub(super) fn typed_out(word: &str) -> Option<String> {
    let typed = |letter: char| match letter {
        '\u{E4}' | '\u{E6}' => Some("ae"),
        '\u{F6}' | '\u{F8}' => Some("oe"),
        '\u{FC}' => Some("ue"),
        '\u{E5}' => Some("aa"),
        _ => None,
    };
    word.contains(|letter| typed(letter).is_some()).then(|| {
        let mut out = String::with_capacity(word.len() + 2);
        for letter in word.chars() {
            match typed(letter) {
                Some(two) => out.push_str(two),
                None => out.push(letter),
            }
        }
        out
    })
}

/// What a name may be cut to, which tells little of the language that it stands in: that of the question, those that have such letters, or nothing.
pub(super) fn ways_cut(word: &str, languages: &Languages) -> Vec<String> {
    let mut cut = forms(word, Kind::Word, languages);
    let of_letters = [Language::German, Language::Swedish, Language::Danish].map(|language| stem(word, language));
    cut.extend(of_letters);
    cut.push(fold(word).into_owned());
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_stand_for_those_of_each_language_and_short_words_for_themselves() {
        let of = |word: &str| with_letters(word).into_iter().collect::<Vec<_>>();
        assert_eq!(of("juergen"), ["j\u{FC}rgen"]);
        assert_eq!(of("soerensen"), ["s\u{F6}rensen", "s\u{F8}rensen"]);
        assert_eq!(of("aabenraa"), ["\u{E5}benr\u{E5}"]);
        assert_eq!(of("schaefer"), ["sch\u{E4}fer", "sch\u{E6}fer"]);
        assert!(
            of("due").is_empty()
                && of("question").is_empty()
                && of("garden").is_empty()
                && of("m\u{FC}ller").is_empty()
        );
    }

    #[test]
    fn a_letter_is_typed_as_two() {
        for (word, typed) in
            [("m\u{FC}ller", "mueller"), ("s\u{F8}ren", "soeren"), ("\u{E5}se", "aase"), ("k\u{E6}r", "kaer")]
        {
            assert_eq!(typed_out(word).as_deref(), Some(typed));
            assert!(typed.len() < TYPED_FROM || with_letters(typed).contains(word), "{word}");
        }
        assert_eq!((typed_out("mueller"), typed_out("caf\u{E9}")), (None, None));
    }
}
