# SPDX-License-Identifier: MIT
"""What gangd must do where it lives: Debian's kernel with the real drivers, udev and systemd."""
import subprocess


def run(command):
    """A shell command's output; it must succeed."""
    done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
    return done.stdout.strip()


def show(what, unit="gangd"):
    """A property of a unit."""
    return run(f"systemctl show -P {what} {unit}")


def test_service_starts():
    """gangd.service becomes active as its user, and its socket is its group's."""
    run("build/common/demo-image --size 65536 /srv/golden.bin")
    with open("/etc/gangd/gangd.conf", "w", encoding="utf-8") as file:
        file.write("[product]\nfile = /srv/golden.bin\n")
    run("systemctl start gangd")
    assert show("ActiveState") == "active"
    assert run(f"stat -c %U /proc/{show('MainPID')}") == "gangd"
    assert run("stat -c '%G %a' /run/gangd/gangd.sock") == "gangd 660"
