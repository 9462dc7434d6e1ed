#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""esptool asks the virtual board who it is."""
from esp import TOOLS, Bench, run


def test_identity():
    with Bench("mac=18:fe:34:01:02:03") as bench:
        for tool in TOOLS:
            assert "18:fe:34:01:02:03" in bench.esptool(tool, "read-mac"), tool.name
            assert "0x00010203" in bench.esptool(tool, "chip-id"), tool.name


if __name__ == "__main__":
    run(globals())
