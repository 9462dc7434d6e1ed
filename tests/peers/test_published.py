#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is the virtual board as fast as real ones? published.c tells."""
import glob
import os
import sys

from esp import PEERS, SKIPPED
from boardsim import BUILD

stubs = glob.glob(os.path.join(PEERS, "esptool-4/lib/python3*/site-packages/esptool/targets/stub_flasher/1/esp8266.json"))
if not stubs:
    print(f"skipped: no esptool 4 in {PEERS} (make test-peers installs it)")
    sys.exit(SKIPPED)
program = os.path.join(BUILD, "published")
os.execv(program, [program, stubs[0]])
