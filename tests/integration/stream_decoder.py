# SPDX-License-Identifier: MIT
"""Follows a recorded conversation and checks its streams, by docs/stub-protocol.md alone: nothing here is taken from
proto/ or stub/. Anything that contradicts that page raises Wrong.

read_trace() gives the events of a recording; Conversation takes them one by one."""
import dataclasses
import hashlib
import struct
import zlib

SECTOR = 4096
PAYLOAD_MAX = 1024
STREAM_BEGIN = 0xE1
DIGEST_SECTORS = 0xE2
SKIP_BLANK = 1
RUNNING, DONE = 0, 1
DATA, BLANK, COPY, KEEP = range(4)
BLANK_SECTOR = b"\xff" * SECTOR

# Events: the first byte of a frame is sent; a frame is sent; a frame is received.
START, SENT, RECEIVED = "start", "sent", "received"


class Wrong(Exception):
    """The conversation is not what the page says."""


def check(condition, what, *values):
    if not condition:
        raise Wrong(what, *values)


class Slip:
    """Yields None for the first byte of a frame, and then the frame."""

    def __init__(self):
        self.frame = None  # outside of frames
        self.escaped = False

    def decode(self, data):
        for byte in data:
            if byte == 0xC0:
                if self.frame:
                    yield bytes(self.frame)
                self.frame, self.escaped = bytearray(), False
            elif self.frame is not None:
                if not self.frame and not self.escaped:
                    yield None
                self.take(byte)

    def take(self, byte):
        if self.escaped:
            self.escaped = False
            if byte not in (0xDC, 0xDD):
                self.frame = None  # damaged: all up to the next end is lost
                return
            byte = {0xDC: 0xC0, 0xDD: 0xDB}[byte]
        elif byte == 0xDB:
            self.escaped = True
            return
        self.frame.append(byte)


def read_trace(path):
    """The events of a recording, as (kind, frame)."""
    lines = {">": Slip(), "<": Slip()}
    events = []
    with open(path, encoding="ascii") as file:
        for line in file:
            direction, _, data = line.split()
            for frame in lines[direction].decode(bytes.fromhex(data)):
                if frame is not None:
                    events.append((SENT if direction == ">" else RECEIVED, frame))
                elif direction == ">":
                    events.append((START, None))
    return events


def sum_of(sector):
    a = b = 0
    for word in struct.unpack("<1024I", sector):
        a = (a + word) & 0xFFFFFFFF
        b = (b + a) & 0xFFFFFFFF
    return a ^ (b << 16 & 0xFFFFFFFF | b >> 16)


def crc_good(frame):
    return len(frame) >= 4 and struct.unpack("<I", frame[-4:])[0] == zlib.crc32(frame[:-4])


@dataclasses.dataclass
class Status:
    error: int
    next: int
    limit: int
    poll: int
    state: int
    received: int
    erased: int
    written: int
    verified: int
    md5: bytes

    SIZE = 44

    @classmethod
    def parse(cls, frame):
        return cls(*struct.unpack_from("<BHHBBIIII16s", frame, 1))

    def has(self, number):
        return number < self.next or (number > self.next and self.received >> (number - self.next - 1) & 1)


class Stream:
    """One stream, from the reply to its STREAM_BEGIN on. `before`: the content of the flash then."""

    def __init__(self, offset, size, limit, before, flags=0):
        self.offset, self.size, self.before, self.flags = offset, size, before, flags
        self.kinds = []     # of the sectors, when it is done
        self.end = -(-(offset + size) // SECTOR) * SECTOR
        check(offset % SECTOR == 0 and size > 0, "region", offset, size)
        check(limit > 0, "no frame may be sent")
        self.payloads = []  # by their numbers
        self.count = 0      # of everything sent
        self.sent_as = []   # by their numbers
        self.polls = {0: 0}  # count, by the value
        self.latest_poll = 0
        self.arrived = 0
        self.status = Status(0, 0, limit, 0, RUNNING, 0, offset, offset, offset, bytes(16))
        # The host chose a frame when or after the one before had been sent, and before the frame's first byte.
        self.when_sent = self.at_start = (self.status, self.arrived)
        self.gaps = []      # erased and written, where the latter is ahead
        self.resent = 0
        self.statuses = 0
        self.damaged = 0
        self.given_up = False
        self.content = None

    # The host's side.

    def start(self):
        self.at_start = (self.status, self.arrived)

    def take_sent(self, frame):
        check(not self.given_up, "a frame behind a bad one", frame[:4])
        if len(frame) < 8 or not crc_good(frame):
            self.given_up = True  # cut off: only requests may follow
            return
        poll, number = struct.unpack_from("<BH", frame, 1)
        payload = frame[4:-4]
        check(len(payload) <= PAYLOAD_MAX, "payload too long", len(payload))
        check(payload or poll, "a frame without a purpose")
        self.count += 1
        if payload:
            self.take_data(number, payload)
        if poll:
            check(poll != self.latest_poll, "the same poll twice", poll)
            self.polls[poll] = self.count
            self.latest_poll = poll
        self.when_sent = (self.status, self.arrived)

    def take_data(self, number, payload):
        limit, arrived = self.at_start[0].limit, self.at_start[1]
        check(number < limit, "beyond the credit", number, limit)
        check(number <= len(self.payloads), "number left out", number, len(self.payloads))
        if number == len(self.payloads):
            self.payloads.append(payload)
            self.sent_as.append(self.count)
            return
        check(payload == self.payloads[number], "another payload under the same number", number)
        check(not self.when_sent[0].has(number), "sent again although received", number)
        check(self.sent_as[number] < arrived, "sent again before its loss was known", number)
        self.sent_as[number] = self.count
        self.resent += 1

    # The stub's side.

    def take_received(self, frame):
        """Returns whether the stream is done."""
        if not crc_good(frame):
            self.damaged += 1
            return False
        status, before = Status.parse(frame), self.status
        self.statuses += 1
        check(status.error == 0, "error", status)
        check(status.state in (RUNNING, DONE), "state", status)
        check(status.poll in self.polls, "a poll that was not sent", status)
        check(before.next <= status.next <= len(self.payloads), "next", status)
        check(before.limit <= status.limit and status.next <= status.limit, "limit", status, before)
        check(status.received.bit_length() < max(len(self.payloads) - status.next, 1), "received", status)
        for number in range(status.next, len(self.payloads)):
            check(status.has(number) or not before.has(number), "a frame was received and no longer is", number)
        self.check_progress(status, before)
        self.note_arrivals(status, before)
        self.status = status
        if status.state == DONE:
            self.check_end(status)
        else:
            check(status.md5 == bytes(16), "an MD5 before the end", status)
        return status.state == DONE

    def check_progress(self, status, before):
        check(before.erased <= status.erased <= self.end, "erased", status)
        check(before.written <= status.written <= self.end, "written", status)
        check(before.verified <= status.verified <= self.offset + self.size, "verified", status)
        check(status.verified <= min(status.erased, status.written), "verified ahead of the writing", status)
        check(status.next > 0 or status.erased == self.offset, "erased before the plan was there", status)
        if status.written > status.erased:
            self.gaps.append((status.erased, status.written))

    def note_arrivals(self, status, before):
        for number, count in enumerate(self.sent_as):
            if status.has(number) and not before.has(number):
                self.arrived = max(self.arrived, count)
        if status.poll and status.poll == self.latest_poll:
            self.arrived = max(self.arrived, self.polls[status.poll])

    def check_end(self, status):
        check(status.next == len(self.payloads), "frames behind the end", status)
        check(status.received == 0, "received at the end", status)
        check(status.erased == self.end == status.written, "not all is written", status)
        check(status.verified == self.offset + self.size, "not all is verified", status)
        self.content = self.rebuild()
        check(hashlib.md5(self.content[:self.size]).digest() == status.md5, "the MD5 is another", status)
        for low, high in self.gaps:
            stretch = self.content[low - self.offset:high - self.offset]
            check(stretch.count(0xFF) == len(stretch), "written before it was erased", low, high)

    # The data.

    def rebuild(self):
        """The content of the region that the frames stand for, whole sectors."""
        inflate = zlib.decompressobj()
        try:
            data = inflate.decompress(b"".join(self.payloads))
        except zlib.error as error:
            raise Wrong("zlib", error) from error
        check(inflate.eof and not inflate.unused_data, "the zlib stream does not end where the frames do")
        n_sectors = (self.end - self.offset) // SECTOR
        plan_size = -(-2 * n_sectors // 64) * 64
        plan = struct.unpack_from(f"<{n_sectors}H", data)
        check(not any(data[2 * n_sectors:plan_size]), "the plan's padding")
        content, at = bytearray(), plan_size
        self.kinds = [word >> 12 for word in plan]
        for word in plan:
            sector = self.sector(word, content, data[at:at + SECTOR])
            at += SECTOR if word >> 12 == DATA else 0
            content += sector
        check(at == len(data), "content that is in no sector", at, len(data))
        return bytes(content)

    def sector(self, word, content, data):
        kind, operand = word >> 12, word & 0xFFF
        address = self.offset + len(content)
        if kind == COPY:
            source = operand * SECTOR
            check(source < address, "a copy of what comes later", source, address)
            if source < self.offset:
                return self.before[source:source + SECTOR]
            return bytes(content[source - self.offset:][:SECTOR])
        check(operand == 0, "operand", word)
        check(kind in (DATA, BLANK, KEEP), "kind", word)
        if kind == KEEP:
            return self.before[address:address + SECTOR]
        check(kind == BLANK or len(data) == SECTOR, "a sector's content is missing", address)
        return data if kind == DATA else BLANK_SECTOR


class Conversation:
    """All of a recording. `flash`: the content of the flash before it."""

    def __init__(self, flash):
        self.flash = bytearray(flash)
        self.request = None  # the latest STREAM_BEGIN or DIGEST_SECTORS, not yet answered
        self.digests = 0     # good answers to DIGEST_SECTORS
        self.stream = None   # open
        self.streams = []    # all

    def follow(self, events):
        for kind, frame in events:
            if kind == START and self.stream:
                self.stream.start()
            elif kind == SENT:
                self.take_sent(frame)
            elif kind == RECEIVED:
                self.take_received(frame)
        return self

    def take_sent(self, frame):
        if frame[0] == 0x02:
            check(self.stream, "a frame, and no stream is open")
            self.stream.take_sent(frame)
        elif frame[0] == 0x00 and len(frame) >= 8:
            self.stream = None
            self.request = None
            if frame[1] in (STREAM_BEGIN, DIGEST_SECTORS):
                check(struct.unpack_from("<H", frame, 2)[0] == 12 == len(frame) - 8, "length of a request", frame)
                self.request = struct.unpack_from("<III", frame, 8)

    def take_received(self, frame):
        if frame[0] == 0x01 and len(frame) >= 10 and frame[1] == STREAM_BEGIN and self.request:
            self.begin(frame)
        elif frame[0] == 0x01 and len(frame) >= 10 and frame[1] == DIGEST_SECTORS and self.request:
            self.take_digest(frame)
        elif frame[0] == 0x02 and len(frame) == Status.SIZE and self.stream and self.stream.take_received(frame):
            start = self.stream.offset
            self.flash[start:self.stream.end] = self.stream.content

    def begin(self, reply):
        length, value = struct.unpack_from("<HI", reply, 2)
        if length != len(reply) - 8 or reply[8:-2] != struct.pack("<III", *self.request):
            return  # damaged, or the answer to what arrived damaged: the host asks again
        check(reply[-2] == 0, "STREAM_BEGIN was refused", reply)
        offset, size, flags = self.request
        check(flags & ~0xFF07 == 0, "flags", flags)
        self.request = None
        self.stream = Stream(offset, size, value, bytes(self.flash), flags)
        self.streams.append(self.stream)

    def take_digest(self, reply):
        """On a line without noise: the reply has no checksum."""
        offset, size, flags = self.request
        n = -(-size // SECTOR)
        check(offset % SECTOR == 0 and 0 < size <= 4 << 20 and flags & ~0xFF02 == 0, "DIGEST_SECTORS", self.request)
        check(struct.unpack_from("<HI", reply, 2) == (len(reply) - 8, offset), "a digest's head", reply[:8])
        check(len(reply) == 8 + 16 + 4 * n + 2 and reply[-2:] == b"\0\0", "a digest's length", len(reply))
        check(reply[8:24] == hashlib.md5(self.flash[offset:offset + size]).digest(), "a digest's MD5")
        sums = struct.unpack_from(f"<{n}I", reply, 24)
        for i, value in enumerate(sums):
            sector = offset + i * SECTOR
            check(value == sum_of(self.flash[sector:sector + SECTOR]), "the sum of a sector", hex(sector))
        self.request = None
        self.digests += 1
