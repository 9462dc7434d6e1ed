#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Failures: each is reported with its cause and sentence, and does not affect other boards."""
import os
import random
import signal
import subprocess

from station import SLOW, Skip, Station, fails, image, run_tests, until

BLANK = b"\xff"
FLASH = 1 << 22


def test_boards_that_do_not_answer():
    with Station() as station:
        for slot, word in enumerate(("silent", "gpio0-open", "tx-open", "rx-open", "noise=0.5"), 1):
            station.plug(slot, word)
        fails(station, 1, "board-silent", "The board is silent", 1)
        fails(station, 2, "not-download-mode", "The board starts its firmware instead of the loader", 1)
        fails(station, 3, "tx-open", "The board does not hear us", 1)
        fails(station, 4, "board-silent", "The board is silent", 1)
        fails(station, 5, "line-noise", "Data is damaged on the line to the board", 3)
        assert station.units() == []
        today = station.status()["today"]
        assert (today["fail"], today["yield"]) == (5, 0), today


def test_boards_with_a_wrong_oui_or_flash_id():
    with Station() as station:
        for slot, word in enumerate(("clone-oui", "flash-id", "part=EN25Q16 flash-id=ef4099"), 1):
            station.plug(slot, word)
        attempt = fails(station, 1, "unknown-oui", "The board's MAC address is not a genuine one", 1)
        assert attempt["mac"] == "", "a MAC that is none is not booked"
        attempt = fails(station, 2, "flash-id-unreadable", "The flash chip does not answer", 3)
        assert "ffffff" in attempt["detail"] and attempt["mac"] == station.mac(2)
        attempt = fails(station, 3, "flash-size-unknown", "The flash chip is of an unknown size", 1)
        assert attempt["detail"] == "an unknown part (ef4099): set flash_part_size", attempt
        for slot in (1, 2, 3):
            assert station.flash(slot).strip(BLANK) == b""


def test_a_product_lists_its_flash_parts_and_states_a_size():
    with Station(product="flash_parts = ef4016, ef4099\nflash_part_size = 2MB") as station:
        for slot, words in enumerate(("", "part=GD25Q32", "part=EN25Q16 flash-id=ef4099"), 1):
            station.plug(slot, words)
        station.wait(1, "pass")
        attempt = fails(station, 2, "flash-not-accepted", "The flash chip is not one that the product accepts", 1)
        assert attempt["detail"] == "GD25Q32(B) (c84016) is not in flash_parts", attempt
        assert station.flash(2).strip(BLANK) == b""
        attempt = station.wait(3, "pass")["attempt"]
        assert attempt["flash_size"] == 2 << 20, attempt
        assert attempt["flash_note"] == "size by flash_part_size" and attempt["flash_unique_id"] == "", attempt


def test_a_flash_too_small_is_not_touched():
    firmware = os.urandom(1 << 20)
    with Station(golden=image((1 << 20) + 4096)) as station:
        with open(station.path("old.bin"), "wb") as file:
            file.write(firmware)
        station.plug(1, f"small-flash image={station.path('old.bin')}")
        attempt = fails(station, 1, "flash-too-small", "The flash chip is too small: wrong module?", 1)
        assert attempt["flash_size"] == 1 << 20 and attempt["flash_id"] == "ef4014"
        assert station.flash(1) == firmware


def test_a_flash_part_with_stuck_bits():
    with Station() as station:
        station.plug(1, "part=W25Q40 stuck-bits=20000")
        station.plug(2)
        attempt = fails(station, 1, "md5-mismatch", "The flash does not hold what was written", 3)
        assert attempt["baud"] == 921600, "a bit that is stuck is stuck at each rate"
        assert station.flash(1)[:len(image())] != image()
        station.wait(2, "pass")


def test_a_board_that_resets_itself():
    with Station() as station:
        station.plug(1, "reset-after=3000")   # while the stub is loaded at speed: the same try begins again, slower
        station.plug(2, "reset-after=20000")  # while the image is written
        early, late = (station.wait(slot, "pass")["attempt"] for slot in (1, 2))
        assert early["tries"] == 1 and late["tries"] >= 2, (early, late)
        assert late["baud"] < 921600, late


def test_noise_never_leads_to_a_false_pass():
    with Station(flashing="settle_ms = 50\nbaud = 230400 115200\ntries = 5") as station:
        noises = {1: "noise=0.00002", 2: "noise=0.00005", 3: "noise=0.0001", 4: "noise=0.0005", 5: "noise=0.005"}
        for slot, word in noises.items():
            station.plug(slot, word)
        for slot in noises:
            shown = station.wait(slot, lambda s: s["state"] in ("pass", "fail"))
            if shown["state"] == "pass":
                assert station.flash(slot).startswith(image())
            else:
                assert shown["attempt"]["cause"] not in ("none", "unplugged", "adapter-error"), shown
                assert shown["attempt"]["tries"] == 5, shown


def test_a_slow_flash_passes():
    with Station() as station:
        station.plug(1, "slow-flash=5")
        station.wait(1, "pass")


def test_unplugged_during_an_attempt_and_replugged():
    with Station(boards=1, flashing=SLOW) as station:
        mac = station.mac(1)
        station.wait_writing(1)
        station.unplug(1)
        assert station.wait(1, "empty")["adapter"] is None
        row = station.wait_closed(1)[0]
        assert (row["verdict"], row["cause"], row["mac"]) == ("interrupted", "unplugged", mac), row
        station.replug(1)
        station.wait(1, "pass", mac)
        assert [row["verdict"] for row in station.wait_closed(2)] == ["interrupted", "pass"]
        assert station.units()[0]["attempts"] == 2 and station.units()[0]["verdict"] == "pass"


def test_replugged_with_another_ttyusb_number():
    with Station(boards=1, flashing=SLOW) as station:
        station.wait_writing(1)
        assert station.slot(1)["adapter"]["devnode"] == "/dev/ttyUSB0"
        station.unplug(1)
        station.wait(1, "empty")
        station.plug(2)
        assert station.wait(2, "pass")["adapter"]["devnode"] == "/dev/ttyUSB0"
        station.replug(1)
        shown = station.wait(1, "pass")
        assert shown["adapter"]["devnode"] == "/dev/ttyUSB1", shown
        assert shown["path"] == "pci-0000:00:14.0-usb-0:1.1:1.0"


def test_unplugged_at_any_moment():
    dice = random.Random(4)
    with Station() as station:
        for number in range(1, 11):
            mac = station.plug(1, f"unplug-after={dice.randrange(1, 22000)}")
            rows = station.wait_closed(number)
            station.wait(1, "empty")
            assert rows[-1]["verdict"] == "interrupted" and rows[-1]["cause"] == "unplugged", rows[-1]
            assert rows[-1]["mac"] in ("", mac), rows[-1]
        station.replug(1)
        station.wait(1, "pass", mac)


def test_unplugged_while_it_settles():
    with Station(flashing="settle_ms = 10000") as station:
        station.plug(1)
        station.wait(1, "settling")
        station.swap(1)
        station.unplug(1)
        station.wait(1, "empty")
        assert station.rows() == []


def test_unplugged_right_after_the_verdict():
    with Station() as station:
        for number in range(1, 4):
            station.plug(1)
            until("a pass in the book", lambda: len([r for r in station.rows() if r["verdict"] == "pass"]) == number)
            station.unplug(1)
        station.wait(1, "empty")
        assert [row["verdict"] for row in station.wait_closed(3)] == ["pass"] * 3


def test_a_board_without_a_reset_circuit():
    with Station(flashing="settle_ms = 50\nreset = manual") as station:
        station.plug(1, "no-auto-reset")
        station.plug(2, "no-auto-reset")
        shown = station.wait(1, "waiting")
        assert "GPIO0" in shown["prompt"] and "reset" in shown["prompt"], shown
        assert shown["attempt"]["verdict"] is None
        assert station.retry(1)[0] == 409
        station.control("press 1 flash reset")
        shown = station.wait(1, "pass")
        assert shown["prompt"] is None and station.flash(1).startswith(image())
        # Reset without the flash button starts the firmware; the slot continues to wait.
        station.wait(2, "waiting")
        station.control("press 2 reset")
        station.control("press 2 flash reset")
        station.wait(2, "pass")
        # Unplugged while it waits.
        station.swap(1, "no-auto-reset")
        station.wait(1, "waiting")
        station.unplug(1)
        assert station.wait_closed(3)[-1]["cause"] == "unplugged"


def test_manual_for_one_slot_only():
    lines = "[slot hand]\npath = pci-0000:00:14.0-usb-0:1.2:1.0\nreset = manual"
    with Station(slots=lines) as station:
        station.plug(1)
        station.plug(2, "no-auto-reset")
        station.wait(1, "pass")
        station.wait("hand", "waiting")
        station.control("press 2 flash reset")
        station.wait("hand", "pass")


def test_a_stuck_adapter_does_not_delay_other_slots():
    with Station(flashing=SLOW) as station:
        station.plug(1)
        station.wait(1, lambda s: s["state"] == "flashing")
        station.control("hang 1")
        for slot in (2, 3, 4):
            station.plug(slot)
        # All of this while the adapter hangs, which it does until it is unplugged. (Tries are not checked here, because
        # they depend on the load of the test machine.)
        station.wait_all("pass", (2, 3, 4))
        shown = station.wait(1, "stuck")
        assert shown["sentence"] == "The adapter does not answer: unplug it", shown
        row = next(row for row in station.rows() if row["slot"] == "1-1.1")
        assert (row["verdict"], row["cause"]) == ("interrupted", "adapter-stuck"), row
        for slot in (2, 3, 4):
            station.swap(slot)
        for slot in (2, 3, 4):
            station.wait(slot, "pass", station.mac(slot))
        assert station.slot(1)["state"] == "stuck"
        station.unplug(1)
        station.wait(1, "empty")
        station.replug(1)
        station.wait(1, "pass")


def test_an_adapter_that_is_stuck_from_the_start():
    with Station() as station:
        station.plug(1, "hang-ioctl")
        station.plug(2)
        station.wait(2, "pass")
        shown = station.wait(1, "stuck")
        assert shown["sentence"] == "The adapter does not answer: unplug it", shown
        assert shown["attempt"] is None, "nothing was sent, nothing is booked"
        assert station.retry(1) == (409, {"error": "the adapter does not answer: unplug it"})
        assert [row["slot"] for row in station.rows()] == ["1-1.2"]
        station.swap(1)
        station.wait(1, "pass")


def test_an_adapter_that_answers_late():
    with Station(flashing=SLOW) as station:
        station.plug(1)
        station.wait(1, lambda s: s["state"] == "flashing")
        station.control("hang 1")
        station.wait(1, "stuck")
        assert station.retry(1) == (409, {"error": "the adapter does not answer: unplug it"})
        station.control("unhang 1")
        station.wait(1, "pass", station.mac(1))
        assert [(row["verdict"], row["cause"]) for row in station.wait_closed(2)] == \
            [("interrupted", "adapter-stuck"), ("pass", "none")]


def test_an_adapter_that_answers_late_when_it_is_opened():
    with Station() as station:
        station.plug(1, "hang-ioctl")
        station.wait(1, "stuck")
        for _ in range(2):
            # The hanging call fails, as in the kernel after its time-out; then the adapter hangs again.
            station.control("unhang 1")
            station.control("hang 1")
            assert station.slot(1)["state"] == "stuck", station.slot(1)
        station.control("unhang 1")
        station.wait(1, "pass", station.mac(1))
        assert station.rows()[-1]["verdict"] == "pass"


def test_an_adapter_that_is_stuck_every_time():
    with Station(flashing=SLOW) as station:
        station.plug(1)
        for attempt in range(1, 4):
            station.wait(1, lambda s, n=attempt: s["state"] == "flashing" and s["attempt"]["id"] == n)
            station.control("hang 1")
            shown = station.wait(1, "stuck" if attempt < 3 else "interrupted")
            assert shown["sentence"] == "The adapter does not answer: unplug it", shown
            station.control("unhang 1")
        # Although the adapter answers, no attempt begins by itself: only a person's retry or another plug starts one.
        station.plug(2)
        station.wait(2, "pass")
        assert station.slot(1)["state"] == "interrupted"
        rows = [row for row in station.rows() if row["slot"] == "1-1.1"]
        assert [row["cause"] for row in rows] == ["adapter-stuck"] * 3, rows
        assert station.retry(1)[0] == 202
        station.wait(1, lambda s: s["state"] == "flashing")
        station.control("hang 1")
        station.wait(1, "stuck")
        station.control("unhang 1")
        station.wait(1, "pass")


def test_unplugged_while_it_is_stuck():
    with Station(flashing=SLOW) as station:
        station.plug(1)
        station.wait(1, lambda s: s["state"] == "flashing")
        station.control("hang 1")
        station.wait(1, "stuck")
        station.unplug(1)
        station.wait(1, "empty")
        mac = station.plug(1)
        station.wait(1, "pass", mac)
        assert [row["verdict"] for row in station.wait_closed(2)] == ["interrupted", "pass"]


def test_eight_stuck_adapters_beside_two_good_ones():
    stuck, good = range(1, 9), (9, 10)
    with Station(flashing=SLOW) as station:
        for slot in stuck:
            station.plug(slot, "hang-ioctl" if slot % 2 else "")
        for slot in stuck:
            if slot % 2 == 0:
                station.wait(slot, lambda s: s["state"] == "flashing")
                station.control(f"hang {slot}")
        for slot in good:
            station.plug(slot)
        station.wait_all("pass", good)
        station.wait_all("stuck", stuck)
        station.control("unhang 2")
        station.wait(2, "pass")
        assert station.stop(signal.SIGTERM) == 0
        assert "7 adapters do not answer; not waiting for them" in station.log(), station.log()
        rows = sorted((row["slot"], row["verdict"], row["cause"]) for row in station.rows())
        assert rows == sorted([(f"1-1.{n}", "interrupted", "adapter-stuck") for n in (2, 4, 6, 8)] +
                              [(f"1-1.{n}", "pass", "none") for n in (2, *good)]), rows


def test_gangd_exits_without_waiting_for_a_stuck_adapter():
    with Station(flashing=SLOW) as station:
        station.plug(1, "hang-ioctl")
        station.plug(2)
        station.wait(2, lambda s: s["state"] == "flashing")
        station.control("hang 2")
        station.wait(1, "stuck")
        station.wait(2, "stuck")
        assert station.stop(signal.SIGTERM) == 0
        assert [row["cause"] for row in station.rows()] == ["adapter-stuck"]


def test_a_port_that_goes_away_right_after_it_came():
    with Station(flashing="settle_ms = 10000") as station:
        station.plug(1)
        station.wait(1, "settling")
        station.unplug(1)
        station.wait(1, "empty")
        lines = [line for line in station.log().splitlines() if " went away " in line]
        assert len(lines) == 1 and "1-1.1: /dev/ttyUSB0 went away " in lines[0], lines
        assert ("brltty" in lines[0]) == os.path.exists("/usr/bin/brltty"), lines


def test_another_program_opens_the_port():
    """Only root can, and it takes the board's answers: no fault of the board."""
    if os.geteuid() != 0:
        raise Skip("only root can open a port that gangd has")
    steal = "port = open('/dev/ttyUSB0', 'rb', 0); print(flush=True)\nwhile port.read(1): pass"
    with Station(flashing=SLOW) as station:
        mac = station.plug(1)
        station.wait_writing(1)
        thief = station.spawn(["python3", "-c", steal], stdout=subprocess.PIPE)
        thief.stdout.readline()
        row = station.wait_closed(1)[0]
        assert (row["verdict"], row["cause"]) == ("interrupted", "port-shared"), row
        assert row["detail"].startswith(f"/dev/ttyUSB0 was opened by python3 (pid {thief.pid})"), row
        thief.kill()
        thief.wait()
        assert station.press_start(1) == 202
        station.wait(1, "pass", mac)


if __name__ == "__main__":
    run_tests(globals())
