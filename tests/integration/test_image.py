#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Images that are wrong or unusual: what gangctl says about the files, and what gangd does with a product of them."""
import json
import os
import struct
import subprocess
import tempfile

from station import GANGCTL, PATIENCE, SANITIZE, image, run_tests


def boot_image(mode=2, size_clock=0x20, entry=0x40100004, segments=((0x40100000, bytes(range(64))),)):
    """An image that the boot ROM loads (docs/images.md)."""
    data = struct.pack("<BBBBI", 0xE9, len(segments), mode, size_clock, entry)
    checksum = 0xEF
    for address, content in segments:
        data += struct.pack("<II", address, len(content)) + content
        for byte in content:
            checksum ^= byte
    return data + bytes(15 - len(data) % 16) + bytes([checksum])


def damaged(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def gangctl_image(files, *options):
    """(exit code, output) for files of these contents, each named by its number."""
    with tempfile.TemporaryDirectory() as directory:
        for name, data in enumerate(files):
            with open(os.path.join(directory, str(name)), "wb") as file:
                file.write(data)
        done = subprocess.run([GANGCTL, "image", *options, *[str(n) for n in range(len(files))]], capture_output=True,
                              text=True, check=False, timeout=PATIENCE, cwd=directory, env={**os.environ, **SANITIZE})
        return done.returncode, done.stdout + done.stderr


def test_gangctl_tells_what_a_file_is():
    for data, code, words in (
            (image(), 0, ("an image that the boot ROM loads", "65536 bytes\n", "header       DIO, 40 MHz, ",
                          "at 0x0       starts at 0x401000", "loads 2 segments")),
            (damaged(image(), 40), 1, ("error        the checksum of the image at 0x0 is", 'prints "csum err" and stops')),
            (image()[:300], 1, ("error        the file is truncated",)),
            (boot_image(mode=7), 0, ("warning      the header's flash mode is 7", "header       no mode, 40 MHz, 1MB")),
            (b"\x1f\x8b\x08\0", 1, ("gzip", "error        not an ESP8266 boot image", "gunzip")),
            (b"\x01\0\0\0\xf0\x0f\xff\xf7littlefs", 0, ("LittleFS", "boot ROM     not for offset 0, where it finds no image")),
            (b"", 1, ("an empty file",))):
        result = gangctl_image([data])
        assert result[0] == code and all(word in result[1] for word in words), (words, result)


def test_gangctl_tells_it_of_several_files_and_as_json():
    code, said = gangctl_image([image(), b"text\n"])
    assert code == 1 and said.count("\nkind ") == 2 and "\n\nfile         1\n" in said, said
    code, said = gangctl_image([boot_image(), b"text\n"], "--json")
    right, wrong = json.loads(said)
    assert code == 1 and (right["file"], right["ok"], right["kind"], right["remarks"]) == ("0", True, "rom-image", []), said
    assert right["header"] == {"mode": "DIO", "clock_mhz": 40, "size": "1MB"}, right
    assert right["executables"] == [{"offset": 0, "format": "rom", "entry": 0x40100004,
                                     "segments": [{"address": 0x40100000, "size": 64}]}], right
    assert (wrong["ok"], wrong["kind"], wrong["header"]) == (False, "text", None), wrong
    remark, = wrong["remarks"]
    assert (remark["code"], remark["level"]) == ("not-bootable", "error") and "it is text" in remark["text"], remark


def test_gangctl_names_a_file_that_it_cannot_read():
    done = subprocess.run([GANGCTL, "image", "/nonexistent/file", "/"], capture_output=True, text=True, check=False,
                          timeout=PATIENCE, env={**os.environ, **SANITIZE})
    assert done.returncode == 1 and done.stdout == "", done
    assert done.stderr == "gangctl: /nonexistent/file: No such file or directory\ngangctl: /: not a file\n", done


if __name__ == "__main__":
    run_tests(globals())
