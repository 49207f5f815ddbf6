//! A model's graph: whatever the bytes are, the search for an encoder ends, and one that is found is whole.

use wattle::base::protobuf::put_bytes;
use wattle::embed::onnx::{self, Found, Source};
use wattle::limits::{DIMENSIONS, ENCODER_LAYERS_MAX};

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    if let Some(Found { encoder, words }) = onnx::find(data) {
        assert!((1..=ENCODER_LAYERS_MAX).contains(&encoder.layers()) && encoder.places() * DIMENSIONS <= data.len());
        if let Source::Table { codes, scales } = words {
            assert_eq!(codes.len(), scales.len() * DIMENSIONS, "a row for each scale");
        }
    }
}

fn message(parts: &[(u32, &[u8])]) -> Vec<u8> {
    let mut message = Vec::new();
    for (field, bytes) in parts {
        put_bytes(&mut message, *field, bytes);
    }
    message
}

fn node(kind: &[u8], inputs: &[&[u8]], output: &[u8], attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut parts: Vec<(u32, &[u8])> = inputs.iter().map(|input| (1, *input)).collect();
    parts.extend([(2, output), (4, kind), (7, b"".as_slice())]);
    parts.extend(attributes.iter().map(|attribute| (5, &attribute[..])));
    message(&parts)
}

/// An attribute with a list of numbers below 128, and more of its fields: each is a varint or four bytes.
fn attribute(name: &[u8], list: &[u8], more: &[u8]) -> Vec<u8> {
    let mut attribute = message(&[(1, name), (8, list)]);
    attribute.extend(more);
    attribute
}

/// A tensor of this type, with small dimensions.
fn tensor(name: &[u8], kind: u8, dimensions: &[u8], raw: &[u8]) -> Vec<u8> {
    let mut tensor = message(&[(1, dimensions), (8, name), (9, raw)]);
    tensor.extend([2 << 3, kind]);
    tensor
}

/// A model of these nodes from `in` to `out`, with a table of ones and one of codes.
fn model(nodes: &[Vec<u8>]) -> Vec<u8> {
    let ones = tensor(b"ones", 1, &[64], &1.0_f32.to_le_bytes().repeat(64));
    let codes = tensor(b"codes", 3, &[16, 64], &[7; 16 * 64]);
    let list = [&tensor(b"list", 1, &[1], b"")[..], &[4 << 3 | 5, 0, 0, 0x80, 0x3f]].concat();
    let (input, output) = (message(&[(1, b"in")]), message(&[(1, b"out")]));
    let mut parts: Vec<(u32, &[u8])> = nodes.iter().map(|node| (1, &node[..])).collect();
    parts.extend([(5, &ones[..]), (5, &codes), (5, &list), (11, &input), (12, &output)]);
    message(&[(2, b"seed"), (7, &message(&parts))])
}

/// The end of an encoder; one that goes round; and a layer's beginning.
pub fn seeds() -> Vec<Vec<u8>> {
    let axes = || vec![attribute(b"axes", &[1], &[])];
    let epsilon = || {
        vec![attribute(b"epsilon", &[], &[2 << 3 | 5, 0x77, 0xcc, 0x2b, 0x32]), attribute(b"axis", &[], &[3 << 3, 2])]
    };
    let norm =
        |input: &[u8], output: &[u8]| node(b"LayerNormalization", &[input, b"ones", b"ones"], output, &epsilon());
    let end = || node(b"ReduceMean", &[b"a"], b"out", &axes());
    let round = [end(), norm(b"b", b"a"), node(b"Add", &[b"a", b"a"], b"b", &[])];
    let dense = [
        node(b"MatMul", &[b"c", b"w"], b"p", &[]),
        node(b"DequantizeLinear", &[b"codes", b"ones"], b"w", &[attribute(b"axis", &[], &[3 << 3, 1])]),
        node(b"Add", &[b"p", b"ones"], b"b", &[]),
    ];
    vec![model(&[end(), norm(b"in", b"a")]), model(&round), model(&[&[end(), norm(b"b", b"a")], &dense[..]].concat())]
}
