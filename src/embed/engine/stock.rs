//! A model that is no encoder of the known form, run by tract as it is.

use crate::embed::EmbedError;
use crate::limits::DIMENSIONS;
use std::fmt;
use std::sync::Arc;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::Gather;

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
pub(super) struct Stock {
    plan: Arc<TypedRunnableModel>,
    words: Option<usize>,
}

impl fmt::Debug for Stock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stock")
    }
}

impl Stock {
    pub(super) fn new(model: &ModelProto) -> Result<Self, EmbedError> {
        let (plan, words) = plan(model).map_err(|e| engine_error(&e))?;
        Ok(Self { plan, words })
    }

    /// How many words have a vector in it, if that can be seen.
    pub(super) const fn words(&self) -> Option<usize> {
        self.words
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
        let outputs = self.plan.run(tvec!(input.into_tvalue()))?;
        // `Embedding::new` refuses an empty output.
        if let Some(output) = outputs.first() {
            out.extend(output.to_plain_array_view::<f32>()?.iter());
        }
        Ok(())
    }
}

/// The plan, and the rows of the smallest table that is looked up by the input.
fn plan(model: &ModelProto) -> TractResult<(Arc<TypedRunnableModel>, Option<usize>)> {
    let mut read = tract_onnx::onnx().model_for_proto_model(model)?;
    // A fixed batch size of 1 makes a text 15 % faster; only the length is symbolic: a plan for each length would cost the load
    // time and the memory again and would not run faster.
    let length = read.symbols.sym("seq");
    let (one, length) = (1.to_dim(), length.to_dim());
    let of_rows = read.input_fact(0)?.datum_type() == Some(f32::datum_type());
    let fact = if of_rows { f32::fact([one, length, DIMENSIONS.to_dim()]) } else { i64::fact([one, length]) };
    read.set_input_fact(0, fact.into())?;
    let read = read.into_typed()?.into_decluttered()?;
    let words = rows(&read)?;
    Ok((read.into_optimized()?.into_runnable()?, words))
}

fn rows(model: &TypedModel) -> TractResult<Option<usize>> {
    let input = model.input_outlets()?.first();
    let mut least = None;
    for node in model.nodes().iter().filter(|node| node.inputs.get(1) == input) {
        let (Some(gather), Some(table)) = (node.op_as::<Gather>(), node.inputs.first()) else { continue };
        let size = model
            .outlet_fact(*table)?
            .shape
            .get(gather.axis)
            .and_then(|size| usize::try_from(size.to_i64().ok()?).ok());
        least = least.into_iter().chain(size).min();
    }
    Ok(least)
}

/// An error of tract.
pub(super) fn engine_error(e: &TractError) -> EmbedError {
    // The alternate format prints the whole chain of causes on one line.
    EmbedError::Engine(format!("{e:#}"))
}
