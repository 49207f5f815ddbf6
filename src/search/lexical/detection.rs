//! The language of a text: which stemmer cuts its words.
//!
//! A chunk's languages follow from its own text alone, so that every device that has the text cuts its words alike. The
//! detection is that of the crate whatlang (trigrams and alphabets), and for short texts that of their small words.

use super::language::{KNOWN, Language, Languages};
use super::stop_word::votes;
use crate::base::fold::words;
use whatlang::{Detector, Info, Lang, Script, detect, detect_script};

/// Bytes of a text that its language is told from.
const LOOKED_AT: usize = 800;

/// Letters of a text from which on the detection is believed; of shorter ones the small words count (`stop_word`), and unless
/// these are clear they are cut as English too.
const BELIEVED_FROM: usize = 60;

/// Small words of one language that make it clear.
const CLEAR_VOTES: usize = 2;

/// The languages of a text: one, or where it is short or the detection is not sure, that and English.
#[must_use]
pub(super) fn of_text(text: &str) -> Languages {
    let head = head(text);
    let (mut first, mut is_sure, script) = detected(head);
    let is_latin = script == Some(Script::Latin);
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

/// The most likely language, whether that is sure, and the letters of the text.
fn detected(text: &str) -> (Option<Language>, bool, Option<Script>) {
    let languages = KNOWN.iter().map(|(_, lang, _)| *lang).collect();
    let Some(info) = Detector::with_allowlist(languages).detect(text) else { return (None, true, detect_script(text)) };
    let known = KNOWN.iter().find(|(_, lang, _)| *lang == info.lang()).map(|(language, ..)| *language);
    (known, info.is_reliable(), Some(info.script()))
}

/// What the language is called that each model knows.
pub const ENGLISH: &str = "English";

/// The language of a text for people, in English, if that is sure.
#[must_use]
pub fn spoken(text: &str) -> Option<&'static str> {
    let head = head(text);
    // Other letters are not English, whichever of their languages it is.
    let is_sure = |info: &Info| info.is_reliable() || info.script() != Script::Latin;
    let info = detect(head).filter(|info| letters(head) >= BELIEVED_FROM && is_sure(info))?;
    Some(match info.lang() {
        Lang::Eng => ENGLISH,
        // As people say it.
        Lang::Cmn => "Chinese",
        Lang::Nob => "Norwegian",
        other => other.eng_name(),
    })
}

/// Whether a text is in English, as far as that can be told: of a long one by the detection, of a short one by several small words of one language, and
/// of other than Latin letters by these. `None` where it is too short to tell.
#[must_use]
pub fn is_english(text: &str) -> Option<bool> {
    if let Some(language) = spoken(text) {
        return Some(language == ENGLISH);
    }
    let head = head(text);
    let (first, _, script) = detected(head);
    if script? != Script::Latin {
        return Some(false);
    }
    let (voted, is_clear) = voted(head, first);
    is_clear.then_some(voted == Some(Language::English))
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphabetic()).count()
}

fn head(text: &str) -> &str {
    &text[..text.floor_char_boundary(LOOKED_AT.min(text.len()))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_a_question_is_in_english_is_told_by_its_small_words_and_letters_and_not_where_it_has_too_few() {
        for (text, is) in [
            ("Where is the key of the boiler?", Some(true)),
            ("Wo ist der Schl\u{FC}ssel?", Some(false)),
            ("\u{BF}D\u{F3}nde est\u{E1} la llave?", Some(false)),
            ("\u{43A}\u{43B}\u{44E}\u{447}", Some(false)),
            ("\u{6C34}\u{6F0F}\u{308C}", Some(false)),
            (
                "The heaters of this house are old, and the heating of all of the rooms takes a long while every day.",
                Some(true),
            ),
            (
                "Die Heizungen in diesem alten Haus sind kaputt, und die Nachbarn haben schon mehrfach nach dem Grund gefragt.",
                Some(false),
            ),
            ("boiler pressure", None),
            ("Rechnung Klempner", None),
            ("RE-4711 2024", None),
            ("", None),
        ] {
            assert_eq!(is_english(text), is, "{text}");
        }
    }
}
