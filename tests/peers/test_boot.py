#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What esptool thinks of the demo image, and what the virtual board makes of it when esptool has written it."""
from esp import ROMS, STUBS, OneBoard, Tool, cases, run
from boardsim import image, until


def info(tool):
    """The image is one for esptool too, and its checksum is right."""
    with OneBoard() as board:
        path = board.file("demo.bin", image())
        done = board.run(tool.program, "--chip", "esp8266", tool.word("image-info"), path)
        assert done.returncode == 0, done.stdout
        for words in ("0x40100000", "0x3ffe8000", "(valid)"):
            assert words.lower() in done.stdout.lower(), f"{words!r} is missing:\n{done.stdout}"
        assert "invalid" not in done.stdout, done.stdout


READY = ", ready\\r\\n"
UNREADABLE = "csum 0xef\\r\\ncsum err\\r\\nets_main.c \\r\\n"


def ends(board, end):
    """The board has said this last since it was reset; boardsim gives it as in JSON."""
    until(lambda: board.control("log 1"), lambda: board.control("log 1").endswith(end))


def greets(tool):
    with OneBoard() as board:
        board.esptool(tool, "write-flash", "0", board.file("demo.bin", image()))
        ends(board, READY)


def mode(part, name, boots):
    """esptool writes the mode into the image's header; not every part can be read so."""
    with OneBoard(f"part={part}") as board:
        board.esptool(Tool(5, "1"), "write-flash", "--flash-mode", name, "0", board.file("demo.bin", image()))
        ends(board, READY if boots else UNREADABLE)


MODES = [("W25Q32", "qio", True), ("W25Q32", "dout", True), ("GD25Q32", "dio", True), ("GD25Q32", "qio", False),
         ("MX25L32", "qout", False)]

if __name__ == "__main__":
    run(cases(info=(info, [(tool,) for tool in ROMS]), greets=(greets, [(tool,) for tool in STUBS + ROMS]),
              mode=(mode, MODES)))
