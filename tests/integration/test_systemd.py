#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gangd and systemd: passed sockets, the supervisor, and verdicts with fields in the journal."""
import contextlib
import fcntl
import grp
import os
import re
import signal
import socket
import stat
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from openapi import API  # noqa: E402
from station import PATIENCE, Skip, Station, run_tests, until  # noqa: E402

# Passes sockets like systemd between fork and exec: moves the descriptors in the arguments before "--" to 3 and up,
# then executes the command behind it.
PASS = ('n=3; while [ "$1" != -- ]; do eval "exec $n<&$1 $1<&-"; n=$((n + 1)); shift; done; shift; '
        'export LISTEN_PID=$$ LISTEN_FDS=$((n - 3)); exec "$@"')


class Activated(Station):
    """A station with sockets made before gangd, like those of gangd.socket, and more that are not configured."""

    def __init__(self, others=0, **options):
        self.listeners = []
        tcp = self.listen(socket.AF_INET, ("127.0.0.1", 0))
        self.port = tcp.getsockname()[1]
        super().__init__(http_lines=f"listen = 127.0.0.1:{self.port}", start=False, **options)
        # Of several values for a key the last one counts, and the station begins with "none".
        self.sections["http"] = self.sections["http"].replace("listen = none\n", "")
        self.write_config()
        self.listen(socket.AF_UNIX, self.socket)
        for _ in range(others):
            self.listen(socket.AF_INET, ("127.0.0.1", 0))

    def listen(self, family, address):
        listener = socket.socket(family)
        listener.bind(address)
        listener.listen(8)
        # Above all numbers to which gangd's descriptors are moved.
        self.listeners.append(socket.socket(fileno=fcntl.fcntl(listener.detach(), fcntl.F_DUPFD, 100)))
        return self.listeners[-1]

    def spawn(self, command, **options):
        numbers = [listener.fileno() for listener in self.listeners]
        return super().spawn(["bash", "-c", PASS, "pass", *map(str, numbers), "--", *command], pass_fds=numbers, **options)

    def ask(self, family):
        """A connection on which a request has been sent."""
        client = socket.socket(family)
        client.settimeout(PATIENCE)
        client.connect(self.socket if family == socket.AF_UNIX else ("127.0.0.1", self.port))
        client.sendall(f"GET /api/v1/status HTTP/1.1\r\nHost: localhost:{self.port}\r\nConnection: close\r\n\r\n".encode())
        return client

    def clean(self):
        super().clean()
        for listener in self.listeners:
            listener.close()


def answer(client):
    text = b""
    with client:
        while chunk := client.recv(65536):
            text += chunk
    assert text.startswith(b"HTTP/1.1 200 "), text
    API.check_raw("GET", "/api/v1/status", text)
    return text


FAMILIES = (socket.AF_INET, socket.AF_UNIX)


def test_a_client_that_connects_during_a_restart_is_answered():
    with Activated(boards=0) as station:
        waiting = [station.ask(family) for family in FAMILIES]
        station.start(ready=False)
        for client in waiting:
            answer(client)
        for _ in range(2):
            node = os.stat(station.socket).st_ino
            assert station.stop() == 0
            assert os.stat(station.socket).st_ino == node
            waiting = [station.ask(family) for family in FAMILIES]
            station.start(ready=False)
            for client in waiting:
                answer(client)
        assert "does not name" not in station.log(), station.log()


def test_a_passed_socket_that_is_not_configured_is_reported():
    with Activated(others=1) as station:
        station.start()
        station.wait_log("is ready")
        assert station.log().count("systemd passes a socket that [http] does not name") == 1, station.log()


def test_a_passed_socket_for_another_group_is_reported():
    with Activated() as station:
        ours = os.stat(station.socket).st_gid
        other = next(group for group in grp.getgrall() if group.gr_gid != ours)
        names = ((grp.getgrgid(ours).gr_name, 0), (other.gr_name, 1), ("nobody-is-in-it", 2))
        for starts, (name, told) in enumerate(names, 1):
            station.sections["http"] = re.sub("(?m)^group =.*", f"group = {name}", station.sections["http"])
            station.write_config()
            station.start()
            station.wait_log("is ready", starts)
            assert station.log().count("as [http] group says") == told, station.log()
            assert told == 0 or f"SocketGroup={name}" in station.log(), station.log()
            assert os.stat(station.socket).st_gid == ours
            station.stop()


def test_without_passed_sockets_the_socket_is_removed_at_the_end():
    with Station() as station:
        assert stat.S_ISSOCK(os.stat(station.socket).st_mode)
        assert station.stop() == 0
        assert not os.path.exists(station.socket)


class Kept(Activated):
    """A station whose gangd has a notification socket: it becomes the supervisor, and its child does the work."""

    def __init__(self, **options):
        super().__init__(**options)
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.settimeout(PATIENCE)
        self.notices.bind(self.path("notify"))
        self.environment |= {"NOTIFY_SOCKET": self.path("notify"), "WATCHDOG_USEC": "1000000"}

    def notice(self, wanted):
        while (text := self.notices.recv(4096).decode()) != wanted:
            pass

    def child(self):
        with open(f"/proc/{self.gangd.pid}/task/{self.gangd.pid}/children", encoding="ascii") as file:
            return int(file.read())

    def clean(self):
        super().clean()
        self.notices.close()


def is_alive(pid):
    return os.path.exists(f"/proc/{pid}/exe")


def test_the_supervisor_passes_signals_and_sockets_on():
    with Kept(boards=0) as station:
        waiting = station.ask(socket.AF_UNIX)
        station.start(ready=False)
        station.notice("READY=1")
        station.notice("WATCHDOG=1")
        answer(waiting)
        child = station.child()
        station.gangd.send_signal(signal.SIGHUP)
        until("a reload", lambda: station.log().count("golden.bin, ") == 2)
        assert station.stop() == 0
        station.notice("STOPPING=1")
        until("the child's end", lambda: not is_alive(child))


def test_supervisor_and_child_exit_together():
    with Kept(boards=0) as station:
        for kill_child in (True, False):
            station.start(ready=False)
            station.notice("READY=1")
            child = station.child()
            os.kill(child if kill_child else station.gangd.pid, signal.SIGKILL)
            assert station.gangd.wait(PATIENCE) == -signal.SIGKILL
            until("the other's end", lambda child=child: not is_alive(child))
            station.was_killed = True


class Journal:
    """A journal's socket, and a standard error that a program recognizes as connected to the journal."""

    def __init__(self, directory):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(PATIENCE)
        self.directory = directory
        self.socket.bind(os.path.join(directory, "socket"))

    def entry(self):
        """The next entry's fields (systemd's "Native Journal Protocol")."""
        data = self.socket.recv(65536)
        fields = {}
        while data:
            line, _, data = data.partition(b"\n")
            name, equals, value = line.partition(b"=")
            if not equals:
                length = struct.unpack("<Q", data[:8])[0]
                value, data = data[8:8 + length], data[8 + length + 1:]
            fields[name.decode()] = value.decode()
        return fields


class Journaled(Station):
    """A station whose gangd has `journal` in place of systemd's, by a mount namespace of its own."""

    apart = ("unshare", "--user", "--map-root-user", "--mount")

    def __init__(self, is_journal=True, **options):
        self.is_journal = is_journal
        super().__init__(start=False, **options)
        os.mkdir(self.path("journal"))
        self.journal = Journal(self.path("journal"))

    def spawn(self, command, **options):
        log = os.fstat(options["stderr"].fileno())
        stream = f"{log.st_dev}:{log.st_ino if self.is_journal else log.st_ino + 1}"
        place = 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && mount --bind "$1" /run/systemd/journal && shift && '
        return super().spawn([*self.apart, "env", "-u", "LD_PRELOAD", "sh", "-c",
                              place + 'LD_PRELOAD=$1 JOURNAL_STREAM=$2 && export LD_PRELOAD JOURNAL_STREAM && shift 2 && exec "$@"',
                              "sh", self.journal.directory, self.environment.get("LD_PRELOAD", ""), stream, *command], **options)

    def clean(self):
        self.journal.socket.close()
        super().clean()


def may_make_namespaces():
    done = subprocess.run([*Journaled.apart, "mount", "-t", "tmpfs", "tmpfs", "/run"], capture_output=True, check=False)
    if done.returncode != 0:
        raise Skip("no user namespaces: a journal cannot be put in the place of systemd's")


def test_the_journal_has_fields_for_slot_mac_verdict_and_cause():
    may_make_namespaces()
    with Journaled() as station:
        station.start()
        mac = station.plug(1)
        station.wait(1, "pass")
        entry = station.journal.entry()
        assert [entry.get(name) for name in ("SLOT", "MAC", "VERDICT", "CAUSE", "PRIORITY", "SYSLOG_IDENTIFIER")] == [
            "1-1.1", mac, "pass", "none", "6", "gangd"], entry
        assert entry["MESSAGE"].startswith("slot: 1-1.1: attempt 1 pass, "), entry
        station.plug(2, "tx-open")
        station.wait(2, "fail")
        entry = station.journal.entry()
        assert [entry.get(name) for name in ("SLOT", "MAC", "VERDICT", "CAUSE", "PRIORITY")] == [
            "1-1.2", "", "fail", "tx-open", "4"], entry
        # All other messages are written to standard error, with their level; no message is written to both.
        assert "<6>slot: 1-1.1: /dev/ttyUSB" in station.log(), station.log()
        assert "attempt 1 pass" not in station.log(), station.log()


def test_verdicts_are_lines_if_standard_error_is_not_the_journal():
    may_make_namespaces()
    with Journaled(is_journal=False, boards=1) as station:
        station.start()
        station.wait(1, "pass")
        assert "\nslot: 1-1.1: attempt 1 pass, " in station.log(), station.log()
        assert "<6>" not in station.log(), station.log()
        station.journal.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            raise AssertionError(station.journal.entry())


run_tests(globals())
