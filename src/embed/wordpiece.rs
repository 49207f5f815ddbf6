//! `WordPiece`, the tokenizer of BERT's uncased models.
//!
//! Its tokens equal those of Hugging Face `tokenizers` 0.23 with the model's `tokenizer.json`, which a fixture of
//! 10,000 lines checks (`tests/it/wordpiece.rs`). One difference is intended: `"[CLS]"` and the like in a text are
//! ordinary text, so that no document can insert special tokens. The time is linear in the text's length, and the
//! memory does not depend on it.

use super::pre_tokenizer;
use super::pre_tokenizer::WORD_CHARS_MAX;
use crate::embed::trie::Trie;
use crate::limits::{VOCABULARY_WORD_BYTES_MAX, VOCABULARY_WORDS_MAX};
use std::fmt;

/// The tokenizer with its vocabulary. About 2 MB for BERT's.
#[derive(Clone, Debug)]
pub struct WordPiece {
    /// Tokens that begin a word.
    heads: Trie,
    /// Tokens that continue a word, without their `##`.
    tails: Trie,
    unknown: u32,
    begin: u32,
    end: u32,
    words: usize,
}

/// Why a vocabulary is refused: its file is damaged or is no vocabulary. Lines are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VocabError {
    /// More than `VOCABULARY_WORDS_MAX` words.
    TooMany,
    /// The word on this line is empty or longer than `VOCABULARY_WORD_BYTES_MAX`.
    BadWord(usize),
    /// The word on this line is a duplicate.
    Twice(usize),
    /// A special token is missing.
    Missing(&'static str),
}

impl fmt::Display for VocabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => write!(f, "the vocabulary has more than {VOCABULARY_WORDS_MAX} words"),
            Self::BadWord(line) => write!(f, "the vocabulary's word on line {line} is empty or too long"),
            Self::Twice(line) => write!(f, "the vocabulary's word on line {line} stands there twice"),
            Self::Missing(word) => write!(f, "the vocabulary lacks the word {word}"),
        }
    }
}

impl std::error::Error for VocabError {}

impl WordPiece {
    /// Reads a vocabulary, one word a line; a word's id is the number of its line, from 0.
    ///
    /// # Errors
    /// The vocabulary is damaged; see [`VocabError`].
    pub fn new(vocab: &str) -> Result<Self, VocabError> {
        let mut heads = Vec::new();
        let mut tails = Vec::new();
        for (id, word) in (0_u32..).zip(vocab.lines()) {
            let line = id as usize + 1;
            if line > VOCABULARY_WORDS_MAX {
                return Err(VocabError::TooMany);
            }
            // "##" alone is a word, and not the continuation of one.
            let (list, token) = match word.strip_prefix("##") {
                Some(tail) if !tail.is_empty() => (&mut tails, tail),
                _ => (&mut heads, word),
            };
            if token.is_empty() || token.len() > VOCABULARY_WORD_BYTES_MAX {
                return Err(VocabError::BadWord(line));
            }
            list.push((token, id));
        }
        let words = heads.len() + tails.len();
        let twice = |id: u32| VocabError::Twice(id as usize + 1);
        let (heads, tails) = (Trie::new(heads).map_err(twice)?, Trie::new(tails).map_err(twice)?);
        let special = |word: &'static str| heads.exact(word).ok_or(VocabError::Missing(word));
        let (unknown, begin, end) = (special("[UNK]")?, special("[CLS]")?, special("[SEP]")?);
        Ok(Self { heads, tails, unknown, begin, end, words })
    }

    /// The number of words of the vocabulary: ids are below it.
    #[must_use]
    pub const fn words(&self) -> usize {
        self.words
    }

    /// The number of tokens of `text`, without `[CLS]` and `[SEP]`.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        let mut count = 0;
        self.each_word(text, &mut |tokens| {
            count += tokens.len();
            true
        });
        count
    }

    /// Replaces the content of `out` by the ids of `text`: `[CLS]`, the first tokens, `[SEP]`, at most `max` together
    /// (a `max` below 2 counts as 2).
    pub fn encode(&self, text: &str, max: usize, out: &mut Vec<u32>) {
        let before_end = max.max(2) - 1;
        out.clear();
        out.push(self.begin);
        self.each_word(text, &mut |tokens| {
            out.extend(tokens.iter().take(before_end - out.len()));
            out.len() < before_end
        });
        out.push(self.end);
    }

    /// Passes the tokens of one word after another to `sink` until it returns false.
    fn each_word(&self, text: &str, sink: &mut dyn FnMut(&[u32]) -> bool) {
        let mut ids = [0; WORD_CHARS_MAX];
        pre_tokenizer::each_word(text, &mut |word| {
            let count = word.and_then(|word| self.split(word, &mut ids));
            sink(count.map_or(&[self.unknown], |count| &ids[..count]))
        });
    }

    /// Writes the tokens of one word to `into`, always the longest that fits, and returns their number; `None` if the
    /// vocabulary cannot compose the word.
    fn split(&self, word: &str, into: &mut [u32; WORD_CHARS_MAX]) -> Option<usize> {
        let mut rest = word.as_bytes();
        let mut count = 0;
        while !rest.is_empty() {
            let trie = if count == 0 { &self.heads } else { &self.tails };
            let (length, id) = trie.longest(rest)?;
            // In bounds: every token has at least one of the word's `WORD_CHARS_MAX` characters.
            into[count] = id;
            count += 1;
            rest = &rest[length..];
        }
        Some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nwat\n##tle\nun\n##kind\n,\n日\ni\n##σ\nσ\n[\ncls\n]\n#";

    fn ids(text: &str, max: usize) -> Vec<u32> {
        let mut out = vec![7];
        WordPiece::new(WORDS).unwrap().encode(text, max, &mut out);
        out
    }

    #[test]
    fn words_are_split_into_the_longest_tokens() {
        assert_eq!(ids("Wattle,\tUNKIND wattle\u{301}", 100), [2, 4, 5, 8, 6, 7, 4, 5, 3]);
        assert_eq!(ids("wat日σΣ İ", 100), [2, 4, 9, 12, 11, 10, 3]);
    }

    #[test]
    fn a_word_that_no_tokens_compose_is_unknown_as_a_whole() {
        assert_eq!(ids("wattlex wat", 100), [2, 1, 4, 3]);
    }

    #[test]
    fn a_special_token_written_in_a_text_is_text() {
        assert_eq!(ids("[CLS]", 100), [2, 13, 14, 15, 3]);
        assert_eq!(ids("##tle", 100), [2, 16, 16, 1, 3]);
    }

    #[test]
    fn an_encoding_is_truncated_and_a_count_is_not() {
        assert_eq!(ids("wattle wattle", 4), [2, 4, 5, 3]);
        assert_eq!(ids("wattle wattle", 3), [2, 4, 3]);
        assert_eq!(ids("wattle", 0), [2, 3]);
        assert_eq!(WordPiece::new(WORDS).unwrap().count("wattle wattle"), 4);
    }

    #[test]
    fn removed_characters_give_no_tokens() {
        assert_eq!(ids("\0\u{200b}\u{fffd}\u{e000} \u{301}\u{b}", 100), [2, 3]);
    }

    #[test]
    fn a_damaged_vocabulary_is_refused() {
        let error = |vocab: &str| WordPiece::new(vocab).unwrap_err();
        assert_eq!(error(""), VocabError::Missing("[UNK]"));
        assert_eq!(error("[UNK]\n[SEP]\na"), VocabError::Missing("[CLS]"));
        assert_eq!(error("[UNK]\n\na"), VocabError::BadWord(2));
        assert_eq!(error(&"x".repeat(VOCABULARY_WORD_BYTES_MAX + 1)), VocabError::BadWord(1));
        assert_eq!(error("a\n##a\nb\n##a"), VocabError::Twice(4));
        assert_eq!(error(&"x\n".repeat(VOCABULARY_WORDS_MAX + 1)), VocabError::TooMany);
    }

    #[test]
    fn a_text_without_whitespace_is_one_unknown_word_however_long() {
        let rules = WordPiece::new(WORDS).unwrap();
        for unit in ["w", "wattle", "\u{302e}", "\u{301}a", "가", "\u{1d165}\u{302e}"] {
            assert_eq!(rules.count(&unit.repeat(1 << 17)), 1, "{unit:?}");
        }
        assert_eq!(rules.count(&"日".repeat(1 << 17)), 1 << 17);
        assert_eq!(rules.count(&",".repeat(1 << 17)), 1 << 17);
    }
}
