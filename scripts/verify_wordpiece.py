"""Compares our tokenizer with the reference one on real texts, which are not part of the repository.

  cargo build --release --no-default-features --example tokenize
  scripts/make-model --run scripts/verify_wordpiece.py [--tokenize PROGRAM] FOLDER ...

Reads every file below the folders that is UTF-8: each string in a .json or .jsonl file, each paragraph of any
other one (cut at empty lines), and the whole file besides where it is under a megabyte. Prints how many
texts there were and how many differ; exits 1 if any does.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

from make_model import source_folder
from make_wordpiece_fixture import SPECIAL, reference

REPO = pathlib.Path(__file__).resolve().parent.parent
WHOLE_BYTES_MAX = 1_000_000
SHOWN = 10


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for part in value.values() for text in strings(part))
    elif isinstance(value, list):
        yield from (text for part in value for text in strings(part))


def texts_of(path):
    try:
        whole = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return
    try:
        yield from strings(parsed(path, whole))
    except json.JSONDecodeError:
        yield from re.split(r"\n\s*\n", whole)
        if len(whole) < WHOLE_BYTES_MAX:
            yield whole


def parsed(path, whole):
    """The parsed content of a file named as JSON, if it is JSON."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in whole.splitlines() if line.strip()]
    if path.suffix == ".json":
        return json.loads(whole)
    raise json.JSONDecodeError("not JSON by its name", whole, 0)


def all_texts(folders):
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    return list(dict.fromkeys(text for path in files for text in texts_of(path)))


def our_ids(program, texts):
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    vocabulary = source_folder() / "vocab.txt"
    run = subprocess.run([program, vocabulary], input=lines, capture_output=True, text=True, check=True)
    return [[int(number) for number in line.split()] for line in run.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description="Compares our tokenizer with the reference one.")
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--tokenize", type=pathlib.Path, default=REPO / "target/release/examples/tokenize")
    options = parser.parse_args()

    found = all_texts(options.folders)
    texts = [text for text in found if not any(special in text for special in SPECIAL)]
    ours = our_ids(options.tokenize, texts)
    if len(ours) != len(texts):
        sys.exit(f"{options.tokenize} answered {len(ours)} of {len(texts)} texts")
    theirs = [encoding.ids[1:-1] for encoding in reference().encode_batch(texts)]
    different = [text for text, a, b in zip(texts, ours, theirs) if a != b]
    for text in different[:SHOWN]:
        print(f"differs: {text[:200]!r}")
    pieces = sum(map(len, theirs))
    print(f"{len(texts)} texts, {pieces} pieces, {len(different)} differences; {len(found) - len(texts)} with special pieces left out")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
