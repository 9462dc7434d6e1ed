# SPDX-License-Identifier: MIT
"""A station for one test: boardsim's world, and in it a real gangd with a book of its own.

    with Station(boards=2) as station:
        station.wait(1, "pass")

Slot n is USB path 1-1.n; methods take n, or a name from the configuration. Times are never asserted: what shall happen
is waited for, and only a hang runs into PATIENCE. When the station is closed, gangd must end well and the laws are
checked (check_laws). BUILD is the build directory (default build/release), COMMON that of the stub and demo-image.
"""
import collections
import concurrent.futures
import contextlib
import functools
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build/release"))
COMMON = os.path.join(ROOT, os.environ.get("COMMON", "build/common"))
GANGD = os.path.join(BUILD, "gangd")
GANGCTL = os.path.join(BUILD, "gangctl")
STUB_JSON = os.path.join(COMMON, "stub.json")

PATIENCE = 120
LOOK = 0.02

# [flashing] for a test that must meet a board in the middle of its work: seconds, not tenths of one.
SLOW = "settle_ms = 50\nbaud = 115200"

# gangd and boardsim are started behind umockdev's preload, which ASan would not like to be first.
SANITIZE = {"ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=1:exitcode=99", "UBSAN_OPTIONS": "print_stacktrace=1"}


class Skip(Exception):
    """Raised by a test that cannot run here."""


def until(what, condition, patience=PATIENCE):
    """Waits until condition() is true and returns what it gave. `what` is for the message, or makes it."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what() if callable(what) else what}")
        time.sleep(LOOK)


@functools.lru_cache(maxsize=None)
def image(size=65536, seed=1):
    """A golden image's bytes: deterministic for a size and a seed."""
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run([os.path.join(COMMON, "demo-image"), "--size", str(size), "--seed", str(seed), file.name],
                       check=True, capture_output=True)
        return file.read()


def image_hash(parts, algorithm):
    """The hash that gangd books for an image of (offset, bytes) pairs (proto/golden.h)."""
    digest = hashlib.new(algorithm)
    for offset, data in sorted(parts):
        if len(parts) > 1 or offset != 0:
            digest.update(struct.pack("<II", offset, len(data)))
        digest.update(data)
    return digest.hexdigest()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=PATIENCE):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Control:
    """boardsim's control socket."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.file = self.socket.makefile("rw")

    def __call__(self, line):
        with self.lock:
            self.file.write(line + "\n")
            self.file.flush()
            answer = self.file.readline().rstrip("\n")
        assert answer == "ok" or answer.startswith("ok "), f"{line}: {answer}"
        return answer[3:]

    def close(self):
        self.file.close()
        self.socket.close()


class Station:
    """`product`, `flashing`, `slots` and `http` are lines for these sections of the configuration (`slots` may go on with
    sections [slot NAME]). `golden` is the image of golden.bin, or a list of (offset, bytes) for several files; None
    writes no file. `start=False` leaves gangd to be started by start()."""

    def __init__(self, boards=0, adapter="cp2102n", boardsim=(), golden=image(), product=None, flashing="settle_ms = 50",
                 slots="", http_lines="", station="", start=True):
        self.dir = tempfile.mkdtemp(prefix="gangd-it-")
        self.book, self.socket, self.config = self.path("gangd.db"), self.path("gangd.sock"), self.path("gangd.conf")
        self.log_path = self.path("gangd.log")
        self.images = {}  # MD5 -> [(offset, bytes)]: every image that this station ever had
        self.gangd = None
        self.was_killed = False
        files = golden if isinstance(golden, list) else [(0, golden)]
        if golden is not None:
            names = [self.write_golden(data, "golden.bin" if n == 0 else f"golden{n}.bin")
                     for n, (_, data) in enumerate(files)]
            self.knows(files)
            lines = "".join(f"file = {name} @ {offset:#x}\n" for name, (offset, _) in zip(names, files))
        else:
            lines = f"file = {self.path('golden.bin')}\n"
        self.sections = {"station": f"name = bench\nbook = {self.book}\n{station}", "product": lines + (product or ""),
                         "flashing": flashing, "slots": slots,
                         "http": f"socket = {self.socket}\ngroup =\nlisten = none\nweb = {ROOT}/web\n{http_lines}"}
        self.write_config()
        self.start_world(boards, adapter, boardsim)
        if start:
            self.start()

    def path(self, name):
        return os.path.join(self.dir, name)

    # --- what gangd is given

    def knows(self, parts):
        self.images[image_hash(parts, "md5")] = parts

    def write_golden(self, data, name="golden.bin"):
        """Replaces the file as careful people do: no reader sees half of it."""
        with open(self.path(name + ".new"), "wb") as file:
            file.write(data)
        os.rename(self.path(name + ".new"), self.path(name))
        return self.path(name)

    def write_config(self):
        with open(self.config, "w", encoding="utf-8") as file:
            for name, lines in self.sections.items():
                file.write(f"[{name}]\n{lines}\n")

    # --- processes

    def start_world(self, boards, adapter, options):
        os.mkdir(self.path("flash"))
        self.boardsim_log = open(self.path("boardsim.log"), "w+", encoding="utf-8")
        # The world lasts until the pipe is closed; its environment is what makes a program live in it.
        self.boardsim = subprocess.Popen(
            [os.path.join(BUILD, "boardsim"), "--boards", str(boards), "--adapter", adapter, "--control",
             self.path("control"), "--dump-dir", self.path("flash"), "--report", self.path("report.json"), *options,
             "--", "sh", "-c", 'env -0 >"$1.new" && mv "$1.new" "$1" && exec cat', "world", self.path("world")],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self.boardsim_log, env={**os.environ, **SANITIZE})
        until("boardsim's world", lambda: os.path.exists(self.path("world")) or self.boardsim.poll() is not None)
        assert self.boardsim.poll() is None, self.read("boardsim.log")
        with open(self.path("world"), encoding="utf-8") as file:
            self.world = dict(pair.split("=", 1) for pair in file.read().split("\0") if pair)
        self.control = Control(self.path("control"))

    def spawn(self, command, **options):
        """A program in the world."""
        return subprocess.Popen(command, env=self.world, **options)

    def start(self, ready=True, config=None):
        assert self.gangd is None or self.gangd.poll() is not None
        with open(self.log_path, "ab") as log:
            self.gangd = self.spawn([GANGD, "--config", config or self.config], stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log)
        if ready:
            until("gangd is ready", self.is_ready)

    def is_ready(self):
        if self.gangd.poll() is not None:
            raise AssertionError(f"gangd ended with {self.gangd.returncode}:\n{self.log()}")
        try:
            return self.status()
        except OSError:
            return None

    def send(self, number):
        self.gangd.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        """Ends gangd and returns its exit code."""
        self.send(number)
        self.was_killed = number == signal.SIGKILL
        return self.gangd.wait(PATIENCE)

    def read(self, name):
        with open(self.path(name), encoding="utf-8", errors="replace") as file:
            return file.read()

    def log(self):
        return self.read("gangd.log") if os.path.exists(self.log_path) else ""

    def wait_log(self, text):
        until(lambda: f"{text!r} in the log:\n{self.log()}", lambda: text in self.log())

    # --- the operator's hands

    def plug(self, slot, words=""):
        """Returns the board's MAC."""
        self.control(f"plug {slot} {words}")
        return self.mac(slot)

    def unplug(self, slot):
        self.control(f"unplug {slot}")

    def replug(self, slot):
        self.control(f"replug {slot}")

    def swap(self, slot, words=""):
        self.control(f"swap {slot} {words}")
        return self.mac(slot)

    def wire(self, slot):
        """boardsim's view of what is in the slot: {"board": MAC, "to_board": "1234", …}."""
        return dict(word.split("=", 1) for word in self.control(f"status {slot}").split() if "=" in word)

    def mac(self, slot):
        return self.wire(slot)["board"]

    def flash(self, slot):
        """What is in the flash of the board there, in truth."""
        name = self.path(f"dump-{slot}")
        self.control(f"dump {slot} {name}")
        with open(name, "rb") as file:
            return file.read()

    # --- the API

    def request(self, method, path, headers=None, body=None):
        """(status, body as text)"""
        connection = UnixConnection(self.socket)
        try:
            # gangd need not read a body to its end to refuse it.
            with contextlib.suppress(BrokenPipeError):
                connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def get(self, path):
        status, body = self.request("GET", "/api/v1/" + path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def retry(self, slot):
        status, body = self.request("POST", f"/api/v1/slots/{self.name(slot)}/retry", {"X-Gangd": "1"})
        return status, json.loads(body)

    def status(self):
        return self.get("status")

    def attempts(self, **query):
        return self.get("attempts" + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else ""))

    def units(self):
        return self.get("units")

    @staticmethod
    def name(slot):
        return f"1-1.{slot}" if isinstance(slot, int) else slot

    def slot(self, slot):
        """The SLOT object; {} if there is no such tile."""
        return next((s for s in self.status()["slots"] if s["slot"] == self.name(slot)), {})

    def wait(self, slot, condition, mac=None):
        """Waits until the tile shows a state (or is as condition(SLOT) wants), with the board `mac` if given; returns
        the SLOT."""
        last = {}

        def met():
            last.clear()
            last.update(self.slot(slot))
            right = last.get("state") == condition if isinstance(condition, str) else last and condition(last)
            return right and (mac is None or (last["attempt"] or {}).get("mac") == mac) and dict(last)

        return until(lambda: f"slot {slot} {condition}: {last}\n{self.log()}", met)

    def wait_status(self, condition):
        """Waits until condition(status object) is true and returns it."""
        def met():
            status = self.status()
            return condition(status) and status

        return until(lambda: f"{self.status()}\n{self.log()}", met)

    def wait_all(self, state, slots):
        return {slot: self.wait(slot, state) for slot in slots}

    def wait_writing(self, slot):
        """Waits until the image is being written."""
        return self.wait(slot, lambda s: s["state"] == "flashing" and s["attempt"]["phase"] == "write")

    # --- the book, as a stranger reads it

    def rows(self, sql="SELECT * FROM attempts ORDER BY id", *arguments):
        connection = sqlite3.connect(f"file:{self.book}?mode=ro", uri=True, timeout=30)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(sql, arguments)]
        finally:
            connection.close()

    def wait_closed(self, count):
        """Waits until so many rows are in the book and all are closed; returns them."""
        def closed():
            rows = self.rows()
            return len(rows) >= count and all(row["ended"] is not None for row in rows) and rows
        rows = until(lambda: f"{count} closed rows: {self.rows()}\n{self.log()}", closed)
        assert len(rows) == count, rows
        return rows

    # --- the end

    def close(self):
        """Ends all, and checks how it ended and what it left."""
        try:
            if self.gangd and self.gangd.poll() is None:
                code = self.stop()
                assert code == 0, f"gangd ended with {code}"
            self.end_world()
            assert self.boardsim.returncode == 0, self.read("boardsim.log")
            for log in ("gangd.log", "boardsim.log"):
                text = self.read(log) if os.path.exists(self.path(log)) else ""
                assert not re.search(r"Sanitizer|runtime error:|Assertion", text), text
            if os.path.exists(self.book):
                self.check_laws()
        finally:
            self.clean()

    def end_world(self):
        self.control.close()
        self.boardsim.stdin.close()
        self.boardsim.wait(PATIENCE)

    def clean(self):
        for process in (self.gangd, self.boardsim):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        self.boardsim_log.close()
        shutil.rmtree(self.dir)

    def check_laws(self):
        """Each attempt has one row; it was closed once, as the log and the units say; and a pass is true."""
        rows = {row["id"]: row for row in self.rows("SELECT a.*, i.md5 AS image_md5, i.sha256 AS image_sha256 FROM "
                                                    "attempts a LEFT JOIN images i ON i.id = a.image ORDER BY a.id")}
        if not self.was_killed:
            assert all(row["ended"] is not None for row in rows.values()), [r for r in rows.values() if not r["ended"]]
        said = collections.Counter(re.findall(r"attempt (\d+) (pass|fail|interrupted)", self.log()))
        for (number, verdict), times in said.items():
            assert times == 1, f"attempt {number} was closed {times} times"
            assert int(number) in rows and rows[int(number)]["verdict"] == verdict, (number, verdict, rows)
        closed = collections.Counter(row["mac"] for row in rows.values() if row["mac"] and row["ended"] is not None)
        assert {u["mac"]: u["attempts"] for u in self.rows("SELECT * FROM units")} == dict(closed)
        latest = {row["mac"]: row for row in rows.values() if row["mac"]}
        boots = {board["mac"]: board["boots"] for board in json.loads(self.read("report.json"))["boards"]}
        for mac, row in latest.items():
            if row["verdict"] == "pass":
                self.check_flash(mac, row["image_md5"])
                assert boots[mac], f"{mac} passed, and does not start"

    def check_flash(self, mac, md5):
        with open(self.path(f"flash/{mac.replace(':', '')}.bin"), "rb") as file:
            flash = file.read()
        for offset, data in self.images[md5]:
            assert flash[offset:offset + len(data)] == data, f"{mac} passed, and its flash is another"

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.close()
            return
        for log in ("gangd.log", "boardsim.log"):
            if os.path.exists(self.path(log)):
                print(f"--- {log}\n{self.read(log)[-6000:]}---", file=sys.stderr)
        self.clean()


def run_tests(names, at_once=3):
    """Runs all functions of a driver that are called test_… and ends the program. Several run at once: a board spends
    its time on the wire, not on the CPU. An argument chooses those with this in their name."""
    tests = [(name, test) for name, test in names.items() if name.startswith("test_") and callable(test)]
    tests = [(name, test) for name, test in tests if all(word in name for word in sys.argv[1:])]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        futures = {pool.submit(test): name for name, test in tests}
        for future in concurrent.futures.as_completed(futures):
            name = futures[future]
            try:
                future.result()
                passed += 1
                print(f"ok {name}", flush=True)
            except Skip as why:
                print(f"skipped {name}: {why}", flush=True)
            except Exception:  # pylint: disable=broad-except
                failed += 1
                print(f"FAILED {name}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0 or passed == 0)
