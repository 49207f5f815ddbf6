//! The embedder: what one model call reads, and what its files may hold.

/// Numbers in one embedding: all-MiniLM-L6-v2.
pub const DIMENSIONS: usize = 384;

/// Word pieces that one call of the model reads, `[CLS]` and `[SEP]` among them; the model was trained at 256.
pub const MODEL_TOKENS_MAX: usize = 256;

/// Bytes of a manifest; the one we ship has 1 kB.
pub const MANIFEST_BYTES_MAX: usize = 64 * 1024;

/// Words of a vocabulary. BERT's uncased one has 30,522, the largest multilingual ones 250,000.
pub const VOCABULARY_WORDS_MAX: usize = 1 << 18;

/// Bytes of one word of a vocabulary; BERT's longest has 18 characters.
pub const VOCABULARY_WORD_BYTES_MAX: usize = 256;
