//! Documents as text, and the chunks that they are split into.

use super::embed::MODEL_TOKENS_MAX;

/// Word pieces of one chunk with its heading prefix: what is cut off is not findable by meaning.
pub const CHUNK_TOKENS_MAX: usize = MODEL_TOKENS_MAX - 2;

/// Word pieces that a chunk is packed to (best of 100 to 250 in scripts/eval-chunkeval).
pub const CHUNK_TOKENS_TARGET: usize = 200;

/// Word pieces of the heading prefix; longer ones lose their outer headings first.
pub const PREFIX_TOKENS_MAX: usize = 48;

/// Bytes of one chunk's text. 254 pieces of prose are about 1.2 kB; a single "piece" may be a long run
/// that the tokenizer gives up on, so length is capped apart from pieces.
pub const CHUNK_BYTES_MAX: usize = 8 * 1024;

/// Bytes of one document. Larger files are refused with a sentence: a 512 MB board must hold one whole.
pub const DOCUMENT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Chunks of one document: bounds the record that lists them (about 12 bytes each).
pub const DOCUMENT_CHUNKS_MAX: usize = 65_536;

/// Bytes of one heading that are kept in paths; the whole line of a longer one stays in its section's text.
/// Six such levels are still more than `limits::PREFIX_TOKENS_MAX` word pieces.
pub const HEADING_BYTES_MAX: usize = 120;

/// Bytes of a heading that are looked at, its markup and links among them.
pub const HEADING_RAW_MAX: usize = 1024;

/// Marks and spaces in a row after which a sentence ends in any case. Look-ahead in `unicode-segmentation` 1.13
/// is quadratic in this number (its `match_sb8` says so).
pub const SENTENCE_MARKS_MAX: usize = 32;
