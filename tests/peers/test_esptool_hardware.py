#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What esptool's own tests ask of a real ESP8266 and no other driver here does: the flash part's SFDP table, addresses
where nothing is, a program that prints by the ROM, a flash that the firmware has put to sleep. (Those tests are in none
of its packages: these are our own.)"""
import os
import subprocess

from esp import COMMON, ROMS, STUBS, OneBoard, cases, noise, run

TOOLS = STUBS + ROMS

UNMAPPED = {0x20000000: 0x00008000, 0x3ff10000: 0, 0x3ffc0000: 0x3ffc0000, 0x400c0000: 0, 0x40140000: 0xecd83159,
            0x40300000: 0x00008000, 0x70000000: 0x00008000}


def sfdp(tool):
    def reads(expected, address):
        number = "{:02X}" if tool.major == 4 else "{:#04x}"
        text = board.esptool(tool, "read-flash-sfdp", address, "4").lower()
        assert " ".join(map(number.format, expected)).lower() in text, text

    with OneBoard("part=W25Q32") as board:
        reads(b"SFDP", "0")
        reads(b"\xe5\x20\xf1\xff", "0x80")
        board.swap(1, "part=EN25Q16")
        reads(b"\xff\xff\xff\xff", "0")


def unmapped(tool):
    with OneBoard() as board:
        for address, value in UNMAPPED.items():
            board.says(tool, f"= {value:#010x}\n", "read-mem", hex(address), after="no-reset")
        board.says(tool, "Wrote", "write-mem", "0x400c0000", "0x12345678", after="no-reset")
        board.says(tool, "= 0x00000000\n", "read-mem", "0x400c0000", after="no-reset")
        board.esptool(tool, "dump-mem", "0x3ffc0000", "0x40", board.path("dump"))
        assert board.result("dump") == b"".join(a.to_bytes(4, "little") for a in range(0x3ffc0000, 0x3ffc0040, 4))


def prints(tool):
    with OneBoard(content=b"") as board:
        subprocess.run([tool.program, "--chip", "esp8266", tool.word("elf2image"), "-o", board.path("hello-"),
                        os.path.join(COMMON, "hello_printf.elf")], check=True, capture_output=True)
        board.esptool(tool, "load-ram", board.path("hello-0x00000.bin"), after="no-reset")
        board.listen(tool, "hello from 40100000, -9 7 !, 6 7\r\n")


def sleeping(tool):
    """The command register's bit for deep power-down, then a reset, and all is as before."""
    with OneBoard(content=noise(4096)) as board:
        board.esptool(tool, "flash-id", after="no-reset")  # attaches it, with a stub or without
        board.esptool(tool, "write-mem", "0x60000200", "0x00200000", before="no-reset", after="no-reset")
        board.says(tool, "Manufacturer: ef\n", "flash-id")
        board.esptool(tool, "read-flash", "0", "0x1000", board.path("read"))
        assert board.result("read") == noise(4096)


if __name__ == "__main__":
    tools = [(tool,) for tool in TOOLS]
    run(cases(sfdp=(sfdp, tools), unmapped=(unmapped, tools), prints=(prints, tools),
              sleeping=(sleeping, [(tool,) for tool in STUBS])))
