#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is wrong with the virtual board's flash, esptool notices: a board that is too good would prove nothing."""
from esp import OUR_STUB, STUBS, Flash, OneBoard, cases, mixture, noise, run

SIZE = 8 << 20


def locked(tool):
    """Protection that no status write takes off before the next power-on: nothing is erased, nothing written."""
    content = noise(65536)
    flash = Flash(content + b"\xff" * (SIZE - len(content)))
    with OneBoard("part=W25Q64", content=content) as board:
        data = board.file("data.bin", mixture(8192))
        board.esptool(tool, "write-flash-status", "--bytes", "2", "0x011c")
        board.esptool(tool, "write-flash", "0x1000", data, baud=921600, fails=True)
        board.esptool(tool, "verify-flash", "0x1000", data, baud=921600, fails=True)
        board.says(tool, "0x011c", "read-flash-status")
        flash.check(board, "locked")
        board.unplug(1)
        board.replug(1)
        board.esptool(tool, "write-flash", "0x1000", data, baud=921600)
        flash.write(0x1000, mixture(8192))
        flash.check(board, "after a power cycle")


def protected(tool):
    """Both of Espressif's stubs reset the flash part (66h, 99h) when they start, which ends a volatile lock. A part whose
    WP pin is low keeps its protection, and their erases and writes away."""
    content = noise(65536)
    with OneBoard("part=W25Q64 locked", content=content) as board:
        data = board.file("data.bin", mixture(8192))
        board.esptool(tool, "write-flash", "0x1000", data, baud=921600, fails=True)
        board.esptool(tool, "verify-flash", "0x1000", data, baud=921600, fails=True)
        Flash(content + b"\xff" * (SIZE - len(content))).check(board, "locked by its pin")
    with OneBoard("part=W25Q64", content=content) as board:
        data = board.file("data.bin", mixture(8192))
        board.esptool(tool, "write-flash-status", "--bytes", "2", "0x011c")
        board.esptool(tool, "write-flash", "0x1000", data, baud=921600)


def worn(tool):
    """Bits that do not come back to 1."""
    with OneBoard("part=W25Q40 stuck-bits=2000", worn=True) as board:
        data = board.file("data.bin", b"\x5a" + b"\xff" * 32767)
        board.says(tool, "does not match", "write-flash", "0", data, baud=921600, fails=True)


def nameless(tool):
    """Flash that does not say what it is."""
    with OneBoard("flash-id=ffffff") as board:
        board.says(tool, "flash size: Unknown", "flash-id")


if __name__ == "__main__":
    tools = [(tool,) for tool in STUBS + OUR_STUB]
    run(cases(locked=(locked, [(tool,) for tool in OUR_STUB]), protected=(protected, [(tool,) for tool in STUBS]),
              worn=(worn, tools), nameless=(nameless, tools)))
