//! The languages whose forms of words are known. The stemmers are those of Snowball (<https://snowballstem.org>), in the crate
//! rust-stemmers.

use heapless::Vec as Bounded;
use rust_stemmers::{Algorithm, Stemmer};
use whatlang::Lang;

/// A language whose words have a stemmer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Arabic.
    Arabic,
    /// Danish.
    Danish,
    /// Dutch.
    Dutch,
    /// English.
    English,
    /// Finnish.
    Finnish,
    /// French.
    French,
    /// German.
    German,
    /// Greek.
    Greek,
    /// Hungarian.
    Hungarian,
    /// Italian.
    Italian,
    /// Norwegian (Bokmål).
    Norwegian,
    /// Portuguese.
    Portuguese,
    /// Romanian.
    Romanian,
    /// Russian.
    Russian,
    /// Spanish.
    Spanish,
    /// Swedish.
    Swedish,
    /// Tamil.
    Tamil,
    /// Turkish.
    Turkish,
}

/// All with their names in both crates.
pub(super) const KNOWN: [(Language, Lang, Algorithm); 18] = [
    (Language::Arabic, Lang::Ara, Algorithm::Arabic),
    (Language::Danish, Lang::Dan, Algorithm::Danish),
    (Language::Dutch, Lang::Nld, Algorithm::Dutch),
    (Language::English, Lang::Eng, Algorithm::English),
    (Language::Finnish, Lang::Fin, Algorithm::Finnish),
    (Language::French, Lang::Fra, Algorithm::French),
    (Language::German, Lang::Deu, Algorithm::German),
    (Language::Greek, Lang::Ell, Algorithm::Greek),
    (Language::Hungarian, Lang::Hun, Algorithm::Hungarian),
    (Language::Italian, Lang::Ita, Algorithm::Italian),
    (Language::Norwegian, Lang::Nob, Algorithm::Norwegian),
    (Language::Portuguese, Lang::Por, Algorithm::Portuguese),
    (Language::Romanian, Lang::Ron, Algorithm::Romanian),
    (Language::Russian, Lang::Rus, Algorithm::Russian),
    (Language::Spanish, Lang::Spa, Algorithm::Spanish),
    (Language::Swedish, Lang::Swe, Algorithm::Swedish),
    (Language::Tamil, Lang::Tam, Algorithm::Tamil),
    (Language::Turkish, Lang::Tur, Algorithm::Turkish),
];

/// The languages that a text's words are cut in; none for scripts without a stemmer.
pub type Languages = Bounded<Language, 4>;

/// In the code of a chunk's languages: that they are known, that its words are cut as English too, and which one is the first.
const KNOWN_BIT: u8 = 0x80;
const ENGLISH_BIT: u8 = 0x40;
const FIRST: u8 = 0x3F;

const _: () = assert!(KNOWN.len() < FIRST as usize, "each language has a number");

/// The code of the languages of a chunk in one byte, which an index keeps of each; 0 for what has none.
#[must_use]
pub(super) fn code(languages: &[Language]) -> u8 {
    let (first, rest) = languages.split_first().map_or((None, &[][..]), |(first, rest)| (Some(*first), rest));
    let number = first.and_then(|first| KNOWN.iter().position(|(language, ..)| *language == first));
    let number = number.and_then(|at| u8::try_from(at + 1).ok()).unwrap_or_default();
    match rest {
        [] => KNOWN_BIT | number,
        [Language::English] => KNOWN_BIT | ENGLISH_BIT | number,
        _ => 0,
    }
}

/// The languages of a code; `None` where it is not known which they are.
#[must_use]
pub(super) fn of_code(code: u8) -> Option<Languages> {
    let first = usize::from(code & FIRST).checked_sub(1);
    let first = first.map(|at| KNOWN.get(at).map(|(language, ..)| *language));
    let also = (code & ENGLISH_BIT != 0).then_some(Language::English);
    // A number that no language has is of a later version.
    let is_known = code & KNOWN_BIT != 0 && first != Some(None);
    is_known.then(|| first.flatten().into_iter().chain(also).collect())
}

impl Language {
    /// The stem of a word in small letters, with its accents.
    #[must_use]
    pub fn stem(self, word: &str) -> String {
        let known = KNOWN.iter().find(|(language, ..)| *language == self);
        known.map_or_else(|| word.to_owned(), |(.., algorithm)| Stemmer::create(*algorithm).stem(word).into_owned())
    }

    /// Whether a stem begins as its word does. Arabic's articles and some vowels of Tamil go from the beginning of a word, and a Turkish stem
    /// ends in a hard consonant, also where that is all of it.
    #[must_use]
    pub const fn keeps_beginnings(self) -> bool {
        !matches!(self, Self::Arabic | Self::Tamil | Self::Turkish)
    }

    /// Whether a stem of two letters and more begins with the two letters of its word, if those are of ASCII and the second is no `y`.
    #[must_use]
    pub const fn keeps_pairs(self) -> bool {
        matches!(self, Self::English | Self::German | Self::French | Self::Spanish | Self::Italian | Self::Portuguese)
    }

    /// Whether an apostrophe in its words ends an article or a pronoun: `l'école`.
    #[must_use]
    pub const fn elides(self) -> bool {
        matches!(self, Self::French | Self::Italian)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_of_a_chunk_are_one_byte() {
        let of = |list: &[Language]| of_code(code(list)).map(|found| found.to_vec());
        assert_eq!(of(&[]), Some(vec![]));
        for (language, ..) in KNOWN {
            assert_eq!(of(&[language]), Some(vec![language]));
            if language != Language::English {
                assert_eq!(of(&[language, Language::English]), Some(vec![language, Language::English]));
            }
        }
        assert_eq!(of(&[Language::English, Language::German]), None, "no text has these");
        assert_eq!((of_code(0), of_code(KNOWN_BIT | FIRST)), (None, None));
    }
}
