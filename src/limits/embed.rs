//! The embedder: what one model call reads, and what its files may hold.

/// Numbers in one embedding: all-MiniLM-L6-v2.
pub const DIMENSIONS: usize = 384;

/// Word pieces that one call of the model reads, `[CLS]` and `[SEP]` among them; the model was trained at 256.
pub const MODEL_TOKENS_MAX: usize = 256;

/// Tokens of a model's own prefix, such as `passage: `, that it reads before a text besides. A longer one would take the places of the text's last tokens.
pub const MODEL_PREFIX_TOKENS_MAX: usize = 4;

/// Bytes of a model's own prefix.
pub const MODEL_PREFIX_BYTES_MAX: usize = 64;

/// Bytes of a manifest; the one we ship has 1 kB.
pub const MANIFEST_BYTES_MAX: usize = 64 * 1024;

/// Words of a vocabulary. BERT's uncased one has 30,522, the largest multilingual ones 250,000.
pub const VOCABULARY_WORDS_MAX: usize = 1 << 18;

/// Bytes of a vocabulary's file; MiniLM's has 231,508, one of 120,000 words a million.
pub const VOCABULARY_FILE_BYTES_MAX: u64 = 1 << 23;

/// Bytes of one word of a vocabulary; BERT's longest has 18 characters.
pub const VOCABULARY_WORD_BYTES_MAX: usize = 256;

/// Nodes of the trie of a unigram model's pieces; XLM-R's 250,000 pieces have 782,728.
pub const PIECE_NODES_MAX: usize = 1 << 21;

/// Bytes of a piece; XLM-R's longest has 48.
pub const PIECE_BYTES_MAX: usize = 128;

/// Characters that a model replaces before it reads a text, and those that stand for them; XLM-R has 4,837 and 6,673.
pub const REPLACED_MAX: usize = 1 << 16;

/// Bytes of a word without a space from which on its tokens are decided before its end. 64 kB of scratch memory.
pub const WORD_WINDOW_BYTES: usize = 4096;

/// Words of a model whose table of vectors stays on the disk; XLM-R has 250,002.
pub const TABLE_WORDS_MAX: usize = 1 << 20;

/// Rows of that table that an engine keeps: those of the words with the lowest ids are the most frequent. 0.9 MB.
pub const TABLE_ROWS_KEPT: usize = 4096;

/// Bytes of a model in one file, ours has 70.6 MB; or of weights, which are read whole: MiniLM's have 23 MB, those of an encoder of twelve layers in f32 133 MB.
pub const MODEL_FILE_BYTES_MAX: u64 = 1 << 28;

/// Bytes of one part of that file that is read whole: the transformer has 10 MB.
pub const MODEL_PART_BYTES_MAX: usize = 1 << 26;

/// Models that are loaded beside the home's at most: each keeps its weights in memory, and a question is embedded by each.
pub const MODELS_MAX: usize = 2;

/// Milliseconds for which a model is not looked for again that was not there, or could not be loaded.
pub const MODEL_RETRY_MS: u64 = 10_000;

/// Folders of models that are looked into.
pub const MODEL_FOLDERS_MAX: usize = 32;

/// Parts of that file.
pub const MODEL_PARTS_MAX: usize = 32;

/// Nodes of a model's graph in which an encoder is looked for, and as many constants; MiniLM's, of six layers, has 174 and 112.
pub const GRAPH_PARTS_MAX: usize = 1 << 14;

/// Layers of an encoder; MiniLM and the multilingual student have 6, BERT's large form 24.
pub const ENCODER_LAYERS_MAX: usize = 64;
