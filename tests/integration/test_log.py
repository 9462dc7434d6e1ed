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

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from station import GANGD, Station, run_tests, until  # noqa: E402

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
        log = station.read_log(r"log: \d+ log lines were lost: nobody was reading")
        assert "is ready" in log and "1-1.3" not in log, log
        station.unplug(3)
        station.replug(3)
        station.read_log(r"slot: 1-1\.3: attempt 4 pass")
        station.fill_log()
        assert station.stop() == 0


def test_a_log_that_nobody_reads_holds_up_neither_boards_nor_the_end():
    check_unread(supervised=False)


def test_the_same_in_two_processes():
    check_unread(supervised=True)


def test_what_is_said_at_the_end_is_in_the_log():
    with Unread() as station:
        until("gangd is ready", station.is_ready)
        assert station.stop(signal.SIGINT) == 0
        station.read_log("gangd: ended; used")


if __name__ == "__main__":
    run_tests(globals())
