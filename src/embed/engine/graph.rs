//! A model's graph as tract reads it from ONNX: its nodes by what they give, and its constants by name.

use std::collections::BTreeMap;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

/// The graph of a model.
pub(super) struct Graph<'a> {
    nodes: BTreeMap<&'a str, &'a NodeProto>,
    constants: BTreeMap<&'a str, &'a TensorProto>,
    input: &'a str,
    output: &'a str,
}

impl<'a> Graph<'a> {
    /// `None` if it has more than one input or no output.
    pub(super) fn new(graph: &'a GraphProto) -> Option<Self> {
        let mut constants: BTreeMap<&str, &TensorProto> =
            graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        let mut nodes = BTreeMap::new();
        for node in &graph.node {
            let value = node.attribute.iter().find(|attribute| attribute.name == "value");
            for output in &node.output {
                nodes.insert(output.as_str(), node);
                if let Some(tensor) = value.and_then(|value| value.t.as_ref()).filter(|_| node.op_type == "Constant") {
                    constants.insert(output.as_str(), tensor);
                }
            }
        }
        // Old files name constants among the inputs.
        let mut inputs =
            graph.input.iter().map(|input| input.name.as_str()).filter(|name| !constants.contains_key(name));
        let input = inputs.next()?;
        let output = graph.output.first()?.name.as_str();
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
    pub(super) fn node(&self, output: &str, kind: &str) -> Option<&'a NodeProto> {
        let node = self.nodes.get(output).copied()?;
        (node.op_type == kind && (node.domain.is_empty() || node.domain == "ai.onnx")).then_some(node)
    }

    /// The inputs of such a node.
    pub(super) fn inputs<const N: usize>(&self, output: &str, kind: &str) -> Option<[&'a str; N]> {
        let inputs = self.node(output, kind)?.input.first_chunk::<N>()?;
        Some(inputs.each_ref().map(String::as_str))
    }

    /// The two inputs of a node whose inputs may be exchanged, both ways.
    pub(super) fn either(&self, output: &str, kind: &str) -> Option<[(&'a str, &'a str); 2]> {
        let [a, b] = self.inputs(output, kind)?;
        Some([(a, b), (b, a)])
    }

    /// The input of a node that combines it with a constant, and the constant.
    pub(super) fn with_constant(&self, output: &str, kind: &str) -> Option<(&'a str, &'a TensorProto)> {
        let pairs = self.either(output, kind)?;
        pairs.into_iter().find_map(|(input, constant)| Some((input, self.constant(constant)?)))
    }

    /// A constant.
    pub(super) fn constant(&self, name: &str) -> Option<&'a TensorProto> {
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
    pub(super) fn integers_of(&self, node: &NodeProto, attribute: &str) -> Option<Vec<i64>> {
        let found = node.attribute.iter().find(|of| of.name == attribute).map(|of| of.ints.clone());
        found.or_else(|| self.integers(node.input.get(1)?))
    }
}

/// A whole number that is a node's attribute.
pub(super) fn integer_of(node: &NodeProto, attribute: &str) -> Option<i64> {
    node.attribute.iter().find(|of| of.name == attribute).map(|of| of.i)
}

/// The only number of a constant.
pub(super) fn float(tensor: &TensorProto) -> Option<f32> {
    let [number] = floats(tensor)?[..] else { return None };
    Some(number)
}

/// The numbers of a constant of f32.
pub(super) fn floats(tensor: &TensorProto) -> Option<Vec<f32>> {
    if tensor.data_type != DataType::Float as i32 {
        return None;
    }
    if !tensor.float_data.is_empty() {
        return Some(tensor.float_data.clone());
    }
    let (numbers, rest) = tensor.raw_data.as_chunks();
    rest.is_empty().then(|| numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

fn integers(tensor: &TensorProto) -> Option<Vec<i64>> {
    if tensor.data_type != DataType::Int64 as i32 {
        return None;
    }
    if !tensor.int64_data.is_empty() {
        return Some(tensor.int64_data.clone());
    }
    let (numbers, rest) = tensor.raw_data.as_chunks();
    rest.is_empty().then(|| numbers.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect())
}

/// The codes of a constant of int8 with these dimensions; one of 0 stands for any number.
pub(super) fn codes(tensor: &TensorProto, dimensions: [usize; 2]) -> Option<&[u8]> {
    let fits = |(found, due): (&i64, usize)| due == 0 || usize::try_from(*found) == Ok(due);
    let shape = tensor.dims.len() == 2 && tensor.dims.iter().zip(dimensions).all(fits);
    (shape && tensor.data_type == DataType::Int8 as i32).then_some(&tensor.raw_data)
}
