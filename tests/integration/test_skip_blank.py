#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""skip_blank_erase: which boards' blank sectors are left as they are. boardsim counts the erases of each board.

The image is one block of 64 KB with content, and one that is blank. A new board that is trusted needs no erase, and one
that holds the image one; all others are erased in full, which takes two."""
import signal

from station import Station, image, run_tests

GOLDEN = [(0, image()), (0x40000, b"\xff" * 65536)]
ALL = 2
SLOW = "settle_ms = 50\nbaud = 115200\ntries = 1\n"


class Counting(Station):
    """A station with that image, which checks the number of erases."""

    def __init__(self, erases, flashing=""):
        super().__init__(golden=GOLDEN, flashing=SLOW + flashing, erases=erases)

    def again(self):
        """A start by a person; waits for its pass."""
        count = len(self.wait_closed(len(self.rows())))
        assert self.retry(1)[0] == 202
        assert self.wait_closed(count + 1)[-1]["verdict"] == "pass", self.rows()


def test_a_new_board_is_not_erased():
    with Counting(erases=0) as station:
        station.plug(1)
        station.wait(1, "pass")


def test_the_configuration_may_forbid_it():
    with Counting(erases=ALL, flashing="skip_blank_erase = no\n") as station:
        station.plug(1)
        station.wait(1, "pass")


def test_of_a_board_that_passed_only_what_is_not_blank_is_erased():
    with Counting(erases=0 + 1) as station:
        station.plug(1)
        station.wait(1, "pass")
        station.again()


def test_a_board_that_failed_is_erased_until_it_passes():
    with Counting(erases=0 + ALL + 1) as station:
        station.plug(1, "reset-after=28000")
        station.wait(1, "fail")
        station.again()
        station.again()


def test_a_board_that_was_pulled_out_is_erased():
    with Counting(erases=0 + ALL) as station:
        station.plug(1, "unplug-after=28000")
        assert station.wait_closed(1)[0]["cause"] == "unplugged"
        station.replug(1)
        station.wait(1, "pass")


def test_a_board_that_was_at_work_when_gangd_was_killed_is_erased():
    with Counting(erases=0 + ALL) as station:
        station.plug(1)
        station.wait_writing(1)
        station.stop(signal.SIGKILL)
        station.start()
        station.wait(1, "pass")
        assert [row["cause"] for row in station.rows()] == ["power-cut", "none"]


def test_a_stop_in_the_middle_counts_too():
    with Counting(erases=0 + ALL) as station:
        station.plug(1)
        station.wait_writing(1)
        assert station.stop() == 0
        station.start()
        station.wait(1, "pass")


if __name__ == "__main__":
    run_tests(globals())
