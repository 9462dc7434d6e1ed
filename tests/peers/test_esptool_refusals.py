#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is wrong with the virtual board's flash, esptool notices: a board that is too good would prove nothing."""
from esp import STUBS, Bench, Flash, cases, mixture, noise, run

SIZE = 8 << 20


def locked(tool):
    """Protection that no status write takes off before the next power-on: nothing is erased, nothing written."""
    content = noise(65536)
    flash = Flash(content + b"\xff" * (SIZE - len(content)))
    with Bench("part=W25Q64", content=content) as bench:
        data = bench.file("data.bin", mixture(8192))
        bench.esptool(tool, "write-flash-status", "--bytes", "2", "0x011c")
        bench.esptool(tool, "write-flash", "0x1000", data, baud=921600, fails=True)
        bench.esptool(tool, "verify-flash", "0x1000", data, baud=921600, fails=True)
        bench.says(tool, "0x011c", "read-flash-status")
        flash.check(bench, "locked")
        bench.unplug(1)
        bench.replug(1)
        bench.esptool(tool, "write-flash", "0x1000", data, baud=921600)
        flash.write(0x1000, mixture(8192))
        flash.check(bench, "after a power cycle")


def worn(tool):
    """Bits that do not come back to 1."""
    with Bench("part=W25Q40 stuck-bits=2000", worn=True) as bench:
        data = bench.file("data.bin", b"\x5a" + b"\xff" * 32767)
        bench.says(tool, "does not match", "write-flash", "0", data, baud=921600, fails=True)


def nameless(tool):
    """Flash that does not say what it is."""
    with Bench("flash-id=ffffff") as bench:
        bench.says(tool, "flash size: Unknown", "flash-id")


if __name__ == "__main__":
    run(cases(locked=(locked, [(tool,) for tool in STUBS]), worn=(worn, [(tool,) for tool in STUBS]),
              nameless=(nameless, [(tool,) for tool in STUBS])))
