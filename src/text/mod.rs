//! From a file's bytes to passages of text.
//!
//! Duty: take the text out of a file, then cut it into chunks that the model reads whole. In/out: a name and
//! bytes in; a text with its sections, and chunks as byte ranges of that text, out. Invariants: a chunk is an
//! exact excerpt, chunks are in order and do not overlap, the same bytes give the same chunks on every device.
//! Limits: `limits::DOCUMENT_BYTES_MAX` in, `limits::DOCUMENT_CHUNKS_MAX` out, work near-linear in the bytes.
//! Not here: reading files (`io`), the tokenizer (`embed` lends its counter), word splitting for search.

pub mod chunk;
pub mod extract;
