//! What runs a model: the encoder that is found in it, by our own kernels, or tract.

use super::choice::Choice;
use super::due::Due;
use super::stock::{Input, Stock, engine_error};
use crate::embed::EmbedError;
use crate::embed::encoder::{Buffers, Encoder, Words};
use crate::embed::kernels::Kernel;
use crate::embed::onnx;
use crate::limits::DIMENSIONS;
use std::borrow::Cow;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;

/// A model that can be run.
#[derive(Debug)]
pub(super) enum Runner {
    Own(Box<Own>),
    Stock(Stock),
}

/// An encoder with the kernel that runs it.
#[derive(Debug)]
pub(super) struct Own {
    model: Arc<(Encoder, Option<Words>)>,
    kernel: Kernel,
    buffers: Buffers,
    token_limit: usize,
}

impl Clone for Runner {
    fn clone(&self) -> Self {
        match self {
            Self::Stock(stock) => Self::Stock(stock.clone()),
            // New buffers, which take no memory before they are used.
            Self::Own(own) => Self::own(Arc::clone(&own.model), own.kernel, own.token_limit),
        }
    }
}

impl Runner {
    /// Builds it from ONNX. What an encoder does not need of the file is dropped.
    ///
    /// # Errors
    /// It cannot be built, or not read what is due: else it would fail text by text.
    pub(super) fn new(mut weights: Cow<'static, [u8]>, choice: Choice, due: Due) -> Result<Self, EmbedError> {
        let kernel = match choice {
            // Without any of the instructions tract's own kernels are faster than ours.
            Choice::Best => Some(Kernel::best()).filter(|kernel| !kernel.is_portable()),
            Choice::Kernel(kernel) => Some(kernel),
            Choice::Stock => None,
        };
        if let Some((kernel, found)) = kernel.and_then(|kernel| Some((kernel, onnx::take(&mut weights)?))) {
            due.held_by(&found)?;
            return Ok(Self::own(Arc::new(found), kernel, due.tokens));
        }
        // Each form of the weights is dropped as soon as the next one is complete.
        let stock = Stock::new(&read(weights).map_err(|e| engine_error(&e))?)?;
        due.read_by(&stock)?;
        Ok(Self::Stock(stock))
    }

    fn own(model: Arc<(Encoder, Option<Words>)>, kernel: Kernel, token_limit: usize) -> Self {
        let buffers = Buffers::new(&model.0, token_limit);
        Self::Own(Box::new(Own { model, kernel, buffers, token_limit }))
    }

    /// Replaces the content of `out` by the model's output.
    pub(super) fn run(&mut self, input: Input<'_>, out: &mut Vec<f32>) -> Result<(), EmbedError> {
        out.clear();
        match self {
            Self::Own(own) => out.extend_from_slice(&own.run(input)?),
            Self::Stock(stock) => stock.run(input, out)?,
        }
        Ok(())
    }

    /// The name of the kernel that runs it; `None` if tract does.
    pub(super) const fn kernel(&self) -> Option<&'static str> {
        match self {
            Self::Own(own) => Some(own.kernel.name()),
            Self::Stock(_) => None,
        }
    }
}

impl Own {
    fn run(&mut self, input: Input<'_>) -> Result<[f32; DIMENSIONS], EmbedError> {
        let unfit = |why: &str| EmbedError::Engine(why.to_owned());
        let (encoder, words) = &*self.model;
        match (input, words) {
            (Input::Ids(ids), Some(words)) => {
                let rows = self.buffers.words(ids.len()).ok_or_else(|| unfit("it has no places for so many tokens"))?;
                if !ids.iter().zip(rows).all(|(id, row)| words.write(*id, row)) {
                    return Err(unfit("a token of the vocabulary has no word vector in it"));
                }
            }
            (Input::Rows(rows), None) => {
                let (rows, rest) = rows.as_chunks();
                let into = self.buffers.words(rows.len()).filter(|_| rest.is_empty());
                into.ok_or_else(|| unfit("it has no places for so many tokens"))?.copy_from_slice(rows);
            }
            _ => return Err(unfit("it does not read what its tokenizer writes")),
        }
        Ok(encoder.encode(self.kernel, &mut self.buffers))
    }
}

fn read(weights: Cow<'static, [u8]>) -> TractResult<ModelProto> {
    tract_onnx::onnx().proto_model_for_read(&mut ConsumedReader(Cursor::new(weights)))
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
