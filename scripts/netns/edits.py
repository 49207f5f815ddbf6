"""A folder of documents that changes as people's folders do: added, changed, deleted and moved files, each with a word of its own."""

import json
from itertools import count
from pathlib import Path

from .home import CORPUS

SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
NUMBERS = count(3_000)


def word():
    """A word that is in one text only, and in no language."""
    number, said = next(NUMBERS), "q"
    for _ in range(4):
        number, at = divmod(number, len(SYLLABLES))
        said += SYLLABLES[at]
    return said + "x"


class Folder:
    """`known` has what is to be asked for each file, `gone` files that are no more, with the same."""

    KINDS = ("changed", "added", "deleted", "moved")

    def __init__(self, place, rng, documents, first):
        self.place, self.rng, self.wanted, self.known, self.gone = Path(place), rng, documents, {}, []
        with CORPUS.open(encoding="utf-8") as lines:
            self.texts = [json.loads(line)["text"] for _, line in zip(range(first + documents), lines)][first:]
        for file in self.place.iterdir():
            file.unlink()  # of the owner, which has others
        for _ in range(documents):
            self.added()

    def edit(self, most):
        """So many files at most, and not so many that the owner is asked whether they are meant to be gone."""
        done = dict.fromkeys(self.KINDS, 0)
        for _ in range(min(most, self.wanted // 3)):
            # As many are deleted as added, by and large: the folder keeps its size.
            more = "added" if len(self.known) < self.wanted else "deleted"
            kind = self.rng.choice(("changed", "changed", "moved", more, "added", "deleted"))
            getattr(self, kind)()
            done[kind] += 1
        return done

    def write(self, path):
        path.parent.mkdir(exist_ok=True)
        said = word()
        # One in twenty is of several passages.
        texts = self.rng.choices(self.texts, k=self.rng.choice((1,) * 19 + (30,)))
        text = "\n\n".join((said, *texts, ""))
        path.write_text(text, encoding="utf-8")
        # Candidates come from the vectors: the word alone, which says nothing to the model, would not do, nor would the first text of many.
        self.known[path] = " ".join(text[:800].split())

    def fresh(self):
        return self.place / f"part{self.rng.randrange(8)}" / f"{next(NUMBERS)}.txt"

    def some(self):
        return self.rng.choice(list(self.known))

    def added(self):
        self.write(self.fresh())

    def changed(self):
        self.write(self.some())

    def deleted(self):
        path = self.some()
        self.gone.append((path, self.known.pop(path)))
        path.unlink()

    def moved(self):
        path, to = self.some(), self.fresh()
        to.parent.mkdir(exist_ok=True)
        path.rename(to)
        self.known[to] = self.known.pop(path)
