"""A small agent in Python, written from docs/messages.md alone. It links with one wattle agent, says hello, answers
pings (py-libp2p does), test messages and questions (it has no documents, so: nothing found).

    python agent.py --home DIR --id                    prints its PeerId; tell it to the wattle agent by --peer
    python agent.py --home DIR MULTIADDR [--echo TEXT]  MULTIADDR ends in /p2p/ and the wattle agent's PeerId
"""

import argparse
import base64
import hashlib
import json
import os
import secrets
import struct
import sys
from pathlib import Path

import multiaddr
import trio
from libp2p import new_host
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.peer.id import ID
from libp2p.peer.peerinfo import info_from_p2p_addr

PROTOCOL = "/wattle/json/1"
LINE_MAX = 1024 * 1024
NUMBER_MAX = 2**53 - 1
WINDOW = 1024
FIELDS = {"payload", "sender_id", "signature", "task_id", "type"}


class BadMessage(Exception):
    """A message that is not taken, and why."""


def say(*words: object) -> None:
    print(*words, flush=True)


def canonical(value: object) -> bytes:
    """RFC 8785, for values without floats whose keys are ASCII."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def number(value: int) -> int | str:
    """As it stands in a message: what a double cannot hold is a string of digits."""
    return value if value <= NUMBER_MAX else str(value)


def signed_bytes(kind: str, task_id: bytes, sender: bytes, payload: bytes) -> bytes:
    fields = (kind.encode(), task_id, sender)
    framed = b"".join(struct.pack(">I", len(field)) + field for field in fields)
    return b"wattle-msg-1" + framed + hashlib.sha256(payload).digest()


class Sealer:
    """Counts and signs this agent's messages."""

    def __init__(self, home: Path) -> None:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = home / "key"
        if not key.exists():
            with open(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(32))
        self.keys = create_new_key_pair(seed=key.read_bytes())
        self.sender = ID.from_pubkey(self.keys.public_key)
        self.home, self.boot, self.seq = home, 0, 0

    def start(self) -> None:
        """Counts this start, on the disk, before the first message leaves."""
        path, new = self.home / "boot", self.home / "boot.new"
        self.boot = int(path.read_text()) + 1 if path.exists() else 1
        with open(new, "w") as file:
            file.write(str(self.boot))
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)

    def seal(self, kind: str, body: dict, task_id: bytes = b"") -> bytes:
        self.seq += 1
        payload = {"body": body, "boot": self.boot, "mesh": None, "seq": number(self.seq), "v": 1}
        signed = signed_bytes(kind, task_id, self.sender.to_bytes(), canonical(payload))
        envelope = {
            "payload": payload,
            "sender_id": str(self.sender),
            "signature": base64.b64encode(self.keys.private_key.sign(signed)).decode(),
            "task_id": base64.b64encode(task_id).decode(),
            "type": kind,
        }
        return canonical(envelope)


class Opener:
    """Opens the messages of one sender, each once."""

    def __init__(self, sender: ID) -> None:
        self.sender, self.boot, self.newest, self.taken = sender, 0, 0, set()

    def open(self, line: bytes) -> tuple[str, dict]:
        try:
            envelope = json.loads(line, parse_float=lambda text: [][0], parse_constant=lambda text: [][0])
            if canonical(envelope) != line or set(envelope) != FIELDS:
                raise BadMessage("it has another spelling than the canonical one")
            payload, kind = envelope["payload"], envelope["type"]
            task_id, signature = (base64.b64decode(envelope[name], validate=True) for name in ("task_id", "signature"))
            boot, seq = int(payload["boot"]), int(payload["seq"])
            if payload["boot"] != boot or payload["seq"] != number(seq):
                raise BadMessage("its numbers are spelt otherwise than they should be")
            if payload["v"] != 1:
                raise BadMessage(f"it is of version {payload['v']}")
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise BadMessage(f"it is no message: {error!r}") from error
        if envelope["sender_id"] != str(self.sender):
            raise BadMessage("its sender is not the one at the other end of the link")
        signed = signed_bytes(kind, task_id, self.sender.to_bytes(), canonical(payload))
        if not self.sender.extract_public_key().verify(signed, signature):
            raise BadMessage("it is not signed by its sender")
        self.take(boot, seq)
        return kind, payload["body"]

    def take(self, boot: int, seq: int) -> None:
        if boot > self.boot:
            self.boot, self.newest, self.taken = boot, 0, set()
        if boot < self.boot or seq < 1 or seq + WINDOW <= self.newest or seq in self.taken:
            raise BadMessage("it was here before")
        self.newest = max(self.newest, seq)
        self.taken = {old for old in self.taken if old + WINDOW > self.newest} | {seq}


class Agent:
    """One link, and what is said on it."""

    def __init__(self, sealer: Sealer, host, peer: ID, echo: str | None) -> None:
        self.sealer, self.host, self.peer, self.echo = sealer, host, peer, echo
        self.opener, self.stream, self.turn = Opener(peer), None, trio.Lock()

    async def send(self, kind: str, body: dict) -> None:
        """Each side opens a stream of its own for what it says."""
        async with self.turn:
            if self.stream is None:
                self.stream = await self.host.new_stream(self.peer, [PROTOCOL])
            await self.stream.write(self.sealer.seal(kind, body) + b"\n")

    async def hello(self, ask: bool) -> None:
        await self.send("hello", {"ask": ask, "device": "python", "listen": []})

    async def listen(self, stream) -> None:
        """What the other side says, line by line, until its stream ends."""
        rest = b""
        try:
            while part := await stream.read(65536):
                *lines, rest = (rest + part).split(b"\n")
                if any(not 0 < len(line) < LINE_MAX for line in lines) or len(rest) >= LINE_MAX:
                    return await stream.reset()
                for line in lines:
                    try:
                        await self.hear(*self.opener.open(line))
                    except BadMessage as why:
                        say("a message was not taken:", why)
        except Exception as error:  # the stream or the link is gone; a new stream comes with a new link
            say("a stream ended:", repr(error))

    async def hear(self, kind: str, body: dict) -> None:
        if kind == "hello":
            say("hello from", body["device"])
            if body["ask"]:
                await self.hello(ask=False)
            if self.echo is not None:
                text, self.echo = self.echo, None
                await self.send("echo", {"answer": False, "id": 1, "text": text})
        elif kind == "echo" and body["answer"]:
            say("echo answered:", body["text"])
        elif kind == "echo":
            say("echo asked:", body["text"])
            await self.send("echo", {**body, "answer": True})
        elif kind == "ask":
            nothing = {"hits": [], "holding": [], "length": 0, "passages": 0}
            await self.send("answer", {"device": "python", "found": nothing, "id": body["id"]})


async def run(sealer: Sealer, address: str, echo: str | None) -> None:
    peer = info_from_p2p_addr(multiaddr.Multiaddr(address))
    sealer.start()
    host = new_host(key_pair=sealer.keys)
    async with host.run(listen_addrs=[]):
        agent = Agent(sealer, host, peer.peer_id, echo)
        host.set_stream_handler(PROTOCOL, agent.listen)
        while True:
            try:
                await host.connect(peer)
                say("linked with", peer.peer_id)
                await agent.hello(ask=True)
                while peer.peer_id in host.get_connected_peers():
                    await trio.sleep(1)
            except Exception as error:
                say("no link:", repr(error))
            agent.stream = None
            await trio.sleep(2)


def main() -> None:
    words = argparse.ArgumentParser(description="A small agent in Python.")
    words.add_argument("--home", type=Path, required=True, help="where its key and its count of starts lie")
    words.add_argument("--id", action="store_true", help="print its PeerId and stop")
    words.add_argument("--echo", metavar="TEXT", help="send this as a test message")
    words.add_argument("address", nargs="?", help="the wattle agent, with /p2p/ at its end")
    said = words.parse_args()
    sealer = Sealer(said.home)
    if said.id or said.address is None:
        say(sealer.sender)
        return
    trio.run(run, sealer, said.address, said.echo)


if __name__ == "__main__":
    sys.exit(main())
