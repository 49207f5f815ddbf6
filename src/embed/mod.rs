//! Text embeddings: the model's tokenizer, its manifest, and the engine that runs it.
//!
//! The model is a sentence transformer of the MiniLM kind: a BERT encoder in ONNX, mean pooling and L2 normalisation.
//! [`wordpiece`] tokenizes as BERT's uncased models do (Devlin et al., "BERT: Pre-training of Deep Bidirectional
//! Transformers", 2019, and the `tokenizers` library of Hugging Face). [`onnx`] reads the ONNX file and finds the
//! encoder in it; [`encoder`] runs it for the `engine`, with the [`kernels`] for the processor's instructions. [`model`] reads the manifest beside the
//! model's files, checks their hashes, and derives the fingerprint that every stored vector carries.
//!
//! A multilingual model has so many words that their vectors are most of it. It is one file ([`model_file`]), tokenized by
//! [`unigram`] and read by [`reader`], and the vectors of its words stay on the disk (`word_table`).
//!
//! The trait [`Embedder`] has two implementations: the engine on devices, and [`stand_in`], which needs no files, in
//! the simulator and in tests.
//!
//! Invariants: the same model and text give the same embedding, whatever was embedded before; no input panics. Of a
//! text `limits::MODEL_TOKENS_MAX` tokens are read and the rest is cut off. Nothing here reads or writes files: they
//! are found and read by `platform::models`, chunks are chosen by `text`, vectors are stored by `store`.

use crate::base::fluency::Fluency;
use crate::base::id::{Fingerprint, ModelMark};
use crate::base::vector::{Embedding, VectorError};
use std::fmt;

mod embed_key;
pub mod encoder;
#[cfg(feature = "device")]
pub mod engine;
pub mod kernels;
pub mod loaded;
pub mod model;
pub mod model_file;
pub mod onnx;
mod pre_tokenizer;
pub mod reader;
pub mod stand_in;
mod trie;
pub mod unigram;
mod word_table;
pub mod wordpiece;

/// Computes the embeddings of texts: the engine on devices, the stand-in in the simulator.
pub trait Embedder {
    /// The model that the embeddings belong to.
    fn model(&self) -> Fingerprint;

    /// Which languages it knows.
    fn fluency(&self) -> Fluency {
        Fluency::default()
    }

    /// The number of tokens of `text`, without `[CLS]` and `[SEP]`, beyond the model's limit too.
    fn tokens(&self, text: &str) -> usize;

    /// The embedding of `text`; what is beyond the model's limit is cut off.
    ///
    /// # Errors
    /// The text has no embedding. The embedder is as it was before and can be used again.
    fn embed(&mut self, text: &str) -> Result<Embedding, EmbedError>;

    /// The embedding of a question, which some models read otherwise than what may answer it.
    ///
    /// # Errors
    /// As for a text.
    fn embed_query(&mut self, question: &str) -> Result<Embedding, EmbedError> {
        self.embed(question)
    }

    /// The embedder of this model, if it is loaded: this one, or another one beside it.
    fn of(&mut self, model: ModelMark) -> Option<&mut dyn Embedder>
    where
        Self: Sized,
    {
        (ModelMark::from(self.model()) == model).then_some(self as &mut dyn Embedder)
    }
}

/// Why there is no embedder or no embedding. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmbedError {
    /// The model's files are not those of its manifest, or cannot be read: the installation is faulty.
    Model(model::ModelError),
    /// The tensor engine refused the model or failed at a text; with its message.
    Engine(String),
    /// The engine's output is no embedding.
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
