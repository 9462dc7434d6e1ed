#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""boardsim's interfaces: udev, ttys, the control socket, the built-in operator, the report."""
import array
import ctypes
import errno
import fcntl
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import termios

from inside import BOARDSIM, DTR, PATIENCE, RTS, Port, banner, boardsim, refused, run_cases
from boardsim import COMMON, until

DEMO = os.path.join(COMMON, "demo.bin")

TIOCSBRK, TIOCCBRK = 0x5427, 0x5428


def properties(number):
    text = subprocess.run(["udevadm", "info", "-q", "property", "-n", f"/dev/ttyUSB{number}"], check=True,
                          capture_output=True, text=True).stdout
    return dict(line.split("=", 1) for line in text.splitlines())


# --- cases that run as boardsim's program


def inside_udev_tells_the_adapters_apart(control):
    """--boards 3 --adapter mixed"""
    cp2102n, ch340, ft232r = (properties(n) for n in range(3))
    assert (cp2102n["ID_VENDOR_ID"], cp2102n["ID_MODEL_ID"], cp2102n["ID_USB_DRIVER"]) == ("10c4", "ea60", "cp210x")
    assert (ch340["ID_VENDOR_ID"], ch340["ID_MODEL_ID"], ch340["ID_USB_DRIVER"]) == ("1a86", "7523", "ch341")
    assert (ft232r["ID_VENDOR_ID"], ft232r["ID_MODEL_ID"], ft232r["ID_USB_DRIVER"]) == ("0403", "6001", "ftdi_sio")
    assert cp2102n["ID_SERIAL"].endswith(cp2102n["ID_SERIAL_SHORT"])
    assert ft232r["ID_SERIAL"].endswith(ft232r["ID_SERIAL_SHORT"])
    assert "ID_SERIAL_SHORT" not in ch340 and ch340["ID_SERIAL"] == "1a86_USB_Serial"
    for slot, udev in enumerate((cp2102n, ch340, ft232r), 1):
        assert udev["ID_PATH"] == f"pci-0000:00:14.0-usb-0:1.{slot}:1.0"
        assert udev["ID_PATH_WITH_USB_REVISION"] == f"pci-0000:00:14.0-usbv2-0:1.{slot}:1.0"
        assert set(udev["DEVLINKS"].split()) == {
            f"/dev/serial/by-id/usb-{udev['ID_SERIAL']}-if00-port0", f"/dev/serial/by-path/{udev['ID_PATH']}-port0",
            f"/dev/serial/by-path/{udev['ID_PATH_WITH_USB_REVISION']}-port0"}
        assert udev["SUBSYSTEM"] == "tty" and udev["DEVNAME"] == f"/dev/ttyUSB{slot - 1}"
    parents = subprocess.run(["udevadm", "info", "-a", "-n", "/dev/ttyUSB1"], check=True, capture_output=True,
                             text=True).stdout
    for line in ('KERNELS=="1-1.2:1.0"', 'KERNELS=="1-1.2"', 'ATTRS{idVendor}=="1a86"', 'ATTRS{speed}=="12"'):
        assert line in parents, line
    # The driver has different names for the port and for the interface.
    port, interface = parents.split("looking at parent device")[1:3]
    assert 'DRIVERS=="ch341-uart"' in port and 'SUBSYSTEMS=="usb-serial"' in port, port
    assert 'DRIVERS=="ch341"' in interface and 'SUBSYSTEMS=="usb"' in interface, interface


class Monitor:
    """libudev's monitor, as any daemon uses it."""

    def __init__(self):
        self.udev = ctypes.CDLL("libudev.so.1")
        for name in ("udev_new", "udev_monitor_new_from_netlink", "udev_monitor_receive_device",
                     "udev_device_get_parent_with_subsystem_devtype"):
            getattr(self.udev, name).restype = ctypes.c_void_p
        for name in ("udev_device_get_property_value", "udev_device_get_sysname"):
            getattr(self.udev, name).restype = ctypes.c_char_p
        context = ctypes.c_void_p(self.udev.udev_new())
        self.monitor = ctypes.c_void_p(self.udev.udev_monitor_new_from_netlink(context, b"udev"))
        self.udev.udev_monitor_filter_add_match_subsystem_devtype(self.monitor, b"tty", None)
        assert self.udev.udev_monitor_enable_receiving(self.monitor) == 0
        self.fd = self.udev.udev_monitor_get_fd(self.monitor)

    def next(self, *names):
        """Properties of the next event's device; "parent" is the name of its USB device."""
        assert select.select([self.fd], [], [], PATIENCE)[0], "no event"
        device = ctypes.c_void_p(self.udev.udev_monitor_receive_device(self.monitor))
        values = [self.udev.udev_device_get_property_value(device, name.encode()) for name in names]
        parent = self.udev.udev_device_get_parent_with_subsystem_devtype(device, b"usb", b"usb_device")
        parent = parent and self.udev.udev_device_get_sysname(ctypes.c_void_p(parent))
        return [value and value.decode() for value in [*values, parent]]


def inside_hot_plug_events_arrive(control):
    """--boards 0"""
    monitor = Monitor()
    names = ("ACTION", "DEVNAME", "ID_PATH", "ID_VENDOR_ID")
    path = "pci-0000:00:14.0-usb-0:1.7:1.0"
    control("plug 7")
    assert monitor.next(*names) == ["add", "/dev/ttyUSB0", path, "10c4", "1-1.7"]
    control("unplug 7")
    # When the event is read, the device and its parent may already be gone.
    assert monitor.next(*names)[:-1] == ["remove", "/dev/ttyUSB0", path, "10c4"]


def inside_modem_lines_reset_the_board(control):
    """--boards 3 --adapter mixed"""
    for number in range(3):
        port = Port(number)
        assert port.lines() == DTR | RTS, "an open raises both lines"
        assert b"rst cause:2, boot mode:(1," in banner(port, download=True)
        assert b"rst cause:2, boot mode:(3," in banner(port, download=False)
        assert port.lines() == 0
        port.close()
    # Single lines, as pyserial sets them.
    port = Port()
    port.lines(0)
    bit = array.array("i", [DTR])
    fcntl.ioctl(port.fd, termios.TIOCMBIS, bit)
    assert port.lines() == DTR
    fcntl.ioctl(port.fd, termios.TIOCMBIC, bit)
    assert port.lines() == 0


def inside_close_drops_the_lines_if_hupcl_says_so(control):
    """--boards 1"""
    for hupcl, lines in ((0, "open=0 dtr=1 rts=1"), (termios.HUPCL, "open=0 dtr=0 rts=0")):
        port = Port()
        settings = termios.tcgetattr(port.fd)
        settings[2] = (settings[2] & ~termios.HUPCL) | hupcl
        termios.tcsetattr(port.fd, termios.TCSANOW, settings)
        port.close()
        control("wait 1 closed")
        assert lines in control("status 1"), control("status 1")


def inside_unread_bytes_are_discarded_at_close(control):
    """--boards 1"""
    port = Port(0, 74880)
    port.reset(download=True)
    select.select([port.fd], [], [], PATIENCE)
    port.close()
    control("wait 1 closed")
    port = Port(0, 74880)
    assert port.read_until(b"x", 0.2) == b""


def inside_the_loader_answers(control):
    """--boards 3 --adapter mixed"""
    for number in range(3):
        port = Port(number)
        for baud in (115200, 921600):
            port.baud(baud)
            port.reset(download=True)
            assert port.sync(), f"ttyUSB{number} at {baud}"
        port.close()


def inside_a_break_reaches_the_board(control):
    """--boards 1"""
    port = Port()
    port.reset(download=True)
    assert port.sync()

    def interrupts():
        """INT_RAW: its bits 3 and 7 are framing error and break."""
        os.write(port.fd, b"\xc0\x00\x0a\x04\x00\x00\x00\x00\x00\x04\x00\x00\x60\xc0")
        answer = port.read_until(b"\x00\x00\xc0", 1)
        return answer[answer.index(b"\x01\x0a") + 4]

    port.read_until(b"nothing says this", 0.1)
    assert interrupts() & 0x88 == 0
    fcntl.ioctl(port.fd, TIOCSBRK)
    select.select([], [], [], 0.02)
    fcntl.ioctl(port.fd, TIOCCBRK)
    select.select([], [], [], 0.05)
    assert interrupts() & 0x88 == 0x88


def inside_baud_is_rounded_and_clamped_as_the_chips_do(control):
    """--boards 3 --adapter mixed"""
    cp2102n, ch340, ft232r = (Port(n) for n in range(3))
    assert [cp2102n.baud(b) for b in (115200, 921600, 2000000, 4000000)] == [115384, 923076, 2000000, 3000000]
    # These drivers report the requested rate, even if the chip runs at another.
    assert [ch340.baud(b) for b in (115200, 74880)] == [115200, 74880]
    assert ft232r.baud(921600) == 921600
    for port, asked, slot, real in ((ch340, 74880, 2, 75000), (ch340, 3000000, 2, 2000000), (ft232r, 115200, 3, 115384)):
        port.baud(asked)
        port.sync()
        assert f" baud={real} " in control(f"status {slot}"), (asked, control(f"status {slot}"))


def inside_a_cp2102_has_a_table_of_rates(control):
    """--boards 2 --adapter cp2102"""
    port = Port()
    assert [port.baud(b) for b in (74880, 115200, 921600, 1500000, 2000000)] == [76800, 115200, 921600, 1000000, 1000000]
    for asked, real in ((921600, 923076), (1000000, 923076), (2000000, 923076), (74880, 76677)):
        port.baud(asked)
        port.sync()
        assert f" baud={real} " in control("status 1"), (asked, control("status 1"))
    assert b"boot mode:(1," in banner(port, download=True)


def inside_an_ft4232h_has_four_ports(control):
    """--boards 5 --adapter ft4232h"""
    udev = [properties(n) for n in range(5)]
    assert [u["ID_PATH"] for u in udev] == ["pci-0000:00:14.0-usb-0:" + at for at in
                                            ("1.1:1.0", "1.1:1.1", "1.1:1.2", "1.1:1.3", "1.2:1.0")]
    assert [u["ID_USB_INTERFACE_NUM"] for u in udev] == ["00", "01", "02", "03", "00"]
    assert len({u["ID_SERIAL"] for u in udev[:4]}) == 1 and udev[4]["ID_SERIAL"] != udev[0]["ID_SERIAL"]
    parents = subprocess.run(["udevadm", "info", "-a", "-n", "/dev/ttyUSB0"], check=True, capture_output=True,
                             text=True).stdout
    assert 'ATTRS{speed}=="480"' in parents
    for number in (0, 3):
        port = Port(number, 921600)
        port.reset(download=True)
        assert port.sync()
        port.close()
    control("unplug 1")
    assert os.path.exists("/sys/bus/usb/devices/1-1.1"), "its other interfaces are there"
    control("unplug 5")
    assert not os.path.exists("/sys/bus/usb/devices/1-1.2")


def inside_unplugging_hangs_the_port_up(control):
    """--boards 1"""
    port = Port()
    port.reset(download=True)
    assert port.sync()
    control("unplug 1")
    poll = select.poll()
    poll.register(port.fd, select.POLLIN)
    assert poll.poll(0)[0][1] & select.POLLHUP
    os.set_blocking(port.fd, False)
    while os.read(port.fd, 4096):
        pass
    refused(errno.EIO, os.write, port.fd, b"x")
    refused(errno.EIO, port.lines)
    refused(errno.EIO, port.lines, DTR)
    refused(errno.EIO, port.baud, 9600)
    assert not os.path.exists("/dev/ttyUSB0")
    assert control("status 1") == "empty"


def inside_detaching_an_adapter_removes_it(control):
    """--boards 1"""
    port = Port()
    control("unplug 1 detach")
    refused(errno.EIO, port.lines)
    assert control("status 1") == "empty"
    control("replug 1")
    assert Port(1).lines() == DTR | RTS


def inside_the_number_of_an_open_port_is_not_reused(control):
    """--boards 1"""
    port = Port()
    assert control("swap 1").startswith("ttyUSB1 ")
    assert properties(1)["ID_PATH"] == "pci-0000:00:14.0-usb-0:1.1:1.0"
    port.close()
    port = Port(1)
    port.reset(download=True)
    assert port.sync()
    port.close()
    control("wait 1 closed")
    assert control("swap 1").startswith("ttyUSB0 ")


def inside_a_board_bounces_on_a_full_station(control):
    """--boards 40 --fault 7:bounce-after=100"""
    port = Port(6)
    os.write(port.fd, bytes(200))
    # Its own number is the only free one, and becomes free when no process has it open.
    select.select([port.fd], [], [], PATIENCE)
    assert control("status 7") == "empty"
    select.select([], [], [], 0.7)
    assert control("status 7") == "empty"
    port.close()
    port = None
    until("the board is back", lambda: control("status 7").startswith("ttyUSB6 "))


def inside_press_command_operates_the_buttons(control):
    """--boards 1 --fault 1:no-auto-reset"""
    port = Port(0, 74880)
    port.reset(download=True)
    assert port.read_until(b")\r\n\r\n", 0.5) == b"", "DTR and RTS lead nowhere"
    control("press 1 flash reset")
    assert b"boot mode:(1," in port.read_until(b")\r\n\r\n")
    control("press 1 reset")
    # The flash button is released half a second after reset; until then another reset would enter the loader again.
    control("hold 1")
    control("hold 1 reset")
    control("hold 1")
    assert b"boot mode:(3," in port.read_until(b"boot mode:(3,")


def inside_a_fixture_keeps_its_adapter(control):
    """--boards 1"""
    port = Port()
    first = control("status 1").split("board=")[1].split()[0]
    control("lift 1")
    assert "board=none" in control("status 1")
    port.reset(download=True)
    assert not port.sync()
    assert control.raw("lift 1").startswith("error: ")
    second = control("seat 1").split()[1]
    assert first != second
    port.reset(download=True)
    assert port.sync()


def inside_a_fixture_has_its_lid_on_a_modem_line(control):
    """--boards 3 --adapter mixed --lid cts --fault 2:lid=dsr --fault 3:lid=dcd"""
    lids = (termios.TIOCM_CTS, termios.TIOCM_DSR, termios.TIOCM_CAR)
    ports = [Port(number) for number in range(3)]

    def seen():
        return [port.lines() & ~(DTR | RTS) for port in ports]

    assert seen() == list(lids)
    for number, (port, lid) in enumerate(zip(ports, lids)):
        others = [line for n, line in enumerate(lids) if n != number]
        for command, line in ((f"lid {number + 1} open", 0), (f"lid {number + 1} closed", lid),
                              (f"lift {number + 1}", 0), (f"lid {number + 1} closed", 0), (f"seat {number + 1}", lid)):
            control(command)
            assert seen()[number] == line, command
            assert [line for n, line in enumerate(seen()) if n != number] == others
        # The host cannot set these lines, and they do not follow those that it sets.
        port.lines(0)
        assert port.lines() == lid
        port.reset(download=True)
        assert port.sync()
    control("lid 1 open")
    assert " lid=open " in control("status 1") and " lid=closed " in control("status 2")
    control("swap 1")
    assert " lid=closed " in control("status 1")


def inside_a_fixture_is_added_without_a_board(control):
    """--boards 0 --lid dcd"""
    control("fixture 4")
    status = control("status 4")
    assert status.startswith("ttyUSB0 cp2102n board=none lid=open "), status
    port = Port()
    assert port.lines() == DTR | RTS
    port.reset(download=True)
    assert not port.sync()
    mac = control("seat 4").split()[1]
    assert f"board={mac} lid=closed" in control("status 4")
    assert port.lines() == termios.TIOCM_CAR
    port.reset(download=True)
    assert port.sync()
    control("fixture 5")
    assert properties(0)["ID_SERIAL"] != properties(1)["ID_SERIAL"]
    assert "there is an adapter already" in control.raw("fixture 5")
    control("unplug 5")
    control("unplug 4")
    control("fixture 4")
    assert "no board has been here" in control.raw("replug 5") and "already" in control.raw("replug 4")


def inside_a_fixture_without_a_lid_changes_no_modem_line(control):
    """--boards 1"""
    port = Port()
    assert port.lines() == DTR | RTS and " lid=none " in control("status 1")
    for line, why in (("lid 1 open", "slot 1: its fixture has no lid"), ("lid 1 ajar", "a lid is `open` or `closed`"),
                      ("lid 2 open", "there is no adapter"), ("seat 1 lid=ring", "a lid is on cts, dsr or dcd")):
        assert why in control.raw(line), control.raw(line)
    control("lift 1")
    control("seat 1 lid=cts")
    assert port.lines() & termios.TIOCM_CTS


def inside_a_replugged_board_has_kept_its_flash(control):
    """--boards 0"""
    image = os.environ["CONTROL"] + ".image"
    with open(image, "wb") as file:
        file.write(b"hello" * 1000)
    control(f"plug 3 image={image} mac=18:fe:34:0a:0b:0c")
    before = control("md5 3"), control("status 3").split("board=")[1].split()[0]
    assert before[1] == "18:fe:34:0a:0b:0c"
    control("unplug 3")
    control("replug 3")
    assert (control("md5 3"), control("status 3").split("board=")[1].split()[0]) == before
    control("swap 3")
    assert control("md5 3") != before[0]
    control(f"dump 3 {image}")
    with open(image, "rb") as file:
        assert hashlib.md5(file.read()).hexdigest() == control("md5 3")


def inside_invalid_commands_are_refused(control):
    """--boards 1"""
    for line, why in (("jump 1", "jump: no such command"), ("plug", "plug: wants a slot"), ("plug 0", "wants a slot"),
                      ("plug 129", "wants a slot"), ("plug 41", "slot 41: there are 40"), ("plug 2 sillent", "sillent: no such fault"),
                      ("plug 1", "there is an adapter already"), ("unplug 2", "there is no adapter"),
                      ("replug 2", "no board has been here"), ("plug 2 noise=2", "noise=2: bad argument"),
                      ("plug 2 silent=1", "silent=1: takes no argument"), ("plug 2 mac=1:2", "six hexadecimal bytes"),
                      ("plug 2 part=X", "no such flash part"), ("plug 2 image=/no/such", "/no/such: No such file"),
                      ("press 1", "too few words"), ("press 1 nose", "the buttons are"), ("unplug 1 2", "unplugged by `detach`"),
                      ("unplug 1 detach 2", "too many words"),
                      ("wait 1 rain", "nothing to wait for"), ("wait 1 open 0", "waited in vain"),
                      ("dump 1 /no/such/file", "No such file")):
        answer = control.raw(line)
        assert answer.startswith("error: ") and why in answer, (line, answer)
    assert control.raw("# nothing") == "ok"
    control("fault 2 silent")
    control("plug 2")
    control("fault 2 none")


def inside_wire_level_boards_are_many(control):
    """--backend wire --boards 128"""
    ports = [Port(number) for number in range(128)]  # more than umockdev's preload has room for
    for port in ports[::32]:
        assert port.lines() == DTR | RTS, "an open raises both lines"
        assert b"rst cause:2, boot mode:(1," in banner(port, download=True)
        port.baud(921600)
        assert port.sync().count(b"\x01\x08\x02\x00\x07\x07\x12\x20") == 8
        assert b"rst cause:2, boot mode:(3," in (port.baud(74880), banner(port, download=False))[1]
    until("all are open", lambda: "open=1" in control("status 97"))
    ports.pop().close()
    ports.pop(96).close()
    until("one is closed", lambda: "open=0 dtr=0 rts=0" in control("status 97"))
    assert "open=1" in control("status 1")
    refused(errno.EIO, lambda: (control("unplug 1"), os.write(ports[0].fd, b"x")))
    refused(errno.EIO, ports[0].lines)


def inside_wire_level_boards_have_no_faults(control):
    """--backend wire --boards 0"""
    for words in "silent", "image=/dev/null":
        assert "no faults and no image" in control.raw(f"plug 1 {words}")
    control("plug 1 mac=18:fe:34:01:02:03 part=W25Q16")
    assert "board=18:fe:34:01:02:03" in control("status 1")
    assert control("md5 1") == hashlib.md5(b"\xff" * (2 << 20)).hexdigest()


# --- cases that start boardsim


def outside_exit_codes(directory):
    assert boardsim("--", "true").returncode == 0
    assert boardsim("sh", "-c", "exit 3").returncode == 3
    assert boardsim("--", "sh", "-c", "kill -9 $$").returncode == 128 + signal.SIGKILL
    assert "/no/such/program: No such file or directory" in boardsim("--", "/no/such/program", check=127).stderr
    assert boardsim("--", "/", check=126).stderr


def outside_its_preload_is_in_front_of_umockdevs(directory):
    own, umockdev = boardsim("--", "sh", "-c", 'echo "$LD_PRELOAD"', check=0).stdout.split()[-2:]
    assert umockdev.startswith("libumockdev-preload.so") and os.path.basename(own) == "boardsim-preload.so", own
    assert os.path.exists(own), own
    code = ("import ctypes, sys; name = ctypes.CDLL(None)[sys.argv[1]]; name.restype = ctypes.c_char_p;"
            "print(*[name(path.encode(), None, 4096) for path in sys.argv[2:]])")
    # Names that are none of a port's go through to libc.
    assert boardsim("--", sys.executable, "-c", code, "realpath", "/etc/../etc", "/no/such").stdout == "b'/etc' None\n"
    # Alone, without umockdev's: a port's name is answered.
    os.mkdir(os.path.join(directory, "dev"))
    os.symlink("/dev/pts/0", os.path.join(directory, "dev", "ttyUSB0"))
    alone = {**os.environ, "LD_PRELOAD": own, "UMOCKDEV_DIR": directory}
    for function in "realpath", "canonicalize_file_name":
        said = subprocess.run([sys.executable, "-c", code, function, "/dev/../dev/ttyUSB0", "/etc/../etc", "/no/such"],
                              env=alone, stdout=subprocess.PIPE, text=True, check=True).stdout
        assert said == "b'/dev/ttyUSB0' b'/etc' None\n", said


def outside_bad_options_are_named(directory):
    for arguments, why in ((["--boards", "129"], "--boards 129: must be a number from 0 to 128"),
                           (["--boards", "-1"], "--boards -1"), (["--adapter", "pl2303"], "no such adapter"),
                           (["--fault", "silent"], "must be SLOT:WORD"), (["--fault", "1:dead"], "dead: no such fault"),
                           (["--faulty", "101"], "percentage"), (["--seed", "x"], "must be a number"),
                           (["--swap", "2-1"], "must be seconds"), (["--part", "X"], "no such flash part"),
                           (["--lid", "rng"], "--lid rng: a lid is on cts, dsr or dcd"),
                           (["--image", "/no/such"], "/no/such: No such file"), (["--operator", "me"], "auto"),
                           (["--units", "3"], "--units is for --operator auto"),
                           (["--script", "/no/such"], "/no/such: No such file"),
                           (["--report", "/no/such/report"], "No such file"), (["--dump-dir", "/no/such"], "No such file"),
                           (["--operator", "auto", "--control", "x"], "only one of them"), (["--nonsense"], "")):
        result = boardsim(*arguments, "--", "true", check=2)
        assert why in result.stderr, (arguments, result.stderr)
    assert "which program" in boardsim(check=2).stderr
    assert "--control PATH" in boardsim("--help", check=0).stdout
    long = os.path.join(directory, "x" * 200)
    assert "too long" in boardsim("--control", long, "--", "true", check=125).stderr


def outside_a_bad_script_is_refused_before_anything_runs(directory):
    path = os.path.join(directory, "script")
    for text, why in (("plug 1\nplug x\n", f"{path}:2: plug: wants a slot"), ("at noon plug 1\n", f"{path}:1: at: not"),
                      ("\n\nplug 1 sillent", f"{path}:3: sillent")):
        with open(path, "w", encoding="utf8") as file:
            file.write(text)
        result = boardsim("--script", path, "--", "sh", "-c", "echo ran", check=2)
        assert why in result.stderr and "ran" not in result.stdout, result.stderr
    with open(path, "w", encoding="utf8") as file:
        file.write("unplug 1\n")
    assert f"{path}:1: slot 1: there is no adapter" in boardsim("--script", path, "--", "cat", check=125).stderr


def outside_a_script_is_carried_out(directory):
    path, report = os.path.join(directory, "script"), os.path.join(directory, "report")
    with open(path, "w", encoding="utf8") as file:
        file.write("# two boards, one after the other\nplug 2 mac=18:fe:34:00:00:01  # known\nat 0.2 swap 2 silent\n"
                   "sleep 0.1\nunplug 2\nquit\n")
    boardsim("--script", path, "--report", report, "--", "sleep", "600", check=128 + signal.SIGTERM)
    with open(report, encoding="utf8") as file:
        boards = json.load(file)["boards"]
    assert [(b["slot"], b["fault"]) for b in boards] == [(2, ""), (2, "silent")]
    assert boards[0]["mac"] == "18:fe:34:00:00:01" != boards[1]["mac"]


def outside_signals_reach_the_program(directory):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        temporary = tempfile.mkdtemp(dir=directory)
        with subprocess.Popen([BOARDSIM, "--", "sh", "-c", "echo up; exec sleep 600"], stdout=subprocess.PIPE,
                              env=dict(os.environ, TMPDIR=temporary)) as process:
            process.stdout.readline()
            process.send_signal(number)
            assert process.wait(PATIENCE) == 128 + number
        assert os.listdir(temporary) == [], "temporary files were left behind"


def outside_the_report_agrees_with_the_boards(directory):
    report = os.path.join(directory, "report")
    boardsim("--boards", "2", "--image", DEMO, "--fault", "2:gpio0-open,slow-flash=2", "--report", report, "--dump-dir",
             directory, "--", "true", check=0)
    boardsim("--report", report + "2", "--", "true", check=0)
    boardsim("--boards", "6", "--adapter", "ft4232h", "--report", report + "4", "--", "true", check=0)
    with open(report, encoding="utf8") as file:
        boards = json.load(file)["boards"]
    with open(report + "2", encoding="utf8") as file:
        blank = json.load(file)["boards"][0]
    with open(DEMO, "rb") as file:
        image = file.read()
    for board in boards:
        assert board["md5"] == hashlib.md5(image.ljust(board["flash_size"], b"\xff")).hexdigest()
        assert board["boots"] and not board["blank"] and not board["opened"]
        with open(os.path.join(directory, board["mac"].replace(":", "") + ".bin"), "rb") as file:
            assert hashlib.md5(file.read()).hexdigest() == board["md5"]
    assert [board["path"] for board in boards] == ["1-1.1", "1-1.2"]
    with open(report + "4", encoding="utf8") as file:
        assert json.load(file)["boards"][5]["path"] == "1-1.2:1.1"
    assert boards[1]["fault"] == "gpio0-open slow-flash=2"
    assert blank["blank"] and not blank["boots"]


# Opens each port once for a moment, like a program that handles each board.
VISITOR = """
import glob, os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
seen = set()
while True:
    for path in glob.glob("/dev/ttyUSB*"):
        try:
            made = (path, os.lstat(path).st_mtime)
            if made not in seen:
                os.close(os.open(path, os.O_RDWR | os.O_NOCTTY))
                seen.add(made)
        except OSError:
            pass # has just been unplugged
    time.sleep(0.05)
"""


def outside_the_operator_brings_the_requested_number_of_boards(directory):
    report = os.path.join(directory, "report")
    run = ["--boards", "2", "--operator", "auto", "--units", "4", "--swap", "0.1", "--faulty", "50", "--seed", "5",
           "--report", report, "--", sys.executable, "-c", VISITOR]
    seen = []
    for _ in range(2):
        boardsim(*run, check=7)
        with open(report, encoding="utf8") as file:
            seen.append([(b["mac"], b["fault"]) for b in json.load(file)["boards"]])
    assert len(seen[0]) == 4
    others = [mac for mac, fault in seen[0] if fault != "clone-mac"]
    assert len(set(others)) == len(others)
    assert seen[0] == seen[1], "the same seed gives the same boards"
    assert 0 < sum(1 for _, fault in seen[0] if fault) < 4


if __name__ == "__main__":
    run_cases(globals())
