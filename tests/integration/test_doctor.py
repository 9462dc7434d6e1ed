#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gangctl doctor: with --root on directories that stand for a machine, healthy or with one fault; with a running gangd;
and with boardsim's ports."""
import json
import os
import pty
import pwd
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import tty

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from station import BUILD, COMMON, PATIENCE, ROOT, SANITIZE, SLOW, Skip, Station, image, run_tests, until  # noqa: E402

GANGCTL = os.path.join(BUILD, "gangctl")
ROOT_HUB = "sys/devices/pci0000:00/0000:00:14.0/usb1"


class Machine:
    """A healthy machine: gangd runs, a CP2102N is on a hub with a transaction translator for each port."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="gangd-doctor-")
        self.gangctl = GANGCTL
        os.chmod(self.dir, 0o755)
        self.write("etc/group", "root:x:0:\ngangd:x:998:anna\n")
        self.user("gangd", os.geteuid())
        with open(os.path.join(ROOT, "config/gangd.conf"), encoding="utf-8") as file:
            self.write("etc/gangd/gangd.conf", file.read())
        self.write("var/lib/gangd/golden.bin", image())
        self.process(812, "gangd")
        self.process(1, "systemd")
        self.write("etc/systemd/system/multi-user.target.wants/gangd.service", "")
        self.write("run/systemd/timesync/synchronized", "")
        self.write("lib/udev/rules.d/60-gangd.rules", "")
        self.write("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n")
        self.usb(ROOT_HUB, "480", "09", "01")
        self.hub = self.usb(f"{ROOT_HUB}/1-1", "480", "09", "02")
        self.port("ttyUSB0", self.adapter("1-1.1", 3), "cp210x")

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, data):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())

    def link(self, name, target):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        os.symlink(os.path.relpath(self.path(target), os.path.dirname(self.path(name))), self.path(name))

    def configure(self, flashing):
        """The shipped configuration with this line in its section [flashing]."""
        with open(os.path.join(ROOT, "config/gangd.conf"), encoding="utf-8") as file:
            self.write("etc/gangd/gangd.conf", file.read().replace("[flashing]\n", f"[flashing]\n{flashing}\n", 1))

    def user(self, name, uid):
        self.write("etc/passwd", f"root:x:0:0:root:/root:/bin/sh\n{name}:x:{uid}:{uid}::/nonexistent:/usr/sbin/nologin\n")

    def process(self, pid, comm):
        self.write(f"proc/{pid}/comm", comm + "\n")

    def usb(self, device, speed, kind="00", protocol="00", vendor="1d6b"):
        for name, value in (("speed", speed), ("bDeviceClass", kind), ("bDeviceProtocol", protocol), ("idVendor", vendor)):
            self.write(f"{device}/{name}", value + "\n")
        return device

    def adapter(self, name, number, hub=None, marked=True):
        """Adds a full-speed device behind the hub; returns its directory."""
        device = self.usb(f"{hub or self.hub}/{name}", "12", vendor="10c4")
        self.write(f"{device}/dev", f"189:{number}\n")
        if marked:
            self.write(f"run/udev/data/c189:{number}", "I:1\nE:ID_MM_DEVICE_IGNORE=1\n")
        return device

    def port(self, tty_name, device, driver, interface=0):
        """Adds a port in the kernel's layout: 1-1.1/1-1.1:1.0/ttyUSB0/tty/ttyUSB0, and the class directory's link."""
        place = f"{device}/{os.path.basename(device)}:1.{interface}/{tty_name}"
        self.write(f"{place}/tty/{tty_name}/dev", "188:0\n")
        os.makedirs(self.path(f"sys/bus/usb-serial/drivers/{driver}"), exist_ok=True)
        self.link(f"{place}/driver", f"sys/bus/usb-serial/drivers/{driver}")
        self.link(f"{place}/tty/{tty_name}/device", place)
        self.link(f"sys/class/tty/{tty_name}", f"{place}/tty/{tty_name}")
        self.link(f"sys/bus/usb-serial/devices/{tty_name}", place)
        return place

    def ask(self, *arguments, before=()):
        """(exit code, output); `before` are the words of a command that runs it."""
        done = subprocess.run([*before, self.gangctl, "doctor", "--root", self.dir, *arguments], capture_output=True, text=True,
                              timeout=PATIENCE, env={**os.environ, **SANITIZE}, check=False)
        assert not done.stderr, done.stderr
        return done.returncode, done.stdout

    def notes(self, check, before=()):
        """The notes about a check, and the whole report; the exit code must agree with it."""
        code, output = self.ask("--json", before=before)
        report = json.loads(output)
        assert code == (0 if report["ok"] else 1), output
        assert report["ok"] == all(note["level"] != "fail" for note in report["checks"]), output
        return [note for note in report["checks"] if note["check"] == check], report

    def expect(self, check, level, text, remedy="", before=()):
        """The check has one note with this level and text; all other checks are as on a healthy machine."""
        found, report = self.notes(check, before)
        assert len(found) == 1 and found[0]["level"] == level, found
        assert text in found[0]["text"], found
        assert remedy in found[0].get("remedy", ""), found
        assert ("remedy" in found[0]) == (level != "ok"), found
        others = [note for note in report["checks"] if note["check"] not in (check, "group") and note["level"] != "ok"]
        assert not others, others

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)


def test_a_healthy_machine():
    with Machine() as machine:
        code, output = machine.ask()
        lines = [line for line in output.splitlines() if "group:" not in line and line.startswith(("ok", "warn", "fail"))]
        assert code == 0 and len(lines) == 15 and all(line.startswith("ok ") for line in lines), output
        assert "golden.bin, 65536 bytes, md5 " in output, output


def test_text_names_what_to_do():
    with Machine() as machine:
        machine.process(77, "brltty")
        code, output = machine.ask()
        assert code == 1 and "fail  brltty: brltty (pid 77) runs" in output and "\n      unless somebody" in output, output


def test_service():
    with Machine() as machine:
        os.remove(machine.path("etc/systemd/system/multi-user.target.wants/gangd.service"))
        machine.expect("service", "warn", "not after a reboot", "systemctl enable gangd")
        shutil.rmtree(machine.path("proc/812"))
        machine.expect("service", "fail", "gangd does not run", "journalctl -u gangd")


def test_configuration():
    with Machine() as machine:
        machine.write("etc/gangd/gangd.conf", "[station]\nnmae = x\n")
        machine.expect("configuration", "fail", "gangd.conf:2: ", "gangd --check-config")
        assert not machine.notes("golden")[0]


def test_golden_image():
    with Machine() as machine:
        machine.write("var/lib/gangd/golden.bin", b"no image" * 1000)
        machine.expect("golden", "fail", "golden.bin", "systemctl reload gangd")
        os.remove(machine.path("var/lib/gangd/golden.bin"))
        machine.expect("golden", "fail", "golden.bin: No such file", "systemctl reload gangd")
        machine.write("var/lib/gangd/golden.bin", image()[:2] + b"\x09" + image()[3:])
        machine.expect("golden", "warn", "golden.bin: the header's flash mode is 9", "gangctl image FILE")
        if os.geteuid() != 0:
            machine.write("var/lib/gangd/golden.bin", image())
            os.chmod(machine.path("var/lib/gangd/golden.bin"), 0)
            machine.expect("golden", "warn", "may not read", "sudo gangctl doctor")


SERVICE = 4242
# The caller is somebody else: root, who may read everything, and another user, who cannot become the service's.
CALLERS = ((), ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")) if os.geteuid() == 0 else ((),)


class ServiceMachine(Machine):
    """Its gangd is a user of its own, who may write to the book's directory by way of a group. There is a copy of gangctl
    that every user may run."""

    def __init__(self):
        super().__init__()
        self.gangctl = self.path("gangctl")
        shutil.copy(GANGCTL, self.gangctl)
        self.user("gangd", SERVICE)
        self.groups = f"gangd:x:998:anna\nroot:x:{os.getegid()}:"
        self.write("etc/group", self.groups + "gangd\n")
        self.mode("var/lib/gangd", 0o775)

    def mode(self, name, mode):
        os.chmod(self.path(name), mode)

    def expect_for_all(self, *expected):
        for before in CALLERS:
            self.expect(*expected, before=before)


def test_the_golden_image_is_read_by_the_user_of_the_service():
    with ServiceMachine() as machine:
        golden = "var/lib/gangd/golden.bin"
        machine.expect_for_all("golden", "ok", "golden.bin, 65536 bytes")
        # Readable for the caller by "others", and closed to its own group.
        machine.mode(golden, 0o604)
        machine.expect_for_all("golden", "fail", f"user gangd may not read {machine.path(golden)}: no permission for",
                               f"setfacl -m u:gangd:rX {machine.path(golden)}")
        machine.write("etc/group", machine.groups)
        machine.mode("var/lib/gangd", 0o777)
        machine.expect_for_all("golden", "ok", "golden.bin, 65536 bytes")
        if os.geteuid() == 0:  # Root reads anything; gangd does not.
            machine.mode(golden, 0o600)
            machine.expect("golden", "fail", "user gangd may not read")
            machine.mode(golden, 0o644)
            machine.mode("var/lib", 0o700)
            found, _ = machine.notes("golden")
            assert found[0]["level"] == "fail" and found[0]["text"].endswith(f"no permission for {machine.path('var/lib')}")
            os.chown(machine.path("var/lib"), SERVICE, 0)
            machine.expect("golden", "ok", "golden.bin, 65536 bytes")


def test_the_stub_is_read_by_the_user_of_the_service():
    with ServiceMachine() as machine:
        shutil.copy(os.path.join(COMMON, "stub.json"), machine.path("var/lib/gangd/stub.json"))
        with open(machine.path("etc/gangd/gangd.conf"), encoding="utf-8") as file:
            text = file.read()
        machine.write("etc/gangd/gangd.conf", text.replace("[product]\n", "[product]\nstub = /var/lib/gangd/stub.json\n", 1))
        machine.mode("var/lib/gangd/stub.json", 0o644)
        machine.expect_for_all("golden", "ok", "golden.bin, 65536 bytes")
        machine.mode("var/lib/gangd/stub.json", 0o604)
        machine.expect_for_all("golden", "fail", "user gangd may not read " + machine.path("var/lib/gangd/stub.json"))


def test_the_configuration_is_read_by_the_user_of_the_service():
    with ServiceMachine() as machine:
        machine.mode("etc/gangd/gangd.conf", 0o604)
        machine.expect_for_all("configuration", "fail", "user gangd may not read", "setfacl")


def test_the_book_is_written_by_the_user_of_the_service():
    with ServiceMachine() as machine:
        machine.mode("var/lib/gangd", 0o757)
        machine.expect_for_all("book", "fail", "user gangd may not write to " + machine.path("var/lib/gangd"), "u:gangd:rwX")
        machine.mode("var/lib/gangd", 0o775)
        assert not machine.notes("book")[0]
        machine.write("var/lib/gangd/gangd.db", b"")
        machine.mode("var/lib/gangd/gangd.db", 0o646)
        machine.expect_for_all("book", "fail", "user gangd may not write to " + machine.path("var/lib/gangd/gangd.db"))


def test_the_user_of_the_service():
    with ServiceMachine() as machine:
        machine.mode("var/lib/gangd/golden.bin", 0o604)
        machine.write("lib/systemd/system/gangd.service", "[Service]\nUser=gangd\nSupplementaryGroups=dialout\n")
        machine.write("etc/group", machine.groups + "\nbench:x:77:\n")
        machine.mode("var/lib/gangd", 0o777)
        machine.expect_for_all("golden", "ok", "65536 bytes")
        machine.write("etc/systemd/system/gangd.service.d/override.conf", "[Service]\nUser=flasher\n")
        found, _ = machine.notes("user")
        assert found[0]["level"] == "fail" and "there is no user flasher" in found[0]["text"], found
        machine.user("flasher", SERVICE + 1)
        machine.expect_for_all("golden", "ok", "65536 bytes")
        # A group that only the service has.
        machine.write("lib/systemd/system/gangd.service", "[Service]\nSupplementaryGroups=dialout root\n")
        machine.expect_for_all("golden", "fail", "user flasher may not read")


def test_files_that_the_unit_hides():
    def product(machine, path, stub="builtin"):
        with open(os.path.join(ROOT, "config/gangd.conf"), encoding="utf-8") as file:
            text = file.read().replace("file = /var/lib/gangd/golden.bin", f"file = {path}\nstub = {stub}", 1)
        machine.write("etc/gangd/gangd.conf", text)
        if not os.path.exists(machine.path(path.lstrip("/"))):
            machine.write(path.lstrip("/"), image())

    with open(os.path.join(ROOT, "systemd/gangd.service"), encoding="utf-8") as file:
        unit = file.read()
    with ServiceMachine() as machine:
        machine.mode("var/lib/gangd/golden.bin", 0o644)
        product(machine, "/tmp/golden.bin")
        found, _ = machine.notes("sandbox")
        assert [note["level"] for note in found] == ["ok"], found
        machine.write("lib/systemd/system/gangd.service", unit)
        hidden = "the service does not see /tmp/golden.bin: gangd.service hides /tmp (PrivateTmp=yes)"
        found, _ = machine.notes("sandbox")
        assert [(note["level"], note["text"]) for note in found] == [("warn", hidden)], found
        assert "/var/lib/gangd" in found[0]["remedy"], found
        # The unit as shipped only forbids to write there.
        product(machine, "/home/anna/golden.bin")
        assert machine.notes("sandbox")[0][0]["level"] == "ok"
        machine.write("etc/systemd/system/gangd.service.d/override.conf", "[Service]\nProtectHome=yes\nPrivateTmp=no\n")
        found, _ = machine.notes("sandbox")
        assert len(found) == 1 and "hides /home (ProtectHome=yes)" in found[0]["text"], found
        # A link that leads there, the stub, and a name that only begins like it.
        os.remove(machine.path("var/lib/gangd/golden.bin"))
        machine.link("var/lib/gangd/golden.bin", "home/anna/golden.bin")
        product(machine, "/var/lib/gangd/golden.bin", "/root/stub.json")
        found, _ = machine.notes("sandbox")
        assert [note["text"].split(": ")[0] for note in found] == [
            "the service does not see /var/lib/gangd/golden.bin", "the service does not see /root/stub.json"], found
        product(machine, "/homes/golden.bin")
        assert machine.notes("sandbox")[0][0]["level"] == "ok"


def test_an_access_control_list():
    """Root asks the kernel; others cannot tell."""
    with ServiceMachine() as machine:
        golden = machine.path("var/lib/gangd/golden.bin")
        machine.mode("var/lib/gangd/golden.bin", 0o604)
        # Owner rw-, user 4242 r--, group ---, mask r--, others r--.
        entries = ((1, 6, -1), (2, 4, SERVICE), (4, 0, -1), (16, 4, -1), (32, 4, -1))
        acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
        try:
            os.setxattr(golden, "system.posix_acl_access", acl)
        except OSError as error:
            raise Skip(f"no access control lists under {machine.dir}: {error}") from error
        if os.geteuid() == 0:
            machine.expect("golden", "ok", "65536 bytes")
        for before in CALLERS[1:] or CALLERS:
            found, _ = machine.notes("golden", before)
            assert [note["level"] for note in found] == ["warn", "ok"], found
            assert "it is not known whether user gangd may read" in found[0]["text"], found
            assert "sudo gangctl doctor" in found[0]["remedy"], found


def test_rates_that_an_adapter_cannot_do():
    with Machine() as machine:
        machine.write(f"{machine.hub}/1-1.1/product", "CP2102N USB to UART Bridge Controller\n")
        machine.configure("baud = 1000000 921600")
        machine.expect("rates", "ok", "no adapter is known")
        machine.write(f"{machine.hub}/1-1.1/product", "CP2102 USB to UART Bridge Controller\n")
        machine.expect("rates", "warn", "ttyUSB0: a CP2102 does 921600 baud at most: asked for 1000000 it runs at 923077",
                       "take the higher rates out")
        machine.configure("baud = 921600 115200")
        machine.expect("rates", "ok", "no adapter is known")


def test_room_for_the_book():
    """On a small file system of its own, in a mount namespace."""
    apart = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    with Machine() as machine:
        place = machine.path("var/lib/gangd")
        script = f'mount -t tmpfs -o size="$0" tmpfs {place} && echo mounted && exec {GANGCTL} doctor --json --root {machine.dir}'
        if "mounted" not in subprocess.run([*apart, script, "1m"], capture_output=True, text=True, check=False,
                                           env={**os.environ, **SANITIZE}).stdout:
            raise Skip("no user namespaces")
        for size, level in (("8m", "fail"), ("100m", "warn"), ("300m", "ok")):
            done = subprocess.run([*apart, script, size], capture_output=True, text=True, check=False,
                                  env={**os.environ, **SANITIZE})
            checks = json.loads(done.stdout.partition("\n")[2])["checks"]
            disk = next(note for note in checks if note["check"] == "disk")
            assert disk["level"] == level and f"{size[:-1]} MB are left" in disk["text"], disk
        shutil.rmtree(place)
        found, _ = machine.notes("disk")
        assert found[0]["level"] == "fail" and "No such file" in found[0]["text"], found


def test_group():
    """As root and as another user; if the test runs as root, the other user is nobody."""
    with Machine() as machine:
        os.chmod(machine.dir, 0o755)
        gangctl = machine.path("gangctl")
        shutil.copy(GANGCTL, gangctl)
        root = os.geteuid() == 0
        user = pwd.getpwuid(65534 if root else os.getuid()).pw_name
        group = 998 if root else 4242

        def expect(level, text, remedy, *groups):
            before = ["setpriv", "--reuid=65534", "--regid=65534", *(groups or ["--clear-groups"])] if root else []
            done = subprocess.run([*before, gangctl, "doctor", "--json", "--root", machine.dir], capture_output=True,
                                  text=True, env={**os.environ, **SANITIZE}, timeout=PATIENCE, check=False)
            found = [note for note in json.loads(done.stdout)["checks"] if note["check"] == "group"]
            assert len(found) == 1 and found[0]["level"] == level and text in found[0]["text"], (found, done.stderr)
            assert remedy in found[0].get("remedy", ""), found

        if root:
            machine.expect("group", "ok", "root may use gangctl")
        machine.write("etc/group", f"root:x:0:\nbad line\ngangd:x:{group}:anna,{user}x,x{user}\n")
        expect("warn", f"{user} is not in group gangd", f"sudo adduser {user} gangd")
        machine.write("etc/group", f"gangd:x:{group}:anna,{user}\n")
        expect("warn", f"{user} joined group gangd after logging in", "log out and in again")
        if root:
            expect("ok", f"{user} may use gangctl", "", f"--groups={group}")
        machine.write("etc/group", f"gangd:x:{65534 if root else os.getgid()}:\n")
        expect("ok", f"{user} may use gangctl", "")
        machine.write("etc/group", "root:x:0:\ngangdx:x:998:\n")
        machine.expect("group", "fail", "no group gangd", "install the package")


def test_bytes_that_are_not_text():
    with Machine() as machine:
        machine.port("ttyUSB1", machine.adapter("1-1.2", 4), "ch341-uart")
        machine.write("proc/sys/kernel/osrelease", b"5.5.2-\xff\x1b[31m\n")
        machine.expect("ch340", "fail", "kernel 5.5.2-??[31m receives", "newer kernel")


def follow(machine, station):
    """Gives the machine the configuration of a running gangd."""
    if not os.path.exists(machine.path("tmp")):
        os.symlink("/tmp", machine.path("tmp"))
    station.write_config()
    machine.write("etc/gangd/gangd.conf", station.read("gangd.conf"))


def test_the_running_gangd_uses_the_configuration():
    with Machine() as machine, Station(slots="[slot A1]\npath = p1\n[slot A2]\npath = p2") as station:
        follow(machine, station)
        machine.expect("gangd", "ok", " has the configuration in force")
        machine.expect("slots", "ok", "none is blocked or stuck")
        station.sections["slots"] = "[slot A2]\npath = p2\n[slot A1]\npath = p1"
        follow(machine, station)
        machine.expect("gangd", "warn", "other slots", "systemctl reload gangd")


def test_the_running_gangd_uses_something_else():
    with Machine() as machine, Station() as station:
        follow(machine, station)
        station.write_golden(image(seed=2))
        machine.expect("gangd", "warn", "another image", "systemctl reload gangd")
        station.send(signal.SIGHUP)
        station.wait_log("golden.bin, 65536 bytes", times=2)
        machine.expect("gangd", "ok", "in force")

        # After a refused reload it keeps the previous image.
        station.write_golden(b"nothing")
        station.send(signal.SIGHUP)
        station.wait_status(lambda status: status["golden"]["error"])
        found, _ = machine.notes("gangd")
        assert [note["level"] for note in found] == ["warn"] and "image before: " in found[0]["text"], found
        station.hold(60)
        found, _ = machine.notes("gangd")
        assert any("is paused" in note["text"] and "slots learn" in note["remedy"] for note in found), found

        # A gangd without an image, and its slots.
        station.hold(0)
        os.remove(station.path("golden.bin"))
        station.stop()
        station.start()
        machine.expect("golden", "fail", "golden.bin: No such file", "systemctl reload gangd")
        station.write_golden(image())
        machine.expect("gangd", "fail", "no board is flashed", "systemctl reload gangd")


def test_slots_in_trouble():
    with Machine() as machine, Station() as station:
        follow(machine, station)
        station.hold(60)
        station.plug(1)
        station.wait(1, "blocked")
        station.hold(0)
        station.wait(1, lambda slot: "Came during" in slot["sentence"])
        machine.expect("slots", "warn", "1-1.1: Came during a pause", "plug its adapter in again")


def test_two_slots_that_name_one_place():
    lines = "[slot A]\npath = 1-1.1\n[slot B]\npath = pci-0000:00:14.0-usb-0:1.1:1.0\n"
    with Machine() as machine, Station(slots=lines) as station:
        follow(machine, station)
        machine.expect("slots", "ok", "none is blocked or stuck")
        station.plug(1)
        station.wait("A", "blocked")
        machine.expect("slots", "warn", "A: Slot B names the same place", "remove one of the two")


def test_a_socket_for_another_group():
    with Machine() as machine, Station() as station:
        gid = os.stat(station.socket).st_gid
        station.sections["http"] = station.sections["http"].replace("group =\n", "group = bench\n")
        machine.write("etc/group", f"gangd:x:998:\nbench:x:{gid}:\n")
        follow(machine, station)
        machine.expect("socket", "ok", "is for group bench")
        machine.write("etc/group", f"gangd:x:998:\nbench:x:{gid + 1}:\nthe-others:x:{gid}:\n")
        machine.expect("socket", "warn", "is for group the-others, and [http] group says bench", "SocketGroup=bench")
        # A gangd whose socket may not be used is not reported as missing.
        station.stop()
        assert not machine.notes("gangd")[0]


def test_clock():
    with Machine() as machine:
        os.remove(machine.path("run/systemd/timesync/synchronized"))
        machine.expect("clock", "warn", "nothing synchronises it", "set-ntp")
        later = time.time() + 86400
        machine.write("var/lib/gangd/gangd.db", b"")
        os.utime(machine.path("var/lib/gangd/gangd.db"), (later, later))
        machine.expect("clock", "fail", "gangd.db was written later than it shows", "set-ntp")


def test_modem_manager():
    with Machine() as machine:
        machine.process(500, "ModemManager")
        machine.expect("modem-manager", "ok", "leaves the adapters alone")
        machine.port("ttyUSB1", machine.adapter("1-1.2", 4, marked=False), "ch341-uart")
        machine.expect("modem-manager", "fail", "ttyUSB1 is not marked: ModemManager (pid 500)", "plug it in again")
        os.remove(machine.path("lib/udev/rules.d/60-gangd.rules"))
        machine.expect("modem-manager", "fail", "no udev rules keep it", "60-gangd.rules")


def test_brltty():
    with Machine() as machine:
        machine.write("usr/bin/brltty", b"")
        machine.expect("brltty", "warn", "is installed", "apt remove brltty")
        machine.process(77, "brltty")
        machine.expect("brltty", "fail", "brltty (pid 77) runs", "apt remove brltty")


def test_a_port_that_another_program_holds():
    with Machine() as machine:
        master, slave = pty.openpty()
        tty.setraw(slave)
        os.makedirs(machine.path("dev"))
        os.symlink(os.ttyname(slave), machine.path("dev/ttyUSB0"))
        node = os.ttyname(slave)
        os.close(slave)
        machine.expect("ports", "ok", "1 port, held by no other program")
        with open(node, "rb", buffering=0) as file:
            holder = subprocess.Popen(["sleep", "1000"], stdin=file)
        try:
            with open(f"/proc/{holder.pid}/comm", encoding="utf-8") as comm:
                until("sleep runs", lambda: comm.seek(0) == 0 and comm.read() == "sleep\n")
            machine.expect("ports", "fail", f"/dev/ttyUSB0 is held by sleep (pid {holder.pid})", "end sleep")
        finally:
            holder.kill()
            holder.wait()
            os.close(master)


def test_ports_in_boardsims_world():
    """gangd is not reported as a port holder; any other program is."""
    def notes(check):
        report = json.loads(station.run(GANGCTL, "doctor", "--json").stdout)
        return [(note["level"], note["text"]) for note in report["checks"] if note["check"] == check]

    with Station(adapter="ch340", flashing=SLOW) as station:
        station.plug(1)
        station.wait_writing(1)
        found = notes("ports")
        assert len(found) == 1 and found[0][0] == "ok" and found[0][1].startswith("1 port, held by no other"), found
        assert "no CH340" not in notes("ch340")[0][1], notes("ch340")
        station.stop()
        with station.spawn(["sh", "-c", "exec sleep 1000 </dev/ttyUSB0"]) as holder:
            try:
                until("sleep holds it", lambda: any("is held by sleep" in text for _, text in notes("ports")))
                assert notes("ports") == [("fail", f"/dev/ttyUSB0 is held by sleep (pid {holder.pid})")], notes("ports")
            finally:
                holder.kill()


def test_ftdi_latency_timer():
    with Machine() as machine:
        place = machine.port("ttyUSB1", machine.adapter("1-1.2", 4), "ftdi_sio")
        machine.write(f"{place}/latency_timer", "1\n")
        machine.expect("latency", "ok", "no FTDI adapter")
        machine.write(f"{place}/latency_timer", "16\n")
        machine.expect("latency", "warn", "ttyUSB1: the FTDI adapter holds each short answer back for 16 ms", "udevadm")


def test_an_adapter_that_is_put_to_sleep():
    with Machine() as machine:
        machine.write(f"{machine.hub}/1-1.1/power/control", "on\n")
        machine.expect("power", "ok", "no adapter is put to sleep")
        machine.write(f"{machine.hub}/1-1.1/power/control", "auto\n")
        machine.expect("power", "warn", "ttyUSB0: the adapter is put to sleep", "60-gangd.rules")


def fill(machine, numbers):
    for number in numbers:
        device = machine.adapter(f"1-1.{number}", number + 2)
        machine.write(f"{device}/1-1.{number}:1.0/bNumEndpoints", "03\n")


def test_a_host_controller_that_is_full():
    with Machine() as machine:
        machine.expect("usb", "ok", "controller 0000:00:14.0 has 2 devices with 3 endpoints")
        fill(machine, range(2, 22))
        machine.expect("usb", "ok", "has 22 devices with 83 endpoints")
        fill(machine, (22,))
        machine.expect("usb", "warn", "has 23 devices with 87 endpoints", "96 endpoints")


def test_a_host_controller_of_few_endpoints():
    """Intel's 7 Series; any other of Intel's has more."""
    with Machine() as machine:
        fill(machine, range(2, 16))
        machine.write(f"{os.path.dirname(ROOT_HUB)}/vendor", "0x8086\n")
        machine.write(f"{os.path.dirname(ROOT_HUB)}/device", "0xa36d\n")
        machine.expect("usb", "ok", "has 16 devices with 59 endpoints")
        machine.write(f"{os.path.dirname(ROOT_HUB)}/device", "0x1e31\n")
        machine.expect("usb", "warn", "has 16 devices with 59 endpoints", "64 endpoints")


def test_a_host_controller_of_few_devices():
    with Machine() as machine:
        machine.write("sys/kernel/debug/usb/xhci/0000:00:14.0/reg-cap", "CAPLENGTH = 0x01000020\nHCSPARAMS1 = 0x05000420\n")
        machine.expect("usb", "ok", "has 2 of 32 devices with 3 endpoints")
        for number in range(2, 30):
            machine.adapter(f"1-1.{number}", number + 2)
        machine.expect("usb", "warn", "has 30 of 32 devices with 31 endpoints", "32 devices, hubs among them")


def test_the_kernel_has_refused_a_device():
    for line in ("usb 1-4: Not enough host controller resources for new device state.",
                 "xhci_hcd 0000:00:14.0: Not enough host resources, active endpoint contexts = 64",
                 "xhci_hcd 0000:01:00.0: Max number of devices this xHCI host supports is 32."):
        with Machine() as machine:
            machine.write("dev/kmsg", f"4,1,2,-;usb 1-4: new full-speed USB device\n4,2,3,-;{line}\n")
            found, _ = machine.notes("usb")
            assert [note["level"] for note in found] == ["ok", "fail"] and "has refused a device" in found[1]["text"], found
            assert found[1]["text"].split('"')[1] in line, found


def test_hubs_with_one_translator():
    with Machine() as machine:
        single = machine.usb(f"{ROOT_HUB}/1-2", "480", "09", "01")
        machine.port("ttyUSB1", machine.adapter("1-2.1", 5, single), "cp210x")
        machine.expect("hubs", "ok", "no adapters share")
        # A device with two ports counts once; a second device shares the translator, even behind a full-speed hub.
        machine.port("ttyUSB2", f"{single}/1-2.1", "cp210x", interface=1)
        machine.expect("hubs", "ok", "no adapters share")
        slow = machine.usb(f"{single}/1-2.4", "12", "09", "00")
        machine.port("ttyUSB3", machine.adapter("1-2.4.1", 6, slow), "cp210x")
        machine.expect("hubs", "warn", "2 adapters behind hub 1-2 share", "multi-TT")


def test_kernels_whose_ch340_driver_receives_nothing():
    with Machine() as machine:
        machine.write("proc/sys/kernel/osrelease", "5.10.61-1\n")
        machine.expect("ch340", "ok", "no CH340")
        machine.port("ttyUSB1", machine.adapter("1-1.2", 4), "ch341-uart")
        for release in ("5.10.58", "5.10.61-1", "5.13.10-arch1-1", "5.5.2"):
            machine.write("proc/sys/kernel/osrelease", release + "\n")
            machine.expect("ch340", "fail", release, "newer kernel")
        for release in ("5.10.57", "5.10.62", "5.13.14", "5.5.7", "6.1.0-18-amd64"):
            machine.write("proc/sys/kernel/osrelease", release + "\n")
            machine.expect("ch340", "ok", "nothing bad is known")


run_tests(globals())
