# SPDX-License-Identifier: MIT
"""What gangd must do where it lives: Debian's kernel with the real drivers, udev and systemd."""
from machine import Bench, configure, run, show, until


def test_service_starts():
    """gangd.service becomes active as its user, and its socket is its group's."""
    configure()
    run("systemctl restart gangd")
    assert show("ActiveState") == "active"
    assert run(f"stat -c %U /proc/{show('MainPID')}") == "gangd"
    assert run("stat -c '%G %a' /run/gangd/gangd.sock") == "gangd 660"


def test_adapters_before_and_after():
    """An adapter of each kind, plugged in before gangd starts and while it runs."""
    configure()
    run("systemctl stop gangd")
    with Bench() as bench:
        bench.plug(1)
        until("ttyUSB of slot 1", lambda: bench.tty(1) >= 0)
        run("systemctl start gangd")
        bench.plug(2)
        bench.wait_verdict(1, "pass")
        bench.wait_verdict(2, "pass")
