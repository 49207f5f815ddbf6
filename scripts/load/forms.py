"""The model of this repository in the forms that the other servers read, made from its own ONNX file, so that all have the same weights.

  f32 weights   back from the int8 codes, by the names that sentence-transformers' checkpoint has
  GGUF          for llama.cpp: architecture bert, mean pooling, matrices as Q8_0 or F16
  int8 ONNX     what an export and ONNX Runtime's own dynamic quantization give (scripts/onnxruntime_forms.py, "export"): int8 arithmetic and a
                mask, so that texts of different lengths share a batch
"""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODEL = ROOT / "models/all-MiniLM-L6-v2"
LAYERS, HEADS, DIMENSIONS, WIDE, PLACES = 6, 12, 384, 1536, 256
EPSILON = 1e-12
PARTS = ("query", "key", "value")


def weights(path=MODEL / "model.onnx"):
    """The weights in f32, by the names of the checkpoint."""
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}

    def matrix(name):
        """Inputs down, outputs across; what the file divides the inputs by is in the weights again."""
        codes = held[f"{name}.codes"].astype(np.float32) - held[f"{name}.zero"].astype(np.float32)
        made = codes * held[f"{name}.scale"]
        return made * held[f"{name}.factors"][:, None] if f"{name}.factors" in held else made

    made = {
        "embeddings.word_embeddings.weight": held["words.codes"].astype(np.float32) * held["words.scale"],
        # The one type's row is in these already.
        "embeddings.position_embeddings.weight": held["places.table"],
        "embeddings.token_type_embeddings.weight": np.zeros((2, DIMENSIONS), np.float32),
    }
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        joined = np.split(matrix(f"layer{layer}.attention.qkv"), 3, axis=1)
        biases = np.split(held[f"layer{layer}.attention.qkv.bias"], 3)
        # The factor of the scores is in the query's part of the file.
        root = np.float32(np.sqrt(DIMENSIONS // HEADS))
        joined[0], biases[0] = joined[0] * root, biases[0] * root
        for part, values, bias in zip(PARTS, joined, biases):
            made[f"{at}attention.self.{part}.weight"] = values.T
            made[f"{at}attention.self.{part}.bias"] = bias
        for ours, theirs in (("out", "attention.output.dense"), ("wide", "intermediate.dense"), ("narrow", "output.dense")):
            made[f"{at}{theirs}.weight"] = matrix(f"layer{layer}.{ours}").T
            made[f"{at}{theirs}.bias"] = held[f"layer{layer}.{ours}.bias"]
    made.update((name, values) for name, values in held.items() if "LayerNorm." in name)
    return {name: np.ascontiguousarray(values, np.float32) for name, values in made.items()}


def vocabulary():
    return (MODEL / "vocab.txt").read_text(encoding="utf-8").splitlines()


def gguf_tokens(words):
    """llama.cpp marks the begin of a word where WordPiece marks its continuation."""
    for word in words:
        if word in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"):
            yield word, 3
        else:
            yield (word[2:] if word.startswith("##") else f"\u2581{word}"), 1


def gguf_names():
    yield "embeddings.word_embeddings", "token_embd"
    yield "embeddings.position_embeddings", "position_embd"
    yield "embeddings.token_type_embeddings", "token_types"
    yield "embeddings.LayerNorm", "token_embd_norm"
    for layer in range(LAYERS):
        at, to = f"encoder.layer.{layer}.", f"blk.{layer}."
        for part, short in zip(PARTS, "qkv"):
            yield f"{at}attention.self.{part}", f"{to}attn_{short}"
        yield f"{at}attention.output.dense", f"{to}attn_output"
        yield f"{at}attention.output.LayerNorm", f"{to}attn_output_norm"
        yield f"{at}intermediate.dense", f"{to}ffn_up"
        yield f"{at}output.dense", f"{to}ffn_down"
        yield f"{at}output.LayerNorm", f"{to}layer_output_norm"


def write_gguf(path, kind="Q8_0"):
    """Writes the model as GGUF; matrices of this kind, the rest in f32."""
    import gguf

    quantized = gguf.GGMLQuantizationType[kind]
    writer = gguf.GGUFWriter(str(path), "bert")
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_context_length(PLACES)
    writer.add_embedding_length(DIMENSIONS)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(WIDE)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(EPSILON)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_file_type(gguf.LlamaFileType[{"Q8_0": "MOSTLY_Q8_0", "F16": "MOSTLY_F16"}[kind]])
    words = vocabulary()
    tokens, types = zip(*gguf_tokens(words))
    writer.add_tokenizer_model("bert")
    writer.add_token_list(list(tokens))
    writer.add_token_types(list(types))
    writer.add_token_type_count(2)
    place = {name: words.index(f"[{name}]") for name in ("CLS", "SEP", "UNK", "PAD", "MASK")}
    writer.add_bos_token_id(place["CLS"])
    writer.add_eos_token_id(place["SEP"])
    writer.add_sep_token_id(place["SEP"])
    writer.add_unk_token_id(place["UNK"])
    writer.add_pad_token_id(place["PAD"])
    writer.add_mask_token_id(place["MASK"])
    held = weights()
    for theirs, ours in gguf_names():
        for end in ("weight", "bias"):
            values = held.get(f"{theirs}.{end}")
            if values is None:
                continue
            # Norms, biases, places and types stay f32, as llama.cpp's own converter leaves them.
            if values.ndim == 2 and ours not in ("position_embd", "token_types"):
                writer.add_tensor(f"{ours}.{end}", gguf.quantize(values, quantized), raw_dtype=quantized)
            else:
                writer.add_tensor(f"{ours}.{end}", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_int8(path):
    """Writes the model with a mask and ONNX Runtime's dynamic int8 arithmetic."""
    sys.path.insert(0, str(ROOT / "scripts"))
    import onnxruntime_forms
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain = path.with_suffix(".f32")
    onnxruntime_forms.exact(weights(), "export", plain)
    options = {"DefaultTensorType": TensorProto.FLOAT}
    quantize_dynamic(plain, path, per_channel=True, weight_type=QuantType.QInt8, extra_options=options)
    plain.unlink()


def made(cache):
    """The files, made once for each version of the model and of this script."""
    stamp = cache / "forms.stamp"
    told = f"{(MODEL / 'manifest.json').read_text()}{pathlib.Path(__file__).read_text()}"
    files = {"gguf": cache / "model.gguf", "int8": cache / "model.int8.onnx"}
    if not stamp.is_file() or stamp.read_text() != told:
        write_gguf(files["gguf"])
        write_int8(files["int8"])
        stamp.write_text(told)
    return files


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    made(folder)
