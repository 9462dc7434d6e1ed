#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The completions for bash and zsh, tested with the TAB key on a pseudo-terminal."""
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from boardsim import BUILD, PATIENCE, ROOT, run_tests  # noqa: E402

COMPLETIONS = os.path.join(ROOT, "tools/completion")
BASH = ("bash", "--norc", "--noprofile", "-i")
BASH_SETUP = ("bind 'set bell-style none'; . /usr/share/bash-completion/bash_completion; "
              f"for c in gangctl gangd boardsim; do . {COMPLETIONS}/$c.bash; done")
ZSH = ("zsh", "-f", "-i")
ZSH_SETUP = f"fpath=({COMPLETIONS} $fpath); autoload -Uz compinit; compinit -u -D; unsetopt beep zle_bracketed_paste"


class Shell:
    def __init__(self, command, setup):
        self.dir = tempfile.mkdtemp(prefix="gangd-completion-")
        with open(os.path.join(self.dir, "image.bin"), "wb"):
            pass
        os.mkdir(os.path.join(self.dir, "some"))
        # A gangctl that lists slots without a gangd, and calls the real one for all other commands.
        with open(os.path.join(self.dir, "gangctl"), "w", encoding="utf-8") as file:
            file.write(f"""#!/bin/sh
[ "$*" != "status --json" ] || exec echo '{{"slots": [{{"slot": "A1", "path": "x"}}, {{"slot": "bed-7", "path": "y"}}]}}'
exec {BUILD}/gangctl "$@"
""")
        os.chmod(os.path.join(self.dir, "gangctl"), 0o755)
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.chdir(self.dir)
            os.environ.update(PATH=f"{self.dir}:{BUILD}:/usr/bin:/bin:/usr/sbin", TERM="dumb", PS1="", HOME=self.dir,
                              LC_ALL="C.UTF-8", ASAN_OPTIONS="verify_asan_link_order=0")
            os.execvp(command[0], command)
        self.pid = pid
        self.seen = ""
        # The words are split by quotes, so that the echo of this line is not mistaken for its output.
        self.line(f"{setup}; PS1= PROMPT=; show() {{ printf '%s' '<' '<' \"$*\" '>' '>'; }}; echo rea''dy")
        self.wait("ready")

    def line(self, text):
        os.write(self.terminal, (text + "\n").encode())

    def wait(self, text):
        """Waits for `text` on the terminal and returns what came before it."""
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self.terminal], [], [], 1)
            if ready:
                self.seen += os.read(self.terminal, 4096).decode(errors="replace")
            assert time.monotonic() < end, f"no {text!r} in {self.seen!r}"
        before, _, self.seen = self.seen.partition(text)
        return before

    def complete(self, typed):
        """Returns the line after the TAB key. Ctrl-A moves to its beginning, where `show` is inserted to print it."""
        os.write(self.terminal, typed.encode() + b"\t\x01show \n")
        self.wait("<<")
        return self.wait(">>")

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.pid, 0)
        shutil.rmtree(self.dir)


def check(shell, typed, completed):
    # zsh removes the slash after a directory if no name follows.
    became = shell.complete(typed).rstrip("/")
    assert became == completed, (typed, became, shell.seen)


def check_all(command, setup):
    shell = Shell(command, setup)
    try:
        for typed, completed in (
                ("gangctl att", "gangctl attempt"),  # or attempts
                ("gangctl uni", "gangctl units"),
                ("gangctl exp", "gangctl export"),
                ("gangctl attempts --sin", "gangctl attempts --since"),
                ("gangctl attempts --verdict int", "gangctl attempts --verdict interrupted"),
                ("gangctl attempts --order new", "gangctl attempts --order newest"),
                ("gangctl units --since yes", "gangctl units --since yesterday"),
                ("gangctl attempts --cau", "gangctl attempts --cause"),
                ("gangctl retry --wa", "gangctl retry --wait"),
                ("gangctl start bed-7 --time", "gangctl start bed-7 --timeout"),
                ("gangctl status --wa", "gangctl status --wa"),
                ("gangctl he", "gangctl help"),
                ("gangctl help uni", "gangctl help units"),
                ("gangctl help slots le", "gangctl help slots learn"),
                ("gangctl --json export --format nd", "gangctl --json export --format ndjson"),
                ("gangctl export --uni", "gangctl export --units"),
                # status has none of the filter options.
                ("gangctl status --sin", "gangctl status --sin"),
                ("gangctl export -o ima", "gangctl export -o image.bin"),
                ("gangctl attempts --slot be", "gangctl attempts --slot bed-7"),
                ("gangctl doctor --ro", "gangctl doctor --root"),
                ("gangctl doctor --root som", "gangctl doctor --root some"),
                ("gangctl retry be", "gangctl retry bed-7"),
                ("gangctl start other be", "gangctl start other bed-7"),
                ("gangctl sl", "gangctl slots"),
                ("gangctl slots le", "gangctl slots learn"),
                ("gangctl slots learn --wri", "gangctl slots learn --write"),
                ("gangctl slots learn --config ima", "gangctl slots learn --config image.bin"),
                ("gangctl image ima", "gangctl image image.bin"),
                ("gangctl slots --wri", "gangctl slots --wri"),
                ("gangd --check", "gangd --check-config"),
                ("gangd --config ima", "gangd --config image.bin"),
                ("boardsim --boa", "boardsim --boards"),
                ("boardsim --boards 2 --adapter ft23", "boardsim --boards 2 --adapter ft232r"),
                ("boardsim --adapter mi", "boardsim --adapter mixed"),
                ("boardsim --part W25Q12", "boardsim --part W25Q128"),
                ("boardsim --part MX25L", "boardsim --part MX25L32"),
                ("boardsim --operator au", "boardsim --operator auto"),
                ("boardsim --image ima", "boardsim --image image.bin"),
                # boardsim's options are followed by a command with completions of its own.
                ("boardsim --boards 2 -- gangd --check", "boardsim --boards 2 -- gangd --check-config"),
                ("boardsim gangctl uni", "boardsim gangctl units")):
            check(shell, typed, completed)
    finally:
        shell.close()


def test_bash():
    check_all(BASH, BASH_SETUP)


def test_zsh():
    check_all(ZSH, ZSH_SETUP)


run_tests(globals(), at_once=2)
