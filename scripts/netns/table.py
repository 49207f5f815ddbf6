"""The table: each way in that is no way in, tried with real agents."""

import json
import os
import shutil
import signal
import threading
import time
import traceback

from . import link as libp2p
from . import space
from .device import PORT, Failed, wait
from .false_certificates import false_certificates
from .relay import relayed
from .rows import Table, seen

GUEST_SECONDS, SLACK = 30, 3


def stranger(table):
    """A program that was never paired speaks the link."""
    (attic,) = table.mesh("attic", "cellar")[:1]
    mark = attic.mark()
    identity = libp2p.Identity()
    guest = libp2p.Link.dial(attic.address, PORT, identity, {libp2p.START: identity.start, libp2p.GUEST: b"\1"})
    stream = guest.open(libp2p.IDENTIFY)
    identified = stream.bytes()
    stream.close()
    refused = []
    for protocol in (libp2p.GOSSIP, libp2p.TASK, libp2p.JSON):
        try:
            guest.open(protocol)
        except libp2p.Refused as why:
            refused.append(str(why))
    time.sleep(1)  # The streams that were refused are over.
    ping = guest.open(libp2p.PING)
    ping.write(bytes(32))
    ponged, held, third = ping.bytes() == bytes(32), [], None
    try:
        for _ in range(4):
            held.append(guest.open(libp2p.PING))
    except libp2p.Refused as why:
        third = str(why)
    guest.ended.wait(GUEST_SECONDS + SLACK + 5)
    lasted = guest.lasted or 999
    # As a member would dial: without a certificate.
    try:
        libp2p.Link.dial(attic.address, PORT, identity, {libp2p.START: identity.start})
        linked = "it is linked"
    except (libp2p.Refused, OSError) as why:
        linked = str(why)
    row = attic.sentences(mark, "unknown device")
    table.row(
        "a stranger: a program of another's that speaks the link",
        "dials as a guest: identify, ping, then asks for the mesh's three protocols, opens streams until one is refused, stays; "
        "dials as a member",
        f"identify {len(identified)} bytes, ping ok; {'; '.join(refused)}; stream {len(held) + 2}: {third}; the connection ends "
        f"after {lasted:.1f} s; as a member: {linked}",
        " | ".join(row) or "nothing",
        {
            "identify and ping are answered": identified and ponged,
            "no protocol of the mesh is taken": len(refused) == 3,
            "two streams at once, no third": len(held) == 1 and third and "reset" in third,
            "gone after 30 s": lasted <= GUEST_SECONDS + SLACK,
            "no link": "closed" in linked or "reset" in linked,
            "the mesh says so": bool(row),
        },
    )


def stranger_agent(table):
    """A Wattle that was never paired, and knows the mesh's PeerIds and addresses."""
    attic, cellar = table.mesh("attic", "cellar")
    thief = table.device("thief")
    mark = attic.mark()
    thief.up(
        "--peer",
        f"/ip4/{attic.address}/tcp/{PORT}/p2p/{attic.id()}",
        "--peer",
        f"/ip4/{cellar.address}/tcp/{PORT}/p2p/{cellar.id()}",
    )
    wait("its documents", 60, lambda: thief.search()[2])
    wait("the mesh's word", 30, lambda: attic.sentences(mark, thief.id()))
    asked, answered, of = thief.search()
    theirs = attic.search()
    peers = thief.get("/v1/network")["peers"]
    why = sorted({str(peer["failed"]) for peer in peers})
    table.row(
        "a stranger: a Wattle that was never paired",
        "wattle up --peer of two devices of the mesh, then wattle search",
        f"asked {asked}, answered {answered}, hits of {of}; links {len(thief.links())}; {'; '.join(why)}",
        f"{seen(attic, mark, thief.id())} | search asks {theirs[0]}, hits of {theirs[2]}",
        {
            "its search finds its own only": of == ["thief"],
            "no link": not thief.links(),
            "the mesh does not ask it": theirs[0] == 2 and "thief" not in theirs[2],
            "the mesh names it": bool(attic.sentences(mark, thief.id())),
        },
    )
    table.close(thief)
    table.close(attic, cellar)


def wrong_code(table):
    attic, thief = table.fresh("attic", "thief")
    window, mark = attic.pair(), attic.mark()
    tries = [thief.join(window.wrong(number), at=attic) for number in range(5)]
    left = window.tries_left()
    right = thief.join(window.code, at=attic)
    ended = window.closed(20)
    table.row(
        "a wrong code, and five tries",
        "wattle join with five wrong codes, then with the right one",
        f"{tries[0]} [5 times {[said.code for said in tries]}] | then: {right}",
        f"window: {ended} | {seen(attic, mark, 'was not let into')}",
        {
            "each wrong code is called wrong": all(said.code == 1 and "code is wrong" in said.text for said in tries),
            "the window is closed": left is None,
            "the right code comes too late": right.code == 1 and "too many tries" in right.text,
            "the admin reads why": ended.code == 1 and "too many wrong tries" in ended.text,
            "no device came in": attic.members() == {attic.id()} and not (thief.mesh() or {}).get("mesh"),
        },
    )
    table.close(attic, thief)


class Expired:
    """A window that is left open for its three minutes, while the other rows run."""

    def __init__(self, table):
        self.shed, self.late = table.fresh("shed", "late")
        self.mark = self.shed.mark()
        self.window = self.shed.pair()

    def __call__(self, table):
        ended = self.window.closed(200)
        said = self.late.join(self.window.code, at=self.shed)
        table.row(
            "an expired code",
            "wattle join with the right code after three minutes",
            str(said),
            f"window: {ended}",
            {
                "the cause is the time": said.code == 1 and "the time of its last code is over" in said.text,
                "the admin reads why": ended.code == 1 and "The time was over" in ended.text,
                "no device came in": self.shed.members() == {self.shed.id()},
            },
        )
        table.close(self.shed, self.late)


def reused_invite(table):
    attic, cellar, thief = table.fresh("attic", "cellar", "thief")
    card = os.path.join(attic.place, "usb")
    os.makedirs(card)
    said = attic.cli("invite", "--file", card)
    invite = os.path.join(card, "wattle", "invite.toml")
    copy = os.path.join(thief.place, "copy.toml")
    shutil.copy(invite, copy)
    first = cellar.cli("join", "--invite", invite)
    mark = attic.mark()
    second = thief.cli("join", "--invite", copy)
    table.row(
        "a reused invite",
        "wattle invite; a first device joins by it, a second one by a copy of its file",
        str(second),
        f"{seen(attic, mark, 'was not let into')}; members: attic and cellar",
        {
            "the first is in": said.code == 0 and first.code == 0 and not os.path.exists(invite),
            "the second reads that it was used": second.code == 1 and "Another device has joined" in second.text,
            "the mesh has two devices": attic.members() == {attic.id(), cellar.id()},
        },
    )
    table.close(attic, cellar, thief)


def invite_across_a_partition(table):
    attic, barn = table.mesh("attic", "barn")
    one, two = table.fresh("one", "two")
    made = attic.cli("mesh", "admin", barn.id())
    wait("the second admin", 60, lambda: any("admin" in m["caps"] for m in barn.mesh()["members"] if m["here"]))
    card = os.path.join(attic.place, "usb")
    os.makedirs(card)
    attic.cli("invite", "--file", card)
    invite = os.path.join(card, "wattle", "invite.toml")
    for device in (one, two):
        shutil.copy(invite, os.path.join(device.place, "copy.toml"))
    time.sleep(2)  # The other admin gets its record over the link.
    for device in (barn, two):
        space.move_port(device.number, "br1")
    marks = [device.mark() for device in (attic, barn)]
    said = [device.cli("join", "--invite", os.path.join(device.place, "copy.toml")) for device in (one, two)]
    for device in (barn, two):
        space.move_port(device.number, "br0")
    healed = time.monotonic()
    ids, everybody = {one.id(), two.id()}, (attic, barn, one, two)

    def agreed():
        lists = [device.members() for device in (attic, barn)]
        out = [device for device in (one, two) if (device.mesh() or {}).get("removed_here")]
        return (
            len(out) == 1 and lists[0] == lists[1] and len(lists[0] & ids) == 1 and out[0].id() not in lists[0] and out
        )

    try:
        (out,) = wait("one of the two", 90, agreed)
        took = time.monotonic() - healed
        stays = two if out is one else one
        same = all(out.id() not in device.members() for device in everybody if device is not out)
        loser = f"{out.name}: {out.cli('mesh').text[:160]}"
    except Failed:
        took, stays, same, loser = -1, None, False, json.dumps([device.mesh() for device in everybody])
    table.row(
        "an invite used on both sides of a partition",
        "two admins know the invite; the network is cut in two, each side lets one device in by it; the cut heals",
        loser,
        f"{took:.1f} s after the cut both admins list {stays and stays.name} and not the other | "
        f"{seen(attic, marks[0], 'was removed', 'invite')}",
        {
            "both came in while it was cut": made.code == 0 and all(of.code == 0 for of in said),
            "one is removed, the same one everywhere": same,
        },
    )
    table.close(*everybody)


def removed(table):
    """A device that is off when it is removed, comes back, starts again, and comes back from a copy of its home."""
    attic, barn, cellar = table.mesh("attic", "barn", "cellar")
    ids = {attic.id(), barn.id(), cellar.id()}
    wait("all three", 60, lambda: all(device.members() == ids for device in (attic, barn, cellar)))
    wait("its address book", 60, lambda: os.path.exists(os.path.join(cellar.home, "peers")))
    cellar.end()
    backup = os.path.join(cellar.place, "backup")
    cellar.copy_home(backup)
    gone = ids - {attic.id(), barn.id()}
    said = attic.cli("remove", *gone)
    rest = ids - gone
    wait("the removal at the other member", 30, lambda: barn.members() == rest)
    for situation, done, prepare in (
        (
            "a removed device comes back",
            "removed while it was off; it starts, wattle search, wattle mesh",
            lambda: None,
        ),
        ("a removed device starts again", "and again", lambda: None),
        (
            "a removed device, its home rolled back",
            "its home is replaced by a copy from before the removal, and it starts",
            lambda: (shutil.rmtree(cellar.home), shutil.copytree(backup, cellar.home)),
        ),
    ):
        cellar.end()
        prepare()
        marks = [device.mark() for device in (attic, barn)]
        cellar.up()
        try:
            wait("the word of its removal", 40, lambda: (cellar.mesh() or {}).get("removed_here"))
            told = True
        except Failed:
            told = False
        wait("its documents", 60, lambda: cellar.search()[2])
        asked, answered, of = cellar.search()
        theirs = attic.search()
        finding = next((what for what in cellar.findings() if "removed" in what), "no finding")
        lines = attic.sentences(marks[0], *gone) + barn.sentences(marks[1], *gone)
        table.row(
            situation,
            done,
            f"asked {asked}, answered {answered}, hits of {of} | {finding}",
            f"remove: {said} | {' | '.join(lines[:2]) or 'nothing'} | search asks {theirs[0]}, hits of {theirs[2]}",
            {
                "it is told of its removal": told,
                "its search finds its own only": of == ["cellar"],
                "no link": not cellar.links(),
                "the mesh does not ask it": "cellar" not in theirs[2] and theirs[0] == 2,
                "it stays out of the list": attic.members() == rest and barn.members() == rest,
            },
        )
    window = attic.pair()
    again = cellar.join(window.code, at=attic)
    window.end()
    table.row(
        "a removed device joins again by a new code",
        "wattle pair, wattle join with the right code",
        str(again),
        f"members {len(attic.members())}",
        {
            "the cause is its removal": again.code == 1 and "was removed from" in again.text,
            "it stays out of the list": attic.members() == rest,
        },
    )
    table.close(attic, barn, cellar)


def hardware_of(device, serial):
    """What `wattle up` is to take for its hardware: a board with this serial number, or one that has none."""
    root = os.path.join(device.place, "hardware")
    os.makedirs(os.path.join(root, "proc", "device-tree"), exist_ok=True)
    if serial:
        with open(os.path.join(root, "proc", "device-tree", "serial-number"), "w", encoding="ascii") as file:
            file.write(serial + "\0")
    return ["--sensors", root]


def clone(table):
    """A card with its key is copied, and both run: on boards with serial numbers, and where no hardware is known."""
    for situation, serials in (
        ("a cloned card in another board", ("10000000aaaa0001", "10000000bbbb0002")),
        ("a cloned card, where no hardware is known", (None, None)),
    ):
        attic, cellar, twin = *table.mesh("attic", "cellar"), table.device("twin")
        cellar.restart(*hardware_of(cellar, serials[0]))
        cellar_id = cellar.id()
        cellar.end()
        cellar.copy_home(twin.home)
        cellar.up(*hardware_of(cellar, serials[0]))
        wait("the first one", 60, lambda: cellar_id in attic.links())
        mark = attic.mark()
        twin.up(*hardware_of(twin, serials[1]))
        new = twin.id() != cellar_id

        def named():
            return attic.sentences(mark, "Two devices use the same key")

        try:
            wait("the word of it", 20 if new else 90, named)
        except Failed:
            pass
        wait("the documents of the copy", 60, lambda: "twin" in twin.search()[2])
        theirs, ours = twin.search(), attic.search()
        finding = [what for what in attic.findings() if "same key" in what]
        try:
            own = wait("its own finding", 5 if new else 60, lambda: [what for what in twin.findings() if "key" in what])[0]
        except Failed:
            own = "no finding"
        checks = {
            "the copy gets no answer of the mesh": theirs[2] == ["twin"],
            "the mesh does not ask the copy": "twin" not in ours[2],
        }
        if serials[0]:
            checks |= {
                "the copy has a key of its own": new,
                "it is in no list": twin.id() not in attic.members(),
                "the first one goes on": cellar_id in attic.links() and ours[2] == ["attic", "cellar"],
            }
        else:
            checks |= {"both are named": bool(named() and finding), "the copy says so itself": "key" in own}
        table.row(
            situation,
            "the home of a stopped member is copied to another device; both run",
            f"{'a key of its own' if new else 'the same key'}; search: asked {theirs[0]}, answered {theirs[1]}, hits of {theirs[2]} | {own}",
            f"{(finding or named() or ['nothing to tell: it is a new device'])[0]} | search: hits of {ours[2]}",
            checks,
        )
        table.close(attic, cellar, twin)


def other_mesh(table):
    """Real devices of two meshes, one of which knows the other's PeerId and address."""
    (attic,) = table.mesh("attic", "cellar")[:1]
    barn, shed = table.mesh("barn", "shed")
    mark = attic.mark()
    shed.restart("--peer", f"/ip4/{attic.address}/tcp/{PORT}/p2p/{attic.id()}")
    wait("its documents", 60, lambda: "shed" in shed.search()[2])
    time.sleep(6)
    window = attic.pair()
    said = shed.join(window.code, at=attic)
    window.end()
    lines = attic.sentences(mark, shed.id())
    asked, _, of = shed.search()
    table.row(
        "a device of another mesh",
        "wattle up --peer of a device of this mesh; then wattle join with the right code",
        f"links {len(shed.links() - {barn.id()})} there; search: asked {asked}, hits of {of} | {said}",
        " | ".join(lines) or "nothing: a device of a mesh dials those of its own mesh only",
        {
            "no link": attic.id() not in shed.links(),
            "its search finds its own mesh only": "attic" not in of,
            "the cause is the other mesh": said.code == 1 and "mesh" in said.text,
            "it stays out of the list": shed.id() not in attic.members(),
        },
    )
    table.close(barn, shed)


def older_epoch(table):
    """An admin that is lost for good lets a device in that nobody else heard of; meanwhile the others remove two."""
    attic, barn, one, two = table.mesh("attic", "barn", "one", "two")
    (late,) = table.fresh("late")
    attic.cli("mesh", "admin", barn.id())
    wait("the second admin", 60, lambda: any("admin" in m["caps"] for m in barn.mesh()["members"] if m["here"]))
    for device in (attic, late):
        space.move_port(device.number, "br1")
    attic.lets_in(late)
    late_id = late.id()
    attic.end(signal.SIGKILL)
    late.end()
    for device in (one, two):
        barn.cli("remove", device.id())
    space.move_port(late.number, "br0")
    mark = barn.mark()
    late.up()
    wait("its documents", 60, lambda: late.search()[2])
    try:
        lines = wait("the refusal", 60, lambda: barn.sentences(mark, "was not taken"))
    except Failed:
        lines = []
    asked, answered, of = late.search()
    read = late.sentences(0, "does not take this device in")
    table.row(
        "a certificate of an older epoch",
        "an admin that is cut off lets a device in and is lost; the other admin removes two devices meanwhile; the device comes",
        f"asked {asked}, answered {answered}, hits of {of} | {' | '.join(read) or 'no line'}",
        " | ".join(lines) or "nothing",
        {
            "its cause is the epoch": any("before the last removals" in line for line in read + lines),
            "it reads why": bool(read),
            "no link": barn.id() not in late.links(),
            "it stays out of the list": late_id not in barn.members(),
            "its search finds its own only": of == ["late"],
        },
    )
    table.close(attic, barn, one, two, late)


def two_at_once(table):
    attic, one, two = table.fresh("attic", "one", "two")
    window, said = attic.pair(), {}

    def join(device):
        said[device.name] = device.join(window.code, at=attic)

    threads = [threading.Thread(target=join, args=(device,)) for device in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended = window.closed(30)
    wins = [name for name, of in said.items() if of.code == 0]
    loses = next((of for name, of in said.items() if of.code != 0), None)
    table.row(
        "two devices with one code at once",
        "wattle join with the right code on two devices in the same instant",
        str(loses),
        f"window: {ended}",
        {
            "one is in": len(wins) == 1 and len(attic.members()) == 2,
            "the other reads that it was used": loses is not None and "Another device has joined" in loses.text,
        },
    )
    table.close(attic, one, two)


SITUATIONS = {
    "code": wrong_code,
    "stranger": stranger,
    "agent": stranger_agent,
    "invite": reused_invite,
    "partition": invite_across_a_partition,
    "removed": removed,
    "clone": clone,
    "relay": relayed,
    "certificates": false_certificates,
    "mesh": other_mesh,
    "epoch": older_epoch,
    "two": two_at_once,
}


def run(options, folder):
    wanted = options.only.split(",") if options.only else [*SITUATIONS, "expired"]
    unknown = set(wanted) - {*SITUATIONS, "expired"}
    if unknown:
        raise SystemExit(
            f"There is no situation {', '.join(sorted(unknown))}; there are {', '.join(SITUATIONS)}, expired."
        )
    table, good = Table(options, folder), True
    try:
        expired = Expired(table) if "expired" in wanted else None
        kept = len(table.devices)
        steps = [(name, SITUATIONS[name]) for name in wanted if name != "expired"]
        for name, step in [*steps, *([("expired", expired)] if expired else [])]:
            begun = time.monotonic()
            try:
                step(table)
            except Exception:  # The other rows are wanted all the same.
                good = False
                print(f"\nWRONG {name}\n{traceback.format_exc()}", flush=True)
            table.close(*table.devices[kept if name != "expired" else 0 :])
            print(f"      ({name}: {time.monotonic() - begun:.0f} s)", flush=True)
    finally:
        table.close(*list(table.devices))
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in table.rows)
    wrong = sum("WRONG" in row["verdict"] for row in table.rows)
    print(f"\n{len(table.rows)} rows, {wrong} wrong")
    return good and not wrong
