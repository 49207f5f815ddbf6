//! Finds the encoder of a sentence transformer in a model's graph, by the forms of its operators and not by their names.
//!
//! It goes from the output to the input: a normalised mean, layers, and the sum of word vectors and places. A layer is a `QDense` to queries,
//! keys and values, `Mha`, a `QDense`, `AddLn`, a `QDense` with GELU, a `QDense` and `AddLn`, where
//!
//! - `QDense` is DequantizeLinear of int8 weights with a scale for each output, MatMul and Add, and before it maybe Mul by a
//!   factor for each channel; GELU is Div or Mul by sqrt 2, Erf, Add, Mul,
//!   Mul, or the operator of that name;
//! - `Mha` is Split (or three `QDense`), Reshape and Transpose to heads, MatMul, Softmax, MatMul, Transpose and Reshape, without a mask;
//! - `AddLn` is Add and LayerNormalization.
//!
//! Whatever is written in another way is no such encoder, and tract runs it as it is.

use super::file::Node;
use super::graph::{Graph, attribute, codes, float, floats, integer_of};
use crate::embed::encoder::{Encoder, Layer};
use crate::embed::kernels::matrix::Matrix;
use crate::embed::kernels::normalize::Norm;
use crate::limits::{DIMENSIONS, ENCODER_LAYERS_MAX};

/// What was found.
#[derive(Debug)]
pub struct Found<'a> {
    /// The layers, ready to run.
    pub encoder: Encoder,
    /// The vectors of its words.
    pub words: Source<'a>,
}

/// Where the word vectors come from.
#[derive(Debug)]
pub enum Source<'a> {
    /// A table of the model: its codes, a row of `DIMENSIONS` for each of the scales, which are finite.
    Table {
        /// A part of the file.
        codes: &'a [u8],
        /// One for each word.
        scales: Vec<f32>,
    },
    /// The graph's input.
    Input,
}

/// The encoder, if the graph is one.
pub(super) fn find<'a>(graph: &Graph<'_, 'a>) -> Option<Found<'a>> {
    let mut at = mean(graph, normalised(graph, graph.output()))?;
    let mut layers = Vec::new();
    let (words, places, start) = loop {
        let (sum, norm) = layer_norm(graph, at)?;
        if let Some((layer, input)) = layer(graph, sum, &norm) {
            // A graph that goes round has no end.
            if layers.len() >= ENCODER_LAYERS_MAX {
                return None;
            }
            layers.push(layer);
            at = input;
        } else {
            let (words, places) = placed(graph, sum)?;
            break (words, places, norm);
        }
    };
    layers.reverse();
    Some(Found { encoder: Encoder::new(places, start, layers)?, words })
}

/// What stands before the division by its own norm. Its result is the same without: embeddings have norm 1 anyway.
fn normalised<'a>(graph: &Graph<'_, 'a>, output: &'a str) -> &'a str {
    let divided = || {
        let [numbers, mut norm] = graph.inputs(output, "Div")?;
        for kind in ["Expand", "Max", "Clip"] {
            norm = graph.inputs::<1>(norm, kind).map_or(norm, |[before]| before);
        }
        if let Some([before]) = graph.inputs(norm, "ReduceL2") {
            return (before == numbers).then_some(numbers);
        }
        let [total] = graph.inputs(norm, "Sqrt")?;
        let [squares] = graph.inputs(total, "ReduceSum")?;
        let square = graph.inputs(squares, "Mul").is_some_and(|factors| factors == [numbers; 2]);
        let power = graph.with_constant(squares, "Pow").is_some_and(|(base, exponent)| {
            base == numbers && float(exponent).is_some_and(|exponent| exponent.to_bits() == 2.0_f32.to_bits())
        });
        (square || power).then_some(numbers)
    };
    divided().unwrap_or(output)
}

/// What the mean over the tokens is taken of.
fn mean<'a>(graph: &Graph<'_, 'a>, output: &str) -> Option<&'a str> {
    let node = graph.node(output, "ReduceMean")?;
    (graph.integers_of(node, "axes")? == [1]).then(|| node.inputs.first().copied())?
}

fn layer_norm<'a>(graph: &Graph<'_, 'a>, output: &str) -> Option<(&'a str, Norm)> {
    let node = graph.node(output, "LayerNormalization")?;
    let [input, gain, shift] = graph.inputs(output, "LayerNormalization")?;
    // The operator's default is 1e-5.
    let epsilon = attribute(node, "epsilon").map_or(1e-5, |of| of.float);
    let last = integer_of(node, "axis").is_none_or(|axis| axis == -1 || axis == 2);
    let norm = Norm::new(graph.floats(gain)?, graph.floats(shift)?, epsilon)?;
    last.then_some((input, norm))
}

/// The layer whose last normalisation is of `sum`, and its input.
fn layer<'a>(graph: &Graph<'_, 'a>, sum: &str, end: &Norm) -> Option<(Layer, &'a str)> {
    for (narrow, middle) in graph.either(sum, "Add")? {
        let Some((narrow, wide)) = dense(graph, narrow) else { continue };
        let Some((wide, input)) = gelu(graph, wide).and_then(|wide| dense(graph, wide)) else { continue };
        if input != middle {
            continue;
        }
        let (sum, middle) = layer_norm(graph, middle)?;
        for (mixed, input) in graph.either(sum, "Add")? {
            let Some((mixed, heads)) = dense(graph, mixed) else { continue };
            let (projection, heads) = attention(graph, heads, input)?;
            return Some((Layer { projection, heads, mixed, middle, wide, narrow, end: end.clone() }, input));
        }
    }
    None
}

/// A product with quantized weights plus a bias, and its input.
fn dense<'a>(graph: &Graph<'_, 'a>, output: &str) -> Option<(Matrix, &'a str)> {
    for (product, bias) in graph.either(output, "Add")? {
        let Some([input, weight]) = graph.inputs(product, "MatMul") else { continue };
        let (Some(bias), Some(node)) = (graph.floats(bias), graph.node(weight, "DequantizeLinear")) else { continue };
        let matrix = matrix(graph, node, &bias)?;
        // A factor for each channel of the input; the number alone that a GELU ends with is none.
        let even = graph.with_constant(input, "Mul").and_then(|(before, factors)| Some((before, floats(factors)?)));
        return match even.filter(|(_, factors)| factors.len() == matrix.depth()) {
            Some((before, factors)) => Some((matrix.with_factors(factors)?, before)),
            None => Some((matrix, input)),
        };
    }
    None
}

fn matrix(graph: &Graph<'_, '_>, node: &Node<'_>, bias: &[f32]) -> Option<Matrix> {
    let [weights, scales, zeros @ ..] = &node.inputs[..] else { return None };
    // The operator's default axis is 1: the columns.
    let columns = integer_of(node, "axis").is_none_or(|axis| axis == 1 || axis == -1);
    let zeros = zeros.first().map_or(Some(true), |zeros| {
        let zeros = graph.constant(zeros)?;
        Some(zeros.raw.iter().all(|zero| *zero == 0) && zeros.integers.iter().all(|zero| *zero == 0))
    })?;
    let scales = graph.floats(scales)?;
    let codes = codes(graph.constant(weights)?, (None, scales.len()))?;
    let codes: Vec<i8> = codes.iter().map(|code| code.cast_signed()).collect();
    (columns && zeros).then(|| Matrix::pack(&codes, &scales, bias))?
}

/// The input of a GELU with the error function.
fn gelu<'a>(graph: &Graph<'_, 'a>, output: &str) -> Option<&'a str> {
    if let Some(node) = graph.node(output, "Gelu") {
        let exact = attribute(node, "approximate").is_none_or(|of| of.text == b"none");
        return exact.then(|| node.inputs.first().copied())?;
    }
    // Half the product, or the product with half of the input.
    let near = |found: Option<f32>, due: f32| found.is_some_and(|found| (found - due).abs() < 1e-6);
    let halved = |name: &str| {
        let (before, half) = graph.with_constant(name, "Mul")?;
        near(float(half), 0.5).then_some(before)
    };
    let gated = halved(output).unwrap_or(output);
    for (input, gate) in graph.either(gated, "Mul")? {
        let Some((erf, one)) = graph.with_constant(gate, "Add") else { continue };
        let Some([inner]) = graph.inputs(erf, "Erf") else { continue };
        let input = if gated == output { halved(input)? } else { input };
        let divided = graph
            .inputs(inner, "Div")
            .is_some_and(|[of, by]| of == input && near(graph.constant(by).and_then(float), std::f32::consts::SQRT_2));
        let multiplied = graph
            .with_constant(inner, "Mul")
            .is_some_and(|(of, by)| of == input && near(float(by), std::f32::consts::FRAC_1_SQRT_2));
        return (near(float(one), 1.0) && (divided || multiplied)).then_some(input);
    }
    None
}

/// The projection to queries, keys and values of an attention of `input`, and the number of its heads.
fn attention(graph: &Graph<'_, '_>, output: &str, input: &str) -> Option<(Matrix, usize)> {
    let [back] = graph.inputs(output, "Reshape")?;
    let mixed = transposed(graph, back, &[0, 2, 1, 3])?;
    let [shares, value] = graph.inputs(mixed, "MatMul")?;
    let softmax = graph.node(shares, "Softmax")?;
    let last = integer_of(softmax, "axis").is_none_or(|axis| axis == -1 || axis == 3);
    let (scores, factor) = scaled(graph, softmax.inputs.first()?).filter(|(_, factor)| factor.is_finite())?;
    let [query, key] = graph.inputs(scores, "MatMul")?;
    let (query, heads) = head(graph, query, &[0, 2, 1, 3])?;
    let (key, key_heads) = head(graph, key, &[0, 2, 3, 1])?;
    let (value, value_heads) = head(graph, value, &[0, 2, 1, 3])?;
    let mut projection =
        joined(graph, [query, key, value], input).or_else(|| apart(graph, [query, key, value], input))?;
    projection.scale(DIMENSIONS, factor);
    (last && heads == key_heads && heads == value_heads).then_some((projection, heads))
}

/// Scores, and what they are multiplied by before their shares are taken.
fn scaled<'a>(graph: &Graph<'_, 'a>, output: &'a str) -> Option<(&'a str, f32)> {
    if let Some((scores, factor)) = graph.with_constant(output, "Mul") {
        return Some((scores, float(factor)?));
    }
    let Some([scores, by]) = graph.inputs(output, "Div") else { return Some((output, 1.0)) };
    Some((scores, 1.0 / float(graph.constant(by)?)?))
}

/// What is divided into heads, and their number.
fn head<'a>(graph: &Graph<'_, 'a>, output: &str, order: &[i64]) -> Option<(&'a str, usize)> {
    let cut = transposed(graph, output, order)?;
    let [numbers, shape] = graph.inputs(cut, "Reshape")?;
    let [_, _, heads, width] = graph.integers(shape)?[..] else { return None };
    let heads = usize::try_from(heads).ok()?;
    (heads.checked_mul(usize::try_from(width).ok()?)? == DIMENSIONS).then_some((numbers, heads))
}

fn transposed<'a>(graph: &Graph<'_, 'a>, output: &str, order: &[i64]) -> Option<&'a str> {
    let node = graph.node(output, "Transpose")?;
    let found = attribute(node, "perm")?;
    (found.integers == order).then(|| node.inputs.first().copied())?
}

/// The parts of one product.
fn joined(graph: &Graph<'_, '_>, parts: [&str; 3], input: &str) -> Option<Matrix> {
    let node = graph.node(parts[0], "Split")?;
    let last = integer_of(node, "axis").is_some_and(|axis| axis == -1 || axis == 2);
    // Without sizes the parts are equal; sizes that are computed are not known.
    let sizes = graph.integers_of(node, "split");
    let is_computed = sizes.is_none() && node.inputs.len() > 1;
    let equal = !is_computed && sizes.is_none_or(|sizes| sizes.windows(2).all(|pair| pair[0] == pair[1]));
    let (matrix, of) = dense(graph, node.inputs.first()?)?;
    (last && equal && node.outputs == parts && of == input).then_some(matrix)
}

/// Three products of the same input.
fn apart(graph: &Graph<'_, '_>, parts: [&str; 3], input: &str) -> Option<Matrix> {
    let [query, key, value] = parts.map(|part| dense(graph, part).filter(|(_, of)| *of == input));
    let mut all = query?.0;
    let (key, value) = (key?.0, value?.0);
    (all.append(&key) && all.append(&value)).then_some(all)
}

/// The sum of word vectors and places: where the words come from, and the places.
fn placed<'a>(graph: &Graph<'_, 'a>, sum: &str) -> Option<(Source<'a>, Vec<f32>)> {
    for (words, places) in graph.either(sum, "Add")? {
        let Some([table, starts, ends, axes]) = graph.inputs(places, "Slice") else { continue };
        let steps = graph.node(places, "Slice")?.inputs.get(4);
        let each = steps.is_none_or(|steps| graph.integers(steps).is_some_and(|steps| steps == [1]));
        let from_first = graph.integers(starts)? == [0] && graph.integers(axes)? == [0];
        // As many places as the text has tokens: an end that is the same for all texts is another thing.
        let to_last = graph.constant(ends).is_none();
        let table = floats(graph.constant(table)?)?;
        return (from_first && to_last && each).then_some((source(graph, words)?, table));
    }
    None
}

fn source<'a>(graph: &Graph<'_, 'a>, words: &str) -> Option<Source<'a>> {
    if words == graph.input() {
        return Some(Source::Input);
    }
    for (rows, scales) in graph.either(words, "Mul")? {
        let Some([rows]) = graph.inputs(rows, "Cast") else { continue };
        let ([table, ids], [scales, same_ids]) = (graph.inputs(rows, "Gather")?, graph.inputs(scales, "Gather")?);
        let scales = graph.floats(scales).filter(|scales| scales.iter().all(|scale| scale.is_finite()))?;
        let codes = codes(graph.constant(table)?, (Some(scales.len()), DIMENSIONS))?;
        return (ids == graph.input() && same_ids == ids).then_some(Source::Table { codes, scales });
    }
    None
}
