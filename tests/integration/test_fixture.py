#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fixtures: the adapter stays, boards are swapped, detected by probing, a person's start, or the lid's modem line."""
import contextlib
import json
import signal
import subprocess

from station import GANGCTL, SLOW, Station, fails, image, run_tests, until
from test_book import locked

LIDS = ("cts", "dsr", "dcd")


@contextlib.contextmanager
def fixture(presence, slots=(1,), **options):
    """A station whose fixtures, one in each of these slots, are empty and ready."""
    with Station(slots=f"presence = {presence}", start=False, **options) as station:
        for slot in slots:
            station.control(f"fixture {slot}")
        station.start()
        station.wait_all("ready", slots)
        assert station.rows() == [], "an empty fixture is not recorded"
        yield station


def probed(station, slot, probes=3):
    """Waits until the slot has been probed `probes` more times. A probe sends at least one SYNC of 46 bytes."""
    heard = int(station.wire(slot)["to_board"])
    until("probes", lambda: int(station.wire(slot)["to_board"]) >= heard + 46 * probes)


def said(station, slot):
    """The board's output since its last reset. Without a reset it only grows."""
    return station.control(f"log {slot}")


def no_board(station, slot):
    attempt = fails(station, slot, "no-board", "No board answers in the fixture", 1, "interrupted")
    assert attempt["remedy"].startswith("Put one in"), attempt


def verdicts(station, count):
    return [(row["mac"], row["verdict"]) for row in station.wait_closed(count)]


# --- presence = probe

def test_swapped_boards_are_detected_by_probing():
    with fixture("probe") as station:
        shown = station.slot(1)
        assert (shown["presence"], shown["sentence"]) == ("probe", "Put a board in"), shown
        assert shown["adapter"]["devnode"] == "/dev/ttyUSB0" and shown["attempt"] is None, shown
        macs = []
        for _ in range(3):
            macs.append(station.seat(1))
            station.wait(1, "pass", macs[-1])
            station.lift(1)
            station.wait(1, "ready")
        assert verdicts(station, 3) == [(mac, "pass") for mac in macs]
        assert station.log().count("/dev/ttyUSB0") == 1, "probes write no lines to the log"


def test_probing_does_not_reset_a_board_that_passed():
    with fixture("probe") as station:
        mac = station.seat(1)
        station.wait(1, "pass", mac)
        before = said(station, 1)
        probed(station, 1, 5)
        assert said(station, 1).startswith(before), "it was reset"
        assert station.slot(1)["state"] == "pass"
        assert verdicts(station, 1) == [(mac, "pass")]


def test_a_swap_between_two_probes_is_detected():
    with fixture("probe") as station:
        macs = []
        for _ in range(3):
            macs.append(station.seat(1))
            station.wait(1, "pass", macs[-1])
            station.lift(1)  # the next board follows at once
        assert verdicts(station, 3) == [(mac, "pass") for mac in macs]
        # After a pass, a board that does not answer is not mistaken for the one that passed.
        station.control("seat 1 gpio0-open")
        fails(station, 1, "not-download-mode", "The board starts its firmware instead of the loader", 1)


def test_a_bounce_after_the_verdict_starts_no_new_attempt():
    with fixture("probe") as station:
        mac = station.seat(1)
        station.wait(1, "pass", mac)
        before = said(station, 1)
        station.control("press 1 reset")
        until("it is found again", lambda: not said(station, 1).startswith(before))
        probed(station, 1, 5)
        assert station.slot(1)["state"] == "pass"
        assert verdicts(station, 1) == [(mac, "pass")], "it is the same board"


def test_a_board_that_does_not_answer_fails_once_with_its_cause():
    with fixture("probe", (1, 2, 3)) as station:
        station.seat(1, "gpio0-open")
        station.seat(2, "silent")
        station.seat(3, "tx-open")
        fails(station, 1, "not-download-mode", "The board starts its firmware instead of the loader", 1)
        fails(station, 3, "tx-open", "The board does not hear us", 1)
        probed(station, 1, 5)
        probed(station, 2, 5)
        assert station.slot(1)["state"] == "fail" and station.slot(2)["state"] == "ready"
        assert len(station.wait_closed(2)) == 2, "the same board is not tried again and again"
        station.lift(1)
        station.wait(1, "ready")
        mac = station.seat(1)
        station.wait(1, "pass", mac)


def test_a_board_that_fails_is_not_tried_again():
    with fixture("probe") as station:
        mac = station.seat(1, "small-flash")
        station.write_golden(image((1 << 20) + 4096))
        station.knows([(0, image((1 << 20) + 4096))])
        station.wait(1, "pass", mac)
        station.send(signal.SIGHUP)
        station.wait_log("1052672 bytes")
        assert station.press_start(1) == 202
        fails(station, 1, "flash-too-small", "The flash chip is too small: wrong module?", 1)
        probed(station, 1, 5)
        assert station.slot(1)["state"] == "fail"
        assert verdicts(station, 2) == [(mac, "pass"), (mac, "fail")]


def test_a_board_is_lifted_during_an_attempt():
    with fixture("probe", flashing=SLOW + "\ntries = 2") as station:
        mac = station.seat(1)
        station.wait_writing(1)
        station.lift(1)
        station.wait(1, "ready")
        assert verdicts(station, 1) == [(mac, "fail")]
        second = station.seat(1)
        station.wait(1, "pass", second)
        assert verdicts(station, 2) == [(mac, "fail"), (second, "pass")]


def test_a_person_starts_a_probed_slot():
    with fixture("probe") as station:
        mac = station.seat(1)
        station.wait(1, "pass", mac)
        assert station.press_start(1) == 202
        assert verdicts(station, 2) == [(mac, "pass")] * 2
        station.wait(1, "pass", mac)
        probed(station, 1)
        assert len(station.rows()) == 2


def test_a_board_without_a_reset_circuit_in_a_fixture():
    with fixture("probe", flashing="settle_ms = 50\nreset = manual") as station:
        mac = station.seat(1, "no-auto-reset")
        probed(station, 1)
        assert station.rows() == []
        station.control("press 1 flash reset")
        station.wait(1, "pass", mac)


# --- presence = start

def test_start_by_a_person():
    with fixture("start", (1, 2, 3)) as station:
        assert station.slot(1)["sentence"] == "Put a board in and press start"
        macs = {slot: station.seat(slot) for slot in (1, 2)}
        assert station.press_start(1) == 202
        station.wait(1, "pass", macs[1])
        assert station.slot(2)["state"] == "ready" and station.wire(2)["to_board"] == "0"
        # The verdict is shown until the next start.
        station.lift(1)
        macs[1] = station.seat(1)
        status, answer = station.post("start")
        assert (status, answer) == (202, {"started": ["1-1.1", "1-1.2", "1-1.3"], "refused": None}), answer
        for slot in (1, 2):
            station.wait(slot, "pass", macs[slot])
        no_board(station, 3)
        rows = station.wait_closed(4)
        assert sorted(row["slot"] for row in rows) == ["1-1.1", "1-1.1", "1-1.2", "1-1.3"], rows


def test_a_start_without_a_board_is_no_failure_of_a_unit():
    for presence, words in (("start", ""), ("cts", "lid=cts")):
        with fixture(presence) as station:
            if words:
                station.seat(1, f"silent {words}")  # a closed lid over nothing that answers
            else:
                assert station.press_start(1) == 202
            no_board(station, 1)
            today = station.status()["today"]
            assert (today["fail"], today["interrupted"], today["yield"]) == (0, 1, None), today
            if words:
                station.lift(1)
                station.wait(1, "ready")
            mac = station.seat(1, words)
            if not words:
                assert station.press_start(1) == 202
            station.wait(1, "pass", mac)
            assert verdicts(station, 2) == [("", "interrupted"), (mac, "pass")]
            until("the yield", lambda: station.status()["today"]["yield"] == 1)


def test_what_says_a_byte_is_a_board():
    with fixture("start") as station:
        station.seat(1, "gpio0-open")
        assert station.press_start(1) == 202
        fails(station, 1, "not-download-mode", "The board starts its firmware instead of the loader", 1)


def test_start_and_retry_are_the_same_request():
    with fixture("start", flashing=SLOW) as station:
        station.seat(1)
        assert station.retry(1)[0] == 202
        station.wait_writing(1)
        for status, answer in (station.post("slots/1-1.1/start"), station.retry(1)):
            assert (status, answer) == (409, {"error": "an attempt is at work in this slot"}), answer
        assert station.post("start") == (202, {"started": [], "refused": "no slot with presence = start is ready"})
        assert station.press_start("none") == 404
        station.wait(1, "pass")


def test_start_of_all_starts_only_slots_with_presence_start():
    lines = "".join(f"[slot {name}]\npath = pci-0000:00:14.0-usb-0:1.{port}:1.0\npresence = {presence}\n"
                    for port, (name, presence) in enumerate((("A", "plug"), ("B", "start"), ("C", "probe")), 1))
    with Station(slots=lines) as station:
        for slot in (1, 2, 3):
            station.plug(slot)
        station.wait_all("pass", ("A", "C"))
        assert station.slot("B")["state"] == "ready"
        assert [station.slot(name)["presence"] for name in "ABC"] == ["plug", "start", "probe"]
        assert station.post("start") == (202, {"started": ["B"], "refused": None})
        station.wait("B", "pass")
        assert sorted(row["slot"] for row in station.wait_closed(3)) == ["A", "B", "C"]


# --- presence = cts, dsr, dcd

def test_the_lid_signals_boards():
    for lid in LIDS:
        with fixture(lid) as station:
            for number in range(1, 3):
                mac = station.seat(1, f"lid={lid}")
                station.wait(1, "pass", mac)
                station.lift(1)
                station.wait(1, "ready")
                assert len(station.wait_closed(number)) == number
            # Closing the lid counts as a new board, even if the board is the same.
            mac = station.seat(1, f"lid={lid}")
            station.wait(1, "pass", mac)
            station.control("lid 1 open")
            station.wait(1, "ready")
            station.control("lid 1 closed")
            station.wait(1, "pass", mac)
            assert verdicts(station, 4)[2:] == [(mac, "pass")] * 2


def test_the_lid_is_opened_during_an_attempt():
    with fixture("cts", flashing=SLOW) as station:
        mac = station.seat(1, "lid=cts")
        station.wait_writing(1)
        station.control("lid 1 open")
        station.wait(1, "ready")
        row = station.wait_closed(1)[0]
        assert (row["verdict"], row["cause"], row["mac"]) == ("interrupted", "board-removed", mac), row
        assert station.attempts()[0]["sentence"] == "The board was taken out before it was done"
        station.control("lid 1 closed")
        station.wait(1, "pass", mac)


def test_another_line_is_not_the_lid():
    with fixture("dsr", (1, 2, 3)) as station:
        station.seat(1, "lid=cts")
        station.seat(2, "lid=dcd")
        station.seat(3, "lid=dsr")
        station.wait(3, "pass")  # so the other lines have been read, too
        assert [station.slot(slot)["state"] for slot in (1, 2)] == ["ready"] * 2
        assert len(station.wait_closed(1)) == 1
        assert station.press_start(1) == 202, "a person may start it with an open lid"
        station.wait(1, "pass")
        assert len(station.wait_closed(2)) == 2


def test_a_start_with_an_open_lid():
    with fixture("cts") as station:
        station.seat(1, "lid=cts")
        station.wait(1, "pass")
        station.control("lid 1 open")
        station.wait(1, "ready")
        assert station.press_start(1) == 202
        station.wait(1, "pass")
        assert len(station.wait_closed(2)) == 2
        station.control("lid 1 closed")
        station.wait_closed(3)
        station.wait(1, "pass")


def test_boards_are_removed_while_the_book_cannot_be_written():
    with fixture("cts", flashing=SLOW) as station:
        with locked(station):
            gone = station.seat(1, "lid=cts")  # before its row is in the book
            assert "cannot be written" in station.wait(1, "blocked")["sentence"]
            station.lift(1)
        station.wait(1, "ready")
        tested = station.seat(1, "lid=cts")
        station.wait_writing(1)
        with locked(station):  # before its verdict is
            station.wait(1, "blocked")
            station.lift(1)
        station.wait(1, "ready")
        mac = station.seat(1, "lid=cts")
        station.wait(1, "pass", mac)
        rows = station.wait_closed(len(station.rows()))
        assert [row["mac"] for row in rows if row["verdict"] == "pass"] == [tested, mac], rows
        for row in rows[:-2]:  # the board was removed before gangd could see it
            assert (row["cause"], row["mac"]) in (("board-removed", ""), ("board-removed", gone)), rows


# --- all of them

def ways():
    return (("probe", ""), ("start", ""), ("cts", "lid=cts"))


def test_the_port_stays_locked_between_boards():
    for presence, words in ways():
        with fixture(presence) as station:
            assert station.run("flock", "-n", "/dev/ttyUSB0", "true").returncode != 0, "the port is not locked"
            station.seat(1, words)
            if presence == "start":
                assert station.press_start(1) == 202
            station.wait(1, "pass")
            assert station.run("flock", "-n", "/dev/ttyUSB0", "true").returncode != 0
            station.unplug(1)
            station.wait(1, "empty")


def test_a_port_that_another_program_holds():
    for presence, words in ways():
        with Station(slots=f"presence = {presence}", start=False) as station:
            mac = station.plug(1, words)
            hold = "import sys; port = open('/dev/ttyUSB0', 'rb', 0); print(flush=True); sys.stdin.read()"
            holder = station.spawn(["python3", "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            holder.stdout.readline()
            station.start()
            assert station.wait(1, "blocked")["sentence"].startswith("Another program holds the port: /dev/ttyUSB0")
            holder.communicate()
            if presence == "start":
                station.wait(1, "ready")
                assert station.press_start(1) == 202
            station.wait(1, "pass", mac)
            assert verdicts(station, 1) == [(mac, "pass")]
            assert station.log().count("Another program holds the port") == 1, "said once"


def test_the_adapter_is_unplugged_in_every_state():
    for presence, words in ways():
        with fixture(presence, flashing=SLOW) as station:
            station.unplug(1)
            assert station.wait(1, "empty")["adapter"] is None
            mac = station.plug(1, words)
            if presence == "start":
                station.wait(1, "ready")
                assert station.press_start(1) == 202
            station.wait_writing(1)
            station.unplug(1)
            station.wait(1, "empty")
            row = station.wait_closed(1)[0]
            assert (row["cause"], row["mac"]) == ("unplugged", mac), row
            station.replug(1)
            if presence == "start":
                station.wait(1, "ready")
                assert station.press_start(1) == 202
            station.wait(1, "pass", mac)
            station.unplug(1)
            station.wait(1, "empty")
            assert verdicts(station, 2) == [(mac, "interrupted"), (mac, "pass")]


def test_nothing_begins_without_an_image():
    for presence, words in ways():
        with Station(golden=None, slots=f"presence = {presence}") as station:
            mac = station.plug(1, words)
            shown = station.wait(1, lambda s: s["sentence"] == "There is no golden image")
            assert shown["state"] == "blocked", shown
            if presence == "start":
                assert station.press_start(1) == 409
            station.write_golden(image())
            station.knows([(0, image())])
            station.send(signal.SIGHUP)
            if presence == "start":
                station.wait(1, "ready")
                assert station.press_start(1) == 202
            station.wait(1, "pass", mac)


def test_a_slot_is_ready_again_when_its_adapter_was_stuck_during_a_probe():
    for presence, words in ways():
        if presence == "start":
            continue
        with fixture(presence) as station:
            station.control("hang 1")
            assert station.wait(1, "stuck")["sentence"] == "The adapter does not answer: unplug it"
            assert station.press_start(1) == 409
            station.control("unhang 1")
            station.wait(1, "ready")
            mac = station.seat(1, words)
            station.wait(1, "pass", mac)
            assert verdicts(station, 1) == [(mac, "pass")]


def test_an_adapter_that_is_stuck_during_an_attempt():
    with fixture("cts", flashing=SLOW) as station:
        mac = station.seat(1, "lid=cts")
        station.wait_writing(1)
        station.control("hang 1")
        station.wait(1, "stuck")
        assert station.wait_closed(1)[0]["cause"] == "adapter-stuck"
        station.control("unhang 1")
        station.wait(1, "pass", mac)


def test_a_reload_changes_the_presence():
    with fixture("start") as station:
        def become(presence):
            station.sections["slots"] = f"presence = {presence}"
            station.write_config()
            station.send(signal.SIGHUP)
            station.wait(1, lambda s: s["presence"] == presence)

        mac = station.seat(1, "lid=dcd")
        assert station.slot(1)["state"] == "ready"
        become("probe")
        station.wait(1, "pass", mac)
        become("dcd")
        station.wait(1, lambda s: s["state"] == "pass" and s["attempt"]["id"] == 2)
        become("plug")
        assert station.slot(1)["state"] == "pass", "a board comes with its adapter, and this one stays"
        until("the port is free", lambda: station.run("flock", "-n", "/dev/ttyUSB0", "true").returncode == 0)
        become("start")
        station.wait(1, "ready")
        become("plug")
        station.wait(1, "pass")
        assert verdicts(station, 3) == [(mac, "pass")] * 3
        station.sections["slots"] = "presence = probe\nunknown = ignore"
        station.write_config()
        station.send(signal.SIGHUP)
        station.wait(1, "muted")
        assert station.run("flock", "-n", "/dev/ttyUSB0", "true").returncode == 0, "what is muted is left alone"


def test_a_reload_changes_the_presence_during_an_attempt():
    with fixture("probe", flashing=SLOW) as station:
        mac = station.seat(1)
        station.wait_writing(1)
        station.sections["slots"] = "presence = start"
        station.write_config()
        station.send(signal.SIGHUP)
        assert verdicts(station, 1) == [(mac, "pass")], "it goes on to its verdict"
        assert station.wait(1, "ready")["presence"] == "start"
        station.sections["slots"] = "presence = cts\nunknown = ignore"
        station.write_config()
        assert station.press_start(1) == 202
        station.wait_writing(1)
        station.send(signal.SIGHUP)
        station.wait(1, "muted")
        assert verdicts(station, 2) == [(mac, "pass")] * 2


def test_gangd_stops_in_every_state():
    for presence, words in ways():
        for wait_for in ("ready", "flashing", "pass"):
            with fixture(presence, flashing=SLOW if wait_for == "flashing" else "settle_ms = 50") as station:
                if wait_for != "ready":
                    station.seat(1, words)
                    if presence == "start":
                        assert station.press_start(1) == 202
                station.wait(1, wait_for)
                assert station.stop() == 0
                assert [row["cause"] for row in station.rows()] == \
                    {"ready": [], "flashing": ["stopped"], "pass": ["none"]}[wait_for]


def test_gangctl_start():
    with fixture("start", (1, 2)) as station:
        def gangctl(*arguments, code=0):
            result = station.run(GANGCTL, *arguments, "--socket", station.socket)
            assert result.returncode == code, result
            return result.stdout

        for slot in (1, 2):
            station.seat(slot)
        assert "ready" in gangctl("status")
        assert gangctl("start", "1-1.2") == "1-1.2\n"
        station.wait(2, "pass")
        assert station.slot(1)["state"] == "ready"
        assert gangctl("start").split() == ["1-1.1", "1-1.2"]
        station.wait_closed(3)
        assert json.loads(gangctl("start", "--json")) == {"started": ["1-1.1", "1-1.2"], "refused": None}
        station.wait_closed(5)
        assert len(gangctl("start", "1-1.1", "1-1.2").splitlines()) == 2
        station.wait_closed(7)
        assert "1-1.9" in gangctl("start", "1-1.9", "1-1.1", code=1)
        station.wait_closed(8)
        station.hold(60)
        for arguments in (("start",), ("start", "1-1.1"), ("retry", "1-1.1")):
            assert "gangd is paused: no attempt begins" in gangctl(*arguments, code=1), arguments


if __name__ == "__main__":
    run_tests(globals())
