"""Devices that have only a part of a core: an agent, or any other program, in a cgroup with a CPU quota (version 1 or 2; root)."""

import os
import subprocess
from pathlib import Path

from . import space
from .device import PORT, Device, wait

PERIOD_US = 100_000


def group(number, share):
    """Makes a cgroup of this program's with a quota; gives the file that takes processes into it."""
    v1 = Path("/sys/fs/cgroup/cpu")
    folder = (v1 if v1.is_dir() else Path("/sys/fs/cgroup")) / f"wattle-bench-{os.getpid()}-{number}"
    folder.mkdir(exist_ok=True)
    allow(folder / "cgroup.procs", share)
    return folder / "cgroup.procs"


def allow(procs, share):
    """Gives a cgroup another quota; 0: none."""
    v2 = (procs.parent / "cpu.max").exists()
    quota, folder = str(int(share * PERIOD_US)) if share else ("max" if v2 else "-1"), procs.parent
    if v2:
        (folder / "cpu.max").write_text(f"{quota} {PERIOD_US}")
    else:
        (folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (folder / "cpu.cfs_quota_us").write_text(quota)


def prefer(procs, times):
    """Gives a cgroup so many times the weight of others, as on a machine that does nothing else."""
    v2 = procs.parent / "cpu.weight"
    if v2.exists():
        v2.write_text(str(100 * times))
    else:
        (procs.parent / "cpu.shares").write_text(str(1024 * times))


def ungroup(procs):
    """Takes a cgroup away, whose processes have ended."""
    try:
        procs.parent.rmdir()
    except OSError:
        pass  # One of them has not been reaped yet: an empty cgroup costs next to nothing.


def into(procs, words):
    """A command that puts itself into a cgroup first."""
    return ["sh", "-c", 'echo $$ > "$0"; exec "$@"', str(procs), *words]


def cpu_seconds(pid):
    """CPU seconds that a process has used (proc(5), fields 14 and 15); 0 if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Part(Device):
    """A device with a share of a core, whose agent has the governor of the product and the model inside the program."""

    def __init__(self, number, name, folder, wattle, share):
        super().__init__(number, name, folder, wattle, quick=False)
        self.procs = group(number, share)

    def up(self, *more):
        # A meeting place of its own: each agent is a host of its own, and is governed by what it has itself.
        place = os.path.join(self.place, "run")
        os.makedirs(place, mode=0o700, exist_ok=True)
        words = [self.wattle, "--home", self.home, "up", "--name", self.name, "--listen", f"0.0.0.0:{PORT}", *more]
        enter = ["nsenter", "-t", str(self.holder.pid), "-n"]
        with open(self.logfile, "ab") as log:
            self.agent = subprocess.Popen(
                into(self.procs, [*enter, *words]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "XDG_RUNTIME_DIR": place},
                preexec_fn=space.die_with_parent,
            )
        self.wait_up()
        # As whoever types it: the device is free, though this machine is in use.
        self.cli("work", "now", "4h")

    def close(self):
        # At once: the kernel takes a namespace's links away some time after its last process.
        subprocess.run(["ip", "link", "del", f"port{self.number}"], capture_output=True, check=False)
        super().close()
        ungroup(self.procs)

    def embedded(self):
        """Chunks that this agent has embedded since it started, for itself and for others, as its energy accounts say."""
        energy = wait(f"the energy of {self.name}", 30, lambda: self.get("/v1/energy"))
        return sum(entry["chunks"] for entry in energy["today"])
