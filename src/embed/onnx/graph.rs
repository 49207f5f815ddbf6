//! A model's graph: its nodes by what they give, and its constants by name.

use super::file::{Attribute, F32, I8, I64, Node, Parts, Tensor, f32s};
use std::collections::BTreeMap;

/// The graph of a model.
pub(super) struct Graph<'p, 'a> {
    nodes: BTreeMap<&'a str, &'p Node<'a>>,
    constants: BTreeMap<&'a str, &'p Tensor<'a>>,
    input: &'a str,
    output: &'a str,
}

impl<'p, 'a> Graph<'p, 'a> {
    /// `None` if it has more than one input or no output.
    pub(super) fn new(parts: &'p Parts<'a>) -> Option<Self> {
        let mut constants: BTreeMap<&str, &Tensor<'_>> =
            parts.initializers.iter().map(|tensor| (tensor.name, tensor)).collect();
        let mut nodes = BTreeMap::new();
        for node in &parts.nodes {
            let value = attribute(node, "value").and_then(|value| value.tensor.as_ref());
            for output in &node.outputs {
                nodes.insert(*output, node);
                if let Some(tensor) = value.filter(|_| node.kind == "Constant") {
                    constants.insert(*output, tensor);
                }
            }
        }
        // Old files name constants among the inputs.
        let mut inputs = parts.inputs.iter().filter(|name| !constants.contains_key(*name));
        let input = inputs.next()?;
        let output = parts.outputs.first()?;
        inputs.next().is_none().then_some(Self { nodes, constants, input, output })
    }

    /// The name of the one input.
    pub(super) const fn input(&self) -> &'a str {
        self.input
    }

    /// The name of the first output.
    pub(super) const fn output(&self) -> &'a str {
        self.output
    }

    /// The node that gives this, if it is of this kind.
    pub(super) fn node(&self, output: &str, kind: &str) -> Option<&'p Node<'a>> {
        let node = self.nodes.get(output).copied()?;
        (node.kind == kind && (node.domain.is_empty() || node.domain == "ai.onnx")).then_some(node)
    }

    /// The inputs of such a node.
    pub(super) fn inputs<const N: usize>(&self, output: &str, kind: &str) -> Option<[&'a str; N]> {
        self.node(output, kind)?.inputs.first_chunk::<N>().copied()
    }

    /// The two inputs of a node whose inputs may be exchanged, both ways.
    pub(super) fn either(&self, output: &str, kind: &str) -> Option<[(&'a str, &'a str); 2]> {
        let [a, b] = self.inputs(output, kind)?;
        Some([(a, b), (b, a)])
    }

    /// The input of a node that combines it with a constant, and the constant.
    pub(super) fn with_constant(&self, output: &str, kind: &str) -> Option<(&'a str, &'p Tensor<'a>)> {
        let pairs = self.either(output, kind)?;
        pairs.into_iter().find_map(|(input, constant)| Some((input, self.constant(constant)?)))
    }

    /// A constant.
    pub(super) fn constant(&self, name: &str) -> Option<&'p Tensor<'a>> {
        self.constants.get(name).copied()
    }

    /// The numbers of a constant.
    pub(super) fn floats(&self, name: &str) -> Option<Vec<f32>> {
        floats(self.constant(name)?)
    }

    /// The whole numbers of a constant.
    pub(super) fn integers(&self, name: &str) -> Option<Vec<i64>> {
        integers(self.constant(name)?)
    }

    /// The whole numbers that are a node's attribute, or in newer versions of the operator its second input.
    pub(super) fn integers_of(&self, node: &Node<'_>, name: &str) -> Option<Vec<i64>> {
        let found = attribute(node, name).map(|of| of.integers.clone());
        found.or_else(|| self.integers(node.inputs.get(1)?))
    }
}

/// An attribute of a node.
pub(super) fn attribute<'p, 'a>(node: &'p Node<'a>, name: &str) -> Option<&'p Attribute<'a>> {
    node.attributes.iter().find(|of| of.name == name)
}

/// A whole number that is a node's attribute.
pub(super) fn integer_of(node: &Node<'_>, name: &str) -> Option<i64> {
    attribute(node, name).map(|of| of.integer)
}

/// The only number of a constant.
pub(super) fn float(tensor: &Tensor<'_>) -> Option<f32> {
    let [number] = floats(tensor)?[..] else { return None };
    Some(number)
}

/// The numbers of a constant of f32.
pub(super) fn floats(tensor: &Tensor<'_>) -> Option<Vec<f32>> {
    if tensor.kind != F32 {
        return None;
    }
    if !tensor.floats.is_empty() {
        return Some(tensor.floats.clone());
    }
    f32s(tensor.raw).map(Iterator::collect)
}

fn integers(tensor: &Tensor<'_>) -> Option<Vec<i64>> {
    if tensor.kind != I64 {
        return None;
    }
    if !tensor.integers.is_empty() {
        return Some(tensor.integers.clone());
    }
    let (numbers, rest) = tensor.raw.as_chunks();
    rest.is_empty().then(|| numbers.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect())
}

/// The codes of a constant of int8 with these dimensions; `None` for the first stands for any number but 0. Such a constant may also be
/// written as a list of numbers, or in a file of its own: then there are none here. What is returned is a part of the file.
pub(super) fn codes<'a>(tensor: &Tensor<'a>, (rows, columns): (Option<usize>, usize)) -> Option<&'a [u8]> {
    let [found_rows, found_columns] = tensor.dimensions[..] else { return None };
    let (found_rows, found_columns) = (usize::try_from(found_rows).ok()?, usize::try_from(found_columns).ok()?);
    let shape = rows.is_none_or(|rows| rows == found_rows) && columns == found_columns;
    let is_whole = found_rows.checked_mul(found_columns) == Some(tensor.raw.len());
    (shape && is_whole && tensor.kind == I8 && !tensor.raw.is_empty()).then_some(tensor.raw)
}
