# SPDX-License-Identifier: MIT
"""Who may do what: the ports, gangd's service, its user, and gangd run by a person."""
import glob
import os
import subprocess

from machine import Boardsim, configure, main_pid, properties, run, show, start, until


def test_service():
    """gangd.service becomes active as its user, its socket is its group's, and little is left open."""
    start()
    assert show("ActiveState") == "active"
    assert run(f"stat -c %U /proc/{main_pid()}") == "gangd"
    assert run("stat -c '%G %a' /run/gangd/gangd.sock") == "gangd 660"
    run("systemd-analyze security --threshold=20 gangd")


def test_recompression():
    """Under gangd's unit the image is recompressed, by a process that may lower its priority, and kept beside the book."""
    configure(recompress="yes")
    run("rm -rf /var/lib/gangd/recompressed; systemctl restart gangd")
    until("the cache", lambda: glob.glob("/var/lib/gangd/recompressed/*.zlib"))
    assert "not recompressed" not in run("journalctl -o cat -b -u gangd")
    start()


POWER_SAVER = 'ACTION=="add", SUBSYSTEM=="usb", TEST=="power/control", ATTR{power/control}="auto"'


def power_control(usb_device):
    return run(f"cat {usb_device}/power/control")


def test_no_adapter_is_suspended():
    """Where a power saver's rule lets all USB devices sleep, adapters stay on, and nothing else does."""
    run(f"mkdir -p /run/udev/rules.d; echo '{POWER_SAVER}' >/run/udev/rules.d/50-saver.rules; udevadm control --reload")
    try:
        with Boardsim() as boardsim:
            boardsim.plug_all([1, 2, 3])
            vendors = set()
            for slot in (1, 2, 3):
                port = os.path.realpath(f"/sys/class/tty/{boardsim.wait_tty(slot)}/device")
                usb_device = os.path.dirname(os.path.dirname(port))
                vendors.add(run(f"cat {usb_device}/idVendor"))
                assert power_control(usb_device) == "on", usb_device
            assert vendors == {"0403", "10c4", "1a86"}, vendors
            hub = os.path.dirname(usb_device)
            run(f"echo on >{hub}/power/control; udevadm trigger --action=add --settle {hub}")
            assert power_control(hub) == "auto", hub
    finally:
        run("rm /run/udev/rules.d/50-saver.rules; udevadm control --reload")


def test_udev_rules():
    """ModemManager's mark on the usb_device, FTDI's latency, and the group of the ports."""
    with Boardsim() as boardsim:
        boardsim.plug_all([1, 2, 3])
        ports = {boardsim.wait_tty(slot) for slot in (1, 2, 3)}
        drivers = set()
        for tty in ports:
            assert run(f"stat -c '%G %a' /dev/{tty}") == "dialout 660"
            port = os.path.realpath(f"/sys/class/tty/{tty}/device")
            usb_device = os.path.dirname(os.path.dirname(port))
            assert properties(usb_device).get("ID_MM_DEVICE_IGNORE") == "1", properties(usb_device)
            drivers.add(os.path.basename(os.path.realpath(port + "/driver")))
            if "ftdi_sio" in os.path.realpath(port + "/driver"):
                assert run(f"cat {port}/latency_timer") == "1"
        assert drivers == {"cp210x", "ch341-uart", "ftdi_sio"}, drivers


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
    run("systemctl stop gangd")
    with Boardsim() as boardsim:
        boardsim.plug(1)
        tty = "/dev/" + boardsim.wait_tty(1)
        with open("/srv/probe.py", "w", encoding="utf-8") as file:
            file.write(f"PORT = {tty!r}\n{PROBE}")
        run("sed -e 's:^ExecStart=.*:ExecStart=/usr/bin/python3 /srv/probe.py:' -e 's:^Type=.*:Type=oneshot:'"
            " -e '/^Restart/d' -e '/^WatchdogSec/d' /usr/lib/systemd/system/gangd.service"
            " >/run/systemd/system/gangd-probe.service; systemctl daemon-reload; systemctl start gangd-probe")
        said = run("journalctl -o cat -b -u gangd-probe").splitlines()
        may = {line[4:] for line in said if line.startswith("may ")}
        assert len([line for line in said if line.startswith("denied ")]) > 5, said
        assert may == {"list /var/lib/gangd", "list /etc/gangd", "write /var/lib/gangd/probe", f"open {tty}"}, said


CLOSING_WAIT = """
import array, fcntl, os, sys, termios
serial = array.array("i", [0] * 32)
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK), termios.TIOCGSERIAL, serial)
print(serial.tobytes()[CLOSING_WAIT_AT] + 256 * serial.tobytes()[CLOSING_WAIT_AT + 1])
"""


def as_user(name, groups, command):
    return f"setpriv --reuid={name} --regid={name} --groups={groups} --no-new-privs --inh-caps=-all {command}"


def test_by_hand():
    """gangd without systemd, by a user in group dialout: flashes. By one who is not: says so, and what is missing."""
    run("systemctl stop gangd gangd.socket")
    run("echo 'u worker - - /srv/worker' | systemd-sysusers -; install -d -o worker -g worker /srv/worker")
    for groups, state in (("dialout", "pass"), ("users", "blocked")):
        configure("[station]", "book = /srv/worker/book.db", "[http]", "socket = /srv/worker/socket", "group = worker", "listen = none",
                  path="/srv/worker/gangd.conf")
        with Boardsim() as boardsim:
            boardsim.plug(1)
            boardsim.wait_tty(1)
            gangd = subprocess.Popen(as_user("worker", groups, "gangd --config /srv/worker/gangd.conf").split())
            status = as_user("worker", groups, "gangctl --socket /srv/worker/socket status --json")
            try:
                said = until(lambda: f"{state}: {subprocess.getoutput(status)}",
                             lambda: (text := subprocess.getoutput(status)) and f'"state": "{state}"' in text and text,
                             patience=60)
            finally:
                gangd.terminate()
                assert gangd.wait(60) == 0
            assert state == "pass" or "dialout" in said, said
    run("systemctl start gangd.socket")


def test_gangctl():
    """Who is in group gangd may use gangctl, and no other."""
    start()
    run("echo 'u worker - - /srv/worker' | systemd-sysusers -")
    run(as_user("worker", "gangd", "gangctl status"))
    refused = subprocess.run(as_user("worker", "dialout", "gangctl status").split(), capture_output=True, text=True, check=False)
    assert refused.returncode != 0 and "gangd" in refused.stderr, refused
