//! Splits text into words as BERT's uncased models do.
//!
//! The steps are those of `BertNormalizer` and `BertPreTokenizer` in Hugging Face `tokenizers`: clean, separate
//! ideographs, decompose (NFD), strip accents, lower the case, split at whitespace and punctuation. They are done
//! character by character in one pass that needs the memory of one word, however long the text is.

use unicode_normalization::char::{canonical_combining_class, decompose_canonical};
use unicode_properties::{GeneralCategory as Category, GeneralCategoryGroup, UnicodeGeneralCategory};

/// The most characters of a word; a longer one is unknown (`max_input_chars_per_word` of `tokenizers`).
pub(crate) const WORD_CHARS_MAX: usize = 100;

/// Passes one word after another to `sink` until it returns false. A word of more than `WORD_CHARS_MAX` characters is
/// passed as `None`.
pub(crate) fn each_word(text: &str, sink: &mut dyn FnMut(Option<&str>) -> bool) {
    let mut pass =
        Normalizer { word: heapless::String::new(), chars: 0, marks: heapless::Vec::new(), wanted: true, sink };
    for c in text.chars() {
        pass.read(c);
        if !pass.wanted {
            return;
        }
    }
    pass.end_marks();
    pass.end_word();
}

/// Whether a character only separates words.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() && !is_dropped(c)
}

/// Bytes of a word's first `WORD_CHARS_MAX` characters.
const WORD_BYTES_MAX: usize = 4 * WORD_CHARS_MAX;

struct Normalizer<'a> {
    /// The word being read: its first `WORD_CHARS_MAX` characters, and how many it has.
    word: heapless::String<WORD_BYTES_MAX>,
    chars: usize,
    /// Combining marks with their class, not yet in canonical order; see `read_part`.
    marks: heapless::Vec<(u8, char), { WORD_CHARS_MAX + 1 }>,
    /// Whether the sink wants more words.
    wanted: bool,
    sink: &'a mut dyn FnMut(Option<&str>) -> bool,
}

impl Normalizer<'_> {
    fn read(&mut self, c: char) {
        if is_dropped(c) {
        } else if c.is_whitespace() {
            self.end_marks();
            self.end_word();
        } else if c.is_ascii() {
            self.end_marks();
            self.read_letter(c.to_ascii_lowercase());
        } else if is_ideograph(c) {
            self.end_marks();
            self.end_word();
            decompose_canonical(c, |part| self.read_part(part));
            self.end_word();
        } else {
            decompose_canonical(c, |part| self.read_part(part));
        }
    }

    /// Reads one character of a canonical decomposition. Marks are put in canonical order, as in NFD. Accents are
    /// stripped, so only the few marks that are no accents need ordering.
    fn read_part(&mut self, c: char) {
        let class = canonical_combining_class(c);
        if class == 0 {
            self.end_marks();
        }
        if c.general_category() == Category::NonspacingMark {
            return;
        }
        if class == 0 {
            c.to_lowercase().for_each(|lower| self.read_letter(lower));
        } else if self.marks.len() <= WORD_CHARS_MAX {
            // With more marks the word is too long in any order.
            let has_room = self.marks.push((class, c)).is_ok();
            debug_assert!(has_room, "one more than a word's characters");
        }
    }

    fn read_letter(&mut self, c: char) {
        if is_punctuation(c) {
            self.end_word();
            self.push(c);
            self.end_word();
        } else {
            self.push(c);
        }
    }

    fn end_marks(&mut self) {
        self.marks.sort_by_key(|(class, _)| *class);
        for at in 0..self.marks.len() {
            self.push(self.marks[at].1);
        }
        self.marks.clear();
    }

    fn push(&mut self, c: char) {
        if self.chars < WORD_CHARS_MAX {
            let has_room = self.word.push(c).is_ok();
            debug_assert!(has_room, "four bytes for each character");
        }
        self.chars += 1;
    }

    fn end_word(&mut self) {
        if self.chars > 0 && self.wanted {
            self.wanted = (self.sink)((self.chars <= WORD_CHARS_MAX).then_some(self.word.as_str()));
        }
        self.word.clear();
        self.chars = 0;
    }
}

/// Characters that are removed: control and format characters, private use, U+FFFD. The three control characters that
/// are whitespace stay, and so do unassigned characters, as in `tokenizers`.
fn is_dropped(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        '\u{fffd}' => true,
        _ if c.is_ascii() => c.is_ascii_control(),
        _ => matches!(c.general_category(), Category::Control | Category::Format | Category::PrivateUse),
    }
}

fn is_punctuation(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_punctuation();
    }
    c.general_category_group() == GeneralCategoryGroup::Punctuation
}

/// Ideographs are words of one character each; the ranges are BERT's own.
const fn is_ideograph(c: char) -> bool {
    matches!(c,
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{2a6df}' | '\u{2a700}'..='\u{2b73f}' | '\u{2b740}'..='\u{2b81f}'
        | '\u{2b920}'..='\u{2ceaf}' | '\u{2f800}'..='\u{2fa1f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        each_word(text, &mut |word| {
            words.push(word.unwrap_or("?").to_owned());
            true
        });
        words
    }

    #[test]
    fn case_and_accents_are_dropped_and_punctuation_stands_alone() {
        assert_eq!(words("Café,\tİstanbul — ΣΑΣ ß"), ["cafe", ",", "istanbul", "—", "σασ", "ß"]);
    }

    #[test]
    fn an_ideograph_is_a_word() {
        assert_eq!(words("a日本b\u{f900}"), ["a", "日", "本", "b", "\u{8c48}"]);
    }

    #[test]
    fn control_characters_do_not_separate_words() {
        assert_eq!(words("w\0a\u{b}t\u{200d}t\u{85}s\u{fffd}\u{e000}"), ["watts"]);
        assert_eq!(words("\u{2028}a\u{3000}b\r\n"), ["a", "b"]);
    }

    #[test]
    fn marks_that_are_no_accents_stand_in_canonical_order() {
        assert_eq!(words("a\u{302e}\u{1d165}"), ["a\u{1d165}\u{302e}"]);
        assert_eq!(words("a\u{302e}\u{301}\u{1d165}b"), ["a\u{1d165}\u{302e}b"]);
        assert_eq!(words("a\u{302e}\u{34f}\u{1d165}"), ["a\u{302e}\u{1d165}"], "U+034F separates them");
    }

    #[test]
    fn a_word_has_at_most_a_hundred_characters() {
        assert_eq!(words(&"É".repeat(WORD_CHARS_MAX)), ["e".repeat(WORD_CHARS_MAX)]);
        assert_eq!(words(&"É".repeat(WORD_CHARS_MAX + 1)), ["?"]);
    }

    #[test]
    fn reading_stops_when_the_sink_returns_false() {
        let mut seen = 0;
        each_word("a b c", &mut |_| {
            seen += 1;
            seen < 2
        });
        assert_eq!(seen, 2);
    }
}
