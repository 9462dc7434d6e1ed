# SPDX-License-Identifier: MIT
"""In the machine: installs gangd as a person would, runs the scenarios, and sends results and journal out."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import adapters  # noqa: E402
import rights  # noqa: E402
import service  # noqa: E402
import stuck  # noqa: E402
from boardsim import ROOT, run_tests, until  # noqa: E402


def redirect(name):
    """What is printed leaves the machine by this port."""
    path = "/dev/virtio-ports/" + name
    until(path, lambda: os.path.exists(path))
    port = os.open(path, os.O_WRONLY)
    os.dup2(port, 1)
    os.dup2(port, 2)


def install():
    subprocess.run("dpkg -i *.deb >/root/dpkg.log 2>&1 || { cat /root/dpkg.log; exit 1; }", shell=True, check=True,
                   cwd=ROOT)


def main():
    redirect("results")
    with open(os.path.join(ROOT, "words"), encoding="utf-8") as file:
        sys.argv[1:] = file.read().split()
    code = 1
    try:
        install()
        run_tests(vars(adapters) | vars(stuck) | vars(service) | vars(rights), at_once=1)
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
        with open("/dev/virtio-ports/journal", "wb") as journal:
            subprocess.run(["journalctl", "--no-pager", "-b", "-o", "short-monotonic"], stdout=journal, check=False)
    sys.exit(code)


main()
