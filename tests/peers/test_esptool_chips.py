#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""esptool tells virtual boards apart: chips, OUIs, crystals, flash parts and their status registers."""
from esp import ROMS, STUBS, Flash, OneBoard, cases, mixture, run

TOOLS = STUBS + ROMS
SOME = [STUBS[0], STUBS[3], ROMS[1]]

CHIPS = [  # words, what esptool calls it, and whether flash is inside
    ("chip=esp8266ex", "ESP8266EX", False),
    ("chip=esp8285", "ESP8285", True),
    ("chip=esp8285n08", "ESP8285N08", True),
    ("chip=esp8285h08", "ESP8285H08", True),
    ("chip=esp8285n16 mac=ac:d0:74:01:02:03", "ESP8285N16", True),
    ("chip=esp8285h16", "ESP8285H16", True),
    ("chip=esp8285-2mb", "ESP8285N16", True),
    ("chip=esp8285-4mb mac=18:fe:34:01:02:03", "ESP8285", True),
]

PARTS = [  # part, manufacturer and device as esptool says them, size
    ("W25Q40", "ef", "4013", "512KB"),
    ("W25Q80", "ef", "4014", "1MB"),
    ("W25Q16", "ef", "4015", "2MB"),
    ("W25Q32", "ef", "4016", "4MB"),
    ("W25Q64", "ef", "4017", "8MB"),
    ("W25Q128", "ef", "4018", "16MB"),
    ("GD25Q32", "c8", "4016", "4MB"),
    ("BY25Q32", "68", "4016", "4MB"),
]


def chips(tool):
    with OneBoard() as board:
        for words, name, inside in CHIPS:
            board.swap(1, words)
            text = board.esptool(tool, "flash-id")
            assert f" {name}\n" in text and ("Embedded Flash" in text) == inside, (words, text)


def macs(tool):
    with OneBoard() as board:
        for mac in ("18:fe:34:01:02:03", "ac:d0:74:04:05:06", "5c:cf:7f:07:08:09", "ec:fa:bc:fe:ff:00"):
            board.swap(1, "mac=" + mac)
            board.says(tool, mac, "read-mac")
            number = {"18:fe:34": 0, "ac:d0:74": 0x1000000}.get(mac[:8], 0) + int(mac[9:].replace(":", ""), 16)
            board.says(tool, f"Chip ID: {number:#010x}", "chip-id")
        board.swap(1, "clone-oui")
        board.says(tool, "Unknown OUI", "read-mac", fails=True)


def parts(tool):
    with OneBoard() as board:
        for part, maker, device, size in PARTS:
            board.swap(1, "part=" + part)
            board.says(tool, [f"Manufacturer: {maker}\n", f"Device: {device}\n", f"flash size: {size}\n"], "flash-id")
        board.swap(1, "flash-id=ffffff")
        board.says(tool, "Manufacturer: ff\n", "flash-id")


def crystal(tool, baud):
    """The loader, the stubs' dividers and the SPI clock on a board that runs at 80 MHz."""
    data = mixture(20000)
    flash = Flash(b"\xff" * (512 << 10))
    flash.write(0, data)
    with OneBoard("part=W25Q40 crystal=40") as board:
        board.says(tool, "40MHz", "write-flash", "0", board.file("data.bin", data), baud=baud)
        flash.check(board, "written")


def status(tool):
    """One, two and three bytes of status, lasting or not. To get at the flash at all without a stub is FLASH_BEGIN, which
    takes the protection off; a stub does so only before it writes. What does not last is seen by the run that wrote it:
    the next one resets the part by 66h and 99h. (A part with three registers, of which writing the first leaves the
    second alone.)"""
    with OneBoard("part=W25Q64") as board:
        def read(count, expected):
            board.says(tool, f"{expected:#06x}\n", "read-flash-status", "--bytes", count)

        def write(count, value, *options):
            shown = f"{value:#0{2 + 2 * count}x}\n"
            text = board.esptool(tool, "write-flash-status", "--bytes", count, *options, hex(value))
            assert text.count(shown) >= 2, text  # what is asked for, and what is found afterwards

        lasting = 0x004204 if tool.stub else 0x004200
        read(1, 0)
        write(1, 0x1c)
        read(1, 0)
        write(2, 0x4204, "--non-volatile")
        read(2, lasting)
        write(3, 0x204200)
        read(3, lasting)
        board.unplug(1)  # without power
        board.replug(1)
        read(3, lasting)


if __name__ == "__main__":
    run(cases(chips=(chips, [(tool,) for tool in SOME]), macs=(macs, [(tool,) for tool in SOME]),
              parts=(parts, [(tool,) for tool in SOME]), status=(status, [(tool,) for tool in TOOLS]),
              crystal=(crystal, [(tool, baud) for tool in TOOLS for baud in (115200, 921600)])))
