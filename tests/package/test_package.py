#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Debian packages in build/deb, in a small Debian root of their own: lintian, install, upgrade, remove, purge.

Needs no network once the root directory has been made (tests/debian.sh). Need not run as root if user namespaces are
allowed and /etc/subuid has a range for the user. It runs in namespaces of its own, so that its processes and mounts end
with it.
"""
import contextlib
import glob
import hashlib
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from boardsim import PATIENCE, ROOT, Control, run_tests, until  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(ROOT, "build/package")
MACHINES = os.path.join(CACHE, "machines")
DEVICES = ("null", "zero", "full", "random", "urandom")

# Replaces systemctl: logs its arguments and stores whether the service runs. Commands that only change files are run.
SYSTEMCTL = """#!/bin/sh
echo "$*" >>/systemctl.log
case "$*" in
    *preset* | *is-enabled*) exec systemctl.real --root=/ "$@" ;;
    *is-active*) [ -e /running ] ;;
    *restart* | *start*) touch /running ;;
    *stop*) rm -f /running ;;
esac
"""

# Only one gangd at a time can use the TCP port of the shipped configuration.
PAGE = threading.Lock()

# The user and groups of gangd.service.
AS_GANGD = ("setpriv", "--reuid=gangd", "--regid=gangd", "--groups=gangd,dialout", "--no-new-privs")


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def package(name):
    found = glob.glob(os.path.join(ROOT, f"build/deb/{name}_*_*.deb"))
    assert len(found) == 1, f"{name}: {found}; run make deb"
    return found[0]


GANGD, BOARDSIM = package("gangd"), package("gangd-boardsim")


class Machine:
    """A Debian with the packages' dependencies. Its systemctl only logs its arguments."""

    def __init__(self):
        self.processes = []
        # On a tmpfs, where every user can rename a directory; on an overlay this fails.
        self.dir = tempfile.mkdtemp(dir=MACHINES)
        mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", self.dir)
        subprocess.run(["tar", "-x", "-f", os.path.join(CACHE, "root.tar"), "-C", self.dir, "--numeric-owner", "--exclude=./dev/*"],
                       check=True)
        for name in DEVICES:
            self.write(f"dev/{name}", "")
            mount("--bind", f"/dev/{name}", self.path(f"dev/{name}"))
        os.makedirs(self.path("dev/pts"), exist_ok=True)
        mount("-t", "devpts", "-o", "newinstance,ptmxmode=0666", "devpts", self.path("dev/pts"))
        os.symlink("pts/ptmx", self.path("dev/ptmx"))
        mount("--rbind", "/proc", self.path("proc"))
        os.rename(self.path("usr/bin/systemctl"), self.path("usr/bin/systemctl.real"))
        self.write("usr/bin/systemctl", SYSTEMCTL, 0o755)
        os.makedirs(self.path("run/systemd/system"))

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def start(self, *command, **options):
        process = subprocess.Popen(["chroot", self.dir, *command], stdin=subprocess.DEVNULL, text=True,
                                   env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive",
                                        "LC_ALL": "C.UTF-8"}, **options)
        self.processes.append(process)
        return process

    def run(self, *command):
        """(exit code, both streams)"""
        process = self.start(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = process.communicate(timeout=PATIENCE)
        return process.returncode, output

    def do(self, *command):
        code, output = self.run(*command)
        assert code == 0, f"{' '.join(command)} ended with {code}:\n{output}"
        return output

    def install(self, *files):
        for file in files:
            shutil.copy(file, self.path("tmp"))
        return self.do("apt-get", "install", "-q", "-y",
                       *("/tmp/" + os.path.basename(file) for file in files))

    def check_asked(self, verb):
        """Since the last call, systemctl was called for the service with this verb and no other."""
        log = self.read("systemctl.log")
        self.write("systemctl.log", "")
        assert re.findall(r"\b(start|restart|stop)\b.* gangd\.service", log) == [verb], log
        # An upgrade does not restart the sockets: starting one that is active changes nothing.
        sockets = re.findall(r"\b(start|restart|stop)\b.* gangd\.socket", log)
        assert sockets == [verb.removeprefix("re")], log

    @contextlib.contextmanager
    def gangd(self, *before):
        """Runs gangd with the shipped configuration."""
        with PAGE, open(self.path("gangd.log"), "w+", encoding="utf-8") as log:
            process = self.start(*AS_GANGD, *before, "/usr/sbin/gangd", stdout=log, stderr=log)
            until(lambda: "gangd is ready: " + self.read("gangd.log"),
                  lambda: process.poll() is not None or " is ready: " in self.read("gangd.log"))
            assert process.poll() is None, self.read("gangd.log")
            yield process
            process.terminate()
            assert process.wait(PATIENCE) == 0, self.read("gangd.log")

    def status(self):
        return json.loads(self.do("gangctl", "status", "--json"))

    def failing(self):
        """The checks of gangctl doctor that fail."""
        _, output = self.run("gangctl", "doctor", "--json")
        return [note["check"] for note in json.loads(output)["checks"] if note["level"] == "fail"]

    def book(self, question):
        return subprocess.run(["sqlite3", self.path("var/lib/gangd/gangd.db"), question], check=True,
                              capture_output=True, text=True).stdout.split()

    def golden(self):
        """Copies a golden image to the path in the shipped configuration."""
        shutil.copy(os.path.join(ROOT, "build/common/demo.bin"), self.path("var/lib/gangd/golden.bin"))

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        if kind and self.exists("gangd.log"):
            print(self.read("gangd.log"), file=sys.stderr)
        subprocess.run(["umount", "--recursive", "--lazy", self.dir], check=True)
        os.rmdir(self.dir)


def older(version):
    """The package with a lower version."""
    work = os.path.join(CACHE, "older")
    shutil.rmtree(work, ignore_errors=True)
    subprocess.run(["dpkg-deb", "--raw-extract", GANGD, work], check=True)
    control = os.path.join(work, "DEBIAN/control")
    with open(control, encoding="utf-8") as file:
        text = file.read()
    with open(control, "w", encoding="utf-8") as file:
        file.write(re.sub("(?m)^Version: .*", f"Version: {version}", text))
    file = os.path.join(CACHE, f"gangd_{version}_all.deb")
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", work, file], check=True, capture_output=True)
    shutil.rmtree(work)
    return file


def test_lintian_finds_nothing():
    for changes in glob.glob(os.path.join(ROOT, "build/deb/*.changes")):
        found = subprocess.run(["lintian", "--allow-root", "--fail-on=error,warning", changes], capture_output=True,
                               text=True, check=False)
        assert found.returncode == 0 and not re.search("^[EW]:", found.stdout, re.M), found.stdout + found.stderr


def test_after_installation_only_the_golden_image_is_missing():
    with Machine() as machine:
        machine.install(GANGD)
        machine.check_asked("start")
        assert machine.exists("etc/systemd/system/multi-user.target.wants/gangd.service")
        assert machine.exists("etc/systemd/system/sockets.target.wants/gangd.socket")
        for name in ("lib/udev/rules.d/60-gangd.rules", "lib/systemd/system/gangd.service", "lib/systemd/system/gangd.socket",
                     "usr/lib/sysusers.d/gangd.conf", "usr/lib/tmpfiles.d/gangd.conf", "usr/share/man/man8/gangd.8.gz",
                     "usr/share/man/man1/gangctl.1.gz", "usr/share/man/man5/gangd.conf.5.gz", "usr/share/gangd/web/index.html",
                     "usr/share/bash-completion/completions/gangctl", "usr/share/bash-completion/completions/gangd",
                     "usr/share/zsh/vendor-completions/_gangctl", "usr/share/zsh/vendor-completions/_gangd"):
            assert machine.exists(name), name
        assert machine.do("dpkg-query", "-W", "-f", "${Conffiles}", "gangd").split()[::2] == ["/etc/gangd/gangd.conf"]
        assert machine.do("stat", "-c", "%U %G %a", "/var/lib/gangd") == "gangd gangd 750\n"
        assert machine.do("stat", "-c", "%U %a", "/etc/gangd/gangd.conf") == "root 644\n"

        code, output = machine.run("gangd", "--check-config")
        assert code == 1 and output == "gangd: /var/lib/gangd/golden.bin: No such file or directory\n", (code, output)
        with machine.gangd() as gangd:
            assert not machine.status()["golden"]["ok"]
            assert machine.failing() == ["golden"]
            machine.golden()
            assert machine.do("gangd", "--check-config").startswith("/etc/gangd/gangd.conf: no errors; golden image of 4194304 bytes")
            gangd.send_signal(1)
            until("the golden image is taken", lambda: machine.status()["golden"]["ok"])
            assert machine.failing() == []


def test_upgrade_keeps_the_configuration_and_migrates_the_book():
    with Machine() as fresh:
        fresh.install(GANGD)
        with fresh.gangd():
            pass
        newest = fresh.book("PRAGMA user_version")

    with Machine() as machine:
        machine.install(older("0.0.1"))
        machine.check_asked("start")
        machine.write("etc/gangd/gangd.conf", machine.read("etc/gangd/gangd.conf").replace("#lot =", "lot = the lot"))
        edited = machine.read("etc/gangd/gangd.conf")
        with open(os.path.join(HERE, "book-1.sql"), encoding="utf-8") as sql:
            subprocess.run(["sqlite3", machine.path("var/lib/gangd/gangd.db")], stdin=sql, check=True)
        assert machine.book("PRAGMA user_version") == ["1"]
        machine.do("chown", "gangd:gangd", "/var/lib/gangd/gangd.db")

        machine.install(GANGD)
        machine.check_asked("restart")
        assert machine.read("etc/gangd/gangd.conf") == edited
        with machine.gangd():
            assert machine.status()["lot"] == "the lot"
            rows = json.loads(machine.do("gangctl", "attempts", "--json"))
        assert machine.book("PRAGMA user_version") == newest
        # The third attempt was open when the power failed.
        assert [(row["verdict"], row["mac"]) for row in rows] == [
            ("pass", "18:fe:34:00:00:01"), ("fail", "18:fe:34:00:00:02"), ("interrupted", "")], rows
        units = json.loads(machine.do("gangctl", "units", "--json", "--book", "/var/lib/gangd/gangd.db"))
        assert [(unit["mac"], unit["attempts"]) for unit in units] == [("18:fe:34:00:00:01", 1), ("18:fe:34:00:00:02", 1)], units


def test_remove_keeps_the_configuration_and_purge_keeps_the_book():
    with Machine() as machine:
        machine.install(GANGD)
        with machine.gangd():
            pass
        book = hashlib.sha256(open(machine.path("var/lib/gangd/gangd.db"), "rb").read()).digest()
        machine.check_asked("start")

        machine.do("apt-get", "remove", "-q", "-y", "gangd")
        machine.check_asked("stop")
        assert not machine.exists("usr/sbin/gangd") and not machine.exists("lib/systemd/system/gangd.service")
        assert machine.exists("etc/gangd/gangd.conf") and machine.exists("var/lib/gangd/gangd.db")

        output = machine.do("apt-get", "purge", "-q", "-y", "gangd")
        assert "/var/lib/gangd is kept" in output, output
        assert not machine.exists("etc/gangd")
        assert not machine.exists("etc/systemd/system/multi-user.target.wants/gangd.service")
        assert hashlib.sha256(open(machine.path("var/lib/gangd/gangd.db"), "rb").read()).digest() == book

        machine.install(GANGD)
        assert machine.exists("etc/gangd/gangd.conf")
        with machine.gangd():
            assert machine.status()["book"]["ok"]


def test_purge_of_a_station_without_a_book_leaves_nothing():
    with Machine() as machine:
        machine.install(GANGD)
        machine.do("apt-get", "purge", "-q", "-y", "gangd")
        for name in ("etc/gangd", "var/lib/gangd", "usr/share/gangd"):
            assert not machine.exists(name), name


def test_slots_are_learned_into_the_shipped_configuration():
    with Machine() as machine:
        machine.install(GANGD, BOARDSIM)
        for name in ("usr/share/man/man1/boardsim.1.gz", "usr/share/bash-completion/completions/boardsim",
                     "usr/share/zsh/vendor-completions/_boardsim"):
            assert machine.exists(name), name
        before = machine.read("etc/gangd/gangd.conf")
        # A standard input that stays open and gives no input.
        learn = machine.start("sh", "-c", "mkfifo /tmp/keys && exec boardsim --boards 0 --control /tmp/control -- gangctl "
                              "slots learn --write A1 A2 <>/tmp/keys", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        control = None
        for line in learn.stderr:
            asked = re.match("A([12]): plug ", line)
            if asked:
                control = control or Control(machine.path("tmp/control"))
                control(f"plug {asked[1]}")
        assert learn.wait(PATIENCE) == 0
        control.close()
        sections = "".join(f"\n[slot A{n}]\npath = pci-0000:00:14.0-usb-0:1.{n}:1.0\n" for n in (1, 2))
        assert machine.read("etc/gangd/gangd.conf") == before + sections
        assert machine.read("etc/gangd/gangd.conf~") == before
        assert machine.do("stat", "-c", "%U %G %a", "/etc/gangd/gangd.conf") == "root root 644\n"
        machine.golden()
        with machine.gangd():
            assert [slot["slot"] for slot in json.loads(machine.do("gangctl", "slots", "--json"))] == ["A1", "A2"]
        machine.do("apt-get", "purge", "-q", "-y", "gangd")
        assert not machine.exists("etc/gangd")


def test_the_installed_gangd_flashes_the_installed_boardsims_boards():
    with Machine() as machine:
        machine.install(GANGD, BOARDSIM)
        machine.golden()
        with machine.gangd("boardsim", "--boards", "2", "--"):
            until(lambda: f"two boards passed: {machine.status()}",
                  lambda: [slot["state"] for slot in machine.status()["slots"]] == ["pass", "pass"])


def main():
    if os.environ.get("GANGD_PACKAGE_TEST") != "inside":
        subprocess.run([os.path.join(ROOT, "tests/debian.sh"), os.path.join(CACHE, "root.tar"), "--", "init-system-helpers",
                        "passwd", GANGD, BOARDSIM], check=True)
        apart = ["unshare", "--mount", "--pid", "--fork", "--mount-proc"]
        if os.geteuid() != 0:
            apart += ["--map-root-user", "--map-auto"]
            name = pwd.getpwuid(os.getuid()).pw_name
            if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode != 0:
                print(f"skipped: {name} is not root and may not make user namespaces (newuidmap, /etc/subuid)")
                sys.exit(77)
        os.environ["GANGD_PACKAGE_TEST"] = "inside"
        os.execvp("unshare", [*apart, sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
    os.makedirs(MACHINES, exist_ok=True)
    run_tests(globals(), at_once=2)


main()
