/* SPDX-License-Identifier: MIT */
/* Talking to a virtual board through its public face: time, lines, SLIP frames. One board at a time. */
#ifndef TESTS_UNIT_BOARDSIM_BOARD_TALK_H
#define TESTS_UNIT_BOARDSIM_BOARD_TALK_H

#include <check.h>
#include <string.h>

#include "tools/boardsim/board/board.h"

#define MS 1000000ull

#define BOOT_BAUD 74880

/* The longest request: a stub's block of 16 KB with its headers. */
#define REQUEST_MAX (8 + 16 + 0x4000)

static struct board *board;
static uint64_t now;
static uint32_t baud;

/* Everything the board said in the last talk. */
static uint8_t heard[65536];
static size_t heard_size;

/* Lets `ns` pass; what is said meanwhile is appended to `heard`. */
static inline void pass(uint64_t ns)
{
    uint64_t end = now + ns;

    while (now < end) {
        now = board_run(board, end);
        heard_size += board_receive(board, baud, heard + heard_size, sizeof heard - 1 - heard_size);
    }
    heard[heard_size] = 0;
}

static inline void forget(void)
{
    heard_size = 0;
    heard[0] = 0;
}

static inline bool said(const char *text)
{
    return strstr((const char *)heard, text) != NULL;
}

/* A powered board; as the adapter leaves it when it is plugged in. */
static inline void plug(const struct board_config *config)
{
    board_free(board);
    board = board_new(config);
    ck_assert_ptr_nonnull(board);
    now = 0;
    baud = BOOT_BAUD;
    forget();
    board_power(board, true);
}

static inline void unplug(void)
{
    board_free(board);
    board = NULL;
}

/* The tight sequence into download mode. */
static inline void reset_to_download(void)
{
    board_set_lines(board, false, true);
    pass(100 * MS);
    board_set_lines(board, true, false);
    pass(50 * MS);
    board_set_lines(board, false, false);
}

static inline void say(const void *bytes, size_t n)
{
    board_send(board, baud, bytes, n);
}

static inline void say_frame(const uint8_t *bytes, size_t n)
{
    static uint8_t out[2 * REQUEST_MAX + 2];
    size_t k = 0;

    out[k++] = 0xc0;
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == 0xc0 || bytes[i] == 0xdb) {
            out[k++] = 0xdb;
            out[k++] = bytes[i] == 0xc0 ? 0xdc : 0xdd;
        } else {
            out[k++] = bytes[i];
        }
    }
    out[k++] = 0xc0;
    say(out, k);
}

static inline void say_request(uint8_t op, uint32_t checksum, const void *data, size_t n)
{
    static uint8_t request[REQUEST_MAX];

    ck_assert_uint_le(8 + n, sizeof request);

    request[0] = 0;
    request[1] = op;
    request[2] = (uint8_t)n;
    request[3] = (uint8_t)(n >> 8);
    memcpy(request + 4, &checksum, 4);
    if (n > 0)
        memcpy(request + 8, data, n);
    say_frame(request, 8 + n);
}

struct loader_reply {
    uint8_t op, status, error;
    uint32_t value;
};

/* Takes the first frame off `heard`; false if there is no whole one. */
static inline bool next_frame(uint8_t *frame, size_t room, size_t *n)
{
    size_t i = 0;

    *n = 0;
    while (i < heard_size && heard[i] != 0xc0)
        i++;
    while (++i < heard_size && heard[i] != 0xc0) {
        uint8_t byte = heard[i];

        if (byte == 0xdb && i + 1 < heard_size)
            byte = heard[++i] == 0xdc ? 0xc0 : 0xdb;
        if (*n < room)
            frame[(*n)++] = byte;
    }
    if (i >= heard_size)
        return false;
    heard_size -= i + 1;
    memmove(heard, heard + i + 1, heard_size + 1);
    return true;
}

static inline bool next_reply(struct loader_reply *reply)
{
    uint8_t frame[64];
    size_t n;

    if (!next_frame(frame, sizeof frame, &n))
        return false;
    ck_assert_uint_eq(n, 10);
    ck_assert_uint_eq(frame[0], 1);
    ck_assert_uint_eq(frame[2] | frame[3] << 8, 2);
    reply->op = frame[1];
    memcpy(&reply->value, frame + 4, 4);
    reply->status = frame[8];
    reply->error = frame[9];
    return true;
}

/* Asks and waits up to a minute for the answer: of a block that inflates to megabytes esptool's stub takes long. */
static inline struct loader_reply ask_with(uint8_t op, uint32_t checksum, const void *data, size_t n)
{
    struct loader_reply reply = {0};

    forget();
    say_request(op, checksum, data, n);
    for (int i = 0; i < 60000; i++) {
        pass(MS);
        if (next_reply(&reply))
            return reply;
    }
    ck_abort_msg("no answer to command 0x%02x", op);
}

static inline struct loader_reply ask(uint8_t op, const void *data, size_t n)
{
    return ask_with(op, 0, data, n);
}

static inline void say_sync(void)
{
    uint8_t data[36] = {0x07, 0x07, 0x12, 0x20};

    memset(data + 4, 0x55, 32);
    say_request(0x08, 0, data, sizeof data);
}

/* Reset, autobaud at `rate`, answered SYNC. */
static inline void connect_at(uint32_t rate)
{
    uint64_t talk = 10 * MS + 160 * 10 * 1000 * MS / rate; /* 46 bytes there, 112 back */

    reset_to_download();
    baud = rate;
    say_sync();
    pass(talk);
    say_sync();
    pass(talk);
    ck_assert_uint_gt(heard_size, 0);
    forget();
}

static inline uint8_t xor_of(const uint8_t *bytes, size_t n)
{
    uint8_t sum = 0xef;

    while (n-- > 0)
        sum ^= *bytes++;
    return sum;
}

/* MEM_DATA or FLASH_DATA with the right checksum, changed by `damage`. */
static inline struct loader_reply ask_data(uint8_t op, uint32_t sequence, const uint8_t *payload, uint32_t n,
                                           uint32_t damage)
{
    static uint8_t data[16 + 0x1900];
    const uint32_t head[4] = {n, sequence, 0, 0};

    memcpy(data, head, sizeof head);
    memcpy(data + 16, payload, n);
    return ask_with(op, xor_of(payload, n) ^ damage, data, 16 + n);
}

static inline void must(struct loader_reply reply)
{
    ck_assert_msg(reply.status == 0, "command 0x%02x: error %u", reply.op, reply.error);
}

/* What the ROM says first. */
#define BANNER(cause, mode) "\r\n ets Jan  8 2013,rst cause:" #cause ", boot mode:(" #mode ",6)\r\n\r\n"

struct segment {
    uint32_t address;
    const void *bytes; /* NULL: zeros */
    size_t n;
};

/* An image at the start of flash: mode and clock are bytes 2 and 3 of its header. Returns where the checksum is. */
static inline size_t put_image(uint8_t mode, uint8_t clock, uint32_t entry, const struct segment *segments, unsigned n)
{
    size_t size, at = 8;
    uint8_t *flash = board_flash(board, &size), sum = 0xef;
    const uint8_t head[4] = {0xe9, (uint8_t)n, mode, clock};

    memcpy(flash, head, 4);
    memcpy(flash + 4, &entry, 4);
    for (unsigned i = 0; i < n; i++) {
        const struct segment *segment = &segments[i];
        const uint32_t n_bytes = (uint32_t)segment->n;

        memcpy(flash + at, &segment->address, 4);
        memcpy(flash + at + 4, &n_bytes, 4);
        at += 8;
        memset(flash + at, 0, segment->n);
        if (segment->bytes)
            memcpy(flash + at, segment->bytes, segment->n);
        sum ^= xor_of(flash + at, segment->n) ^ 0xef;
        at += segment->n;
    }
    memset(flash + at, 0, 16 - at % 16);
    flash[at | 15] = sum;
    return at | 15;
}

/* Uploads code by the ROM loader and starts it. */
static inline void upload(uint32_t address, const uint8_t *code, uint32_t n, uint32_t entry)
{
    static uint8_t padded[0x1800];
    const uint32_t whole = (n + 3) & ~3u, begin[4] = {whole, 1, 0x1800, address}, end[2] = {0, entry};

    memset(padded, 0, sizeof padded);
    memcpy(padded, code, n);
    must(ask(0x05, begin, sizeof begin));
    must(ask_data(0x07, 0, padded, whole, 0));
    must(ask(0x06, end, sizeof end));
}

#endif
