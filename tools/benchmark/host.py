#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures gangd's load on the bench PC, in real time: host.py BENCH_JSON adds what it finds as "host" (docs/performance.md
says what each figure is). Needs the release build; the peers' rows need `make peers`."""
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD, COMMON = os.path.join(ROOT, "build", "release"), os.path.join(ROOT, "build", "common")
PEERS = os.path.join(ROOT, "build", "peers")
DEMO = os.path.join(COMMON, "demo.bin")
BAUD = 2000000
ROUNDS = 2           # boards that come to each slot
PACE = 0.05          # seconds from one small request to the next
BOOK_ROWS = 20000    # of the book that the listener reads
RELOAD_EVERY = 5     # seconds
PEER_BOARDS = 8
TICK = os.sysconf("SC_CLK_TCK")

CONFIG = """[station]
book = {work}/gangd.db
[product]
file = {work}/golden.bin
recompress = no
[flashing]
baud = {baud}
[http]
socket = {work}/gangd.sock
group =
listen = none
web = {root}/web
"""


class Gangd:
    """A gangd in boardsim, watched from outside while an automatic operator brings `boards` boards, each ROUNDS times."""

    def __init__(self, work, boards, backend):
        self.work, self.units = work, boards * ROUNDS
        self.path = os.path.join(work, "gangd.sock")
        pid = os.path.join(tempfile.mkdtemp(dir=work), "pid")
        with open(os.path.join(work, "gangd.conf"), "w", encoding="utf-8") as file:
            file.write(CONFIG.format(work=work, baud=BAUD, root=ROOT))
        self.log = open(os.path.join(work, "log"), "w+", encoding="utf-8")
        self.boardsim = subprocess.Popen(
            [os.path.join(BUILD, "boardsim"), "--backend", backend, "--boards", str(boards), "--operator", "auto", "--units",
             str(self.units), "--swap", "0.3", "--", "sh", "-c", f'echo $$ >"{pid}.new" && mv "{pid}.new" "{pid}" && '
             f'exec "{BUILD}/gangd" --config "{work}/gangd.conf"'], stdout=self.log, stderr=self.log)
        while not os.path.exists(pid):
            time.sleep(0.05)
        with open(pid, encoding="ascii") as file:
            self.pid = int(file.read())
        self.cpu = self.loop = self.rss = 0

    def look(self):
        """CPU seconds, of all and of the loop's thread alone, and peak memory so far."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            words = file.read().rpartition(")")[2].split()
        self.cpu = (int(words[11]) + int(words[12])) / TICK
        with open(f"/proc/{self.pid}/task/{self.pid}/stat", encoding="ascii") as file:
            words = file.read().rpartition(")")[2].split()
        self.loop = (int(words[11]) + int(words[12])) / TICK
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            self.rss = next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024

    def request(self, connection, request):
        """Sends a request; returns the bytes of its answer, which must close the connection unless it has a length."""
        connection.sendall(request.encode() + b" HTTP/1.1\r\nHost: x\r\nX-Gangd: 1\r\n\r\n")
        head, _, body = self.read_head(connection)
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                left = int(line.split(b":")[1]) - len(body)
                while left > 0:
                    left -= len(connection.recv(min(left, 65536)))
        return head

    @staticmethod
    def read_head(connection):
        data = b""
        while b"\r\n\r\n" not in data:
            got = connection.recv(65536)
            if not got:
                raise ConnectionError(data)
            data += got
        return data.partition(b"\r\n\r\n")

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.path)
        return connection

    def wait_ready(self):
        while True:
            try:
                self.connect().close()
                return
            except OSError:
                time.sleep(0.05)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else None


class Probe(threading.Thread):
    """A small request at a fixed pace. `late`: how much later than asked the thread itself woke up."""

    def __init__(self, gangd):
        super().__init__(daemon=True)
        self.gangd, self.delays, self.late = gangd, [], []

    def run(self):
        try:
            connection = self.gangd.connect()
            due = time.monotonic()
            while True:
                due = max(due + PACE, time.monotonic())
                time.sleep(max(0, due - time.monotonic()))
                began = time.monotonic()
                self.late.append(began - due)
                self.gangd.request(connection, "GET /api/v1/none")
                self.delays.append(time.monotonic() - began)
        except OSError:
            pass  # gangd has ended


def read_book(gangd):
    """The listener: all attempts, over and over."""
    try:
        while True:
            with gangd.connect() as connection:
                connection.sendall(b"GET /api/v1/attempts?format=ndjson HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                while connection.recv(1 << 20):
                    pass
    except OSError:
        pass


def reload_images(gangd):
    """Another image every few seconds, to be compressed anew."""
    with open(DEMO, "rb") as file:
        demo = bytearray(file.read())
    golden = os.path.join(gangd.work, "golden.bin")
    try:
        for number in range(256):
            demo[-4096 * 300] = number
            with open(golden + ".new", "wb") as file:
                file.write(demo)
            os.rename(golden + ".new", golden)
            with gangd.connect() as connection:
                gangd.request(connection, "POST /api/v1/reload")
            time.sleep(RELOAD_EVERY)
    except OSError:
        pass


def fill_book(path):
    """Copies the attempts that are in the book until there are BOOK_ROWS."""
    book = sqlite3.connect(path)
    columns = ",".join(row[1] for row in book.execute("PRAGMA table_info(attempts)") if row[1] != "id")
    count = book.execute("SELECT count(*) FROM attempts").fetchone()[0]
    while count < BOOK_ROWS:
        count += book.execute(f"INSERT INTO attempts ({columns}) SELECT {columns} FROM attempts LIMIT ?",
                              (BOOK_ROWS - count,)).rowcount
    book.commit()
    book.close()


def measure(name, boards, backend, work, disturbed):
    gangd = Gangd(work, boards, backend)
    gangd.wait_ready()
    gangd.look()
    start, start_loop = gangd.cpu, gangd.loop
    probe = Probe(gangd)
    probe.start()
    for disturbance in (read_book, reload_images) if disturbed else ():
        threading.Thread(target=disturbance, args=(gangd,), daemon=True).start()
    while gangd.boardsim.poll() is None:
        try:
            gangd.look()
        except (OSError, StopIteration):
            pass
        time.sleep(0.1)
    gangd.log.seek(0)
    log = gangd.log.read()
    passed = log.count(" pass, ")
    if gangd.boardsim.returncode != 0 or passed == 0:
        sys.exit(f"host.py: {name}: {log[-4000:]}")
    delays = {f"delay_{key}_ms": percentile(probe.delays, share) * 1000
              for key, share in (("p50", 0.5), ("p99", 0.99), ("max", 1))}
    return {"name": name, "boards": boards, "units": gangd.units, "passed": passed, "start_cpu": start,
            "cpu_per_unit": (gangd.cpu - start) / gangd.units,
            "loop_cpu_per_unit": (gangd.loop - start_loop) / gangd.units, "rss_mb": gangd.rss, **delays,
            "machine_p99_ms": percentile(probe.late, 0.99) * 1000}


def measure_peer(major, work):
    """As many esptools as boards, at once; the CPU time is theirs alone."""
    python = os.path.join(PEERS, f"esptool-{major}", "bin", "python")
    if not os.path.exists(python):
        return None
    command = [os.path.join(BUILD, "boardsim"), "--boards", str(PEER_BOARDS), "--", sys.executable, __file__, "--esptools",
               python, str(PEER_BOARDS)]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=work, check=False)
    if result.returncode != 0:
        sys.exit(f"host.py: esptool {major}: {result.stdout[-2000:]}{result.stderr[-2000:]}")
    return {"name": f"esptool-{major}/{PEER_BOARDS}", "boards": PEER_BOARDS, "units": PEER_BOARDS,
            "passed": PEER_BOARDS, **json.loads(result.stdout.splitlines()[-1])}


def run_esptools(python, count):
    """In boardsim: all at once. Prints their CPU seconds and the sum of their peak memories, per board."""
    processes = [subprocess.Popen([python, "-m", "esptool", "--port", f"/dev/ttyUSB{n}", "--baud", str(BAUD), "write_flash",
                                   "0", DEMO], stdout=subprocess.DEVNULL) for n in range(count)]
    cpu = rss = failed = 0
    for process in processes:
        _, status, usage = os.wait4(process.pid, 0)
        failed += status != 0
        cpu += usage.ru_utime + usage.ru_stime
        rss += usage.ru_maxrss / 1024
    print(json.dumps({"cpu_per_unit": cpu / count, "rss_mb": rss}))
    return failed


def print_row(row):
    def cell(key, form):
        return f"{row[key]:{form}}" if row.get(key) is not None else "–"
    print("{:>16} {:>6} {:>6} {:>12} {:>8} {:>8} {:>8} {:>8} {:>8} {:>11}".format(
        row["name"], row["units"], row["passed"], cell("cpu_per_unit", ".4f"), cell("loop_cpu_per_unit", ".4f"), cell("rss_mb", ".1f"),
        cell("delay_p50_ms", ".2f"), cell("delay_p99_ms", ".2f"), cell("delay_max_ms", ".1f"),
        cell("machine_p99_ms", ".2f")), flush=True)


def measure_all(counts):
    print(f"\n{'':>16} {'units':>6} {'passed':>6} {'CPU s a unit':>12} {'loop':>8} {'RSS MB':>8} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} "
          f"{'machine p99':>11}")
    rows = []
    for boards in counts:
        with tempfile.TemporaryDirectory(prefix="gangd-bench-") as work:
            with open(DEMO, "rb") as source, open(os.path.join(work, "golden.bin"), "wb") as golden:
                golden.write(source.read())
            rows.append(measure(f"{boards}/quiet", boards, "wire", work, False))
            print_row(rows[-1])
            fill_book(os.path.join(work, "gangd.db"))
            rows.append(measure(f"{boards}/disturbed", boards, "wire", work, True))
            print_row(rows[-1])
    return rows


def measure_peers():
    rows = []
    with tempfile.TemporaryDirectory(prefix="gangd-bench-") as work:
        os.symlink(DEMO, os.path.join(work, "golden.bin"))
        rows.append(measure(f"chips/{PEER_BOARDS}", PEER_BOARDS, "umockdev", work, False))
        rows += filter(None, (measure_peer(major, work) for major in (4, 5)))
    for row in rows:
        row["ratio"] = row["cpu_per_unit"] / rows[0]["cpu_per_unit"]
        print_row(row)
        print(f"{'':>16} {row['ratio']:.1f} times gangd's CPU on the same boards")
    return rows


def main(path, *counts):
    rows = measure_all([int(count) for count in counts] or (8, 64, 128)) + measure_peers()
    bench = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            bench = json.load(file)
    bench["host"] = rows
    with open(path, "w", encoding="utf-8") as file:
        json.dump(bench, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    if sys.argv[1] == "--esptools":
        sys.exit(run_esptools(sys.argv[2], int(sys.argv[3])))
    main(*sys.argv[1:])
