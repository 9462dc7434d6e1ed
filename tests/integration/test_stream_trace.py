#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The stream on the wire is the one of docs/stub-protocol.md: stream_decoder.py, which is written by that page alone,
follows whole conversations between our host and our stub, and gets from their frames the content that the flash has."""
import contextlib
import os
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from boardsim import BUILD, image, run_tests
from stream_decoder import KEEP, RECEIVED, SENT, SKIP_BLANK, Conversation, Status, Wrong, read_trace

FLASH_SIZE = 4 << 20
USED = b"\x5a" * FLASH_SIZE  # record_stream's board
BLANK = b"\xff" * FLASH_SIZE  # its wire-level board
SIZE = 512 * 1024


def record(baud=921600, noise=0, seed=1, golden=None, before=None, board=()):
    """The events of a conversation, and the content of the flash afterwards. The board has passed. With `before` in its
    flash it is compared first."""
    with tempfile.TemporaryDirectory(prefix="gangd-test-") as folder:
        paths = golden_path, trace, flash = [os.path.join(folder, name) for name in ("golden.bin", "trace", "flash")]
        with open(golden_path, "wb") as file:
            file.write(golden or image(SIZE))
        last = list(board)
        if before is not None:
            last.append(os.path.join(folder, "before"))
            with open(last[0], "wb") as file:
                file.write(before)
        subprocess.run([os.path.join(BUILD, "record_stream"), *paths, str(baud), str(noise), str(seed), *last],
                       check=True, stdout=subprocess.PIPE)
        with open(flash, "rb") as file:
            return read_trace(trace), file.read()


def follow(events, flash, before=USED):
    conversation = Conversation(before).follow(events)
    assert conversation.streams, "there is no stream"
    assert conversation.flash == flash, "the flash has another content than the frames"
    return conversation.streams


def follow_trusted(golden, before, noise=0, seed=1):
    """A conversation with a board that is compared; returns it."""
    events, flash = record(golden=golden, before=before, noise=noise, seed=seed)
    conversation = Conversation(before).follow(events)
    assert conversation.flash == flash, "the flash has another content than the frames"
    assert flash[:len(golden)] == golden
    return conversation


def with_changes(content, *addresses):
    changed_content = bytearray(content.ljust(FLASH_SIZE, b"\xff"))
    for address in addresses:
        changed_content[address] ^= 0x01
    return bytes(changed_content)


def test_sectors_that_are_right_are_kept():
    golden = image(SIZE)
    conversation = follow_trusted(golden, with_changes(golden, 0x5123, 0x5FFF, 0x41000))
    stream, = conversation.streams
    assert conversation.digests == 2, "head and rest"
    assert [n for n, kind in enumerate(stream.kinds) if kind != KEEP] == [0x5, 0x41]
    assert stream.flags & SKIP_BLANK


def test_a_board_that_is_right_needs_no_stream():
    golden = image(SIZE)[:-77]
    conversation = follow_trusted(golden, with_changes(golden))
    assert conversation.streams == [] and conversation.digests == 2


def test_a_blank_board_is_not_read_to_its_end_and_not_erased():
    golden = image(SIZE)
    conversation = follow_trusted(golden, b"\xff" * FLASH_SIZE)
    stream, = conversation.streams
    assert conversation.digests == 1 and KEEP not in stream.kinds and stream.flags & SKIP_BLANK


def test_an_untrusted_board_is_written_as_a_whole():
    stream, = follow(*record())
    assert KEEP not in stream.kinds and not stream.flags & SKIP_BLANK


def test_frames_become_the_content_of_the_flash():
    for baud in (115200, 921600, 2000000):
        stream, = follow(*record(baud))
        assert stream.content == image(SIZE)
        assert stream.resent == 0 and stream.damaged == 0, "on a good line"
        assert stream.statuses > 10


def test_a_wire_level_board_takes_the_same_stream():
    for golden in image(SIZE), image(SIZE)[:12 * 4096 + 68]:
        for baud in (115200, 2000000):
            stream, = follow(*record(baud, golden=golden, board=["wire"]), BLANK)
            assert stream.content[:len(golden)] == golden and stream.resent == 0
            assert stream.statuses > 2


def test_a_region_that_ends_within_a_sector():
    golden = image(SIZE)[:12 * 4096 + 68]  # 13 words are a plan of 64 bytes
    stream, = follow(*record(golden=golden))
    assert stream.size == len(golden) and stream.content == golden + b"\xff" * (4096 - 68)


def test_only_lost_frames_are_sent_again():
    resent = damaged = 0
    for seed in range(10):
        for stream in follow(*record(noise=2e-4, seed=seed)):
            resent += stream.resent
            damaged += stream.damaged
    assert resent > 50 and damaged > 0, f"too good a line: {resent} frames sent again, {damaged} statuses damaged"


def test_a_slow_and_noisy_line():
    follow(*record(baud=115200, noise=2e-4, seed=3))


# The decoder notices what differs from the page. Each of these changes all frames, and makes their CRC right again.

STATUS = {"error": (1, 1), "next": (2, 2), "limit": (4, 2), "poll": (6, 1), "state": (7, 1), "received": (8, 4),
          "erased": (12, 4), "written": (16, 4), "verified": (20, 4), "md5": (24, 16)}


def sealed(frame):
    return frame[:-4] + struct.pack("<I", zlib.crc32(frame[:-4]))


def is_status(kind, frame):
    return kind == RECEIVED and len(frame) == Status.SIZE and frame[0] == 2


def is_frame(kind, frame):
    return kind == SENT and frame[0] == 2


def swap(frame, one, other):
    """Exchanges two fields, (offset, size), the first of them before the other."""
    (at, n), (to, m) = one, other
    return frame[:at] + frame[to:to + m] + frame[at + n:to] + frame[at:at + n] + frame[to + m:]


def changed(events, which, change):
    count = 0
    for kind, frame in events:
        if which(kind, frame):
            count += 1
            frame = change(frame)
        yield kind, frame
    assert count > 10


@contextlib.contextmanager
def noticed(what):
    try:
        yield
    except Wrong:
        return
    raise AssertionError(f"the decoder has not noticed: {what}")


def test_the_decoder_notices_fields_of_a_status_that_are_exchanged():
    events, flash = record(noise=2e-4, seed=1)
    names = list(STATUS)
    for i, one in enumerate(names):
        for other in names[i + 1:]:
            with noticed(f"{one} and {other}"):
                follow(changed(events, is_status, lambda frame, one=one, other=other:
                               sealed(swap(frame, STATUS[one], STATUS[other]))), flash)


def test_the_decoder_notices_another_byte_order_in_a_status():
    events, flash = record(noise=2e-4, seed=1)
    for name, (at, n) in STATUS.items():
        if n > 1:
            with noticed(name):
                follow(changed(events, is_status, lambda frame, at=at, n=n:
                               sealed(frame[:at] + frame[at:at + n][::-1] + frame[at + n:])), flash)


def test_the_decoder_notices_received_bits_that_are_shifted():
    events, flash = record(noise=2e-4, seed=1)
    for shift in (lambda bits: bits << 1, lambda bits: bits >> 1):
        with noticed("received"):
            follow(changed(events, is_status, lambda frame, shift=shift: sealed(
                frame[:8] + struct.pack("<I", shift(struct.unpack_from("<I", frame, 8)[0]) & 0xFFFFFFFF)
                + frame[12:])), flash)


def test_the_decoder_notices_what_is_wrong_in_a_frame():
    events, flash = record(noise=2e-4, seed=1)
    for what, change in {
            "poll behind number": lambda frame: sealed(frame[:1] + frame[2:4] + frame[1:2] + frame[4:]),
            "number with its high byte first": lambda frame: sealed(frame[:2] + frame[3:1:-1] + frame[4:]),
            "numbers from 1 on": lambda frame: sealed(
                frame[:2] + struct.pack("<H", struct.unpack_from("<H", frame, 2)[0] + 1) + frame[4:]),
            "a payload that begins later": lambda frame: sealed(frame[:4] + b"\0" + frame[4:]),
            "CRC with its high byte first": lambda frame: frame[:-4] + frame[-4:][::-1],
            "CRC of the payload alone": lambda frame: frame[:-4] + struct.pack("<I", zlib.crc32(frame[4:-4])),
    }.items():
        with noticed(what):
            follow(changed(events, is_frame, change), flash)


def test_the_decoder_notices_frames_beyond_the_credit():
    events, flash = record()
    with noticed("limit"):
        follow(changed(events, is_status, lambda frame: sealed(
            frame[:4] + struct.pack("<H", struct.unpack_from("<H", frame, 4)[0] - 4) + frame[6:])), flash)


def test_the_decoder_notices_a_frame_that_is_sent_again_too_early():
    events, flash = record()
    sent = [i for i, (kind, frame) in enumerate(events) if is_frame(kind, frame)]
    with noticed("a frame sent twice"):
        follow(events[:sent[20]] + events[sent[19] - 1:sent[19] + 1] + events[sent[20]:], flash)


if __name__ == "__main__":
    run_tests(globals())
