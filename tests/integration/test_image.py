#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Images that are wrong or unusual: what gangctl says about the files, and what gangd does with a product of them."""
import hashlib
import json
import os
import struct
import subprocess
import tempfile

from station import GANGCTL, GANGD, PATIENCE, SANITIZE, Station, image, run_tests


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


# --- gangd


def check_config(files, *lines):
    """(exit code, errors, what is printed) of --check-config for files of these (offset, content)."""
    with tempfile.TemporaryDirectory() as directory:
        product = []
        for n, (offset, data) in enumerate(files):
            product.append(f"file = {directory}/{n}.bin @ {offset:#x}")
            with open(os.path.join(directory, f"{n}.bin"), "wb") as file:
                file.write(data)
        path = os.path.join(directory, "t.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(("[product]", *product, *lines, "[station]", f"book = {directory}/b.db", "[http]",
                                  f"socket = {directory}/s", "listen = none", "")))
        done = subprocess.run([GANGD, "--check-config", "--config", path], capture_output=True, text=True, check=False,
                              timeout=PATIENCE, env={**os.environ, **SANITIZE})
        return done.returncode, done.stderr.replace(directory + "/", ""), done.stdout


def test_what_cannot_boot_at_its_place_is_refused():
    """Each wrong thing beside the right one."""
    good = boot_image(size_clock=0x40)
    second_stage = bytes.fromhex("ea04000104001040") + struct.pack("<II", 0, 64) + bytes(64) + good
    for wrong, right, words in (
            ([(0, good[:-1])], [(0, good)], "1.bin: the file is truncated"),
            ([(0, damaged(good, 20))], [(0, good)], "1.bin: the checksum of the image at 0x0 is"),
            ([(0, boot_image(entry=0, size_clock=0x40))], [(0, good)], "1.bin: the image at 0x0 starts at 0x00000000"),
            ([(0, second_stage)], [(0, good), (0x1000, second_stage)], "1.bin: not an ESP8266 boot image"),
            ([(0, good), (0x1000, damaged(second_stage, 110))], [(0, good), (0x1000, second_stage)],
             "2.bin: the checksum of the image at 0x0 is"),
            ([(0, b"\x05" * 128)], [(0, good), (0x3fc000, b"\x05" * 128)], "1.bin: not an ESP8266 boot image"),
            ([(0, b"\xff" * 4096)], [(0, good), (0x1000, b"\xff" * 4096)], "1.bin: not an ESP8266 boot image")):
        code, errors, _ = check_config([(0x200000, b"\0"), *wrong])
        line = 2 + int(words[0])
        assert code == 1 and errors.startswith(f"gangd: t.conf:{line}: {words}"), (words, errors)
        assert errors.count("\n") == 1 and "; " in errors, errors
        code, errors, _ = check_config([(0x200000, b"\0"), *right])
        assert (code, errors) == (0, ""), (words, errors)
        assert check_config([(0x200000, b"\0"), *wrong], "image_check = no")[:2] == (0, ""), words


def test_what_is_unusual_is_a_warning():
    code, errors, said = check_config([(0, boot_image(mode=9)), (0x2000, b"text\n")])
    assert code == 0 and "no errors" in said, (code, errors, said)
    mode, text = errors.splitlines()
    assert mode.startswith("gangd: warning: t.conf:2: 0.bin: the header's flash mode is 9"), mode
    assert text.startswith("gangd: warning: t.conf:3: 1.bin: of no use in the flash of an ESP8266: it is text"), text


def test_the_header_may_not_say_more_flash_than_the_product_has():
    for size_clock, flash_size, code, words in (
            (0x40, "1MB", 1, "the header says 4MB of flash, more than the 1024 KB of flash_size"),
            (0x20, "1MB", 0, ""), (0x40, "any", 0, ""), (0x20, "4MB", 0, ""),
            (0x10, "any", 0, "warning: t.conf:2: 0.bin: the header says 256KB of flash, and the files end at 0x80004")):
        result, errors, _ = check_config([(0, boot_image(size_clock=size_clock)), (0x80000, b"\5\0\0\0")],
                                         f"flash_size = {flash_size}")
        assert result == code and words in errors and bool(words) == bool(errors), (size_clock, flash_size, errors)
    # A partition table in a file of its own tells how sizes are counted: 2 is 4 MB there.
    table = b"\xaa\x50\1\2" + bytes(28) + b"\xff" * 32
    result, errors, _ = check_config([(0, boot_image()), (0x8000, table)], "flash_size = 2MB")
    assert result == 1 and "says 4MB" in errors, errors


def test_the_header_is_set_as_the_product_says():
    golden = image()
    digest = hashlib.sha256(golden).hexdigest()
    changed = golden[:2] + b"\x03\x4f" + golden[4:]
    lines = f"sha256 = {digest}\nflash_mode = dout\nflash_freq = 80MHz\nflash_size_header = 4MB\ncompare = never"
    with Station(boards=1, golden=golden, product=lines) as station:
        station.knows([(0, changed)])
        station.wait(1, "pass")
        # The book has the digest of what the board has; the board is compared with it at the end.
        assert station.status()["golden"]["md5"] == hashlib.md5(changed).hexdigest()
        row, = station.rows("SELECT i.md5 FROM attempts a JOIN images i ON i.id = a.image")
        assert row["md5"] == hashlib.md5(changed).hexdigest(), row
        assert station.flash(1)[:4] == changed[:4]


def test_a_header_that_cannot_be_set_is_refused():
    table = b"\xaa\x50\1\2" + bytes(28) + b"\xff" * 32
    for files, key, words in (
            ([(0, b"text\n")], "flash_mode = DIO", "flash_mode cannot be set in the header of 0.bin: it has no header"),
            ([(0x1000, boot_image())], "flash_freq = 80MHz", "flash_freq cannot be set in the header of 0.bin: there is no"),
            ([(0, boot_image()), (0x8000, table)], "flash_size_header = 512KB", "its header has no code for 512KB")):
        code, errors, _ = check_config(files, key)
        assert code == 1 and errors.startswith(f"gangd: t.conf:{2 + len(files)}: ") and words in errors, (key, errors)
        assert errors.count("\n") == 1, errors
    assert check_config([(0, boot_image(mode=9))], "flash_mode = DIO")[:2] == (0, "")
    assert check_config([(0, boot_image(size_clock=0x40))], "flash_size_header = 1MB", "flash_size = 1MB")[:2] == (0, "")
    assert check_config([(0, boot_image()), (0x8000, table)], "flash_size_header = 1MB", "flash_size = 1MB")[:2] == (0, "")


def test_a_running_station_says_the_same():
    unusual, wrong = boot_image(mode=9), damaged(image(), 20)
    with Station(golden=unusual) as station:
        golden = station.status()["golden"]
        warning, = golden["warnings"]
        assert golden["ok"] and warning.startswith(f"{station.config}:6: {station.path('golden.bin')}: the header"), golden
        station.wait_log(f"golden: {warning}")
        done = subprocess.run([GANGCTL, "status", "--socket", station.socket], capture_output=True, text=True,
                              check=False, timeout=PATIENCE, env={**os.environ, **SANITIZE})
        assert warning in done.stdout, done
        station.write_golden(wrong)
        status, answer = station.post("reload")
        assert status == 422 and "the checksum of the image at 0x0 is" in answer["errors"][0], answer
        assert station.status()["golden"]["warnings"] == [warning]
        station.write_golden(image())
        assert station.post("reload")[0] == 200
        assert station.status()["golden"]["warnings"] == []


if __name__ == "__main__":
    run_tests(globals())
