#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Faults of a board, its wires and its adapter, as boardsim shows them to programs."""
import array
import errno
import fcntl
import json
import os
import select
import sys
import termios

from inside import RTS, Port, answer_of, banner, boardsim, run_cases


def inside_a_stuck_adapter_blocks_no_other(control):
    """--boards 2 --fault 1:hang-ioctl"""
    fd = os.open("/dev/ttyUSB0", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    child = answer_of(fcntl.ioctl, fd, termios.TIOCMSET, array.array("i", [RTS]))
    other = Port(1)
    for _ in range(3):
        other.reset(download=True)
        assert other.sync()
    assert os.waitpid(child, os.WNOHANG) == (0, 0), "the stuck adapter has answered"
    control("unplug 1")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == errno.EIO


def inside_hang_and_unhang_by_command(control):
    """--boards 1"""
    port = Port()
    control("hang 1")
    child = answer_of(port.lines, RTS)
    select.select([], [], [], 0.2)
    assert os.waitpid(child, os.WNOHANG) == (0, 0)
    control("unhang 1")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == errno.EIO
    port.reset(download=True)
    assert port.sync()


def inside_boards_with_open_wires_are_silent(control):
    """--boards 5 --fault 1:silent --fault 2:rx-open --fault 3:tx-open --fault 4:gpio0-open"""
    silent, rx_open, tx_open, gpio0_open, good = (Port(n) for n in range(5))
    assert banner(silent, download=True) == b""
    assert banner(rx_open, download=True) == b""
    assert b"boot mode:(1," in banner(tx_open, download=True)
    assert b"boot mode:(3," in banner(gpio0_open, download=True)
    assert b"boot mode:(1," in banner(good, download=True)
    for port, heard in ((silent, False), (rx_open, False), (tx_open, False), (gpio0_open, False), (good, True)):
        port.baud(115200)
        port.reset(download=True)
        assert bool(port.sync()) == heard, port.fd


def inside_noise_garbles(control):
    """--boards 1 --fault 1:noise=0.5"""
    port = Port()
    texts = [banner(port, download=True) for _ in range(5)]
    assert any(texts) and not any(b"ets Jan  8 2013,rst cause:2, boot mode" in text for text in texts), texts


def inside_unplugged_after_a_number_of_bytes(control):
    """--boards 1 --fault 1:unplug-after=1000"""
    port = Port()
    try:
        while True:
            os.write(port.fd, b"U" * 100)
            select.select([], [], [], 0.01)
    except OSError as error:
        assert error.errno in (errno.EIO, errno.EAGAIN), error
    while control("status 1") != "empty":
        pass
    control("replug 1")
    control("wait 1 closed")


def inside_noise_has_a_direction(control):
    """--boards 6 --fault 1:lose-in=1 --fault 2:lose-out=1 --fault 3:insert-in=1 --fault 4:insert-out=1 --fault 5:corrupt-in=1 --fault 6:corrupt-out=1"""
    ports = [Port(n) for n in range(6)]
    texts = [banner(port, download=True) for port in ports]
    good = texts[0]
    assert b"boot mode:(1," in good
    for number, text in enumerate(texts, 1):
        assert (text == good) == (number in (1, 3, 5)), (number, text)
    assert texts[1] == b""
    assert len(texts[3]) > len(good) and texts[3].startswith(good[:1])
    assert all(bin(is_ ^ was).count("1") == 1 for is_, was in zip(texts[5], good)), texts[5]
    for number, port in enumerate(ports, 1):
        port.baud(115200)
        port.reset(download=True)
        assert not port.sync(), number


def inside_a_flaky_adapter_is_good_at_lower_rates(control):
    """--boards 1 --fault 1:flaky-above=115200,flaky-rate=0.5"""
    port = Port()
    # The bad rate first, so that no reply to an earlier request can arrive.
    for baud, works in ((230400, False), (115200, True), (74880, True)):
        port.baud(baud)
        port.reset(download=True)
        assert bool(port.sync()) == works, baud


def inside_an_adapter_that_does_not_support_the_rate(control):
    """--boards 2 --adapter mixed --fault 1:max-baud=460800 --fault 2:max-baud=460800"""
    cp2102n, ch340 = Port(0), Port(1)
    assert cp2102n.baud(921600) == 461538  # 24 MHz / 52
    assert ch340.baud(921600) == 921600, "this one does not tell"
    for slot, port in ((1, cp2102n), (2, ch340)):
        port.sync()
        assert " baud=461538 " in control(f"status {slot}"), control(f"status {slot}")


def inside_a_noisy_boot(control):
    """--boards 1 --fault 1:noisy-boot"""
    port = Port()
    text = banner(port, download=True)
    assert b"ets Jan  8 2013,rst cause:2" not in text and len(text) > 60, text
    port.baud(115200)
    port.reset(download=True)
    assert port.sync()


def inside_reset_lines_that_are_open_swapped_or_unreliable(control):
    """--boards 4 --fault 1:en-open --fault 2:lines-swapped --fault 3:drop-lines=1 --fault 4:drop-lines=0.5"""
    en_open, swapped, dropped, unsure = (Port(n) for n in range(4))
    assert banner(en_open, download=True) == b""
    assert b"boot mode:(3," in banner(swapped, download=True), "what should pull GPIO0 has reset it"
    assert banner(dropped, download=True) == b""
    texts = [banner(unsure, download=True) for _ in range(12)]
    assert any(b"boot mode:(1," in text for text in texts) and not all(b"boot mode:(1," in text for text in texts), texts


def inside_a_brown_out_prints_the_boot_log(control):
    """--boards 1 --fault 1:reset-after=100"""
    port = Port(0, 74880)
    assert b"rst cause:2, boot mode:(1," in banner(port, download=True)
    os.write(port.fd, b"\x55" * 99)
    assert port.read_until(b"rst", 0.3) == b""
    os.write(port.fd, b"\x55")
    assert b"rst cause:1, boot mode:(3," in port.read_until(b")"), "it has the cause of a power-on"
    # Once.
    os.write(port.fd, b"\x55" * 200)
    assert b"rst" not in port.read_until(b"rst", 0.3)


def inside_a_hung_board_works_after_a_power_cycle(control):
    """--boards 1 --fault 1:hang-after=100"""
    port = Port()
    port.reset(download=True)
    assert port.sync()
    os.write(port.fd, b"\x00" * 100)
    assert banner(port, download=True) == b"" and banner(port, download=False) == b""
    port.close()
    control("unplug 1")
    control("replug 1")
    assert b"boot mode:(1," in banner(Port(0), download=True)


def inside_a_bouncing_contact_gets_another_tty(control):
    """--boards 1 --fault 1:bounce-after=1000"""
    before = control("status 1")
    port = Port()
    os.write(port.fd, b"U" * 1000)
    poll = select.poll()
    poll.register(port.fd, 0)
    assert poll.poll(), "it hangs up"
    port.close()
    while control("status 1") == "empty":
        select.select([], [], [], 0.02)
    after = control("status 1")
    assert (before.split()[0], after.split()[0]) == ("ttyUSB0", "ttyUSB1")
    assert before.split("board=")[1].split()[0] == after.split("board=")[1].split()[0]
    port = Port(1)
    os.write(port.fd, b"U" * 2000)
    control("wait 1 sent 2000")


def inside_a_clone_has_the_mac_of_the_board_before(control):
    """--boards 0"""
    first = control("plug 1").split()[1]
    assert control("plug 2 clone-mac").split()[1] == first
    assert control("plug 3").split()[1] != first


def outside_faulty_100_uses_every_usual_fault(directory):
    report = os.path.join(directory, "report")
    seen = set()
    for seed in range(1, 4):
        boardsim("--boards", "20", "--faulty", "100", "--seed", str(seed), "--report", report, "--", "true", check=0)
        with open(report, encoding="utf8") as file:
            faults = [board["fault"] for board in json.load(file)["boards"]]
        assert all(faults) and len(set(faults)) > 6, faults
        seen.update(fault.split("=")[0] for fault in faults)
    assert len(seen) >= 12, seen


# Stops boardsim, its parent, while bytes are being sent, which takes seconds at this baud rate.
STOPPER = """
import os, signal, sys, time
sys.path.insert(0, %r)
from inside import Port
port = Port(baud=300)
for _ in range(5):
    os.write(port.fd, bytes(100))
    time.sleep(0.2)
    os.kill(os.getppid(), signal.SIGSTOP)
    time.sleep(0.3)
    os.kill(os.getppid(), signal.SIGCONT)
"""


def outside_boardsim_reports_that_it_fell_behind(directory):
    report = os.path.join(directory, "report")
    result = boardsim("--report", report, "--", sys.executable, "-c", STOPPER % os.path.dirname(os.path.abspath(__file__)),
                      check=0)
    with open(report, encoding="utf8") as file:
        told = json.load(file)
    assert told["max_lag_ms"] > 200 and told["boards"][0]["max_lag_ms"] == told["max_lag_ms"], told
    lines = [line for line in result.stderr.splitlines() if "fell behind" in line]
    assert len(lines) == 1 and f"by {told['max_lag_ms']:.0f} ms" in lines[0], (result.stderr, told)


if __name__ == "__main__":
    run_cases(globals())
