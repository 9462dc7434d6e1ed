# SPDX-License-Identifier: MIT
"""Shared code of the tests of boardsim alone: cases that run as its program, and a tty as a flasher uses it.

Every case named inside_… runs as the program of a boardsim of its own, whose options are the case's doc string; its
argument is the control socket. Cases named outside_… start boardsim themselves; their argument is an empty directory. A
driver ends with run_cases(globals()).
"""
import array
import fcntl
import functools
import os
import select
import struct
import subprocess
import sys
import tempfile
import termios

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from boardsim import BUILD, PATIENCE, Control, run_tests  # noqa: E402

BOARDSIM = os.path.join(BUILD, "boardsim")

TCGETS2, TCSETS2, BOTHER, CBAUD = 0x802C542A, 0x402C542B, 0o010000, 0o010017
DTR, RTS = termios.TIOCM_DTR, termios.TIOCM_RTS


class Port:
    """A tty as a flasher opens it: raw, any baud, modem lines."""

    def __init__(self, number=0, baud=115200):
        self.fd = os.open(f"/dev/ttyUSB{number}", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.baud(baud)

    def close(self):
        os.close(self.fd)

    def baud(self, baud):
        """Sets the baud rate; returns the rate that the driver reports."""
        buffer = bytearray(44)
        fcntl.ioctl(self.fd, TCGETS2, buffer)
        flags = struct.unpack_from("4I", buffer)[2]
        flags = (flags & ~CBAUD) | BOTHER | termios.CS8 | termios.CREAD | termios.CLOCAL
        struct.pack_into("4I", buffer, 0, 0, 0, flags, 0)
        struct.pack_into("2I", buffer, 36, baud, baud)
        fcntl.ioctl(self.fd, TCSETS2, bytes(buffer))
        fcntl.ioctl(self.fd, TCGETS2, buffer)
        return struct.unpack_from("2I", buffer, 36)[1]

    def lines(self, value=None):
        box = array.array("i", [value or 0])
        fcntl.ioctl(self.fd, termios.TIOCMGET if value is None else termios.TIOCMSET, box)
        return box[0]

    def read_until(self, wanted, seconds=PATIENCE):
        """Returns the bytes up to `wanted`, or those that arrived in time."""
        data = b""
        while wanted not in data and select.select([self.fd], [], [], seconds)[0]:
            data += os.read(self.fd, 4096)
        return data

    def reset(self, download):
        self.lines(RTS)
        select.select([], [], [], 0.05)
        if download:
            self.lines(DTR)
            select.select([], [], [], 0.05)
        self.lines(0)

    def sync(self):
        """The ROM loader's answer to SYNC; b"" if there is none after some tries."""
        body = b"\x00\x08\x24\x00\x00\x00\x00\x00\x07\x07\x12\x20" + b"\x55" * 32
        for _ in range(8):
            os.write(self.fd, b"\xc0" + body + b"\xc0")
            answer = self.read_until(b"\x01\x08\x02\x00\x07\x07\x12\x20", 0.3)
            if b"\x01\x08\x02\x00\x07\x07\x12\x20" in answer:
                return answer
        return b""


def banner(port, download):
    """The ROM's output after a reset, read at the ROM's baud rate."""
    port.baud(74880)
    port.read_until(b"nothing says this", 0.05)
    port.reset(download)
    return port.read_until(b")\r\n\r\n", 2)


def refused(code, call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        assert error.errno == code, error
    else:
        raise AssertionError(f"was not refused with {os.strerror(code)}")


def answer_of(call, *arguments):
    """Starts a process for a call that may hang (the ioctl holds the interpreter's lock). Returns its pid."""
    child = os.fork()
    if child == 0:
        try:
            call(*arguments)
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    return child


def boardsim(*arguments, env=None, check=None):
    result = subprocess.run([BOARDSIM, *arguments], capture_output=True, text=True, timeout=PATIENCE * 5, env=env,
                            check=False)
    assert check is None or result.returncode == check, (result.returncode, result.stderr)
    return result


def run_inside(driver, name, options):
    with tempfile.TemporaryDirectory(prefix="boardsim-") as directory:
        control = os.path.join(directory, "control")
        result = boardsim(*options.split(), "--control", control, "--", sys.executable, driver, "--inside", name,
                          env=dict(os.environ, CONTROL=control, TMPDIR=directory))
        assert result.returncode == 0, f"exit code {result.returncode}\n{result.stdout}{result.stderr}"
        assert os.listdir(directory) in ([], ["control.image"]), "something was left behind"


def run_outside(case):
    with tempfile.TemporaryDirectory(prefix="boardsim-") as directory:
        case(directory)


def run_cases(names):
    if sys.argv[1:2] == ["--inside"]:
        names[sys.argv[2]](Control(os.environ["CONTROL"]))
        sys.exit(0)
    tests = {}
    for name, case in names.items():
        if name.startswith("inside_"):
            tests["test_" + name] = functools.partial(run_inside, os.path.abspath(sys.argv[0]), name, case.__doc__)
        elif name.startswith("outside_"):
            tests["test_" + name] = functools.partial(run_outside, case)
    run_tests(tests)
