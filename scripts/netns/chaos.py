"""Chaos: agents join, are removed, leave, are killed, stopped and cut off, all at random from a seed.

What is done is a job: a generator that gives up its turn while it waits, so that commands, kills and cuts overlap. A calm
begins when the commands have ended, the network is whole and every agent was started again. From then on the agents that
are in the mesh have 30 s until `wattle mesh --json` says the same on all of them. What was acknowledged before must hold:
whoever was removed is in no list.
"""

import collections
import hashlib
import json
import os
import random
import signal
import subprocess
import time

from . import space
from .device import PORT, Device, wait

CALM = 30
ADMINS_EVER = 10  # of 16: beyond, a round appoints two more at most, and the rest are for recoveries
WEATHER = ("kills", "naps", "cuts", "unplugs")  # jobs that are no commands: a calm ends them
WORDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../src/wire/pairing/words.txt")


def short(peer):
    return peer[-6:]


def phrase_of(seed):
    """The recovery phrase of a root: 24 words of BIP-39."""
    with open(WORDS, encoding="ascii") as file:
        words = file.read().split()
    bits = int.from_bytes(seed + hashlib.sha256(seed).digest()[:1], "big")
    return " ".join(words[bits >> 11 * (23 - at) & 2047] for at in range(24))


class View:
    """What one agent says of the mesh."""

    def __init__(self, report):
        report = report or {}
        self.answers = bool(report)
        self.mesh, self.id = report.get("mesh"), report.get("peer_id")
        self.removed_here = report.get("removed_here", False)
        self.members = tuple(
            sorted((m["peer_id"], "+".join(m["caps"])) for m in report.get("members", []) if m["caps"])
        )
        self.caps = dict(self.members).get(self.id)
        self.counts = tuple(report.get(name) for name in ("removed", "epoch", "next_serial"))
        self.is_in = bool(self.mesh and self.caps and not self.removed_here)
        self.is_admin = self.is_in and "admin" in self.caps
        self.is_out = self.answers and not self.mesh

    def table(self):
        return self.mesh, self.members, self.counts


class Chaos:
    def __init__(self, options, folder):
        self.random, self.seed = random.Random(options.seed), options.seed
        self.folder, self.begun = folder, time.monotonic()
        self.diary = open(os.path.join(folder, "diary"), "w", encoding="utf-8")
        self.devices = [Device(n + 1, f"d{n + 1}", folder, options.wattle) for n in range(options.agents)]
        self.jobs, self.starts, self.busy = [], {}, set()
        self.cut, self.stopped, self.files = set(), set(), 0
        # By PeerId: who removed it, and who let it in. What a calm has shown to hold once must hold for ever.
        self.removals, self.removed, self.joined, self.counts = {}, set(), {}, collections.Counter()
        self.excused, self.phrase, self.admins = False, None, set()
        # PeerIds whose device has left: what only they knew is gone with them, also where nobody has removed them yet.
        self.left = set()
        # Those that nobody lists, and where each agent's log began when it was started.
        self.orphans, self.marks = set(), {}

    def tell(self, what):
        print(f"{time.monotonic() - self.begun:8.2f}  {what}", file=self.diary, flush=True)

    # Agents.

    def start(self, device):
        self.starts.pop(device, None)
        if not device.is_up():
            self.marks[device] = device.mark()
            device.up(wait_for=False, docs=False)
            self.tell(f"{device.name} starts")

    def step(self):
        """Lets every job go on, and starts what is due."""
        now = time.monotonic()
        for device, at in list(self.starts.items()):
            if at <= now:
                self.start(device)
        for device in self.devices:
            # It ended by itself: it has left, or a command of before ended it.
            if not device.is_up() and device not in self.starts:
                self.starts[device] = now + self.random.uniform(0.2, 3)
        for job in list(self.jobs):
            try:
                next(job)
            except StopIteration:
                self.jobs.remove(job)
        time.sleep(0.05)

    @staticmethod
    def sleep(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            yield

    def command(self, device, *words, typed=None):
        """Runs a command; its exit code and its words. Its output goes to files, so that nobody waits for a pipe."""
        self.files += 1
        names = [os.path.join(self.folder, f"said{self.files}.{end}") for end in ("out", "err")]
        with open(names[0], "wb") as out, open(names[1], "wb") as err:
            process = subprocess.Popen(
                device.inside(device.wattle, "--home", device.home, *words),
                stdout=out,
                stderr=err,
                stdin=subprocess.PIPE,
                preexec_fn=space.die_with_parent,
            )
        process.stdin.write((typed or "").encode())
        process.stdin.close()
        return process, names

    @staticmethod
    def read(names):
        texts = []
        for name in names:
            with open(name, encoding="utf-8", errors="replace") as file:
                texts.append(file.read())
        return texts

    def ended(self, process, names, seconds=75):
        """Waits for the end of a command. One that is too late is killed."""
        end = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < end:
            yield
        if process.poll() is None:
            process.kill()
        process.wait()
        out, err = self.read(names)
        for name in names:
            os.remove(name)
        return process.returncode, out, " ".join((err or out).split())

    def done(self, device, *words, typed=None):
        process, names = self.command(device, *words, typed=typed)
        code, out, said = yield from self.ended(process, names)
        self.tell(f"{device.name} {' '.join(words[:3])}: exit {code}: {said[:200]}")
        return code, out

    # Jobs.

    def pairs(self, admin, joiner, with_address):
        process, names = self.command(admin, "pair", "--json")
        end = time.monotonic() + 10
        while not self.read(names[:1])[0].endswith("\n") and process.poll() is None and time.monotonic() < end:
            yield
        opened = self.read(names[:1])[0].split("\n")[0]
        if opened:
            code = json.loads(opened)["window"]["code"].replace(" ", "")
            at = ["--at", f"{admin.address}:{PORT}"] if with_address else []
            identity = joiner.get_id()
            ended, _ = yield from self.done(joiner, "join", code, *at)
            if ended == 0:
                self.counts["joined"] += 1
                self.joined[identity] = admin.name
            yield from self.sleep(1.5 if ended == 0 else 0)
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        code, _, said = yield from self.ended(process, names, 20)
        self.tell(f"{admin.name} pair: exit {code}: {said[-200:]}")

    def invites(self, admin, joiner, by_card):
        code, _ = yield from self.done(admin, "invite", "--file", joiner.card, "--replace")
        if code != 0:
            return
        if by_card:
            # As a board that is switched on: its next start finds it.
            self.tell(f"{joiner.name} is started with the invite")
            joiner.end()
            self.start(joiner)
            yield from self.sleep(8)
        else:
            identity = joiner.get_id()
            code, _ = yield from self.done(
                joiner, "join", "--invite", os.path.join(joiner.card, "wattle", "invite.toml")
            )
            if code == 0:
                self.counts["joined"] += 1
                self.joined[identity] = admin.name

    def removes(self, admin, peer, is_admin):
        by = admin.get_id()
        code, _ = yield from self.done(admin, "remove", peer)
        if code == 0:
            self.counts["removed"] += 1
            self.removals[peer] = by
            self.excused |= is_admin

    def leaves(self, device, peer):
        self.excused |= View(device.mesh()).is_admin
        code, _ = yield from self.done(device, "leave", "--anyway")
        if code == 0:
            self.orphans.discard(device)
            self.counts["left"] += 1
            self.left.add(peer)
            self.joined.pop(peer, None)

    def appoints(self, admin, peer):
        self.admins.add(peer)
        code, _ = yield from self.done(admin, "mesh", "admin", peer, "--phrase", typed=self.phrase + "\n")
        self.counts["admins"] += code == 0

    def recovers(self, device):
        self.admins.add(device.get_id())
        code, _ = yield from self.done(device, "mesh", "recover", typed=self.phrase + "\n")
        self.counts["recovered"] += code == 0

    def kills(self, device, number, away):
        self.tell(f"{device.name} gets signal {number}")
        self.stopped.discard(device)
        device.agent.send_signal(signal.SIGCONT)
        device.agent.send_signal(number)
        end = time.monotonic() + 20
        while device.is_up() and time.monotonic() < end:
            yield
        self.counts["kills"] += 1
        self.starts[device] = time.monotonic() + away

    def naps(self, device, seconds):
        self.tell(f"{device.name} is stopped for {seconds:.1f} s")
        self.stopped.add(device)
        device.agent.send_signal(signal.SIGSTOP)
        yield from self.sleep(seconds)
        if device in self.stopped and device.is_up():
            device.agent.send_signal(signal.SIGCONT)
        self.stopped.discard(device)
        self.counts["naps"] += 1

    def cuts(self, some, seconds):
        self.tell(f"cut off: {' '.join(device.name for device in some)} for {seconds:.1f} s")
        for device in some:
            space.move_port(device.number, "br1")
        self.cut = set(some)
        self.counts["cuts"] += 1
        yield from self.sleep(seconds)
        self.heal()

    def heal(self):
        for device in self.cut:
            space.move_port(device.number, "br0")
        self.tell("the network is whole")
        self.cut = set()

    def unplugs(self, device, seconds):
        self.tell(f"{device.name} is unplugged for {seconds:.1f} s")
        space.ip("link", "set", f"port{device.number}", "down")
        yield from self.sleep(seconds)
        space.ip("link", "set", f"port{device.number}", "up")
        self.counts["unplugged"] += 1

    # Chance.

    def choose(self):
        """One job by chance, of those that make sense now."""
        chance, kind, number = self.random, self.random.random(), self.random.random()
        up = [device for device in self.devices if device.is_up() and device not in self.stopped]
        if kind < 0.16:
            device = chance.choice(self.devices)
            if device.is_up():
                how = signal.SIGKILL if number < 0.75 else signal.SIGTERM
                return self.kills(device, how, chance.uniform(0.2, 12))
        elif kind < 0.24:
            device = chance.choice(self.devices)
            if device.is_up() and device not in self.stopped:
                return self.naps(device, chance.uniform(1, 9))
        elif kind < 0.32:
            some = chance.sample(self.devices, chance.randint(1, len(self.devices) - 1))
            return None if self.cut else self.cuts(some, chance.uniform(3, 25))
        elif kind < 0.36:
            return self.unplugs(chance.choice(self.devices), chance.uniform(2, 10))
        if not up:
            return None
        views = {device: View(device.mesh()) for device in up}
        admins = [device for device in up if views[device].is_admin and device not in self.orphans]
        members = [device for device in up if views[device].is_in and device not in self.orphans]
        outside = [device for device in up if views[device].is_out]
        lost = [device for device in up if views[device].mesh and (device in self.orphans or not views[device].is_in)]
        if lost and kind < 0.5:
            device = chance.choice(lost)
            return self.leaves(device, views[device].id)
        if not admins:
            # Whoever has the phrase can go on.
            return self.recovers(chance.choice(members or outside)) if (members or outside) and number < 0.3 else None
        admin = chance.choice(admins)
        others = [peer for peer, _ in views[admin].members if peer != views[admin].id]
        is_admin = {peer for peer, caps in views[admin].members if "admin" in caps}
        if outside and kind < 0.72:
            return (self.pairs if number < 0.7 else self.invites)(admin, chance.choice(outside), chance.random() < 0.5)
        if len(others) >= 3 and kind < 0.86:
            peer = chance.choice(others)
            return self.removes(admin, peer, peer in is_admin)
        if len(members) > 3 and kind < 0.91:
            device = chance.choice(members)
            return self.leaves(device, views[device].id)
        if others and len(is_admin) < 3 and len(self.admins) < ADMINS_EVER + 2:
            return self.appoints(admin, chance.choice(others))
        return None

    def wild(self, seconds):
        end, next_at = time.monotonic() + seconds, 0.0
        while time.monotonic() < end:
            if time.monotonic() >= next_at and len(self.jobs) < 4:
                job = self.choose()
                if job is not None:
                    self.jobs.append(job)
                    self.counts["jobs"] += 1
                next_at = time.monotonic() + self.random.expovariate(1 / 1.8)
            self.step()

    def commands(self):
        return [job for job in self.jobs if job.gi_code.co_name not in WEATHER]

    def last_act(self):
        """Just before a calm: the network is cut, devices come and go on each side, and two agents are killed."""
        while self.commands():
            self.step()
        self.quiet()
        some = self.random.sample(self.devices, len(self.devices) // 2)
        self.jobs.append(self.cuts(some, 3600))
        self.step()
        for side in (some, [device for device in self.devices if device not in some]):
            views = {device: View(device.mesh()) for device in side}
            admins = [device for device in side if views[device].is_admin]
            if not admins:
                continue
            admin = self.random.choice(admins)
            outside = [device for device in side if views[device].is_out]
            others = [peer for peer, _ in views[admin].members if peer != views[admin].id]
            if outside:
                self.jobs.append(self.pairs(admin, self.random.choice(outside), True))
            if len(others) > 2:
                peer = self.random.choice(others)
                self.jobs.append(self.removes(admin, peer, "admin" in dict(views[admin].members)[peer]))
        victims = self.random.sample(self.devices, 2)
        for device in victims:
            self.jobs.append(self.kills(device, signal.SIGKILL, 3600))
            for _ in self.sleep(self.random.uniform(0.1, 1.5)):
                self.step()
        while self.commands():
            self.step()
        # Now and then so long that every link across the cut is given up, and dialled ever more rarely.
        if self.random.random() < 0.4:
            for _ in self.sleep(self.random.uniform(40, 100)):
                self.step()

    def quiet(self):
        """The network is whole, and nobody is stopped: what was to last longer ends now."""
        for job in [job for job in self.jobs if job.gi_code.co_name in WEATHER]:
            job.close()
            self.jobs.remove(job)
        self.heal()
        for device in self.devices:
            space.ip("link", "set", f"port{device.number}", "up")
            if device.is_up():
                device.agent.send_signal(signal.SIGCONT)
        self.stopped.clear()

    # Calm.

    def calm(self):
        """Ends everything that is under way; then the time counts."""
        self.last_act()
        self.quiet()
        for device in self.devices:
            self.start(device)
        begun = time.monotonic()
        self.tell("calm")
        while True:
            views = {device: View(device.mesh()) for device in self.devices}
            took = time.monotonic() - begun
            wrong = self.differences(views)
            if not wrong or took > 4 * CALM:
                return took, views, wrong
            # An agent that joins by its card, or has left, may end or begin here.
            for device in self.devices:
                if not device.is_up():
                    self.start(device)
            time.sleep(0.25)

    def differences(self, views):
        """What the agents do not agree about."""
        wrong = [f"{device.name} does not answer" for device, view in views.items() if not view.answers]
        inside = {device: view for device, view in views.items() if view.is_in}
        tables = collections.Counter(view.table() for view in inside.values())
        reference = max(tables, key=lambda table: (tables[table], table[2]), default=(None, (), ()))
        agreed = {view.id for view in inside.values() if view.table() == reference}
        self.orphans = {device for device, view in inside.items() if view.table() != reference}
        for device in self.orphans:
            view = inside[device]
            if view.id in dict(reference[1]):
                wrong.append(f"{device.name} {short(view.id)} has another list")
            elif agreed & set(dict(view.members)) and not device.sentences(
                self.marks[device], "does not take this device in"
            ):
                # Whoever let it in was cut off and is gone. Of those that it knows, one is up, so it is to be told.
                wrong.append(f"{device.name} {short(view.id)} is in no list and was not told why")
        listed = set(dict(reference[1]))
        for device, view in views.items():
            if self.must_be_gone(view.id, listed) and not view.removed_here:
                wrong.append(f"{device.name} {short(view.id)} was removed and has not learned of it")
        return wrong

    def must_be_gone(self, peer, listed):
        """Whether a removal was acknowledged and can be known to all: that of an admin which was cut off, and has left or is
        no longer in the mesh itself, goes with it (docs/security.md)."""
        by = self.removals.get(peer)
        return peer in self.removed or (by in listed and by not in self.left)

    def broken(self, views):
        """What was acknowledged and does not hold."""
        views = {device: view for device, view in views.items() if device not in self.orphans}
        listed = {peer for view in views.values() if view.is_in for peer, _ in view.members}
        wrong = [f"{short(peer)} was removed and is in a list" for peer in listed if self.must_be_gone(peer, listed)]
        self.removed |= set(self.removals) - listed
        out = {view.id for view in views.values() if view.removed_here}
        for peer in set(self.joined) - listed - set(self.removals) - out:
            if not self.excused:
                wrong.append(f"{short(peer)} was let in by {self.joined[peer]} and is in no list")
        self.joined = {peer: by for peer, by in self.joined.items() if peer in listed}
        for device in self.devices:
            if "panicked" in device.log():
                wrong.append(f"{device.name} has panicked")
        self.excused = False
        return wrong

    def show(self, views):
        for device, view in views.items():
            states = {
                "no answer": not view.answers,
                "removed": view.removed_here,
                "alone": device in self.orphans,
                "in": view.is_in,
                "expelled": view.mesh,
            }
            state = next((name for name, holds in states.items() if holds), "out")
            print(
                f"    {device.name} {short(view.id or 'no id'):6} {state:9} removed, epoch, serial {view.counts}: "
                + " ".join(f"{short(peer)}{'*' if 'admin' in caps else ''}" for peer, caps in view.members)
                + " | linked to "
                + " ".join(sorted(short(peer) for peer in device.links())),
                flush=True,
            )

    def begin_again(self):
        """A mesh remembers for ever whom its root has made an admin, 16 at most: before there are so many, all leave and
        make another one."""
        self.tell("all leave, and make another mesh")
        for device in self.devices:
            if device.mesh()["mesh"]:
                device.cli("leave", "--anyway")
                wait("the end of the agent", 30, lambda one=device: not one.is_up())
        self.removals, self.removed, self.joined, self.admins = {}, set(), {}, set()
        self.first_mesh()

    def first_mesh(self):
        """The first device lets all but two in."""
        for device in self.devices:
            self.start(device)
        for device in self.devices:
            device.wait_up()
        first = self.devices[0]
        self.admins.add(first.id())
        for device in self.devices[1 : len(self.devices) - 2]:
            first.lets_in(device)
        with open(os.path.join(first.home, "mesh-root"), encoding="ascii") as file:
            self.phrase = phrase_of(bytes.fromhex(file.read().split()[0]))

    def round(self, number, seconds):
        """One round; whether all is well."""
        self.counts.clear()
        self.wild(seconds)
        took, views, wrong = self.calm()
        wrong += [] if wrong else self.broken(views)
        good = took <= CALM and not wrong
        example = next(
            (view for device, view in views.items() if view.is_in and device not in self.orphans), View(None)
        )
        counts = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items()) if what != "jobs")
        print(
            f"{'ok   ' if good else 'WRONG'} round {number}, {time.monotonic() - self.begun:.0f} s: {self.counts['jobs']} jobs ({counts}); "
            f"agreed after {took:.1f} s: {len(example.members)} members, "
            f"{sum('admin' in caps for _, caps in example.members)} admins ({len(self.admins)} ever), {example.counts[0]} removed; "
            f"load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        if not good:
            print("    " + "; ".join(wrong or [f"agreed only after {took:.1f} s"]))
            self.show(views)
        return good

    def close(self):
        for device in self.devices:
            device.close()
        self.diary.close()


def run(options, folder):
    print(f"{options.agents} agents, {options.seconds} s, seed {options.seed}", flush=True)
    chaos, number, good = Chaos(options, folder), 0, True
    try:
        chaos.first_mesh()
        end = time.monotonic() + options.seconds
        while good and time.monotonic() < end:
            number += 1
            good = chaos.round(number, min(chaos.random.uniform(60, 150), max(end - time.monotonic(), 20)))
            if good and len(chaos.admins) >= ADMINS_EVER:
                chaos.begin_again()
    finally:
        chaos.close()
    print(
        f"{number} rounds in {time.monotonic() - chaos.begun:.0f} s, seed {options.seed}: "
        + ("all agree" if good else "NOT all agree")
    )
    return good
