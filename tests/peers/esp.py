# SPDX-License-Identifier: MIT
"""esptool, as it comes from PyPI, and one virtual board for it.

    with OneBoard() as board:
        board.esptool(tool, "read-mac")

PEERS is where install.sh put the programs (default build/peers); for BUILD and COMMON see tests/boardsim.py.
"""
import functools
import json
import os
import random
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from boardsim import COMMON, PATIENCE, ROOT, Boardsim, run_tests  # noqa: E402,F401

PEERS = os.path.join(ROOT, os.environ.get("PEERS", "build/peers"))

# How a driver tells tests/run that it did not run.
SKIPPED = 77

BAUDS = (115200, 460800, 921600, 2000000)


# esptool has no option for a stub of another's. It reads its stubs from STUB_DIR/VERSION/CHIP.json: here from a
# directory in which the stub is gangd's. Nothing else of it is changed.
WITH_STUBS_OF = """import sys
import esptool.loader
esptool.loader.StubFlasher.STUB_DIR = sys.argv.pop(1)
sys.argv[0] = "esptool"
esptool._main()
"""


class Tool:
    """One esptool with one of its stubs ("1": the legacy one, "2": the newer one), with gangd's stub (OURS), or with the
    ROM alone (None)."""

    OURS = "gangd"

    def __init__(self, major, stub):
        self.major, self.stub = major, stub
        self.name = f"esptool{major}_" + (f"stub{stub}" if stub else "rom")
        self.python = os.path.join(PEERS, f"esptool-{major}", "bin", "python")
        self.program = os.path.join(os.path.dirname(self.python), "esptool.py" if major == 4 else "esptool")

    def word(self, text):
        """4.x has underscores where 5.x has hyphens."""
        return text.replace("-", "_") if self.major == 4 else text

    def start(self, stubs):
        """The words that start it. `stubs`: a directory of stubs in place of its own, or None."""
        return [self.python, "-c", WITH_STUBS_OF, stubs] if stubs else [self.program]

    def command(self, arguments, baud, before, after, stubs=None):
        words = self.start(stubs) + ["--chip", "esp8266", "--port", "/dev/ttyUSB0", "--baud", str(baud), "--before",
                 self.word(before), "--after", self.word(after)]
        version = "1" if self.stub == self.OURS else self.stub
        words += ["--stub-version", version] if self.stub else ["--no-stub"]
        return words + [self.word(arguments[0]), *[str(a) for a in arguments[1:]]]


STUBS = [Tool(4, "1"), Tool(4, "2"), Tool(5, "1"), Tool(5, "2")]
OUR_STUB = [Tool(4, Tool.OURS), Tool(5, Tool.OURS)]
ROMS = [Tool(4, None), Tool(5, None)]


# esptool's own time-outs are of a machine that has nothing else to do.
PATIENT = b"""[esptool]
timeout = 30
mem_end_rom_timeout = 10
serial_write_timeout = 60
connect_attempts = 20
"""


class OneBoard(Boardsim):
    """A boardsim with one board in /dev/ttyUSB0, made by `words`; `content` is in its flash from the start. At the end the
    board must not have crashed, lost a byte, or been asked to set a flash bit by programming (unless its flash is
    `worn`)."""

    def __init__(self, words="part=W25Q40", content=None, worn=False):
        super().__init__()
        self.worn = worn
        if content is not None:
            words += f" image={self.file('content.bin', content)}"
        self.plug(1, words)

    def file(self, name, data):
        """A file with these bytes; returns its path."""
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def result(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def our_stubs(self, tool):
        """A directory with gangd's stub, laid out as esptool's own, if the tool is to use it."""
        if tool.stub != Tool.OURS:
            return None
        os.makedirs(self.path("stubs/1"), exist_ok=True)
        shutil.copy(os.path.join(COMMON, "stub.json"), self.path("stubs/1/esp8266.json"))
        return self.path("stubs")

    def esptool(self, tool, *arguments, baud=115200, before="default-reset", after="hard-reset", fails=False):
        """Runs it, and returns what it said. It must do what it is told, or, if `fails`, say that it could not."""
        self.environment["ESPTOOL_CFGFILE"] = self.file("esptool.cfg", PATIENT)
        done = self.run(*tool.command(arguments, baud, before, after, self.our_stubs(tool)))
        text = f"{' '.join(done.args)}: exit {done.returncode}\n{done.stdout}"
        assert (done.returncode != 0) == fails and "Traceback" not in text, text
        return text

    def says(self, tool, expected, *arguments, **options):
        """The same; it must say all of `expected`."""
        text = self.esptool(tool, *arguments, **options)
        for words in [expected] if isinstance(expected, str) else expected:
            assert words in text, f"{words!r} is missing:\n{text}"

    def listen(self, tool, wanted, baud=115200):
        """Opens the port as a terminal does, without a reset, and waits until the board says `wanted`."""
        code = ("import serial, sys; port = serial.Serial('/dev/ttyUSB0', int(sys.argv[1]), timeout=float(sys.argv[3]));"
                "sys.exit(not port.read_until(sys.argv[2].encode()).endswith(sys.argv[2].encode()))")
        done = self.run(tool.python, "-c", code, str(baud), wanted, str(PATIENCE / 4))
        assert done.returncode == 0, f"the board did not say {wanted!r}: {self.wire(1)}\n{done.stdout}"

    def end_world(self):
        super().end_world()
        for board in json.loads(self.read("report.json"))["boards"]:
            for key, good in (("violations", 0), ("fifo_overflows", 0), ("overruns", 0)):
                assert board[key] == good or (self.worn and key == "violations"), f"{key}: {board}"


class Flash:
    """What a flash must hold after what was done to it."""

    SECTOR = 4096

    def __init__(self, content):
        self.bytes = bytearray(content)

    def erase(self, offset, size):
        start, end = offset // self.SECTOR * self.SECTOR, -(-(offset + size) // self.SECTOR) * self.SECTOR
        self.bytes[start:end] = b"\xff" * (end - start)

    def write(self, offset, data):
        self.erase(offset, len(data))
        self.bytes[offset:offset + len(data)] = data

    def check(self, board, what):
        got = board.flash(1)
        assert len(got) == len(self.bytes), what
        differ = [n for n in range(0, len(got), 256) if got[n:n + 256] != self.bytes[n:n + 256]]
        assert not differ, f"{what}: {len(differ)} pages differ, the first at {differ[0]:#x}"


@functools.lru_cache(maxsize=None)
def noise(size, seed=1):
    """Bytes that do not compress and do not look like an image's header; the same for a size and a seed."""
    return b"\x5a" + random.Random(seed).randbytes(size - 1)


@functools.lru_cache(maxsize=None)
def mixture(size, seed=1):
    """Bytes like a product's: some that compress, some that do not, whole blank pages, long runs of zeros."""
    dice, data = random.Random(seed), b"\x5a"
    while len(data) < size:
        n = dice.randrange(1, 6000)
        data += dice.choice([dice.randbytes(n), bytes(n), b"\xff" * n, b"words and words, \xc0\xdb\xdc\xdd " * (n // 20)])
    return data[:size]


def cases(**tests):
    """For run(): a test of each name and parameters: cases(write=(function, [(tool, 115200), …])). Tools and numbers
    give the names."""
    made = {}
    for name, (function, table) in tests.items():
        for row in table:
            words = [getattr(word, "name", str(word)) for word in row]
            made["_".join(["test", name, *words])] = functools.partial(function, *row)
    return made


def run(names, at_once=6):
    """As run_tests(), where the esptools are installed."""
    for tool in ROMS:
        if not os.path.exists(os.path.join(PEERS, f"esptool-{tool.major}", "installed")):
            print(f"skipped: no esptool {tool.major} in {PEERS} (make test-peers installs it)")
            sys.exit(SKIPPED)
    run_tests(names, at_once)
