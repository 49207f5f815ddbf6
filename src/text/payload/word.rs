//! Words: what tells language from payload, in any script.
//!
//! A word is a run of letters between spaces or punctuation, of a length and with capitals as words have them. A run in
//! base64 or hex is mostly none: it borders on figures, or its capitals are mixed.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Letters of a word at most; the longest German and Finnish compounds in print have some 50.
const WORD_LETTERS_MAX: usize = 50;

/// How often one letter repeats in a word at most, as in "Brrr" and "hmmm".
const SAME_LETTER_MAX: usize = 4;

/// What a text is made of, counted in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// Words. A run of a script without spaces counts one for every two characters.
    pub words: usize,
    /// Letters of words.
    pub(super) word_letters: usize,
    /// Letters.
    pub(super) letters: usize,
    /// Letters and figures.
    pub(super) alphanumeric: usize,
    /// Characters of scripts that are written without spaces.
    pub(super) unspaced: usize,
}

/// Counts a text's words and letters.
#[must_use]
pub fn measure(text: &str) -> Measure {
    let mut found = Measure::default();
    let mut run = Run::default();
    let mut before = ' ';
    for c in text.chars().chain([' ']) {
        let letter = is_letter(c);
        if letter {
            found.letters += 1;
            found.alphanumeric += 1;
        } else if c.is_numeric() {
            found.alphanumeric += 1;
        }
        found.unspaced += usize::from(is_unspaced(c));
        if letter {
            run.push(c, before);
        } else if run.length > 0 && !(is_apostrophe(c) && run.length < WORD_LETTERS_MAX) {
            run.end(c, &mut found);
        }
        before = c;
    }
    found
}

/// Whether the character belongs to a script that puts no spaces between words: Thai, Lao, Burmese, Khmer, Han, Kana.
pub(super) const fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{2E80}'..='\u{A4CF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FF9F}' | '\u{20000}'..='\u{3FFFF}')
}

fn is_letter(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    // Marks, and soft hyphens and joiners within a word.
    c.is_alphabetic()
        || c.general_category_group() == GeneralCategoryGroup::Mark
        || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}')
}

const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}')
}

/// A run of letters.
#[derive(Default)]
struct Run {
    length: usize,
    unspaced: usize,
    /// Whether the character before it can be before a word.
    bounded: bool,
    upper: bool,
    /// Changes from a small letter to a capital one or back, but for a capital first letter.
    changes: usize,
    last: Option<char>,
    same: usize,
    most_same: usize,
}

impl Run {
    fn push(&mut self, c: char, before: char) {
        if self.length == 0 {
            *self = Self { bounded: can_border(before), ..Self::default() };
        }
        let upper = c.is_uppercase();
        self.changes += usize::from(self.length > 0 && upper != self.upper && !(self.length == 1 && self.upper));
        self.same = if self.last == Some(c) { self.same + 1 } else { 1 };
        self.most_same = self.most_same.max(self.same);
        self.length += 1;
        self.unspaced += usize::from(is_unspaced(c));
        (self.upper, self.last) = (upper, Some(c));
    }

    fn end(&mut self, after: char, found: &mut Measure) {
        let Self { length, unspaced, bounded, changes, most_same, .. } = std::mem::take(self);
        if unspaced * 2 > length {
            found.words += length.div_ceil(2);
            found.word_letters += length;
            return;
        }
        // Names of code such as `readConfigFile` are words, the letters of base64 are not.
        let shaped = changes == 0 || changes * 3 <= length;
        let sized = (2..=WORD_LETTERS_MAX).contains(&length) && most_same <= SAME_LETTER_MAX;
        if sized && shaped && bounded && can_border(after) {
            found.words += 1;
            found.word_letters += length;
        }
    }
}

/// Whether a word can stand right beside this character.
const fn can_border(c: char) -> bool {
    !c.is_ascii_digit() && !matches!(c, '+' | '%' | '\\' | '`' | '^' | '@' | '$')
}

#[cfg(test)]
mod tests {
    use super::measure;

    fn words(text: &str) -> usize {
        measure(text).words
    }

    #[test]
    fn sentences_of_any_script_are_words() {
        assert_eq!(words("Bleed the radiators every autumn, it's easy."), 7);
        assert_eq!(words("Die G\u{E4}stewohnung, Z\u{E4}hler-Nr. 4711"), 4);
        assert_eq!(words("Cafe\u{301} fu\u{308}r zwei"), 3, "decomposed");
        assert_eq!(words("\u{41E}\u{442}\u{43A}\u{440}\u{43E}\u{439} \u{43E}\u{43A}\u{43D}\u{43E}"), 2);
        assert_eq!(words("\u{6C34}\u{662F}\u{751F}\u{547D}\u{4E4B}\u{6E90}"), 3);
        assert_eq!(words("readConfigFile read_config HTMLParser /home/ann/notes"), 7);
    }

    #[test]
    fn payload_has_hardly_any_words() {
        for payload in [
            "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHw",
            "00000010: 0200 3e00 0100 0000 4017 4000 0000 0000",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "12.50 13.75 14.00 2024-01-05 17:30",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "%E4%BD%A0%E5%A5%BD",
        ] {
            assert!(words(payload) <= 1, "{} in {payload}", words(payload));
        }
    }
}
