"""Makes tests/fixtures/multilingual: what the reference libraries give for the model in models/wattle-e5-s6.

  scripts/make-multilingual-model
  scripts/make-model --run scripts/make_multilingual_fixture.py

vectors.json has texts with their token ids and their embeddings, computed here in f32 from the model's file (base64 of
little-endian f16, before the reflection). ids.txt has a line for each of the 10,000 lines of all scripts in
tests/fixtures/wordpiece/lines.txt: the first four hexadecimal digits of the SHA-256 of its ids, written with commas, with
`passage: ` before the text.

The ids are those of Hugging Face `tokenizers`, with which the model was trained. `sentencepiece` has to give the same: it
adds up scores in f32 over a whole text, `tokenizers` in f64 over a word, so that of two ways with the same score, such as
those through a run of one letter, each may take another. Any other difference ends this script.
"""

import base64
import hashlib
import io
import json
import math
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unicodedata

import numpy as np
from onnx import load_from_string, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

REPO = pathlib.Path(__file__).resolve().parent.parent
MODEL = REPO / "models" / "wattle-e5-s6" / "model.wme"
OUT = REPO / "tests" / "fixtures" / "multilingual"
TYPES = {0: np.float32, 2: np.uint8, 3: np.uint32}
UNKNOWN = 3
TIE = 1e-3
# Not one of the packages of scripts/make-model: it is needed here only.
SENTENCEPIECE = "sentencepiece==0.2.3"
TEXTS = [
    ("query", "how much protein should a female eat"),
    ("passage", "The quick brown fox jumps over the lazy dog."),
    ("query", "Wie hoch ist die Zugspitze?"),
    ("passage", "Die Zugspitze ist mit 2962 m ü. NHN der höchste Berg Deutschlands."),
    ("query", "¿Cuál es la capital de Francia?"),
    ("passage", "Столица России — Москва. В ней живёт 12 миллионов человек."),
    ("passage", "Η Αθήνα είναι η πρωτεύουσα της Ελλάδας."),
    ("passage", "القاهرة هي عاصمة مصر."),
    ("passage", "दिल्ली भारत की राजधानी है।"),
    ("passage", "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย"),
    ("passage", "Hà Nội là thủ đô của Việt Nam."),
    ("passage", "日本の首都は東京です。"),
    ("passage", "北京是中国的首都。"),
    ("passage", "İstanbul Türkiye’nin en kalabalık şehridir."),
    ("query", "caf\u00e9 r\u00e9sum\u00e9"),
    ("query", "cafe\u0301 re\u0301sume\u0301"),
    ("passage", "  two  spaces\tand a tab\nnew line  "),
    ("passage", "ﬁligree ½ ① ＡＢＣ １２３"),
    ("passage", "emoji 😀 and a rare sign 𓂀"),
    ("query", ""),
    ("passage", 'fn main() { println!("hello {}", x + 1); }'),
    ("passage", "boundary layer transition in supersonic flow over a flat plate " * 12),
]


def parts_of(data):
    found, at = {}, 8
    for _ in range(struct.unpack_from("<I", data, 4)[0]):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        kind, dimensions = struct.unpack_from("<BB", data, at + 2 + length)
        shape = struct.unpack_from(f"<{dimensions}I", data, at + 4 + length)
        (start,) = struct.unpack_from("<Q", data, at + 4 + length + 4 * dimensions)
        at += 12 + length + 4 * dimensions
        found[name] = np.frombuffer(data, TYPES[kind], math.prod(shape), start).reshape(shape)
    return found


def erf(x):
    """Abramowitz and Stegun 7.1.26: within 1.5e-7."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    sum_of = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    return np.sign(x) * (1 - sum_of * np.exp(-x * x))


class Reference:
    def __init__(self, parts):
        self.parts = parts
        self.scored = self.pieces()
        points, starts, by = (parts[f"replaced.{name}"] for name in ("points", "starts", "by"))
        self.replaced = {int(point): "".join(map(chr, by[starts[at] : starts[at + 1]])) for at, point in enumerate(points)}
        self.tokenizers = Tokenizer(models.Unigram(self.scored, UNKNOWN, False))
        self.tokenizers.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always", split=True)
        self.sentencepiece = self.of_sentencepiece()
        graph = load_from_string(parts["graph"].tobytes()).graph
        self.weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}

    def pieces(self):
        """(piece, score) by id, from the trie; special ones, which it has not, have names that no text has."""
        nodes, scored = self.parts["trie.nodes"], [(f"\0{at}", 0.0) for at in range(len(self.parts["words"]))]
        prefixes, count = [b""], 0
        for at, node in enumerate(nodes[:-1]):
            prefix = prefixes[at]
            prefixes += [prefix + bytes([nodes[child] & 255]) for child in range(node >> 9, nodes[at + 1] >> 9)]
            if node >> 8 & 1:
                scored[self.parts["trie.ids"][count]] = (prefix.decode(), float(self.parts["trie.scores"][count]))
                count += 1
        return scored

    def of_sentencepiece(self):
        """Its own rules for splitting; the text is given as its model normalizes it."""
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            subprocess.run([*command, "--target", folder, SENTENCEPIECE], check=True)
            sys.path.insert(0, folder)
            import sentencepiece
            from sentencepiece import sentencepiece_model_pb2
        file = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["a text to train a model that is thrown away"] * 10), model_writer=file, vocab_size=20,
            normalization_rule_name="identity", hard_vocab_limit=False, minloglevel=2,
        )
        proto = sentencepiece_model_pb2.ModelProto()
        proto.ParseFromString(file.getvalue())
        del proto.pieces[:]
        kinds = sentencepiece_model_pb2.ModelProto.SentencePiece
        for at, (piece, score) in enumerate(self.scored):
            kind = kinds.UNKNOWN if at == UNKNOWN else kinds.CONTROL if piece.startswith("\0") else kinds.NORMAL
            # The name may not hold a zero there.
            proto.pieces.add(piece=piece.replace("\0", "\u2401"), score=score, type=kind)
        spec = proto.trainer_spec
        spec.bos_id, spec.pad_id, spec.eos_id, spec.unk_id, spec.vocab_size = 0, 1, 2, UNKNOWN, len(proto.pieces)
        spec.bos_piece, spec.pad_piece, spec.eos_piece, spec.unk_piece = (proto.pieces[at].piece for at in range(4))
        proto.normalizer_spec.remove_extra_whitespaces = False
        return sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString())

    def ids(self, text):
        text = re.sub(" {2,}", " ", unicodedata.normalize("NFC", text).translate(self.replaced))
        ids = self.tokenizers.encode(text, add_special_tokens=False).ids
        other = self.sentencepiece.encode(text)
        if ids != other and (abs(self.score(ids) - self.score(other)) > TIE or not re.search(r"(.)\1{8}", text)):
            sys.exit(f"tokenizers and sentencepiece differ on {text!a}: {ids} and {other}")
        return ids, ids == other

    def score(self, ids):
        return sum(self.scored[at][1] for at in ids)

    def dense(self, x, name):
        weights = self.weights
        return x @ (weights[f"{name}.codes"].astype(np.float32) * weights[f"{name}.scale"]) + weights[f"{name}.bias"]

    def norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12) * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def embedding(self, ids):
        rows, count = self.parts["words"][ids], len(ids)
        codes = np.stack([rows[:, :192] & 15, rows[:, :192] >> 4], 2).reshape(count, 12, 32).astype(np.float32) - 8
        scales = np.ascontiguousarray(rows[:, 192:]).view(np.float16).astype(np.float32)
        words = (codes * scales[:, :, None]).reshape(count, 384)
        x = self.norm(words + self.weights["places.table"][:count], "embeddings.LayerNorm")
        for layer in range(6):
            parts = np.split(self.dense(x, f"layer{layer}.attention.qkv"), 3, -1)
            query, key, value = (part.reshape(count, 12, 32).transpose(1, 0, 2) for part in parts)
            scores = query @ key.transpose(0, 2, 1)
            shares = np.exp(scores - scores.max(-1, keepdims=True))
            mixed = (shares / shares.sum(-1, keepdims=True) @ value).transpose(1, 0, 2).reshape(count, 384)
            x = self.norm(x + self.dense(mixed, f"layer{layer}.out"), f"encoder.layer.{layer}.attention.output.LayerNorm")
            wide = self.dense(x, f"layer{layer}.wide")
            wide = wide * 0.5 * (1 + erf(wide / math.sqrt(2)))
            x = self.norm(x + self.dense(wide, f"layer{layer}.narrow"), f"encoder.layer.{layer}.output.LayerNorm")
        mean = x.mean(0)
        return mean / np.sqrt((mean * mean).sum())


def main():
    reference, vectors = Reference(parts_of(MODEL.read_bytes())), []
    for kind, text in TEXTS:
        ids = [0, *reference.ids(f"{kind}: {text}")[0], 2]
        embedding = base64.b64encode(reference.embedding(ids).astype("<f2").tobytes()).decode()
        vectors.append({"kind": kind, "text": text, "ids": ids, "embedding": embedding})
    hashes, alike = [], 0
    for line in (REPO / "tests/fixtures/wordpiece/lines.txt").read_text().splitlines():
        ids, same = reference.ids(f"passage: {json.loads(line)}")
        hashes.append(hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()[:4])
        alike += same
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "vectors.json").write_text(json.dumps(vectors, indent=1) + "\n")
    (OUT / "ids.txt").write_text("\n".join(hashes) + "\n")
    print(f"{len(vectors)} vectors; of {len(hashes)} lines sentencepiece gives the same ids for {alike}, and for the others a tie")


if __name__ == "__main__":
    main()
