# SPDX-License-Identifier: MIT
"""esptool, as it comes from PyPI, in boardsim's world.

    with Bench() as bench:
        bench.esptool(tool, "read-mac")

PEERS is where install.sh put the programs (default build/peers); for BUILD and COMMON see tests/world.py.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from world import ROOT, World, run_tests  # noqa: E402,F401

PEERS = os.path.join(ROOT, os.environ.get("PEERS", "build/peers"))

# How a driver tells tests/run that it did not run.
SKIPPED = 77


class Tool:
    """One esptool with one of its stubs ("1": the legacy one, "2": the newer one), or with none."""

    def __init__(self, major, stub):
        self.major, self.stub = major, stub
        self.name = f"esptool {major}, " + (f"stub {stub}" if stub else "no stub")

    def command(self, baud, arguments):
        program = os.path.join(PEERS, f"esptool-{self.major}", "bin", "esptool.py" if self.major == 4 else "esptool")
        words = [program, "--port", "/dev/ttyUSB0", "--baud", str(baud)]
        words += ["--stub-version", self.stub] if self.stub else ["--no-stub"]
        # 4.x has underscores where 5.x has hyphens.
        return words + [a.replace("-", "_") if self.major == 4 and n == 0 else a for n, a in enumerate(arguments)]


TOOLS = [Tool(4, "1"), Tool(4, "2"), Tool(5, "1"), Tool(5, "2")]


class Bench(World):
    """A world with one board in /dev/ttyUSB0; `words` are what the board is like."""

    def __init__(self, words=""):
        super().__init__()
        self.plug(1, words)

    def esptool(self, tool, *arguments, baud=115200, status=0):
        """Runs it, and returns what it said. It must exit with `status`."""
        done = self.run(*tool.command(baud, [str(a) for a in arguments]))
        assert done.returncode == status, f"{tool.name}: {' '.join(done.args)}: exit {done.returncode}\n{done.stdout}"
        return done.stdout


def run(names, at_once=5):
    """As run_tests(), where the esptools are installed."""
    for major in (4, 5):
        if not os.path.exists(os.path.join(PEERS, f"esptool-{major}", "installed")):
            print(f"skipped: no esptool {major} in {PEERS} (make test-peers installs it)")
            sys.exit(SKIPPED)
    run_tests(names, at_once)
