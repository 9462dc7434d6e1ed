#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bad wires and adapters: which of them gangd tolerates, and which cause it reports for the others."""
import concurrent.futures

from station import SLOW, Station, fails, image, run_tests


def passes(station, slot):
    attempt = station.wait(slot, "pass")["attempt"]
    assert station.flash(slot).startswith(image())
    return attempt


def test_reset_lines_that_are_open_swapped_or_unreliable():
    with Station() as station:
        station.plug(1, "en-open")
        station.plug(2, "lines-swapped")
        station.plug(3, "drop-lines=0.1")
        # It has printed its boot banner before the port was open, and cannot be reset.
        fails(station, 1, "board-silent", "The board is silent", 1)
        fails(station, 2, "not-download-mode", "The board starts its firmware instead of the loader", 1)
        passes(station, 3)


def test_a_board_that_stops_responding():
    with Station() as station:
        station.plug(1, "hang-after=3000")   # while the stub is loaded at speed: the same try finds it silent
        station.plug(2, "hang-after=20000")  # while the image is written
        for slot, tries in ((1, 1), (2, 3)):
            attempt = fails(station, slot, "board-silent", "The board is silent", tries)
            assert attempt["mac"] == station.mac(slot), attempt
        # A power cycle makes the board work again.
        station.unplug(1)
        station.plug(1)
        passes(station, 1)


def test_a_noisy_boot_passes_at_the_first_try():
    with Station() as station:
        station.plug(1, "noisy-boot")
        assert passes(station, 1)["tries"] == 1


def test_noise_of_each_kind_and_direction():
    words = [f"{what}-{way}=0.00003" for what in ("lose", "corrupt", "insert") for way in ("in", "out")]
    with Station(flashing="settle_ms = 50\ntries = 5") as station:
        for slot, word in enumerate(words, 1):
            station.plug(slot, word)
        with concurrent.futures.ThreadPoolExecutor(len(words)) as pool:
            list(pool.map(lambda slot: passes(station, slot), range(1, len(words) + 1)))


def test_baud_rates_that_the_adapter_does_not_support():
    """A cp210x says so when it is asked. A CH340 works at another rate than it was asked for, and the ROM adapts itself
    to that. Neither costs a try."""
    for adapter, baud in (("cp2102n", 460800), ("ch340", 921600)):
        with Station(adapter=adapter) as station:
            station.plug(1, "max-baud=460800")
            station.plug(2, "flaky-above=460800 flaky-rate=0.01")
            for slot, expected in ((1, (1, baud)), (2, (2, 460800))):
                attempt = passes(station, slot)
                assert (attempt["tries"], attempt["baud"]) == expected, attempt
            assert (": the adapter cannot do 921600 baud" in station.log()) == (baud == 460800), station.log()


def test_rates_that_an_adapter_cannot_do_cost_no_try():
    """A CP2102 is asked for 921600 at most: 1000000, which its driver reads back, is really 923077."""
    for ladder in ("3000000 2000000 1500000 921600 460800", "1000000 921600"):
        with Station(adapter="cp2102", flashing=f"settle_ms = 50\nbaud = {ladder}\ntries = 1") as station:
            station.plug(1)
            attempt = passes(station, 1)
            assert (attempt["tries"], attempt["baud"]) == (1, 921600), attempt
            assert ": the adapter cannot do " + ladder.partition(" 921600")[0] + " baud" in station.log(), station.log()


def test_an_adapter_that_can_do_no_rate_of_the_ladder():
    """A board is not to blame for that: it is flashed at the rate that every adapter does."""
    with Station(adapter="cp2102", flashing="settle_ms = 50\nbaud = 3000000 2000000\ntries = 1") as station:
        station.plug(1)
        attempt = passes(station, 1)
        assert (attempt["tries"], attempt["baud"]) == (1, 115200), attempt


def test_four_ports_of_one_adapter_are_four_slots():
    with Station(adapter="ft4232h") as station:
        macs = [station.plug(slot) for slot in (1, 2, 3, 4)]
        for name, mac in zip(("1-1.1", "1-1.1:1", "1-1.1:2", "1-1.1:3"), macs):
            station.wait(name, "pass", mac)
        station.unplug(2)
        station.wait("1-1.1:1", "empty")
        assert station.slot("1-1.1")["state"] == "pass"


def test_a_bouncing_contact():
    with Station(flashing=SLOW) as station:
        mac = station.plug(1, "bounce-after=20000")
        # gangd has the port open at that moment, so the board comes back as another tty, in the same slot.
        shown = station.wait(1, "pass", mac)
        assert shown["adapter"]["devnode"] == "/dev/ttyUSB1", shown
        rows = station.wait_closed(2)
        assert [(row["verdict"], row["cause"], row["mac"]) for row in rows] == [
            ("interrupted", "unplugged", mac), ("pass", "none", mac)], rows
        assert station.units()[0]["attempts"] == 2


def test_a_cloned_mac_is_one_unit():
    with Station() as station:
        mac = station.plug(1)
        assert station.plug(2, "clone-mac") == mac
        station.wait(1, "pass", mac)
        station.wait(2, "pass", mac)
        units = station.units()
        assert [(unit["mac"], unit["attempts"]) for unit in units] == [(mac, 2)], units


if __name__ == "__main__":
    run_tests(globals())
