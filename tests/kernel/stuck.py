# SPDX-License-Identifier: MIT
"""Adapters that stop answering the kernel, in bulk or in control requests: who else feels it, and how it ends."""
import time

from machine import SLOW, Boardsim, rows, run, show, start, tiles, until, verdicts

# One of each driver, of each kind of trouble, and some that have none.
GOOD, STALLED, HUNG = (1, 2, 3, 4, 5), (6, 7, 8), (11, 12, 13)


def seconds(row):
    return (row["ended"] - row["started"]) / 1e6


def test_stuck_cost_others_nothing():
    """Six stuck adapters: the others take the time they take without, one that is plugged in later too; and gangd has
    ended after five seconds. When they answer again, the next gangd finishes them."""
    start(*SLOW)
    with Boardsim() as boardsim:
        boardsim.plug_all(GOOD + STALLED + HUNG)
        alone = {slot: seconds(boardsim.wait_verdict(slot, "pass")) for slot in GOOD + STALLED + HUNG}
    with Boardsim() as boardsim:
        macs = boardsim.plug_all(STALLED + HUNG)
        boardsim.wait_writing(macs)
        for slot in STALLED:
            boardsim.control(f"stall {slot}")
        for slot in HUNG:
            boardsim.control(f"hang {slot}")
        others = boardsim.plug_all(GOOD)
        beside = {slot: seconds(boardsim.wait_verdict(slot, "pass")) for slot in GOOD}
        for slot, mac in others.items():
            assert verdicts(mac) == ["pass"], rows()
            assert beside[slot] < 1.1 * alone[slot], (slot, beside, alone)
        before = time.monotonic()
        run("systemctl stop gangd")
        took = time.monotonic() - before
        assert show("Result") == "success" and took < 5, (show("Result"), took)
        for slot, mac in macs.items():
            assert verdicts(mac) and not {"pass", "open"} & set(verdicts(mac)), (slot, verdicts(mac))
        run("systemctl start gangd")
        for slot in macs:
            boardsim.control(f"unhang {slot}")
        for slot in macs:
            boardsim.wait_verdict(slot, "pass")


def test_a_close_that_waits_is_ended():
    """Adapters that take no more bytes, but answer control requests: close() alone would wait for 30 s with each. The
    next attempt has its port at once."""
    start(*SLOW)
    with Boardsim() as boardsim:
        macs = boardsim.plug_all([1, 2, 3])
        boardsim.wait_writing(macs)
        for slot in macs:
            boardsim.control(f"stall {slot}")
        for slot in macs:
            name = boardsim.wait(slot, "fail")["slot"]
            before = time.monotonic()
            run(f"gangctl retry {name}")
            boardsim.wait(slot, "flashing")
            assert time.monotonic() - before < 5, (slot, time.monotonic() - before)
        for slot in macs:
            boardsim.control(f"unplug {slot}")
            boardsim.control(f"replug {slot}")
        for slot in macs:
            boardsim.wait_verdict(slot, "pass")


def test_stuck_comes_back():
    """An adapter that answers no control request is told to be unplugged; if it answers again its board passes."""
    start(*SLOW)
    with Boardsim() as boardsim:
        macs = boardsim.plug_all([1, 2, 3, 4])
        boardsim.wait_writing(macs)
        for slot in macs:
            boardsim.control(f"hang {slot}")
        for slot in macs:
            tile = boardsim.wait(slot, "stuck")
            assert tile["sentence"] == "The adapter does not answer: unplug it", tile
        for slot in macs:
            boardsim.control(f"unhang {slot}")
        for slot, mac in macs.items():
            boardsim.wait_verdict(slot, "pass")
            assert set(verdicts(mac)) == {"interrupted", "pass"}, verdicts(mac)


def test_stuck_is_pulled():
    """Pulled out while the kernel waits for its answer, and back: a slot like any other."""
    start(*SLOW)
    with Boardsim() as boardsim:
        macs = boardsim.plug_all([1, 2, 3])
        boardsim.wait_writing(macs)
        for slot in macs:
            boardsim.control(f"hang {slot}")
        for slot in macs:
            boardsim.wait(slot, lambda tile: tile["state"] in ("stuck", "interrupted"))
            boardsim.control(f"unplug {slot}")
        until(lambda: f"no adapters: {tiles()}", lambda: all(tile["state"] == "empty" for tile in tiles().values()))
        for slot in macs:
            boardsim.control(f"replug {slot}")
        for slot in macs:
            boardsim.wait_verdict(slot, "pass")


def test_pulled_in_reset():
    """At many moments while gangd waits in a reset, or waits there for the kernel: interrupted, and back it passes."""
    start("settle_ms = 50")
    with Boardsim() as boardsim:
        for slot in range(1, 11):
            boardsim.plug(slot)
            number = boardsim.wait_phase(slot, "reset", look=0.01)["attempt"]["id"]
            causes = {"unplugged"}
            if slot % 2:
                boardsim.control(f"hang {slot}")
                causes.add("adapter-stuck")
            time.sleep(0.02 * slot)
            boardsim.control(f"unplug {slot}")
            row = until(f"the attempt in slot {slot} is over", lambda number=number: rows(
                "SELECT * FROM attempts WHERE id = ? AND ended IS NOT NULL", number))[0]
            assert row["verdict"] == "interrupted" and row["cause"] in causes, row
            boardsim.control(f"replug {slot}")
        for slot in range(1, 11):
            boardsim.wait_verdict(slot, "pass")
