#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""esptool writes, erases, verifies and reads the virtual board's flash; after each step the whole flash must be as the
commands' meaning says, byte for byte."""
from esp import BAUDS, OUR_STUB, ROMS, STUBS, Flash, OneBoard, cases, mixture, noise, run

SIZE = 512 << 10


def flash_by_stub(tool, baud):
    flash = Flash(noise(SIZE))
    with OneBoard(content=flash.bytes) as board:
        def step(*arguments, **options):
            return board.esptool(tool, *arguments, baud=baud, **options)

        parts = {0x1000: mixture(30000), 0x20000: mixture(5001, seed=2), 0x7f000: mixture(4096, seed=3)}
        files = []
        for offset, data in parts.items():
            flash.write(offset, data)
            files += [hex(offset), board.file(f"{offset:x}.bin", data)]
        assert "verified" in step("write-flash", "--compress", *files)
        flash.check(board, "compressed")

        raw = noise(9002, seed=4)
        flash.write(0x40000, raw)
        step("write-flash", "--no-compress", "0x40000", board.file("raw.bin", raw))
        flash.check(board, "uncompressed")

        step("verify-flash", *files, "0x40000", board.path("raw.bin"))
        wrong = raw[:-1] + bytes([raw[-1] ^ 1])
        assert "0x40000" in step("verify-flash", *files, "0x40000", board.file("wrong.bin", wrong), fails=True).replace(
            "0x00040000", "0x40000")

        step("read-flash", "0", "ALL", board.path("all.bin"))
        assert board.result("all.bin") == flash.bytes
        offset = 0x1003 if tool.stub == "1" else 0x1004  # the newer stub refuses to read from an odd address
        step("read-flash", hex(offset), "4999", board.path("some.bin"))
        assert board.result("some.bin") == flash.bytes[offset:offset + 4999]

        step("erase-region", "0x3000", "0x1e000")
        flash.erase(0x3000, 0x1e000)
        flash.check(board, "a region erased")

        step("write-flash", "--erase-all", "0x5000", board.path("20000.bin"))
        flash.erase(0, SIZE)
        flash.write(0x5000, parts[0x20000])
        flash.check(board, "all erased, then written")

        step("erase-flash")
        flash.erase(0, SIZE)
        flash.check(board, "all erased")


def rom_erases(flash, offset, size):
    """esptool knows that the ROM erases too much, and asks for less; what comes of it is still not always `size`
    (docs/esp8266.md section 2)."""
    sectors, start = -(-size // 4096), offset // 4096
    head = min(sectors, 16 - start % 16)
    asked = (sectors + 1) // 2 if sectors < 2 * head else sectors - head
    flash.erase(offset, 4096 * (min(asked, 16 - start % 16) + asked))


def flash_by_rom(tool, baud):
    """The ROM writes, 1 KB at a time, and can neither read nor compare."""
    flash = Flash(noise(SIZE))
    with OneBoard(content=flash.bytes) as board:
        files = []
        for offset, data in {0: mixture(5000), 0xe000: noise(20000), 0x30000: noise(9000, seed=2)}.items():
            rom_erases(flash, offset, len(data))
            flash.bytes[offset:offset + len(data)] = data
            files += [hex(offset), board.file(f"{offset:x}.bin", data)]
        board.esptool(tool, "write-flash", *files, baud=baud)
        flash.check(board, "written")
        for arguments in (["erase-flash"], ["erase-region", "0", "0x1000"], ["read-flash", "0", "16", "/dev/null"]):
            board.says(tool, "ROM does not support", *arguments, baud=baud, fails=True)
        flash.check(board, "left alone")


if __name__ == "__main__":
    run(cases(by_stub=(flash_by_stub, [(tool, baud) for baud in BAUDS for tool in STUBS + OUR_STUB]),
              by_rom=(flash_by_rom, [(tool, baud) for baud in (57600, 115200, 921600) for tool in ROMS])))
