//! Meaning as numbers: a text goes in, an `Embedding` comes out.
//!
//! Duty: the model's tokenizer, its manifest and fingerprint, and the engine that runs it.
//! In/out: bytes of the model's files and text in; word piece counts and embeddings out; nothing is read or written.
//! Invariants: the same model and text give the same embedding, whatever ran before; no input panics.
//! Limits: `limits::MODEL_TOKENS_MAX` word pieces of a text are read, the rest is cut. Not here: finding
//! files, choosing passages (`text`), keeping vectors (`store`), threads (`io`).

use crate::base::id::Fingerprint;
use crate::base::vector::{Embedding, VectorError};
use std::fmt;

mod embed_key;
#[cfg(feature = "device")]
pub mod engine;
pub mod model;
mod pre_tokenizer;
pub mod stand_in;
mod trie;
pub mod wordpiece;

/// Whatever turns text into vectors: the engine on devices, the stand-in in the simulator.
pub trait Embedder {
    /// The model that the embeddings belong to.
    fn model(&self) -> Fingerprint;

    /// Word pieces of `text`, without `[CLS]` and `[SEP]`; not cut at the model's limit.
    fn tokens(&self, text: &str) -> usize;

    /// The embedding of `text`, of which the part beyond the model's limit is cut off.
    ///
    /// # Errors
    /// The text has no embedding; the embedder is as it was and may be asked again.
    fn embed(&mut self, text: &str) -> Result<Embedding, EmbedError>;
}

/// Why there is no embedder or no embedding. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmbedError {
    /// The model's files are not what its manifest says, or cannot be understood; the installation's fault.
    Model(model::ModelError),
    /// The tensor engine refused the model or failed at a text; the engine's fault. In its words.
    Engine(String),
    /// The engine's numbers are no embedding; the engine's fault.
    Vector(VectorError),
}

impl fmt::Display for EmbedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model(e) => write!(f, "{e}"),
            Self::Engine(e) => write!(f, "the model could not be run: {e}"),
            Self::Vector(e) => write!(f, "the model gave no embedding: {e}"),
        }
    }
}

impl std::error::Error for EmbedError {}
