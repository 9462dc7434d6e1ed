#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""same_timeline.py PICTURE PICTURE: whether two pictures of unit_timeline say the same in their texts. Figures may differ
by 3 %, or by 0.05: another release of compiler or library makes another stub or image. Exits with 1 if they do not.
"""
import re
import sys

NUMBER = re.compile(r"(\d+(?:\.\d+)?)")


def texts(path):
    """All but the marks of an axis."""
    with open(path, encoding="utf-8") as file:
        return re.findall(r'<text(?! class="faint middle")[^>]*>([^<]*)</text>', file.read())


def is_same(one, other):
    if NUMBER.fullmatch(one) and NUMBER.fullmatch(other):
        return abs(float(one) - float(other)) <= max(0.05, 0.03 * float(one))
    return one == other


def pieces(path):
    """Numbers, and what is between them."""
    return NUMBER.split("\n".join(texts(path)))


old, new = (pieces(path) for path in sys.argv[1:])
wrong = [f"{one!r} is now {other!r}" for one, other in zip(old, new) if not is_same(one, other)]
if len(old) != len(new):
    wrong.append("one has more texts than the other")
print("\n".join(wrong), end="\n" if wrong else "")
sys.exit(bool(wrong))
