# SPDX-License-Identifier: MIT
"""A station for one test: a real gangd with a book of its own, and the virtual boards of a boardsim.

    with Station(boards=2) as station:
        station.wait(1, "pass")

Slot n is USB path 1-1.n; methods take n, or a name from the configuration. Times are never asserted: tests wait for
events, and PATIENCE limits the wait. Every answer of gangd is validated against docs/openapi.yaml (openapi.py). When the
station is closed, gangd must exit with 0 and the invariants are checked (check_laws). BUILD is the build directory (default build/release), COMMON that of the stub and demo-image.
"""
import collections
import contextlib
import hashlib
import json
import os
import re
import signal
import sqlite3
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from boardsim import BUILD, COMMON, PATIENCE, ROOT, SANITIZE, Skip, Boardsim, image, run_tests, until  # noqa: E402,F401
from openapi import UnixConnection  # noqa: E402

GANGD = os.path.join(BUILD, "gangd")
GANGCTL = os.path.join(BUILD, "gangctl")
STUB_JSON = os.path.join(COMMON, "stub.json")

# [flashing] for a test that acts during an attempt: the attempt takes seconds instead of tenths of a second.
SLOW = "settle_ms = 50\nbaud = 115200\nskip_blank_erase = no"


def image_hash(parts, algorithm):
    """The digest that gangd records for an image of (offset, bytes) pairs (proto/image/golden.h)."""
    digest = hashlib.new(algorithm)
    for offset, data in sorted(parts):
        if len(parts) > 1 or offset != 0:
            digest.update(struct.pack("<II", offset, len(data)))
        digest.update(data)
    return digest.hexdigest()


class Station(Boardsim):
    """`product`, `flashing`, `slots` and `http_lines` are lines for these sections of the configuration (`slots` may
    continue with sections [slot NAME]). `golden` is the image of golden.bin, or a list of (offset, bytes) for several
    files; with None no file is written. With `start=False` gangd is started later, by start(). `erases`: how often the flash of its only
    board is to have been erased when the station is closed."""

    logs = ("gangd.log", "boardsim.log")

    def __init__(self, boards=0, adapter="cp2102n", boardsim=(), golden=image(), product=None, flashing="settle_ms = 50",
                 slots="", http_lines="", station="", recompress="no", start=True, erases=None):
        self.gangd = None
        super().__init__(boards, adapter, boardsim)
        self.book, self.socket, self.config = self.path("gangd.db"), self.path("gangd.sock"), self.path("gangd.conf")
        self.log_path = self.path("gangd.log")
        self.images = {}  # MD5 -> [(offset, bytes)]: all images of this station so far
        self.was_killed = False
        self.erases = erases  # of the only board, in the end
        self.others_write = False  # whether programs other than gangd write to flashes
        files = golden if isinstance(golden, list) else [(0, golden)]
        if golden is not None:
            names = [self.write_golden(data, "golden.bin" if n == 0 else f"golden{n}.bin")
                     for n, (_, data) in enumerate(files)]
            self.knows(files)
            lines = "".join(f"file = {name} @ {offset:#x}\n" for name, (offset, _) in zip(names, files))
        else:
            lines = f"file = {self.path('golden.bin')}\n"
        self.sections = {"station": f"name = bench\nbook = {self.book}\n{station}", "product": lines + f"recompress = {recompress}\n" + (product or ""),
                         "flashing": flashing, "slots": slots,
                         "http": f"socket = {self.socket}\ngroup =\nlisten = none\nweb = {ROOT}/web\n{http_lines}"}
        self.write_config()
        if start:
            self.start()

    # --- gangd's configuration and image

    def knows(self, parts):
        self.images[image_hash(parts, "md5")] = parts

    def write_golden(self, data, name="golden.bin"):
        """Replaces the file by renaming, so that no reader sees an incomplete file."""
        with open(self.path(name + ".new"), "wb") as file:
            file.write(data)
        os.rename(self.path(name + ".new"), self.path(name))
        return self.path(name)

    def write_config(self):
        with open(self.config, "w", encoding="utf-8") as file:
            for name, lines in self.sections.items():
                file.write(f"[{name}]\n{lines}\n")

    # --- processes

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

    def log(self):
        return self.read("gangd.log") if os.path.exists(self.log_path) else ""

    def wait_log(self, text, times=1):
        until(lambda: f"{text!r} in the log:\n{self.log()}", lambda: self.log().count(text) >= times)

    # --- the API

    def request(self, method, path, headers=None, body=None):
        """(status, body as text)"""
        connection = UnixConnection(self.socket, PATIENCE)
        try:
            # gangd may refuse a request before it has read the whole body.
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

    def post(self, path):
        status, body = self.request("POST", "/api/v1/" + path, {"X-Gangd": "1"})
        return status, json.loads(body)

    def retry(self, slot):
        return self.post(f"slots/{self.name(slot)}/retry")

    def press_start(self, slot):
        """Returns the HTTP status."""
        return self.post(f"slots/{self.name(slot)}/start")[0]

    def hold(self, seconds):
        assert self.request("POST", f"/api/v1/hold?seconds={seconds}", {"X-Gangd": "1"})[0] == 202

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
        """Waits until the tile shows a state (or until condition(SLOT) is true), with the board `mac` if given; returns
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

    # --- the book, read without gangd

    def rows(self, sql="SELECT * FROM attempts ORDER BY id", *arguments):
        connection = sqlite3.connect(f"file:{self.book}?mode=ro", uri=True, timeout=30)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(sql, arguments)]
        finally:
            connection.close()

    def wait_closed(self, count):
        """Waits until `count` rows are in the book and all are closed; returns them."""
        def closed():
            rows = self.rows()
            return len(rows) >= count and all(row["ended"] is not None for row in rows) and rows
        rows = until(lambda: f"{count} closed rows: {self.rows()}\n{self.log()}", closed)
        assert len(rows) == count, rows
        return rows

    # --- the end

    def close(self):
        """Stops gangd and boardsim, and checks the exit code and the invariants."""
        try:
            if self.gangd and self.gangd.poll() is None:
                code = self.stop()
                assert code == 0, f"gangd ended with {code}"
            self.end_world()
            if os.path.exists(self.book):
                self.check_laws()
        finally:
            self.clean()

    def clean(self):
        if self.gangd and self.gangd.poll() is None:
            self.gangd.kill()
            self.gangd.wait()
        super().clean()

    def check_laws(self):
        """Each attempt has one row; it was closed once, in agreement with the log and the units. After a pass the flash
        equals the image and the firmware boots. A board that was not written, by its rows, had no erase or program."""
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
        boards = {board["mac"]: board for board in json.loads(self.read("report.json"))["boards"]}
        for mac, row in latest.items():
            if row["verdict"] == "pass":
                self.check_flash(mac, row["image_md5"])
                assert boards[mac]["boots"], f"{mac} passed but does not boot: {boards[mac]['boot_log']}"
                assert ", ready\r\n" in boards[mac]["boot_log"], f"{mac} passed, but its firmware prints no greeting"
        for mac in set() if self.others_write else set(latest) - {r["mac"] for r in rows.values() if r["written"] != 0}:
            assert boards[mac]["erases"] == boards[mac]["programs"] == 0, f"{mac} was written, contrary to its rows"

        if self.erases is not None:
            board, = boards.values()
            assert board["erases"] == self.erases, f"{board['erases']} erases instead of {self.erases}"

    def check_flash(self, mac, md5):
        with open(self.path(f"flash/{mac.replace(':', '')}.bin"), "rb") as file:
            flash = file.read()
        for offset, data in self.images[md5]:
            assert flash[offset:offset + len(data)] == data, f"{mac} passed, but its flash differs from the image"


def fails(station, slot, cause, sentence, tries, verdict="fail"):
    """Waits for a failure in the slot and checks all that is shown about it; returns the attempt."""
    shown = station.wait(slot, verdict)
    attempt = shown["attempt"]
    assert (attempt["verdict"], attempt["cause"]) == (verdict, cause), attempt
    assert shown["sentence"] == attempt["sentence"] == sentence, shown
    assert attempt["remedy"] and attempt["detail"], attempt
    assert attempt["tries"] == len(attempt["try_results"]) == tries, attempt
    last = attempt["try_results"][-1]
    assert (last["cause"], last["detail"], last["baud"]) == (cause, attempt["detail"], attempt["baud"]), attempt
    assert shown["adapter"], shown
    return attempt
