#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""QEMU's lx106 as a referee of boardsim's: random blocks of code run on both, and all they leave is compared.

    test_cpu.py [--blocks N] [--seed S] [--first K]

Block K of seed S is always the same code with the same registers, so --seed S --first K --blocks 1 repeats it alone.
What is compared: all registers, SAR and the other special registers, memory, and the vector by which the block ended;
what is not is told in cpu_blocks.h. cpu_peer.c does the work; BUILD is where it is, COMMON where cpu_harness.elf is.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

from esp import SKIPPED
from boardsim import BUILD, COMMON

BATCH = 25000

# A hang, not a slow machine: a batch takes QEMU a few seconds.
PATIENCE = 300

PEER = os.path.join(BUILD, "cpu_peer")
HARNESS = os.path.join(COMMON, "cpu_harness.elf")
TOOLS = "xtensa-lx106-elf-"


def qemu(directory):
    """Runs the blocks that are in `directory`; the results are there afterwards, as far as QEMU came."""
    command = ["qemu-system-xtensa", "-M", "sim", "-cpu", "lx106", "-semihosting", "-display", "none", "-monitor", "none",
               "-serial", f"file:{directory}/results", "-kernel", HARNESS]
    for name, address in (("inputs", 0x60000000), ("code", 0x62000000), ("iram", 0x40100000)):
        command += ["-device", f"loader,file={directory}/{name},addr={address:#x},force-raw=on"]
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=PATIENCE)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        print(error)


def disassembled(directory, report):
    """The report of a block that differs, with its code."""
    number, address, entry = re.match(r"block (\d+) at (0x\w+), entry (0x\w+)", report).groups()
    lines = subprocess.run(
        [TOOLS + "objdump", "-D", "-b", "binary", "-m", "xtensa", f"--adjust-vma={address}", f"--start-address={entry}",
         os.path.join(directory, f"block.{number}")], check=True, capture_output=True, text=True).stdout.splitlines()
    return report + "".join(line + "\n" for line in lines if re.match(r"\s*[0-9a-f]+:\t", line))


def batch(seed, first, count):
    """Compares that many blocks. Returns how many differ."""
    with tempfile.TemporaryDirectory(prefix="gangd-cpu-") as directory:
        arguments = [directory, str(seed), str(first), str(count)]
        subprocess.run([PEER, "make", *arguments], check=True)
        qemu(directory)
        told = subprocess.run([PEER, "compare", *arguments], capture_output=True, text=True)
        if told.stderr or told.returncode not in (0, 1):
            print(told.stderr)
            return count
        for report in re.findall(r"^block \d+ at .*\n(?:  .*\n)*", told.stdout, re.M):
            number = re.match(r"block (\d+)", report)[1]
            print(disassembled(directory, report) + f"again: test_cpu.py --seed {seed} --first {number} --blocks 1\n")
        return int(re.search(r"(\d+) failed$", told.stdout)[1])


def encodings_are_right():
    """Whether the GNU assembler makes of our text what our encoder makes of it."""
    with tempfile.TemporaryDirectory(prefix="gangd-cpu-") as directory:
        path = os.path.join(directory, "all")
        subprocess.run([PEER, "encodings", directory, "1", "200"], check=True)
        subprocess.run([TOOLS + "as", "-o", path + ".o", path + ".s"], check=True)
        subprocess.run([TOOLS + "objcopy", "-O", "binary", "-j", ".text", path + ".o", path + ".text"], check=True)
        with open(path + ".text", "rb") as theirs, open(path + ".bin", "rb") as ours:
            theirs, ours = theirs.read(), ours.read()
        if theirs == ours:
            return True
        at = next((i for i, (a, b) in enumerate(zip(theirs, ours)) if a != b), min(len(theirs), len(ours)))
        print(f"encodings differ at byte {at} of {len(theirs)} and {len(ours)}: {theirs[at:at + 4].hex()} {ours[at:at + 4].hex()}")
        listing = subprocess.run([TOOLS + "objdump", "-d", path + ".o"], check=True, capture_output=True, text=True).stdout
        print("\n".join(line for line in listing.splitlines() if re.match(rf"\s*({at:x}|{at - 1:x}|{at - 2:x}):", line)))
        return False


def main():
    parser = argparse.ArgumentParser(description="Compares boardsim's CPU with QEMU's.")
    parser.add_argument("--blocks", type=int, default=50000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()

    if not shutil.which("qemu-system-xtensa"):
        print("skipped: no qemu-system-xtensa (make test-peers installs it)")
        sys.exit(SKIPPED)
    failed = 0 if encodings_are_right() else 1
    for first in range(options.first, options.first + options.blocks, BATCH):
        failed += batch(options.seed, first, min(BATCH, options.first + options.blocks - first))
    print(f"{options.blocks + 1 - failed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
