#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recompression: what gangd makes of the golden image in the background, keeps beside the book, and sends to boards."""
import glob
import hashlib
import os
import re
import signal
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from station import Station, image, run_tests, until  # noqa: E402

DONE = "golden: recompressed in "


def cached(station):
    """The contents of the cache's files, by path."""
    files = {}
    for path in glob.glob(station.path("recompressed/*")):
        with open(path, "rb") as file:
            files[path] = file.read()
    return files


def processes(station):
    """The processes that compress for this station's gangd: (number, fields of /proc/NUMBER/stat behind the name)."""
    found = []
    for path in glob.glob("/proc/[0-9]*"):
        try:
            with open(path + "/cmdline", "rb") as file:
                arguments = file.read().split(b"\0")
            with open(path + "/stat", encoding="ascii", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if arguments[1:3] == [b"--recompress", str(station.gangd.pid).encode()] and fields[0] != "Z":
            found.append((int(os.path.basename(path)), fields))
    return found


# Takes zopfli ten seconds at least.
LARGE = image() + b"".join(str(n * n).encode() for n in range(500000))


def busy(**options):
    """A station whose gangd has a process at work."""
    station = Station(golden=LARGE, recompress="yes", **options)
    until(lambda: f"a process: {station.log()}", lambda: processes(station))
    return station


def test_what_is_made_is_kept_and_a_board_passes_with_it():
    with Station(boards=1, recompress="yes") as station:
        station.wait_log(DONE)
        (path, stream), = cached(station).items()
        assert path.endswith(f"{hashlib.sha256(zlib.decompress(stream)).hexdigest()}.zlib"), path
        station.wait(1, "pass")
        station.unplug(1)
        station.replug(1)
        station.wait(1, lambda slot: slot["state"] == "pass" and slot["attempt"]["id"] == 2)
        station.stop()
        made = os.stat(path)
        station.start()
        station.wait_log(DONE, times=2)
        assert os.stat(path).st_ino == made.st_ino, "made again, although it was kept"
        assert "damaged" not in station.log(), station.log()


def test_a_damaged_file_is_made_again():
    with Station(recompress="yes") as station:
        station.wait_log(DONE)
        (path, stream), = cached(station).items()
        for times, damaged in enumerate((stream[:-1], zlib.compress(b"foreign")), 2):
            with open(path, "wb") as file:
                file.write(damaged)
            assert station.post("reload")[0] == 200
            station.wait_log(DONE, times)
            assert cached(station) == {path: stream}, damaged
            assert station.log().count("damaged or of no use, removed") == times - 1, station.log()


def test_none_is_made_if_it_is_switched_off():
    with Station(boards=1, recompress="no") as station:
        station.wait(1, "pass")
        assert not processes(station) and not os.path.exists(station.path("recompressed"))


def test_where_nothing_can_be_kept_the_stream_is_sent_all_the_same():
    with Station(boards=1, recompress="yes", start=False) as station:
        with open(station.path("recompressed"), "w", encoding="ascii"):
            pass
        station.start()
        station.wait_log("is not kept in " + station.path("recompressed") + ": Not a directory")
        station.wait_log(DONE)
        station.wait(1, "pass")


def test_the_process_has_the_lowest_priority_and_no_port():
    with busy(boards=1) as station:
        station.wait(1, "flashing")
        (process, _), = processes(station)
        until("its priority", lambda: [fields[16] for _, fields in processes(station)] == ["19"])
        files = [os.readlink(f"/proc/{process}/fd/{number}") for number in os.listdir(f"/proc/{process}/fd")]
        assert not any(re.search("tty|pts|gangd.db", name) for name in files), files


def test_the_process_does_not_survive_gangd():
    for number in (signal.SIGTERM, signal.SIGKILL):
        with busy() as station:
            (process, _), = processes(station)
            station.stop(number)
            until("the process is gone", lambda: not os.path.exists(f"/proc/{process}/fd/0"))


def test_a_reload_ends_the_process_for_the_image_before():
    with busy() as station:
        (process, _), = processes(station)
        station.knows([(0, image())])
        station.write_golden(image())
        assert station.post("reload")[0] == 200
        station.wait_log(DONE)
        until("the process is gone", lambda: process not in [number for number, _ in processes(station)])
        assert "not recompressed" not in station.log(), station.log()


def test_a_process_that_is_killed_is_logged():
    with busy() as station:
        (process, _), = processes(station)
        os.kill(process, signal.SIGKILL)
        station.wait_log("golden: not recompressed: the process ended by signal 9")
        assert station.status()["golden"]["ok"]


if __name__ == "__main__":
    run_tests(globals())
