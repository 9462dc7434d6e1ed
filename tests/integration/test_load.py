#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gangd with more boards than boardsim can execute: wire-level boards, whose flash is compared with the book's verdicts
as that of any board."""
from station import Station, run_tests

BOARDS = 48  # more than umockdev's preload has room for


def test_wire_level_boards_pass_at_once():
    with Station(boards=BOARDS, boardsim=["--backend", "wire"], flashing="settle_ms = 50\nbaud = 2000000") as station:
        station.wait_all("pass", range(1, BOARDS + 1))


def test_a_wire_level_board_is_swapped():
    with Station(boards=1, boardsim=["--backend", "wire"], product="compare = first\n") as station:
        station.wait(1, "pass")
        station.wait(1, "pass", mac=station.swap(1))
        station.unplug(1)
        station.replug(1)
        rows = station.wait_closed(3)
        assert [row["written"] for row in rows] == [1, 1, 0], "a board that came back has its image"


if __name__ == "__main__":
    run_tests(globals())
