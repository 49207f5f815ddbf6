"""A home for the work benches: an owner with documents, and helpers, each with a part of a core."""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from .device import Failed, wait
from .quota import Part

CORPUS = Path(__file__).resolve().parents[3] / "shared/data/vaswani-npl/corpus.jsonl"
STATES = ("embedded", "waiting", "lent", "unchecked", "set_aside")


def texts(count):
    with CORPUS.open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for _, line in zip(range(count), lines)]


def write(folder, count, first=0):
    for number, text in enumerate(texts(first + count)[first:]):
        Path(folder, f"{number}.txt").write_text(text, encoding="utf-8")


class Home:
    """An owner with documents, and helpers."""

    def __init__(self, agents, options):
        self.folder = tempfile.mkdtemp(prefix="wattle-work-bench-")
        self.devices = [Part(n + 1, f"d{n + 1}", self.folder, options.wattle, options.share) for n in range(agents)]
        self.owner = self.devices[0]
        for device in self.devices:
            os.remove(os.path.join(device.docs, "note.md"))
        write(self.owner.docs, options.documents)
        for device in self.devices:
            device.up()
        for helper in self.devices[1:]:
            self.owner.lets_in(helper)

    def begin(self):
        said = self.owner.cli("add", self.owner.docs)
        if said.code != 0:
            sys.exit(said.text)

    def tasks(self):
        return self.owner.get("/v1/tasks")

    def lent(self):
        return {lent["device"]: lent for lent in (self.tasks() or {}).get("lent", [])}

    def status(self):
        return self.owner.get("/v1/status")

    def done(self, documents):
        status = self.status()
        whole = status and not status["scanning"] and status["files"]["ready"] == documents
        return status if whole and status["vectors"] == status["chunks"] else None

    def check(self, documents):
        """The store, read whole, adds up, and every chunk of every document has one vector. Gives how many."""
        counted = sums(self.owner)["counted"]
        if counted["files"]["ready"] != documents or not counted["vectors"] == counted["chunks"] >= documents:
            sys.exit(f"the store is not whole: {counted}")
        return counted["vectors"]

    def close(self, keep=False):
        for device in self.devices:
            device.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


def sums(device):
    """The audit of a device, whose ledger adds up: in what it shows, and by its store read whole."""
    status = wait(f"the status of {device.name}", 60, lambda: device.get("/v1/status", 30))
    passages = status["passages"]
    audit = wait(f"the audit of {device.name}", 120, lambda: device.get("/v1/doctor", 60))
    if passages["all"] != sum(passages[state] for state in STATES):
        raise Failed(f"{device.name}: the passages do not add up: {passages}")
    if not audit["clean"]:
        raise Failed(f"{device.name}: the store does not add up: {audit['counted']}, {audit['faults']}")
    return audit
