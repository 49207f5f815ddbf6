//! The language of a text, as far as the forms of its words are known: which stemmer cuts them.
//!
//! A chunk's languages follow from its own text alone, so that every device that has the text cuts its words alike. The
//! detection is that of the crate whatlang (trigrams and alphabets); the stemmers are those of Snowball
//! (<https://snowballstem.org>), in the crate rust-stemmers.

use super::stop_word::votes;
use crate::base::fold::words;
use heapless::Vec as Bounded;
use rust_stemmers::{Algorithm, Stemmer};
use whatlang::{Detector, Lang, Script, detect_script};

/// Bytes of a text that its language is told from.
const LOOKED_AT: usize = 800;

/// Letters of a text from which on the detection is believed; of shorter ones the small words count (`stop_word`), and unless
/// these are clear they are cut as English too.
const BELIEVED_FROM: usize = 60;

/// Small words of one language that make it clear.
const CLEAR_VOTES: usize = 2;

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
const KNOWN: [(Language, Lang, Algorithm); 18] = [
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

    /// Whether an apostrophe in its words ends an article or a pronoun: `l'école`.
    #[must_use]
    pub const fn elides(self) -> bool {
        matches!(self, Self::French | Self::Italian)
    }
}

/// The languages of a text: one, or where it is short or the detection is not sure, that and English.
#[must_use]
pub fn of_text(text: &str) -> Languages {
    let head = head(text);
    let (mut first, mut is_sure) = detected(head);
    let is_latin = detect_script(head) == Some(Script::Latin);
    if is_latin && (!is_sure || letters(head) < BELIEVED_FROM) {
        let (voted, is_clear) = voted(head, first);
        (first, is_sure) = (voted.or(first), is_clear);
    }
    let mut languages: Languages = first.into_iter().collect();
    if is_latin && !is_sure && first != Some(Language::English) {
        let _ = languages.push(Language::English);
    }
    languages
}

/// The language that most of the small words of a short text are of, and whether that is clear. Of several that have as many, the detected
/// one, or English.
fn voted(text: &str, detected: Option<Language>) -> (Option<Language>, bool) {
    let words: Vec<String> = words(text).collect();
    let votes = votes(words.iter().map(String::as_str));
    let most = votes.values().copied().max().unwrap_or_default();
    let best: Vec<Language> =
        votes.iter().filter(|(_, votes)| **votes == most).map(|(language, _)| *language).collect();
    let preferred = detected.into_iter().chain([Language::English]).find(|language| best.contains(language));
    (preferred.or_else(|| best.first().copied()), most >= CLEAR_VOTES && best.len() == 1)
}

/// The most likely language, and whether that is sure.
fn detected(text: &str) -> (Option<Language>, bool) {
    let languages = KNOWN.iter().map(|(_, lang, _)| *lang).collect();
    let Some(info) = Detector::with_allowlist(languages).detect(text) else { return (None, true) };
    let known = KNOWN.iter().find(|(_, lang, _)| *lang == info.lang()).map(|(language, ..)| *language);
    (known, info.is_reliable())
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphabetic()).count()
}

fn head(text: &str) -> &str {
    &text[..text.floor_char_boundary(LOOKED_AT.min(text.len()))]
}
