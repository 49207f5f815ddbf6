"""Certificates that a program writes for itself, signed by what it has, and shown as docs/messages.md says."""

import os
import struct

from . import link as libp2p
from .device import PORT
from .link import read_varint, varint
from .rows import seed_of

MEMBER, WORKER, ADMIN = 1, 2, 4
CAUSES = [
    "another mesh",
    "older epoch",
    "removed",
    "chain too long",
    "the issuer is no admin",
    "signature",
    "full",
    "the invite was used",
    "not allowed",
]


def certificate(mesh, holder, caps, serial, epoch, issuer):
    """A certificate in postcard; `issuer` is whoever signs it."""
    signed = b"wattle-certificate-1" + mesh + holder + bytes([caps]) + struct.pack("!QI", serial, epoch) + issuer.public
    return mesh + holder + bytes([caps]) + varint(serial) + varint(epoch) + issuer.public + issuer.sign(signed)


def chain(own, issuer=None):
    """What the handshake carries: a version, the own certificate, and that of its issuer."""
    return b"\1" + own + (b"\1" + issuer if issuer else b"\0")


def cause_in(frame):
    """The cause in a message `trust`, `refused` in postcard, or None."""
    length, at = read_varint(frame)
    kind, at = frame[at : at + length], at + length
    length, at = read_varint(frame, at)
    length, at = read_varint(frame, at + length)
    payload = frame[at : at + length]
    at = 2 + 32 * (payload[1] == 1)
    _, at = read_varint(payload, at)
    _, at = read_varint(payload, at)
    _, at = read_varint(payload, at)
    body = payload[at:]
    return CAUSES[body[2]] if kind == b"trust" and body[:2] == b"\x0b\3" else None


class Shown:
    """Dials and shows a chain in the handshake; notes all messages that come, and how it ends."""

    def __init__(self, device, port, identity, encoded):
        self.causes, self.messages = [], 0
        served = {
            libp2p.IDENTIFY: libp2p.identify_reply(identity, [libp2p.GOSSIP, libp2p.TASK]),
            libp2p.GOSSIP: self.take,
            libp2p.TASK: self.take,
        }
        extensions = {libp2p.START: identity.start, libp2p.CERTIFICATES: encoded}
        try:
            self.link = libp2p.Link.dial(device.address, port, identity, extensions, served)
        except (libp2p.Refused, OSError, ValueError) as why:
            self.link, self.ended = None, str(why)
            return
        try:
            # Whatever it asks for is not read on such a link.
            self.link.open(libp2p.TASK)
            self.took_stream = True
        except libp2p.Refused:
            self.took_stream = False
        self.link.ended.wait(15)
        self.ended = f"the link ended after {self.link.lasted:.1f} s" if self.link.lasted else "the link is still up"

    def take(self, stream):
        while True:
            frame = stream.frame()
            self.messages += 1
            cause = cause_in(frame)
            if cause:
                self.causes.append(cause)


def false_certificates(table):
    """Chains that a program writes with keys that it has, its own, another mesh's and a member's."""
    attic, cellar = table.mesh("attic", "cellar")
    mesh = bytes.fromhex(attic.mesh()["mesh"])
    other_root, own = libp2p.Identity(), libp2p.Identity()
    root = libp2p.Identity(seed_of(attic, "mesh-root"))
    admin, member = (libp2p.Identity(seed_of(device, "identity.key")) for device in (attic, cellar))
    of_admin = certificate(mesh, admin.public, MEMBER | WORKER | ADMIN, 1, 0, root)
    of_member = certificate(mesh, member.public, MEMBER | WORKER, 2, 0, admin)
    second = libp2p.Identity()
    tried = (
        (
            "a certificate of another mesh",
            "a root of its own, and a certificate by it",
            chain(certificate(other_root.public, own.public, 7, 1, 0, other_root)),
            "another mesh",
        ),
        (
            "a forged certificate",
            "names this mesh's root, and signs with its own key",
            chain(certificate(mesh, own.public, 7, 99, 0, Forger(root, own))),
            "signature",
        ),
        (
            "a certificate of another device",
            "a copy of a member's own certificate, shown by another key",
            chain(of_member, of_admin),
            "signature",
        ),
        (
            "a certificate that a member signed",
            "a member with its real key certifies a friend, and shows its own certificate as proof",
            chain(certificate(mesh, own.public, 3, 9, 0, member), of_member),
            "chain too long",
        ),
        (
            "a chain of three",
            "an admin with its real key certifies a further admin, and that one a device",
            chain(certificate(mesh, own.public, 3, 9, 0, second), certificate(mesh, second.public, 7, 8, 0, admin)),
            "chain too long",
        ),
        (
            "an admin that makes an admin",
            "an admin with its real key certifies a further admin, which shows that",
            chain(certificate(mesh, own.public, 7, 8, 0, admin), of_admin),
            "chain too long",
        ),
    )
    before = attic.members()
    for situation, done, encoded, cause in tried:
        shows = libp2p.Identity(own.seed)
        shows.start = os.urandom(8)
        mark = attic.mark()
        shown = Shown(attic, PORT, shows, encoded)
        lines = attic.sentences(mark, "was not taken", "unknown device")
        table.row(
            situation,
            f"a program shows in its handshake: {done}",
            f"refused: {', '.join(sorted(set(shown.causes))) or 'no cause'}; {shown.messages} messages; {shown.ended}",
            " | ".join(lines) or "nothing (told at most once a minute of all strangers together)",
            {
                f"the cause is: {cause}": shown.causes and set(shown.causes) == {cause},
                "the link ends": "ended" in shown.ended,
                "it is not in the list": attic.members() == before,
                "no link of the mesh": own.peer not in attic.links(),
            },
        )
    table.close(attic, cellar)


class Forger:
    """Says that it is one key, and signs with another."""

    def __init__(self, named, signs):
        self.public, self.sign = named.public, signs.sign
