#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A recipe on a port without a station: run_recipe.c, which links of the daemon only base, config and port."""
import os
import subprocess

from inside import BOARDSIM
from boardsim import BUILD, SANITIZE, Boardsim, image, run_tests

RUN_RECIPE = os.path.join(BUILD, "run_recipe")


def run_recipe(boardsim, *words):
    """(exit code, what was said)"""
    done = boardsim.run(RUN_RECIPE, *words)
    assert "Sanitizer" not in done.stdout, done.stdout
    return done.returncode, done.stdout.strip()


def golden(boardsim):
    with open(boardsim.path("golden.bin"), "wb") as file:
        file.write(image())
    return boardsim.path("golden.bin")


def test_as_a_command_of_boardsim():
    done = subprocess.run([BOARDSIM, "--boards", "1", "--", RUN_RECIPE, "presence", "/dev/ttyUSB0"], check=False,
                          env={**os.environ, **SANITIZE}, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("board "), done


def test_presence_finds_the_board():
    with Boardsim(boards=1) as boardsim:
        assert run_recipe(boardsim, "presence", "/dev/ttyUSB0") == (0, f"board {boardsim.mac(1)}")


def test_presence_finds_nothing_in_an_empty_fixture():
    with Boardsim(boards=1) as boardsim:
        boardsim.lift(1)
        assert run_recipe(boardsim, "presence", "/dev/ttyUSB0") == (1, "nothing")


def test_program_writes_the_image():
    with Boardsim(boards=1) as boardsim:
        assert run_recipe(boardsim, "program", "/dev/ttyUSB0", golden(boardsim)) == (0, f"passed {boardsim.mac(1)}")
        assert boardsim.flash(1)[:len(image())] == image()


def test_program_names_the_cause():
    with Boardsim() as boardsim:
        boardsim.plug(1, "silent")
        code, said = run_recipe(boardsim, "program", "/dev/ttyUSB0", golden(boardsim))
        assert code == 1 and said.startswith("board-silent"), said


def test_a_port_that_is_not_there():
    with Boardsim() as boardsim:
        code, said = run_recipe(boardsim, "presence", "/dev/ttyUSB7")
        assert code == 2 and said.startswith("unplugged: /dev/ttyUSB7"), said


if __name__ == "__main__":
    run_tests(globals())
