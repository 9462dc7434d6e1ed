/* SPDX-License-Identifier: MIT */
#include "tests/simulation/stub_host.h"
#include "proto/image/stub_image.h"
#include "proto/link/slip.h"
#include "tests/md5.h"
#include "tests/runner.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct stub_host host;

void host_send_frame(const uint8_t *bytes, size_t n)
{
    static uint8_t line[SLIP_ENCODED_MAX(WIRE_HEADER_SIZE + DATA_MAX)] = {SLIP_END};
    size_t m = 1 + slip_escape(line + 1, bytes, n);
    line[m++] = SLIP_END;
    board_send(host.board, host.baud, line, m);
}

/* Waits for the next frame that is not empty. Bytes of the ROM's boot message are outside of frames. */
bool host_receive(uint64_t timeout)
{
    uint64_t until = host.now + timeout;
    struct slip_decoder decoder;
    slip_decoder_init(&decoder, host.in.bytes, sizeof(host.in.bytes));
    while (host.now < until) {
        uint8_t byte;
        if (board_receive(host.board, host.baud, &byte, 1) == 0)
            host.now = board_run(host.board, until);
        else if (slip_decode(&decoder, byte)) {
            host.in.n = decoder.len;
            return true;
        }
    }
    return false;
}

uint32_t host_word(const uint8_t *bytes)
{
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

void host_put_word(uint8_t *bytes, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

void host_send_request(enum wire_op op, uint32_t checksum, const void *bytes, size_t n)
{
    static uint8_t frame[WIRE_HEADER_SIZE + DATA_MAX];
    ck_assert_uint_le(n, DATA_MAX);
    frame[0] = WIRE_REQUEST;
    frame[1] = (uint8_t)op;
    frame[2] = (uint8_t)n;
    frame[3] = (uint8_t)(n >> 8);
    host_put_word(frame + 4, checksum);
    memcpy(frame + WIRE_HEADER_SIZE, bytes, n);
    host_send_frame(frame, WIRE_HEADER_SIZE + n);
}

/* Returns the status byte, which is the error of a stub; the ROM's is 1. */
unsigned host_take_reply(enum wire_op op, uint64_t timeout)
{
    uint64_t until = host.now + timeout;
    while (host.now < until && host_receive(until - host.now)) {
        if (host.in.n < WIRE_HEADER_SIZE + 2 || host.in.bytes[0] != WIRE_REPLY || host.in.bytes[1] != op)
            continue;
        ck_assert_uint_eq(host.in.bytes[2] | host.in.bytes[3] << 8, host.in.n - WIRE_HEADER_SIZE);
        host.reply.value = host_word(host.in.bytes + 4);
        host.reply.data = host.in.bytes + WIRE_HEADER_SIZE;
        host.reply.n = host.in.n - WIRE_HEADER_SIZE - 2;
        return host.reply.error = host.in.bytes[host.in.n - 2];
    }
    return NO_REPLY;
}

unsigned host_ask(enum wire_op op, const void *bytes, size_t n)
{
    host_send_request(op, 0, bytes, n);
    return host_take_reply(op, 120 * SECOND);
}

unsigned host_ask_words(enum wire_op op, unsigned n, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    uint8_t bytes[16];
    host_put_word(bytes, a);
    host_put_word(bytes + 4, b);
    host_put_word(bytes + 8, c);
    host_put_word(bytes + 12, d);
    return host_ask(op, bytes, 4 * n);
}

void host_send_block(enum wire_op op, uint32_t sequence, const uint8_t *payload, size_t n, uint8_t damage)
{
    uint8_t bytes[DATA_MAX] = {0}, checksum = WIRE_CHECKSUM_SEED;
    host_put_word(bytes, (uint32_t)n);
    host_put_word(bytes + 4, sequence);
    memcpy(bytes + WIRE_DATA_HEADER_SIZE, payload, n);
    for (size_t i = 0; i < n; i++)
        checksum ^= payload[i];
    host_send_request(op, checksum ^ damage, bytes, WIRE_DATA_HEADER_SIZE + n);
}

unsigned host_block(enum wire_op op, uint32_t sequence, const uint8_t *payload, size_t n)
{
    host_send_block(op, sequence, payload, n, 0);
    return host_take_reply(op, 120 * SECOND);
}

/* Writes all of it. A reply comes before its block is written, so that the next block is sent meanwhile. Returns the
 * first error. */
unsigned host_blocks(enum wire_op op, const uint8_t *bytes, size_t n, size_t size)
{
    for (size_t at = 0, sequence = 0; at < n; at += size, sequence++) {
        unsigned error = host_block(op, (uint32_t)sequence, bytes + at, n - at < size ? n - at : size);
        /* The ROM, to which MEM_DATA goes here, does not tell in its reply which block it answers. */
        if (op != WIRE_MEM_DATA && error != NO_REPLY)
            ck_assert_uint_eq(host.reply.value, sequence);
        if (error != 0)
            return error;
    }
    return 0;
}

void host_run_for(uint64_t duration)
{
    for (uint64_t until = host.now + duration; host.now < until;)
        host.now = board_run(host.board, until);
}

static void host_reset_to_loader(void)
{
    board_set_lines(host.board, false, true);
    host_run_for(100 * MS);
    board_set_lines(host.board, true, false);
    host_run_for(50 * MS);
    board_set_lines(host.board, false, false);
    host.baud = 115200;
}

static void host_rom_sync(void)
{
    uint8_t bytes[36] = {7, 7, 0x12, 0x20};
    memset(bytes + 4, 0x55, 32);
    for (unsigned i = 0; i < 10; i++) {
        host_send_request(WIRE_SYNC, 0, bytes, sizeof(bytes));
        if (host_take_reply(WIRE_SYNC, 100 * MS) == 0) {
            ck_assert_uint_eq(host.reply.value, WIRE_SYNC_VALUE);
            host_run_for(50 * MS);
            return;
        }
    }
    ck_abort_msg("the ROM does not answer");
}

static void host_start_stub(void)
{
    struct stub_image *stub = stub_image_builtin();
    for (size_t i = 0; i < stub->n_segments; i++) {
        const struct stub_segment *s = &stub->segments[i];
        uint32_t n = (s->size + WIRE_MEM_BLOCK - 1) / WIRE_MEM_BLOCK;
        ck_assert_uint_eq(host_ask_words(WIRE_MEM_BEGIN, 4, s->size, n, WIRE_MEM_BLOCK, s->address), 0);
        ck_assert_uint_eq(host_blocks(WIRE_MEM_DATA, s->bytes, s->size, WIRE_MEM_BLOCK), 0);
    }
    ck_assert_uint_eq(host_ask_words(WIRE_MEM_END, 2, 0, stub->entry, 0, 0), 0);
    stub_image_free(stub);
    ck_assert(host_receive(SECOND));
    ck_assert_uint_eq(host.in.n, 4);
    ck_assert_mem_eq(host.in.bytes, WIRE_GREETING, 4);
}

void host_change_baud(uint32_t to)
{
    ck_assert_uint_eq(host_ask_words(WIRE_CHANGE_BAUDRATE, 2, to, host.baud, 0, 0), 0);
    host.baud = to;
    host_run_for(50 * MS);
}

/* Content that resembles firmware: random, compressible and blank stretches. */
static void host_fill(uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t run = 100 + (size_t)rand() % 5000;
        int kind = rand() % 3;
        for (; run > 0 && i < n; run--, i++)
            bytes[i] = kind == 0 ? 0xff : (uint8_t)(kind == 1 ? rand() : rand() % 7 * 31);
    }
}

void host_pack(size_t n)
{
    uLongf room = sizeof(host.packed);
    ck_assert_int_eq(compress2(host.packed, &room, host.data, n, 9), Z_OK);
    host.n_packed = room;
}

uint8_t *host_flash(void)
{
    size_t size;
    uint8_t *bytes = board_flash(host.board, &size);
    ck_assert_uint_eq(size, PART_SIZE);
    return bytes;
}

void host_begin_with(const struct board_config *config)
{
    host.board = board_new(config);
    ck_assert_ptr_nonnull(host.board);
    host.now = 0;
    srand(42);
    for (size_t i = 0; i < PART_SIZE; i++)
        host.before[i] = (uint8_t)rand();
    memcpy(host_flash(), host.before, PART_SIZE);
    host_fill(host.data, DATA_SIZE);
    board_power(host.board, true);
    host_reset_to_loader();
    host_rom_sync();
    host_start_stub();
}

void host_setup(void)
{
    const struct board_config config = {.seed = 1, .mac = {0x18, 0xfe, 0x34, 1, 2, 3}};
    host_begin_with(&config);
}

/* After every test: no byte was lost, no flash rule was violated, and no exception occurred. */
void host_teardown(void)
{
    const struct board_stats *stats = board_stats(host.board);
    ck_assert_msg(stats->exception == NULL, "%s", stats->exception);
    ck_assert_uint_eq(stats->fifo_overflows, 0);
    ck_assert_uint_eq(stats->nor_violations, 0);
    board_free(host.board);
    host.board = NULL;
}

/* [offset, offset + n) holds `content`, the rest of its sectors is blank, everything else is unchanged. */
void host_check_flash(const uint8_t *content, uint32_t offset, uint32_t n)
{
    const uint8_t *bytes = host_flash();
    uint32_t from = offset & ~0xfffu, to = (offset + n + 0xfff) & ~0xfffu;
    ck_assert_mem_eq(bytes, host.before, from);
    ck_assert_mem_eq(bytes + offset, content, n);
    ck_assert_mem_eq(bytes + to, host.before + to, PART_SIZE - to);
    for (uint32_t at = from; at < to; at++)
        if ((at < offset || at >= offset + n) && bytes[at] != 0xff)
            ck_abort_msg("0x%x is not blank", (unsigned)at);
}

void host_check_md5(const uint8_t *content, uint32_t offset, uint32_t n)
{
    uint8_t digest[16];
    md5_of(content, n, digest);
    ck_assert_uint_eq(host_ask_words(WIRE_SPI_FLASH_MD5, 4, offset, n, 0, 0), 0);
    ck_assert_uint_eq(host.reply.value, offset);
    ck_assert_uint_eq(host.reply.n, 16);
    ck_assert_mem_eq(host.reply.data, digest, 16);
}

unsigned host_defl_begin(uint32_t offset, uint32_t n)
{
    return host_ask_words(WIRE_FLASH_DEFL_BEGIN, 4, n, (uint32_t)(host.n_packed + BLOCK - 1) / BLOCK, BLOCK, offset);
}

unsigned host_end(enum wire_op op)
{
    return host_ask_words(op, 1, 1, 0, 0, 0);
}

void host_write_deflated(uint32_t offset, uint32_t n)
{
    host_pack(n);
    ck_assert_uint_eq(host_defl_begin(offset, n), 0);
    ck_assert_uint_eq(host_blocks(WIRE_FLASH_DEFL_DATA, host.packed, host.n_packed, BLOCK), 0);
    ck_assert_uint_eq(host_end(WIRE_FLASH_DEFL_END), 0);
}
