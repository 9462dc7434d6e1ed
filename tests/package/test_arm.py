#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The unit tests on arm64 and armhf, as benches are that run on a Raspberry Pi: cross-compiled in a root with Debian 13's
libraries for both architectures, and run there by QEMU's user mode. armhf has 32 bits, and a time_t of 64. Debian 12's
QEMU (7.2) has no TCGETS2: a port cannot be opened in it.
"""
import concurrent.futures
import glob
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from machine import CACHE, Root, mount, run_in_machines  # noqa: E402
from boardsim import ROOT  # noqa: E402

COMPILERS = {"arm64": "gcc-aarch64-linux-gnu", "armhf": "gcc-arm-linux-gnueabihf"}
QEMU = {"arm64": "qemu-aarch64", "armhf": "qemu-arm"}
LANES = 2
PATIENCE = 8  # times as long as a test may take without QEMU
SUMMARY = re.compile(r"^([1-9]\d*) passed, (\d+) failed$")
# Tests that QEMU's user mode (10.0) cannot run, and why.
NOT_IN_QEMU = {
    "opens_as_promised": "QEMU's user mode has no TIOCGEXCL",
    "an_abort_does_not_wait_for_a_reader": "QEMU's user mode writes a line about the abort, into the pipe that nobody reads",
}


def libraries():
    """What debian/control asks for that is for the architecture that gangd will run on, and what its tests want."""
    with open(os.path.join(ROOT, "debian/control"), encoding="utf-8") as control:
        wanted = re.search(r"^Build-Depends:((?:.*\n)(?: .*\n)*)", control.read(), re.M).group(1)
    names = [name.split()[0] for name in wanted.split(",")]
    return [name for name in names if re.fullmatch(r"(lib|umockdev|zlib)[^:]*", name)] + ["check", "libc6-dev"]


def make_roots():
    for arch, compiler in COMPILERS.items():
        made = subprocess.run(
            [os.path.join(ROOT, "tests/debian.sh"), os.path.join(CACHE, f"{arch}.tar"),
             "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*", "--",
             "make", "pkg-config", "qemu-user", compiler, *(f"{name}:{arch}" for name in libraries())],
            cwd=ROOT, env={**os.environ, "SUITE": "trixie", "ARCH": arch}, check=False)
        if made.returncode != 0:
            sys.exit(made.returncode)


def in_tree(root, *command):
    """In the root, where the work tree is too: (exit code, both streams)."""
    process = root.start("env", "-C", ROOT, *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
    output, _ = process.communicate()
    return process.returncode, output


def run_program(root, arch, source):
    """Runs one test program; returns what is wrong, or None, and how many tests have passed and were skipped."""
    name = os.path.relpath(source, ROOT).removesuffix(".c")
    with open(source, encoding="utf-8") as file:
        # It would start itself anew, which the host's kernel cannot: QEMU is no longer in between.
        preload = ["-E", "LD_PRELOAD=libumockdev-preload.so.0"] if "preload_umockdev(" in file.read() else []
    code, output = in_tree(root, "CK_DEFAULT_TIMEOUT=60", f"CK_TIMEOUT_MULTIPLIER={PATIENCE}", f"EMULATOR={QEMU[arch]}",
                           "timeout", "3600", QEMU[arch], *preload, f"build/{arch}/{name}")
    failed = re.findall(r"^\S+:[FE]:[^:]*:(\w+):\d+:", output, re.M)
    last = (output.splitlines() or ["nothing said"])[-1]
    print(f"{arch} {os.path.basename(name)}: {last}", flush=True)
    summary = SUMMARY.match(last)
    passed = int(summary.group(1)) if summary else 0
    if code in (0, 1) and summary and int(summary.group(2)) == len(failed) and set(failed) <= set(NOT_IN_QEMU):
        for test in failed:
            print(f"skipped {arch} {test}: {NOT_IN_QEMU[test]}", flush=True)
        return None, passed, len(failed)
    return f"{name} exited with {code}:\n{output[-6000:]}", passed, 0


def check_arch(arch):
    with Root(f"{arch}.tar") as root:
        os.makedirs(root.path(ROOT.lstrip("/")), exist_ok=True)
        mount("--bind", ROOT, root.path(ROOT.lstrip("/")))
        code, output = in_tree(root, "make", "-j2", f"FLAVOR={arch}", "unit-tests")
        assert code == 0, output[-6000:]
        sources = sorted(glob.glob(os.path.join(ROOT, "tests/unit/*/test_*.c")))
        with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
            results = list(pool.map(lambda source: run_program(root, arch, source), sources))
    wrong = [text for text, _, _ in results if text]
    print(f"{arch}: of {len(results)} programs {len(wrong)} failed; {sum(passed for _, passed, _ in results)} tests passed, "
          f"{sum(skipped for _, _, skipped in results)} skipped", flush=True)
    assert sources and not wrong, "\n".join(wrong)


def test_arm64():
    check_arch("arm64")


def test_armhf():
    check_arch("armhf")


run_in_machines(globals(), make_roots, at_once=1)
