//! A model that is no encoder of the known form, run by tract as it is.

use crate::embed::EmbedError;
use crate::limits::DIMENSIONS;
use std::fmt;
use std::sync::Arc;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;

/// What a model reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Input<'a> {
    /// The ids of tokens, whose word vectors are in the model.
    Ids(&'a [u32]),
    /// Word vectors, of `DIMENSIONS` numbers each.
    Rows(&'a [f32]),
}

/// tract's plan of a model. A clone shares the weights.
#[derive(Clone)]
pub(super) struct Stock(Arc<TypedRunnableModel>);

impl fmt::Debug for Stock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stock")
    }
}

impl Stock {
    pub(super) fn new(model: &ModelProto) -> Result<Self, EmbedError> {
        plan(model).map(Self).map_err(|e| engine_error(&e))
    }

    /// Appends the model's output.
    pub(super) fn run(&self, input: Input<'_>, out: &mut Vec<f32>) -> Result<(), EmbedError> {
        self.output(input, out).map_err(|e| engine_error(&e))
    }

    fn output(&self, input: Input<'_>, out: &mut Vec<f32>) -> TractResult<()> {
        let input = match input {
            Input::Ids(ids) => {
                let ids: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
                Tensor::from_shape(&[1, ids.len()], &ids)?
            }
            Input::Rows(rows) => Tensor::from_shape(&[1, rows.len() / DIMENSIONS, DIMENSIONS], rows)?,
        };
        let outputs = self.0.run(tvec!(input.into_tvalue()))?;
        // `Embedding::new` refuses an empty output.
        if let Some(output) = outputs.first() {
            out.extend(output.to_plain_array_view::<f32>()?.iter());
        }
        Ok(())
    }
}

fn plan(model: &ModelProto) -> TractResult<Arc<TypedRunnableModel>> {
    let mut read = tract_onnx::onnx().model_for_proto_model(model)?;
    // A fixed batch size of 1 makes a text 15 % faster; only the length is symbolic: a plan for each length would cost the load
    // time and the memory again and would not run faster.
    let length = read.symbols.sym("seq");
    let (one, length) = (1.to_dim(), length.to_dim());
    let of_rows = read.input_fact(0)?.datum_type() == Some(f32::datum_type());
    let fact = if of_rows { f32::fact([one, length, DIMENSIONS.to_dim()]) } else { i64::fact([one, length]) };
    read.set_input_fact(0, fact.into())?;
    read.into_typed()?.into_decluttered()?.into_optimized()?.into_runnable()
}

/// An error of tract.
pub(super) fn engine_error(e: &TractError) -> EmbedError {
    // The alternate format prints the whole chain of causes on one line.
    EmbedError::Engine(format!("{e:#}"))
}
