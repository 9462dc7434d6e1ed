#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Input to gangd: configurations, images, reloads, requests; and ports that another program has open."""
import hashlib
import os
import re
import signal
import subprocess
import tempfile

from station import GANGD, PATIENCE, SANITIZE, SLOW, STUB_JSON, Skip, Station, image, run_tests

OTHER = image(65536, seed=2)


def md5(data):
    return hashlib.md5(data).hexdigest()


# --- --check-config


def sha256_of_text():
    return hashlib.sha256(b"no image at all\n" * 100).hexdigest()


def check(directory, text, places=True, **options):
    """(exit code, output) of --check-config for a configuration; {} stands for the directory, where its other places are."""
    path = os.path.join(directory, "gangd.conf")
    if text and places:
        text += f"[station]\nbook = {{}}/gangd.db\n[http]\nsocket = {{}}/gangd.sock\nweb = {os.path.abspath('web')}\n"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("{}", directory))
    result = subprocess.run([GANGD, "--check-config", "--config", path], capture_output=True, text=True, check=False,
                            timeout=PATIENCE, env={**os.environ, **SANITIZE}, **options)
    return result.returncode, (result.stdout + result.stderr).replace(directory, "{}")


def files(directory):
    for name, data in (("good", image()), ("empty", b""), ("text", b"no image at all\n" * 100)):
        with open(os.path.join(directory, name), "wb") as file:
            file.write(data)


def test_a_good_configuration():
    with tempfile.TemporaryDirectory() as directory:
        files(directory)
        code, said = check(directory, f"[product]\nfile = {{}}/good\nstub = {STUB_JSON}\n")
        assert code == 0 and md5(image()) in said and "stub.json" in said, said
        code, said = check(directory, "[product]\nfile = {}/good\nfile = {}/text @ 0x10000\n")
        assert code == 0, said
        code, said = check(directory, "[product]\nfile = {}/text\nimage_check = no\n")
        assert code == 0, said
        digest = hashlib.sha256(image()).hexdigest()
        code, said = check(directory, f"[product]\nfile = {{}}/good\nsha256 = {digest}\n"
                                      f"file = {{}}/text @ 0x10000\nflash_size = any\nsha256 = {sha256_of_text()}\n")
        assert code == 0, said


def test_each_bad_configuration_is_named():
    cases = (
        ("", "{}/gangd.conf", "file"),
        ("[product]\nfile = {}/good\ncolour = red\n", "{}/gangd.conf:3:", "colour"),
        ("[prodct]\nfile = {}/good\n", "{}/gangd.conf:1:", "prodct"),
        ("file = {}/good\n", "{}/gangd.conf:1:", "file"),
        ("[product]\nfile = {}/good\n[flashing]\n\ntries = 99\n", "{}/gangd.conf:5:", "from 1 to 10"),
        ("[product]\nfile = {}/good\n[flashing]\nbaud = 115200 921600\n", "{}/gangd.conf:4:", "baud"),
        ("[product]\nfile = {}/good @ 0x123\n", "{}/gangd.conf:2:", "0x1000"),
        ("[product]\nfile = {}/good\n[slot A]\npath = x\n[slot B]\npath = x\n", "{}/gangd.conf:5:", "[slot A]"),
        ("[product]\nfile = {}/good\n[slot A]\npath = x\n[slot A]\npath = y\n", "{}/gangd.conf:5:", "[slot A]"),
        ("[product]\nfile = {}/good\n[slot A]\nreset = auto\n", "{}/gangd.conf:3:", "path"),
        ("[product]\nfile = {}/good\n[http]\nlisten = 0.0.0.0:80\n", "{}/gangd.conf:4:", "loopback"),
        ("[product]\nfile = {}/good\ncompare = last\n", "{}/gangd.conf:3:", "first"),
        ("[product]\nfile = {}/none\n", "{}/gangd.conf:2: {}/none: No such file or directory\n"),
        ("[product]\nfile = {}\n", "{}/gangd.conf:2: {}: not a file"),
        ("[product]\nfile = {}/empty\n", "{}/gangd.conf:2:", "{}/empty", "empty"),
        ("[product]\nfile = {}/text\n", "{}/gangd.conf:2:", "{}/text", "not an ESP8266 boot image"),
        ("[product]\nfile = {}/good\nfile = {}/text @ 0x8000\n", "{}/gangd.conf:3:", "{}/text", "{}/good", "overlap"),
        ("[product]\nfile = {}/good @ 0x10000\n", "{}/gangd.conf:", "offset 0"),
        ("[product]\nfile = {}/good\nstub = {}/none\n", "{}/gangd.conf:3: {}/none: No such file or directory\n"),
        ("[product]\nfile = {}/good\nstub = {}/text\n", "{}/gangd.conf:3: {}/text: not a stub"),
        ("[product]\nfile = \"{}/good\"\n", ":2: \"{}/good\": No such file or directory; write the value without quotes"),
        ("[product]\nfile = {}/good # golden\n", ":2:", "No such file or directory; a comment needs a line of its own"),
        ("[product]\nfile = {}/good@0x10000\n", ":2:", "write blanks around the '@': PATH @ 0x10000"),
        ("[product]\nfile = {}/good@ 65536\n", ":2:", "write blanks around the '@': PATH @ 0x10000"),
        ("[product]\nfile = {}/good, {}/text @ 0x10000\n", ":2:", "write one file = PATH for each file, without a comma"),
        ("[product]\nfile = {}/good\nstub = '{}/stub'\n", ":3:", "write the value without quotes"),
        (f"[product]\nfile = {{}}/good\nsha256 = {'0' * 64}\n", "{}/gangd.conf:2: {}/good: is another file: its SHA-256 is",
         hashlib.sha256(image()).hexdigest(), f"not {'0' * 64} as sha256 says"),
    )
    with tempfile.TemporaryDirectory() as directory:
        files(directory)
        for text, *words in cases:
            code, said = check(directory, text)
            assert code == 1, (text, code, said)
            assert said.startswith("gangd: {}/gangd.conf") and said.count("\n") == 1 and all(word in said for word in words), (text, words, said)


def test_all_errors_are_named():
    with tempfile.TemporaryDirectory() as directory:
        files(directory)
        code, said = check(directory, "[product]\nfile = {}/good\ncolour = red\n[flashing]\ntries = 0\n[slot A]\n")
        assert code == 1, said
        assert [line.split(": ")[1] for line in said.splitlines()] == [f"{{}}/gangd.conf:{n}" for n in (3, 5, 6)], said
        code, said = check(directory, "[product]\nfile = {}/none\nfile = {}/empty @ 0x10000\nstub = {}/text\n")
        assert code == 1, said
        assert [line.split(": ")[1] for line in said.splitlines()] == [f"{{}}/gangd.conf:{n}" for n in (2, 3, 4)], said


def test_places_that_gangd_cannot_use():
    good = "[product]\nfile = {}/good\n"
    cases = (
        (good + "[station]\nbook = {}/none/b.db\n", ":4: book = {}/none/b.db: {}/none: No such file or directory"),
        (good + "[station]\nbook = '{}/b.db'\n", ":4:", "write the value without quotes"),
        (good + "[http]\nsocket = {}/none/s\n", ":4: socket = {}/none/s: {}/none: No such file or directory"),
        (good + "[http]\nsocket = {}/good/s\n", ":4: socket = {}/good/s: {}/good: Permission denied"),
        (good + "[http]\nweb = {}/none\n", ":4: web = {}/none: {}/none: No such file or directory"),
    )
    with tempfile.TemporaryDirectory() as directory:
        files(directory)
        places = {"station": "book = {}/b.db\n", "http": f"socket = {{}}/s\nweb = {os.path.abspath('web')}\n"}
        for text, *words in cases:
            given = text.splitlines()[-1].split(" = ")[0]
            rest = "".join(f"[{name}]\n" + "".join(line + "\n" for line in keys.splitlines() if not line.startswith(given))
                           for name, keys in places.items())
            code, said = check(directory, text + rest, places=False)
            assert code == 1 and said.count("\n") == 1 and all(word in said for word in words), (text, words, said)
        # Nobody asks for the page.
        code, said = check(directory, good + "[station]\nbook = {}/b.db\n[http]\nsocket = {}/s\nlisten = none\nweb = {}/none\n",
                           places=False)
        assert code == 0, said


def test_a_station_without_a_page_needs_none_of_its_files():
    with Station(boards=0, start=False) as station:
        station.sections["http"] = re.sub("(?m)^web = .*", "web = /none", station.sections["http"])
        station.write_config()
        station.start()
        assert station.status()["station"] == "bench"


def test_a_configuration_that_does_not_answer_is_given_up():
    with tempfile.TemporaryDirectory() as directory:
        pipe = os.path.join(directory, "gangd.conf")
        os.mkfifo(pipe)
        started = [subprocess.Popen([GANGD, *options, "--config", pipe], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                    text=True, env={**os.environ, **SANITIZE}) for options in ((), ("--check-config",))]
        for gangd in started:
            said, _ = gangd.communicate(timeout=PATIENCE)
            assert gangd.returncode == 1 and said == f"gangd: {pipe}: cannot be read: no answer for 10 s\n", said


def test_files_that_cannot_be_read():
    with tempfile.TemporaryDirectory() as directory:
        files(directory)
        os.chmod(directory, 0o755)
        os.chmod(os.path.join(directory, "good"), 0)
        os.mkdir(os.path.join(directory, "locked"), 0o555)
        options = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        try:
            code, said = check(directory, "[product]\nfile = {}/good\n[station]\nbook = {}/locked/b.db\n"
                                          "[http]\nsocket = none\nlisten = none\n", places=False, **options)
        except PermissionError as error:
            raise Skip("gangd cannot be run by somebody who may not read everything") from error
        assert code == 1 and "{}/gangd.conf:2: {}/good: Permission denied\n" in said, said
        assert "{}/gangd.conf:4: book = {}/locked/b.db: {}/locked: Permission denied\n" in said, said


def test_the_command_line():
    def gangd(*arguments):
        return subprocess.run([GANGD, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE,
                              env={**os.environ, **SANITIZE})

    assert gangd("--help").returncode == 0 and "--check-config" in gangd("--help").stdout
    assert gangd("--version").stdout.startswith("gangd ")
    for arguments in (("--nope",), ("--config",), ("file.conf",)):
        result = gangd(*arguments)
        assert result.returncode == 2 and "--help" in result.stderr, result
    result = gangd("--config", "/no/such.conf")
    assert result.returncode == 1 and "/no/such.conf" in result.stderr, result


# --- reload


def reload_until(station, condition):
    station.send(signal.SIGHUP)
    return station.wait_status(lambda status: condition(status["golden"]))


def test_a_new_image_is_used_for_later_boards():
    large = image(131072)
    with Station(boards=1, golden=large, flashing=SLOW) as station:
        station.wait_writing(1)
        station.write_golden(OTHER)
        station.knows([(0, OTHER)])
        reload_until(station, lambda golden: golden["md5"] == md5(OTHER))
        assert station.slot(1)["state"] == "flashing", "or the test shows nothing"
        station.plug(2)
        assert station.wait(2, "pass")["attempt"]["image_md5"] == md5(OTHER)
        assert station.wait(1, "pass")["attempt"]["image_md5"] == md5(large)
        assert station.flash(1).startswith(large) and station.flash(2).startswith(OTHER)
        assert station.rows("SELECT md5 FROM images ORDER BY first_used") == [{"md5": md5(large)}, {"md5": md5(OTHER)}]


def test_a_bad_new_image_leaves_the_old_in_force():
    with Station() as station:
        os.rename(station.path("golden.bin"), station.path("kept.bin"))
        for spoil, why in ((lambda: None, "No such file"), (lambda: station.write_golden(b""), "empty"),
                           (lambda: station.write_golden(b"x" * 70000), "not an ESP8266 boot image")):
            spoil()
            golden = reload_until(station, lambda golden, w=why: w in (golden["error"] or ""))["golden"]
            assert golden["ok"] is True and golden["md5"] == md5(image()), golden
            assert station.path("golden.bin") in golden["error"], golden
            assert f"config: not reloaded: {golden['error']}" in station.log()
        station.plug(1)
        assert station.wait(1, "pass")["attempt"]["image_md5"] == md5(image())
        os.rename(station.path("kept.bin"), station.path("golden.bin"))
        reload_until(station, lambda golden: golden["error"] is None)


def test_a_bad_new_configuration_leaves_the_old_in_force():
    with Station(station="lot = old\n") as station:
        good = dict(station.sections)
        station.sections["station"] = good["station"].replace("old", "new")
        station.sections["flashing"] += "\ncolour = red"
        station.write_config()
        golden = reload_until(station, lambda golden: golden["error"])["golden"]
        assert golden["ok"] is True and "colour" in golden["error"], golden
        assert f"{station.config}:" in golden["error"], golden
        assert station.status()["lot"] == "old"
        station.plug(1)
        station.wait(1, "pass")
        station.sections["flashing"] = good["flashing"]
        station.write_config()
        reload_until(station, lambda golden: golden["error"] is None)
        assert station.status()["lot"] == "new"
        station.swap(1)
        station.wait(1, "pass", station.mac(1))
        assert [row["lot"] for row in station.wait_closed(2)] == ["old", "new"]


def test_all_errors_of_a_reload_are_logged():
    with Station() as station:
        station.sections["flashing"] += "\ncolour = red\ntries = 0\nshape = round"
        station.write_config()
        golden = reload_until(station, lambda golden: golden["error"])["golden"]
        assert "colour" in golden["error"] and "(and 2 more" in golden["error"], golden
        assert all(f'config: not reloaded: {station.config}:' in station.log() and word in station.log()
                   for word in ("colour", "tries = 0", "shape")), station.log()


def test_a_key_that_needs_a_restart_is_named():
    with Station() as station:
        book = station.path("gangd.db")
        assert f"book = {book}\n" in station.sections["station"], station.sections
        station.sections["station"] = station.sections["station"].replace(book, station.path("other.db")) + "lot = new\n"
        station.write_config()
        station.send(signal.SIGHUP)
        station.wait_status(lambda status: status["lot"] == "new")
        assert f"book in [station] needs a restart; until then it is {book}" in station.log(), station.log()
        station.plug(1)
        station.wait(1, "pass")
        assert not os.path.exists(station.path("other.db")), "the book is another without a restart"


def test_a_slot_by_the_short_name_of_its_place():
    by_path = "[slot P]\npath = pci-0000:00:14.0-usb-0:1.2:1.0\n"
    with Station(boards=2, slots="unknown = ignore\n[slot K]\npath = 1-1.1\n" + by_path) as station:
        assert station.wait("K", "pass")["attempt"]["mac"] == station.mac(1)
        station.wait("P", "pass")
        assert {row["path"] for row in station.wait_closed(2)} == {
            f"pci-0000:00:14.0-usb-0:1.{n}:1.0" for n in (1, 2)}, "the book has the full name"
        # The names change, the boards stay where they are: their verdicts too.
        station.sections["slots"] = "[slot M]\npath = 1-1.2\n[slot L]\npath = pci-0000:00:14.0-usb-0:1.1:1.0\n"
        station.write_config()
        station.send(signal.SIGHUP)
        slots = station.wait_status(lambda status: any(s["slot"] == "L" for s in status["slots"]))["slots"]
        assert [(s["slot"], s["state"]) for s in slots] == [("M", "pass"), ("L", "pass")], slots
        station.swap(2)
        station.wait("M", "pass", station.mac(2))


def test_slots_of_a_new_configuration():
    lines = "[slot {}]\npath = pci-0000:00:14.0-usb-0:1.{}:1.0\n"
    with Station(boards=2, slots=lines.format("A", 1)) as station:
        station.wait("A", "pass")
        station.wait(2, "pass")
        station.sections["slots"] = ("unknown = ignore\n" + lines.format("hand", 3) + "reset = manual\n" +
                                     lines.format("B", 2))
        station.write_config()
        station.send(signal.SIGHUP)
        slots = station.wait_status(lambda status: any(s["slot"] == "B" for s in status["slots"]))["slots"]
        assert [(s["slot"], s["state"]) for s in slots] == [("hand", "empty"), ("B", "pass"), ("1-1.1", "muted")], slots
        station.plug(3, "no-auto-reset")
        station.wait("hand", "waiting")
        station.plug(4)
        station.wait(4, "muted")
        station.swap(2)
        station.wait("B", "pass", station.mac(2))
        # Back to the first configuration: the boards in muted slots are flashed.
        station.sections["slots"] = "unknown = flash\n"
        station.write_config()
        station.send(signal.SIGHUP)
        station.wait(4, "pass", station.mac(4))
        station.wait(1, "pass", station.mac(1))
        station.unplug(3)
        station.wait_closed(6)


def test_two_slots_that_name_one_place():
    """Only the port itself shows that "1-1.1" and the name in /dev/serial/by-path are one place."""
    lines = "[slot A]\npath = 1-1.1\n[slot B]\npath = pci-0000:00:14.0-usb-0:1.1:1.0\n[slot C]\npath = 1-1.3\n"
    with Station(slots=lines) as station:
        assert station.wait("A", "empty")["sentence"] == ""
        station.plug(1)
        station.wait("B", "pass")
        shown = station.wait("A", "blocked")
        assert shown["adapter"] is None and shown["sentence"] == (
            "Slot B names the same place and has its adapter: remove one of the two from gangd.conf"), shown
        assert "slot A (1-1.1) and slot B (pci-0000:00:14.0-usb-0:1.1:1.0) are the same place" in station.log()
        station.unplug(1)
        station.wait("B", "empty")
        station.wait("A", "blocked")
        station.wait("C", "empty")
        station.sections["slots"] = lines[lines.index("[slot B]"):]
        station.write_config()
        station.send(signal.SIGHUP)
        station.wait_status(lambda status: [slot["slot"] for slot in status["slots"]] == ["B", "C"])
        # Back again, while the place's adapter is there.
        station.plug(1)
        station.wait("B", "pass")
        station.sections["slots"] = lines
        station.write_config()
        station.send(signal.SIGHUP)
        station.wait_status(lambda status: sorted(slot["state"] for slot in status["slots"]) == ["blocked", "empty", "pass"])


def test_start_without_an_image():
    with Station(boards=1, golden=None) as station:
        assert station.path("golden.bin") in station.log()
        golden = station.status()["golden"]
        assert golden["ok"] is False and "No such file" in golden["error"], golden
        shown = station.wait(1, "blocked")
        assert "golden image" in shown["sentence"], shown
        assert station.rows() == [] and station.wire(1)["to_board"] == "0"
        station.write_golden(image())
        station.knows([(0, image())])
        station.send(signal.SIGHUP)
        station.wait(1, "pass")
        assert station.status()["golden"]["error"] is None


# --- requests


def test_invalid_requests():
    with Station() as station:
        for path, word in (("attempts?verdict=maybe", "maybe"), ("attempts?colour=red", "colour"),
                           ("units?limit=0", "limit"), ("attempts?since=tomorrow", "tomorrow"),
                           ("attempts?mac=12", "mac"), ("attempts?format=xml", "xml")):
            status, body = station.request("GET", "/api/v1/" + path)
            assert status == 400 and '"error"' in body and word in body, (path, status, body)
        assert station.request("GET", "/api/v1/nothing")[0] == 404
        assert station.request("POST", "/api/v1/slots/1-1.1/retry")[0] == 403
        assert station.request("GET", "/api/v1/attempts?slot=" + "x" * 20000)[0] in (414, 431)
        assert station.request("POST", "/api/v1/slots/x/retry", {"X-Gangd": "1"}, "x" * 10000)[0] == 413
        assert station.status()["book"]["ok"]


# --- a port that another program has open


def test_a_busy_port_names_its_holder():
    with Station(start=False) as station:
        station.plug(1)
        holder = station.spawn(["python3", "-c", "import os\nos.open('/dev/ttyUSB0', os.O_RDWR | os.O_NOCTTY)\n"
                                "print(flush=True)\ninput()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        holder.stdout.readline()
        station.start()
        station.plug(2)
        station.wait(2, "pass")
        shown = station.wait(1, "blocked")
        assert shown["sentence"].startswith("Another program holds the port: /dev/ttyUSB0 is held by python3"), shown
        assert f"pid {holder.pid}" in shown["sentence"], shown
        assert shown["attempt"] is None and station.wire(1)["to_board"] == "0"
        assert station.log().count("Another program holds the port") == 1, "said once"
        holder.communicate(b"\n")
        station.wait(1, "pass")
        assert [row["verdict"] for row in station.wait_closed(2)] == ["pass", "pass"]


if __name__ == "__main__":
    run_tests(globals())
