#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual pages explain every option, every command and every key of the configuration."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from boardsim import BUILD, PATIENCE, ROOT, SANITIZE, run_tests  # noqa: E402


def said_by(program, *arguments):
    return subprocess.run([os.path.join(BUILD, program), *arguments], check=True, capture_output=True, text=True,
                          env={**os.environ, **SANITIZE}, timeout=PATIENCE).stdout


def manual(name):
    with open(os.path.join(ROOT, "docs/man", name), encoding="utf-8") as file:
        return re.sub(r"\\f[BRI]", "", file.read()).replace("\\-", "-").replace("\\~", " ").replace('"', "")


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def test_every_option():
    for program, section in (("gangctl", 1), ("boardsim", 1), ("gangd", 8)):
        has = options(said_by(program, "--help"))
        assert len(has) > 3 and has <= options(manual(f"{program}.{section}")), (program, has)


def test_every_command_of_gangctl():
    overview = re.search(r"(?s)Commands:\n(.*?)\n\n", said_by("gangctl", "--help"))[1]
    commands = [re.match(r"  ((?:[a-z]+ )*[a-z]+)", line)[1] for line in overview.splitlines()]
    page = manual("gangctl.1")
    assert "status" in commands and "slots learn" in commands, commands
    for command in commands:
        assert f".B gangctl {command}\n" in page, command
        assert re.search(rf"\.TP\n\.B[IR]? {command}( |\n)", page), f"{command} is not explained"
        # The options of the command are among those of the overview.
        assert options(said_by("gangctl", *command.split(), "--help")) <= options(said_by("gangctl", "--help")), command


def test_the_completions_know_every_value():
    """Options, commands and help come from gangctl itself; the values of options are in the completions."""
    with open(os.path.join(ROOT, "tools/completion/gangctl.bash"), encoding="utf-8") as file:
        bash = file.read()
    values = set(re.findall(r"--[a-z-]+(?= [A-Z])", said_by("gangctl", "--help")))
    known = set(re.findall(r"--[a-z-]+", " ".join(re.findall(r"(?m)^        (-.*?)\)", bash))))
    assert len(values) > 15 and known == values, known ^ values
    words = re.findall(r"compgen -W \"([a-z ]+)\"", bash)
    with open(os.path.join(ROOT, "tools/completion/_gangctl"), encoding="utf-8") as file:
        assert sorted(words) == sorted(re.findall(r"action='\(([a-z ]+)\)'", file.read())), words
    for option, values in (("--verdict", "pass fail interrupted open"), ("--format", "csv json ndjson"),
                           ("--order", "newest oldest"), ("--since", "today yesterday")):
        assert values in words, words
        for value in values.split():
            # Without a gangd there: a wrong value would be a wrong command line, 2.
            done = subprocess.run([os.path.join(BUILD, "gangctl"), "export" if option == "--format" else "attempts", option,
                                   value, "--socket", "/nowhere"], capture_output=True, text=True, check=False,
                                  env={**os.environ, **SANITIZE}, timeout=PATIENCE)
            assert done.returncode == 3, (option, value, done)


def test_every_key_of_the_configuration():
    with open(os.path.join(ROOT, "config/gangd.conf"), encoding="utf-8") as file:
        keys = set(re.findall(r"(?m)^#?([a-z_]+) =", file.read()))
    explained = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"(?m)^\.TP\n\.BR? (.*)", manual("gangd.conf.5")))))
    assert {"file", "presence", "listen"} <= keys <= explained, keys - explained


run_tests(globals())
