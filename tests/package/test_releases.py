#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each Debian release that gangd is for: the packages are built in a root that has what debian/control asks for and nothing
else, installed there, and flash two virtual boards with the golden image that was built beside them.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from machine import AS_GANGD, CACHE, Machine, page, run_in_machines  # noqa: E402
from boardsim import ROOT  # noqa: E402

RELEASES = ("bookworm", "trixie")


def make_roots():
    making = [subprocess.Popen([os.path.join(ROOT, "tests/debian.sh"), os.path.join(CACHE, f"{release}.tar"),
                                "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*",
                                "--", "build-essential", "debian/control", "systemd", "udev", "init-system-helpers", "passwd",
                                "ucf"],
                               cwd=ROOT, env={**os.environ, "SUITE": release}) for release in RELEASES]
    failed = [each.returncode for each in making if each.wait() != 0]
    if failed:
        sys.exit(failed[0])


def copy_sources(machine):
    """The work tree's files, without those that git ignores."""
    subprocess.run(["sh", "-c", 'mkdir -p "$0" && git ls-files -z --cached --others --exclude-standard |'
                    ' tar -c --null --files-from=- | tar -x -C "$0"', machine.path("root/gangd")], cwd=ROOT, check=True)


def check_release(release):
    with Machine(f"{release}.tar") as machine:
        assert release in machine.read("etc/os-release")
        copy_sources(machine)
        machine.do("sh", "-c", "cd /root/gangd && dpkg-buildpackage -us -uc")
        machine.do("sh", "-c", "apt-get install -q -y /root/gangd_*.deb /root/gangd-boardsim_*.deb")
        machine.do("cp", "/root/gangd/build/common/demo.bin", "/var/lib/gangd/golden.bin")
        with page():
            machine.do(*AS_GANGD, "boardsim", "--boards", "2", "--operator", "auto", "--units", "2", "--", "/usr/sbin/gangd")
        units = json.loads(machine.do("gangctl", "units", "--json", "--book", "/var/lib/gangd/gangd.db"))
        assert [unit["verdict"] for unit in units] == ["pass", "pass"], units


def test_debian_12_builds_installs_and_flashes():
    check_release("bookworm")


def test_debian_13_builds_installs_and_flashes():
    check_release("trixie")


run_in_machines(globals(), make_roots)
