"""Network namespaces: this program starts again in its own, and devices hang on a bridge, one namespace each.

Bridge br0 is the home. A second one, br1, is the other side of a partition: a port is moved there and back, so that both
sides go on working by themselves, multicast included. This program itself is at 10.77.0.254 on br0.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
INSIDE = "WATTLE_NETNS_INSIDE"
CANNOT = 77  # the exit code where no namespaces can be made
HERE = "10.77.0.254"


def enter_own_namespaces():
    """Starts this program again in namespaces that end with it."""
    if os.environ.get(INSIDE):
        return
    os.environ[INSIDE] = "1"
    flags = ["-n", "-m", "-u"] if os.geteuid() == 0 else ["-U", "-r", "-n", "-m", "-u"]
    tried = subprocess.run(["unshare", *flags, "ip", "link", "add", "br0", "type", "bridge"], capture_output=True)
    if tried.returncode != 0:
        print("SKIPPED: no network namespaces can be made here:", tried.stderr.decode().strip(), file=sys.stderr)
        sys.exit(CANNOT)
    os.execvp("unshare", ["unshare", *flags, sys.executable, os.path.abspath(sys.argv[0]), *sys.argv[1:]])


def make_bridges(hostname):
    """The two bridges of this namespace, and a name of the machine that no device has."""
    socket.sethostname(hostname)
    ip("link", "set", "lo", "up")
    for bridge in ("br0", "br1"):
        ip("link", "add", bridge, "type", "bridge")
        ip("link", "set", bridge, "up")
    ip("addr", "add", f"{HERE}/24", "dev", "br0")
    ip("-6", "addr", "add", "fd77::fe/64", "dev", "br0", "nodad")


def ip(*words, where=None):
    inside = ["nsenter", "-t", str(where), "-n"] if where else []
    subprocess.run([*inside, "ip", *words], check=True)


def die_with_parent():
    LIBC.prctl(1, signal.SIGKILL)


def holder(number, address):
    """A process that keeps a namespace whose one interface is the port `port{number}` of br0."""
    process = subprocess.Popen(["unshare", "-n", "sleep", "infinity"], preexec_fn=die_with_parent)
    own = os.readlink("/proc/self/ns/net")
    while os.readlink(f"/proc/{process.pid}/ns/net") == own:
        time.sleep(0.01)
    where = process.pid
    ip("link", "add", f"port{number}", "type", "veth", "peer", "name", "eth0", "netns", str(where))
    ip("link", "set", f"port{number}", "master", "br0", "up")
    ip("link", "set", "lo", "up", where=where)
    ip("addr", "add", f"{address}/24", "dev", "eth0", where=where)
    ip("-6", "addr", "add", f"fd77::{number}/64", "dev", "eth0", "nodad", where=where)
    ip("link", "set", "eth0", "up", where=where)
    ip("route", "add", "default", "via", HERE, where=where)
    ip("-6", "route", "add", "default", "via", "fd77::fe", where=where)
    return process


def move_port(number, bridge):
    """To br1: the other side of a partition. To br0: back home."""
    ip("link", "set", f"port{number}", "master", bridge)


class Inside:
    """The calling thread is in the namespace of a process; sockets made meanwhile stay there."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        self.own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY)
        if LIBC.setns(there, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.close(there)

    def __exit__(self, *_):
        LIBC.setns(self.own, CLONE_NEWNET)
        os.close(self.own)
