"""An owner with one helper: the owner is paused, the helper frozen and its link dropped. The queue waits, says for whom, and goes on."""

import signal
import sys
import time

from . import space
from .device import wait
from .home import Home, sums
from .quota import allow

# What is away in each case, and what comes back, one after the other.
CASES = {
    "paused": ("paused",),
    "frozen": ("frozen",),
    "cut": ("cut",),
    "all": ("paused", "frozen", "cut"),
    "together": ("paused", "frozen", "cut"),
}
WITHIN_S = 10
GIVE_UP_S = 120
SETTLED_S = 30  # by then what was under way has come to its end


class Away:
    def __init__(self, options):
        self.home = Home(2, options)
        self.owner, self.helper = self.home.devices
        self.wrong = []

    def must(self, holds, what):
        if not holds:
            self.wrong.append(what)
            print(f"  WRONG: {what}", flush=True)

    # The three ways of being away.

    def leave(self, way):
        if way == "paused":
            self.must(self.owner.cli("pause").code == 0, "`wattle pause` failed")
        elif way == "frozen":
            self.helper.agent.send_signal(signal.SIGSTOP)
        else:
            space.ip("link", "set", f"port{self.helper.number}", "down")

    def come_back(self, way):
        if way == "paused":
            self.must(self.owner.cli("resume").code == 0, "`wattle resume` failed")
            # The pause ended this, and this machine may be in use.
            self.owner.cli("work", "now", "4h")
        elif way == "frozen":
            self.helper.agent.send_signal(signal.SIGCONT)
        else:
            space.ip("link", "set", f"port{self.helper.number}", "up")

    # Who has embedded how much for the owner.

    def by_helper(self):
        """Its results: on the disk, or waiting for a check."""
        lent = self.home.lent().get(self.helper.name, {"done": 0, "unchecked": 0})
        return lent["done"] + lent["unchecked"]

    def lent_out(self):
        return self.home.lent().get(self.helper.name, {"passages": 0})["passages"]

    def vectors(self):
        return wait("the status", 30, self.home.status)["vectors"]

    def goes_on(self, who, ways):
        """These come back; seconds until each of the devices embeds again: the helper has work, and the next result of each is there."""
        counts = {"the next result of the owner": self.owner.embedded, "the next result of the helper": self.by_helper}
        counts = {name: count for name, count in counts.items() if name.endswith(who)}
        if "helper" in who:
            counts = {"the helper has work": self.lent_out} | counts
        before, since, said = {name: count() for name, count in counts.items()}, time.monotonic(), {}
        for way in ways:
            self.come_back(way)
        while len(said) < len(counts) and time.monotonic() < since + GIVE_UP_S:
            for name, count in counts.items():
                if name not in said and count() > before[name]:
                    said[name] = round(time.monotonic() - since, 1)
            time.sleep(0.05)
        for name in counts:
            self.must(said.get(name, GIVE_UP_S) <= WITHIN_S, f"{name}: after {said.get(name)} s")
        if len(said) < len(counts):
            print(f"  {self.owner.cli('tasks').out}", flush=True)
        return said

    # One case.

    def work(self, documents):
        self.home.begin()
        wait("all files to be read", 900, lambda: (self.home.tasks() or {"to_read": 1})["to_read"] == 0 and self.known(documents))
        wait("results of the helper", 120, lambda: self.by_helper() > 0 and self.lent_out() > 0)

    def known(self, documents):
        status = self.home.status()
        files = status["files"] if status else {}
        return status and not status["scanning"] and files["waiting"] == 0 and files["chunked"] + files["ready"] == documents

    def says(self, ways):
        """What people are told while it waits."""
        tasks, text = self.home.tasks(), " ".join(self.owner.cli("tasks").out.split())
        if "frozen" in ways or "cut" in ways:
            self.must(any(away["device"] == self.helper.name for away in tasks["absent"]), f"the absent are {tasks['absent']}")
            self.must(self.helper.name in text, f"`wattle tasks` does not name {self.helper.name}: {text}")
        if "paused" in ways:
            self.must("paused" in text.lower(), f"`wattle tasks` does not say that it is paused: {text}")
        status = " ".join(self.owner.cli("status").out.split())
        print(f"  tasks: {text}\n  status: {status[:700]}", flush=True)

    def case(self, name, options):
        ways = CASES[name]
        self.work(options.documents)
        left = time.monotonic()
        for way in ways:
            self.leave(way)
        said = {}
        if "frozen" in ways or "cut" in ways:
            wait("the return of what was lent", 60, lambda: self.lent_out() == 0)
            said["leases returned after s"] = round(time.monotonic() - left, 1)
        time.sleep(max(0, left + min(SETTLED_S, options.seconds / 2) - time.monotonic()))
        before = self.vectors()
        self.says(ways)
        time.sleep(max(0, left + 0.8 * options.seconds - time.monotonic()))
        late = self.vectors()
        time.sleep(max(0, left + options.seconds - time.monotonic()))
        if len(ways) == 1:
            # Whoever is still there goes on, to the end.
            passages = self.home.tasks()["passages"]
            goes_on = self.vectors() > late or passages["waiting"] + passages["lent"] == 0
            self.must(goes_on, "the one that is there embedded nothing any more")
        said["embedded meanwhile"] = self.vectors() - before
        if len(ways) > 1:
            self.must(said["embedded meanwhile"] == 0, f"{said['embedded meanwhile']} were embedded while nobody was there")
        said |= self.returns(name, ways)
        passages = self.home.tasks()["passages"]
        said["waiting then"] = passages["waiting"] + passages["lent"]
        return said

    def returns(self, name, ways):
        """Back again: the helper first, while its owner is still paused; in `together` all at once."""
        helpers = tuple(way for way in ways if way != "paused")
        if name == "together":
            return self.goes_on(("owner", "helper"), (*helpers, "paused"))
        said = self.goes_on(("helper",), helpers) if helpers else {}
        return said | (self.goes_on(("owner",), ("paused",)) if "paused" in ways else {})

    def ends(self, options):
        """With a whole core each, to the end: all is there once."""
        for device in self.home.devices:
            allow(device.procs, 1)
        wait("the last vector", options.limit, lambda: self.home.done(options.documents))
        sums(self.helper)
        return {"stored": self.home.check(options.documents), "again": self.home.tasks()["again"]}


def run(options):
    wrong = []
    for name in options.cases.split(","):
        away = Away(options)
        try:
            print(f"{name}, {options.seconds} s:", flush=True)
            said = away.case(name, options)
            print(f"  {said}", flush=True)
            print(f"  {away.ends(options)}", flush=True)
            wrong += away.wrong
        finally:
            away.home.close()
    sys.exit(1 if wrong else 0)
