"""Pairing in Python, written from docs/messages.md alone: the side that joins, over JSON lines, with the spake2 of PyPI.

    pip install spake2
    python pair.py --check tests/fixtures/pairing/exchange.json    computes a recorded exchange again, byte by byte

`Joiner` knows nothing of sockets: give it the lines that come on a stream of /wattle/pair-json/1, and send those that it
returns. The PeerIds must be those that the Noise handshake proved, or a relay could sit in between unnoticed.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import sys
from pathlib import Path

from spake2 import SPAKE2_A, SPAKE2_B

DOMAIN = b"wattle-pair-1"
ORDER = 2**252 + 27742317777372353535851937790883648493
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Refused(Exception):
    """The exchange has ended without a certificate, and why."""


def canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def data(encoded: str) -> bytes:
    return base64.b64decode(encoded, validate=True)


def peer_bytes(peer: str) -> bytes:
    """The 38 bytes of a PeerId in base58btc."""
    number = 0
    for letter in peer:
        number = number * 58 + BASE58.index(letter)
    return number.to_bytes(38, "big")


def keyed(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def entropy(random: bytes | None):
    """The package's source of random bytes: the operating system's, or for a test one number that it must choose."""
    if random is None:
        return os.urandom
    scalar = int.from_bytes(random, "little") % ORDER
    return lambda length: scalar.to_bytes(length, "big")


class Transcript:
    """All messages as they were sent."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256(DOMAIN)

    def add(self, line: bytes) -> None:
        self.hash.update(len(line).to_bytes(4, "big") + line)

    def digest(self) -> bytes:
        return self.hash.copy().digest()


class Joiner:
    """The side that joins. `line` is a line without its line feed."""

    def __init__(self, own: str, admin: str, device: str, code: str, random: bytes | None = None) -> None:
        self.own, self.admin, self.device, self.code, self.random = own, admin, device, code, random
        self.transcript = Transcript()
        self.key: bytes | None = None
        self.certificate: bytes | None = None
        self.mesh: bytes | None = None
        self.done = False

    def send(self, message: dict) -> bytes:
        line = canonical(message)
        self.transcript.add(line)
        return line

    def begin(self) -> list[bytes]:
        return [self.send({"begin": {"device": self.device, "v": 1, "way": "code"}})]

    def received(self, line: bytes) -> list[bytes]:
        """Takes a line; returns those to send. `done` is true once the device is in."""
        message = json.loads(line)
        if canonical(message) != line or len(message) != 1:
            raise Refused("not a message in canonical form")
        (kind, body), = message.items()
        if kind == "offer" and self.key is None:
            return self.offered(line, data(body["mesh"]), data(body["share"]))
        if kind == "grant" and self.key is not None and self.certificate is None:
            self.transcript.add(line)
            self.certificate = data(body)
            return []
        if kind == "confirm" and self.key is not None and self.certificate is not None:
            proof = keyed(keyed(self.key, b"wattle-pair-1 admin"), self.transcript.digest())
            if not hmac.compare_digest(proof, data(body)):
                raise Refused("the admin has another key: a wrong code, or somebody in between")
            self.done = True
            return []
        raise Refused(body["cause"] if kind == "refused" else f"{kind} out of turn")

    def offered(self, line: bytes, mesh: bytes, share: bytes) -> list[bytes]:
        self.transcript.add(line)
        self.mesh = mesh
        identities = {
            "idA": DOMAIN + peer_bytes(self.own) + mesh,
            "idB": DOMAIN + peer_bytes(self.admin) + mesh,
        }
        side = SPAKE2_A(self.code.encode(), **identities, entropy_f=entropy(self.random))
        own = side.start()
        self.key = side.finish(b"B" + share)
        lines = [self.send({"share": text(own[1:])})]
        proof = keyed(keyed(self.key, b"wattle-pair-1 joiner"), self.transcript.digest())
        return [*lines, self.send({"confirm": text(proof)})]

    def words(self, words: list[str]) -> str:
        """The three words for people, of BIP-39's list."""
        bits = int.from_bytes(keyed(self.key, b"wattle-pair-1 words")[:8], "big")
        return " ".join(words[bits >> shift & 2047] for shift in (53, 42, 31))


def check(fixture: Path) -> None:
    recorded = json.loads(fixture.read_text())
    lines = [line.encode() for line in recorded["json"]]
    random = bytes.fromhex(recorded["random_joiner"])
    joiner = Joiner(recorded["joiner"], recorded["admin"], "attic", recorded["code"], random)
    sent = joiner.begin()
    for line in (lines[1], lines[4], lines[5]):
        sent += joiner.received(line)
    assert sent == [lines[0], lines[2], lines[3]], sent
    assert joiner.done and joiner.certificate == bytes.fromhex(recorded["certificate"])
    # The admin's share is that of the package's other side, too.
    mesh = bytes.fromhex(recorded["mesh"])
    identities = [DOMAIN + peer_bytes(recorded[side]) + mesh for side in ("joiner", "admin")]
    admin = SPAKE2_B(
        recorded["code"].encode(),
        idA=identities[0],
        idB=identities[1],
        entropy_f=entropy(bytes.fromhex(recorded["random_admin"])),
    )
    assert text(admin.start()[1:]) == json.loads(lines[1])["offer"]["share"]
    assert admin.finish(b"A" + data(json.loads(lines[2])["share"])) == joiner.key
    words = Path(__file__).resolve().parents[2] / "src/wire/pairing/words.txt"
    assert joiner.words(words.read_text().split()) == recorded["words"]
    print("the recorded exchange is computed again, byte by byte:", recorded["words"])


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", type=Path, required=True, metavar="FIXTURE")
    check(arguments.parse_args().check)
    return 0


if __name__ == "__main__":
    sys.exit(main())
