//! A model's graph: whatever the bytes are, the search for an encoder ends, and one that is found is whole.
//!
//! The weights of a layer of `DIMENSIONS` numbers are some 600 kB, a hundred times what the fuzzer changes at a time. So an input that begins with
//! a node is the body of a graph, and the constants that its nodes may name stand before it.

use std::borrow::Cow;
use std::sync::OnceLock;
use wattle::base::protobuf::put_bytes;
use wattle::embed::onnx::{self, Found, Source};
use wattle::limits::{DIMENSIONS, ENCODER_LAYERS_MAX};

/// The field of a graph that has a node, as a list of bytes.
const NODE: u8 = 1 << 3 | 2;

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let _ = layers(data);
}

/// The number of layers of the encoder in an input; 0 if there is none.
#[must_use]
pub fn layers(data: &[u8]) -> usize {
    let model =
        if data.first() == Some(&NODE) { message(&[(7, &[constants(), data].concat())]) } else { data.to_vec() };
    // What the engine makes of it, which cuts the file.
    let mut left = Cow::Owned(model.clone());
    let taken = onnx::take(&mut left);
    let Some(Found { encoder, words }) = onnx::find(&model) else {
        assert!(taken.is_none() && *left == *model, "the file is whole for tract");
        return 0;
    };
    assert!((1..=ENCODER_LAYERS_MAX).contains(&encoder.layers()) && encoder.places() * DIMENSIONS <= model.len());
    let (_, table) = taken.expect("what is found is taken");
    assert_eq!(table.is_some(), matches!(words, Source::Table { .. }));
    if let (Source::Table { codes, scales }, Some(table)) = (words, table) {
        assert!(codes.len() == scales.len() * DIMENSIONS && !scales.is_empty(), "a row for each scale");
        assert_eq!(table.count(), scales.len());
        let (last, mut row) = (scales.len() - 1, [0.0; DIMENSIONS]);
        assert!(table.write(last as u32, &mut row) && !table.write(scales.len() as u32, &mut row));
        let due = codes[last * DIMENSIONS..].iter().map(|code| f32::from(code.cast_signed()) * scales[last]);
        assert!(row.into_iter().eq(due), "the table of before");
    }
    encoder.layers()
}

/// Constants of the sizes that layers have: codes, lists of ones, numbers, whole numbers, places and words.
fn constants() -> &'static [u8] {
    static CONSTANTS: OnceLock<Vec<u8>> = OnceLock::new();
    CONSTANTS.get_or_init(|| {
        let codes =
            |name: &[u8], rows: usize, columns: usize| long_tensor(name, 3, &[rows, columns], &vec![1; rows * columns]);
        let floats = |name: &[u8], number: f32, count: usize| {
            long_tensor(name, 1, &[count], &number.to_le_bytes().repeat(count))
        };
        let integers = |name: &[u8], numbers: &[i64]| {
            let raw: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            long_tensor(name, 7, &[numbers.len()], &raw)
        };
        let all = [
            codes(b"w", DIMENSIONS, DIMENSIONS),
            codes(b"w3", DIMENSIONS, 3 * DIMENSIONS),
            codes(b"wu", DIMENSIONS, 64),
            codes(b"wd", 64, DIMENSIONS),
            floats(b"o", 1.0, DIMENSIONS),
            floats(b"o3", 1.0, 3 * DIMENSIONS),
            floats(b"o6", 1.0, 64),
            floats(b"1", 1.0, 1),
            floats(b"2", 2.0, 1),
            floats(b"half", 0.5, 1),
            floats(b"root", std::f32::consts::SQRT_2, 1),
            floats(b"inverse", std::f32::consts::FRAC_1_SQRT_2, 1),
            integers(b"zero", &[0]),
            integers(b"cut", &[0, 0, 12, 32]),
            integers(b"flat", &[0, 0, 384]),
            floats(b"places", 0.1, 2 * DIMENSIONS),
            codes(b"words", 2, DIMENSIONS),
            floats(b"scales", 0.01, 2),
            codes(b"no words", 0, DIMENSIONS),
            floats(b"no scales", 0.01, 0),
        ];
        let parts: Vec<(u32, &[u8])> = all.iter().map(|constant| (5, &constant[..])).collect();
        message(&parts)
    })
}

/// A tensor of this type. Dimensions are written as they are in a file.
fn long_tensor(name: &[u8], kind: u8, dimensions: &[usize], raw: &[u8]) -> Vec<u8> {
    let mut sizes = Vec::new();
    for size in dimensions {
        let mut size = *size;
        while size > 127 {
            sizes.push(128 | (size & 127) as u8);
            size >>= 7;
        }
        sizes.push(size as u8);
    }
    let mut tensor = message(&[(1, &sizes), (8, name)]);
    // Where there is nothing, files have no field for it: what is read then is no part of the file.
    if !raw.is_empty() {
        put_bytes(&mut tensor, 9, raw);
    }
    tensor.extend([2 << 3, kind]);
    tensor
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

/// How an encoder is written.
#[derive(Clone, Copy)]
struct Form {
    /// With one product for queries, keys and values and a split, scores that are divided and a GELU that is halved in the end; else with three
    /// products, scores that are multiplied and a GELU that is halved first.
    joined: bool,
    /// With a table of words and their scales, and a division by the norm in the end.
    table: Option<(&'static [u8], &'static [u8])>,
}

/// The nodes of a layer, whose values have names that end in its number.
struct LayerNodes {
    form: Form,
    number: u8,
    nodes: Vec<Vec<u8>>,
}

impl LayerNodes {
    fn name(&self, name: &[u8]) -> Vec<u8> {
        [name, &[self.number]].concat()
    }

    fn add(&mut self, kind: &[u8], inputs: &[&[u8]], name: &[u8], attributes: &[Vec<u8>]) -> Vec<u8> {
        let output = self.name(name);
        self.nodes.push(node(kind, inputs, &output, attributes));
        output
    }

    /// A product with these codes, scales and biases.
    fn dense(&mut self, input: &[u8], (codes, ones): (&[u8], &[u8]), name: &[u8]) -> Vec<u8> {
        let axis = [attribute(b"axis", &[], &[3 << 3, 1])];
        let weights = self.add(b"DequantizeLinear", &[codes, ones], &[name, b"w"].concat(), &axis);
        let product = self.add(b"MatMul", &[input, &weights], &[name, b"p"].concat(), &[]);
        self.add(b"Add", &[&product, ones], name, &[])
    }

    fn sum(&mut self, a: &[u8], b: &[u8], name: &[u8]) -> Vec<u8> {
        let sum = self.add(b"Add", &[a, b], &[name, b"s"].concat(), &[]);
        self.add(b"LayerNormalization", &[&sum, b"o", b"o"], name, &[attribute(b"axis", &[], &[3 << 3, 2])])
    }

    fn turned(&mut self, input: &[u8], order: &[u8], name: &[u8]) -> Vec<u8> {
        self.add(b"Transpose", &[input], name, &[attribute(b"perm", order, &[])])
    }

    fn attention(&mut self, x: &[u8]) -> Vec<u8> {
        let names: [&[u8]; 3] = [b"q", b"k", b"v"];
        let parts = if self.form.joined {
            let all = self.dense(x, (b"w3", b"o3"), b"all");
            let outputs = names.map(|name| self.name(name));
            let mut split = node(b"Split", &[&all], &outputs[0], &[attribute(b"axis", &[], &[3 << 3, 2])]);
            split.extend(message(&[(2, &outputs[1]), (2, &outputs[2])]));
            self.nodes.push(split);
            outputs
        } else {
            names.map(|name| self.dense(x, (b"w", b"o"), name))
        };
        let orders: [&[u8]; 3] = [&[0, 2, 1, 3], &[0, 2, 3, 1], &[0, 2, 1, 3]];
        let mut heads = Vec::new();
        for ((part, name), order) in parts.iter().zip(names).zip(orders) {
            let cut = self.add(b"Reshape", &[part, b"cut"], &[name, b"c"].concat(), &[]);
            heads.push(self.turned(&cut, order, &[name, b"h"].concat()));
        }
        let scores = self.add(b"MatMul", &[&heads[0], &heads[1]], b"scores", &[]);
        let (kind, factor): (&[u8], &[u8]) = if self.form.joined { (b"Div", b"2") } else { (b"Mul", b"half") };
        let scores = self.add(kind, &[&scores, factor], b"scaled", &[]);
        let shares = self.add(b"Softmax", &[&scores], b"shares", &[attribute(b"axis", &[], &[3 << 3, 3])]);
        let mixed = self.add(b"MatMul", &[&shares, &heads[2]], b"mixed", &[]);
        let back = self.turned(&mixed, &[0, 2, 1, 3], b"back");
        self.add(b"Reshape", &[&back, b"flat"], b"out", &[])
    }

    fn gelu(&mut self, x: &[u8]) -> Vec<u8> {
        let (kind, by): (&[u8], &[u8]) = if self.form.joined { (b"Div", b"root") } else { (b"Mul", b"inverse") };
        let inner = self.add(kind, &[x, by], b"inner", &[]);
        let erf = self.add(b"Erf", &[&inner], b"erf", &[]);
        let gate = self.add(b"Add", &[&erf, b"1"], b"gate", &[]);
        if self.form.joined {
            let product = self.add(b"Mul", &[x, &gate], b"gated", &[]);
            self.add(b"Mul", &[&product, b"half"], b"gelu", &[])
        } else {
            let half = self.add(b"Mul", &[x, b"half"], b"halved", &[]);
            self.add(b"Mul", &[&half, &gate], b"gelu", &[])
        }
    }

    fn layer(&mut self, x: &[u8]) -> Vec<u8> {
        let heads = self.attention(x);
        let mixed = self.dense(&heads, (b"w", b"o"), b"m");
        let middle = self.sum(&mixed, x, b"mid");
        let wide = self.dense(&middle, (b"wu", b"o6"), b"up");
        let wide = self.gelu(&wide);
        let narrow = self.dense(&wide, (b"wd", b"o"), b"down");
        self.sum(&narrow, &middle, b"end")
    }
}

/// The body of a graph with an encoder of so many layers, from `in` to `out`.
fn encoder(form: Form, layers: u8) -> Vec<u8> {
    let mut all = LayerNodes { form, number: b'a', nodes: Vec::new() };
    let words = if let Some((words, scales)) = form.table {
        let rows = all.add(b"Gather", &[words, b"in"], b"rows", &[]);
        let rows = all.add(b"Cast", &[&rows], b"cast", &[]);
        let scales = all.add(b"Gather", &[scales, b"in"], b"steps", &[]);
        all.add(b"Mul", &[&rows, &scales], b"words", &[])
    } else {
        b"in".to_vec()
    };
    let places = all.add(b"Slice", &[b"places", b"zero", b"length", b"zero"], b"places", &[]);
    let mut x = all.sum(&words, &places, b"start");
    for number in 0..layers {
        all.number = b'b' + number;
        x = all.layer(&x);
    }
    let axes = [attribute(b"axes", &[1], &[])];
    if form.table.is_some() {
        let mean = all.add(b"ReduceMean", &[&x], b"mean", &axes);
        let norm = all.add(b"ReduceL2", &[&mean], b"norm", &[]);
        all.nodes.push(node(b"Div", &[&mean, &norm], b"out", &[]));
    } else {
        all.nodes.push(node(b"ReduceMean", &[&x], b"out", &axes));
    }
    let (input, output) = (message(&[(1, b"in")]), message(&[(1, b"out")]));
    let mut parts: Vec<(u32, &[u8])> = all.nodes.iter().map(|node| (1, &node[..])).collect();
    parts.extend([(11, &input[..]), (12, &output)]);
    message(&parts)
}

/// The end of an encoder; one that goes round; a layer's beginning; encoders of one layer and of two, in the forms that layers have; and one
/// whose table has no words.
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
    let begun = model(&[&[end(), norm(b"b", b"a")], &dense[..]].concat());
    let plain = Form { joined: true, table: Some((b"words", b"scales")) };
    let other = Form { joined: false, table: None };
    let empty = Form { table: Some((b"no words", b"no scales")), ..plain };
    vec![
        model(&[end(), norm(b"in", b"a")]),
        model(&round),
        begun,
        encoder(plain, 1),
        encoder(other, 1),
        encoder(plain, 2),
        encoder(empty, 1),
    ]
}
