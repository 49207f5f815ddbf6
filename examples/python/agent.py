"""A small agent in Python, written from docs/messages.md alone. It links with one Wattle agent, sends hello, and replies
to pings (py-libp2p does that), test messages and queries (it has no documents, so it finds nothing).

    python agent.py --home DIR --id                    prints its PeerId, for --peer of the Wattle agent
    python agent.py --home DIR MULTIADDR [--echo TEXT]  MULTIADDR ends with /p2p/ and the Wattle agent's PeerId
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
    """A message that is refused, and why."""


def output(*values: object) -> None:
    print(*values, flush=True)


def canonical(value: object) -> bytes:
    """RFC 8785, for values without floats whose keys are ASCII."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def number(value: int) -> int | str:
    """The JSON form of a number: one that a double cannot hold exactly is a string of digits."""
    return value if value <= NUMBER_MAX else str(value)


def signed_bytes(kind: str, task_id: bytes, sender: bytes, payload: bytes) -> bytes:
    fields = (kind.encode(), task_id, sender)
    framed = b"".join(struct.pack(">I", len(field)) + field for field in fields)
    return b"wattle-msg-1" + framed + hashlib.sha256(payload).digest()


class Signer:
    """Numbers and signs this agent's messages."""

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
        """Counts this start, synced to the disk before the first message is sent."""
        path, new = self.home / "boot", self.home / "boot.new"
        self.boot = int(path.read_text()) + 1 if path.exists() else 1
        with open(new, "w") as file:
            file.write(str(self.boot))
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)

    def sign(self, kind: str, body: dict, task_id: bytes = b"") -> bytes:
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


class Verifier:
    """Verifies the messages of one sender, and accepts each once."""

    def __init__(self, sender: ID) -> None:
        self.sender, self.boot, self.newest, self.accepted = sender, 0, 0, set()

    def verify(self, line: bytes) -> tuple[str, dict]:
        try:
            envelope = json.loads(line, parse_float=lambda text: [][0], parse_constant=lambda text: [][0])
            if canonical(envelope) != line or set(envelope) != FIELDS:
                raise BadMessage("it is not in canonical form")
            payload, kind = envelope["payload"], envelope["type"]
            task_id, signature = (base64.b64decode(envelope[name], validate=True) for name in ("task_id", "signature"))
            boot, seq = int(payload["boot"]), int(payload["seq"])
            if payload["boot"] != boot or payload["seq"] != number(seq):
                raise BadMessage("its numbers are not in canonical form")
            if payload["v"] != 1:
                raise BadMessage(f"it has version {payload['v']}")
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise BadMessage(f"it is not a message: {error!r}") from error
        if envelope["sender_id"] != str(self.sender):
            raise BadMessage("its sender is not the one at the other end of the link")
        signed = signed_bytes(kind, task_id, self.sender.to_bytes(), canonical(payload))
        if not self.sender.extract_public_key().verify(signed, signature):
            raise BadMessage("it is not signed by its sender")
        self.accept(boot, seq)
        return kind, payload["body"]

    def accept(self, boot: int, seq: int) -> None:
        if boot > self.boot:
            self.boot, self.newest, self.accepted = boot, 0, set()
        if boot < self.boot or seq < 1 or seq + WINDOW <= self.newest or seq in self.accepted:
            raise BadMessage("it was received before")
        self.newest = max(self.newest, seq)
        self.accepted = {old for old in self.accepted if old + WINDOW > self.newest} | {seq}


class Agent:
    """One link and its messages."""

    def __init__(self, signer: Signer, host, peer: ID, echo: str | None) -> None:
        self.signer, self.host, self.peer, self.echo = signer, host, peer, echo
        self.verifier, self.stream, self.sending = Verifier(peer), None, trio.Lock()

    async def send(self, kind: str, body: dict) -> None:
        """Each side sends on a stream that it opened itself."""
        async with self.sending:
            if self.stream is None:
                self.stream = await self.host.new_stream(self.peer, [PROTOCOL])
            await self.stream.write(self.signer.sign(kind, body) + b"\n")

    async def hello(self, ask: bool) -> None:
        await self.send("hello", {"ask": ask, "device": "python", "listen": []})

    async def listen(self, stream) -> None:
        """Reads the other side's messages, line by line, until its stream ends."""
        rest = b""
        try:
            while part := await stream.read(65536):
                *lines, rest = (rest + part).split(b"\n")
                if any(not 0 < len(line) < LINE_MAX for line in lines) or len(rest) >= LINE_MAX:
                    return await stream.reset()
                for line in lines:
                    try:
                        await self.receive(*self.verifier.verify(line))
                    except BadMessage as why:
                        output("a message was refused:", why)
        except Exception as error:  # the stream or the link is gone; a new stream comes with a new link
            output("a stream ended:", repr(error))

    async def receive(self, kind: str, body: dict) -> None:
        if kind == "hello":
            output("hello from", body["device"])
            if body["ask"]:
                await self.hello(ask=False)
            if self.echo is not None:
                text, self.echo = self.echo, None
                await self.send("echo", {"answer": False, "id": 1, "text": text})
        elif kind == "echo" and body["answer"]:
            output("echo answered:", body["text"])
        elif kind == "echo":
            output("echo asked:", body["text"])
            await self.send("echo", {**body, "answer": True})
        elif kind == "ask":
            nothing = {"hits": [], "holding": [], "length": 0, "passages": 0}
            await self.send("answer", {"device": "python", "found": nothing, "id": body["id"]})


async def run(signer: Signer, address: str, echo: str | None) -> None:
    peer = info_from_p2p_addr(multiaddr.Multiaddr(address))
    signer.start()
    host = new_host(key_pair=signer.keys)
    async with host.run(listen_addrs=[]):
        agent = Agent(signer, host, peer.peer_id, echo)
        host.set_stream_handler(PROTOCOL, agent.listen)
        while True:
            try:
                await host.connect(peer)
                output("linked with", peer.peer_id)
                await agent.hello(ask=True)
                while peer.peer_id in host.get_connected_peers():
                    await trio.sleep(1)
            except Exception as error:
                output("no link:", repr(error))
            agent.stream = None
            await trio.sleep(2)


def main() -> None:
    arguments = argparse.ArgumentParser(description="A small agent in Python.")
    arguments.add_argument("--home", type=Path, required=True, help="folder of its key and its count of starts")
    arguments.add_argument("--id", action="store_true", help="print its PeerId and stop")
    arguments.add_argument("--echo", metavar="TEXT", help="send this as a test message")
    arguments.add_argument("address", nargs="?", help="the wattle agent, with /p2p/ at its end")
    options = arguments.parse_args()
    signer = Signer(options.home)
    if options.id or options.address is None:
        output(signer.sender)
        return
    trio.run(run, signer, options.address, options.echo)


if __name__ == "__main__":
    sys.exit(main())
