#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Good boards: they pass, and the book records them correctly."""
import hashlib
import json
import os
import re
import signal

import station as bench
from station import GANGCTL, PATIENCE, SLOW, STUB_JSON, Station, image, image_hash, run_tests, until


def test_boards_there_before_and_after_the_start():
    with Station(boards=1) as station:
        station.plug(3)
        for slot in (1, 3):
            shown = station.wait(slot, "pass")
            assert shown["attempt"]["mac"] == station.mac(slot)
            assert shown["path"] == f"pci-0000:00:14.0-usb-0:1.{slot}:1.0"
            assert station.flash(slot).startswith(image())
        station.unplug(1)
        assert station.wait(1, "empty")["adapter"] is None


def test_eight_boards_at_once_and_what_the_book_says():
    with Station(boards=8, adapter="mixed", station="lot = W-17\noperator = anna\n") as station:
        slots = range(1, 9)
        station.wait_all("pass", slots)
        rows = {row["slot"]: row for row in station.wait_closed(8)}
        attempts = {a["slot"]: a for a in station.attempts()}
        drivers = {"cp210x 10c4:ea60": 0, "ch341 1a86:7523": 0, "ftdi_sio 0403:6001": 0}
        for slot in slots:
            row, attempt, mac = rows[f"1-1.{slot}"], attempts[f"1-1.{slot}"], station.mac(slot)
            assert row["mac"] == attempt["mac"] == mac
            assert row["path"] == f"pci-0000:00:14.0-usb-0:1.{slot}:1.0"
            # The chip id: the code of the OUI in the efuses, and the last bytes of the MAC.
            assert row["chip_id"] == ("01" if mac.startswith("ac:d0:74") else "00") + mac.replace(":", "")[6:]
            assert (row["chip"], row["flash_id"], row["flash_size"]) == ("ESP8266EX", "ef4016", 1 << 22)
            assert attempt["image_md5"] == hashlib.md5(image()).hexdigest()
            assert attempt["image_sha256"] == hashlib.sha256(image()).hexdigest()
            assert attempt["image_size"] == len(image())
            assert (row["verdict"], row["cause"], row["detail"]) == ("pass", "none", "")
            assert 1 <= row["tries"] <= 3 and row["baud"] in (921600, 460800, 230400), row
            assert row["started"] < row["ended"]
            assert all(row[f"seconds_{phase}"] > 0 for phase in ("reset", "sync", "identify", "stub", "write")), row
            total = sum(value for column, value in row.items() if column.startswith("seconds_"))
            assert total <= (row["ended"] - row["started"]) / 1e6 + 0.01, row
            assert (row["station"], row["lot"], row["operator"]) == ("bench", "W-17", "anna")
            assert row["stub"] == station.status()["stub"] and row["gangd"] == station.status()["gangd"]
            driver = next(name for name in drivers if row["adapter"].startswith(name))
            drivers[driver] += 1
            assert station.flash(slot).startswith(image())
        assert min(drivers.values()) >= 2, drivers
        today = station.status()["today"]
        assert (today["pass"], today["fail"], today["yield"]) == (8, 0, 1), today
        assert [u["attempts"] for u in station.units()] == [1] * 8


def test_twins_without_a_serial_number():
    with Station(boards=4, adapter="ch340") as station:
        shown = station.wait_all("pass", range(1, 5))
        assert {s["adapter"]["serial"] for s in shown.values()} == {""}
        assert {slot: s["attempt"]["mac"] for slot, s in shown.items()} == {s: station.mac(s) for s in range(1, 5)}


def test_other_flash_parts_and_a_40_mhz_crystal():
    with Station() as station:
        parts = {1: ("part=GD25Q32", "c84016", 1 << 22), 2: ("part=W25Q80", "ef4014", 1 << 20),
                 3: ("part=BY25Q32 crystal=40", "684016", 1 << 22)}
        for slot, (words, _, _) in parts.items():
            station.plug(slot, words)
        unique = {}
        for slot, (_, flash_id, size) in parts.items():
            attempt = station.wait(slot, "pass")["attempt"]
            assert (attempt["flash_id"], attempt["flash_size"], attempt["flash_note"]) == (flash_id, size, "")
            unique[slot] = attempt["flash_unique_id"]
        assert {slot: len(text) for slot, text in unique.items()} == {1: 32, 2: 16, 3: 32}, unique


def test_flash_parts_that_do_not_tell_their_size_by_the_third_byte():
    parts = {"part=AT25SF321": ("1f8701", 4, ""), "part=Pm25LV016B": ("7f9d14", 2, ""),
             "part=S25SL064A": ("010216", 8, ""), "part=A25L16PT": ("7f372025", 2, ""),
             "part=MX25U3235": ("c22536", 4, ""), "part=W77Q16JW": ("ef8a16", 2, "size by SFDP"),
             "deep-sleep": ("ef4016", 4, "woken by ABh"), "hung-flash": ("ef4016", 4, "woken by 66h 99h")}
    with Station() as station:
        for slot, words in enumerate(parts, 1):
            station.plug(slot, words)
        for slot, (words, (flash_id, megabytes, note)) in enumerate(parts.items(), 1):
            attempt = station.wait(slot, "pass")["attempt"]
            found = (attempt["flash_id"], attempt["flash_size"], attempt["flash_note"], attempt["tries"])
            assert found == (flash_id, megabytes << 20, note, 1), (words, found)


def test_several_files_at_offsets():
    boot, app, data = image(), os.urandom(40001), os.urandom(4097)
    parts = [(0x20000, app), (0, boot), (0x10000, data)]
    with Station(golden=parts) as station:
        station.plug(1, "part=W25Q40")
        attempt = station.wait(1, "pass")["attempt"]
        assert attempt["image_md5"] == image_hash(parts, "md5")
        assert attempt["image_sha256"] == image_hash(parts, "sha256")
        assert [f["offset"] for f in station.status()["golden"]["files"]] == [0, 0x10000, 0x20000]
        flash = station.flash(1)
        for offset, content in parts:
            assert flash[offset:offset + len(content)] == content
        assert flash[0x12000:0x20000] == b"\xff" * 0xe000, "what no file covers is left as it was"


def test_flash_outside_of_the_files_is_not_changed():
    old = os.urandom(1 << 19)
    with Station() as station:
        with open(station.path("old.bin"), "wb") as file:
            file.write(old)
        station.plug(1, f"part=W25Q40 image={station.path('old.bin')}")
        station.wait(1, "pass")
        assert station.flash(1) == image() + old[len(image()):]


def test_a_stub_from_a_file():
    with Station(boards=1, product=f"stub = {STUB_JSON}") as station:
        attempt = station.wait(1, "pass")["attempt"]
        assert station.status()["stub"] == "stub.json"
        assert re.fullmatch(r"gangd \d+\.\d+\.\d+", attempt["stub"]), "the stub says who it is"


def test_a_stub_that_sends_no_greeting():
    with open(STUB_JSON, encoding="utf-8") as file:
        start = json.load(file)["text_start"]
    with Station(boards=1, flashing="settle_ms = 50\ntries = 2", start=False) as station:
        with open(station.path("loop.json"), "w", encoding="utf-8") as file:
            # j . ; the rest is never reached
            json.dump({"text": "Bv//AAAAAAA=", "text_start": start, "entry": start, "data": "", "data_start": 0x3FFE8000,
                       "bss_start": 0x3FFE8000}, file)
        station.sections["product"] += f"stub = {station.path('loop.json')}\n"
        station.write_config()
        station.start()
        attempt = station.wait(1, "fail")["attempt"]
        assert (attempt["cause"], attempt["tries"]) == ("stub-silent", 2), attempt
        assert attempt["mac"] == station.mac(1)
        assert station.flash(1) == b"\xff" * (1 << 22)


def test_swapped_boards_each_have_their_row():
    with Station(boards=1, adapter="ft232r") as station:
        macs = [station.mac(1)]
        station.wait(1, "pass", macs[0])
        for _ in range(3):
            macs.append(station.swap(1))
            station.wait(1, "pass", macs[-1])
        assert [row["mac"] for row in station.wait_closed(4)] == macs
        # A board that has passed and is plugged in again is a new attempt with the same unit.
        station.unplug(1)
        station.wait(1, "empty")
        station.replug(1)
        station.wait_closed(5)
        assert {u["mac"]: u["attempts"] for u in station.units()}[macs[-1]] == 2


def test_configured_slots_and_muted_ones():
    lines = "unknown = ignore\n[slot left]\npath = pci-0000:00:14.0-usb-0:1.4:1.0\n[slot right]\npath = pci-0000:00:14.0-usb-0:1.2:1.0"
    with Station(boards=4, slots=lines) as station:
        station.wait("left", "pass")
        station.wait("right", "pass")
        for slot in (1, 3):
            assert station.wait(slot, "muted")["attempt"] is None
            assert station.flash(slot) == b"\xff" * (1 << 22)
            assert station.wire(slot)["to_board"] == "0"
        assert [s["slot"] for s in station.status()["slots"]] == ["left", "right", "1-1.1", "1-1.3"]
        assert station.retry(1)[0] == 409
        assert station.retry("none")[0] == 404


def link(station, number, word):
    """The by-path link of ttyUSBn that has this word in its name."""
    said = station.run("udevadm", "info", "-q", "property", "-n", f"/dev/ttyUSB{number}").stdout
    links, = [line.removeprefix("DEVLINKS=").split() for line in said.splitlines() if line.startswith("DEVLINKS=")]
    found, = [name for name in links if "/by-path/" in name and word in name]
    return found


def test_slots_by_either_link_of_a_port():
    """As udev 257 makes them: the older name, and one with the USB revision."""
    with Station(boards=3, start=False) as station:
        station.sections["slots"] = (f"unknown = ignore\n[slot old]\npath = {link(station, 0, '-usb-')}\n"
                                     f"[slot new]\npath = {link(station, 1, '-usbv2-')}")
        station.write_config()
        station.start()
        for name, number in (("old", 1), ("new", 2)):
            station.wait(name, "pass", station.mac(number))
        station.wait(3, "muted")


def test_boards_that_come_during_a_pause_are_not_flashed():
    with Station(flashing=SLOW) as station:
        before = station.plug(1)
        station.wait_writing(1)
        station.hold(60)
        status = station.status()
        assert (status["held"], status["blocked"]) == (True, "gangd is paused: no attempt begins"), status
        assert "blocked      gangd is paused: no attempt begins" in station.run(
            GANGCTL, "status", "--socket", station.socket).stdout
        station.plug(2)
        shown = station.wait(2, "blocked")
        assert shown["sentence"] == "gangd is paused: no attempt begins", shown
        status, answer = station.retry(2)
        assert status == 409 and "paused" in answer["error"], answer
        station.wait(1, "pass", before)

        station.hold(0)
        assert station.status()["blocked"] is None
        shown = station.wait(2, lambda slot: slot["sentence"].startswith("Came during a pause"))
        # A reload that changes all slots does not start it either; a person's start or plugging it in again does.
        station.send(signal.SIGHUP)
        station.wait_log("golden.bin, 65536 bytes", times=2)
        assert station.slot(2)["state"] == "blocked" and len(station.attempts()) == 1
        assert station.retry(2)[0] == 202
        station.wait(2, "pass")
        station.hold(60)
        station.plug(3)
        station.wait(3, "blocked")
        station.hold(0)
        station.unplug(3)
        station.wait(3, "empty")
        station.replug(3)
        station.wait(3, "pass")


def test_events_of_one_attempt():
    with Station() as station:
        connection = bench.UnixConnection(station.socket, PATIENCE)
        connection.request("GET", "/api/v1/events")
        stream = connection.getresponse()
        station.plug(1)
        events, states, percents = [], [], []
        while not events or events[-1][0] != "verdict":
            event = {}
            while (line := stream.readline().decode().rstrip("\n")):
                if ": " in line and not line.startswith(":"):
                    key, value = line.split(": ", 1)
                    event[key] = value
            if "event" in event:
                events.append((event["event"], json.loads(event["data"])))
        connection.close()
        for _, slot in (e for e in events if e[0] == "slot"):
            if not states or states[-1] != slot["state"]:
                states.append(slot["state"])
            if slot["state"] == "flashing":
                percents.append(slot["attempt"]["percent"])
        assert events[0][0] == "snapshot" and events[0][1]["slots"] == []
        assert states == ["settling", "flashing", "pass"], states
        assert percents == sorted(percents) and len(set(percents)) > 3, percents
        assert events[-1][1] == station.attempts()[0]


def test_after_run_and_after_stay():
    for after, resets in (("run", True), ("stay", False)):
        with Station(boards=1, flashing=f"settle_ms = 50\nafter = {after}") as station:
            station.wait(1, "pass")
            until("the port is closed", lambda: station.wire(1)["open"] == "0")
            wire = station.wire(1)
            assert (wire["dtr"], wire["rts"]) == ("0", "0")
            assert (station.rows()[0]["seconds_run"] > 0) == resets, station.rows()[0]


def test_the_log_has_a_line_for_each_verdict():
    with Station(boards=1) as station:
        station.wait(1, "pass")
        lines = re.findall(r"attempt 1 pass, (\S+), .* try \d at \d+ baud", station.log())
        assert lines == [station.mac(1)], station.log()


if __name__ == "__main__":
    run_tests(globals())
