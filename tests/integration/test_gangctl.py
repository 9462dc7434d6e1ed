#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gangctl's commands with a running gangd, and with only its book."""
import csv
import io
import json
import os
import signal
import subprocess

from station import GANGCTL, PATIENCE, Station, run_tests

DONE, REFUSED, USAGE, UNREACHABLE, NO_OUTPUT = 0, 1, 2, 3, 5


class Gangctl:
    def __init__(self, station):
        # In UTC, so that the expected local times can be derived from the UTC times of the API.
        self.environment = {**os.environ, "GANGD_SOCKET": station.socket, "TZ": "UTC", "LC_ALL": "C.UTF-8"}

    def start(self, *arguments):
        return subprocess.Popen([GANGCTL, *arguments], env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def __call__(self, *arguments, code=DONE):
        """The output: standard output, or standard error if the command is to fail."""
        process = self.start(*arguments)
        out, error = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, (arguments, process.returncode, out, error)
        assert (error == "") == (code == DONE), (arguments, error)
        return error if code else out


def bench_of_two(station):
    """A board that passed in slot 1, and one that failed in slot 2."""
    station.plug(1)
    station.plug(2, "silent")
    station.wait(1, "pass")
    station.wait(2, "fail")


def without_time(status):
    return {key: value for key, value in status.items() if key != "time"}


def test_status():
    with Station(station="lot = W-17\n") as station:
        gangctl = Gangctl(station)
        bench_of_two(station)
        text = gangctl("status")
        for word in ("bench", "W-17", "1-1.1", "pass", station.mac(1), "1-1.2", "fail", "board-silent",
                     "The board is silent", station.status()["golden"]["md5"]):
            assert word in text, (word, text)
        assert without_time(json.loads(gangctl("status", "--json"))) == without_time(station.status())
        station.write_golden(b"")
        station.send(signal.SIGHUP)
        station.wait_status(lambda status: status["golden"]["error"])
        assert "golden.bin: the file is empty" in gangctl("status")


def test_attempt_tells_why_each_try_failed():
    with Station() as station:
        gangctl = Gangctl(station)
        station.plug(1, "reset-after=25000")
        station.wait(1, "pass")
        station.plug(2, "silent")
        station.wait(2, "fail")
        first, second = station.attempts()
        assert [(result["baud"], result["cause"]) for result in first["try_results"]] == [
            (921600, "board-reset"), (460800, "none")], first
        assert first["try_results"][0]["detail"].startswith("writing at 0x"), first
        assert min(result["seconds"] for result in first["try_results"]) > 0, first
        assert station.slot(1)["attempt"] == first
        assert station.get(f"attempts/{first['id']}") == first

        log = [line for line in station.log().splitlines() if "attempt 1" in line]
        assert "attempt 1, try 1 at 921600 baud failed" in log[0] and "(board-reset: writing at 0x" in log[0], log
        assert "attempt 1 pass" in log[1] and "try 2 at 460800 baud" in log[1], log
        assert len(log) == 2, log
        assert ", try 1 at 921600 baud: The board is silent (board-silent: " in station.log()

        text = gangctl("attempt", "1")
        lines = text.splitlines()
        assert lines[-2].split()[:2] == ["1", "921600"] and "board-reset: The board reset itself" in lines[-2], text
        assert first["try_results"][0]["detail"] in lines[-2], text
        assert lines[-1].split()[:2] + lines[-1].split()[3:] == ["2", "460800", "pass"], text
        assert first["mac"] in text and first["image_sha256"] in text, text
        assert second["remedy"] in gangctl("attempt", "2")
        assert "try 1 of 2: board-reset" in gangctl("attempts").splitlines()[1]
        assert json.loads(gangctl("attempt", "1", "--json")) == first
        book = ("--book", station.book)
        assert gangctl("attempt", "1", *book) == text
        assert json.loads(gangctl("attempt", "2", "--json", *book)) == second
        for arguments in (("attempt", "3"), ("attempt", "3", *book)):
            assert "there is no attempt 3" in gangctl(*arguments, code=REFUSED)
        for wrong in ("", "0", "-- -1", "1x", "99999999999999999999"):
            assert "must be the number" in gangctl("attempt", *wrong.split() or [""], code=USAGE), wrong
        assert "needs ID" in gangctl("attempt", code=USAGE)


def test_attempts_and_units():
    with Station() as station:
        gangctl = Gangctl(station)
        bench_of_two(station)
        lines = gangctl("attempts").splitlines()
        assert len(lines) == 3 and lines[0].startswith("ID"), lines
        assert json.loads(gangctl("attempts", "--json")) == station.attempts()
        assert json.loads(gangctl("attempts", "--json", "--verdict", "fail")) == station.attempts(verdict="fail")
        assert json.loads(gangctl("attempts", "--json", "--slot", "1-1.1"))[0]["mac"] == station.mac(1)
        assert json.loads(gangctl("attempts", "--json", "--since", "2100-01-01")) == []
        assert len(json.loads(gangctl("attempts", "--json", "--limit", "1"))) == 1
        mac = station.mac(1)
        assert mac in gangctl("units").splitlines()[1]
        assert json.loads(gangctl("units", "--json", "--mac", mac.replace(":", "-").upper())) == station.units()
        for arguments, word in ((("attempts", "--verdict", "maybe"), "verdict"), (("units", "--mac", "12"), "12"),
                                (("attempts", "--limit", "0"), "limit"), (("frobnicate",), "frobnicate"), ((), "command"),
                                (("status", "--colour"), "colour"), (("retry",), "SLOT"), (("status", "more"), "argument"),
                                (("status", "--since", "2026-01-01"), "since")):
            assert word in gangctl(*arguments, code=USAGE), arguments


def test_watch():
    with Station() as station:
        for options in ((), ("--json",)):
            watch = Gangctl(station).start("watch", *options)
            # A board that comes before `watch` is connected is in its first lines.
            mac = station.swap(1) if station.slot(1).get("adapter") else station.plug(1)
            station.wait(1, "pass", mac)
            lines = []
            while not any("pass" in line and mac in line for line in lines):
                lines.append(watch.stdout.readline())
                assert lines[-1], (lines, watch.stderr.read())
            if options:
                assert all(json.loads(line) for line in lines), lines
            watch.send_signal(signal.SIGINT)
            _, error = watch.communicate(timeout=PATIENCE)
            assert error == "", error
            assert watch.returncode in (DONE, -signal.SIGINT), watch.returncode


def test_watch_reconnects_to_a_restarted_gangd():
    with Station() as station:
        watch = Gangctl(station).start("watch")
        station.plug(1)
        lines = [watch.stdout.readline()]
        station.stop(signal.SIGKILL)
        assert "gangd has gone" in watch.stderr.readline()
        station.start()
        station.plug(2)
        station.wait(2, "pass")
        while not (lines[-1] == "" or "pass" in lines[-1] and station.mac(2) in lines[-1]):
            lines.append(watch.stdout.readline())
        assert lines[-1], lines
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=PATIENCE)


def test_export():
    with Station() as station:
        gangctl = Gangctl(station)
        bench_of_two(station)
        attempts = station.attempts()
        rows = list(csv.DictReader(io.StringIO(gangctl("export"))))
        assert [row["mac"] for row in rows] == [a["mac"] for a in attempts]
        assert [row["detail"] for row in rows] == [a["detail"] for a in attempts]
        assert [float(row["seconds_write"]) for row in rows] == [a["seconds"]["write"] for a in attempts]
        assert json.loads(gangctl("export", "--format", "json")) == attempts
        assert [json.loads(line) for line in gangctl("export", "--format", "ndjson").splitlines()] == attempts
        assert json.loads(gangctl("export", "--units", "--format", "json")) == station.units()
        for form in ("csv", "json", "ndjson"):
            name = station.path("export." + form)
            assert gangctl("export", "--format", form, "--output", name) == ""
            assert station.read("export." + form) == gangctl("export", "--format", form)
        # An existing file is replaced when all is written, and not changed if writing fails.
        station.stop()
        gangctl("export", "--output", station.path("export.csv"), code=UNREACHABLE)
        assert list(csv.DictReader(io.StringIO(station.read("export.csv")))) == rows
        assert not [name for name in os.listdir(station.dir) if name.startswith("export.csv.")]
        gangctl("export", "--book", station.book, "--output", station.path("missing/export.csv"), code=NO_OUTPUT)
        gangctl("export", "--format", "xml", code=USAGE)


def test_retry():
    with Station() as station:
        gangctl = Gangctl(station)
        bench_of_two(station)
        assert "1-1.2" in gangctl("retry", "1-1.2")
        assert "at work" in gangctl("retry", "1-1.2", code=REFUSED)
        station.wait_closed(3)
        assert json.loads(gangctl("retry", "1-1.1", "--json"))["slot"] == "1-1.1"
        station.wait_closed(4)
        station.wait(1, "pass")
        assert [row["slot"] for row in station.rows()][2:] == ["1-1.2", "1-1.1"], station.rows()
        assert "1-1.9" in gangctl("retry", "1-1.9", code=REFUSED)
        station.unplug(2)
        station.wait(2, "empty")
        assert "no adapter" in gangctl("retry", "1-1.2", code=REFUSED)


def test_the_book_without_a_gangd():
    with Station() as station:
        gangctl = Gangctl(station)
        bench_of_two(station)
        attempts, units = station.attempts(), station.units()
        assert json.loads(gangctl("attempts", "--json", "--book", station.book)) == attempts, "beside a gangd"
        station.stop()
        assert json.loads(gangctl("attempts", "--json", "--book", station.book)) == attempts
        assert json.loads(gangctl("units", "--json", "--book", station.book)) == units
        assert json.loads(gangctl("export", "--format", "json", "--book", station.book, "--verdict", "pass")) == \
            [a for a in attempts if a["verdict"] == "pass"]
        with open(station.path("text.db"), "w", encoding="utf-8") as file:
            file.write("no book" * 1000)
        for name in ("missing.db", "text.db"):
            assert name in gangctl("attempts", "--book", station.path(name), code=UNREACHABLE)
        gangctl("status", "--book", station.book, code=USAGE)


def test_no_gangd():
    with Station(start=False) as station:
        gangctl = Gangctl(station)
        for command in (("status",), ("watch",), ("attempts",), ("units",), ("export",), ("retry", "1-1.1")):
            assert station.socket in gangctl(*command, code=UNREACHABLE)
        gangctl("status", "--socket", "/no/such/socket", code=UNREACHABLE)


if __name__ == "__main__":
    run_tests(globals())
