"""Packets lost at random on the way to a device: a classic BPF filter on its port, for kernels without netem."""

import subprocess

# ld rand; if it is not below the bound, the packet passes (-1: the next filter), else it is dropped (TC_ACT_SHOT).
PROGRAM = "4,32 0 0 4294963256,53 1 0 {bound},6 0 0 2,6 0 0 4294967295"


def lose(number, share):
    """Of what the bridge sends to a device this share is lost: each packet between two devices passes one such filter."""
    port = f"port{number}"
    # One packet is one frame: without this a loss takes 64 KiB of TCP at once.
    for words in (
        ["ip", "link", "set", port, "gso_max_segs", "1"],
        ["tc", "qdisc", "add", "dev", port, "clsact"],
        ["tc", "filter", "add", "dev", port, "egress", "bpf", "da", "bytecode", PROGRAM.format(bound=int(share * 2**32))],
    ):
        subprocess.run(words, check=True)


def one_frame_each(pid):
    """A device sends frames of its own size too."""
    subprocess.run(["nsenter", "-t", str(pid), "-n", "ip", "link", "set", "eth0", "gso_max_segs", "1"], check=True)


def lose_no_more(number):
    subprocess.run(["tc", "qdisc", "del", "dev", f"port{number}", "clsact"], check=True)
