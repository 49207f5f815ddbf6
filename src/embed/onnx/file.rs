//! Reads what an encoder is found by from an ONNX file, without a copy of its weights.
//!
//! tract's own reader copies every tensor of the file. On a board of 512 MB that is 23 MB more at the moment when the engine's own form
//! of the weights is made, and most of the load time. Names and weights are borrowed here; only short lists are copied. What the
//! search for an encoder does not ask about (types of values, subgraphs, metadata) is skipped; a model in which no encoder is found
//! is read by tract anew.
//!
//! Source: onnx.proto3 of ONNX 1.15: the numbers of fields and of data types.

use crate::base::protobuf::{BadProtobuf, Value, fields, numbers};
use crate::limits::GRAPH_PARTS_MAX;

// The types of a tensor's numbers.
pub(super) const F32: u64 = 1;
pub(super) const I8: u64 = 3;
pub(super) const I64: u64 = 7;

/// A graph's parts, in the file's order.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) initializers: Vec<Tensor<'a>>,
    /// Names.
    pub(super) inputs: Vec<&'a str>,
    /// Names.
    pub(super) outputs: Vec<&'a str>,
}

/// An operator with what it reads and gives, by name.
#[derive(Debug, Default)]
pub(super) struct Node<'a> {
    pub(super) inputs: Vec<&'a str>,
    pub(super) outputs: Vec<&'a str>,
    pub(super) kind: &'a str,
    pub(super) domain: &'a str,
    pub(super) attributes: Vec<Attribute<'a>>,
}

/// A parameter of an operator. It has one of the values; the others are empty.
#[derive(Debug, Default)]
pub(super) struct Attribute<'a> {
    pub(super) name: &'a str,
    pub(super) float: f32,
    pub(super) integer: i64,
    pub(super) text: &'a [u8],
    pub(super) integers: Vec<i64>,
    pub(super) tensor: Option<Tensor<'a>>,
}

/// Numbers, in the raw form (little-endian bytes) or as a list; the other is empty.
#[derive(Debug, Default)]
pub(super) struct Tensor<'a> {
    pub(super) name: &'a str,
    pub(super) dimensions: Vec<i64>,
    /// The type of its numbers: `F32`, `I8`, `I64` or another.
    pub(super) kind: u64,
    pub(super) raw: &'a [u8],
    pub(super) floats: Vec<f32>,
    /// The list of a tensor of integers of any width.
    pub(super) integers: Vec<i64>,
}

/// The graph of a model's file.
///
/// # Errors
/// The file is no ONNX, or its graph is larger than that of an encoder.
pub(super) fn read(file: &[u8]) -> Result<Parts<'_>, BadProtobuf> {
    let mut parts = Parts::default();
    each(file, |field, value| {
        if let (7, Value::Bytes(graph)) = (field, value) {
            parts = graph_parts(graph)?;
        }
        Ok(())
    })?;
    Ok(parts)
}

fn graph_parts(message: &[u8]) -> Result<Parts<'_>, BadProtobuf> {
    let mut parts = Parts::default();
    each(message, |field, value| {
        let Value::Bytes(bytes) = value else { return Ok(()) };
        match field {
            1 => push(&mut parts.nodes, node(bytes)?),
            5 => push(&mut parts.initializers, tensor(bytes)?),
            11 => push(&mut parts.inputs, name(bytes)?),
            12 => push(&mut parts.outputs, name(bytes)?),
            _ => Ok(()),
        }
    })?;
    Ok(parts)
}

fn node(message: &[u8]) -> Result<Node<'_>, BadProtobuf> {
    let mut node = Node::default();
    each(message, |field, value| {
        let Value::Bytes(bytes) = value else { return Ok(()) };
        match field {
            1 => push(&mut node.inputs, text(bytes)?)?,
            2 => push(&mut node.outputs, text(bytes)?)?,
            4 => node.kind = text(bytes)?,
            5 => push(&mut node.attributes, attribute(bytes)?)?,
            7 => node.domain = text(bytes)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(node)
}

fn attribute(message: &[u8]) -> Result<Attribute<'_>, BadProtobuf> {
    let mut attribute = Attribute::default();
    each(message, |field, value| {
        match (field, value) {
            (1, Value::Bytes(bytes)) => attribute.name = text(bytes)?,
            (2, Value::Fixed(bytes)) => attribute.float = f32::from_le_bytes(bytes),
            (3, Value::Number(number)) => attribute.integer = number.cast_signed(),
            (4, Value::Bytes(bytes)) => attribute.text = bytes,
            (5, Value::Bytes(bytes)) => attribute.tensor = Some(tensor(bytes)?),
            (8, value) => integers(&mut attribute.integers, value)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(attribute)
}

fn tensor(message: &[u8]) -> Result<Tensor<'_>, BadProtobuf> {
    let mut tensor = Tensor::default();
    each(message, |field, value| {
        match (field, value) {
            (1, value) => integers(&mut tensor.dimensions, value)?,
            (2, Value::Number(number)) => tensor.kind = number,
            (4, Value::Fixed(bytes)) => tensor.floats.push(f32::from_le_bytes(bytes)),
            (4, Value::Bytes(bytes)) => tensor.floats.extend(f32s(bytes).ok_or(BadProtobuf)?),
            (5 | 7, value) => integers(&mut tensor.integers, value)?,
            (8, Value::Bytes(bytes)) => tensor.name = text(bytes)?,
            (9, Value::Bytes(bytes)) => tensor.raw = bytes,
            _ => {}
        }
        Ok(())
    })?;
    Ok(tensor)
}

/// The name of a value.
fn name(message: &[u8]) -> Result<&str, BadProtobuf> {
    let mut name = "";
    each(message, |field, value| {
        if let (1, Value::Bytes(bytes)) = (field, value) {
            name = text(bytes)?;
        }
        Ok(())
    })?;
    Ok(name)
}

/// Numbers of f32 as they stand in a file, or `None` if the bytes are no whole numbers.
pub(super) fn f32s(bytes: &[u8]) -> Option<impl Iterator<Item = f32>> {
    let (numbers, rest) = bytes.as_chunks();
    rest.is_empty().then(|| numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)))
}

/// Appends an integer, or a packed list of them. Lists take eight bytes for each byte of the file at most.
fn integers(into: &mut Vec<i64>, value: Value<'_>) -> Result<(), BadProtobuf> {
    match value {
        Value::Number(number) => into.push(number.cast_signed()),
        Value::Bytes(list) => numbers(list, |number| into.push(number.cast_signed()))?,
        Value::Fixed(_) => {}
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<&str, BadProtobuf> {
    str::from_utf8(bytes).map_err(|_| BadProtobuf)
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), BadProtobuf> {
    if list.len() >= GRAPH_PARTS_MAX {
        return Err(BadProtobuf);
    }
    list.push(item);
    Ok(())
}

/// As `fields`, with a visitor that may fail, after which nothing is visited.
fn each<'a>(
    message: &'a [u8],
    mut visit: impl FnMut(u64, Value<'a>) -> Result<(), BadProtobuf>,
) -> Result<(), BadProtobuf> {
    let mut result = Ok(());
    fields(message, |field, value| {
        if result.is_ok() {
            result = visit(field, value);
        }
    })?;
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::protobuf::put_bytes;

    fn message(parts: &[(u32, &[u8])]) -> Vec<u8> {
        let mut message = Vec::new();
        parts.iter().for_each(|(field, bytes)| put_bytes(&mut message, *field, bytes));
        message
    }

    fn model() -> Vec<u8> {
        let floats = message(&[(8, b"floats"), (1, &[2]), (9, &[0, 0, 0x80, 0x3f, 0, 0, 0, 0x40])]);
        let listed = [&message(&[(8, b"listed")])[..], &[2 << 3, 1, 4 << 3 | 5, 0, 0, 0x80, 0x3f, 7 << 3, 5]].concat();
        let axis = [&message(&[(1, b"axis"), (8, &[1, 0x80, 1])])[..], &[3 << 3, 0xff, 0xff, 0xff, 0xff]].concat();
        let axis = [&axis[..], &[0xff, 0xff, 0xff, 0xff, 0xff, 1, 2 << 3 | 5, 0, 0, 0, 0x40]].concat();
        let node = message(&[(1, b"a"), (1, b"b"), (2, b"c"), (4, b"Add"), (5, &axis), (7, b"ai.onnx")]);
        let value = |name| message(&[(1, name)]);
        let (input, output) = (value(b"a"), value(b"c"));
        let graph = message(&[(1, &node), (5, &floats), (5, &listed), (11, &input), (12, &output), (2, b"graph")]);
        message(&[(2, b"producer"), (7, &graph)])
    }

    #[test]
    fn a_graph_is_read_and_its_weights_stay_in_the_file() {
        let file = model();
        let parts = read(&file).unwrap();
        assert_eq!((&parts.inputs[..], &parts.outputs[..]), (&["a"][..], &["c"][..]));
        let node = &parts.nodes[0];
        assert_eq!(
            (node.kind, node.domain, &node.inputs[..], &node.outputs[..]),
            ("Add", "ai.onnx", &["a", "b"][..], &["c"][..])
        );
        let axis = &node.attributes[0];
        assert_eq!((axis.name, axis.integer, axis.float, &axis.integers[..]), ("axis", -1, 2.0, &[1, 128][..]));
        let [floats, listed] = &parts.initializers[..] else { panic!("two constants") };
        assert_eq!((floats.name, &floats.dimensions[..], floats.raw.len()), ("floats", &[2][..], 8));
        assert!(file.as_ptr_range().contains(&floats.raw.as_ptr()));
        assert_eq!(f32s(floats.raw).unwrap().collect::<Vec<_>>(), [1.0, 2.0]);
        assert_eq!((listed.kind, &listed.floats[..], &listed.integers[..]), (F32, &[1.0][..], &[5][..]));
    }

    #[test]
    fn a_file_that_ends_early_or_has_too_many_parts_is_refused() {
        let file = model();
        // The name of the producer before the graph is a whole file with an empty graph.
        let whole: Vec<usize> = (0..file.len()).filter(|end| read(&file[..*end]).is_ok()).collect();
        assert_eq!(whole, [0, 10]);
        let graph = |nodes| message(&[(7, &message(&vec![(1, &b""[..]); nodes]))]);
        assert!(read(&graph(GRAPH_PARTS_MAX)).is_ok());
        assert!(read(&graph(GRAPH_PARTS_MAX + 1)).is_err());
    }
}
