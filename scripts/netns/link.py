"""A program that speaks the link and belongs to no mesh: Noise, yamux and multistream-select, in plain Python.

It was written from docs/messages.md and the specifications that the page names. `Link` is one connection, dialled or
accepted; `Stream` one stream of it. Nothing of Wattle's own code is in it, so what it is refused is refused to any program.
"""

import hashlib
import hmac
import os
import queue
import socket
import struct
import threading
import time

from . import crypto

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
MULTISTREAM, NOISE, YAMUX = "/multistream/1.0.0", "/noise", "/yamux/1.0.0"
IDENTIFY, PING = "/ipfs/id/1.0.0", "/ipfs/ping/1.0.0"
PAIR, PAIR_JSON = "/wattle/pair/1", "/wattle/pair-json/1"
GOSSIP, TASK, JSON = "/wattle/gossip/1", "/wattle/task/1", "/wattle/json/1"
START, CERTIFICATES, GUEST = 1781, 1782, 1783  # extensions of the handshake
DATA, WINDOW, YPING, GO_AWAY = range(4)
SYN, ACK, FIN, RST = 1, 2, 4, 8


class Refused(Exception):
    """The other end does not go on, and how it showed that."""


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def read_varint(data, at=0):
    number = shift = 0
    while True:
        byte = data[at]
        number, shift, at = number | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return number, at


def field(number, data):
    """A field of protobuf that holds bytes."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def fields(data):
    at, found = 0, {}
    while at < len(data):
        key, at = read_varint(data, at)
        length, at = read_varint(data, at)
        if key & 7 == 2:
            found.setdefault(key >> 3, []).append(data[at : at + length])
            at += length
    return found


def peer_id(public):
    """A public key as people read it: 12D3KooW..."""
    number, text = int.from_bytes(b"\0\x24\x08\1\x12\x20" + public, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return "1" + text


def public_of(peer):
    number = 0
    for letter in peer:
        number = number * 58 + BASE58.index(letter)
    return number.to_bytes(38, "big")[6:]


class Identity:
    """An Ed25519 key: a new one, or that of a seed."""

    def __init__(self, seed=None):
        self.seed = seed or os.urandom(32)
        self.public = crypto.public_key(self.seed)
        self.peer = peer_id(self.public)
        self.start = os.urandom(8)

    def sign(self, message):
        return crypto.sign(self.seed, message)


class Secured:
    """The Noise handshake (XX) over a socket, and the frames after it."""

    def __init__(self, sock, identity, dialler, extensions):
        self.sock, self.dialler = sock, dialler
        self.hash = self.chain = b"Noise_XX_25519_ChaChaPoly_SHA256"
        self.key, self.nonce = None, 0
        self.mix(b"")
        own, fixed = os.urandom(32), os.urandom(32)
        own_public, fixed_public = crypto.x25519(own), crypto.x25519(fixed)
        told = b"".join(field(number, data) for number, data in extensions.items())
        payload = (
            field(1, b"\x08\1\x12\x20" + identity.public)
            + field(2, identity.sign(b"noise-libp2p-static-key:" + fixed_public))
            + (field(4, told) if told else b"")
        )
        if dialler:
            self.mix(own_public)
            self.mix(b"")
            self.send(own_public)
            message = self.receive()
            theirs, message = message[:32], message[32:]
            self.mix(theirs)
            self.agree(crypto.x25519(own, theirs))
            their_fixed, message = self.opened(message[:48]), message[48:]
            self.agree(crypto.x25519(own, their_fixed))
            self.identified(self.opened(message), their_fixed)
            sealed = self.closed(fixed_public)
            self.agree(crypto.x25519(fixed, theirs))
            self.send(sealed + self.closed(payload))
        else:
            theirs = self.receive()[:32]
            self.mix(theirs)
            self.mix(b"")
            self.mix(own_public)
            self.agree(crypto.x25519(own, theirs))
            sealed = self.closed(fixed_public)
            self.agree(crypto.x25519(fixed, theirs))
            self.send(own_public + sealed + self.closed(payload))
            message = self.receive()
            their_fixed, message = self.opened(message[:48]), message[48:]
            self.agree(crypto.x25519(own, their_fixed))
            self.identified(self.opened(message), their_fixed)
        first, second = self.derive(self.chain, b"")
        self.out_key, self.in_key = (first, second) if dialler else (second, first)
        self.sent = self.received = 0

    def mix(self, data):
        self.hash = hashlib.sha256(self.hash + data).digest()

    @staticmethod
    def derive(key, secret):
        temporary = hmac.new(key, secret, hashlib.sha256).digest()
        one = hmac.new(temporary, b"\1", hashlib.sha256).digest()
        return one, hmac.new(temporary, one + b"\2", hashlib.sha256).digest()

    def agree(self, secret):
        self.chain, self.key = self.derive(self.chain, secret)
        self.nonce = 0

    def closed(self, text):
        sealed = crypto.seal(self.key, bytes(4) + self.nonce.to_bytes(8, "little"), self.hash, text)
        self.nonce += 1
        self.mix(sealed)
        return sealed

    def opened(self, sealed):
        text = crypto.unseal(self.key, bytes(4) + self.nonce.to_bytes(8, "little"), self.hash, sealed)
        self.nonce += 1
        self.mix(sealed)
        return text

    def identified(self, payload, _fixed):
        """Who the other end says that it is. The signature is not checked: this program gives nothing away."""
        self.public = fields(payload)[1][0][-32:]
        self.extensions = fields(fields(payload)[4][0]) if 4 in fields(payload) else {}

    def exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.sock.recv(count - len(data))
            if not part:
                raise Refused("the other end closed the connection")
            data += part
        return data

    def send(self, frame):
        self.sock.sendall(struct.pack("!H", len(frame)) + frame)

    def receive(self):
        return self.exactly(struct.unpack("!H", self.exactly(2))[0])

    def write(self, text):
        for at in range(0, len(text), 65000):
            part = text[at : at + 65000]
            self.send(crypto.seal(self.out_key, bytes(4) + self.sent.to_bytes(8, "little"), b"", part))
            self.sent += 1

    def read(self):
        text = crypto.unseal(self.in_key, bytes(4) + self.received.to_bytes(8, "little"), b"", self.receive())
        self.received += 1
        return text


def line(text):
    return varint(len(text) + 1) + text.encode() + b"\n"


class Reader:
    """Bytes that `more` gives, in lines of multistream-select."""

    def __init__(self, more):
        self.more, self.rest = more, b""

    def line(self):
        while True:
            if self.rest and self.rest[0] < 128 and len(self.rest) > self.rest[0]:
                length = self.rest[0]
                text, self.rest = self.rest[1 : 1 + length], self.rest[1 + length :]
                return text.decode().rstrip("\n")
            self.rest += self.more()


def propose(reader, write, protocol):
    write(line(MULTISTREAM) + line(protocol))
    for expected in (MULTISTREAM, protocol):
        said = reader.line()
        if said != expected:
            raise Refused(f"{protocol} is answered with {said!r}")


def choose(reader, write, offered):
    write(line(MULTISTREAM))
    if reader.line() != MULTISTREAM:
        raise Refused("no multistream-select")
    while True:
        wanted = reader.line()
        if wanted in offered:
            write(line(wanted))
            return wanted
        write(line("na"))


class Stream:
    """One stream. What comes is queued; its end is an empty part."""

    def __init__(self, link, number):
        self.link, self.number = link, number
        self.parts, self.was_reset = queue.Queue(), False
        self.reader = Reader(self.part)

    def part(self, seconds=15):
        try:
            part = self.parts.get(timeout=seconds)
        except queue.Empty:
            raise Refused(f"nothing came within {seconds} s") from None
        if not part:
            self.parts.put(b"")
            raise Refused("the stream was reset" if self.was_reset else "the stream has ended")
        return part

    def bytes(self):
        """What has come, at least one byte."""
        if self.reader.rest:
            rest, self.reader.rest = self.reader.rest, b""
            return rest
        return self.part()

    def frame(self):
        """A frame behind its length."""
        while True:
            rest = self.reader.rest
            try:
                length, at = read_varint(rest)
                if len(rest) >= at + length:
                    self.reader.rest = rest[at + length :]
                    return rest[at : at + length]
            except IndexError:
                pass
            self.reader.rest += self.part()

    def write(self, data):
        self.link.frame(DATA, 0, self.number, data)

    def close(self):
        self.link.frame(DATA, FIN, self.number, b"")


class Link:
    """A connection with a peer. Streams that the other end opens are served by `served`: a function for each protocol."""

    def __init__(self, sock, identity, dialler, extensions=None, served=None):
        self.sock, self.identity, self.served = sock, identity, served or {}
        self.begun = time.monotonic()
        self.ended, self.lasted, self.why = threading.Event(), None, None
        self.streams, self.next, self.lock = {}, 1 if dialler else 2, threading.Lock()
        sock.settimeout(15)
        raw = Reader(lambda: self.some(sock))
        if dialler:
            propose(raw, sock.sendall, NOISE)
        else:
            choose(raw, sock.sendall, {NOISE})
        self.secure = Secured(sock, identity, dialler, extensions or {})
        self.peer = peer_id(self.secure.public)
        inner = Reader(self.secure.read)
        if dialler:
            propose(inner, self.secure.write, YAMUX)
        else:
            choose(inner, self.secure.write, {YAMUX})
        sock.settimeout(None)
        self.rest = inner.rest
        threading.Thread(target=self.run, daemon=True).start()

    @classmethod
    def dial(cls, address, port, identity, extensions=None, served=None):
        return cls(socket.create_connection((address, port), timeout=10), identity, True, extensions, served)

    @staticmethod
    def some(sock):
        # One byte at a time: what follows belongs to Noise.
        part = sock.recv(1)
        if not part:
            raise Refused("the other end closed the connection")
        return part

    def frame(self, kind, flags, number, data=b"", length=None):
        head = struct.pack("!BBHII", 0, kind, flags, number, len(data) if length is None else length)
        with self.lock:
            try:
                self.secure.write(head + data)
            except OSError as error:
                raise Refused(f"the connection has ended: {error}") from None

    def exactly(self, count):
        while len(self.rest) < count:
            self.rest += self.secure.read()
        data, self.rest = self.rest[:count], self.rest[count:]
        return data

    def run(self):
        try:
            while True:
                self.take()
        except (OSError, ValueError, Refused) as why:
            self.why = str(why)
        self.lasted = time.monotonic() - self.begun
        self.ended.set()
        for stream in list(self.streams.values()):
            stream.parts.put(b"")
        self.sock.close()

    def take(self):
        _, kind, flags, number, length = struct.unpack("!BBHII", self.exactly(12))
        data = self.exactly(length) if kind == DATA else b""
        if kind == YPING:
            if flags & SYN:
                self.frame(YPING, ACK, 0, length=length)
            return
        if kind == GO_AWAY:
            self.why = "it said goodbye"
            return
        if flags & SYN:
            stream = self.streams[number] = Stream(self, number)
            self.frame(WINDOW, ACK, number, length=0)
            threading.Thread(target=self.serve, args=(stream,), daemon=True).start()
        stream = self.streams.get(number)
        if stream is None:
            return
        if data:
            stream.parts.put(data)
            self.frame(WINDOW, 0, number, length=len(data))
        if flags & RST:
            stream.was_reset = True
        if flags & (FIN | RST):
            stream.parts.put(b"")

    def serve(self, stream):
        try:
            protocol = choose(stream.reader, stream.write, set(self.served))
            self.served[protocol](stream)
        except Refused:
            pass

    def raw_stream(self):
        """A stream that asks for nothing yet."""
        with self.lock:
            number, self.next = self.next, self.next + 2
        stream = self.streams[number] = Stream(self, number)
        self.frame(WINDOW, SYN, number, length=0)
        return stream

    def open(self, protocol):
        """A stream of a protocol; `Refused` if the other end does not take it."""
        stream = self.raw_stream()
        try:
            propose(stream.reader, stream.write, protocol)
        except Refused:
            self.frame(WINDOW, RST, stream.number, length=0)
            raise
        return stream

    def close(self):
        self.sock.close()


def identify_reply(identity, protocols):
    """The answer to identify: a key, protocols, an agent."""
    body = field(1, b"\x08\1\x12\x20" + identity.public) + b"".join(field(3, name.encode()) for name in protocols)
    body += field(5, b"ipfs/0.1.0") + field(6, b"stranger")

    def reply(stream):
        stream.write(varint(len(body)) + body)
        stream.close()

    return reply
