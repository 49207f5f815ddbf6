"""py-libp2p, unmodified: dials an agent, asks who it is, pings it three times, and prints one line.

python dial.py id            prints the PeerId that dials
python dial.py MULTIADDR     with /p2p/ at its end
"""

import importlib.metadata
import sys
import time

import multiaddr
import trio
from libp2p import new_host
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.host.ping import PingService
from libp2p.identity.identify.identify import ID as IDENTIFY
from libp2p.identity.identify.pb.identify_pb2 import Identify
from libp2p.network.stream.exceptions import StreamEOF
from libp2p.peer.peerinfo import info_from_p2p_addr

# No secret: the agent is told this client's PeerId for the test only.
SEED = b"\x50" * 32


def decode(raw: bytes) -> Identify:
    """One protobuf behind its varint length."""
    length, shift, at = 0, 0, 0
    while True:
        byte = raw[at]
        length |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if byte < 0x80:
            break
    message = Identify()
    message.ParseFromString(raw[at : at + length])
    return message


async def main() -> None:
    host = new_host(key_pair=create_new_key_pair(seed=SEED))
    if sys.argv[1] == "id":
        print(host.get_id())
        return
    info = info_from_p2p_addr(multiaddr.Multiaddr(sys.argv[1]))
    with trio.fail_after(30):
        async with host.run(listen_addrs=[]):
            began = time.monotonic()
            await host.connect(info)
            dialled = (time.monotonic() - began) * 1e3
            pings = await PingService(host).ping(info.peer_id, ping_amt=3)
            stream = await host.new_stream(info.peer_id, [IDENTIFY])
            raw = b""
            try:
                while part := await stream.read(4096):
                    raw += part
            except StreamEOF:
                pass
            await stream.close()
            who = decode(raw)
            print(
                f"py-libp2p {importlib.metadata.version('libp2p')} on Python {sys.version.split()[0]}",
                "noise yamux",
                f"dial {dialled:.0f} ms",
                f"identify {who.agent_version}",
                f"{len(who.protocols)} protocols",
                f"pings {' '.join(str(ms) for ms in pings)} ms",
                sep=" | ",
            )


trio.run(main)
