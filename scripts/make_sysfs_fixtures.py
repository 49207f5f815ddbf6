#!/usr/bin/env python3
"""Packs trees of sensor files into tests/fixtures/sysfs, one file a tree: path, a tab, the content as a JSON string
or !ERRNO for a read that must fail. Overlays become files of their own, with "+" in the name.

    scripts/make_sysfs_fixtures.py FOLDER

FOLDER holds one tree for each board, as collected from real devices; it is not part of the repository.
"""

import json
import pathlib
import shutil
import sys

ROOT = pathlib.Path(sys.argv[1])
OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/fixtures/sysfs"
NOTES = {"META.tsv", "MODES.tsv", "ERRNO.tsv", "EXPECT.txt", "EXPECT.tsv", "SOURCES.md", ".keep"}


def rows(table, column):
    if not table.exists():
        return {}
    lines = table.read_text().splitlines()[1:]
    return {line.split("\t")[0]: column(line.split("\t")) for line in lines if line.strip()}


def pack(name, root, notes):
    files = {}
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).parts
        if path.is_file() and path.name not in NOTES and "overlays" not in inside:
            files["/".join(inside)] = json.dumps(path.read_bytes().decode(), ensure_ascii=False)
    # Files that only root reads, and reads that fail.
    files |= {path: "!EACCES" for path in rows(notes / "MODES.tsv", lambda row: row[1])} if root == notes else {}
    files |= {path: "!" + errno for path, errno in rows(notes / "ERRNO.tsv", lambda row: row[1]).items()} if root == notes else {}
    (OUT / f"{name}.tree").write_text("".join(f"{path}\t{text}\n" for path, text in sorted(files.items())))


OUT.mkdir(parents=True, exist_ok=True)
for tree in sorted(path for path in ROOT.iterdir() if path.is_dir()):
    pack(tree.name, tree, tree)
    for overlay in sorted((tree / "overlays").glob("*")):
        pack(f"{tree.name}+{overlay.name}", overlay, tree)
for note in ("EXPECT.tsv", "SOURCES.md"):
    shutil.copy(ROOT / note, OUT / note)
