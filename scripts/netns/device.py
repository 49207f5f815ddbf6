"""One device: a namespace, a home, and mostly a running agent."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import time

from . import space

PORT, API = 7781, 7780
MODEL = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../tests/fixtures/words-model"))


class Failed(Exception):
    """What was expected has not come."""


def wait(what, seconds, done, pause=0.1):
    """The first value of `done` that is true, looked at after each pause in seconds; raises `Failed` when the time is over."""
    end = time.monotonic() + seconds
    while True:
        value = done()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"{what} did not come within {seconds} s")
        time.sleep(pause)


class Said:
    """How a command ended, and what it said."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.text = " ".join((err or out).split())

    def __str__(self):
        return f"exit {self.code}: {self.text}"


class Device:
    """A device named `name`. Its documents are one note, which names it; the model is the one inside the program, or that of
    the tests, which is ready at once."""

    def __init__(self, number, name, folder, wattle, quick=True):
        self.number, self.name, self.wattle, self.quick = number, name, wattle, quick
        self.place = os.path.join(folder, name)
        self.home, self.docs = os.path.join(self.place, "home"), os.path.join(self.place, "docs")
        self.card = os.path.join(self.place, "card")
        os.makedirs(self.docs)
        os.makedirs(self.card)
        with open(os.path.join(self.docs, "note.md"), "w", encoding="utf-8") as note:
            note.write(f"# {name}\n\nThe key of the {name} hangs behind the door.\n")
        self.logfile = os.path.join(self.place, "log")
        self.address, self.agent = f"10.77.0.{number}", None
        self.holder = space.holder(number, self.address)

    # The agent.

    def inside(self, *words):
        """A command in the namespace of this device, with low priority."""
        return ["nice", "-n", "10", "nsenter", "-t", str(self.holder.pid), "-n", *words]

    def up(self, *more, wait_for=True, docs=True):
        """Starts the agent. `more` may name --peer and --boot."""
        folders = [self.docs] if docs else []
        words = [
            self.wattle,
            "-v",
            "--home",
            self.home,
            "up",
            *folders,
            "--name",
            self.name,
            "--governor",
            "off",
            "--listen",
            f"0.0.0.0:{PORT}",
            "--boot",
            self.card,
            *(["--models", MODEL] if self.quick else []),
            *more,
        ]
        # exec all the way: the PID is the agent's.
        with open(self.logfile, "ab") as log:
            self.agent = subprocess.Popen(
                self.inside(*words), stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=space.die_with_parent
            )
        if wait_for:
            self.wait_up()

    def wait_up(self, seconds=60):
        wait(f"the API of {self.name}", seconds, lambda: self.runs() and self.get("/v1/status"))

    def runs(self):
        if self.agent is None or self.agent.poll() is not None:
            raise Failed(f"the agent of {self.name} has ended: {self.log()[-600:]}")
        return True

    def is_up(self):
        return self.agent is not None and self.agent.poll() is None

    def end(self, number=signal.SIGTERM):
        if self.is_up():
            self.agent.send_signal(signal.SIGCONT)
            self.agent.send_signal(number)
            try:
                self.agent.wait(30)
            except subprocess.TimeoutExpired:
                self.agent.kill()
                self.agent.wait()
        self.agent = None

    def restart(self, *more):
        self.end()
        self.up(*more)

    def close(self):
        self.end(signal.SIGKILL)
        self.holder.kill()
        self.holder.wait()

    # What it is told, and says.

    def start(self, *words):
        """A running command, whose output is read later."""
        return subprocess.Popen(
            self.inside(self.wattle, "--home", self.home, *words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=space.die_with_parent,
        )

    def cli(self, *words, typed=None, seconds=90):
        """Runs a command to its end."""
        try:
            run = subprocess.run(
                self.inside(self.wattle, "--home", self.home, *words),
                capture_output=True,
                text=True,
                input=typed or "",
                timeout=seconds,
                check=False,
                preexec_fn=space.die_with_parent,
            )
        except subprocess.TimeoutExpired:
            return Said(124, "", f"no end within {seconds} s")
        return Said(run.returncode, run.stdout, run.stderr)

    def get(self, path, seconds=5):
        """The API's answer, or None while there is none."""
        return self.call("GET", path, None, seconds)

    def post(self, path, body, seconds=5):
        return self.call("POST", path, json.dumps(body), seconds)

    def call(self, method, path, body, seconds):
        try:
            call = self.connected(seconds)
            said = self.told(call, method, path, body)
            call.close()
            return said
        except (OSError, ValueError, http.client.HTTPException):
            return None

    def connected(self, seconds):
        """A connection to the API."""
        with space.Inside(self.holder.pid):
            call = http.client.HTTPConnection("127.0.0.1", API, timeout=seconds)
            call.connect()
        return call

    def told(self, call, method, path, body=None):
        """The answer on a connection, or None where it is not 200."""
        with open(os.path.join(self.home, "api-token"), encoding="utf-8") as token:
            bearer = token.read().strip()
        headers = {"Authorization": f"Bearer {bearer}"} | ({"Content-Type": "application/json"} if body else {})
        call.request(method, path, body, headers)
        answer = call.getresponse()
        said = answer.read()
        return json.loads(said) if answer.status == 200 else None

    def mesh(self):
        """What `wattle mesh --json` prints: both are GET /v1/mesh."""
        return self.get("/v1/mesh")

    def members(self):
        """PeerIds of the mesh's devices, as this one lists them."""
        return {member["peer_id"] for member in (self.mesh() or {}).get("members", [])}

    def links(self):
        """PeerIds of the devices that this one is linked to."""
        return {peer["peer_id"] for peer in (self.get("/v1/status") or {}).get("peers", []) if peer["linked"]}

    def findings(self):
        return [finding["what"] for finding in (self.get("/v1/status") or {}).get("findings", [])]

    def id(self):
        """Its PeerId now: after `leave` there is another one."""
        return wait(f"the PeerId of {self.name}", 30, self.get_id)

    def get_id(self):
        return (self.get("/v1/status") or {}).get("peer_id")

    def search(self):
        """Asks what every device has a note about: how many were asked, how many answered, the devices of the hits."""
        said = self.cli("search", "Where does the key hang?", "--json")
        found = json.loads(said.out) if said.code == 0 else {"coverage": {}, "hits": []}
        coverage = found["coverage"]
        return coverage.get("asked"), coverage.get("answered"), sorted({hit["device"] for hit in found["hits"]})

    def log(self, mark=0):
        try:
            with open(self.logfile, encoding="utf-8", errors="replace") as log:
                log.seek(mark)
                return log.read()
        except FileNotFoundError:
            return ""

    def mark(self):
        """Where the log ends now."""
        return os.path.getsize(self.logfile) if os.path.exists(self.logfile) else 0

    def sentences(self, mark, *words):
        """What the log tells people since a mark in lines that have one of these words, each once."""
        found = []
        for line in self.log(mark).splitlines():
            if any(word in line for word in words) and " DEBUG " not in line:
                said = line.split(" INFO ")[-1].split(" WARN ")[-1].strip()
                if said not in found:
                    found.append(said)
        return found

    # Letting in.

    def pair(self):
        """Opens a window; its code, and the running command."""
        return Window(self)

    def join(self, code, at=None, seconds=90):
        return self.cli("join", code, *(["--at", f"{at.address}:{PORT}"] if at else []), seconds=seconds)

    def lets_in(self, other):
        """Pairs the two by a code, and waits until both list each other and are linked."""
        window = self.pair()
        said = other.join(window.code, at=self)
        closed = window.closed()
        if said.code != 0:
            raise Failed(f"{other.name} was not let in by {self.name}: {said}; {closed}")
        both = {self.id(), other.id()}
        wait(
            f"{other.name} in the mesh of {self.name}",
            60,
            lambda: both <= self.members() and both <= other.members() and other.id() in self.links(),
        )
        return said

    def copy_home(self, to):
        """The home as it is on the disk now, as a copied card has it. The agent should not run."""
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.home, to, symlinks=True)


class Window:
    """`wattle pair`, which waits for a device."""

    def __init__(self, admin):
        self.admin = admin
        self.command = admin.start("pair", "--json")
        line = self.command.stdout.readline()
        if not line:
            raise Failed(f"{admin.name} opens no window: {self.command.stderr.read()}")
        window = json.loads(line)["window"]
        self.code, self.link = window["code"].replace(" ", ""), window["link"]

    def wrong(self, number):
        """A code that is not the right one: another one for each number."""
        return f"{(int(self.code) + 1 + number) % 100_000_000:08}"

    def tries_left(self):
        return ((self.admin.get("/v1/pair") or {}).get("window") or {}).get("tries_left")

    def closed(self, seconds=200):
        """How it ended: as `Said`."""
        try:
            out, err = self.command.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.end()
            return Said(None, "", "the window is still open")
        if not out.strip():
            return Said(self.command.returncode, "", err)
        closed = json.loads(out)["closed"]
        joined = f" {closed['joined']['device']} joined." if closed["joined"] else ""
        return Said(self.command.returncode, closed["why"] + joined, "")

    def end(self):
        """As Ctrl-C does: the window closes."""
        if self.command.poll() is None:
            self.command.send_signal(signal.SIGINT)
        self.command.communicate()
