#!/bin/sh
# SPDX-License-Identifier: MIT
#
# libuv 1.48.0 (PyPI: uvloop 0.21.0): a loop that was busy for longer than a time-out runs the timer first, and only then
# looks for data, also for data that had arrived long before the time was up. A board that has answered in time counts
# as silent. Python's own loop looks for data first, so a program that is right on asyncio gets such time-outs when it
# is moved to uvloop, and only on a busy computer.
#
# A handler of a time-out must read what waits, without blocking, before it believes the time-out: on_deadline() in
# daemon/port/pump.c does.
#
# Seen:
#   asyncio: data, time-out
#   uvloop: time-out, data
#
# Needs python3 with venv, and PyPI. Takes 6 s. Fails if uvloop of this version does something else.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: uvloop==0.21.0
"$work/venv/bin/python" - >"$work/seen" <<'PY'
import asyncio
import socket
import time
import uvloop

TIMEOUT, BUSY = 2, 3


async def watch():
    """The order in which the loop tells of an answer that came at once and of a time-out of two seconds."""
    told, loop, both = [], asyncio.get_running_loop(), asyncio.Event()
    port, board = socket.socketpair()
    request, client = socket.socketpair()

    def tell(what):
        told.append(what)
        if what == "data":
            loop.remove_reader(port)
        if len(told) == 2:
            both.set()

    def work():
        loop.remove_reader(request)
        board.send(b"answer")  # as another process would, while this one is busy
        time.sleep(BUSY)

    loop.add_reader(port, tell, "data")
    loop.add_reader(request, work)
    loop.call_later(TIMEOUT, tell, "time-out")
    client.send(b"request")
    await both.wait()
    return ", ".join(told)


def run(loop):
    try:
        return loop.run_until_complete(watch())
    finally:
        loop.close()


version = uvloop.loop.libuv_get_version()
print(f"libuv {version >> 16}.{version >> 8 & 255}.{version & 255}")
print("asyncio:", run(asyncio.SelectorEventLoop()))
print("uvloop:", run(uvloop.new_event_loop()))
PY
cat "$work/seen"
diff -u - "$work/seen" <<'SEEN'
libuv 1.48.0
asyncio: data, time-out
uvloop: time-out, data
SEEN
