# SPDX-License-Identifier: MIT
"""A boardsim for one test, commands to it, and the function that runs the tests of a driver.

    with Boardsim(boards=1) as boardsim:
        boardsim.run("ls", "-l", "/dev/ttyUSB0")

Times are never asserted: what shall happen is waited for, and only a hang runs into PATIENCE. BUILD is the build
directory (default build/release), COMMON that of the stub and demo-image.
"""
import concurrent.futures
import functools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build/release"))
COMMON = os.path.join(ROOT, os.environ.get("COMMON", "build/common"))

PATIENCE = 600
LOOK = 0.02

# gangd and boardsim are started behind umockdev's preload, which ASan would not like to be first.
SANITIZE = {"ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=1:exitcode=99", "UBSAN_OPTIONS": "print_stacktrace=1"}


class Skip(Exception):
    """Raised by a test that cannot run here."""


def until(what, condition, patience=PATIENCE, look=LOOK):
    """Waits until condition() is true and returns what it gave; looks every so many seconds. `what` is for the message, or
    makes it."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what() if callable(what) else what}")
        time.sleep(look)


@functools.lru_cache(maxsize=None)
def image(size=65536, seed=1):
    """A golden image's bytes: deterministic for a size and a seed."""
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run([os.path.join(COMMON, "demo-image"), "--size", str(size), "--seed", str(seed), file.name],
                       check=True, capture_output=True)
        return file.read()


class Control:
    """boardsim's control socket."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.file = self.socket.makefile("rw")

    def raw(self, line):
        with self.lock:
            self.file.write(line + "\n")
            self.file.flush()
            return self.file.readline().rstrip("\n")

    def __call__(self, line):
        answer = self.raw(line)
        assert answer == "ok" or answer.startswith("ok "), f"{line}: {answer}"
        return answer[3:]

    def close(self):
        self.file.close()
        self.socket.close()


class Boardsim:
    """A boardsim with its boards (`options` are further ones of its command line), in a directory of its own."""

    logs = ("boardsim.log",)
    may_crash = False  # what runs on a board may die; it would look like one that sleeps

    def __init__(self, boards=0, adapter="cp2102n", options=()):
        self.dir = tempfile.mkdtemp(prefix="gangd-test-")
        self.start_boardsim(boards, adapter, options)

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8", errors="replace") as file:
            return file.read()

    def start_boardsim(self, boards, adapter, options):
        os.mkdir(self.path("flash"))
        self.boardsim_log = open(self.path("boardsim.log"), "w+", encoding="utf-8")
        # boardsim lasts until the pipe is closed; a program with this environment sees its adapters.
        self.program = subprocess.Popen(
            [os.path.join(BUILD, "boardsim"), "--boards", str(boards), "--adapter", adapter, "--control",
             self.path("control"), "--dump-dir", self.path("flash"), "--report", self.path("report.json"), *options,
             "--", "sh", "-c", 'env -0 >"$1.new" && mv "$1.new" "$1" && exec cat', "sh", self.path("environment")],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self.boardsim_log, env={**os.environ, **SANITIZE})
        until("boardsim is ready", lambda: os.path.exists(self.path("environment")) or self.program.poll() is not None)
        assert self.program.poll() is None, self.read("boardsim.log")
        with open(self.path("environment"), encoding="utf-8") as file:
            self.environment = dict(pair.split("=", 1) for pair in file.read().split("\0") if pair)
        self.control = Control(self.path("control"))

    def spawn(self, command, **options):
        """A program that sees the adapters."""
        return subprocess.Popen(command, env=self.environment, **options)

    def run(self, *command):
        """Runs a program that sees the adapters to its end; its output is text, both streams in one."""
        return subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, check=False)

    # --- the operator's commands

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

    def seat(self, slot, words=""):
        """A board comes into the fixture, whose adapter has been plugged; returns its MAC."""
        self.control(f"seat {slot} {words}")
        return self.mac(slot)

    def lift(self, slot):
        self.control(f"lift {slot}")

    def mac(self, slot):
        return self.wire(slot)["board"]

    def wire(self, slot):
        """boardsim's view of what is in the slot: {"board": MAC, "to_board": "1234", …}."""
        return dict(word.split("=", 1) for word in self.control(f"status {slot}").split() if "=" in word)

    def flash(self, slot):
        """What is in the flash of the board there, in truth."""
        name = self.path(f"dump-{slot}")
        self.control(f"dump {slot} {name}")
        with open(name, "rb") as file:
            return file.read()

    # --- the end

    def close(self):
        """Ends boardsim, and checks how it ended."""
        try:
            self.end_world()
        finally:
            self.clean()

    def end_world(self):
        self.control.close()
        self.program.stdin.close()
        self.program.wait(PATIENCE)
        assert self.program.returncode == 0, self.read("boardsim.log")
        for log in self.logs:
            text = self.read(log) if os.path.exists(self.path(log)) else ""
            assert not re.search(r"Sanitizer|runtime error:|Assertion", text), text
        for board in json.loads(self.read("report.json"))["boards"]:
            assert self.may_crash or board["crashes"] == 0, f"a board's program died: {board}"

    def clean(self):
        if self.program.poll() is None:
            self.program.kill()
            self.program.wait()
        self.boardsim_log.close()
        shutil.rmtree(self.dir)

    def show_logs(self):
        for log in self.logs:
            if os.path.exists(self.path(log)):
                print(f"--- {log}\n{self.read(log)[-6000:]}---", file=sys.stderr)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.close()
        else:
            self.show_logs()
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
