#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The book: however gangd ends, no row is lost or duplicated; no board is flashed whose attempt cannot be recorded."""
import contextlib
import os
import random
import resource
import signal
import sqlite3
import subprocess

from station import GANGD, PATIENCE, SLOW, Station, run_tests, until

BLANK = b"\xff" * (1 << 22)


@contextlib.contextmanager
def locked(station):
    """Another program holds the book's write lock."""
    connection = sqlite3.connect(station.book, isolation_level=None, timeout=30)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@contextlib.contextmanager
def full(station):
    """gangd's files cannot grow beyond 4096 bytes; its log is shorter."""
    resource.prlimit(station.gangd.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        if station.gangd.poll() is None:
            resource.prlimit(station.gangd.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextlib.contextmanager
def gone(station):
    """The book has been moved away."""
    for end in ("", "-wal", "-shm"):
        os.rename(station.book + end, station.book + end + ".away")
    try:
        yield
    finally:
        for end in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(station.book + end)
            os.rename(station.book + end + ".away", station.book + end)


def nothing_is_flashed(trouble, why):
    with Station(boards=1) as station:
        station.wait(1, "pass")
        with trouble(station):
            for slot in (2, 3):
                station.plug(slot)
            for slot in (2, 3):
                shown = station.wait(slot, lambda s: s["state"] == "blocked" and why in s["sentence"])
                assert shown["sentence"].startswith("The book cannot be written: "), shown
                assert shown["attempt"] is None, shown
            book = station.status()["book"]
            assert book["ok"] is False and why in book["error"] and station.book in book["error"], book
            station.swap(1)
            station.wait(1, "blocked")
            for slot in (1, 2, 3):
                assert station.flash(slot) == BLANK and station.wire(slot)["to_board"] == "0"
        for slot in (1, 2, 3):
            station.wait(slot, "pass", station.mac(slot))
        assert station.status()["book"] == {"ok": True, "error": None}
        station.wait_closed(4)
        assert "can be written again" in station.log()


def test_nothing_is_flashed_while_another_program_holds_the_book():
    nothing_is_flashed(locked, "another program has locked it")


def test_nothing_is_flashed_while_the_disk_is_full():
    nothing_is_flashed(full, "disk")


def test_nothing_is_flashed_while_the_book_is_gone():
    nothing_is_flashed(gone, "gone")


def verdict_waits(trouble):
    with Station(boards=2, flashing=SLOW) as station:
        station.wait(1, lambda s: s["state"] == "flashing")
        station.wait(2, lambda s: s["state"] == "flashing")
        before = station.rows()
        with trouble(station):
            for slot in (1, 2):
                shown = station.wait(slot, "blocked")
                assert shown["attempt"]["verdict"] is None, shown
                assert shown["sentence"].startswith("The book cannot be written: "), shown
            today = station.status()["today"]
            assert (today["pass"], today["fail"]) == (0, 0), today
            # One board is unplugged before its verdict is recorded: the verdict does not change.
            station.unplug(2)
            station.wait(2, "empty")
        station.wait(1, "pass")
        rows = station.wait_closed(2)
        assert [row["verdict"] for row in before] == ["open", "open"], before
        assert [row["verdict"] for row in rows] == ["pass", "pass"], rows
        assert rows[0]["id"] == before[0]["id"] and rows[1]["id"] == before[1]["id"]


def test_a_verdict_is_not_shown_while_the_book_is_locked():
    verdict_waits(locked)


def test_a_verdict_is_not_shown_while_the_disk_is_full():
    verdict_waits(full)


def test_stopped_while_a_verdict_cannot_be_written():
    with Station(boards=1, flashing=SLOW) as station:
        station.wait(1, lambda s: s["state"] == "flashing")
        with locked(station):
            station.wait(1, "blocked")
            assert station.stop() == 1, "the exit code reports that a verdict could not be recorded"
        assert [row["verdict"] for row in station.rows()] == ["open"]
        assert "attempt 1" in station.log().split("ending on SIGTERM")[1], "the log contains each missing row"
        station.start()
        station.wait(1, "pass")
        assert [(r["verdict"], r["cause"]) for r in station.wait_closed(2)] == [("interrupted", "power-cut"),
                                                                                 ("pass", "none")]


def test_stopped_during_attempts():
    with Station(boards=4, adapter="mixed", flashing=SLOW) as station:
        for slot in range(1, 5):
            station.wait(slot, lambda s: s["state"] == "flashing")
        station.wait_writing(1)
        assert station.stop(signal.SIGTERM) == 0
        rows = station.rows()
        assert len(rows) == 4 and {(r["verdict"], r["cause"]) for r in rows} == {("interrupted", "stopped")}, rows
        # Ended with SIGINT while no attempt runs.
        station.start()
        assert station.stop(signal.SIGINT) == 0


def test_killed_during_attempts():
    with Station(boards=4, flashing=SLOW) as station:
        for slot in range(1, 5):
            station.wait(slot, lambda s: s["state"] == "flashing")
        station.stop(signal.SIGKILL)
        assert [row["verdict"] for row in station.rows()] == ["open"] * 4
        station.start()
        for slot in range(1, 5):
            station.wait(slot, "pass")
        rows = station.wait_closed(8)
        assert [(r["verdict"], r["cause"]) for r in rows] == [("interrupted", "power-cut")] * 4 + [("pass", "none")] * 4
        assert "4 attempts were open when gangd ended" in station.log()
        assert station.status()["today"]["interrupted"] == 4


def test_killed_while_it_writes():
    with Station(boards=2, flashing=SLOW) as station:
        macs = {f"1-1.{slot}": station.mac(slot) for slot in (1, 2)}
        for slot in (1, 2):
            station.wait_writing(slot)
        station.stop(signal.SIGKILL)
        assert {row["slot"]: row["mac"] for row in station.rows()} == macs
        assert station.rows("SELECT * FROM units") == [], "an attempt counts when it is closed"
        # gangd is not running: the book alone has to show which attempts were cut off.
        for slot in (1, 2):
            station.unplug(slot)
        station.start()
        rows = station.wait_closed(2)
        for row in rows:
            assert (row["verdict"], row["cause"]) == ("interrupted", "power-cut"), row
            assert row["flash_id"] == "ef4016" and row["flash_size"] == 1 << 22 and row["written"] is None, row
            chip = macs[row["slot"]].replace(":", "")[6:]
            assert row["chip_id"] == "00" + chip, row
        units = {unit["mac"]: (unit["verdict"], unit["cause"], unit["attempts"]) for unit in station.units()}
        assert units == {mac: ("interrupted", "power-cut", 1) for mac in macs.values()}, units


def test_killed_at_any_moment():
    dice = random.Random(7)
    with Station(boards=3, start=False) as station:
        opened = 0
        for _ in range(6):
            station.start()
            wanted = dice.randrange(0, 20000)
            until("bytes on the wire", lambda: any(int(station.wire(s)["to_board"]) >= wanted for s in (1, 2, 3)))
            station.stop(signal.SIGKILL)
            rows = station.rows()
            assert opened <= len(rows) <= opened + 3, rows
            opened = len(rows)
        station.start()
        for slot in (1, 2, 3):
            station.wait(slot, "pass", station.mac(slot))
        rows = station.wait_closed(opened + 3)
        assert {(r["verdict"], r["cause"]) for r in rows} == {("interrupted", "power-cut"), ("pass", "none")}


def refuses_to_start(station, *why):
    """gangd prints the reason in one line and exits with 1."""
    result = subprocess.run([GANGD, "--config", station.config], env=station.environment, capture_output=True, text=True,
                            timeout=PATIENCE, check=False)
    assert result.returncode == 1, result
    assert result.stderr.count("\n") == 1 and all(word in result.stderr for word in why), result.stderr


def test_a_second_gangd_on_the_same_book():
    with Station(boards=1) as station:
        refuses_to_start(station, station.book, str(station.gangd.pid))
        station.wait(1, "pass")
        station.stop(signal.SIGKILL)
        station.start()  # a lock file that no process has locked has no effect
        station.wait(1, "pass")


def test_closed_standard_files_are_not_those_of_the_book():
    with Station(boards=1, start=False) as station:
        station.gangd = station.spawn(["sh", "-c", 'exec "$0" --config "$1" <&- >&- 2>&-', GANGD, station.config])
        until("gangd is ready", station.is_ready)
        files = [os.readlink(f"/proc/{station.gangd.pid}/fd/{number}") for number in range(3)]
        # boardsim's library may have a socket there before main() begins.
        assert all(name == "/dev/null" or name.startswith("socket:") for name in files), files
        station.wait(1, "pass")


def test_an_invalid_book_is_refused_and_not_changed():
    with Station(boards=1) as station:
        station.wait(1, "pass")
        station.stop()
        with open(station.book, "rb") as file:
            good = file.read()

        def is_refused(content, *why):
            with open(station.book, "wb") as file:
                file.write(content)
            refuses_to_start(station, station.book, *why)
            with open(station.book, "rb") as file:
                assert file.read() == content

        is_refused(good[:len(good) // 2], "damaged")
        is_refused(good[:100], "damaged")
        is_refused(b"not a database, and long enough to be taken for one" * 40, "no SQLite database")
        is_refused(good[:60] + (99).to_bytes(4, "big") + good[64:], "newer")
        is_refused(good[:68] + bytes(4) + good[72:], "")  # another program's database
        with open(station.book, "wb") as file:
            file.write(good)
        station.start()
        assert len(station.attempts()) == 1


def test_a_book_that_cannot_be_opened():
    with Station(start=False) as station:
        os.mkdir(station.path("directory"))
        for name, why in (("missing/gangd.db", "No such file or directory"), ("directory", "director")):
            station.sections["station"] = f"name = bench\nbook = {station.path(name)}\n"
            station.write_config()
            refuses_to_start(station, station.path(name), why)


if __name__ == "__main__":
    run_tests(globals())
