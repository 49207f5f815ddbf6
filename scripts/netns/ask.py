"""How long questions take while every core of every agent has bulk work, and without: in turns, with the same agents."""

import http.client
import json
import random
import sys
import time
from pathlib import Path

from .device import wait
from .home import CORPUS, Home, sums, texts, write
from .quota import cpu_seconds, prefer

OWN = 300  # documents of each helper
BULK = 3_000  # documents of each agent that wait to be embedded, of so many passages each
BULK_PASSAGES = 5
PASSAGE_TEXTS = 4  # texts of some 43 word pieces: real passages have about 200, and of shorter ones a fast processor has none left too soon
ROUND = 25
WARM_S = 3


class Asker:
    """One connection, kept alive, on which questions are asked one after the other."""

    def __init__(self, device, rng):
        with CORPUS.with_name("queries.jsonl").open(encoding="utf-8") as lines:
            self.queries = [json.loads(line)["text"] for line in lines]
        self.device, self.rng, self.words = device, rng, " ".join(texts(200)).split()
        self.connection = device.connected(60)

    def ask(self):
        """Milliseconds, and whether all devices answered."""
        if self.connection.sock is None:
            self.connection = self.device.connected(60)
        query = f"{self.rng.choice(self.queries)} {self.rng.choice(self.words)} {self.rng.choice(self.words)}"
        begun = time.monotonic()
        try:
            said = self.device.told(self.connection, "POST", "/v1/search", json.dumps({"query": query, "k": 5}))
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = self.device.connected(60)
            return None
        took = 1000 * (time.monotonic() - begun)
        coverage = (said or {"coverage": {"answered": 0, "asked": 1}})["coverage"]
        return took, coverage["answered"] == coverage["asked"]


class Bench:
    def __init__(self, count, options):
        self.rng = random.Random(options.seed)
        self.home = Home(count, options)
        self.devices = self.home.devices
        for n, device in enumerate(self.devices[1:]):
            write(device.docs, OWN, 4_000 + n * OWN)
        for device in self.devices:
            device.cli("add", device.docs)
        for device in self.devices:
            wait(f"the documents of {device.name}", 600, lambda d=device: self.is_ready(d))
        self.bulk(False)
        for device in self.devices:
            prefer(device.procs, options.weight)
        for n, device in enumerate(self.devices):
            self.add_bulk(n, device)
        self.asker = Asker(self.home.owner, self.rng)
        self.waits()

    @staticmethod
    def is_ready(device):
        status = device.get("/v1/status", 30)
        return status and not status["scanning"] and status["vectors"] == status["chunks"] > 0

    def add_bulk(self, number, device):
        """Work for hours, of this device's own ring: each has its own."""
        folder, all_texts, rng = Path(device.place, "bulk"), texts(11_000), random.Random(number)
        folder.mkdir()
        for at in range(BULK):
            parts = (" ".join(rng.choice(all_texts) for _ in range(PASSAGE_TEXTS)) for _ in range(BULK_PASSAGES))
            text = "\n\n".join(f"# Part {at_part}\n\n{part} {rng.random()}" for at_part, part in enumerate(parts))
            (folder / f"{at}.md").write_text(text, encoding="utf-8")
        device.cli("add", str(folder), "--collection", "bulk", "--ring", "private")

    def waits(self):
        """The bulk work is read, and waits."""
        for device in self.devices:
            wait(f"the bulk of {device.name}", 900, lambda d=device: self.is_read(d))

    @staticmethod
    def is_read(device):
        status = device.get("/v1/status", 30)
        return status and not status["scanning"] and status["files"]["chunked"] >= BULK

    @staticmethod
    def is_done(device):
        status = device.get("/v1/status", 30)
        return status and status["vectors"] == status["chunks"]

    def bulk(self, on):
        for device in self.devices:
            device.cli(*(("work", "now", "4h") if on else ("pause",)))

    def embedded(self):
        return [device.embedded() for device in self.devices]

    def task_ms(self):
        """How long a task of bulk work is on the first device, by the CPU time of a passage, and how many passages it embeds."""
        owner = self.home.owner
        self.bulk(True)
        time.sleep(WARM_S)
        chunks, cpu, end, sizes = owner.embedded(), cpu_seconds(owner.agent.pid), time.monotonic() + 15, []
        while time.monotonic() < end or not sizes:
            running = (self.home.tasks() or {"running": []})["running"]
            sizes += [task["passages"] for task in running if task["passages"]]
            time.sleep(0.1)
        chunks, cpu = owner.embedded() - chunks, cpu_seconds(owner.agent.pid) - cpu
        size = sum(sizes) / len(sizes)
        return 1000 * cpu / max(1, chunks) * size, size

    def turns(self, questions, gap):
        """Rounds of questions with bulk work and without, in turns; the times of each, and what was embedded meanwhile."""
        times, made, passed, missing = {True: [], False: []}, {True: 0, False: 0}, {True: 0.0, False: 0.0}, 0
        order = [False, True]
        while min(map(len, times.values())) < questions:
            for on in order:
                self.bulk(on)
                time.sleep(WARM_S)
                before, begun = self.embedded(), time.monotonic()
                for _ in range(ROUND):
                    time.sleep(self.rng.uniform(*gap))
                    took = self.asker.ask()
                    if took:
                        times[on].append(took[0])
                        missing += not took[1]
                if on and any(self.is_done(device) for device in self.devices):
                    sys.exit("A device has no bulk work left: raise BULK_PASSAGES, or ask fewer --questions.")
                made[on] += sum(after - was for after, was in zip(self.embedded(), before))
                passed[on] += time.monotonic() - begun
            order.reverse()
        return times, {on: made[on] / passed[on] for on in made}, missing


def quantile(times, part):
    times = sorted(times)
    return times[min(len(times) - 1, int(part * len(times)))]


def run(options):
    wrong = 0
    for count in map(int, options.agents.split(",")):
        bench = Bench(count, options)
        try:
            wrong += not shown(bench, count, options)
            for device in bench.devices:
                sums(device)
        finally:
            bench.home.close()
    sys.exit(1 if wrong else 0)


def shown(bench, count, options):
    task, passages = bench.task_ms()
    print(f"{count} agents, share {options.share:g}: a task of bulk work takes {task:.0f} ms of CPU, for {passages:.1f} passages", flush=True)
    good = True
    for name in options.paces.split(","):
        gap = {"quick": (0, 0), "paced": (2.0, 2.6)}[name]
        times, rates, missing = bench.turns(options.questions, gap)
        p50, p95 = ({on: quantile(times[on], part) for on in times} for part in (0.5, 0.95))
        bound = max(1.15 * p95[False], p95[False] + task)
        fits = p95[True] <= bound
        good &= fits
        print(
            f"  {name}, {len(times[False])} and {len(times[True])} questions: without bulk p50 {p50[False]:.1f}, p95 {p95[False]:.1f} ms; with it "
            f"p50 {p50[True]:.1f}, p95 {p95[True]:.1f} ms ({p95[True] / p95[False]:.2f} times, +{p95[True] - p95[False]:.1f} ms): "
            f"{'within' if fits else 'NOT within'} {bound:.1f}; embedded meanwhile {rates[False]:.1f} and {rates[True]:.1f} a second; "
            f"not answered by all: {missing}",
            flush=True,
        )
    return good
