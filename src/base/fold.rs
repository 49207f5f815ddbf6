//! The canonical form in which words are compared: equal for texts that a reader takes for the same.
//!
//! Compatibility decomposition (NFKD of UAX #15: full-width forms, ligatures, superscripts), without the accents that
//! the model's tokenizer does not see either (U+0300 to U+036F), without characters that show nothing (soft hyphen,
//! zero-width characters, marks of direction), in small letters by Unicode's case folding, composed again (NFC). The
//! apostrophes are one.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// The words of a text (UAX #29), each in its canonical form, in their order.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    let folded = fold(text);
    let words: Vec<String> = folded.unicode_words().map(str::to_owned).collect();
    words.into_iter()
}

/// A text in small letters with its accents (NFKC of UAX #15), without characters that show nothing and with one apostrophe: the form in
/// which stemmers read words. `fold` of it is the canonical form.
#[must_use]
pub fn lower(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return fold(text);
    }
    let visible = text.chars().filter(|c| !is_ignored(*c)).nfkc();
    Cow::Owned(
        visible
            .flat_map(char::to_lowercase)
            .map(|c| if matches!(c, '\u{2018}' | '\u{2019}' | '\u{2BC}') { '\'' } else { c })
            .collect(),
    )
}

/// The canonical form of a text.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let lower = text.bytes().all(|byte| !byte.is_ascii_uppercase());
        return if lower { Cow::Borrowed(text) } else { Cow::Owned(text.to_ascii_lowercase()) };
    }
    let visible = text.chars().filter(|c| !is_ignored(*c)).nfkd().filter(|c| !is_accent(*c) && !is_ignored(*c));
    Cow::Owned(visible.flat_map(folded).nfc().collect())
}

/// Whether a terminal could take the character for a command, or show what follows it in another order: control
/// characters (C0, DEL, C1), marks of direction, line and paragraph separators, the byte order mark.
#[must_use]
pub fn controls_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}'
            | '\u{feff}')
}

/// Letters that fold by Unicode's `CaseFolding.txt` to something else than their small letter, and apostrophes.
fn folded(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        '\u{DF}' | '\u{1E9E}' => ('s', Some('s')),
        '\u{3C2}' => ('\u{3C3}', None),
        '\u{2018}' | '\u{2019}' | '\u{2BC}' => ('\'', None),
        c => {
            // An accent in the small form of a letter, as in that of U+0130, is no part of it here.
            let mut lower = c.to_lowercase().filter(|c| !is_accent(*c));
            (lower.next().unwrap_or(c), lower.next())
        }
    };
    std::iter::once(first).chain(second)
}

const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}

/// Characters that show nothing: Unicode's `Default_Ignorable_Code_Point`, as far as texts have them.
const fn is_ignored(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::{fold, words};

    #[test]
    fn what_looks_alike_is_alike() {
        for (one, other) in [
            ("M\u{FC}ller", "Mu\u{308}ller"),
            ("Schl\u{FC}ssel", "SCHL\u{DC}SSEL"),
            ("Stra\u{DF}e", "STRASSE"),
            ("Stra\u{1E9E}e", "stra\u{DF}e"),
            ("\u{FB01}nance o\u{FB03}ce", "finance office"),
            ("\u{FF37}\u{FF41}\u{FF54}\u{FF54}\u{FF4C}\u{FF45}\u{FF11}", "wattle1"),
            ("\u{FF76}\u{FF9E}\u{FF97}\u{FF7D}", "\u{30AC}\u{30E9}\u{30B9}"),
            ("Heiz\u{AD}k\u{F6}r\u{AD}per", "Heizk\u{F6}rper"),
            ("rad\u{200B}i\u{2060}ator\u{FEFF}", "radiator"),
            ("\u{39F}\u{394}\u{39F}\u{3A3}", "\u{3BF}\u{3B4}\u{3BF}\u{3C2}"),
            ("\u{130}stanbul", "istanbul"),
            ("don\u{2019}t", "don't"),
            ("caf\u{E9}", "cafe"),
            ("m\u{B2}", "m2"),
            ("10\u{A0}kWh", "10 kWh"),
            ("\u{1100}\u{1161}", "\u{AC00}"),
        ] {
            assert_eq!(fold(one), fold(other), "{one:?} {other:?}");
            assert_eq!(words(one).collect::<Vec<_>>(), words(other).collect::<Vec<_>>());
        }
    }

    #[test]
    fn marks_that_are_no_accents_and_other_letters_stay_apart() {
        for (one, other) in
            [("\u{915}\u{93F}", "\u{915}"), ("\u{E01}\u{E34}", "\u{E01}"), ("\u{438}", "\u{43A}"), ("\u{131}", "i")]
        {
            assert_ne!(fold(one), fold(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn folding_again_changes_nothing() {
        let all: String = ('\u{20}'..'\u{3000}').chain('\u{F900}'..'\u{FFFD}').collect();
        let once = fold(&all);
        assert_eq!(fold(&once), once);
    }
}
