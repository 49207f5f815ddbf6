//! Passages of a text, each sized in the model's word pieces.
//!
//! Every section begins anew. Within it a chunk ends near `limits::CHUNK_TOKENS_GOAL` pieces, sooner between
//! paragraphs than between lines, and sooner there than between sentences: such ends do not move when text far
//! from them does, so that a changed word changes about one chunk.

mod pack;
mod split;

use crate::limits::{CHUNK_TOKENS_MAX, DOCUMENT_CHUNKS_MAX, PREFIX_TOKENS_MAX};
use crate::text::extract::Text;
use pack::Packer;
use std::ops::Range;

pub(super) use split::is_item;

/// Counts the word pieces of a text, without the marks that the model adds.
pub type Counter<'a> = dyn Fn(&str) -> usize + 'a;

/// One passage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The headings above it, as `A > B`, at most `limits::PREFIX_TOKENS_MAX` word pieces: of a longer path the
    /// outer headings are left out, of a longer heading the last words.
    pub heading: String,
    /// Bytes of `Text::text`, trimmed of white space, never empty, at most `limits::CHUNK_BYTES_MAX`.
    pub range: Range<usize>,
}

/// Cuts a text into chunks, in order and without overlap, that leave out nothing but white space and heading
/// lines. Heading and passage together have at most `limits::CHUNK_TOKENS_MAX` pieces by `tokens`, which must
/// add up over texts joined by white space. What follows the first `limits::DOCUMENT_CHUNKS_MAX` chunks is left
/// out: a list of that length may be cut off. Time is near-linear in the bytes, whatever they are; the same
/// text gives the same chunks. Sections out of the text's bounds count as empty.
#[must_use]
pub fn chunks(text: &Text, tokens: &Counter<'_>) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    for section in &text.sections {
        let (heading, taken) = prefix(&section.heading, tokens);
        let room = CHUNK_TOKENS_MAX.saturating_sub(taken);
        let mut packer = Packer::new(&text.text, heading, room, tokens, &mut chunks);
        split::section(&mut packer, section.range.clone());
        packer.finish();
        if chunks.len() >= DOCUMENT_CHUNKS_MAX {
            break;
        }
    }
    chunks
}

/// A heading path cut to `limits::PREFIX_TOKENS_MAX`, and its word pieces.
fn prefix(path: &str, tokens: &Counter<'_>) -> (String, usize) {
    let mut rest = path;
    loop {
        let taken = tokens(rest);
        if taken <= PREFIX_TOKENS_MAX {
            return (rest.to_owned(), taken);
        }
        let Some((_, inner)) = rest.split_once(" > ") else { break };
        rest = inner;
    }
    while let Some((end, _)) = rest.char_indices().nth_back(rest.len() / 8) {
        rest = rest.get(..end).unwrap_or_default();
        let word = rest.rfind(char::is_whitespace).unwrap_or(end);
        let whole = rest.get(..word).unwrap_or_default().trim_end();
        rest = if whole.is_empty() { rest } else { whole };
        let taken = tokens(rest);
        if taken <= PREFIX_TOKENS_MAX {
            return (rest.to_owned(), taken);
        }
    }
    (String::new(), 0)
}

#[cfg(test)]
mod test;
