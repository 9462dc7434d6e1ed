#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""esptool reads and writes the virtual board's memory and registers, loads programs into it and starts them."""
import os
import re
import subprocess

from esp import COMMON, OUR_STUB, ROMS, STUBS, OneBoard, Tool, cases, noise, run

ROM, ROM_SIZE = 0x40000000, 0x10000
MAGIC = 0x1000  # of the only word of the ROM's contents that the virtual board has

GREETING = "hello from the chip\n"


def image(board, tool):
    """tests/peers/hello.c as that esptool makes an image of it; returns its path. gangd's stub receives into the RAM that
    the others leave free."""
    elf = os.path.join(COMMON, "hello-high.elf" if tool.stub == Tool.OURS else "hello.elf")
    subprocess.run([tool.program, "--chip", "esp8266", tool.word("elf2image"), "-o", board.path("hello-"), elf], check=True,
                   capture_output=True)
    return board.path("hello-0x00000.bin")


def words(tool, baud):
    """One word at a time: RAM, a register of the UART, a word of the ROM, a mask."""
    with OneBoard() as board:
        def says(expected, *arguments):
            board.says(tool, expected, *arguments, baud=baud, after="no-reset")

        dram, iram = ("0x3fff9000", "0x4010fff0") if tool.stub == Tool.OURS else ("0x3ffe8000", "0x40100000")
        says("= 0xfff0c101", "read-mem", "0x40001000")
        says("Wrote", "write-mem", dram, "0x12345678")
        says("= 0x12345678", "read-mem", dram)  # a reset leaves memory alone
        says("Wrote", "write-mem", dram, "0xaabbccdd", "0x0000ff00")
        says("= 0x1234cc78", "read-mem", dram)
        says("Wrote", "write-mem", iram, "0xc0dbdcdd")
        says("= 0xc0dbdcdd", "read-mem", iram)
        divider = 52000000 / (baud if tool.stub else 115200)
        text = board.esptool(tool, "read-mem", "0x60000014", baud=baud)
        assert abs(int(re.search(r"60000014 = (\S+)", text)[1], 16) - divider) <= max(1, divider * 0.01), text


def dumps(tool, baud, start, size):
    with OneBoard() as board:
        board.esptool(tool, "dump-mem", hex(start), hex(size), board.path("dump"), baud=baud)
        dump = board.result("dump")
        assert len(dump) == size
        # What the board has of the ROM is the word that tells chips apart; the rest of the window reads as 0.
        expected = bytearray(size)
        at = ROM + MAGIC - start
        expected[at:at + 4] = bytes.fromhex("01c1f0ff")
        assert dump == expected


def programs(tool):
    """Started from RAM, and from flash in each of the ways in which esptool can leave a board."""
    with OneBoard(content=b"") as board:
        hello = image(board, tool)
        board.esptool(tool, "load-ram", hello, after="no-reset")
        board.listen(tool, GREETING)
        board.esptool(tool, "write-flash", "0", hello, baud=460800)
        board.listen(tool, GREETING)
        if tool.stub != "2":  # which takes no notice of RUN_USER_CODE
            board.esptool(tool, "chip-id", after="soft-reset")
            board.listen(tool, GREETING)
        # A stub stays at this command; then it is the reset that runs the program.
        board.esptool(tool, "run", after="hard-reset" if tool.stub else "no-reset")
        board.listen(tool, GREETING)


def stays(tool):
    """A second esptool goes on with the stub that the first one left running."""
    with OneBoard(content=noise(4096)) as board:
        board.esptool(tool, "flash-id", after="no-reset-stub")
        board.says(tool, "already running", "read-flash", "0", "0x1000", board.path("read"), before="no-reset")
        assert board.result("read") == noise(4096)


if __name__ == "__main__":
    run(cases(dumps=(dumps, [(STUBS[0], 921600, ROM, ROM_SIZE), (STUBS[3], 115200, ROM + 0xc00, 0x800),
                             (ROMS[0], 115200, ROM + 0xffc, 0x200), (ROMS[1], 115200, ROM + 0xc00, 0x404)]),
              words=(words, [(tool, baud) for tool in STUBS + OUR_STUB + ROMS for baud in (115200, 921600)]),
              programs=(programs, [(tool,) for tool in STUBS + OUR_STUB + ROMS]),
              stays=(stays, [(tool,) for tool in STUBS + OUR_STUB])))
