# SPDX-License-Identifier: MIT
"""gangd as systemd's: ended, killed, restarted, asked for, questioned."""
import fcntl
import http.client
import json
import os
import signal
import subprocess
import termios
import threading
import time

from machine import SLOW, Boardsim, Connection, ask, configure, main_pid, rows, run, show, start, status, until, worker_pid


def interrupt(slots, interruption):
    """Boards in these slots are interrupted in mid-flash, each in one attempt, and pass when gangd is back. Attempts are
    told by their slot: a gangd that died may not have booked the MAC."""
    start(*SLOW)
    with Boardsim() as boardsim:
        macs = boardsim.plug_all(slots)
        boardsim.wait_writing(macs)
        before = rows("SELECT max(id) AS id FROM attempts WHERE ended IS NOT NULL")[0]["id"] or 0
        interruption()
        names = {boardsim.wait_verdict(slot, "pass")["slot"] for slot in macs}
        assert len(names) == len(macs), names
        for name in names:
            found = rows("SELECT * FROM attempts WHERE slot = ? AND id > ? ORDER BY id", name, before)
            assert [row["verdict"] for row in found] == ["interrupted", "pass"], found


def test_interrupted_by_restart():
    interrupt([1, 2, 3], lambda: run("systemctl restart gangd"))


def test_interrupted_by_kill():
    interrupt([1, 2, 3], lambda: os.kill(main_pid(), signal.SIGKILL))
    interrupt([1, 2, 3], lambda: os.kill(worker_pid(), signal.SIGKILL))


def test_interrupted_by_watchdog():
    """A loop that stands still is ended by systemd, and begun anew. It runs in the child of the one that systemd knows."""
    interrupt([1], lambda: os.kill(worker_pid(), signal.SIGSTOP))
    assert "Watchdog timeout" in run("journalctl -b -u gangd")


def test_reload_reports():
    """systemctl reload succeeds only if the new configuration is in force, and the journal has all errors."""
    start()
    pid = main_pid()
    configure("tries = 2")
    run("systemctl reload gangd")
    configure("tries = 0", "colour = red")
    done = subprocess.run("systemctl reload gangd", shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    assert done.returncode != 0 and "journalctl" in done.stdout, done
    said = run("journalctl -b -u gangd -o cat")
    for error in ("gangd.conf:5: tries = 0", "gangd.conf:6: unknown key"):
        assert f"gangctl: /etc/gangd/{error}" in said and f"config: not reloaded: /etc/gangd/{error}" in said, said
    assert show("ActiveState") == "active" and main_pid() == pid
    configure()
    run("systemctl reload gangd")


def test_daemon_reload():
    """The manager reads its units again: ports stay allowed, and gangd stays itself."""
    start(*SLOW)
    with Boardsim() as boardsim:
        boardsim.plug(1)
        boardsim.wait_writing([1])
        pid = main_pid()
        run("systemctl daemon-reload")
        boardsim.plug(2)
        boardsim.wait_verdict(1, "pass")
        boardsim.wait_verdict(2, "pass")
        assert main_pid() == pid


def test_sockets_outlive_it():
    """Who connects while gangd is restarted is answered, by the old one or the new; who connects while it is stopped
    starts it."""
    start()
    answers = []
    done = threading.Event()

    def keep_asking(connect):
        while not done.is_set():
            try:
                answers.append("slots" in ask(connect()))
            except (OSError, http.client.HTTPException, ValueError) as error:
                answers.append(repr(error))
            time.sleep(0.02)

    clients = [threading.Thread(target=keep_asking, args=(connect,)) for connect in (
        lambda: Connection("localhost"), lambda: http.client.HTTPConnection("127.0.0.1", 8266, timeout=60))]
    for client in clients:
        client.start()
    pids = {main_pid()}
    for _ in range(3):
        before = len(answers)
        until("an answer", lambda before=before: len(answers) > before + 2)
        run("systemctl restart gangd")
        pids.add(main_pid())
    done.set()
    for client in clients:
        client.join()
    assert len(pids) == 4 and all(answer is True for answer in answers), (pids, answers)

    run("systemctl stop gangd")
    assert status(), "the socket is there, and nobody answers"
    assert show("ActiveState") == "active"


def doctor():
    """{check: (level, text)} of the worst of each kind; exit code."""
    done = subprocess.run(["gangctl", "doctor", "--json"], capture_output=True, text=True, check=False)
    worst = {}
    for note in json.loads(done.stdout)["checks"]:
        rank = ("ok", "warn", "fail").index(note["level"])
        if rank >= worst.get(note["check"], (-1,))[0]:
            worst[note["check"]] = (rank, note["text"])
    return {check: (("ok", "warn", "fail")[rank], text) for check, (rank, text) in worst.items()}, done.returncode


def clear_low_latency(tty):
    """gangd sets ASYNC_LOW_LATENCY. ftdi_sio keeps it after the close, and shows 1 ms whatever latency_timer is set to."""
    port = os.open(f"/dev/{tty}", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        serial = bytearray(fcntl.ioctl(port, termios.TIOCGSERIAL, bytes(72)))
        flags = int.from_bytes(serial[16:20], "little") & ~(1 << 13)
        serial[16:20] = flags.to_bytes(4, "little")
        fcntl.ioctl(port, termios.TIOCSSERIAL, bytes(serial))
    finally:
        os.close(port)


def test_doctor():
    """Finds nothing wrong where nothing is, and what is, with the real /sys, /proc and systemd."""
    start()
    with Boardsim() as boardsim:
        boardsim.plug_all([1, 2, 3])
        for slot in (1, 2, 3):
            boardsim.wait_verdict(slot, "pass")
        said, code = doctor()
        # Nothing keeps this machine's clock right.
        assert {check: level for check, (level, _) in said.items() if level != "ok"} == {"clock": "warn"}, said
        assert code == 0, code

        run("systemctl stop gangd.socket gangd")
        ttys = [boardsim.wait_tty(slot) for slot in (1, 2, 3)]
        ftdi, = [tty for tty in ttys if os.path.exists(f"/sys/class/tty/{tty}/device/latency_timer")]
        clear_low_latency(ftdi)
        run(f"echo 16 >/sys/class/tty/{ftdi}/device/latency_timer")
        with open(f"/dev/{ttys[0]}", "rb", buffering=0):
            said, code = doctor()
        assert code != 0
        assert said["service"][0] == "fail" and said["latency"][0] != "ok" and ftdi in said["latency"][1], said
        assert said["ports"][0] == "fail" and ttys[0] in said["ports"][1] and "python3" in said["ports"][1], said
    run("systemctl start gangd.socket")
