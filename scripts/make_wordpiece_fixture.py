"""Makes tests/fixtures/wordpiece: 10,000 lines, and the word pieces that the reference tokenizer makes of them.

  scripts/make-model --run scripts/make_wordpiece_fixture.py

The reference is Hugging Face `tokenizers` with the model's own tokenizer.json, truncation and padding off.
lines.txt holds one JSON string a line, all in ASCII; ids.txt the ids of the same line in base 36, with spaces
between, without the [CLS] and [SEP] that every line has around them.

Left out are inputs for which our tokenizer differs on purpose, or for which no common answer exists:
  - "[CLS]" and the like written in a text: the reference makes special tokens of them, ours makes text.
  - Code points that this Python's Unicode tables (14.0 in Python 3.11) do not know: every library has
    tables of another year, and what is not assigned yet has no category that they could agree on.
  - 504 rare accents, punctuation marks and format characters (of 282,230 code points) that came into Unicode,
    or changed there, after version 8, which is where the reference's tables stand: it takes them for
    letters, newer tables do not. None is in the vocabulary; words with one are unknown either way.
"""

import json
import pathlib
import random
import sys
import unicodedata

from make_model import source_folder
from tokenizers import Tokenizer

LINES = 10_000
LINES_BYTES_MAX = 1_200_000
IDS_BYTES_MAX = 1_500_000
SEED = 20261122
SPECIAL = ("[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]")
OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "wordpiece"

# Ranges of code points by what they are there to try.
SCRIPTS = {
    "latin": [(0x00C0, 0x024F), (0x1E00, 0x1EFF)],
    "greek": [(0x0370, 0x03FF), (0x1F00, 0x1FFF)],
    "cyrillic": [(0x0400, 0x052F)],
    "armenian and georgian": [(0x0531, 0x0589), (0x10A0, 0x10FF), (0x1C90, 0x1CBF)],
    "hebrew": [(0x0591, 0x05F4)],
    "arabic": [(0x0600, 0x06FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC)],
    "devanagari and its neighbours": [(0x0900, 0x0DFF)],
    "thai and lao": [(0x0E01, 0x0EDF)],
    "tibetan": [(0x0F00, 0x0FDA)],
    "kana": [(0x3041, 0x30FF), (0xFF66, 0xFF9F)],
    "hangul": [(0xAC00, 0xD7A3), (0x1100, 0x11FF), (0x3131, 0x318E)],
    "ideographs": [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0xF900, 0xFAD9), (0x20000, 0x2A6DF), (0x2B820, 0x2CEA1), (0x2F800, 0x2FA1D)],
    "ethiopic and cherokee": [(0x1200, 0x137C), (0x13A0, 0x13FD)],
    "marks": [(0x0300, 0x036F), (0x20D0, 0x20F0), (0x302A, 0x302F), (0x1D165, 0x1D172)],
    "signs": [(0x2000, 0x2BFF), (0x3000, 0x303F), (0xFF01, 0xFF60), (0xFE30, 0xFE4F)],
    "emoji": [(0x1F300, 0x1F64F), (0x1F680, 0x1F6FF), (0x1F900, 0x1F9FF), (0x1F1E6, 0x1F1FF)],
    "far planes": [(0x10000, 0x100FF), (0x10400, 0x1044F), (0x1D400, 0x1D7FF), (0xE0001, 0xE007F)],
}
CONTROLS = [*range(0x00, 0x20), *range(0x7F, 0xA1), 0xAD, *range(0x200B, 0x2010), *range(0x2028, 0x2030), 0x2060, 0xFEFF, 0xFFFD, 0xE000, 0x10FFFD, 0x034F]
KNOWN_WORDS = [
    "ΟΔΥΣΣΕΥΣ", "ὈΔΥΣΣΕΎΣ", "σας", "ΣΑΣ", "İstanbul", "ISPARTA", "ılık", "Iğdır", "Straße", "STRASSE", "GROẞ",
    "naïve", "café", "cafe\u0301", "A\u030angstro\u0308m", "Ångström", "Ελλάδα", "Москва", "ЁЛКА", "Київ", "שָׁלוֹם",
    "العَرَبِيَّة", "हिन्दी", "ไทย", "한국어", "東京タワー", "北京市", "ﬁligree", "Ⅷ", "½", "①", "㎏", "Å", "Ω", "ǅ", "ﷺ", "e\u0301\u0323",
    "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪", "1️⃣", "a\u200bb", "soft\u00adhyphen", "\ufeffbom", "\u2066rtl\u2069",
]
CODE = [
    "fn main() { println!(\"{:?}\", x.iter().map(|v| v * 2).sum::<f32>()); }", "if (a[i] != b->c) { return -1; }",
    "SELECT * FROM t WHERE a >= 10 AND b LIKE '%x_%';", "#include <stdio.h>", "def f(self, *args, **kw): -> None",
    "$ curl -sSf https://sh.rustup.rs | sh -s -- -y", "C:\\Users\\Public\\file_name.txt", "/usr/share/doc/README.gz",
    "git commit -m \"Fix #1234\" && git push", "0xDEADBEEF", "x = y ** 2 + 3.14e-10", "<a href=\"#top\">&nbsp;</a>",
    "{\"key\": [1, 2.5, null, true]}", "##ing", "[unused1]", "\\begin{equation} \\alpha^2 \\end{equation}",
]
# Their category has changed from one version of Unicode to another: punctuation or accent to none.
CHANGED = (0x166D, 0x1734, 0x1171E)
MARKDOWN = ["# ", "## ", "- ", "* ", "> ", "1. ", "| a | b |\n|---|---|\n| ", "```rust\n", "**", "_", "`", "[link](", "![img](", "- [ ] ", "---\n"]


class Lines:
    """Makes one line of each kind after another from one seeded generator."""

    def __init__(self, words, points):
        self.random = random.Random(SEED)
        self.points = points
        self.words = words
        self.kinds = [
            self.prose, self.prose, self.prose, self.accented, self.script, self.script, self.script_mix, self.known,
            self.controls, self.address, self.code, self.numbers, self.markdown, self.wrapped, self.glued, self.long_word,
            self.any_points, self.mark_stack,
        ]

    def pick(self, things):
        return things[self.random.randrange(len(things))]

    def count(self, low, high):
        return self.random.randint(low, high)

    def word(self):
        word = self.pick(self.words)
        return self.pick([word, word, word, word.capitalize(), word.upper(), word.swapcase()])

    def point(self, ranges):
        while True:
            low, high = self.pick(ranges)
            c = chr(self.count(low, high))
            if c in self.points:
                return c

    def prose(self):
        parts = [self.word() + self.pick(["", "", "", "", ",", ".", ";", "!", "?", "'s", "-", "...", "\u2019t", " \u2014"]) for _ in range(self.count(3, 22))]
        return " ".join(parts)

    def accented(self):
        line = list(self.prose())
        for _ in range(self.count(1, 12)):
            at = self.count(0, len(line) - 1)
            line[at] += self.point([(0x0300, 0x0345)])
        line = "".join(line)
        return self.pick([line, unicodedata.normalize("NFC", line), unicodedata.normalize("NFD", line)])

    def letters(self, ranges, low, high):
        return "".join(self.point(ranges) for _ in range(self.count(low, high)))

    def script(self):
        ranges = SCRIPTS[self.pick(list(SCRIPTS))]
        return " ".join(self.letters(ranges, 1, 7) for _ in range(self.count(1, 7)))

    def script_mix(self):
        parts = [self.letters(SCRIPTS[self.pick(list(SCRIPTS))], 1, 4) + self.pick(["", self.word()]) for _ in range(self.count(2, 6))]
        return self.pick(["", " "]).join(parts)

    def known(self):
        return " ".join(self.pick([self.pick(KNOWN_WORDS), self.word()]) for _ in range(self.count(1, 8)))

    def controls(self):
        line = list(self.prose()[:80])
        for _ in range(self.count(1, 8)):
            line.insert(self.count(0, len(line)), chr(self.pick(CONTROLS)))
        return "".join(line)

    def address(self):
        host = f"{self.pick(self.words)}-{self.pick(self.words)}.{self.pick(['org', 'com', 'de', 'co.uk', 'рф'])}"
        return self.pick([
            f"https://www.{host}/{self.word()}/{self.word()}.html?q={self.word()}&n={self.count(0, 99999)}#{self.word()}",
            f"{self.word()}.{self.word()}+{self.count(0, 99)}@{host}", f"See <http://{host}:8080/~{self.word()}>.",
            f"ssh://git@{host}/{self.word()}_{self.word()}.git", f"\"{self.word()} {self.word()}\" <{self.word()}@{host}>",
        ])

    def code(self):
        return self.pick(CODE) + self.pick(["", " // " + self.prose(), "\n    " + self.pick(CODE), f" {self.word()}_{self.word()}({self.word()})"])

    def numbers(self):
        forms = ["{:d}", "{:,}", "-{:d}", "{:x}", "0x{:X}", "{:d}%", "${:d}", "{:d}\u00b0C", "{:d}.5", "1e{:d}", "{:d}kg", "+49 {:d}", "\u20ac{:d}", "#{:d}", "{:d}th"]
        return " ".join(self.pick(forms).format(self.count(0, 10 ** self.count(1, 9))) for _ in range(self.count(1, 12)))

    def markdown(self):
        return self.pick(MARKDOWN) + self.prose() + self.pick(["", "**", "_", "`", ")", " |", "\n```", "\n\n" + self.pick(MARKDOWN) + self.prose()])

    def wrapped(self):
        words = self.prose().split(" ")
        return "".join(word + self.pick([" ", " ", "\n", "\r\n", "-\n", "\t", "  ", "\u00a0", "\u3000", "\u2009", "\n\n"]) for word in words)

    def glued(self):
        return "".join(self.pick([self.word(), self.word(), self.pick("_-.,:;/\\|!?()[]{}<>@#$%^&*+=~`'\"")]) for _ in range(self.count(2, 9)))

    def long_word(self):
        """Around the 100 characters beyond which a word is unknown, in letters of one to four bytes."""
        letter = self.pick(["a", "x", "the", "\u00e9", "\u0436", "\u0e01", "\ud55c", "\U0001f600", "e\u0301", "\U0001d400"])
        return self.pick(["", "start "]) + (letter * 120)[: self.count(96, 104)] + self.pick(["", " end", "."])

    def any_points(self):
        return self.letters([(0x20, 0x7E), (0xA0, 0x2FFF), (0x3000, 0xD7FF), (0xF900, 0xFFFD), (0x10000, 0x1FFFF)], 1, 14)

    def mark_stack(self):
        """Marks in the wrong order: decomposition sorts them, and some are no accents and stay."""
        marks = [(0x0300, 0x036F), (0x302A, 0x302F), (0x1D165, 0x1D172), (0x0591, 0x05C7), (0x0F71, 0x0F84), (0x093C, 0x094D), (0x1B34, 0x1B44)]
        return " ".join(self.pick("aZ\u00e9\u0439\uac01\u3042\u4e00") + self.letters(marks, 1, 6) for _ in range(self.count(1, 5)))

    def all(self):
        """Different lines only, the edge cases by hand first."""
        lines = dict.fromkeys(["", " ", "\n", "\t\r\n", "\0", "\ufffd", "a", "A", "\u0301", "!", "\u200b", "#", "##", "x" * 100, "x" * 101])
        turn = 0
        while len(lines) < LINES:
            line = self.kinds[turn % len(self.kinds)]()
            turn += 1
            if not any(special in line for special in SPECIAL):
                lines[line] = None
        return list(lines)


def base36(number):
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def reference():
    tokenizer = Tokenizer.from_file(str(source_folder() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def is_older_in(tokenizer, c):
    """Whether the reference's tables have another category for a code point than Python's."""
    if ord(c) in CHANGED:
        return True
    category = unicodedata.category(c)
    cleaned = tokenizer.normalizer.normalize_str(f"a{c}b")
    if category in ("Mn", "Cf"):
        return cleaned != "ab"
    return category.startswith("P") and len(tokenizer.pre_tokenizer.pre_tokenize_str(cleaned)) != 3


def agreed_points(tokenizer):
    every = [chr(point) for point in range(sys.maxunicode + 1)]
    assigned = [c for c in every if unicodedata.category(c) not in ("Cn", "Cs")]
    agreed = {c for c in assigned if not is_older_in(tokenizer, c)}
    print(f"Unicode {unicodedata.unidata_version}: {len(assigned)} code points, {len(assigned) - len(agreed)} left out")
    return agreed


def write(name, lines, bytes_max):
    data = ("\n".join(lines) + "\n").encode("ascii")
    if len(data) > bytes_max:
        sys.exit(f"{name} would have {len(data)} bytes, more than {bytes_max}. Nothing more was written.")
    (OUT / name).write_bytes(data)
    print(f"{name}: {len(lines)} lines, {len(data)} bytes")


def main():
    tokenizer = reference()
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    # Whole words of the vocabulary's living part; the first 2,000 are placeholders and single characters.
    words = [word for word, at in vocabulary if at >= 2000 and not word.startswith("##")]
    lines = Lines(words, agreed_points(tokenizer)).all()
    encodings = tokenizer.encode_batch(lines)
    ids = [" ".join(base36(number) for number in encoding.ids[1:-1]) for encoding in encodings]
    OUT.mkdir(parents=True, exist_ok=True)
    write("lines.txt", [json.dumps(line) for line in lines], LINES_BYTES_MAX)
    write("ids.txt", ids, IDS_BYTES_MAX)
    print(f"{sum(len(e.ids) - 2 for e in encodings)} pieces")


if __name__ == "__main__":
    main()
