//! From the bytes of a file to chunks of text.
//!
//! [`extract`] takes the text out of a file and finds its headings, which divide it into sections. [`chunk`] divides
//! the sections into chunks that the embedding model reads completely. A chunk is a byte range of the text together
//! with the path of headings above it; both are embedded.
//!
//! [`payload`] is left out before a text is divided: data URIs, encodings, minified code, long tables of numbers, lines
//! that repeat. What stands for it is one character.
//!
//! Sentence and word boundaries are those of Unicode Standard Annex #29. Markdown is scanned line by line for the
//! headings, code and HTML blocks of CommonMark; everything else of it stays in the text.
//!
//! Invariants: a chunk is an exact part of the text; chunks are in order and do not overlap; the same bytes give the
//! same chunks on every device. At most `limits::DOCUMENT_BYTES_MAX` go in and `limits::DOCUMENT_CHUNKS_MAX` chunks
//! come out, in time near-linear in the bytes, whatever they are.
//!
//! Files are read by `platform`, the tokenizer belongs to `embed` (a chunk's size is measured by a function that it
//! lends), and words for search are split in `search`.

pub mod chunk;
pub mod extract;
mod list_item;
pub mod payload;
mod wiki;
