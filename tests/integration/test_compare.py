#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compare = first: a board that holds the image already passes without being written, and all outputs say so. That
nothing was erased or programmed is checked when the station is closed (check_laws)."""
import csv
import io
import os
import signal
import subprocess

from station import GANGCTL, STUB_JSON, Station, image, run_tests

COMPARE = "compare = first"
RIGHT_ALREADY = "already right: not written"


def gangctl(station, *arguments):
    return subprocess.run([GANGCTL, *arguments], env={**os.environ, "GANGD_SOCKET": station.socket}, check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def holding(station, data, name="before.bin"):
    """Arguments of boardsim's plug command for a board with `data` in its flash."""
    with open(station.path(name), "wb") as file:
        file.write(data)
    return f"image={station.path(name)}"


def test_a_board_with_the_image_is_not_written_and_all_outputs_say_so():
    with Station(product=COMPARE) as station:
        mac = station.plug(1, holding(station, image()))
        shown = station.wait(1, "pass")
        assert shown["sentence"] == "Already right, not written: take the board away"
        row, = station.wait_closed(1)
        assert (row["verdict"], row["cause"], row["written"]) == ("pass", "none", 0), row
        assert row["seconds_compare"] > 0 and row["seconds_write"] == 0, row
        assert row["seconds_run"] > 0, "its firmware was started"
        attempt, = station.attempts()
        unit, = station.units()
        assert shown["attempt"] == attempt and attempt["written"] is False and unit["written"] is False
        assert attempt["seconds"]["compare"] > 0
        cells, = csv.DictReader(io.StringIO(station.request("GET", "/api/v1/attempts?format=csv")[1]))
        assert cells["written"] == "false" and float(cells["seconds_compare"]) > 0, cells
        for command in (["attempts"], ["units"]):
            assert RIGHT_ALREADY in gangctl(station, *command)
        assert "Already right, not written" in gangctl(station, "status")
        assert f"attempt 1 pass, {mac}" in station.log() and "not written: right already" in station.log()


def test_any_other_board_is_written():
    other = bytearray(image())
    other[-1] ^= 1
    with Station(product=COMPARE) as station:
        station.plug(1)
        station.plug(2, holding(station, other, "bit.bin"))
        station.plug(3, holding(station, image(seed=2), "other.bin"))
        for slot in (1, 2, 3):
            shown = station.wait(slot, "pass")
            assert shown["sentence"] == "Passed: take the board away"
            attempt = shown["attempt"]
            assert attempt["written"] is True and attempt["seconds"]["write"] > 0, attempt
            assert attempt["seconds"]["compare"] > 0, attempt
            assert station.flash(slot).startswith(image())
        assert RIGHT_ALREADY not in gangctl(station, "attempts") and "not written" not in station.log()


def test_only_what_differs_is_written():
    before = bytearray(image())
    before[5000] ^= 1
    with Station(product=COMPARE, erases=1) as station:
        station.plug(1, holding(station, before))
        assert station.wait(1, "pass")["attempt"]["written"] is True
        assert station.flash(1).startswith(image())


def test_a_board_that_failed_is_written_even_if_it_reads_as_right():
    """It may be right where an erase was cut off before a change could be seen."""
    with Station(product=COMPARE, flashing="settle_ms = 50\nbaud = 115200\ntries = 1") as station:
        station.plug(1, holding(station, image()) + " unplug-after=8000")
        first, = station.wait_closed(1)
        assert (first["cause"], first["written"]) == ("unplugged", 0) and first["mac"], first
        station.replug(1)
        assert station.wait_closed(2)[1]["written"] == 1


def test_a_board_that_comes_again_passes_without_being_written():
    with Station(boards=1, product=COMPARE) as station:
        station.wait(1, "pass")
        station.unplug(1)
        station.wait(1, "empty")
        station.replug(1)
        station.wait_closed(2)
        assert station.retry(1)[0] == 202
        rows = station.wait_closed(3)
        assert [row["written"] for row in rows] == [1, 0, 0], rows


def test_a_failed_attempt_records_whether_it_has_written():
    with Station(product=COMPARE, flashing="settle_ms = 50\ntries = 1") as station:
        station.plug(1, "silent")
        station.plug(2, "stuck-bits=100000")
        station.wait(1, "fail")
        station.wait(2, "fail")
        assert {a["slot"]: a["written"] for a in station.attempts()} == {"1-1.1": False, "1-1.2": True}


def test_never_is_the_default_and_a_reload_changes_it():
    with Station() as station:
        station.plug(1, holding(station, image()))
        assert station.wait(1, "pass")["attempt"]["written"] is True
        station.sections["product"] += COMPARE + "\n"
        station.sections["station"] += "lot = later\n"
        station.write_config()
        station.send(signal.SIGHUP)
        station.wait_status(lambda status: status["lot"] == "later")
        station.plug(2, holding(station, image()))
        assert station.wait(2, "pass")["attempt"]["written"] is False


def test_a_stub_from_a_file_compares_too():
    with Station(product=f"{COMPARE}\nstub = {STUB_JSON}") as station:
        station.plug(1, holding(station, image()))
        assert station.wait(1, "pass")["attempt"]["written"] is False


if __name__ == "__main__":
    run_tests(globals())
