//! The engine: runs the model's ONNX file, one text at a time, on the calling thread.
//!
//! The encoder in the file is found by [`crate::embed::onnx`] and run by
//! [`crate::embed::encoder`] with the kernels of this processor. It is not tract that reads and runs them: its reader copies all
//! weights, its passes over the graph take most of the load time, before which it would make f32 of them, and its plan
//! allocates every operator's result. A model in which no encoder is found is read and run by tract as it is (`stock`).

use crate::base::fluency::Fluency;
use crate::base::id::Fingerprint;
use crate::base::vector::Embedding;
use crate::embed::model::{Manifest, ModelError};
use crate::embed::model_file::Bytes;
use crate::embed::reader::{Rows, Side};
use crate::embed::wordpiece::WordPiece;
use crate::embed::{EmbedError, Embedder};
use crate::limits::DIMENSIONS;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

mod choice;
mod due;
mod input;
mod runner;
mod stock;

use due::Due;
use input::Reader;
use runner::Runner;
use stock::Input;

pub use choice::Choice;

/// A loaded model. A clone shares the weights; every thread has its own clone.
#[derive(Clone)]
pub struct Engine {
    runner: Runner,
    reader: Reader,
    fingerprint: Fingerprint,
    fluency: Fluency,
    token_limit: usize,
    /// Buffers, reused from text to text: the tokens, the vectors of words that are not in the weights, and the model's output.
    ids: Vec<u32>,
    rows: Vec<f32>,
    values: Vec<f32>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Engine({}, {})", self.fingerprint, self.kernel().unwrap_or("tract"))
    }
}

impl Engine {
    /// Loads the bytes of a model's files. Weights that are owned are taken by value, so that each representation can be
    /// dropped before the next one is built: a small board has no memory for all of them.
    ///
    /// # Errors
    /// `Model` if a file is not the one that the manifest describes, `Engine` if it cannot be run.
    pub fn load(
        weights: impl Into<Cow<'static, [u8]>>,
        vocabulary: &str,
        manifest: &Manifest,
    ) -> Result<Self, EmbedError> {
        Self::load_for(weights, vocabulary, manifest, Choice::Best)
    }

    /// As `load`, to be run in a chosen way.
    ///
    /// # Errors
    /// As `load`.
    pub fn load_for(
        weights: impl Into<Cow<'static, [u8]>>,
        vocabulary: &str,
        manifest: &Manifest,
        choice: Choice,
    ) -> Result<Self, EmbedError> {
        let weights = weights.into();
        manifest.check_weights(&weights).map_err(EmbedError::Model)?;
        manifest.check_vocabulary(vocabulary.as_bytes()).map_err(EmbedError::Model)?;
        let tokenizer = WordPiece::new(vocabulary).map_err(|e| EmbedError::Model(ModelError::Vocabulary(e)))?;
        Self::of(Reader::Ids(Arc::new(tokenizer)), weights, manifest, choice)
    }

    /// Loads a model in one file, of which the words' vectors stay where they are.
    ///
    /// # Errors
    /// `Model` if the file is not the one that the manifest describes or cannot be read, `Engine` if it cannot be run.
    pub fn open(file: Arc<dyn Bytes>, manifest: &Manifest) -> Result<Self, EmbedError> {
        let (rows, weights) = Rows::open(file, manifest).map_err(EmbedError::Model)?;
        Self::of(Reader::Rows(Box::new(rows)), weights.into(), manifest, Choice::Best)
    }

    fn of(
        reader: Reader,
        weights: Cow<'static, [u8]>,
        manifest: &Manifest,
        choice: Choice,
    ) -> Result<Self, EmbedError> {
        let token_limit = manifest.token_limit();
        Ok(Self {
            runner: Runner::new(weights, choice, Due { tokens: token_limit, words: reader.words() })?,
            reader,
            fingerprint: manifest.fingerprint(),
            fluency: manifest.fluency(),
            token_limit,
            ids: Vec::new(),
            rows: Vec::new(),
            values: Vec::new(),
        })
    }

    /// The model's own output for a text; it is not reflected.
    ///
    /// # Errors
    /// `Model` if the words' vectors cannot be read, `Engine` if it failed.
    pub fn output(&mut self, side: Side, text: &str) -> Result<Vec<f32>, EmbedError> {
        self.run(side, text)?;
        Ok(self.values.clone())
    }

    /// Replaces the content of `values` by the model's output for a text.
    fn run(&mut self, side: Side, text: &str) -> Result<(), EmbedError> {
        self.ids(side, text)?;
        let input = match self.reader {
            Reader::Ids(_) => Input::Ids(&self.ids),
            Reader::Rows(_) => Input::Rows(&self.rows),
        };
        self.runner.run(input, &mut self.values)
    }

    /// The tokens of a text, as the model reads them.
    ///
    /// # Errors
    /// As for [`output`](Self::output).
    pub fn ids(&mut self, side: Side, text: &str) -> Result<&[u32], EmbedError> {
        // Room for the longest text from the first one on, which a clone has not: then no text allocates any.
        self.ids.clear();
        self.ids.reserve(self.token_limit);
        if let Reader::Rows(_) = self.reader {
            self.rows.clear();
            self.rows.reserve(self.token_limit * DIMENSIONS);
        }
        let read = self.reader.read((side, text), self.token_limit, &mut self.ids, &mut self.rows);
        read.map_err(EmbedError::Model)?;
        Ok(&self.ids)
    }

    fn embedding(&mut self, side: Side, text: &str) -> Result<Embedding, EmbedError> {
        self.run(side, text)?;
        self.reader.reflect(&mut self.values);
        Embedding::new(self.fingerprint, &self.values).map_err(EmbedError::Vector)
    }

    /// The name of the kernel that runs the model; `None` if tract runs it.
    #[must_use]
    pub const fn kernel(&self) -> Option<&'static str> {
        self.runner.kernel()
    }
}

impl Embedder for Engine {
    fn model(&self) -> Fingerprint {
        self.fingerprint
    }

    fn fluency(&self) -> Fluency {
        self.fluency
    }

    fn tokens(&self, text: &str) -> usize {
        self.reader.count(text)
    }

    fn embed(&mut self, text: &str) -> Result<Embedding, EmbedError> {
        self.embedding(Side::Passage, text)
    }

    fn embed_query(&mut self, question: &str) -> Result<Embedding, EmbedError> {
        self.embedding(Side::Query, question)
    }
}
