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

    /// Whether an apostrophe in its words ends an article or a pronoun: `l'école`.
    #[must_use]
    pub const fn elides(self) -> bool {
        matches!(self, Self::French | Self::Italian)
    }
}
