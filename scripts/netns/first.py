"""From a fresh home to a member: by a code, one command on each side, and by an invite, none on the new side."""

import json
import os
import shutil
import statistics
import time

from .device import Device, wait


def keys(line):
    """What a person types for a command line: its letters and the Enter key."""
    return len(line) + 1


def linked(one, other):
    """Both list each other as members, and have a link."""

    def done():
        return (
            other.id_known in one.members()
            and one.id_known in other.members()
            and other.id_known in one.links()
            and one.id_known in other.links()
        )

    return done


def answers(device):
    return lambda: device.search()[:2] == (2, 2)


def pair_of(folder, run, wattle):
    """Two devices in fresh homes, at low priority as all here."""
    place = os.path.join(folder, f"run{run}")
    return Device(1, "attic", place, wattle, quick=False), Device(2, "cellar", place, wattle, quick=False)


def started(device):
    """Starts a fresh home; seconds until its API answers."""
    begun = time.monotonic()
    device.up()
    device.id_known = device.id()
    return time.monotonic() - begun


def by_code(folder, run, wattle):
    attic, cellar = pair_of(folder, run, wattle)
    try:
        times = {"start of a fresh home": max(started(attic), started(cellar))}
        wait("the documents", 60, lambda: attic.search()[2] and cellar.search()[2])
        begun = time.monotonic()
        window = attic.pair()
        times["`wattle pair` until the code is shown"] = time.monotonic() - begun
        typed = time.monotonic()
        said = cellar.join(window.code)
        times["`wattle join` until it says that it is in"] = time.monotonic() - typed
        closed = window.closed()
        assert said.code == 0, f"{said}; {closed}; {attic.log()[-800:]}"
        wait("the link", 60, linked(attic, cellar))
        times["both commands, until both list and link each other"] = time.monotonic() - begun
        wait("the answers", 60, answers(attic))
        times["both commands, until a question is answered by both"] = time.monotonic() - begun
        return times, [keys("wattle pair"), keys(f"wattle join {window.code}")]
    finally:
        attic.close()
        cellar.close()


def by_invite(folder, run, wattle):
    attic, cellar = pair_of(folder, f"{run}i", wattle)
    try:
        started(attic)
        wait("the documents", 60, lambda: attic.search()[2])
        begun = time.monotonic()
        said = attic.cli("invite", "--file", cellar.card)
        times = {"`wattle invite` on the admin": time.monotonic() - begun}
        assert said.code == 0, said
        invite = os.path.join(cellar.card, "wattle", "invite.toml")
        assert os.path.exists(invite)
        # The board is switched on: what its service runs, and nobody types.
        begun = time.monotonic()
        started(cellar)
        wait("the link", 90, linked(attic, cellar))
        times["the board's first start, until both list and link each other"] = time.monotonic() - begun
        wait("the end of the invite", 30, lambda: not os.path.exists(invite))
        wait("the answers", 60, answers(attic))
        times["the board's first start, until a question is answered by both"] = time.monotonic() - begun
        return times, [keys("wattle invite --file /media/you/bootfs"), 0]
    finally:
        attic.close()
        cellar.close()


def told(way, runs):
    """A line for each time: its median and the longest."""
    typed = runs[0][1]
    print(f"\n{way}, {len(runs)} runs: {typed[0]} keystrokes on the admin, {typed[1]} on the new device")
    for name in runs[0][0]:
        of = [times[name] for times, _ in runs]
        print(f"  {statistics.median(of):6.2f} s  longest {max(of):6.2f} s  {name}", flush=True)


def run(options, folder):
    for way, measure in (("by a code, found by multicast", by_code), ("by an invite on the card", by_invite)):
        runs = []
        for number in range(options.runs):
            runs.append(measure(folder, number, options.wattle))
            shutil.rmtree(os.path.join(folder, f"run{number}"), ignore_errors=True)
            print(
                json.dumps({"way": way, "run": number + 1, **{k: round(v, 2) for k, v in runs[-1][0].items()}}),
                flush=True,
            )
        told(way, runs)
    return True
