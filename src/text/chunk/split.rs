//! From a text with sections to its chunks.

use super::pack::Packer;
use super::{Chunk, Counter, record, unit};
use crate::base::table_row::are_names_of;
use crate::limits::{
    BYTES_PER_WORD_MAX, CHUNK_TOKENS_MAX, DOCUMENT_CHUNKS_MAX, PREFIX_TOKENS_MAX, ROWS_ALONE_MAX, WORDLESS_CHUNKS_MAX,
};
use crate::text::extract::section::Text;
use crate::text::payload;
use crate::text::payload::word::measure;

/// Divides a text into chunks, in order and without overlap, that leave out nothing but white space, heading lines, marks for payload that stand alone, and
/// the names of a table's columns where the row below says them again; of
/// chunks that hold (almost) no words, all beyond the first `limits::WORDLESS_CHUNKS_MAX` are left out as well, so that
/// a file costs no more model calls than its words allow.
///
/// Heading and text of a chunk have at most `limits::CHUNK_TOKENS_MAX` tokens together. `tokens` must be additive: a
/// text's count is the sum of the counts of its parts between white space. The list ends with chunk
/// `limits::DOCUMENT_CHUNKS_MAX`: one of that length may be incomplete, and has all its chunks so far. The time is near-linear in the bytes, for any
/// text; the same text gives the same chunks. A section out of the text's bounds counts as empty.
#[must_use]
pub fn chunks(text: &Text, tokens: &Counter<'_>) -> Vec<Chunk> {
    let mut chunks = all_chunks(text, tokens);
    if chunks.len() >= DOCUMENT_CHUNKS_MAX {
        // Shorter, a list that lacks the end of its text would be taken for a whole one.
        return chunks;
    }
    chunks.retain(|chunk| !is_mark(text.text.get(chunk.range.clone()).unwrap_or_default()));
    let body = |chunk: &Chunk| text.text.get(chunk.range.clone()).unwrap_or_default();
    let are_names: Vec<bool> =
        chunks.windows(2).map(|pair| matches!(pair, [one, next] if are_names_of(body(one), body(next)))).collect();
    let mut are_names = are_names.into_iter();
    chunks.retain(|_| !are_names.next().unwrap_or_default());
    let mut wordless = 0;
    chunks.retain(|chunk| {
        let body = text.text.get(chunk.range.clone()).unwrap_or_default();
        let words = measure(body).words + measure(&chunk.heading).words;
        let stays = words * BYTES_PER_WORD_MAX >= body.len() || wordless < WORDLESS_CHUNKS_MAX;
        wordless += usize::from(words * BYTES_PER_WORD_MAX < body.len());
        stays
    });
    chunks
}

/// Whether nothing of a chunk is left but marks for what was left out: it answers nothing, and its heading alone would make it a hit. A section
/// of nothing else has its heading as its text (`text::extract`).
fn is_mark(body: &str) -> bool {
    body.chars().all(|c| c == payload::MARK || c.is_whitespace())
}

/// All chunks, with those that hold no words.
fn all_chunks(text: &Text, tokens: &Counter<'_>) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let rows_alone = record::count(&text.text) <= ROWS_ALONE_MAX;
    for section in &text.sections {
        let (heading, used) = prefix(&section.heading, tokens);
        let room = CHUNK_TOKENS_MAX.saturating_sub(used);
        let mut packer = Packer::new(&text.text, heading, room, tokens, &mut chunks);
        unit::section(&mut packer, section.range.clone(), rows_alone);
        packer.finish();
        if chunks.len() >= DOCUMENT_CHUNKS_MAX {
            break;
        }
    }
    chunks
}

/// A heading path shortened to `limits::PREFIX_TOKENS_MAX`, and its tokens.
fn prefix(path: &str, tokens: &Counter<'_>) -> (String, usize) {
    let mut rest = path;
    loop {
        let used = tokens(rest);
        if used <= PREFIX_TOKENS_MAX {
            return (rest.to_owned(), used);
        }
        let Some((_, inner)) = rest.split_once(" > ") else { break };
        rest = inner;
    }
    while let Some((end, _)) = rest.char_indices().nth_back(rest.len() / 8) {
        rest = rest.get(..end).unwrap_or_default();
        let word = rest.rfind(char::is_whitespace).unwrap_or(end);
        let whole = rest.get(..word).unwrap_or_default().trim_end();
        rest = if whole.is_empty() { rest } else { whole };
        let used = tokens(rest);
        if used <= PREFIX_TOKENS_MAX {
            return (rest.to_owned(), used);
        }
    }
    (String::new(), 0)
}

#[cfg(test)]
#[path = "test.rs"]
mod test;
