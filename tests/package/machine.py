# SPDX-License-Identifier: MIT
"""A small Debian root (tests/debian.sh) in namespaces of its own: what runs and is mounted there ends with the driver.

Needs no root where user namespaces may be made and /etc/subuid has a range for the user.
"""
import contextlib
import fcntl
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile

from boardsim import PATIENCE, ROOT, run_tests, until

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

# The user and groups of gangd.service.
AS_GANGD = ("setpriv", "--reuid=gangd", "--regid=gangd", "--groups=gangd,dialout", "--no-new-privs")


@contextlib.contextmanager
def page():
    """The port that the shipped configuration names: one gangd at a time, in all drivers."""
    with open(os.path.join(CACHE, "page.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


class Root:
    """A Debian root of its own, as a tar in CACHE has it."""

    def __init__(self, tar):
        self.processes = []
        # On a tmpfs, where every user can rename a directory; on an overlay this fails.
        self.dir = tempfile.mkdtemp(dir=MACHINES)
        mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", self.dir)
        subprocess.run(["tar", "-x", "-f", os.path.join(CACHE, tar), "-C", self.dir, "--numeric-owner", "--exclude=./dev/*"],
                       check=True)
        for name in DEVICES:
            self.write(f"dev/{name}", "")
            mount("--bind", f"/dev/{name}", self.path(f"dev/{name}"))
        for name in ("pts", "shm"):
            os.makedirs(self.path(f"dev/{name}"), exist_ok=True)
        mount("-t", "devpts", "-o", "newinstance,ptmxmode=0666", "devpts", self.path("dev/pts"))
        mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", self.path("dev/shm"))
        os.symlink("pts/ptmx", self.path("dev/ptmx"))
        os.symlink("/proc/self/fd", self.path("dev/fd"))
        mount("--rbind", "/proc", self.path("proc"))

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

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        subprocess.run(["umount", "--recursive", "--lazy", self.dir], check=True)
        os.rmdir(self.dir)


class Machine(Root):
    """A root whose systemd only writes down what it is asked for."""

    def __init__(self, tar="root.tar"):
        super().__init__(tar)
        os.rename(self.path("usr/bin/systemctl"), self.path("usr/bin/systemctl.real"))
        self.write("usr/bin/systemctl", SYSTEMCTL, 0o755)
        os.makedirs(self.path("run/systemd/system"))

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
        # An upgrade leaves the sockets alone: to start one that is there changes nothing.
        sockets = re.findall(r"\b(start|restart|stop)\b.* gangd\.socket", log)
        assert sockets == [verb.removeprefix("re")], log

    @contextlib.contextmanager
    def gangd(self, *before):
        """Runs gangd with the shipped configuration."""
        with page(), open(self.path("gangd.log"), "w+", encoding="utf-8") as log:
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

    def __exit__(self, kind, error, trace):
        if kind and self.exists("gangd.log"):
            print(self.read("gangd.log"), file=sys.stderr)
        super().__exit__(kind, error, trace)


def run_in_machines(names, make_roots, at_once=2):
    """Runs a driver's tests (run_tests) in namespaces, after make_roots() has made what their machines need."""
    if os.environ.get("GANGD_PACKAGE_TEST") != "inside":
        make_roots()
        apart = ["unshare", "--mount", "--pid", "--fork", "--mount-proc"]
        if os.geteuid() != 0:
            apart += ["--map-root-user", "--map-auto"]
            name = pwd.getpwuid(os.getuid()).pw_name
            if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode != 0:
                print(f"skipped: {name} is not root and may not make user namespaces (newuidmap, /etc/subuid)")
                sys.exit(77)
        os.environ["GANGD_PACKAGE_TEST"] = "inside"
        os.execvp("unshare", [*apart, sys.executable, os.path.abspath(sys.argv[0]), *sys.argv[1:]])
    os.makedirs(MACHINES, exist_ok=True)
    run_tests(names, at_once)
