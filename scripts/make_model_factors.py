"""Computes make_model_factors.txt: see make_model.py. Run as scripts/make-model --run scripts/make_model_factors.py TEXTS.

TEXTS has a text on each line, of which 120 ordinary ones are enough: the committed file is of abstracts, encyclopedia paragraphs in four
languages, source code, documentation and questions. The largest number of each input channel in the exact model gives its factor.
"""

import pathlib
import sys

import numpy as np
from safetensors.numpy import load as load_safetensors
from tokenizers import Tokenizer

import make_model

HEADS, WIDTH = make_model.HEADS, make_model.HEAD_DIMENSIONS
LEAST = 1e-4


def erf(x):
    """Abramowitz and Stegun 7.1.26; the error is below 2e-7."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    return np.sign(x) * (1 - tail * np.exp(-x * x))


class Exact:
    def __init__(self, weights):
        self.weights = weights
        self.largest = {}

    def dense(self, x, names, product, layer):
        """x times the weights of these names, side by side; notes the largest inputs."""
        seen = np.abs(x).max(0)
        self.largest[layer, product] = np.maximum(self.largest.get((layer, product), 0), seen)
        return np.concatenate([x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"] for name in names], 1)

    def norm(self, x, name):
        off = x - x.mean(-1, keepdims=True)
        scaled = off / np.sqrt((off**2).mean(-1, keepdims=True) + make_model.LAYER_NORM_EPSILON)
        return scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def run(self, ids):
        place = self.weights["embeddings.position_embeddings.weight"] + self.weights["embeddings.token_type_embeddings.weight"][0]
        x = self.norm(self.weights["embeddings.word_embeddings.weight"][ids] + place[: len(ids)], "embeddings.LayerNorm")
        for layer in range(make_model.LAYERS):
            at = f"encoder.layer.{layer}."
            names = [f"{at}attention.self.{part}" for part in ("query", "key", "value")]
            parts = np.split(self.dense(x, names, "qkv", layer), 3, 1)
            query, key, value = (part.reshape(-1, HEADS, WIDTH).transpose(1, 0, 2) for part in parts)
            scores = np.exp(query @ key.transpose(0, 2, 1) / np.sqrt(WIDTH))
            mixed = (scores / scores.sum(-1, keepdims=True) @ value).transpose(1, 0, 2).reshape(x.shape)
            mixed = self.dense(mixed, [f"{at}attention.output.dense"], "out", layer)
            x = self.norm(x + mixed, f"{at}attention.output.LayerNorm")
            wide = self.dense(x, [f"{at}intermediate.dense"], "wide", layer)
            wide = wide * (1 + erf(wide / np.sqrt(2))) / 2
            x = self.norm(x + self.dense(wide, [f"{at}output.dense"], "narrow", layer), f"{at}output.LayerNorm")

    def factors(self, layer, product):
        at = f"encoder.layer.{layer}."
        names = {
            "qkv": [f"attention.self.{part}" for part in ("query", "key", "value")],
            "out": ["attention.output.dense"],
            "wide": ["intermediate.dense"],
            "narrow": ["output.dense"],
        }[product]
        weights = [np.abs(self.weights[f"{at}{name}.weight"]).max(0) for name in names]
        if product == "qkv":
            weights[0] = weights[0] / np.sqrt(WIDTH)
        inputs = np.maximum(self.largest[layer, product], LEAST)
        logs = np.log2(inputs / np.maximum(np.max(weights, 0), LEAST)) / 2
        return np.clip(np.rint(4 * (logs - logs.mean())), -12, 13).astype(int)


def main():
    folder = make_model.source_folder()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(make_model.TOKEN_LIMIT)
    data = make_model.checked(folder / "model.safetensors", make_model.WEIGHTS_SHA256)
    exact = Exact(load_safetensors(data))
    for text in pathlib.Path(sys.argv[1]).read_text().splitlines():
        exact.run(tokenizer.encode(text).ids)
    lines = []
    for layer in range(make_model.LAYERS):
        for product in ("qkv", "out", "wide", "narrow"):
            letters = "".join(chr(ord("m") + step) for step in exact.factors(layer, product))
            lines.append(f"{layer} {product} {letters}\n")
    (pathlib.Path(__file__).parent / "make_model_factors.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
