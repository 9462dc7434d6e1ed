#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Firmware as others ship it: what gangctl tells of each image, and that gangd takes it. Two of them are dumps of a board
that was in use. One is for an ESP32.
"""
import json
import os
import subprocess
import sys
import tempfile

from esp import PEERS, SKIPPED, run_tests
from boardsim import BUILD, PATIENCE, SANITIZE

FIRMWARE = os.path.join(PEERS, "firmware")
LARGE = "smaller-than-files"  # says 512 KB and is larger: for MicroPython that is usual

# name: kind, what the header says, where executables are, warnings
IMAGES = {
    "circuitpython-2.3.1.bin": ("micropython", "QIO 40 512KB", [0], [LARGE]),
    "circuitpython-3.0.0-beta.1.bin": ("micropython", "QIO 40 512KB", [0], [LARGE]),
    "esp8266basic-3.0alpha.bin": ("arduino", "QIO 40 1MB", [0, 0x1000], []),
    "espruino-1v99.bin": ("nonos", "QIO 40 512KB", [0, 0x1000], []),
    "micropython+blinka-0.0.0.bin": ("micropython", "QIO 40 1MB", [0], []),
    "micropython-1.10.0.bin": ("micropython", "QIO 40 512KB", [0], [LARGE]),
    "micropython-1.9.3.bin": ("micropython", "QIO 40 512KB", [0], [LARGE]),
    "micropython-1.9.4.bin": ("micropython", "QIO 40 512KB", [0], [LARGE]),
    "nodemcu-1.5.4.1.bin": ("rom-image", "QIO 40 512KB", [0], []),
    "punyforth-0.5.bin": ("rboot", "DOUT 40 4MB", [0, 0x2000], []),
    "vanguard+rainbow-0.1.0.bin": ("micropython", "DOUT 40 1MB", [0], []),
    "esp-linker-esp8266.bin": ("arduino", "DIO 40 4MB", [0, 0x1000], []),
}


def gangctl_image(*files):
    done = subprocess.run([os.path.join(BUILD, "gangctl"), "image", "--json", *files], capture_output=True, text=True,
                          check=False, timeout=PATIENCE, env={**os.environ, **SANITIZE})
    return done.returncode, json.loads(done.stdout)


def test_each_image_is_told_right():
    code, found = gangctl_image(*[os.path.join(FIRMWARE, name) for name in IMAGES])
    assert code == 0, found
    for (name, (kind, header, executables, _)), image in zip(IMAGES.items(), found):
        said = "{mode} {clock_mhz} {size}".format(**image["header"])
        assert (image["kind"], said) == (kind, header), (name, image)
        assert [part["offset"] for part in image["executables"]] == executables, (name, image)
        assert image["remarks"] == [] and " starts at 0x401" in image["boot_rom"], (name, image)


def check_config(name, data):
    """(exit code, what it says on standard error) for a product of this one file."""
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, name), "wb") as file:
            file.write(data)
        path = os.path.join(directory, "gangd.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"[product]\nfile = {directory}/{name}\n[station]\nbook = {directory}/b.db\n"
                       f"[http]\nsocket = {directory}/s\nlisten = none\n")
        done = subprocess.run([os.path.join(BUILD, "gangd"), "--check-config", "--config", path], capture_output=True,
                              text=True, check=False, timeout=PATIENCE, env={**os.environ, **SANITIZE})
        return done.returncode, done.stderr


def read(name):
    with open(os.path.join(FIRMWARE, name), "rb") as file:
        return file.read()


def test_each_image_is_taken_by_gangd():
    for name, (_, _, _, warnings) in IMAGES.items():
        code, said = check_config(name, read(name))
        assert code == 0, (name, said)
        assert said.count("\n") == len(warnings) and ("the header says 512KB" in said) == bool(warnings), (name, said)


def test_a_part_of_an_image_is_refused():
    """Cut off in the middle; NodeMCU's code in flash has no length and no sum."""
    for name in IMAGES.keys() - {"nodemcu-1.5.4.1.bin"}:
        code, said = check_config(name, read(name)[:0x20000])
        assert code == 1 and "truncated" in said, (name, said)


def test_a_damaged_image_is_refused():
    for name in IMAGES:
        data = read(name)
        code, said = check_config(name, data[:0x100] + bytes([data[0x100] ^ 1]) + data[0x101:])
        assert code == 1 and "image at 0x0" in said, (name, said)


def test_an_image_for_an_esp32_is_refused():
    code, (image,) = gangctl_image(os.path.join(FIRMWARE, "esp-linker-esp32.bin"))
    assert code == 1 and image["kind"] == "esp32", image
    code, said = check_config("esp-linker-esp32.bin", read("esp-linker-esp32.bin"))
    assert code == 1 and "an image for an ESP32" in said, said


if __name__ == "__main__":
    if not os.path.exists(os.path.join(FIRMWARE, "esp-linker-esp32.bin")):
        print(f"skipped: no images in {FIRMWARE} (make test-peers fetches them)")
        sys.exit(SKIPPED)
    run_tests(globals())
