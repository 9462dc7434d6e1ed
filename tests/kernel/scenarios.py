# SPDX-License-Identifier: MIT
"""What gangd must do where it lives: Debian's kernel with the real drivers, udev and systemd, and its own package."""
import os
import signal
import time

from machine import Bench, configure, properties, rows, run, show, tiles, until


def configure_slow():
    """For boards that must be met in the middle of their work: ten seconds of it."""
    configure("baud = 115200\ntries = 5\nsettle_ms = 50", size=262144)


def restart():
    run("systemctl restart gangd")


def main_pid():
    return int(show("MainPID"))


def verdicts(mac):
    return [row["verdict"] for row in rows("SELECT * FROM attempts WHERE mac = ? ORDER BY id", mac)]


def wait_writing(bench, slots):
    for slot in slots:
        bench.wait(slot, lambda tile: tile["state"] == "flashing" and tile["attempt"]["phase"] == "write")


def test_service():
    """gangd.service becomes active as its user, and its socket is its group's."""
    configure()
    restart()
    assert show("ActiveState") == "active"
    assert run(f"stat -c %U /proc/{main_pid()}") == "gangd"
    assert run("stat -c '%G %a' /run/gangd/gangd.sock") == "gangd 660"


def test_adapters_before_and_after():
    """Plugged in before gangd starts, and while it runs; a driver that has not been needed before too."""
    configure()
    run("systemctl stop gangd")
    with Bench() as bench:
        bench.plug(1)
        until("ttyUSB of slot 1", lambda: bench.tty(1) >= 0)
        run("systemctl start gangd")
        bench.plug(2)
        bench.wait_verdict(1, "pass")
        bench.wait_verdict(2, "pass")


def test_sixteen_at_once():
    """Adapters of all kinds with one port; each board has one attempt, one slot and its own adapter in the book."""
    # The boards execute their code in a machine that is itself emulated: at a higher rate they would fall behind.
    configure("baud = 115200\ntries = 5")
    restart()
    drivers = {"cp2102n": "cp210x", "cp2102": "cp210x", "cp2104": "cp210x", "ch340": "ch341", "ft232r": "ftdi_sio"}
    with Bench() as bench:
        macs = bench.plug_all(range(1, 17))
        found = {slot: bench.wait_verdict(slot, "pass") for slot in macs}
        assert len({row["slot"] for row in found.values()}) == 16, found
        assert len({row["adapter"].split()[0] for row in found.values()}) == 3, found
        for slot, mac in macs.items():
            assert verdicts(mac) == ["pass"], (slot, verdicts(mac))
            kind = bench.control(f"status {slot}").split()[1]
            assert found[slot]["adapter"].startswith(drivers[kind] + " "), (kind, found[slot]["adapter"])


def test_yank_and_replug():
    """Pulled in mid-flash: interrupted. Back again: the same slot, whatever the ttyUSB."""
    configure_slow()
    restart()
    with Bench() as bench:
        mac = bench.plug(1)
        wait_writing(bench, [1])
        bench.control("unplug 1")
        row = bench.wait_verdict(1, "interrupted")
        assert row["cause"] == "unplugged", row
        bench.control("replug 1")
        assert bench.wait_verdict(1, "pass")["slot"] == row["slot"]
        assert verdicts(mac) == ["interrupted", "pass"]


def test_twins():
    """Two CH340, which have no serial number, and so one by-id link for both: two slots."""
    configure()
    restart()
    with Bench("ch340") as bench:
        bench.plug_all([1, 2])
        slots = {bench.wait_verdict(slot, "pass")["slot"] for slot in (1, 2)}
        assert len(slots) == 2, slots
        serials = [properties(f"/dev/ttyUSB{bench.tty(slot)}")["ID_SERIAL"] for slot in (1, 2)]
        assert serials[0] == serials[1], serials


def test_four_ports():
    """An adapter of four ports is four slots of one USB device, and is gone all at once."""
    configure()
    restart()
    with Bench("ft4232h") as bench:
        bench.plug_all([1, 2, 3, 4])
        slots = {bench.wait_verdict(slot, "pass")["slot"] for slot in (1, 2, 3, 4)}
        assert len(slots) == 4, slots
        paths = {properties(f"/dev/ttyUSB{bench.tty(slot)}")["ID_PATH"].rpartition(":")[0] for slot in (1, 2, 3, 4)}
        assert len(paths) == 1, paths
        bench.control("unplug 1")
        until(lambda: f"no tiles: {tiles()}", lambda: all(tile["state"] == "empty" for tile in tiles().values()))


def test_stuck_adapters():
    """One that takes no bytes any more and one that answers no control request: the others pass, and gangd ends."""
    configure_slow()
    restart()
    with Bench() as bench:
        macs = bench.plug_all([1, 2, 3, 4, 5])
        wait_writing(bench, [1, 2])
        bench.control("stall 1")
        bench.control("hang 2")
        for slot in (3, 4, 5):
            bench.wait_verdict(slot, "pass")
        late = bench.plug(6)
        bench.wait_verdict(6, "pass")
        assert verdicts(late) == ["pass"]
        bench.wait(2, lambda tile: tile["state"] != "flashing")
        began = time.monotonic()
        run("systemctl stop gangd")
        print(f"gangd with two stuck adapters stopped in {time.monotonic() - began:.1f} s")
        assert show("Result") == "success", show("Result")
        for slot in (1, 2):
            assert "pass" not in verdicts(macs[slot]) and "open" not in verdicts(macs[slot]), verdicts(macs[slot])


def interrupt(slots, interruption):
    """Boards in these slots are interrupted in mid-flash, each in one attempt, and pass when gangd is back. Attempts are
    told by their slot: a gangd that died may not have booked the MAC."""
    configure_slow()
    restart()
    with Bench() as bench:
        macs = bench.plug_all(slots)
        wait_writing(bench, macs)
        before = rows("SELECT max(id) AS id FROM attempts WHERE ended IS NOT NULL")[0]["id"] or 0
        interruption()
        names = {bench.wait_verdict(slot, "pass")["slot"] for slot in macs}
        assert len(names) == len(macs), names
        for name in names:
            found = rows("SELECT * FROM attempts WHERE slot = ? AND id > ? ORDER BY id", name, before)
            assert [row["verdict"] for row in found] == ["interrupted", "pass"], found


def test_interrupted_by_restart():
    interrupt([1, 2, 3], restart)


def test_interrupted_by_kill():
    interrupt([1, 2, 3], lambda: os.kill(main_pid(), signal.SIGKILL))


def test_interrupted_by_watchdog():
    """A loop that stands still is ended by systemd, and begun anew."""
    interrupt([1], lambda: os.kill(main_pid(), signal.SIGSTOP))
    assert "Watchdog timeout" in run("journalctl -b -u gangd")


def test_daemon_reload():
    """The manager reads its units again: ports stay allowed, and gangd stays itself."""
    configure_slow()
    restart()
    with Bench() as bench:
        bench.plug(1)
        wait_writing(bench, [1])
        pid = main_pid()
        run("systemctl daemon-reload")
        bench.plug(2)
        bench.wait_verdict(1, "pass")
        bench.wait_verdict(2, "pass")
        assert main_pid() == pid


def test_udev_rules():
    """ModemManager's mark on the usb_device, FTDI's latency, and the group of the ports."""
    configure()
    with Bench() as bench:
        bench.plug_all([1, 2, 3])
        for slot in (1, 2, 3):
            until(f"ttyUSB of slot {slot}", lambda slot=slot: bench.tty(slot) >= 0)
        run("udevadm settle")
        for slot in (1, 2, 3):
            tty = f"ttyUSB{bench.tty(slot)}"
            assert run(f"stat -c '%G %a' /dev/{tty}") == "dialout 660"
            port = os.path.realpath(f"/sys/class/tty/{tty}/device")
            usb_device = os.path.dirname(os.path.dirname(port))
            assert properties(usb_device).get("ID_MM_DEVICE_IGNORE") == "1", properties(usb_device)
            if os.path.basename(os.path.realpath(port + "/driver")) == "ftdi_sio":
                assert run(f"cat {port}/latency_timer") == "1"


PROBE = """
import os, socket, subprocess
def may(what, call):
    try:
        call()
        print("may", what)
    except OSError as error:
        print("denied", what)
def write(path):
    with open(path, "w"):
        pass
def command(*words):
    if subprocess.run(words).returncode != 0:
        raise OSError
for path in ("/root", "/var/lib/gangd", "/etc/gangd"):
    may("list " + path, lambda: os.listdir(path))
for path in ("/etc/x", "/usr/x", "/home/x", "/srv/x", "/var/x", "/etc/gangd/gangd.conf", "/var/lib/gangd/probe"):
    may("write " + path, lambda: write(path))
for path in (PORT, "/dev/vda", "/dev/mem", "/dev/ttyS0", "/dev/kmsg"):
    may("open " + path, lambda: os.close(os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)))
may("become root", lambda: os.setuid(0))
may("make namespaces", lambda: command("unshare", "--user", "true"))
may("reach the network", lambda: socket.create_connection(("192.0.2.1", 9), 5))
"""


def test_rights():
    """What runs under gangd's unit reaches its ports and its book, and nothing else."""
    configure()
    run("systemctl stop gangd")
    with Bench() as bench:
        bench.plug(1)
        until("ttyUSB of slot 1", lambda: bench.tty(1) >= 0)
        run("udevadm settle")
        tty = f"/dev/ttyUSB{bench.tty(1)}"
        with open("/srv/probe.py", "w", encoding="utf-8") as file:
            file.write(f"PORT = {tty!r}\n{PROBE}")
        run("sed -e 's:^ExecStart=.*:ExecStart=/usr/bin/python3 /srv/probe.py:' -e 's:^Type=.*:Type=oneshot:'"
            " -e '/^Restart/d' -e '/^WatchdogSec/d' /usr/lib/systemd/system/gangd.service"
            " >/run/systemd/system/gangd-probe.service; systemctl daemon-reload; systemctl start gangd-probe")
        said = run("journalctl -o cat -b -u gangd-probe").splitlines()
        may = {line[4:] for line in said if line.startswith("may ")}
        assert len([line for line in said if line.startswith("denied ")]) > 5, said
        assert may == {"list /var/lib/gangd", "list /etc/gangd", "write /var/lib/gangd/probe", f"open {tty}"}, said
