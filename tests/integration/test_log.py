#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gangd's log: a reader that stops reading, and the lines themselves."""
import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from station import GANGD, SLOW, Station, run_tests, until  # noqa: E402

QUEUE = 256  # LOG_QUEUE_MAX of daemon/base/log_queue.h
PIPE_SIZE = 4096


class Unread(Station):
    """A station whose log is a pipe of one page, which is read when the test says so."""

    def __init__(self, supervised=False, **options):
        super().__init__(start=False, **options)
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.bind(self.path("notify"))
        if supervised:
            self.environment["NOTIFY_SOCKET"] = self.path("notify")
        self.pipe, write_end = os.pipe()
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        self.gangd = self.spawn([GANGD, "--config", self.config], stdin=subprocess.DEVNULL, stdout=write_end,
                                stderr=write_end)
        os.close(write_end)
        self.was_read = b""

    def log(self):
        return "(in a pipe)"

    def fill_log(self):
        """More lines than pipe and queue take: a pause and its end are two, of 30 bytes or more each."""
        for _ in range((QUEUE + PIPE_SIZE // 30) // 2 + 20):
            self.hold(60)
            self.hold(0)

    def read_log(self, last):
        """Reads up to a line with `last`."""
        while not re.search(last.encode() + b".*\n", self.was_read):
            chunk = os.read(self.pipe, 65536)
            assert chunk, self.was_read
            self.was_read += chunk
        return self.was_read.decode()

    def clean(self):
        super().clean()
        os.close(self.pipe)
        self.notices.close()


def check_unread(supervised):
    with Unread(supervised, boards=2) as station:
        until("gangd is ready", station.is_ready)
        station.wait_all("pass", (1, 2))
        station.fill_log()
        station.plug(3)
        station.wait(3, "pass")
        log = station.read_log(r"log: \d+ log lines were lost: the log was not read")
        assert "is ready" in log and "1-1.3" not in log, log
        station.unplug(3)
        station.replug(3)
        station.read_log(r"slot: 1-1\.3: attempt 4 pass")
        station.fill_log()
        assert station.stop() == 0


class Verbose(Station):
    def spawn(self, command, **options):
        return super().spawn([*command, "--verbose"], **options)


def steps(log, slot):
    """(try, step, baud, result) of each step in the log."""
    lines = re.findall(rf"^step: {re.escape(slot)}: try (\d+)  (.+?) +(\d+) baud +\d+ ms  (.*)$", log, re.M)
    return [(int(number), name, int(baud), result) for number, name, baud, result in lines]


def test_a_log_that_nobody_reads_holds_up_neither_boards_nor_the_end():
    check_unread(supervised=False)


def test_the_same_in_two_processes():
    check_unread(supervised=True)


def test_what_is_said_at_the_end_is_in_the_log():
    with Unread() as station:
        until("gangd is ready", station.is_ready)
        assert station.stop(signal.SIGINT) == 0
        station.read_log("gangd: ended; used")


def test_verbose_logs_the_steps_of_a_conversation():
    with Verbose(boards=1, flashing="settle_ms = 50\nbaud = 921600") as station:
        station.wait_log("attempt 1 pass")
        mac, log = station.mac(1), station.log()
        found = dict((name, result) for _, name, _, result in steps(log, "1-1.1"))
        assert [step[:3] for step in steps(log, "1-1.1")] == [
            (1, name, 921600)
            for name in ("reset", "sync", "chip id", "stub upload", "flash id", "stream", "capacity", "run")], log
        assert found["chip id"] == f"done: ESP8266EX, {mac}", log
        assert re.fullmatch("done: gangd.*", found["stub upload"]), log
        assert re.fullmatch("done: [0-9a-f]{6}, 4096 KB", found["flash id"]), log
        assert re.fullmatch("done: 0 frames sent again(, blank sectors not erased)?", found["stream"]), log


def test_verbose_logs_why_a_step_failed():
    with Verbose() as station:
        station.plug(1, "tx-open")
        station.wait_log("attempt 1 fail")
        assert steps(station.log(), "1-1.1")[-1] == (1, "boot log", 74880, "failed: tx-open, boot mode 1, but no answer "
                                                     "to SYNC"), station.log()


def test_verbose_logs_a_step_that_is_cut_off():
    with Verbose(boards=1, flashing=SLOW) as station:
        station.wait_writing(1)
        station.unplug(1)
        station.wait_closed(1)
        assert re.match(r"\(1, 'stream', 115200, 'failed: unplugged, .+'\)", str(steps(station.log(), "1-1.1")[-1]))


def test_plugging_and_unplugging_are_logged():
    with Station(boards=1) as station:
        station.wait(1, "pass")
        assert re.search(r"^slot: 1-1\.1: /dev/ttyUSB0 was plugged in \(cp210x 10c4:ea60 .*\)$", station.log(), re.M)
        # Within 2 s it would be a warning (test_failures.py).
        passed = time.monotonic()
        until("2 s have passed", lambda: time.monotonic() - passed > 2)
        station.unplug(1)
        station.wait_log("slot: 1-1.1: /dev/ttyUSB0 was unplugged")
        assert steps(station.log(), "1-1.1") == [], station.log()


if __name__ == "__main__":
    run_tests(globals())
