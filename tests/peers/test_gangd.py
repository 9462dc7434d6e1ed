#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gangd and esptool on one bench, in turn: what one wrote, the other reads back; what esptool wrote, gangd finds right
already; and gangd works with Espressif's stubs."""
import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "integration"))
from esp import PEERS, STUBS, OneBoard, cases, mixture, run  # noqa: E402
from station import Station, image  # noqa: E402

SIZE = 512 << 10
PART = "part=W25Q40"
KEEP = ("-fm", "keep", "-ff", "keep", "-fs", "keep")
BAUD = 921600
COMPARE = "compare = first\n"


class Line(Station):
    """A station whose boards esptool uses while gangd is away."""

    file, result, esptool = OneBoard.file, OneBoard.result, OneBoard.esptool
    our_stubs = OneBoard.our_stubs

    def __init__(self, **options):
        super().__init__(start=False, **options)
        self.others_write = True
        self.attempts_so_far = 0

    def gangd_flashes(self, board):
        """gangd comes, takes the board that is there (or comes, if `board` says what it is), and goes. Its row."""
        self.start()
        if board:
            self.plug(1, board)
        self.attempts_so_far += 1
        row = self.wait_closed(self.attempts_so_far)[-1]
        self.wait(1, "pass")
        assert self.stop() == 0
        assert row["verdict"] == "pass", row
        return row


def in_turn(tool):
    """The golden image fills the part, so what is read back is all there is."""
    golden, other = image(SIZE), image(SIZE, seed=2)
    with Line(golden=golden, product=COMPARE) as line:
        row = line.gangd_flashes(PART)
        assert row["written"] == 1, row
        line.esptool(tool, "read-flash", "0", "ALL", line.path("all.bin"), baud=BAUD)
        assert line.result("all.bin") == golden, "what gangd wrote"
        line.esptool(tool, "verify-flash", *KEEP, "0", line.path("golden.bin"), baud=BAUD)

        row = line.gangd_flashes(None)
        assert (row["written"], row["seconds_write"]) == (0, 0) and row["seconds_compare"] > 0, row

        line.esptool(tool, "write-flash", *KEEP, "0", line.file("other.bin", other), baud=BAUD)
        line.write_golden(other)
        line.knows([(0, other)])
        row = line.gangd_flashes(None)
        assert row["written"] == 0 and line.flash(1) == other, "what esptool wrote"

        # The last sector, far behind the head.
        line.esptool(tool, "write-flash", hex(SIZE - 4096), line.file("sector.bin", mixture(4096, seed=3)), baud=BAUD)
        row = line.gangd_flashes(None)
        assert row["written"] == 1 and row["seconds_compare"] > 0, row
        line.esptool(tool, "verify-flash", *KEEP, "0", line.path("other.bin"), baud=BAUD)


def several_files(tool):
    """At offsets: what lies between them is nobody's."""
    parts = {0: image(), 0x20000: mixture(30001), 0x30000: mixture(30001), 0x7b000: mixture(5002, seed=2)}
    with Line(golden=list(parts.items()), product=COMPARE) as line:
        files = [word for offset, data in parts.items() for word in (hex(offset), line.file(f"{offset:x}", data))]
        board = f"{PART} image={line.file('before.bin', mixture(SIZE, seed=9))}"
        assert line.gangd_flashes(board)["written"] == 1
        line.esptool(tool, "verify-flash", *KEEP, *files, baud=BAUD)
        line.esptool(tool, "erase-flash", baud=BAUD)
        line.esptool(tool, "write-flash", *KEEP, *files, baud=BAUD)
        assert line.gangd_flashes(None)["written"] == 0
        line.esptool(tool, "erase-region", "0x30000", "0x1000", baud=BAUD)
        assert line.gangd_flashes(None)["written"] == 1
        line.esptool(tool, "verify-flash", *KEEP, *files, baud=BAUD)


def with_stub(major, version):
    """stub = FILE names Espressif's, as it lies in esptool."""
    path, = glob.glob(os.path.join(PEERS, f"esptool-{major}", "lib", "python3*", "site-packages", "esptool", "targets",
                                   "stub_flasher", version, "esp8266.json"))
    golden = image(SIZE)
    with Line(golden=golden, product=f"{COMPARE}stub = {path}\n") as line:
        row = line.gangd_flashes(f"{PART} image={line.file('before.bin', mixture(SIZE))}")
        assert (row["written"], row["stub"], row["tries"]) == (1, "esp8266.json", 1), row
        assert line.flash(1) == golden
        row = line.gangd_flashes(None)
        assert (row["written"], row["stub"]) == (0, "esp8266.json"), row


if __name__ == "__main__":
    run(cases(in_turn=(in_turn, [(tool,) for tool in STUBS]), several_files=(several_files, [(tool,) for tool in STUBS]),
              with_stub=(with_stub, [(major, version) for major in (4, 5) for version in ("1", "2")])))
