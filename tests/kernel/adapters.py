# SPDX-License-Identifier: MIT
"""Adapters with their real drivers: plugged in, pulled out, of all kinds."""
import json

from machine import SLOW, Boardsim, configure, properties, run, start, tiles, until, verdicts


def test_adapters_before_and_after():
    """Plugged in before gangd starts, and while it runs; a driver that has not been needed before too."""
    configure()
    run("systemctl stop gangd")
    with Boardsim() as boardsim:
        boardsim.plug(1)
        until("ttyUSB of slot 1", lambda: boardsim.tty(1) >= 0)
        run("systemctl start gangd")
        boardsim.plug(2)
        boardsim.wait_verdict(1, "pass")
        boardsim.wait_verdict(2, "pass")


def test_sixteen_at_once():
    """Adapters of all kinds with one port; each board has one attempt, one slot and its own adapter in the book."""
    start()
    drivers = {"cp2102n": "cp210x", "cp2102": "cp210x", "cp2104": "cp210x", "ch340": "ch341", "ft232r": "ftdi_sio"}
    with Boardsim() as boardsim:
        macs = boardsim.plug_all(range(1, 17))
        found = {slot: boardsim.wait_verdict(slot, "pass") for slot in macs}
        assert len({row["slot"] for row in found.values()}) == 16, found
        assert len({row["adapter"].split()[0] for row in found.values()}) == 3, found
        for slot, mac in macs.items():
            assert verdicts(mac) == ["pass"], (slot, verdicts(mac))
            kind = boardsim.control(f"status {slot}").split()[1]
            assert found[slot]["adapter"].startswith(drivers[kind] + " "), (kind, found[slot]["adapter"])


def journal(mac):
    """What the journal's fields say of a board's verdicts: (SLOT, VERDICT, CAUSE)."""
    said = run(f"journalctl -b -o json -u gangd MAC={mac}").splitlines()
    return [tuple(json.loads(line).get(field) for field in ("SLOT", "VERDICT", "CAUSE")) for line in said]


def test_unplugged_and_replugged():
    """Pulled in mid-flash, and let go of by the host's controller: interrupted. Back again: the same slot, though another
    adapter has their ttyUSB now. The journal tells the same as the book."""
    start(*SLOW)
    with Boardsim() as boardsim:
        for slot, how in ((1, ""), (2, "detach")):
            mac = boardsim.plug(slot)
            boardsim.wait_writing([slot])
            tty = boardsim.tty(slot)
            boardsim.control(f"unplug {slot} {how}")
            row = boardsim.wait_verdict(slot, "interrupted")
            assert row["cause"] == "unplugged", row
            other = 10 + slot
            boardsim.plug(other)
            boardsim.wait_tty(other)
            boardsim.control(f"replug {slot}")
            assert boardsim.wait_verdict(slot, "pass")["slot"] == row["slot"]
            assert boardsim.tty(other) == tty != boardsim.tty(slot), (tty, boardsim.tty(other), boardsim.tty(slot))
            assert verdicts(mac) == ["interrupted", "pass"]
            name = row["slot"]
            assert journal(mac) == [(name, "interrupted", "unplugged"), (name, "pass", "none")], journal(mac)


def test_slots_by_each_link():
    """udev's links of a port, by which its slot may be named: from udev 257 on there are two."""
    with Boardsim() as boardsim:
        boardsim.plug_all([1, 2])
        ttys = [boardsim.wait_tty(slot) for slot in (1, 2)]
        links = [[name for name in properties(f"/dev/{tty}")["DEVLINKS"].split() if "/by-path/" in name] for tty in ttys]
        version = int(run("udevadm --version").split()[0])
        assert [len(names) for names in links] == [2 if version >= 257 else 1] * 2, links
        assert sum("-usbv" in name for names in links for name in names) == (2 if version >= 257 else 0), links
        start("[slots]", "unknown = ignore", "[slot A]", f"path = {min(links[0])}", "[slot B]", f"path = {max(links[1])}")
        assert [boardsim.wait_verdict(slot, "pass")["slot"] for slot in (1, 2)] == ["A", "B"], tiles()


def test_twins():
    """Two CH340, which have no serial number, and so one by-id link for both: two slots."""
    start()
    with Boardsim("ch340") as boardsim:
        boardsim.plug_all([1, 2])
        slots = {boardsim.wait_verdict(slot, "pass")["slot"] for slot in (1, 2)}
        assert len(slots) == 2, slots
        serials = [properties(f"/dev/ttyUSB{boardsim.tty(slot)}")["ID_SERIAL"] for slot in (1, 2)]
        assert serials[0] == serials[1], serials


def test_four_ports():
    """An adapter of four ports is four slots of one USB device, and is gone all at once."""
    start()
    with Boardsim("ft4232h") as boardsim:
        boardsim.plug_all([1, 2, 3, 4])
        slots = {boardsim.wait_verdict(slot, "pass")["slot"] for slot in (1, 2, 3, 4)}
        assert len(slots) == 4, slots
        paths = {properties(f"/dev/ttyUSB{boardsim.tty(slot)}")["ID_PATH"].rpartition(":")[0] for slot in (1, 2, 3, 4)}
        assert len(paths) == 1, paths
        boardsim.control("unplug 1")
        until(lambda: f"no tiles: {tiles()}", lambda: all(tile["state"] == "empty" for tile in tiles().values()))


def test_lid():
    """The fixture's lid, told by each driver in its own way: a board is flashed when it closes, another one after it, and
    one that is taken out in mid-work is interrupted."""
    start(*SLOW, "[slots]", "presence = cts")
    slots = (1, 2, 3)
    with Boardsim(options=("--lid", "cts")) as boardsim:
        for slot in slots:
            boardsim.macs[slot] = None
            boardsim.control(f"fixture {slot}")
        for slot in slots:
            boardsim.wait(slot, "ready")
        gone = {slot: boardsim.seat(slot) for slot in slots}
        boardsim.wait_writing(slots)
        for slot in slots:
            boardsim.control(f"lift {slot}")
            assert boardsim.wait_verdict(slot, "interrupted")["cause"] == "board-removed"
        for slot in slots:
            boardsim.wait(slot, "ready")
        for _ in range(2):
            macs = {slot: boardsim.seat(slot) for slot in slots}
            for slot, mac in macs.items():
                boardsim.wait_verdict(slot, "pass")
                assert verdicts(mac) == ["pass"], verdicts(mac)
                boardsim.control(f"lift {slot}")
                boardsim.wait(slot, "ready")
        assert all(verdicts(mac) == ["interrupted"] for mac in gone.values())
