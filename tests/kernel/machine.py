# SPDX-License-Identifier: MIT
"""The machine that the scenarios run in: its service manager, its gangd, and boardsim's adapters in its kernel.

The machine's clock counts its instructions (run.sh): its seconds may be compared, and waiting costs nothing. But each
look at a condition does: they are rarer here than elsewhere.
"""
import functools
import hashlib
import http.client
import itertools
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile

from boardsim import PATIENCE, Control, image
from boardsim import until as boardsim_until

until = functools.partial(boardsim_until, look=0.2)

BOOK = "/var/lib/gangd/gangd.db"
GOLDEN = "/srv/golden.bin"


def run(command):
    """A shell command's output; it must succeed."""
    done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
    return done.stdout.strip()


def show(what, unit="gangd"):
    """A property of a unit."""
    return run(f"systemctl show -P {what} {unit}")


def properties(device):
    """What udev knows of a device: a node, or a path in /sys."""
    return dict(line.split("=", 1) for line in run(f"udevadm info -q property {device}").splitlines() if "=" in line)


def configure(*lines, path="/etc/gangd/gangd.conf", recompress="no"):
    """A gangd.conf with these lines for [flashing]. For gangd's next start."""
    with open(GOLDEN, "wb") as file:
        file.write(image())
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(("[product]", f"file = {GOLDEN}", f"recompress = {recompress}", "[flashing]", *lines, "")))


def start(*lines):
    """gangd with that configuration."""
    configure(*lines)
    run("systemctl restart gangd")


# For boards that must be met in the middle of their work: ten seconds of it.
SLOW = ("baud = 38400", "settle_ms = 50")


def main_pid():
    """gangd's supervisor."""
    return int(show("MainPID"))


def worker_pid():
    """gangd's own."""
    return int(run(f"cat /proc/{main_pid()}/task/{main_pid()}/children"))


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect("/run/gangd/gangd.sock")


def ask(connection):
    """gangd's status, asked for by a new connection."""
    try:
        connection.request("GET", "/api/v1/status")
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def status():
    """gangd's status; {} if it does not answer."""
    try:
        return ask(Connection("localhost"))
    except OSError:
        return {}


def tiles():
    return {slot["slot"]: slot for slot in status().get("slots", [])}


def rows(sql="SELECT * FROM attempts ORDER BY id", *arguments):
    """The book, as a stranger reads it."""
    connection = sqlite3.connect(f"file:{BOOK}?mode=ro", uri=True, timeout=30)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(sql, arguments)]
    finally:
        connection.close()


def verdicts(mac):
    return [row["verdict"] for row in rows("SELECT * FROM attempts WHERE mac = ? ORDER BY id", mac)]


class Boardsim:
    """boardsim with its adapters in this kernel, until the end of the `with`. Slots are boardsim's numbers. No board
    has been in the book before."""

    seeds = itertools.count(1)

    def __init__(self, adapter="mixed", options=()):
        self.dir = tempfile.mkdtemp()
        self.log = open(self.path("log"), "w+", encoding="utf-8")
        self.boardsim = subprocess.Popen(
            ["boardsim", "--backend", "vhci", "--adapter", adapter, "--seed", str(next(self.seeds)),
             "--control", self.path("control"), "--report", self.path("report"), *options,
             "--", "sh", "-c", 'touch "$0" && exec cat', self.path("ready")],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self.log)
        until("boardsim", lambda: os.path.exists(self.path("ready")) or self.boardsim.poll() is not None)
        assert self.boardsim.poll() is None, self.read("log")
        self.control = Control(self.path("control"))
        self.macs = {}

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def plug(self, slot, words=""):
        """Returns the board's MAC."""
        self.macs[slot] = self.control(f"plug {slot} {words}").split()[-1]
        return self.macs[slot]

    def seat(self, slot):
        """A new board in the fixture there; returns its MAC."""
        self.macs[slot] = self.control(f"seat {slot}").split()[-1]
        return self.macs[slot]

    def plug_all(self, slots):
        return {slot: self.plug(slot) for slot in slots}

    def wire(self, slot):
        return dict(word.split("=", 1) for word in self.control(f"status {slot}").split() if "=" in word)

    def tty(self, slot):
        """n of /dev/ttyUSBn; -1 if there is none yet."""
        return int(self.control(f"status {slot}").split()[0].removeprefix("ttyUSB"))

    def tile(self, slot):
        """gangd's tile of the board there; {} if it does not know it."""
        tty = self.tty(slot)
        found = [t for t in tiles().values() if (t.get("attempt") or {}).get("mac") == self.macs[slot]
                 or tty >= 0 and (t["adapter"] or {}).get("devnode") == f"/dev/ttyUSB{tty}"]
        return found[0] if found else {}

    def wait(self, slot, condition, **how):
        """Waits until the tile is in that state, or is as condition(tile) wants; returns it."""
        seen = {}

        def met():
            seen.clear()
            seen.update(self.tile(slot))
            right = seen.get("state") == condition if isinstance(condition, str) else seen and condition(seen)
            return right and dict(seen)
        return until(lambda: f"slot {slot} {condition}: {seen}\n{self.wire(slot)}\n{tiles()}", met, **how)

    def wait_phase(self, slot, phase, **how):
        return self.wait(slot, lambda tile: tile["state"] == "flashing" and tile["attempt"]["phase"] == phase, **how)

    def wait_writing(self, slots):
        for slot in slots:
            self.wait_phase(slot, "write")

    def wait_tty(self, slot):
        """Waits until udev is through with it; returns its name."""
        until(f"ttyUSB of slot {slot}", lambda: self.tty(slot) >= 0)
        run("udevadm settle")
        return f"ttyUSB{self.tty(slot)}"

    def wait_verdict(self, slot, verdict):
        """Waits for it in the book, and checks a pass against the flash; returns the row."""
        mac = self.macs[slot]
        found = until(lambda: f"{verdict} of {mac} in slot {slot}: {rows()}\n{self.tile(slot)}\n{self.wire(slot)}",
                      lambda: [row for row in rows("SELECT * FROM attempts WHERE mac = ? AND verdict = ?", mac, verdict)])
        if verdict == "pass":
            self.check_flash(slot)
        return found[-1]

    def check_flash(self, slot):
        self.control(f"dump {slot} {self.path('flash')}")
        with open(GOLDEN, "rb") as golden, open(self.path("flash"), "rb") as flash:
            wanted = golden.read()
            found = flash.read(len(wanted))
        assert hashlib.md5(found).digest() == hashlib.md5(wanted).digest(), f"slot {slot} passed, its flash is another"

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            if kind is not None:
                print(f"--- boardsim\n{self.read('log')}---")
            self.control.close()
            self.boardsim.stdin.close()
            self.boardsim.wait(PATIENCE)
            assert kind is not None or self.boardsim.returncode == 0, self.read("log")
        finally:
            if self.boardsim.poll() is None:
                self.boardsim.kill()
            self.log.close()
            shutil.rmtree(self.dir)
