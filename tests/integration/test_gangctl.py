#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gangctl's commands with a running gangd, and with only its book."""
import csv
import io
import json
import os
import signal
import subprocess

from station import GANGCTL, PATIENCE, SLOW, Station, image, run_tests

DONE, REFUSED, USAGE, UNREACHABLE, NO_OUTPUT, TIMED_OUT = 0, 1, 2, 3, 5, 6


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
        assert "paused" not in gangctl("status")
        station.hold(60)
        assert any(line.startswith("blocked  ") and "paused" in line for line in gangctl("status").splitlines())


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
        assert "try 1 of 2: board-reset" in gangctl("attempts", "--order", "oldest").splitlines()[1]
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
        assert json.loads(gangctl("attempts", "--json")) == station.attempts(order="newest") == station.attempts()[::-1]
        assert json.loads(gangctl("attempts", "--json", "--order", "oldest")) == station.attempts()
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


def test_filters():
    with Station(station="lot = W 17/3\noperator = J\u00fcrgen\n") as station:
        gangctl = Gangctl(station)
        bench_of_two(station)
        passed, failed = sorted(station.attempts(), key=lambda a: a["verdict"] == "fail")
        both = station.attempts(order="newest")
        golden = station.status()["golden"]
        for options, expected in (
                (("--cause", "board-silent"), [failed]), (("--cause", "none"), [passed]), (("--cause", "link-lost"), []),
                (("--lot", "W 17/3"), both), (("--lot", "W"), []),
                (("--operator", "J\u00fcrgen"), both), (("--operator", "Anna"), []),
                (("--image", golden["md5"]), both), (("--image", golden["sha256"].upper()), both),
                (("--image", "0" * 64), []),
                (("--since", "2h"), both), (("--since", "-7d", "--verdict", "pass"), [passed]),
                (("--since", "2w", "--until", "1h"), []), (("--until", "yesterday"), []),
                (("--lot", "W 17/3", "--cause", "board-silent", "--since", "1h", "--slot", "1-1.2"), [failed])):
            assert json.loads(gangctl("attempts", "--json", *options)) == expected, options
            units = [a["mac"] for a in expected if a["mac"]]
            assert [u["mac"] for u in json.loads(gangctl("units", "--json", *options))] == units, options
            exported = gangctl("export", "--format", "json", "--order", "newest", *options)
            assert json.loads(exported) == expected, options
        # The API has the same parameters.
        assert station.attempts(cause="board-silent", since="2h", lot="W%2017/3") == [failed]
        status, body = station.request("GET", "/api/v1/units?cause=bad")
        assert status == 400 and "cause=bad" in body, body


def test_a_slot_that_does_not_exist():
    with Station(slots="[slot A1]\npath = pci-0000:00:14.0-usb-0:9:1.0") as station:
        gangctl = Gangctl(station)
        station.plug(2)
        station.wait(2, "pass")
        for command in ("attempts", "units", "export"):
            assert 'no slot "A2"' in gangctl(command, "--slot", "A2", code=USAGE)
            # Known, without attempts so far.
            assert gangctl(command, "--slot", "A1", "--json").split() == ["[", "]"]
        # Not in the configuration, and unplugged before gangd was started: only the book knows it.
        station.unplug(2)
        station.wait(2, "empty")
        station.stop()
        station.start()
        assert [slot["slot"] for slot in station.status()["slots"]] == ["A1"]
        assert len(json.loads(gangctl("attempts", "--slot", "1-1.2", "--json"))) == 1
        station.stop()
        assert "no slot" in gangctl("units", "--slot", "A1", "--book", station.book, code=USAGE)


def test_start_waits_for_the_verdict():
    with Station() as station:
        gangctl = Gangctl(station)
        bench_of_two(station)
        assert gangctl("retry", "1-1.1", "--wait") == f"1-1.1  pass  {station.mac(1)}\n"
        process = gangctl.start("start", "1-1.1", "1-1.2", "--wait", "--timeout", str(PATIENCE))
        out, error = process.communicate(timeout=PATIENCE)
        assert (process.returncode, error) == (REFUSED, ""), (process.returncode, error)
        assert sorted(out.splitlines())[0] == f"1-1.1  pass  {station.mac(1)}", out
        assert sorted(out.splitlines())[1].startswith("1-1.2  fail  board-silent: The board is silent"), out
        answer = json.loads(gangctl("retry", "1-1.1", "--wait", "--json"))
        assert answer == {"started": ["1-1.1"], "attempts": station.attempts(order="newest", limit=1)}, answer
        assert len(station.rows()) == 6, station.rows()
        # One is refused: the verdict of the other is waited for.
        process = gangctl.start("start", "1-1.9", "1-1.1", "--wait")
        out, error = process.communicate(timeout=PATIENCE)
        assert process.returncode == REFUSED and out == f"1-1.1  pass  {station.mac(1)}\n", (process.returncode, out)
        assert 'no slot "1-1.9"' in error, error


def test_start_without_slots_waits():
    slots = "[slot A1]\npath = pci-0000:00:14.0-usb-0:1.1:1.0\npresence = start"
    with Station(slots=slots) as station:
        gangctl = Gangctl(station)
        station.plug(1)
        station.wait("A1", "ready")
        assert gangctl("start", "--wait") == f"A1  pass  {station.mac(1)}\n"


def test_waiting_ends_without_a_verdict():
    with Station(flashing=SLOW, golden=image(262144)) as station:
        gangctl = Gangctl(station)
        station.plug(1)
        station.wait(1, "pass")
        # A second is too short for 115200 baud.
        error = gangctl("retry", "1-1.1", "--wait", "--timeout", "1", code=TIMED_OUT)
        assert "slot 1-1.1: no verdict in time: " in error, error
        station.wait_closed(2)
        # The board is pulled out in mid-work: interrupted is no pass.
        process = gangctl.start("retry", "1-1.1", "--wait")
        station.wait_writing(1)
        station.unplug(1)
        out, error = process.communicate(timeout=PATIENCE)
        assert process.returncode == REFUSED and out.startswith("1-1.1  interrupted  "), (out, error)
        # gangd ends meanwhile.
        mac = station.plug(1)
        station.wait(1, "pass", mac)
        process = gangctl.start("retry", "1-1.1", "--wait")
        station.wait_writing(1)
        station.stop()
        out, error = process.communicate(timeout=PATIENCE)
        assert process.returncode == UNREACHABLE and "gangd is not running" in error, (process.returncode, error)


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


def test_reload():
    with Station(boards=0) as station:
        gangctl = Gangctl(station)
        station.sections["station"] = station.sections["station"].replace("gangd.db", "other.db") + "lot = new\n"
        station.write_config()
        lines = gangctl("reload").splitlines()
        assert lines[0] == "reloaded" and "book in [station] needs a restart; until then it is" in lines[1], lines
        assert len(lines) == 2 and station.status()["lot"] == "new", lines
        station.sections["station"] = station.sections["station"].replace("other.db", "gangd.db")
        station.write_config()
        assert json.loads(gangctl("reload", "--json")) == {"needs_restart": []}
        station.write_golden(b"")
        error = gangctl("reload", code=REFUSED)
        assert error.startswith(f"gangctl: {station.config}:") and "golden.bin: the file is empty\n" in error, error
        station.sections["flashing"] += "\ncolour = red\ntries = 0"
        station.write_config()
        errors = gangctl("reload", code=REFUSED).splitlines()
        assert len(errors) == 2 and "colour" in errors[0] and "from 1 to 10" in errors[1], errors
        assert all(error.startswith(f"gangctl: {station.config}:") for error in errors), errors
        station.stop()
        assert "gangd is not running" in gangctl("reload", code=UNREACHABLE)


def test_watch_begins_with_the_state():
    with Station(slots="[slot A1]\npath = pci-0000:00:14.0-usb-0:9:1.0") as station:
        watch = Gangctl(station).start("watch")
        line = watch.stdout.readline()
        assert line.endswith("  bench  ok  1 slot, 0 with an adapter\n"), line
        station.hold(60)
        line = watch.stdout.readline()
        assert line.endswith("  bench  trouble  gangd is paused: no attempt begins\n"), line
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=PATIENCE)


def test_watch_reconnects_to_a_restarted_gangd():
    with Station() as station:
        watch = Gangctl(station).start("watch")
        station.plug(1)
        lines = [watch.stdout.readline()]
        station.stop(signal.SIGKILL)
        assert "the connection to gangd ended; reconnecting" in watch.stderr.readline()
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
        assert json.loads(gangctl("attempts", "--json", "--book", station.book)) == attempts[::-1], "beside a gangd"
        station.stop()
        assert json.loads(gangctl("attempts", "--json", "--book", station.book)) == attempts[::-1]
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
