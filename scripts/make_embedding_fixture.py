"""Makes tests/fixtures/embedding/reference.json: sentences and the exact model's embeddings of them.

  scripts/make-model --run scripts/make_embedding_fixture.py

The embeddings are computed here in float64 from the source weights, by the definition of BERT and independently of
make_model.py's graph: the two share only the source file. An embedding is stored as base64
of 384 little-endian float16, whose rounding moves a cosine by less than 0.000001.
"""

import base64
import json
import math
import pathlib

import numpy as np
from make_model import DIMENSIONS, HEAD_DIMENSIONS, HEADS, LAYER_NORM_EPSILON, LAYERS, WEIGHTS_SHA256, checked, source_folder
from make_wordpiece_fixture import reference
from safetensors.numpy import load as load_safetensors

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "embedding" / "reference.json"

SENTENCES = [
    "This is an example sentence",
    "Each sentence is converted",
    "A wattle is a fence woven from branches.",
    "Hurdles of hazel rods keep the sheep in.",
    "The router hands out addresses from 192.168.1.100 upwards.",
    "How do I give my printer a fixed IP address?",
    "Knead the dough for ten minutes, then let it rise under a cloth.",
    "Why did my bread come out flat?",
    "The warranty ends two years after the date of purchase.",
    "Until when can the washing machine be returned?",
    "Grandmother moved to Leipzig in the spring of 1953.",
    "Which year did she leave her village?",
    "Invoice no. 2041: 3 x heating valve, EUR 47.90 each, payable within 14 days",
    "fn main() { println!(\"{}\", std::env::args().count()); }",
    "The function returns the number of arguments that the program was given.",
    "Take one tablet in the morning with water, never on an empty stomach.",
    "Do not take this medicine if you are allergic to penicillin.",
    "The boiler shows error E133 and there is no hot water.",
    "Bleed the radiators from the lowest floor to the highest.",
    "Minutes of the parents' evening: new playground, summer party, lost jackets.",
    "Der Zaun muss vor dem Winter gestrichen werden.",
    "Le chat dort sur le toit de la grange.",
    "Café, naïve, Ångström and İstanbul are words with accents.",
    "東京の冬は寒い。",
    "\U0001f600\U0001f44d\U0001f3fd",
    "Yes.",
    "",
    "# Garden > Fence\nPaint the posts with linseed oil before you set them.",
    "TEMPERATURE OF THE PROCESSOR: 71.5 \u00b0C (limit 80 \u00b0C)",
    "It was a bright, cold morning when the ferry left, and nobody on deck had slept; the engineer counted his "
    "spanners twice, wrote the number down, and went below to look at the pump that had kept him awake.",
    "Solar panels on the south roof gave 4.2 kWh on Tuesday, less than half of what the battery holds, because "
    "the lower row lay in the shadow of the neighbour's chimney until noon and was covered with snow afterwards.",
    # Longer than the model reads: the embedding is of the first 254 pieces.
    "The list goes on: " + ", ".join(f"item {number} of the attic, in box {number % 7}" for number in range(1, 61)) + ".",
]


def layer_norm(weights, x, name):
    centred = x - x.mean(-1, keepdims=True)
    variance = (centred**2).mean(-1, keepdims=True)
    return centred / np.sqrt(variance + LAYER_NORM_EPSILON) * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def linear(weights, x, name):
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def attention(weights, x, name):
    parts = (linear(weights, x, f"{name}.self.{part}") for part in ("query", "key", "value"))
    query, key, value = (part.reshape(len(x), HEADS, HEAD_DIMENSIONS).transpose(1, 0, 2) for part in parts)
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(HEAD_DIMENSIONS)
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    mixed = (shares @ value).transpose(1, 0, 2).reshape(len(x), DIMENSIONS)
    return layer_norm(weights, linear(weights, mixed, f"{name}.output.dense") + x, f"{name}.output.LayerNorm")


def embedding(weights, ids):
    gelu = np.vectorize(lambda v: v * 0.5 * (1 + math.erf(v / math.sqrt(2))))
    table = {part: weights[f"embeddings.{part}_embeddings.weight"] for part in ("word", "position", "token_type")}
    x = table["word"][ids] + table["position"][: len(ids)] + table["token_type"][0]
    x = layer_norm(weights, x, "embeddings.LayerNorm")
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        x = attention(weights, x, f"{name}.attention")
        wide = gelu(linear(weights, x, f"{name}.intermediate.dense"))
        x = layer_norm(weights, linear(weights, wide, f"{name}.output.dense") + x, f"{name}.output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def main():
    source = load_safetensors(checked(source_folder() / "model.safetensors", WEIGHTS_SHA256))
    weights = {name: values.astype(np.float64) for name, values in source.items() if values.dtype == np.float32}
    tokenizer = reference()
    tokenizer.enable_truncation(256)
    entries = []
    for text in SENTENCES:
        values = embedding(weights, tokenizer.encode(text).ids)
        entries.append({"text": text, "embedding": base64.b64encode(values.astype("<f2").tobytes()).decode()})
    OUT.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    OUT.write_text(f"[\n{lines}\n]\n")
    print(f"{len(entries)} sentences, {OUT.stat().st_size} bytes")
    print("first values of the first:", np.round(embedding(weights, tokenizer.encode(SENTENCES[0]).ids)[:4], 4))


if __name__ == "__main__":
    main()
