"""The rows of the table, and the devices that they are made with."""

import os

from .device import Device


class Table:
    """The rows, and what makes devices for them."""

    def __init__(self, options, folder):
        self.options, self.folder, self.rows, self.devices = options, folder, [], []
        self.numbers = iter(range(1, 250))
        self.made = 0

    def device(self, name):
        number = next(self.numbers)
        self.made += 1
        device = Device(number, name, os.path.join(self.folder, f"{self.made:02}"), self.options.wattle)
        self.devices.append(device)
        return device

    def fresh(self, *names):
        """Devices in fresh homes, running."""
        devices = [self.device(name) for name in names]
        for device in devices:
            device.up(wait_for=False)
        for device in devices:
            device.wait_up()
        return devices

    def mesh(self, *names):
        """A mesh of these: the first one makes it and lets the others in."""
        devices = self.fresh(*names)
        for device in devices[1:]:
            devices[0].lets_in(device)
        return devices

    def close(self, *devices):
        for device in devices:
            device.close()
            self.devices.remove(device)

    def row(self, situation, done, refused, mesh, checks):
        """A row. `checks` are sentences with whether each holds."""
        wrong = [what for what, holds in checks.items() if not holds]
        row = {
            "situation": situation,
            "done": done,
            "refused side": refused,
            "mesh's side": mesh,
            "verdict": "refused, with its cause" if not wrong else "WRONG: not so: " + "; ".join(wrong),
        }
        self.rows.append(row)
        print(f"\n{'WRONG' if wrong else 'ok   '} {situation}")
        for name in ("done", "refused side", "mesh's side", "verdict"):
            print(f"      {name:13} {row[name]}", flush=True)


def seen(device, mark, *words):
    """What the mesh's side logged, in one line."""
    return " | ".join(device.sentences(mark, *words)[:3]) or "nothing"


def seed_of(device, name):
    with open(os.path.join(device.home, name), encoding="ascii") as file:
        return bytes.fromhex(file.read().split()[0])
