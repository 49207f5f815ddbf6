//! The engine: runs the model's ONNX file with tract, one text at a time, on the calling thread.
//!
//! One plan with a symbolic length serves every text: a plan for each length would cost the load time and the memory
//! again and would not run faster. A batch of texts saves 3 % and would need an attention mask.
//! Measured on one Zen 4 core (AVX-512): 260 ms to load; 7, 25 and 57 ms for a text of 32, 128 and 254 tokens; 100 MB
//! resident, of which glibc's allocator retains 30 MB (`MALLOC_MMAP_THRESHOLD_=131072` in the environment returns them
//! to the system).

use crate::base::fluency::Fluency;
use crate::base::id::Fingerprint;
use crate::base::vector::Embedding;
use crate::embed::model::{Manifest, ModelError};
use crate::embed::model_file::Bytes;
use crate::embed::reader::{Reader, Rows, Side};
use crate::embed::wordpiece::WordPiece;
use crate::embed::{EmbedError, Embedder};
use crate::limits::DIMENSIONS;
use std::borrow::Cow;
use std::fmt;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use tract_onnx::prelude::*;

/// A loaded model. A clone shares the weights; every thread has its own clone.
#[derive(Clone)]
pub struct Engine {
    plan: Arc<TypedRunnableModel>,
    reader: Reader,
    fingerprint: Fingerprint,
    fluency: Fluency,
    token_limit: usize,
    /// Buffers, reused from text to text: the tokens, and the vectors of words that are not in the weights.
    ids: Vec<u32>,
    rows: Vec<f32>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Engine({})", self.fingerprint)
    }
}

impl Engine {
    /// Loads the bytes of a model's files. Weights that are owned are taken by value, so that each representation can be
    /// dropped before the next one is built: a small board has no memory for all of them.
    ///
    /// # Errors
    /// `Model` if a file is not the one that the manifest describes, `Engine` if tract cannot run it.
    pub fn load(
        weights: impl Into<Cow<'static, [u8]>>,
        vocabulary: &str,
        manifest: &Manifest,
    ) -> Result<Self, EmbedError> {
        let weights = weights.into();
        manifest.check_weights(&weights).map_err(EmbedError::Model)?;
        manifest.check_vocabulary(vocabulary.as_bytes()).map_err(EmbedError::Model)?;
        let tokenizer = WordPiece::new(vocabulary).map_err(|e| EmbedError::Model(ModelError::Vocabulary(e)))?;
        Self::of(Reader::Ids(Arc::new(tokenizer)), weights, manifest)
    }

    /// Loads a model in one file, of which the words' vectors stay where they are.
    ///
    /// # Errors
    /// `Model` if the file is not the one that the manifest describes or cannot be read, `Engine` if tract cannot run it.
    pub fn open(file: Arc<dyn Bytes>, manifest: &Manifest) -> Result<Self, EmbedError> {
        let (rows, weights) = Rows::open(file, manifest).map_err(EmbedError::Model)?;
        Self::of(Reader::Rows(Box::new(rows)), weights.into(), manifest)
    }

    fn of(reader: Reader, weights: Cow<'static, [u8]>, manifest: &Manifest) -> Result<Self, EmbedError> {
        Ok(Self {
            plan: plan(weights, matches!(reader, Reader::Rows(_))).map_err(|e| engine_error(&e))?,
            reader,
            fingerprint: manifest.fingerprint(),
            fluency: manifest.fluency(),
            token_limit: manifest.token_limit(),
            ids: Vec::with_capacity(manifest.token_limit()),
            rows: Vec::new(),
        })
    }

    /// The model's own output for a text; it is not reflected.
    ///
    /// # Errors
    /// `Model` if the words' vectors cannot be read, `Engine` if tract failed.
    pub fn output(&mut self, side: Side, text: &str) -> Result<Vec<f32>, EmbedError> {
        self.ids(side, text)?;
        self.run().map_err(|e| engine_error(&e))
    }

    /// The tokens of a text, as the model reads them.
    ///
    /// # Errors
    /// As for [`output`](Self::output).
    pub fn ids(&mut self, side: Side, text: &str) -> Result<&[u32], EmbedError> {
        let read = self.reader.read((side, text), self.token_limit, &mut self.ids, &mut self.rows);
        read.map_err(EmbedError::Model)?;
        Ok(&self.ids)
    }

    fn embedding(&mut self, side: Side, text: &str) -> Result<Embedding, EmbedError> {
        let mut values = self.output(side, text)?;
        self.reader.reflect(&mut values);
        Embedding::new(self.fingerprint, &values).map_err(EmbedError::Vector)
    }

    /// The model's output for `self.ids`, or `self.rows`.
    fn run(&self) -> TractResult<Vec<f32>> {
        let input = if matches!(self.reader, Reader::Rows(_)) {
            Tensor::from_shape(&[1, self.ids.len(), DIMENSIONS], &self.rows)?
        } else {
            let ids: Vec<i64> = self.ids.iter().map(|id| i64::from(*id)).collect();
            Tensor::from_shape(&[1, ids.len()], &ids)?
        };
        let outputs = self.plan.run(tvec!(input.into_tvalue()))?;
        // `Embedding::new` refuses an empty output.
        let Some(output) = outputs.first() else { return Ok(Vec::new()) };
        Ok(output.to_plain_array_view::<f32>()?.iter().copied().collect())
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

/// Builds the plan from ONNX bytes, for ids or for the words' vectors. Each representation is dropped as soon as the next one is
/// complete.
fn plan(weights: Cow<'static, [u8]>, of_rows: bool) -> TractResult<Arc<TypedRunnableModel>> {
    let mut read = tract_onnx::onnx().model_for_read(&mut ConsumedReader(Cursor::new(weights)))?;
    // A fixed batch size of 1 makes a text 15 % faster; only the length is symbolic.
    let length = read.symbols.sym("seq");
    let (one, length) = (1.to_dim(), length.to_dim());
    let fact = if of_rows { f32::fact([one, length, DIMENSIONS.to_dim()]) } else { i64::fact([one, length]) };
    read.set_input_fact(0, fact.into())?;
    read.into_typed()?.into_decluttered()?.into_optimized()?.into_runnable()
}

/// Frees the bytes once they are read: tract copies all of them before it builds anything.
struct ConsumedReader(Cursor<Cow<'static, [u8]>>);

impl Read for ConsumedReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(into)?;
        if count == 0 && !into.is_empty() {
            self.0 = Cursor::default();
        }
        Ok(count)
    }
}

fn engine_error(e: &TractError) -> EmbedError {
    // The alternate format prints the whole chain of causes on one line.
    EmbedError::Engine(format!("{e:#}"))
}
