//! The engine: runs the model's ONNX file with tract, one text at a time, on the calling thread.
//!
//! One plan with a symbolic length serves every text: a plan for each length would cost the load time and the memory
//! again and would not run faster. A batch of texts saves 3 % and would need an attention mask.
//! Measured on one Zen 4 core (AVX-512): 260 ms to load; 7, 25 and 57 ms for a text of 32, 128 and 254 tokens; 100 MB
//! resident, of which glibc's allocator retains 30 MB (`MALLOC_MMAP_THRESHOLD_=131072` in the environment returns them
//! to the system).

use crate::base::id::Fingerprint;
use crate::base::vector::Embedding;
use crate::embed::model::{Manifest, ModelError};
use crate::embed::wordpiece::WordPiece;
use crate::embed::{EmbedError, Embedder};
use std::borrow::Cow;
use std::fmt;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use tract_onnx::prelude::*;

/// A loaded model. A clone shares the weights; every thread has its own clone.
#[derive(Clone)]
pub struct Engine {
    plan: Arc<TypedRunnableModel>,
    tokenizer: Arc<WordPiece>,
    fingerprint: Fingerprint,
    token_limit: usize,
    /// A buffer, reused from text to text.
    ids: Vec<u32>,
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
        Ok(Self {
            plan: plan(weights).map_err(|e| engine_error(&e))?,
            tokenizer: Arc::new(tokenizer),
            fingerprint: manifest.fingerprint(),
            token_limit: manifest.token_limit(),
            ids: Vec::with_capacity(manifest.token_limit()),
        })
    }

    /// The model's output for `self.ids`.
    fn run(&self) -> TractResult<Vec<f32>> {
        let ids: Vec<i64> = self.ids.iter().map(|id| i64::from(*id)).collect();
        let input = Tensor::from_shape(&[1, ids.len()], &ids)?;
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

    fn tokens(&self, text: &str) -> usize {
        self.tokenizer.count(text)
    }

    fn embed(&mut self, text: &str) -> Result<Embedding, EmbedError> {
        self.tokenizer.encode(text, self.token_limit, &mut self.ids);
        let values = self.run().map_err(|e| engine_error(&e))?;
        Embedding::new(self.fingerprint, &values).map_err(EmbedError::Vector)
    }
}

/// Builds the plan from ONNX bytes. Each representation is dropped as soon as the next one is complete.
fn plan(weights: Cow<'static, [u8]>) -> TractResult<Arc<TypedRunnableModel>> {
    let mut read = tract_onnx::onnx().model_for_read(&mut ConsumedReader(Cursor::new(weights)))?;
    // A fixed batch size of 1 makes a text 15 % faster; only the length is symbolic.
    let length = read.symbols.sym("seq");
    read.set_input_fact(0, i64::fact([1.to_dim(), length.to_dim()]).into())?;
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
