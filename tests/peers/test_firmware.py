#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boot loaders as they are shipped: Arduino's eboot and rBoot, in firmware from PyPI. esptool writes it, the board boots
it, and its log is the one that real boards print until the boot loader has started the application. That one ends where
it sets up the radio, which boardsim does not have.
"""
import json
import os
import sys

from esp import PEERS, ROMS, SKIPPED, STUBS, OneBoard, cases, run
from boardsim import until

FIRMWARE = os.path.join(PEERS, "firmware")

# What is behind the ROM's "csum", and how the application ends: in its own handler of exceptions, or in the ROM.
# Arduino's loader prints the application's size, and that it loads it.
EBOOT = ("esp-linker-esp8266.bin", "csum 0x2b\\r\\nv0005aab0\\r\\n~ld\\r\\n", "break at 0x40100")
RBOOT = ("punyforth-0.5.bin", "rBoot v1.4.0 - richardaburton@gmail.com\\r\\nFlash Size:   32 Mbit\\r\\nFlash Mode:   DOUT\\r\\n"
         "Flash Speed:  40 MHz\\r\\nrBoot Option: Big flash\\r\\nrBoot Option: RTC data\\r\\n\\r\\nBooting rom 0.\\r\\n",
         "call of unknown ROM address 0x400042ac")


class Board(OneBoard):
    may_crash = True  # the application

    def __init__(self, end):
        super().__init__("part=W25Q32")
        self.end = end

    def end_world(self):
        super().end_world()
        board, = json.loads(self.read("report.json"))["boards"]
        # Nothing tells when it is there: the board may be taken out before.
        assert not board["exception"] or board["exception"].startswith(self.end), board


def boots(tool, name, said, end):
    with Board(end) as board:
        board.esptool(tool, "write-flash", "--flash-mode", "keep", "--flash-freq", "keep", "--flash-size", "keep", "0",
                      os.path.join(FIRMWARE, name))
        until(lambda: board.control("log 1"), lambda: said in board.control("log 1"))


if __name__ == "__main__":
    for name, _, _ in (EBOOT, RBOOT):
        if not os.path.exists(os.path.join(FIRMWARE, name)):
            print(f"skipped: no {name} in {FIRMWARE} (make test-peers fetches it)")
            sys.exit(SKIPPED)
    tools = [STUBS[-1], ROMS[-1]]
    run(cases(eboot=(lambda tool: boots(tool, *EBOOT), [(tool,) for tool in tools]),
              rboot=(lambda tool: boots(tool, *RBOOT), [(tool,) for tool in tools])))
