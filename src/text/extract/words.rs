//! Whether a text has anything that a question could find.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Whether there is a letter, a figure or a symbol of its own, such as an emoji. Control characters, characters that show nothing, marks and
/// punctuation alone, as in a line of `====`, are none.
pub(super) fn has_words(text: &str) -> bool {
    text.chars().any(|c| c.is_alphanumeric() || !c.is_ascii() && is_symbol(c))
}

fn is_symbol(c: char) -> bool {
    use GeneralCategory::{CurrencySymbol, MathSymbol, OtherSymbol};
    c != char::REPLACEMENT_CHARACTER && matches!(c.general_category(), CurrencySymbol | MathSymbol | OtherSymbol)
}

#[cfg(test)]
mod tests {
    use super::has_words;
    use crate::text::extract::{Refusal, extract};

    #[test]
    fn letters_figures_and_emoji_say_something_and_signs_alone_do_not() {
        for text in ["a", "7", "\u{6c34}", "--- \u{1f600} ---", "\u{20ac}", "\u{2200}"] {
            assert!(has_words(text), "{text:?}");
        }
        for text in
            ["", "\u{1}\u{2}", "\u{200b}\u{200d}\u{feff}", "==== ---- ....", "\u{2026}\u{2014}", "\u{301}", "\u{fffd}"]
        {
            assert!(!has_words(text), "{text:?}");
        }
    }

    #[test]
    fn a_file_of_signs_alone_is_told_to_have_no_words() {
        let none = Err(Refusal::ReadEmpty { what: "there are no words in it" });
        for text in ["\u{1}\u{2}\u{7}", "\u{200b}\u{200b}", "====\n----\n"] {
            for name in ["a.txt", "a.md", "a.html"] {
                let told = extract(name, text.as_bytes());
                assert!(told == none || name != "a.txt" && told.is_err(), "{name}: {told:?}");
            }
        }
        assert!(extract("a.txt", b"\x01 The boiler hums.").is_ok());
    }
}
