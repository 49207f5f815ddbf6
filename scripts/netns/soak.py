"""Four real agents for an hour of kills, naps, lost packets and edits: ledgers that add up, memory and open files that stay flat."""

import heapq
import json
import os
import random
import signal
import statistics
import sys
import time

from .device import Failed, wait
from .edits import Folder
from .home import Home, sums
from .loss import lose, lose_no_more, one_frame_each
from .quota import allow

OTHERS = 150  # documents of each helper
LOSS = 0.05
SEEN_S = 10  # by then the last edit is seen
START_S = 180  # what an agent needs after a start does not count
FLAT = 1.1  # of memory, the last third of a life to the first
FILES_MORE = 8  # and so many open files


def resident(pid):
    """VmRSS and RssAnon in MiB, and the open files of a process."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as lines:
        fields = dict(line.split(":", 1) for line in lines)
    mib = [int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon")]
    return [*mib, len(os.listdir(f"/proc/{pid}/fd"))]


class Soak:
    def __init__(self, options):
        self.rng = random.Random(options.seed)
        self.home = Home(4, options)
        self.owner, self.helpers = self.home.owner, self.home.devices[1:]
        self.folders = {}
        for n, device in enumerate(self.home.devices):
            count = OTHERS if n else options.documents
            self.folders[device] = Folder(device.docs, self.rng, count, n * 2_000)
        self.asleep, self.unchecked, self.lives = set(), set(), []
        self.counted = dict.fromkeys(("kills", "naps", "checks", "wrong", "asked", "not_by_all", *Folder.KINDS), 0)
        self.begun, self.plan, self.order = time.monotonic(), [], 0
        self.end = 60 * options.minutes

    def now(self):
        return time.monotonic() - self.begun

    def at(self, seconds, act, *of):
        self.order += 1
        heapq.heappush(self.plan, (seconds, self.order, act, of))

    # What happens.

    def edit(self):
        device = self.rng.choices(self.home.devices, (6, 1, 1, 1))[0]
        for kind, count in self.folders[device].edit(self.rng.choice((5, 40, 150, 500))).items():
            self.counted[kind] += count
        self.at(self.now() + self.rng.uniform(5, 15), self.edit)

    def nap(self):
        device = self.rng.choice(self.home.devices)
        if device.is_up() and device not in self.asleep:
            device.agent.send_signal(signal.SIGSTOP)
            self.asleep.add(device)
            self.counted["naps"] += 1
            self.at(self.now() + self.rng.uniform(10, 90), self.wake, device)
        self.at(self.now() + self.rng.uniform(30, 90), self.nap)

    def wake(self, device):
        if device in self.asleep:
            device.agent.send_signal(signal.SIGCONT)
            self.asleep.discard(device)

    def kill(self, device):
        if device.is_up():
            self.wake(device)
            device.end(signal.SIGKILL)
            self.counted["kills"] += 1
            self.at(self.now() + self.rng.uniform(3, 60), self.start, device)

    def kill_one(self):
        # The last one lives through the hour, and so does the owner after its second kill: a leak needs time.
        self.kill(self.rng.choice(self.helpers[:2]))
        self.at(self.now() + self.rng.uniform(120, 360), self.kill_one)

    def start(self, device):
        device.up()
        self.lives.append((device, []))

    # What must hold.

    def minute(self):
        self.unchecked = {device for device in self.home.devices if device.is_up()}
        self.check()
        for device, samples in self.lives:
            # A life ends where the next one begins: the last entry of a device is the one that runs.
            if device.is_up() and samples is self.life(device):
                samples.append(resident(device.agent.pid))
        self.tell()
        self.at(self.now() + 60, self.minute)

    def life(self, device):
        return [samples for of, samples in self.lives if of is device][-1]

    def check(self):
        """Those that are awake; the others once they are."""
        for device in sorted(self.unchecked - self.asleep, key=lambda device: device.number):
            self.unchecked.discard(device)
            if not device.is_up():
                continue
            try:
                sums(device)
                self.counted["checks"] += 1
            except Failed as failed:
                self.counted["wrong"] += 1
                print(f"WRONG at {self.now():.0f} s: {failed}", flush=True)
        if self.unchecked:
            self.at(self.now() + 5, self.check)

    def tell(self):
        owner = self.home.tasks() if self.owner not in self.asleep and self.owner.is_up() else None
        said = {"at_s": round(self.now()), **self.counted}
        if owner:
            said |= {"passages": owner["passages"], "again": owner["again"]}
        now = {device.name: [round(value) for value in self.life(device)[-1]] for device in self.home.devices if device.is_up() and self.life(device)}
        said |= {"MiB, anonymous MiB, files": now, "asleep": sorted(device.name for device in self.asleep)}
        print(json.dumps(said), flush=True)

    # The hour.

    def go(self):
        for device in self.home.devices:
            lose(device.number, LOSS)
            one_frame_each(device.holder.pid)
            self.lives.append((device, []))
            device.cli("add", device.docs)
        for seconds, act, *of in (
            (5, self.edit), (30, self.nap), (60, self.minute), (90, self.kill_one),
            (200, self.kill, self.owner), (450, self.kill, self.owner),
        ):
            self.at(seconds, act, *of)
        while self.plan[0][0] < self.end:
            seconds, _, act, of = heapq.heappop(self.plan)
            time.sleep(max(0, seconds - self.now()))
            act(*of)

    def calm(self):
        """No more faults and edits; until every document is embedded. Gives the seconds."""
        begun = self.now()
        for device in self.home.devices:
            self.wake(device)
            if not device.is_up():
                self.start(device)
        time.sleep(SEEN_S)
        for device in self.home.devices:
            wait(f"the last vector of {device.name}", 900, lambda d=device: self.whole(d))
            sums(device)
        return self.now() - begun

    def whole(self, device):
        status = device.get("/v1/status", 30)
        if not status or status["scanning"] or status["files"].get("ready") != len(self.folders[device].known):
            return False
        passages = status["passages"]
        return passages["embedded"] == passages["all"] and status["vectors"] == status["chunks"]

    def find_all(self):
        """Asks for each document by its text and a word of its own, of the last helper: the documents that are not found, and deleted ones that are."""
        missed, ghosts, asker = [], [], self.helpers[-1]
        for device in self.home.devices:
            lose_no_more(device.number)
            allow(device.procs, 1)
        for device, folder in self.folders.items():
            for path, question in folder.known.items():
                if not lies(path, self.found(asker, device, question)):
                    missed.append(f"{device.name}: {path.name}, {question}")
            for path, question in folder.gone[-50:]:
                if lies(path, self.found(asker, device, question)):
                    ghosts.append(f"{device.name}: {path.name}, {question}")
        return missed, ghosts

    def found(self, asker, device, question):
        """The paths of a device that are found; asked again where not all devices have answered in time."""
        for _ in range(5):
            self.counted["asked"] += 1
            said = asker.post("/v1/search", {"query": question, "k": 20}, 30)
            if said and said["coverage"]["answered"] == said["coverage"]["asked"] == len(self.home.devices):
                return [hit["path"] for hit in said["hits"] if hit["device"] == device.name]
            self.counted["not_by_all"] += 1
        return []

    def table(self):
        """Of each device its longest life: medians of the first and the last third. True if they are flat."""
        flat = True
        print(f"{'device':8} {'minutes':>7} {'MiB first':>10} {'last':>7} {'anonymous':>10} {'last':>7} {'files':>6} {'last':>6}")
        for device in self.home.devices:
            life = max((samples for of, samples in self.lives if of is device), key=len)[START_S // 60 :]
            third = max(1, len(life) // 3)
            if not life:
                continue
            first, last = ([statistics.median(column) for column in zip(*part)] for part in (life[:third], life[-third:]))
            print(f"{device.name:8} {len(life):7} {first[0]:10.1f} {last[0]:7.1f} {first[1]:10.1f} {last[1]:7.1f} {first[2]:6.0f} {last[2]:6.0f}", flush=True)
            flat &= last[0] <= FLAT * first[0] and last[2] <= first[2] + FILES_MORE
        return flat


def lies(path, found):
    """Whether the file is among these, of which those of another device begin with the name of its folder."""
    return any(str(path) == one or str(path).endswith("/" + one) for one in found)


def run(options):
    soak, good = Soak(options), False
    try:
        good = verdict(soak)
    finally:
        if not good:
            print(f"The logs are kept: {soak.home.folder}", file=sys.stderr, flush=True)
        soak.home.close(keep=not good)
    sys.exit(0 if good else 1)


def verdict(soak):
    soak.go()
    print(f"calm: every document embedded, all ledgers add up after {soak.calm():.1f} s", flush=True)
    missed, ghosts = soak.find_all()
    print(f"asked for {sum(len(folder.known) for folder in soak.folders.values())} documents: not found {len(missed)}: {missed[:20]}; "
          f"deleted ones that are found {len(ghosts)}: {ghosts[:20]}", flush=True)
    flat = soak.table()
    soak.tell()
    panics = sum(device.get("/v1/status", 30)["panics"] for device in soak.home.devices)
    print(f"{'flat' if flat else 'NOT flat'}; panics {panics}; {soak.counted}", flush=True)
    return flat and not (missed or ghosts or panics or soak.counted["wrong"])
