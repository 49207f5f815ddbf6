"""Makes models/wattle-e5-s6/mean.npy: the mean vector of passages in 127 translations, by which all vectors are reflected.

  git clone https://github.com/MicrosoftTranslator/NTREX (commit 8561f6a)
  scripts/make-multilingual-model
  scripts/make-model --run scripts/make_multilingual_mean.py NTREX/NTREX-128

The passages are three lines in a row at eight places of each translation: 1,016. They are computed in f32 with the model's file, of
which the mean is a part that does not matter here; scripts/make-multilingual-model --new-manifest follows.
"""

import pathlib
import sys

import numpy as np

from make_multilingual_fixture import MODEL, Reference, parts_of

PLACES = 8
LINES = 3
TOKENS_MAX = 256


def passages(folder):
    for path in sorted(folder.glob("newstest2019-ref.*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for at in range(0, len(lines) - LINES, len(lines) // PLACES)[:PLACES]:
            yield " ".join(lines[at : at + LINES])


def main():
    reference, total, count = Reference(parts_of(MODEL.read_bytes())), np.zeros(384, np.float64), 0
    for passage in passages(pathlib.Path(sys.argv[1])):
        ids = [0, *reference.ids(f"passage: {passage}")[0][: TOKENS_MAX - 2], 2]
        total += reference.embedding(np.array(ids))
        count += 1
    mean = (total / count).astype(np.float32)
    np.save(MODEL.parent / "mean.npy", mean)
    print(f"{count} passages; the mean has length {np.sqrt((mean * mean).sum()):.4f}")


if __name__ == "__main__":
    main()
