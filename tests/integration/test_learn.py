#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gangctl slots and slots learn, with a running gangd and without one."""
import contextlib
import json
import os
import queue
import signal
import stat
import subprocess
import threading

from station import GANGCTL, PATIENCE, SANITIZE, SLOW, Station, Boardsim, run_tests, until

DONE, REFUSED, USAGE, NO_OUTPUT = 0, 1, 2, 5

CONF = """# The bench at the window.\r
[product]
file = {golden}

[slot A7]
# Its button is stiff.
path = pci-0000:00:14.0-usb-0:1.7:1.0
reset = manual

; the end"""


def path(slot, interface=0):
    return f"pci-0000:00:14.0-usb-0:1.{slot}:1.{interface}"


class Learn:
    """A running `gangctl slots learn`; its output is read line by line."""

    def __init__(self, boardsim, *arguments):
        command = [GANGCTL, "slots", "learn", "--socket", getattr(boardsim, "socket", boardsim.path("nobody")), *arguments]
        self.process = boardsim.spawn(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines, self.said = queue.Queue(), []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            self.lines.put(line)
        self.lines.put("")

    def hears(self, text):
        """Waits for a line that contains a text, and returns it."""
        while True:
            line = self.lines.get(timeout=PATIENCE)
            self.said.append(line)
            assert line, f"{text!r} was not said: {self.said}"
            if text in line:
                return line

    def type(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self, code=DONE):
        """Waits for the end and returns standard output; all of standard error is in `said`."""
        output = self.process.stdout.read()
        assert self.process.wait(PATIENCE) == code, (self.process.returncode, output, self.said)
        self.reader.join()
        while not self.lines.empty():
            self.said.append(self.lines.get())
        self.process.stdin.close()
        return output

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def learning(boardsim, *arguments):
    learn = Learn(boardsim, *arguments)
    try:
        yield learn
    finally:
        learn.kill()


def write_conf(boardsim, text=CONF):
    name = boardsim.path("bench.conf")
    with open(name, "w", encoding="utf-8", newline="") as file:
        file.write(text.format(golden=boardsim.path("golden.bin")))
    return name


def read(name):
    with open(name, encoding="utf-8", newline="") as file:
        return file.read()


def sections(*places):
    return "\n".join(f"[slot {name}]\npath = {where}\n" for name, where in places)


def test_slots_are_learned_one_after_the_other():
    with Boardsim(boards=1) as boardsim, learning(boardsim, "A1", "A2", "A3") as learn:
        learn.hears("1 port is plugged in already")
        learn.hears("A1: plug")
        boardsim.plug(5)
        line = learn.hears("A1 is ")
        assert path(5) in line and "cp210x CP2102N" in line and "/dev/ttyUSB1" in line, line
        learn.hears("A2: plug")
        # The same position again, then the adapter that was plugged in before.
        boardsim.unplug(5)
        boardsim.replug(5)
        learn.hears(f"{path(5)} is A1 already")
        boardsim.unplug(1)
        boardsim.replug(1)
        learn.hears("A2 is " + path(1))
        learn.type("what")
        learn.hears('"what"? ')
        learn.type("")
        assert learn.end() == sections(("A1", path(5)), ("A2", path(1)))


def test_a_position_whose_slot_has_its_short_name_is_refused():
    with Boardsim() as boardsim:
        name = write_conf(boardsim, "[product]\nfile = {golden}\n[slot K]\npath = 1-1.4\n")
        with learning(boardsim, "--config", name, "A1") as learn:
            learn.hears("A1: plug")
            boardsim.plug(4)
            learn.hears(f"{path(4)} is K already")
            boardsim.plug(5)
            assert learn.end() == sections(("A1", path(5)))


def test_names_are_counted():
    with Boardsim() as boardsim, learning(boardsim, "--prefix", "bed-", "--count", "2", "--json") as learn:
        for n, slot in ((1, 3), (2, 1)):
            learn.hears(f"bed-{n}: plug")
            boardsim.plug(slot)
        assert json.loads(learn.end()) == [{"slot": "bed-1", "path": path(3)}, {"slot": "bed-2", "path": path(1)}]
    with Boardsim() as boardsim, learning(boardsim) as learn:
        learn.hears("A1: plug")
        learn.type("q")
        assert learn.end() == "" and "Nothing was learned.\n" in learn.said


def test_twins_without_a_serial_number():
    with Boardsim(adapter="ch340") as boardsim, learning(boardsim, "A1", "A2") as learn:
        learn.hears("A1: plug")
        boardsim.plug(1)
        learn.hears("A1 is " + path(1))
        boardsim.plug(2)
        assert learn.end() == sections(("A1", path(1)), ("A2", path(2)))


def test_two_adapters_at_once_are_refused():
    with Boardsim() as boardsim, learning(boardsim, "A1") as learn:
        learn.hears("A1: plug")
        plug_at_once(boardsim, learn, 1, 2)
        learn.hears("plug in one at a time")
        boardsim.unplug(1)
        boardsim.replug(1)
        assert learn.end() == sections(("A1", path(1)))


def plug_at_once(boardsim, learn, *slots):
    """Plugs adapters in while gangctl is stopped, so that it sees all of them at once."""
    learn.process.send_signal(signal.SIGSTOP)
    for slot in slots:
        boardsim.plug(slot)
    learn.process.send_signal(signal.SIGCONT)


def test_four_ports_of_one_adapter():
    ports = [path(1, interface) for interface in range(4)]
    with Boardsim(adapter="ft4232h") as boardsim:
        for answer, named in (("", ("A1", "A2", "A3", "A4")), ("left - - bed.9", ("left", None, None, "bed.9"))):
            with learning(boardsim, "--prefix", "A", "--count", "4") as learn:
                learn.hears("A1: plug")
                plug_at_once(boardsim, learn, 1, 2, 3, 4)
                learn.hears("4 ports")
                for n, port in enumerate(ports):
                    assert f"A{n + 1}  {port}" in learn.hears(port)
                learn.hears("Is that right?")
                if answer:
                    for wrong, why in (("left left x y", "taken"), ("a/b - - -", "no name"), ("left", "4 ports"),
                                       ("1 2 3 4 5", "4 ports")):
                        learn.type(wrong)
                        learn.hears(why)
                        learn.hears("Is that right?")
                learn.type(answer)
                if answer:
                    learn.hears("A1: plug")
                    learn.type("q")
                output = learn.end()
                assert output == sections(*((name, port) for name, port in zip(named, ports) if name)), output
            for slot in (1, 2, 3, 4):
                boardsim.unplug(slot)


def test_four_ports_are_declined():
    with Boardsim(adapter="ft4232h") as boardsim, learning(boardsim, "A1", "A2") as learn:
        learn.hears("A1: plug")
        plug_at_once(boardsim, learn, 1, 2, 3, 4)
        assert f"-  {path(1, 2)}" in learn.hears(path(1, 2)), "there are two names for four ports"
        learn.hears("Is that right?")
        boardsim.plug(5)
        learn.hears("first: what are the ports called?")
        learn.type("n")
        learn.hears("A1: plug")
        for slot in (1, 2, 3, 4):
            boardsim.unplug(slot)
        plug_at_once(boardsim, learn, 1, 2, 3, 4)
        learn.hears("Is that right?")
        boardsim.unplug(1)
        learn.hears("It was pulled out.")
        learn.hears("A1: plug")
        learn.type("q")
        assert learn.end() == ""


def test_slots_are_written_to_the_configuration():
    with Station(start=False) as station:
        name = write_conf(station)
        os.chmod(name, 0o640)
        link = station.path("link.conf")
        os.symlink("bench.conf", link)
        before = read(name)
        with learning(station, "--write", "--config", link, "A7", "A8") as learn:
            learn.hears(f"A7 (now {path(7)}): plug")
            station.plug(1)
            learn.hears("A7 is " + path(1))
            station.plug(2)
            assert learn.end() == "" and any("systemctl reload gangd" in line for line in learn.said), learn.said
        # With the line end of the file's first line.
        assert read(name) == (before.replace(path(7), path(1)) + f"\r\n\r\n[slot A8]\r\npath = {path(2)}\r\n"), read(name)
        assert read(name + "~") == before and os.path.islink(link)
        assert stat.S_IMODE(os.stat(name).st_mode) == 0o640
        assert sorted(entry for entry in os.listdir(station.dir) if "bench" in entry) == ["bench.conf", "bench.conf~"]


def test_names_that_exist_already():
    with Boardsim() as boardsim:
        name = write_conf(boardsim, CONF + f"\n[slot A8]\npath = {path(8)}\n")
        with open(boardsim.path("golden.bin"), "wb"):
            pass
        # The path of a configured slot that is not learned now.
        with learning(boardsim, "--config", name, "B1") as learn:
            learn.hears("B1: plug")
            boardsim.plug(7)
            learn.hears(f"{path(7)} is A7 already")
            learn.type("q")
            assert learn.end() == ""
        # Interchanged: each slot gets the other's path.
        boardsim.unplug(7)
        with learning(boardsim, "--config", name, "--write", "A7", "A8") as learn:
            learn.hears("A7 (now")
            boardsim.plug(8)
            learn.hears("A7 is " + path(8))
            learn.type("")
            learn.hears("A8 cannot keep its place: it is that of A7")
            boardsim.replug(7)
            learn.hears("A8 is " + path(7))
            learn.end()
        for slot in (7, 8):
            boardsim.unplug(slot)
        # A slot that would be left without a path.
        before = read(name)
        with learning(boardsim, "--config", name, "--write", "A7", "A8") as learn:
            learn.hears("A7 (now")
            boardsim.replug(7)
            learn.hears("A7 is " + path(7))
            learn.type("q")
            assert learn.end(REFUSED) == sections(("A7", path(7))), learn.said
            assert any("A8 has lost its place to A7" in line for line in learn.said), learn.said
        assert read(name) == before


def test_a_configuration_that_cannot_be_written():
    with Boardsim() as boardsim:
        name = write_conf(boardsim, "[station]\nnmae = x\n")
        for arguments, code, what in (
                (("--config", name), REFUSED, "bench.conf:2: "), (("--write", "--config", name), REFUSED, "bench.conf:2: "),
                (("--config", boardsim.path("none")), REFUSED, "none: cannot be read"), (("a/b",), USAGE, "a name is"),
                (("A1", "A1"), USAGE, "named twice"), (("--count", "2", "A1"), USAGE, "takes names, or"),
                (("--count", "0"), USAGE, "from 1 to 128"), (("--prefix", "x" * 63), USAGE, "a name is")):
            with learning(boardsim, *arguments) as learn:
                assert learn.end(code) == "" and any(what in line for line in learn.said), (arguments, learn.said)


def as_nobody(boardsim, name, *arguments):
    """Runs as another user if the test runs as root, because root may write everywhere."""
    return ["setpriv", "--reuid=65534", "--clear-groups", "--regid=65534", GANGCTL, "slots", "learn", "--socket",
            boardsim.path("nobody"), "--config", name, *arguments] if os.geteuid() == 0 else [
                GANGCTL, "slots", "learn", "--socket", boardsim.path("nobody"), "--config", name, *arguments]


def test_a_directory_that_is_read_only():
    with Boardsim() as boardsim:
        os.chmod(boardsim.dir, 0o755)
        place = boardsim.path("etc")
        os.mkdir(place)
        name = os.path.join(place, "gangd.conf")
        os.rename(write_conf(boardsim), name)
        os.chmod(place, 0o555)
        done = subprocess.run(as_nobody(boardsim, name, "--write", "A1"), capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, env={**os.environ, **SANITIZE}, timeout=PATIENCE)
        assert done.returncode == REFUSED and "cannot be replaced: Permission denied" in done.stderr, done
        assert os.listdir(place) == ["gangd.conf"]
        os.chmod(place, 0o755)


def test_a_configuration_that_became_invalid_meanwhile():
    with Boardsim() as boardsim:
        name = write_conf(boardsim)
        with learning(boardsim, "--write", "--config", name, "A1") as learn:
            learn.hears("A1: plug")
            write_conf(boardsim, "[station]\nnmae = x\n")
            boardsim.plug(1)
            assert learn.end(NO_OUTPUT) == sections(("A1", path(1)))
            assert any("bench.conf:2: unknown key" in line for line in learn.said), learn.said
        assert read(name) == "[station]\nnmae = x\n" and not os.path.exists(name + "~")


def test_gangd_is_paused_meanwhile():
    with Station(flashing=SLOW) as station:
        name = station.config
        at_work = station.plug(9)
        station.wait_writing(9)
        with learning(station, "--write", "--config", name, "A1") as learn:
            learn.hears("gangd is paused")
            learn.hears("A1: plug")
            station.plug(1)
            learn.hears("A1 is")
            assert learn.end() == ""
        station.wait(9, "pass", at_work)
        shown = station.wait(1, lambda slot: slot["sentence"].startswith("Came during a pause"))
        assert shown["state"] == "blocked" and not station.status()["held"], shown
        station.send(signal.SIGHUP)
        station.wait("A1", "blocked")
        assert [row["path"] for row in station.attempts()] == [path(9)]
        station.unplug(1)
        station.wait("A1", "empty")
        station.replug(1)
        station.wait("A1", "pass")


def test_an_ignored_slot_is_not_flashed_when_it_gets_its_name():
    with Station(slots="unknown = ignore") as station:
        with learning(station, "--write", "--config", station.config, "A1") as learn:
            learn.hears("A1: plug")
            station.plug(1)
            station.wait(1, "muted")
            learn.hears("A1 is")
            learn.end()
        station.send(signal.SIGHUP)
        station.wait("A1", "blocked")
        assert station.attempts() == []


def test_a_fixture_is_ready_when_it_has_its_names():
    """Adapters without boards are plugged in once; then boards are put in."""
    with Station(slots="unknown = ignore") as station:
        # `presence` may be configured before or after the adapters have been plugged in.
        station.sections["slots"] = f"unknown = ignore\n[slot A1]\npath = {path(9)}\npresence = probe"
        station.write_config()
        with learning(station, "--write", "--config", station.config, "A1", "A2") as learn:
            for name, slot in (("A1", 1), ("A2", 2)):
                learn.hears(f"{name}")
                station.control(f"fixture {slot}")
                learn.hears(f"{name} is {path(slot)}")
            learn.end()
        station.send(signal.SIGHUP)
        station.wait("A1", "ready")
        station.wait("A2", "blocked")
        mac = station.seat(1)
        station.wait("A1", "pass", mac)
        with open(station.config, "a", encoding="utf-8") as file:
            file.write("presence = probe\n")
        station.send(signal.SIGHUP)
        station.wait("A2", "ready")
        assert len(station.attempts()) == 1, station.attempts()


def test_no_attempt_begins_in_a_paused_fixture():
    with Station(slots="presence = probe", start=False) as station:
        station.control("fixture 1")
        station.start()
        station.wait(1, "ready")
        station.hold(60)
        mac = station.seat(1)
        shown = station.wait(1, "blocked")
        assert shown["sentence"] == "gangd is paused: no attempt begins" and station.attempts() == [], shown
        station.hold(0)
        station.wait(1, "pass", mac)


def test_the_pause_ends_after_gangctl():
    with Station() as station:
        with learning(station) as learn:
            learn.hears("gangd is paused")
            learn.hears("A1: plug")
            station.plug(1)
            learn.hears("A1 is")
            learn.process.send_signal(signal.SIGINT)
            assert learn.end(-signal.SIGINT) == "" and "Given up: nothing is written.\n" in learn.said, learn.said
        assert not station.status()["held"]
        with learning(station) as learn:
            learn.hears("A1: plug")
        until("the lease ends", lambda: not station.status()["held"])


def test_gangd_is_started_meanwhile():
    with Station(start=False) as station, learning(station) as learn:
        learn.hears("gangd does not run")
        station.start()
        station.wait_status(lambda status: status["held"])
        learn.type("q")
        learn.end()
        assert not station.status()["held"]


def test_slots():
    with Station(adapter="ch340", slots=f"[slot A1]\npath = {path(1)}\n[slot A2]\npath = {path(2)}") as station:
        station.plug(1)
        station.wait("A1", "pass")
        ask = [GANGCTL, "slots", "--socket", station.socket]
        table = station.run(*ask).stdout.splitlines()
        assert table[0].split() == ["SLOT", "PATH", "STATE", "PORT", "ADAPTER"], table
        assert table[1].split()[:4] == ["A1", path(1), "pass", "/dev/ttyUSB0"], table
        assert table[1].endswith(f"  {station.slot('A1')['adapter']['driver']} USB Serial"), table
        assert table[2].split() == ["A2", path(2), "empty", "-", "-"], table
        assert json.loads(station.run(*ask, "--json").stdout) == station.status()["slots"]


run_tests(globals())
