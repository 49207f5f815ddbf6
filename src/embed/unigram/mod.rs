//! The unigram tokenizer of `SentencePiece` models: of all ways to cut a word into known pieces, the likeliest.
//!
//! Kudo, "Subword Regularization", 2018, and the library `sentencepiece`. A text is read in one pass: NFC, the model's
//! table of replaced characters (`replaced`), single spaces, each space as `▁` before its word, and for each word the
//! best path over the pieces (`viterbi`, `pieces`). The tokens equal those of Hugging Face `tokenizers`:
//! `tests/it/multilingual.rs` compares 10,000 lines of all scripts, which `scripts/make_multilingual_fixture.py` writes.
//!
//! Invariants: a special token written in a text is text. The time is linear in the text's length; the memory is that of
//! the pieces (5 MB for 250,000) and of one word, of which at most `limits::WORD_WINDOW_BYTES` and a little more are held. But a run of
//! combining marks is put in order as a whole, as NFC wants it, and takes eight bytes for each mark: no writing has more than some ten, and
//! a text of nothing else takes four times its length.
//!
//! Not here: the words' vectors (`word_table`), and where the tables come from (`model_file`).

mod pieces;
mod replaced;
mod viterbi;

pub use pieces::Pieces;
pub use replaced::Replaced;

use unicode_normalization::UnicodeNormalization;
use viterbi::Viterbi;

/// The token that begins each text.
const BEGIN: u32 = 0;
/// The token that ends each text.
const END: u32 = 2;

/// What stands for a space, before each word.
const WORD_MARK: char = '\u{2581}';

/// The tokenizer with its tables.
#[derive(Debug)]
pub struct Unigram {
    pieces: Pieces,
    replaced: Replaced,
}

/// The memory that tokenizing needs, reused from text to text.
#[derive(Clone, Debug, Default)]
pub struct Scratch(Viterbi);

impl Unigram {
    /// With these tables.
    #[must_use]
    pub const fn new(pieces: Pieces, replaced: Replaced) -> Self {
        Self { pieces, replaced }
    }

    /// The number of tokens of `text`, without a prefix, begin and end.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        let mut count = 0;
        self.each_token("", text, &mut Scratch::default(), &mut |_| {
            count += 1;
            true
        });
        count
    }

    /// Replaces the content of `out` by the ids of the prefix and the text: begin, the first tokens, end, at most `max`
    /// together (a `max` below 2 counts as 2).
    pub fn encode(&self, (prefix, text): (&str, &str), max: usize, scratch: &mut Scratch, out: &mut Vec<u32>) {
        let before_end = max.max(2) - 1;
        out.clear();
        out.push(BEGIN);
        if out.len() < before_end {
            self.each_token(prefix, text, scratch, &mut |id| {
                out.push(id);
                out.len() < before_end
            });
        }
        out.push(END);
    }

    /// Passes one token after another to `sink` until it returns false.
    fn each_token(&self, prefix: &str, text: &str, scratch: &mut Scratch, sink: &mut dyn FnMut(u32) -> bool) {
        let word = &mut scratch.0;
        word.begin(WORD_MARK);
        let (mut is_after_space, mut wanted) = (false, true);
        for c in prefix.chars().chain(text.chars()).nfc() {
            self.replaced.each(c, |c| {
                let is_space = c == ' ';
                if !wanted || is_space && is_after_space {
                    return;
                }
                is_after_space = is_space;
                if is_space || c == WORD_MARK {
                    wanted = word.end(&self.pieces, sink);
                    word.begin(WORD_MARK);
                } else {
                    wanted = word.push(c, &self.pieces, sink);
                }
            });
            if !wanted {
                return;
            }
        }
        word.end(&self.pieces, sink);
    }
}

#[cfg(test)]
mod tests {
    use super::pieces::tests::pieces;
    use super::*;

    fn unigram() -> Unigram {
        let words = [
            ("\u{2581}", -5.0),
            ("\u{2581}wat", -6.0),
            ("tle", -6.5),
            ("\u{2581}wattle", -14.0),
            ("t", -7.0),
            ("l", -8.0),
            ("e", -7.5),
            ("\u{e9}", -9.0),
            ("s", -4.0),
            (":", -4.5),
            ("<", -9.0),
        ];
        let replaced = Replaced::new(vec![9, 0xA0, 0x2460], vec![0, 1, 1, 3], &[32, 108, 101]).unwrap();
        Unigram::new(pieces(&words), replaced)
    }

    fn ids(text: &str, max: usize) -> Vec<u32> {
        let (mut out, mut scratch) = (vec![7], Scratch::default());
        unigram().encode(("", text), max, &mut scratch, &mut out);
        let mut again = Vec::new();
        unigram().encode(("", text), max, &mut scratch, &mut again);
        assert_eq!(out, again, "the scratch keeps nothing");
        out
    }

    #[test]
    fn a_word_is_cut_into_the_likeliest_pieces() {
        // "▁wat" and "tle" are likelier than "▁wattle".
        assert_eq!(ids("wattle", 99), [0, 11, 12, 2]);
        assert_eq!(ids("wattles", 99), [0, 11, 12, 18, 2]);
        assert_eq!(
            ids("wat \t wat\u{a0} ", 99),
            [0, 11, 11, 10, 2],
            "the no-break space goes, the last space is a word"
        );
        assert_eq!(ids("", 99), [0, 10, 2]);
    }

    #[test]
    fn characters_without_a_piece_are_one_unknown_token_a_run() {
        assert_eq!(ids("xyz", 99), [0, 10, 3, 2]);
        assert_eq!(ids("wat\u{4e16}\u{754c}s x", 99), [0, 11, 3, 18, 10, 3, 2]);
    }

    #[test]
    fn a_text_in_nfd_has_the_tokens_of_nfc_and_replaced_characters_those_of_what_they_become() {
        assert_eq!(ids("e\u{301}", 99), [0, 10, 17, 2]);
        assert_eq!(ids("\u{2460}", 99), ids("le", 99));
    }

    #[test]
    fn a_special_token_written_in_a_text_is_text() {
        assert_eq!(ids("<s>", 99), [0, 10, 20, 18, 3, 2]);
    }

    #[test]
    fn an_encoding_is_truncated_and_a_count_is_not() {
        assert_eq!(ids("wattle wattle", 4), [0, 11, 12, 2]);
        assert_eq!(ids("wattle wattle", 3), [0, 11, 2]);
        assert_eq!(ids("wattle", 0), [0, 2]);
        assert_eq!(unigram().count("wattle wattle"), 4);
        let (mut out, mut scratch) = (Vec::new(), Scratch::default());
        unigram().encode(("s: ", "wat"), 99, &mut scratch, &mut out);
        assert_eq!(out, [0, 10, 18, 19, 11, 2]);
    }
}
