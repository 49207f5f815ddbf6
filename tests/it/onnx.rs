//! Writes ONNX files of small encoders (onnx.proto3, protobuf's wire format), for the tests of the engine.

/// The bytes of a protobuf message.
#[derive(Clone, Default)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Bytes {
    fn varint(&mut self, mut number: u64) {
        while number > 127 {
            self.0.push((number & 127) as u8 | 128);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn number(mut self, field: u64, number: i64) -> Self {
        self.varint(field << 3);
        self.varint(number.cast_unsigned());
        self
    }

    fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn float(mut self, field: u64, number: f32) -> Self {
        self.varint(field << 3 | 5);
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }
}

const FLOAT: i64 = 1;
const INT8: i64 = 3;
const INT64: i64 = 7;

/// A graph that grows node by node.
#[derive(Clone, Default)]
pub(crate) struct Graph {
    nodes: Vec<Bytes>,
    constants: Vec<Bytes>,
}

/// An attribute of a node.
pub(crate) enum Attribute<'a> {
    Number(&'a str, i64),
    Numbers(&'a str, &'a [i64]),
    Float(&'a str, f32),
}

impl Graph {
    /// A node with one output of this name.
    pub(crate) fn node(&mut self, kind: &str, inputs: &[&str], output: &str, attributes: &[Attribute<'_>]) -> String {
        let mut node = inputs.iter().fold(Bytes::default(), |node, input| node.bytes(1, input.as_bytes()));
        node = node.bytes(2, output.as_bytes()).bytes(3, output.as_bytes()).bytes(4, kind.as_bytes());
        for attribute in attributes {
            let attribute = match attribute {
                Attribute::Number(name, number) => {
                    Bytes::default().bytes(1, name.as_bytes()).number(3, *number).number(20, 2)
                }
                Attribute::Numbers(name, numbers) => {
                    let named = Bytes::default().bytes(1, name.as_bytes());
                    numbers.iter().fold(named, |of, number| of.number(8, *number)).number(20, 7)
                }
                Attribute::Float(name, number) => {
                    Bytes::default().bytes(1, name.as_bytes()).float(2, *number).number(20, 1)
                }
            };
            node = node.bytes(5, &attribute.0);
        }
        self.nodes.push(node);
        output.to_owned()
    }

    /// A split in equal parts along the last axis.
    pub(crate) fn split(&mut self, input: &str, outputs: &[&str]) {
        let node = Bytes::default().bytes(1, input.as_bytes());
        let node = outputs.iter().fold(node, |node, output| node.bytes(2, output.as_bytes()));
        let axis = Bytes::default().bytes(1, b"axis").number(3, -1).number(20, 2);
        self.nodes.push(node.bytes(3, outputs[0].as_bytes()).bytes(4, b"Split").bytes(5, &axis.0));
    }

    fn constant(&mut self, name: &str, kind: i64, dims: &[usize], raw: &[u8]) -> String {
        let shape = dims.iter().fold(Bytes::default(), |of, dim| of.number(1, i64::try_from(*dim).unwrap()));
        self.constants.push(shape.number(2, kind).bytes(8, name.as_bytes()).bytes(9, raw));
        name.to_owned()
    }

    /// A constant of f32.
    pub(crate) fn floats(&mut self, name: &str, dims: &[usize], numbers: &[f32]) -> String {
        let raw: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(name, FLOAT, dims, &raw)
    }

    /// A constant of int8.
    pub(crate) fn codes(&mut self, name: &str, dims: &[usize], codes: &[i8]) -> String {
        let raw: Vec<u8> = codes.iter().map(|code| code.cast_unsigned()).collect();
        self.constant(name, INT8, dims, &raw)
    }

    /// Takes away a constant that was written before.
    pub(crate) fn without(&mut self, name: &str) {
        let named = Bytes::default().bytes(8, name.as_bytes()).0;
        self.constants.retain(|constant| !constant.0.windows(named.len()).any(|part| part == named));
    }

    /// A constant of int8 that was written before becomes one of these codes, from 0 to 127, as a list of numbers.
    pub(crate) fn list(&mut self, name: &str, dims: &[usize], codes: &[u8]) {
        self.without(name);
        let shape = dims.iter().fold(Bytes::default(), |of, dim| of.number(1, i64::try_from(*dim).unwrap()));
        self.constants.push(shape.number(2, INT8).bytes(5, codes).bytes(8, name.as_bytes()));
    }

    /// A constant of int64.
    pub(crate) fn integers(&mut self, name: &str, numbers: &[i64]) -> String {
        let raw: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(name, INT64, &[numbers.len()], &raw)
    }

    /// The file, from `input_ids` to this output of so many numbers.
    pub(crate) fn file(&self, output: &str, numbers: i64) -> Vec<u8> {
        let named = |name: &str| Bytes::default().bytes(2, name.as_bytes());
        let value = |name: &str, kind, last: Bytes| {
            let shape = Bytes::default().bytes(1, &named("batch").0).bytes(1, &last.0);
            let tensor = Bytes::default().number(1, kind).bytes(2, &shape.0);
            Bytes::default().bytes(1, name.as_bytes()).bytes(2, &Bytes::default().bytes(1, &tensor.0).0)
        };
        let mut graph =
            self.nodes.iter().fold(Bytes::default(), |graph, node| graph.bytes(1, &node.0)).bytes(2, b"test");
        graph = self.constants.iter().fold(graph, |graph, constant| graph.bytes(5, &constant.0));
        graph = graph.bytes(11, &value("input_ids", INT64, named("seq")).0);
        graph = graph.bytes(12, &value(output, FLOAT, Bytes::default().number(1, numbers)).0);
        let opset = Bytes::default().bytes(1, b"").number(2, 17);
        Bytes::default().number(1, 8).bytes(7, &graph.0).bytes(8, &opset.0).0
    }
}
