#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The demo firmware on virtual boards, tested with a terminal and with boardsim's report."""
import json
import os
import re
import subprocess
import sys

from inside import Port
from boardsim import COMMON, Boardsim, image, run_tests, until

SLOT = 0x1000
READY = re.compile(rb"\r\nDemo firmware [0-9.]+, MAC ([0-9a-f:]{17}), flash ([0-9a-f]{6}), ready\r\n")


def terminal(baud, *lines):
    """Runs as boardsim's program: resets the board and prints its output, then types lines, each of which the firmware
    answers with a greeting."""
    port = Port(0, int(baud))
    port.reset(download=False)
    heard = port.read_until(b"ready\r\n" if baud == "115200" else b"csum ", 10)
    for line in lines:
        os.write(port.fd, line.encode() + b"\r")
        heard += port.read_until(b"ready\r\n", 10)
    sys.stdout.buffer.write(heard)


def talk(boardsim, baud, *lines):
    done = subprocess.run([sys.executable, os.path.abspath(__file__), "terminal", str(baud), *lines], env=boardsim.environment,
                          stdout=subprocess.PIPE, check=True)
    return done.stdout


def made(boardsim, name, *options):
    """Writes an image with demo-image; returns its path."""
    path = boardsim.path(name)
    subprocess.run([os.path.join(COMMON, "demo-image"), *options, path], check=True)
    return path


def written(boardsim, name, data):
    with open(boardsim.path(name), "wb") as file:
        file.write(data)
    return boardsim.path(name)


class Judged(Boardsim):
    """After its end, `boards` has the boards of the report, by MAC."""

    def end_world(self):
        super().end_world()
        self.boards = {board["mac"]: board for board in json.loads(self.read("report.json"))["boards"]}


def test_terminal():
    for crystal, rom_baud in ((26, 74880), (40, 115200)):
        with Boardsim() as boardsim:
            path = made(boardsim, "image", "--crystal", str(crystal))
            mac = boardsim.plug(1, f"crystal={crystal} image={path}").encode()
            heard = talk(boardsim, rom_baud)
            assert b"rst cause:2, boot mode:(3,6)\r\n\r\nload 0x40100000" in heard, heard
            heard = talk(boardsim, 115200, "id")
            assert READY.findall(heard) == [(mac, b"ef4016")] * 2, heard
            heard = talk(boardsim, 115200, "reset")
            assert READY.findall(heard) == [(mac, b"ef4016")] * 2, heard
            said = boardsim.control("log 1")
            assert said.startswith("\\r\\n ets Jan  8 2013,rst cause:3, boot mode:(3,6)\\r\\n"), said
            assert said.endswith(", ready\\r\\n"), said


def test_second_slot():
    """Without an application in the first slot, the one in the second megabyte is mapped to the same address."""
    with Judged() as boardsim:
        data = bytearray(image(4 << 20))
        data[SLOT:SLOT + 4] = bytes(4)
        one = boardsim.plug(1, "image=" + written(boardsim, "one", data))
        data[SLOT + (1 << 20):SLOT + (1 << 20) + 4] = bytes(4)
        none = boardsim.plug(2, "image=" + written(boardsim, "none", data))
    assert READY.search(boardsim.boards[one]["boot_log"].encode()) and boardsim.boards[one]["boots"]
    assert boardsim.boards[none]["boot_log"].endswith("\r\nno application\r\n")


def test_report():
    """`boots` is true only for an image that was loaded and runs, and one that died is not one that sleeps."""
    with Judged() as boardsim:
        boardsim.may_crash = True
        good = image()
        crash = bytearray(good)
        entry = int.from_bytes(good[SLOT + 4:SLOT + 8], "little") - 0x40200000
        crash[entry:entry + 3] = bytes(3)
        unsummed = bytearray(good)
        unsummed[0x20] ^= 1
        plugged = {name: boardsim.plug(slot, "image=" + written(boardsim, name, data)) for slot, (name, data) in enumerate(
            (("good", good), ("crash", crash), ("unsummed", unsummed), ("empty", bytes(65536))), 1)}
        plugged["silent"] = boardsim.plug(5, f"silent image={boardsim.path('good')}")
        until("the application runs", lambda: boardsim.control("log 1").endswith(", ready\\r\\n"))
    boards = boardsim.boards
    assert {name: boards[mac]["boots"] for name, mac in plugged.items()} == {
        "good": True, "crash": False, "unsummed": False, "empty": False, "silent": True}
    assert READY.search(boards[plugged["good"]]["boot_log"].encode())
    assert boards[plugged["crash"]]["exception"].startswith("illegal instruction at 0x402")
    assert boards[plugged["crash"]]["first_crash"] == boards[plugged["crash"]]["exception"]
    assert {name for name, mac in plugged.items() if boards[mac]["state"] == "stopped"} == {"crash"}
    assert {name for name, mac in plugged.items() if boards[mac]["crashes"]} == {"crash"}
    assert boards[plugged["good"]]["state"] == "running" and boards[plugged["silent"]]["state"] == "off"
    assert boards[plugged["unsummed"]]["boot_log"].endswith("csum err\r\nets_main.c \r\n")
    assert boards[plugged["empty"]]["boot_log"].endswith("\r\n\r\nets_main.c \r\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["terminal"]:
        terminal(*sys.argv[2:])
    else:
        run_tests(globals())
