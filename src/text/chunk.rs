//! Chunks: parts of a text, each sized in the model's tokens.
//!
//! A chunk never reaches over the end of a section (`split` divides a text into chunks section by section). Within a
//! section, `unit` finds the units that are not broken (paragraphs, else lines, sentences, words), and `pack` joins
//! units to chunks of about `limits::CHUNK_TOKENS_TARGET` tokens. It prefers to end a chunk between paragraphs, then
//! between lines, then between sentences: such ends do not move when text far from them changes, so that an edited word
//! changes about one chunk. A row of a table is a chunk of its own (`record`), whatever its size: rows say different things.

mod pack;
mod record;
mod split;
mod unit;

use std::ops::Range;

pub use split::chunks;

/// Counts the tokens of a text, without the special tokens that the model adds.
pub type Counter<'a> = dyn Fn(&str) -> usize + 'a;

/// One chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The headings above it, as `A > B`, at most `limits::PREFIX_TOKENS_MAX` tokens: a longer path loses its outer
    /// headings, a longer heading its last words.
    pub heading: String,
    /// Bytes of `Text::text`, trimmed of white space, never empty, at most `limits::CHUNK_BYTES_MAX`.
    pub range: Range<usize>,
}
