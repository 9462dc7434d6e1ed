#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Debian packages in build/deb, in a small Debian root of their own: lintian, install, upgrade, remove, purge.

Needs no network once the root directory has been made (tests/debian.sh). Need not run as root if user namespaces are
allowed and /etc/subuid has a range for the user. It runs in namespaces of its own, so that its processes and mounts end
with it.
"""
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from machine import CACHE, Machine, run_in_machines  # noqa: E402
from boardsim import PATIENCE, ROOT, Control, until  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def package(name):
    found = glob.glob(os.path.join(ROOT, f"build/deb/{name}_*_*.deb"))
    assert len(found) == 1, f"{name}: {found}; run make deb"
    return found[0]


GANGD, BOARDSIM = package("gangd"), package("gangd-boardsim")


def older(version, configuration=None):
    """The package with a lower version, and with an own configuration, if any."""
    work = os.path.join(CACHE, "older")
    shutil.rmtree(work, ignore_errors=True)
    subprocess.run(["dpkg-deb", "--raw-extract", GANGD, work], check=True)
    control = os.path.join(work, "DEBIAN/control")
    with open(control, encoding="utf-8") as file:
        text = file.read()
    with open(control, "w", encoding="utf-8") as file:
        file.write(re.sub("(?m)^Version: .*", f"Version: {version}", text))
    if configuration:
        with open(os.path.join(work, "usr/share/gangd/gangd.conf"), "w", encoding="utf-8") as file:
            file.write(configuration)
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
        assert machine.do("dpkg-query", "-W", "-f", "${Conffiles}", "gangd").split() == []
        assert machine.do("ucfq", "-w", "/etc/gangd/gangd.conf").startswith("/etc/gangd/gangd.conf:gangd:Yes:No"), "ucf's"
        assert machine.do("stat", "-c", "%U %G %a", "/var/lib/gangd") == "gangd gangd 750\n"
        assert machine.do("stat", "-c", "%U %a", "/etc/gangd/gangd.conf") == "root 644\n"

        code, output = machine.run("gangd", "--check-config")
        assert code == 1 and re.fullmatch("gangd: /etc/gangd/gangd.conf:[0-9]+: /var/lib/gangd/golden.bin: No such file or "
                                          "directory\n", output), (code, output)
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
            rows = json.loads(machine.do("gangctl", "attempts", "--json", "--order", "oldest"))
        assert machine.book("PRAGMA user_version") == newest
        # The third attempt was open when the power failed.
        assert [(row["verdict"], row["mac"]) for row in rows] == [
            ("pass", "18:fe:34:00:00:01"), ("fail", "18:fe:34:00:00:02"), ("interrupted", "")], rows
        units = json.loads(machine.do("gangctl", "units", "--json", "--order", "oldest", "--book",
                                      "/var/lib/gangd/gangd.db"))
        assert [(unit["mac"], unit["attempts"]) for unit in units] == [("18:fe:34:00:00:01", 1), ("18:fe:34:00:00:02", 1)], units


def test_an_upgrade_without_a_terminal_keeps_an_edited_configuration():
    """Both have changed the configuration, the package and the station. Nobody is there to be asked which one is right:
    apt has no terminal, and its standard input is empty."""
    with Machine() as machine:
        machine.install(older("0.0.2", "[product]\nfile = /var/lib/gangd/golden.bin\n"))
        machine.check_asked("start")
        machine.write("etc/gangd/gangd.conf", machine.read("etc/gangd/gangd.conf") + "[station]\nlot = the lot\n")
        edited = machine.read("etc/gangd/gangd.conf")
        with machine.gangd() as gangd:
            machine.install(GANGD)
            assert gangd.poll() is None and machine.status()["lot"] == "the lot"
        machine.check_asked("restart")
        assert machine.do("dpkg-query", "-W", "-f", "${Status}", "gangd") == "install ok installed"
        assert machine.read("etc/gangd/gangd.conf") == edited
        with machine.gangd():
            assert machine.status()["lot"] == "the lot"


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


def make_root():
    subprocess.run([os.path.join(ROOT, "tests/debian.sh"), os.path.join(CACHE, "root.tar"), "--", "init-system-helpers",
                    "passwd", GANGD, BOARDSIM], check=True)


run_in_machines(globals(), make_root)
