#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random operations, by seed: plug, unplug and swap boards, hang adapters, kill gangd. The invariants are checked when
a station is closed."""
import random
import signal
import time

from station import Station, run_tests, until

SLOTS = range(1, 7)
STEPS = 90
# Faults of the boards. Most boards are good; some unplug, hang or reset themselves at a random moment.
BOARDS = ("", "", "", "", "noise=0.0001", "silent", "tx-open", "unplug-after={}", "hang-after={}", "reset-after=2000")


class RandomOperator:
    slots = ""

    def __init__(self, station, seed):
        self.station = station
        self.dice = random.Random(seed)
        self.plugged = set()

    def board(self):
        return self.dice.choice(BOARDS).format(self.dice.randrange(1, 22000))

    def pull(self, slot):
        """The adapter may be gone already, because some boards unplug themselves."""
        self.plugged.discard(slot)
        if self.station.control(f"status {slot}") != "empty":
            try:
                self.station.unplug(slot)
            except AssertionError as error:
                assert "there is no adapter" in str(error), error

    def step(self):
        slot = self.dice.choice(SLOTS)
        what = self.dice.random()
        if slot not in self.plugged:
            self.station.plug(slot, self.board())
            self.plugged.add(slot)
        elif what < 0.6:
            self.pull(slot)
        elif what < 0.8:
            self.pull(slot)
            self.station.replug(slot)
            self.plugged.add(slot)
        elif what < 0.9:
            self.hang(slot)
        else:
            assert self.station.retry(slot)[0] in (202, 404, 409)

    def hang(self, slot):
        try:
            self.station.control(f"hang {slot}")
        except AssertionError as error:
            assert "there is no adapter" in str(error), error

    def end(self):
        """Called after all steps, when no adapter is left."""

    def rest(self):
        """Waits for a random time, which may be 0."""
        time.sleep(self.dice.choice((0, 0, 0.01, 0.1, 0.4)))


class RandomOperatorAtFixtures(RandomOperator):
    """Boards are swapped under adapters that stay, most of the time."""

    PRESENCES = ("probe", "start", "cts", "plug")
    slots = "presence = probe"

    def step(self):
        slot = self.dice.choice(SLOTS)
        what = self.dice.random()
        if slot not in self.plugged:
            self.station.control(f"fixture {slot}")
            self.plugged.add(slot)
        elif what < 0.7:
            self.swap(slot)
        elif what < 0.75:
            self.pull(slot)
        elif what < 0.8:
            self.hang(slot)
        elif what < 0.9:
            assert self.station.press_start(slot) in (202, 404, 409)
        elif what < 0.95:
            assert self.station.post("start")[0] == 202
        else:
            self.reload(self.dice.choice(self.PRESENCES))

    def swap(self, slot):
        """Lifts the board, or seats one if there is none. The adapter may be gone already."""
        try:
            seated = self.station.wire(slot).get("board", "none") != "none"
            self.station.control(f"lift {slot}" if seated else f"seat {slot} lid=cts {self.board()}")
        except AssertionError as error:
            assert "there is no" in str(error), error

    def end(self):
        self.reload("probe")

    def reload(self, presence):
        self.station.sections["slots"] = f"presence = {presence}"
        self.station.write_config()
        self.station.send(signal.SIGHUP)


def blocked_signals(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("SigBlk")).split()[1], 16)


def play(seed, kills, kind=RandomOperator):
    with Station(adapter="mixed", flashing="settle_ms = 20\ntries = 2", slots=kind.slots) as station:
        operator = kind(station, seed)
        for number in range(STEPS):
            operator.step()
            operator.rest()
            if number % 15 == 14 and kills:
                station.stop(operator.dice.choice((signal.SIGKILL, signal.SIGTERM)))
                station.start()
        # Afterwards a good board in each slot passes.
        for slot in SLOTS:
            operator.pull(slot)
        operator.end()
        for slot in SLOTS:
            until("an empty slot", lambda s=slot: station.slot(s).get("state", "empty") == "empty")
            station.plug(slot)
        for slot in SLOTS:
            station.wait(slot, "pass", station.mac(slot))
        # For a moment signals are blocked wherever a thread is started or a handler runs: only what stays is a fault.
        until("gangd to receive all signals", lambda: not blocked_signals(station.gangd.pid))
        rows = station.wait_closed(len(station.rows()))
        assert len([row for row in rows if row["verdict"] == "pass"]) >= len(SLOTS)


def test_random_operations():
    play(seed=1, kills=False)


def test_random_operations_with_gangd_killed():
    play(seed=2, kills=True)


def test_random_operations_at_fixtures():
    play(seed=3, kills=False, kind=RandomOperatorAtFixtures)


def test_random_operations_at_fixtures_with_gangd_killed():
    play(seed=4, kills=True, kind=RandomOperatorAtFixtures)


if __name__ == "__main__":
    run_tests(globals())
