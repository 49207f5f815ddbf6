"""A device in between the one that joins and the one that lets it in."""

import socket
import threading
import time

from . import link as libp2p
from . import space
from .device import PORT


class Relay:
    """A device in between. With a Noise of its own on both sides, or passing on bytes."""

    def __init__(self, device, target, own_noise):
        self.device, self.target = device, target
        self.identity, self.frames, self.bytes, self.seen = libp2p.Identity(), [], 0, b""
        with space.Inside(device.holder.pid):
            self.listener = socket.create_server((device.address, PORT))
        self.own_noise = own_noise
        threading.Thread(target=self.run, daemon=True).start()

    def connect(self):
        with space.Inside(self.device.holder.pid):
            return socket.create_connection((self.target.address, PORT), timeout=10)

    def run(self):
        while True:
            try:
                near, _ = self.listener.accept()
                if self.own_noise:
                    libp2p.Link(
                        near, self.identity, False, {libp2p.START: self.identity.start}, {libp2p.PAIR: self.converse}
                    )
                else:
                    far = self.connect()
                    for ends in ((near, far), (far, near)):
                        threading.Thread(target=self.pass_on, args=ends, daemon=True).start()
            except (OSError, libp2p.Refused, ValueError):
                if self.listener.fileno() < 0:
                    return

    def pass_on(self, source, to):
        try:
            while data := source.recv(65536):
                self.bytes += len(data)
                self.seen += data
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def converse(self, near):
        """Passes the exchange on to the admin, under its own name on both sides."""
        far = libp2p.Link(self.connect(), self.identity, True, {libp2p.START: self.identity.start, libp2p.GUEST: b"\1"})
        stream = far.open(libp2p.PAIR)

        def back():
            try:
                while True:
                    near.write(stream.bytes())
            except libp2p.Refused:
                near.close()

        threading.Thread(target=back, daemon=True).start()
        while True:
            data = near.bytes()
            self.frames.append(data)
            stream.write(data)

    def close(self):
        self.listener.close()


def relayed(table):
    attic, cellar = table.fresh("attic", "cellar")
    middle = table.device("middle")
    relay = Relay(middle, attic, own_noise=True)
    window, mark = attic.pair(), attic.mark()
    said = cellar.join(window.code, at=middle)
    left = window.tries_left()
    lines = attic.sentences(mark, "was not let into")
    relay.close()
    table.row(
        "a relayed pairing, with the relay's own Noise on both sides",
        "wattle join with the right code at the address of a relay, which ends the encryption on both sides and passes on the exchange",
        str(said),
        f"{left} tries left | {' | '.join(lines)}",
        {
            "the exchange went through it": len(relay.frames) >= 2,
            "the joining side reads that the code is wrong or somebody is in between": said.code == 1
            and "something between" in said.text,
            "the admin counts a try": left == 4,
            "the admin says why": bool(lines),
            "nobody is in": attic.members() == {attic.id()} and not (cellar.mesh() or {}).get("mesh"),
        },
    )
    # What the relay has recorded is played to the admin once more, by itself.
    time.sleep(1.5)  # Between two tries there is a second.
    stream_of = libp2p.Link.dial(
        attic.address, PORT, relay.identity, {libp2p.START: relay.identity.start, libp2p.GUEST: b"\1"}
    )
    mark, stream = attic.mark(), stream_of.open(libp2p.PAIR)
    stream.write(relay.frames[0])
    offer = stream.frame()
    for frame in relay.frames[1:]:
        stream.write(frame)
    reply = stream.frame()
    lines = attic.sentences(mark, "was not let into")
    left = window.tries_left()
    table.row(
        "a recorded exchange, played again",
        "what the relay recorded is sent again by itself, in the same window",
        f"offer of {len(offer)} bytes, then refused with cause {reply[1]} (wrong secret is 4)",
        f"{left} tries left | {' | '.join(lines)}",
        {
            "the cause is the secret": reply[:2] == b"\5\4",
            "the admin counts a try": left == 3,
            "nobody is in": attic.members() == {attic.id()},
        },
    )
    window.end()
    # Bytes alone: encrypted from end to end, so the relay is as good as a cable, and as harmless.
    relay = Relay(table.device("cable"), attic, own_noise=False)
    window = attic.pair()
    said = cellar.join(window.code, at=relay.device)
    ended = window.closed(30)
    relay.close()
    secret = window.code.encode()
    known = secret in relay.seen or b"cellar" in relay.seen
    table.row(
        "a relay that passes on bytes: no refusal, since it learns and changes nothing",
        "wattle join with the right code at the address of a relay that passes on the TCP bytes",
        str(said),
        f"window: {ended}; {relay.bytes} bytes passed, the code or the device's name among them: {known}",
        {
            "the device is in": said.code == 0 and attic.members() >= {cellar.id()},
            "the relay has seen no secret": not known,
            "the relay's own key is not in": relay.identity.peer not in attic.members(),
        },
    )
    table.close(attic, cellar)
