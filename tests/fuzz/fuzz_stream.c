/* SPDX-License-Identifier: MIT */
/*
 * The stub's side of a stream, as built for the host, on a flash part that knows the rules of one: bytes and frames in
 * any order, as much work in between as it happens.
 *
 * Asserted: nothing outside of the region changes, and no byte is programmed twice between two erases (spi_fake.h);
 * every status is whole, and its limit never falls; a stream that says DONE has written what its plan says, and its MD5
 * is that of the flash; and a host that goes on sending always comes to an end, DONE or an error. */
#define PART_SIZE (128 * 1024)

#include "stub/flash_digest.h"
#include "tests/unit/stub/stream_fake.h"

#include <md5.h>
#include <stdlib.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define SECTORS_MAX 20u /* of the region: a 64 KB block and more */
#define DATA_MAX    2u  /* of these: more would take longer, and show nothing else */

static struct {
    const uint8_t *bytes;
    size_t len;
} input;

static struct {
    uint32_t offset, size, end; /* the region; the end of its last sector */
    uint32_t limit, next;       /* of the latest status */
    unsigned state, error;
    bool evil; /* the stub was sent good frames of another content */
    uint8_t before[PART_SIZE], wanted[PART_SIZE];
    uint8_t raw[DATA_MAX * SPI_SECTOR + WIRE_PLAN_ALIGN], packed[DATA_MAX * SPI_SECTOR + 4096];
    size_t n_raw, n_packed, payload; /* bytes in a frame */
    uint32_t n_frames, n_data;
} stream;

static uint8_t next_byte(void)
{
    if (input.len == 0)
        return 0;
    input.len--;
    return *input.bytes++;
}

/* Pieces of few different bytes, which are fast to make and to deflate; some are blank. */
static void fill(uint8_t *sector, uint8_t seed)
{
    uint32_t state = seed;
    for (uint8_t *piece = sector; piece != sector + SPI_SECTOR; piece += SPI_PROGRAM_MAX) {
        state = state * 1664525 + 1013904223;
        memset(piece, state >> 28 < seed % 16u ? 0xff : (int)(state >> 24), SPI_PROGRAM_MAX);
        put_le32(piece + state % 61, state);
    }
}

/* Old content: every fourth sector is blank, as if erased long ago. */
static void reset_part(void)
{
    memset(&part, 0, sizeof(part));
    memset(&line, 0, sizeof(line));
    memset(part.programmed, true, sizeof(part.programmed));
    part.fails_at = UINT32_MAX;
    for (uint32_t at = 0; at < PART_SIZE; at += SPI_SECTOR) {
        bool blank = at / SPI_SECTOR % 4 == 0;
        memset(part.bytes + at, blank ? 0xff : 0x5a, SPI_SECTOR);
        memset(part.programmed + at, !blank, SPI_SECTOR * sizeof(bool));
    }
    memcpy(stream.before, part.bytes, PART_SIZE);
    memcpy(stream.wanted, part.bytes, PART_SIZE);
}

/* The plan's word for one sector, its content in the data, and what the flash will hold. */
static void plan_sector(uint32_t sector)
{
    uint8_t choice = next_byte(), *wanted = stream.wanted + sector * SPI_SECTOR;
    unsigned kind = choice >> 5, source = choice & 31u;
    if (kind == WIRE_PLAN_DATA && stream.n_data++ >= DATA_MAX)
        kind = WIRE_PLAN_BLANK;
    put_le16(stream.raw + 2 * (sector - stream.offset / SPI_SECTOR), (uint16_t)(kind << WIRE_PLAN_KIND_SHIFT | source));
    if (kind == WIRE_PLAN_DATA) {
        fill(wanted, choice);
        memcpy(stream.raw + stream.n_raw, wanted, SPI_SECTOR);
        stream.n_raw += SPI_SECTOR;
    } else if (kind == WIRE_PLAN_COPY && source < sector) {
        memcpy(wanted, stream.wanted + source * SPI_SECTOR, SPI_SECTOR);
    } else if (kind != WIRE_PLAN_KEEP) {
        memset(wanted, 0xff, SPI_SECTOR);
    }
}

static void make_stream(void)
{
    uint32_t first = next_byte() % 12, choice = next_byte(), n = 1 + choice / 4 % (choice % 4 == 3 ? SECTORS_MAX : 4);
    stream.offset = first * SPI_SECTOR;
    stream.size = n * SPI_SECTOR - next_byte() * 16u;
    stream.end = (first + n) * SPI_SECTOR;
    stream.payload = 32 + 4u * next_byte();
    stream.payload = stream.payload < WIRE_STREAM_PAYLOAD ? stream.payload : WIRE_STREAM_PAYLOAD;
    stream.n_data = 0;
    memset(stream.raw, 0, WIRE_PLAN_ALIGN);
    stream.n_raw = WIRE_PLAN_ALIGN;
    for (uint32_t sector = first; sector < first + n; sector++)
        plan_sector(sector);
    uLongf size = sizeof(stream.packed);
    if (compress2(stream.packed, &size, stream.raw, stream.n_raw, 1) != Z_OK)
        abort();
    stream.n_packed = size;
    stream.n_frames = (uint32_t)((size + stream.payload - 1) / stream.payload);
}

static void begin(void)
{
    uint32_t flags = next_byte() & (WIRE_STREAM_SKIP_BLANK | WIRE_STREAM_DUAL | WIRE_STREAM_COPIES_LATE);
    uint8_t fault = next_byte();
    struct reply reply;
    enum wire_error error = begin_stream(stream.offset, stream.size, flags, &reply);
    assert(error == WIRE_OK);
    if (fault % 16 == 1)
        part.fails_at = stream.offset + fault / 16 * SPI_SECTOR;
    if (fault % 16 == 2)
        part.stuck = stream.offset + fault * 64u;
    stream.limit = reply.value;
    stream.next = 0;
    stream.state = WIRE_STREAM_RUNNING;
    stream.error = WIRE_OK;
    stream.evil = false;
}

/* Statuses. */

static void check_end(const uint8_t *status)
{
    uint8_t md5[MD5_DIGEST_LENGTH];
    MD5_CTX context;
    MD5Init(&context);
    MD5Update(&context, part.bytes + stream.offset, stream.size);
    MD5Final(md5, &context);
    assert(stream.error == WIRE_OK);
    assert(memcmp(md5, status + WIRE_STATUS_MD5, sizeof(md5)) == 0);
    assert(get_le32(status + WIRE_STATUS_ERASED) == stream.end);
    assert(get_le32(status + WIRE_STATUS_WRITTEN) == stream.end);
    assert(get_le32(status + WIRE_STATUS_VERIFIED) == stream.offset + stream.size);
    if (!stream.evil && part.stuck == 0)
        assert(memcmp(part.bytes, stream.wanted, PART_SIZE) == 0);
}

static void take_status(const uint8_t *frame, size_t n)
{
    static uint8_t status[WIRE_STATUS_SIZE] __attribute__((aligned(4)));
    assert(n == WIRE_STATUS_SIZE && frame[0] == WIRE_STREAM);
    memcpy(status, frame, n);
    uint32_t limit = get_le16(status + WIRE_STATUS_LIMIT), next = get_le16(status + WIRE_STATUS_NEXT);
    assert(get_le32(status + n - WIRE_CRC_SIZE) == crc32_of(status, n - WIRE_CRC_SIZE));
    assert(limit >= stream.limit && next >= stream.next && next <= limit);
    assert(get_le32(status + WIRE_STATUS_RECEIVED) >> (STREAM_SLOTS - 1) == 0);
    stream.limit = limit;
    stream.next = next;
    stream.state = status[WIRE_STATUS_STATE];
    stream.error = status[WIRE_STATUS_ERROR];
    if (stream.state == WIRE_STREAM_DONE)
        check_end(status);
}

static void take_statuses(void)
{
    uint8_t frame[2 * WIRE_STATUS_SIZE];
    struct slip_decoder decoder;
    slip_decoder_init(&decoder, frame, sizeof(frame));
    for (size_t i = 0; i < line.n_out; i++)
        if (slip_decode(&decoder, line.out[i]))
            take_status(frame, decoder.len);
    line.n_out = 0;
}

static void work(unsigned turns)
{
    while (turns-- > 0 && turn())
        ;
    take_statuses();
}

/* What may come in. */

static void send_frame_number(uint32_t number)
{
    size_t at = number * stream.payload, left = stream.n_packed - at;
    send_to_stub(number, 0, stream.packed + at, left < stream.payload ? left : stream.payload, 0);
}

static void send_good_frame(uint8_t choice)
{
    uint32_t number = stream.next + choice % 32;
    if (number < stream.n_frames && number < stream.limit)
        send_frame_number(number);
}

static void send_bytes(uint8_t choice)
{
    size_t n = choice < input.len ? choice : input.len;
    put_on_line(input.bytes, n);
    input.bytes += n;
    input.len -= n;
}

/* Its CRC is right, its number and content are not. */
static void send_evil_frame(uint8_t choice)
{
    size_t n = 1 + choice % 200u;
    n = n < input.len ? n : input.len;
    send_to_stub(stream.next + choice % 64, choice % 3, input.bytes, n, 0);
    input.bytes += n;
    input.len -= n;
    stream.evil = true;
}

static void take_chunk(void)
{
    uint8_t kind = next_byte(), choice = next_byte();
    switch (kind % 8) {
    case 0:
    case 1:
    case 2: send_good_frame(choice); break;
    case 3: send_bytes(choice); break;
    case 4: send_to_stub(choice, choice, NULL, 0, choice % 2); break;
    case 5: send_evil_frame(choice); break;
    default: work(choice * 16u); break;
    }
    if (line.n_in - line.at_in > UART_RING / 2)
        work(100000);
}

/* As a host that goes on: all frames that may be sent, and a poll. Only a stub that has been given another content may
 * wait for more. */
static void finish(void)
{
    put_on_line((const uint8_t *)"\xC0", 1);
    for (unsigned rounds = 0; stream.state != WIRE_STREAM_DONE && stream.error == WIRE_OK; rounds++) {
        if (rounds == 2 && stream.evil)
            return;
        assert(rounds < 100);
        for (uint32_t number = stream.next; number < stream.limit && number < stream.n_frames; number++)
            send_frame_number(number);
        send_to_stub(0, 1, NULL, 0, 0);
        work(1000000);
    }
}

/* Frames that are under way belong to no stream. */
static void close_stream(void)
{
    stream_close();
    put_on_line((const uint8_t *)"\xC0", 1);
    while (frame_pending())
        (void)frame_receive();
}

static void check_outside(void)
{
    assert(memcmp(part.bytes, stream.before, stream.offset) == 0);
    assert(memcmp(part.bytes + stream.end, stream.before + stream.end, PART_SIZE - stream.end) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    input.bytes = bytes;
    input.len = len;
    crc32_init();
    frame_limit(FRAME_MAX);
    flash_set_size(PART_SIZE);
    reset_part();
    make_stream();
    begin();
    while (input.len > 0)
        take_chunk();
    finish();
    close_stream();
    check_outside();
    return 0;
}
