/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/wire/wire_stream.h"

#include "tools/boardsim/board/wire/wire_frame.h"

#include <stdlib.h>
#include <string.h>

/* docs/stub-protocol.md: frames that may be sent ahead, and by how much the limit rises before a status tells it. */
#define WINDOW     (15 + 23)
#define LIMIT_STEP 4
#define HEADER     4
#define CRC        4
#define PAYLOAD    1024
#define PLAN_ALIGN 64u

enum plan_kind { DATA, BLANK, COPY, KEEP };

enum { ERR_INVALID = 0xc3, ERR_INFLATE = 0xc7, ERR_TOO_MUCH = 0xc9, ERR_SLOW = 0xe0 };

enum { STATE_RUNNING, STATE_DONE };

void wire_stream_close(struct wire_stream *stream)
{
    if (stream->open)
        inflateEnd(&stream->zlib);
    free(stream->plan);
    *stream = (struct wire_stream){0};
}

static bool region_valid(const struct wire_flash *flash, uint32_t offset, uint32_t size)
{
    return offset % WIRE_SECTOR == 0 && size > 0 && offset < flash->size && size <= flash->size - offset;
}

uint8_t wire_stream_open(struct wire_stream *stream, struct wire_flash *flash, const uint32_t words[3], uint32_t *limit)
{
    wire_stream_close(stream);
    if (!region_valid(flash, words[0], words[1]))
        return ERR_INVALID;
    stream->flash = flash;
    stream->offset = words[0];
    stream->size = words[1];
    stream->sectors = (words[1] + WIRE_SECTOR - 1) / WIRE_SECTOR;
    stream->plan_size = (2 * stream->sectors + PLAN_ALIGN - 1) / PLAN_ALIGN * PLAN_ALIGN;
    stream->plan = malloc(stream->plan_size);
    stream->open = stream->plan && inflateInit(&stream->zlib) == Z_OK;
    MD5Init(&stream->md5);
    *limit = stream->told_limit = WINDOW;
    return stream->open ? 0 : ERR_SLOW;
}

static bool done(const struct wire_stream *stream)
{
    return stream->zlib_ended && stream->at == stream->sectors && !stream->error;
}

bool wire_stream_running(const struct wire_stream *stream)
{
    return stream->open && !stream->error && !done(stream);
}

/* The sector at work has its content: it goes into the flash, and from there into the digest. */
static void put_sector(struct wire_stream *stream, unsigned kind, uint32_t operand)
{
    struct wire_flash *flash = stream->flash;
    uint32_t sector = stream->offset / WIRE_SECTOR + stream->at;
    uint32_t in_region = stream->at * WIRE_SECTOR, left = stream->size - in_region;
    uint8_t blank[WIRE_SECTOR];

    if (kind == DATA)
        wire_flash_put(flash, sector, stream->sector);
    else if (kind == BLANK)
        wire_flash_put(flash, sector, memset(blank, 0xff, sizeof blank));
    else if (kind == COPY)
        wire_flash_put(flash, sector, wire_flash_sector(flash, operand));
    wire_flash_digest(flash, stream->offset + in_region, left < WIRE_SECTOR ? left : WIRE_SECTOR, &stream->md5);
    stream->sector_used = 0;
    stream->at++;
}

static bool plan_complete(const struct wire_stream *stream)
{
    return stream->plan_used == stream->plan_size;
}

/* Goes on to the next sector that waits for data. */
static void advance(struct wire_stream *stream)
{
    while (plan_complete(stream) && stream->at < stream->sectors && !stream->error) {
        unsigned word = wire_half(stream->plan + (size_t)2 * stream->at);
        unsigned kind = word >> 12, operand = word & 0xfff;

        if (kind == DATA && stream->sector_used < WIRE_SECTOR)
            return;
        if (kind > KEEP || (kind == COPY && operand >= stream->offset / WIRE_SECTOR + stream->at))
            stream->error = ERR_INVALID;
        else
            put_sector(stream, kind, operand);
    }
}

/* Where the next inflated bytes belong. Behind the last sector there is room for one, which is too much. */
static void make_room(struct wire_stream *stream, uint8_t *excess)
{
    z_stream *zlib = &stream->zlib;

    if (!plan_complete(stream)) {
        zlib->next_out = stream->plan + stream->plan_used;
        zlib->avail_out = stream->plan_size - stream->plan_used;
    } else if (stream->at < stream->sectors) {
        zlib->next_out = stream->sector + stream->sector_used;
        zlib->avail_out = WIRE_SECTOR - stream->sector_used;
    } else {
        zlib->next_out = excess;
        zlib->avail_out = 1;
    }
}

static void note_inflated(struct wire_stream *stream, uint32_t n)
{
    if (!plan_complete(stream))
        stream->plan_used += n;
    else if (stream->at < stream->sectors)
        stream->sector_used += n;
    else if (n > 0)
        stream->error = ERR_TOO_MUCH;
    advance(stream);
}

/* False if it wants more input, or the job has ended. */
static bool inflate_some(struct wire_stream *stream)
{
    uint8_t excess;
    make_room(stream, &excess);
    uint32_t room = stream->zlib.avail_out;
    int result = inflate(&stream->zlib, Z_NO_FLUSH);

    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        stream->error = ERR_INFLATE;
    else
        note_inflated(stream, room - stream->zlib.avail_out);
    stream->zlib_ended = result == Z_STREAM_END;
    return !stream->error && result == Z_OK;
}

static void take_payload(struct wire_stream *stream, const uint8_t *payload, size_t n)
{
    stream->zlib.next_in = (uint8_t *)payload;
    stream->zlib.avail_in = (uInt)n;
    if (stream->zlib_ended)
        stream->error = ERR_TOO_MUCH;
    while (!stream->error && inflate_some(stream))
        ;
    if (stream->zlib_ended && !stream->error && (stream->zlib.avail_in > 0 || stream->at < stream->sectors))
        stream->error = stream->zlib.avail_in > 0 ? ERR_TOO_MUCH : ERR_INFLATE;
    if (done(stream))
        MD5Final(stream->digest, &stream->md5);
}

bool wire_stream_take(struct wire_stream *stream, const uint8_t *frame, size_t n)
{
    if (!stream->open || n < HEADER + CRC || n > HEADER + PAYLOAD + CRC ||
        wire_word(frame + n - CRC) != (uint32_t)crc32(0, frame, (uInt)n - CRC))
        return false;
    size_t payload = n - HEADER - CRC;
    uint32_t number = wire_half(frame + 2);
    bool was_running = wire_stream_running(stream), gap = payload > 0 && number > stream->next;

    if (frame[1])
        stream->poll = frame[1];
    if (payload > 0 && number == stream->next && was_running) {
        stream->next++;
        take_payload(stream, frame + HEADER, payload);
    }
    bool ended = was_running && !wire_stream_running(stream);
    bool more = was_running && stream->next + WINDOW >= stream->told_limit + LIMIT_STEP;
    return frame[1] || ended || more || (was_running && gap);
}

void wire_stream_status(struct wire_stream *stream, uint8_t status[WIRE_STREAM_STATUS])
{
    uint32_t front = stream->offset + stream->at * WIRE_SECTOR, end = stream->offset + stream->size;

    memset(status, 0, WIRE_STREAM_STATUS);
    status[0] = 2;
    status[1] = stream->error;
    wire_set_half(status + 2, stream->next);
    stream->told_limit = stream->next + WINDOW;
    wire_set_half(status + 4, stream->told_limit);
    status[6] = stream->poll;
    status[7] = done(stream) ? STATE_DONE : STATE_RUNNING;
    wire_set_word(status + 12, front);
    wire_set_word(status + 16, front);
    wire_set_word(status + 20, front < end ? front : end);
    memcpy(status + 24, stream->digest, sizeof stream->digest);
    wire_set_word(status + WIRE_STREAM_STATUS - CRC, (uint32_t)crc32(0, status, WIRE_STREAM_STATUS - CRC));
}
