/* SPDX-License-Identifier: MIT */
/*
 * The stub on the virtual board, in virtual time, with a small host of its own. The host implements only the wire
 * protocol and does not use proto's session or recipes, so that an error common to these and the stub is found. */
#include "proto/image/stub_image.h"
#include "proto/link/wire.h"
#include "tests/runner.h"
#include "tools/boardsim/board/board.h"

#include <md5.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define MS        1000000ULL
#define SECOND    (1000 * MS)
#define BLOCK     WIRE_FLASH_BLOCK
#define DATA_MAX  (WIRE_DATA_HEADER_SIZE + BLOCK)
#define PART_SIZE (4u << 20)
#define DATA_SIZE (256u * 1024)

static struct board *board;
static uint64_t now;
static uint32_t baud;
static uint8_t data[DATA_SIZE + 64], packed[DATA_SIZE + 4096], before[PART_SIZE];
static size_t n_packed;

/* The last frame from the board. */
static struct {
    uint8_t bytes[DATA_MAX];
    size_t n;
    bool escaped;
} in;

static void send_frame(const uint8_t *bytes, size_t n)
{
    static uint8_t line[2 * (WIRE_HEADER_SIZE + DATA_MAX) + 2];
    size_t m = 0;
    line[m++] = SLIP_END;
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == SLIP_END || bytes[i] == SLIP_ESC) {
            line[m++] = SLIP_ESC;
            line[m++] = bytes[i] == SLIP_END ? SLIP_ESC_END : SLIP_ESC_ESC;
        } else {
            line[m++] = bytes[i];
        }
    }
    line[m++] = SLIP_END;
    board_send(board, baud, line, m);
}

/* Waits for the next frame that is not empty. Bytes of the ROM's boot message are outside of frames. */
static bool receive(uint64_t timeout)
{
    uint64_t until = now + timeout;
    in.n = 0;
    in.escaped = false;
    while (now < until) {
        uint8_t byte;
        if (board_receive(board, baud, &byte, 1) == 0) {
            now = board_run(board, until);
            continue;
        }
        if (byte == SLIP_END) {
            if (in.n > 0)
                return true;
        } else if (byte == SLIP_ESC) {
            in.escaped = true;
        } else if (in.n < sizeof(in.bytes)) {
            if (in.escaped)
                byte = byte == SLIP_ESC_END ? SLIP_END : SLIP_ESC;
            in.escaped = false;
            in.bytes[in.n++] = byte;
        }
    }
    return false;
}

static uint32_t word(const uint8_t *bytes)
{
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void put_word(uint8_t *bytes, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

static void send_request(enum wire_op op, uint32_t checksum, const void *bytes, size_t n)
{
    static uint8_t frame[WIRE_HEADER_SIZE + DATA_MAX];
    ck_assert_uint_le(n, DATA_MAX);
    frame[0] = WIRE_REQUEST;
    frame[1] = (uint8_t)op;
    frame[2] = (uint8_t)n;
    frame[3] = (uint8_t)(n >> 8);
    put_word(frame + 4, checksum);
    memcpy(frame + WIRE_HEADER_SIZE, bytes, n);
    send_frame(frame, WIRE_HEADER_SIZE + n);
}

static struct {
    uint32_t value;
    const uint8_t *data;
    size_t n;
    unsigned error;
} reply;

#define NO_REPLY 0x100 /* in place of an error */

/* Returns the status byte, which is the error of a stub; the ROM's is 1. */
static unsigned take_reply(enum wire_op op, uint64_t timeout)
{
    uint64_t until = now + timeout;
    while (now < until && receive(until - now)) {
        if (in.n < WIRE_HEADER_SIZE + 2 || in.bytes[0] != WIRE_REPLY || in.bytes[1] != op)
            continue;
        ck_assert_uint_eq(in.bytes[2] | in.bytes[3] << 8, in.n - WIRE_HEADER_SIZE);
        reply.value = word(in.bytes + 4);
        reply.data = in.bytes + WIRE_HEADER_SIZE;
        reply.n = in.n - WIRE_HEADER_SIZE - 2;
        return reply.error = in.bytes[in.n - 2];
    }
    return NO_REPLY;
}

static unsigned ask(enum wire_op op, const void *bytes, size_t n)
{
    send_request(op, 0, bytes, n);
    return take_reply(op, 120 * SECOND);
}

static unsigned ask_words(enum wire_op op, unsigned n, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    uint8_t bytes[16];
    put_word(bytes, a);
    put_word(bytes + 4, b);
    put_word(bytes + 8, c);
    put_word(bytes + 12, d);
    return ask(op, bytes, 4 * n);
}

static void send_block(enum wire_op op, uint32_t sequence, const uint8_t *payload, size_t n, uint8_t damage)
{
    uint8_t bytes[DATA_MAX] = {0}, checksum = WIRE_CHECKSUM_SEED;
    put_word(bytes, (uint32_t)n);
    put_word(bytes + 4, sequence);
    memcpy(bytes + WIRE_DATA_HEADER_SIZE, payload, n);
    for (size_t i = 0; i < n; i++)
        checksum ^= payload[i];
    send_request(op, checksum ^ damage, bytes, WIRE_DATA_HEADER_SIZE + n);
}

static unsigned block(enum wire_op op, uint32_t sequence, const uint8_t *payload, size_t n)
{
    send_block(op, sequence, payload, n, 0);
    return take_reply(op, 120 * SECOND);
}

/* Writes all of it. A reply comes before its block is written, so that the next block is sent meanwhile. Returns the
 * first error. */
static unsigned blocks(enum wire_op op, const uint8_t *bytes, size_t n, size_t size)
{
    for (size_t at = 0, sequence = 0; at < n; at += size, sequence++) {
        unsigned error = block(op, (uint32_t)sequence, bytes + at, n - at < size ? n - at : size);
        /* The ROM, to which MEM_DATA goes here, does not tell in its reply which block it answers. */
        if (op != WIRE_MEM_DATA && error != NO_REPLY)
            ck_assert_uint_eq(reply.value, sequence);
        if (error != 0)
            return error;
    }
    return 0;
}

static void run_for(uint64_t duration)
{
    for (uint64_t until = now + duration; now < until;)
        now = board_run(board, until);
}

static void reset_to_loader(void)
{
    board_set_lines(board, false, true);
    run_for(100 * MS);
    board_set_lines(board, true, false);
    run_for(50 * MS);
    board_set_lines(board, false, false);
    baud = 115200;
}

static void rom_sync(void)
{
    uint8_t bytes[36] = {7, 7, 0x12, 0x20};
    memset(bytes + 4, 0x55, 32);
    for (unsigned i = 0; i < 10; i++) {
        send_request(WIRE_SYNC, 0, bytes, sizeof(bytes));
        if (take_reply(WIRE_SYNC, 100 * MS) == 0) {
            ck_assert_uint_eq(reply.value, WIRE_SYNC_VALUE);
            run_for(50 * MS);
            return;
        }
    }
    ck_abort_msg("the ROM does not answer");
}

static void start_stub(void)
{
    struct stub_image *stub = stub_image_builtin();
    for (size_t i = 0; i < stub->n_segments; i++) {
        const struct stub_segment *s = &stub->segments[i];
        uint32_t n = (s->size + WIRE_MEM_BLOCK - 1) / WIRE_MEM_BLOCK;
        ck_assert_uint_eq(ask_words(WIRE_MEM_BEGIN, 4, s->size, n, WIRE_MEM_BLOCK, s->address), 0);
        ck_assert_uint_eq(blocks(WIRE_MEM_DATA, s->bytes, s->size, WIRE_MEM_BLOCK), 0);
    }
    ck_assert_uint_eq(ask_words(WIRE_MEM_END, 2, 0, stub->entry, 0, 0), 0);
    stub_image_free(stub);
    ck_assert(receive(SECOND));
    ck_assert_uint_eq(in.n, 4);
    ck_assert_mem_eq(in.bytes, WIRE_GREETING, 4);
}

static void change_baud(uint32_t to)
{
    ck_assert_uint_eq(ask_words(WIRE_CHANGE_BAUDRATE, 2, to, baud, 0, 0), 0);
    baud = to;
    run_for(50 * MS);
}

/* Content that resembles firmware: random, compressible and blank stretches. */
static void fill(uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t run = 100 + (size_t)rand() % 5000;
        int kind = rand() % 3;
        for (; run > 0 && i < n; run--, i++)
            bytes[i] = kind == 0 ? 0xff : (uint8_t)(kind == 1 ? rand() : rand() % 7 * 31);
    }
}

static void pack(size_t n)
{
    uLongf room = sizeof(packed);
    ck_assert_int_eq(compress2(packed, &room, data, n, 9), Z_OK);
    n_packed = room;
}

static uint8_t *flash(void)
{
    size_t size;
    uint8_t *bytes = board_flash(board, &size);
    ck_assert_uint_eq(size, PART_SIZE);
    return bytes;
}

static void begin_with(const struct board_config *config)
{
    board = board_new(config);
    ck_assert_ptr_nonnull(board);
    now = 0;
    srand(42);
    for (size_t i = 0; i < PART_SIZE; i++)
        before[i] = (uint8_t)rand();
    memcpy(flash(), before, PART_SIZE);
    fill(data, DATA_SIZE);
    board_power(board, true);
    reset_to_loader();
    rom_sync();
    start_stub();
}

static void setup(void)
{
    const struct board_config config = {.seed = 1, .mac = {0x18, 0xfe, 0x34, 1, 2, 3}};
    begin_with(&config);
}

/* After every test: no byte was lost, no flash rule was violated, and no exception occurred. */
static void teardown(void)
{
    const struct board_stats *stats = board_stats(board);
    ck_assert_msg(stats->exception == NULL, "%s", stats->exception);
    ck_assert_uint_eq(stats->fifo_overflows, 0);
    ck_assert_uint_eq(stats->nor_violations, 0);
    board_free(board);
    board = NULL;
}

/* [offset, offset + n) holds `content`, the rest of its sectors is blank, everything else is unchanged. */
static void check_flash(const uint8_t *content, uint32_t offset, uint32_t n)
{
    const uint8_t *bytes = flash();
    uint32_t from = offset & ~0xfffu, to = (offset + n + 0xfff) & ~0xfffu;
    ck_assert_mem_eq(bytes, before, from);
    ck_assert_mem_eq(bytes + offset, content, n);
    ck_assert_mem_eq(bytes + to, before + to, PART_SIZE - to);
    for (uint32_t at = from; at < to; at++)
        if ((at < offset || at >= offset + n) && bytes[at] != 0xff)
            ck_abort_msg("0x%x is not blank", (unsigned)at);
}

static void check_md5(const uint8_t *content, uint32_t offset, uint32_t n)
{
    uint8_t digest[16];
    MD5_CTX md5;
    MD5Init(&md5);
    MD5Update(&md5, content, n);
    MD5Final(digest, &md5);
    ck_assert_uint_eq(ask_words(WIRE_SPI_FLASH_MD5, 4, offset, n, 0, 0), 0);
    ck_assert_uint_eq(reply.value, offset);
    ck_assert_uint_eq(reply.n, 16);
    ck_assert_mem_eq(reply.data, digest, 16);
}

static unsigned defl_begin(uint32_t offset, uint32_t n)
{
    return ask_words(WIRE_FLASH_DEFL_BEGIN, 4, n, (uint32_t)(n_packed + BLOCK - 1) / BLOCK, BLOCK, offset);
}

static unsigned end(enum wire_op op)
{
    return ask_words(op, 1, 1, 0, 0, 0);
}

static void write_deflated(uint32_t offset, uint32_t n)
{
    pack(n);
    ck_assert_uint_eq(defl_begin(offset, n), 0);
    ck_assert_uint_eq(blocks(WIRE_FLASH_DEFL_DATA, packed, n_packed, BLOCK), 0);
    ck_assert_uint_eq(end(WIRE_FLASH_DEFL_END), 0);
}

START_TEST(test_info)
{
    ck_assert_uint_eq(ask(WIRE_STUB_INFO, "", 0), 0);
    ck_assert_uint_eq(reply.value, WIRE_CAN_RESEND | WIRE_TELLS_ADDRESS);
    ck_assert_uint_eq(reply.n, strlen("gangd " GANGD_VERSION));
    ck_assert_mem_eq(reply.data, "gangd " GANGD_VERSION, reply.n);
}
END_TEST

START_TEST(test_sync)
{
    ck_assert_uint_eq(ask(WIRE_SYNC, "\7\7\x12\x20", 4), 0);
    for (unsigned i = 1; i < 8; i++)
        ck_assert_uint_eq(take_reply(WIRE_SYNC, SECOND), 0);
    ck_assert_uint_eq(reply.value, 0);
    ck_assert_uint_eq(take_reply(WIRE_SYNC, SECOND), NO_REPLY);
}
END_TEST

START_TEST(test_bad_requests)
{
    ck_assert_uint_eq(ask((enum wire_op)0x77, "", 0), WIRE_ERR_UNIMPLEMENTED);
    ck_assert_uint_eq(ask(WIRE_READ_REG, "12", 2), WIRE_ERR_LENGTH);
    ck_assert_uint_eq(ask_words(WIRE_READ_REG, 1, 0x60000001, 0, 0, 0), WIRE_ERR_INVALID);
    ck_assert_uint_eq(block(WIRE_FLASH_DATA, 0, data, 64), WIRE_ERR_NOT_FLASHING);
    ck_assert_uint_eq(end(WIRE_FLASH_END), WIRE_ERR_NOT_FLASHING);
    ck_assert_uint_eq(ask_words(WIRE_FLASH_BEGIN, 4, 4096, 1, BLOCK + 1, 0), WIRE_ERR_BLOCK_SIZE);
    ck_assert_uint_eq(ask_words(WIRE_FLASH_BEGIN, 4, 4097, 1, BLOCK, PART_SIZE - 4096), WIRE_ERR_INVALID);
    ck_assert_uint_eq(ask_words(WIRE_SPI_FLASH_MD5, 4, PART_SIZE, 1, 0, 0), WIRE_ERR_INVALID);
    ck_assert_uint_eq(ask_words(WIRE_READ_FLASH, 4, 0, 100, 0, 1), WIRE_ERR_BLOCK_SIZE);
    ck_assert_uint_eq(ask_words(WIRE_ERASE_REGION, 2, 0x1000, 0x1001, 0, 0), WIRE_ERR_INVALID);
    ck_assert_uint_eq(ask_words(WIRE_CHANGE_BAUDRATE, 2, 0, 115200, 0, 0), WIRE_ERR_INVALID);
    ck_assert_uint_eq(ask_words(WIRE_CHANGE_BAUDRATE, 2, 20000000, 115200, 0, 0), WIRE_ERR_INVALID);
    ck_assert_uint_eq(ask_words(WIRE_MEM_BEGIN, 4, 64, 1, 64, 0x4010c000), WIRE_ERR_INVALID);
    /* A frame that is not a request, a truncated one, noise: no reply, and the next request is answered. */
    send_frame((const uint8_t *)"\1\x0a\4\0abcdefgh", 12);
    send_frame((const uint8_t *)"\0\x0a\4", 3);
    board_send(board, baud, (const uint8_t *)"noise\xdb", 6);
    ck_assert_uint_eq(ask(WIRE_STUB_INFO, "", 0), 0);
    ck_assert_mem_eq(flash(), before, PART_SIZE);
}
END_TEST

START_TEST(test_registers_and_memory)
{
    ck_assert_uint_eq(ask_words(WIRE_READ_REG, 1, 0x40001000, 0, 0, 0), 0);
    ck_assert_uint_eq(reply.value, 0xfff0c101);
    const uint32_t at = 0x3fffb000; /* free DRAM */
    ck_assert_uint_eq(ask_words(WIRE_WRITE_REG, 4, at, 0x12345678, 0xffffffff, 0), 0);
    ck_assert_uint_eq(ask_words(WIRE_WRITE_REG, 4, at, 0xffffffff, 0x00ff0000, 10), 0);
    ck_assert_uint_eq(ask_words(WIRE_READ_REG, 1, at, 0, 0, 0), 0);
    ck_assert_uint_eq(reply.value, 0x12ff5678);

    ck_assert_uint_eq(ask_words(WIRE_MEM_BEGIN, 4, 1024, 1, 512, at), 0);
    ck_assert_uint_eq(block(WIRE_MEM_DATA, 0, data, 512), 0);
    ck_assert_uint_eq(ask_words(WIRE_MEM_END, 2, 1, 0, 0, 0), WIRE_ERR_TOO_LITTLE);
    ck_assert_uint_eq(block(WIRE_MEM_DATA, 1, data + 512, 512), 0);
    ck_assert_uint_eq(block(WIRE_MEM_DATA, 2, data, 4), WIRE_ERR_TOO_MUCH);
    ck_assert_uint_eq(ask_words(WIRE_MEM_END, 2, 1, 0, 0, 0), 0);
    for (uint32_t i = 0; i < 1024; i += 128) {
        ck_assert_uint_eq(ask_words(WIRE_READ_REG, 1, at + i, 0, 0, 0), 0);
        ck_assert_uint_eq(reply.value, word(data + i));
    }
}
END_TEST

static const struct {
    uint32_t baud, offset, size;
} writes[] = {
    {115200, 0, 65536},       {921600, 0x1000, DATA_SIZE},    {921600, 0x1f000, 100001},
    {2000000, 0, DATA_SIZE},  {2000000, 0x3c0000, DATA_SIZE}, {2000000, 0x12345, 77777},
    {460800, 0x10000, 65537},
};

START_TEST(test_deflated_write)
{
    if (writes[_i].baud != baud)
        change_baud(writes[_i].baud);
    write_deflated(writes[_i].offset, writes[_i].size);
    check_flash(data, writes[_i].offset, writes[_i].size);
    check_md5(data, writes[_i].offset, writes[_i].size);
}
END_TEST

/* Every byte needs an escape, which makes the block as long as possible on the wire, while the previous one is
 * written. */
START_TEST(test_plain_write_all_escaped)
{
    change_baud(2000000);
    memset(data, SLIP_END, 8 * BLOCK);
    ck_assert_uint_eq(ask_words(WIRE_FLASH_BEGIN, 4, 8 * BLOCK, 8, BLOCK, 0x8000), 0);
    ck_assert_uint_eq(blocks(WIRE_FLASH_DATA, data, 8 * BLOCK, BLOCK), 0);
    ck_assert_uint_eq(end(WIRE_FLASH_END), 0);
    check_flash(data, 0x8000, 8 * BLOCK);
}
END_TEST

/* esptool sends a fifth word to a stub: whether the data is to be encrypted, which no ESP8266 can do. */
START_TEST(test_begin_with_a_fifth_word)
{
    static const enum wire_op begins[] = {WIRE_FLASH_BEGIN, WIRE_FLASH_DEFL_BEGIN};
    uint8_t words[24] = {0};
    put_word(words + 4, 1);
    put_word(words + 8, BLOCK);
    put_word(words, 4096);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_uint_eq(ask(begins[i], words, 20), 0);
        ck_assert_uint_eq(end(WIRE_FLASH_END), WIRE_ERR_TOO_LITTLE);
        ck_assert_uint_eq(ask(begins[i], words, 15), WIRE_ERR_LENGTH);
        ck_assert_uint_eq(ask(begins[i], words, 17), WIRE_ERR_LENGTH);
        ck_assert_uint_eq(ask(begins[i], words, 24), WIRE_ERR_LENGTH);
        words[16] = 1;
        ck_assert_uint_eq(ask(begins[i], words, 20), WIRE_ERR_INVALID);
        words[16] = 0;
    }
    memset(data, 0x5a, 4096);
    ck_assert_uint_eq(ask(WIRE_FLASH_BEGIN, words, 20), 0);
    ck_assert_uint_eq(block(WIRE_FLASH_DATA, 0, data, 4096), 0);
    ck_assert_uint_eq(end(WIRE_FLASH_END), 0);
    check_flash(data, 0, 4096);
}
END_TEST

/* Plain data with padding, ended in the older way, by a new empty job. */
START_TEST(test_padded_plain_write)
{
    change_baud(921600);
    memset(data + 50000, 0xff, 4 * BLOCK - 50000);
    ck_assert_uint_eq(ask_words(WIRE_FLASH_BEGIN, 4, 50000, 4, BLOCK, 0x1000), 0);
    ck_assert_uint_eq(blocks(WIRE_FLASH_DATA, data, 4 * BLOCK, BLOCK), 0);
    ck_assert_uint_eq(ask_words(WIRE_READ_REG, 1, 0x40001000, 0, 0, 0), 0);
    check_flash(data, 0x1000, 50000);
    ck_assert_uint_eq(ask_words(WIRE_FLASH_BEGIN, 4, 0, 0, BLOCK, 0), 0);
    ck_assert_uint_eq(end(WIRE_FLASH_DEFL_END), 0);
    check_flash(data, 0x1000, 50000);
}
END_TEST

START_TEST(test_resend)
{
    change_baud(921600);
    pack(DATA_SIZE);
    ck_assert_uint_gt(n_packed, 3 * BLOCK);
    ck_assert_uint_eq(defl_begin(0, DATA_SIZE), 0);
    ck_assert_uint_eq(block(WIRE_FLASH_DEFL_DATA, 1, packed + BLOCK, BLOCK), WIRE_ERR_INVALID);
    ck_assert_uint_eq(block(WIRE_FLASH_DEFL_DATA, UINT32_MAX, packed, BLOCK), WIRE_ERR_INVALID);
    for (size_t at = 0, i = 0; at < n_packed; at += BLOCK, i++) {
        size_t n = n_packed - at < BLOCK ? n_packed - at : BLOCK;
        /* Damaged, then right, then twice more. */
        send_block(WIRE_FLASH_DEFL_DATA, (uint32_t)i, packed + at, n, 0x40);
        ck_assert_uint_eq(take_reply(WIRE_FLASH_DEFL_DATA, 10 * SECOND), WIRE_ERR_CHECKSUM);
        for (unsigned times = 0; times < 3; times++) {
            ck_assert_uint_eq(block(WIRE_FLASH_DEFL_DATA, (uint32_t)i, packed + at, n), 0);
            ck_assert_uint_eq(reply.value, i);
        }
    }
    ck_assert_uint_eq(end(WIRE_FLASH_DEFL_END), 0);
    ck_assert_uint_eq(end(WIRE_FLASH_DEFL_END), 0);
    check_flash(data, 0, DATA_SIZE);
}
END_TEST

START_TEST(test_cut_frame)
{
    uint8_t half[100] = {WIRE_REQUEST, WIRE_FLASH_DEFL_DATA, 0, 0x40};
    pack(DATA_SIZE);
    ck_assert_uint_eq(defl_begin(0, DATA_SIZE), 0);
    put_word(half + WIRE_HEADER_SIZE + 4, 5);
    send_frame(half, sizeof(half));
    ck_assert_uint_eq(take_reply(WIRE_FLASH_DEFL_DATA, SECOND), WIRE_ERR_LENGTH);
    ck_assert_uint_eq(reply.value, 5);
    ck_assert_uint_eq(block(WIRE_FLASH_DEFL_DATA, 0, packed, BLOCK), 0);
}
END_TEST

START_TEST(test_truncated_data)
{
    change_baud(921600);
    pack(65536);
    ck_assert_uint_eq(defl_begin(0, 65536), 0);
    ck_assert_uint_eq(blocks(WIRE_FLASH_DEFL_DATA, packed, n_packed - 1, BLOCK), 0);
    ck_assert_uint_eq(end(WIRE_FLASH_DEFL_END), WIRE_ERR_TOO_LITTLE);
    ck_assert_uint_eq(ask_words(WIRE_FLASH_BEGIN, 4, 2 * BLOCK, 2, BLOCK, 0), 0);
    ck_assert_uint_eq(blocks(WIRE_FLASH_DATA, data, BLOCK, BLOCK), 0);
    ck_assert_uint_eq(end(WIRE_FLASH_END), WIRE_ERR_TOO_LITTLE);
}
END_TEST

START_TEST(test_corrupt_data)
{
    change_baud(921600);
    pack(DATA_SIZE);
    packed[n_packed / 4] ^= 4;
    packed[n_packed / 4 + 1] ^= 0x20;
    ck_assert_uint_eq(defl_begin(0, DATA_SIZE), 0);
    unsigned error = blocks(WIRE_FLASH_DEFL_DATA, packed, n_packed, BLOCK);
    unsigned final = end(WIRE_FLASH_DEFL_END);
    ck_assert(final == WIRE_ERR_INFLATE || final == WIRE_ERR_TOO_LITTLE || final == WIRE_ERR_TOO_MUCH);
    ck_assert(error == 0 || error == final);
    /* Invalid from the start; the reply to every block reports it. */
    ck_assert_uint_eq(defl_begin(0, DATA_SIZE), 0);
    ck_assert_uint_eq(block(WIRE_FLASH_DEFL_DATA, 0, data, BLOCK), 0);
    for (uint32_t i = 1; i < 4; i++) {
        ck_assert_uint_eq(block(WIRE_FLASH_DEFL_DATA, i, data, BLOCK), WIRE_ERR_INFLATE);
        ck_assert_uint_eq(reply.value, i);
    }
    ck_assert_uint_eq(end(WIRE_FLASH_DEFL_END), WIRE_ERR_INFLATE);
    /* Only the checksum at the end is wrong. */
    pack(DATA_SIZE);
    packed[n_packed - 1] ^= 1;
    ck_assert_uint_eq(defl_begin(0, DATA_SIZE), 0);
    ck_assert_uint_eq(blocks(WIRE_FLASH_DEFL_DATA, packed, n_packed, BLOCK), 0);
    ck_assert_uint_eq(end(WIRE_FLASH_DEFL_END), WIRE_ERR_INFLATE);
    /* A new job is not affected. */
    write_deflated(0, DATA_SIZE);
    check_flash(data, 0, DATA_SIZE);
}
END_TEST

START_TEST(test_erase)
{
    change_baud(921600);
    ck_assert_uint_eq(ask_words(WIRE_ERASE_REGION, 2, 0xf000, 0x22000, 0, 0), 0);
    memset(data, 0xff, 0x22000);
    check_flash(data, 0xf000, 0x22000);
    ck_assert_uint_eq(ask(WIRE_ERASE_FLASH, "", 0), 0);
    memset(before, 0xff, PART_SIZE);
    ck_assert_mem_eq(flash(), before, PART_SIZE);
}
END_TEST

/* The ROM's FLASH_END leaves the part protected. Here a write to SR1 through registers has the same effect. */
START_TEST(test_protected_flash)
{
    static const uint32_t writes_to_spi[][2] = {
        {0x60000200, 1u << 30},            /* write enable */
        {0x6000021c, 1u << 31 | 1u << 27}, /* a command with data */
        {0x60000220, 15u << 17},           /* of 16 bits */
        {0x60000224, 7u << 28 | 0x01},     /* write the status registers */
        {0x60000240, 0x021c},              /* BP0 to BP2, and QE */
        {0x60000200, 1u << 18},
    };
    for (size_t i = 0; i < sizeof(writes_to_spi) / sizeof(writes_to_spi[0]); i++)
        ck_assert_uint_eq(ask_words(WIRE_WRITE_REG, 4, writes_to_spi[i][0], writes_to_spi[i][1], 0xffffffff, 0), 0);
    run_for(100 * MS);
    ck_assert_uint_eq(ask_words(WIRE_WRITE_REG, 4, 0x60000200, 1u << 27, 0xffffffff, 0), 0);
    ck_assert_uint_eq(ask_words(WIRE_READ_REG, 1, 0x60000210, 0, 0, 0), 0);
    ck_assert_uint_eq(reply.value & 0xff, 0x1c);

    write_deflated(0, 65536);
    check_flash(data, 0, 65536);
    /* QE is still there. */
    ck_assert_uint_eq(ask_words(WIRE_WRITE_REG, 4, 0x6000021c, 1u << 31 | 1u << 28, 0xffffffff, 0), 0);
    ck_assert_uint_eq(ask_words(WIRE_WRITE_REG, 4, 0x60000220, 7u << 8, 0xffffffff, 0), 0);
    ck_assert_uint_eq(ask_words(WIRE_WRITE_REG, 4, 0x60000224, 7u << 28 | 0x35, 0xffffffff, 0), 0);
    ck_assert_uint_eq(ask_words(WIRE_WRITE_REG, 4, 0x60000200, 1u << 18, 0xffffffff, 0), 0);
    ck_assert_uint_eq(ask_words(WIRE_READ_REG, 1, 0x60000240, 0, 0, 0), 0);
    ck_assert_uint_eq(reply.value & 0xff, 0x02);
}
END_TEST

/* Takes `n` bytes in blocks, acknowledging each, and the digest. */
static void read_flash(uint32_t offset, uint32_t n, uint32_t size, uint32_t in_flight)
{
    MD5_CTX md5;
    MD5Init(&md5);
    ck_assert_uint_eq(ask_words(WIRE_READ_FLASH, 4, offset, n, size, in_flight), 0);
    for (uint32_t got = 0; got < n;) {
        uint8_t ack[4];
        ck_assert(receive(SECOND));
        ck_assert_uint_eq(in.n, n - got < size ? n - got : size);
        ck_assert_mem_eq(in.bytes, flash() + offset + got, in.n);
        MD5Update(&md5, in.bytes, in.n);
        got += (uint32_t)in.n;
        put_word(ack, got);
        send_frame(ack, 4);
    }
    uint8_t digest[16];
    MD5Final(digest, &md5);
    ck_assert(receive(SECOND));
    ck_assert_uint_eq(in.n, 16);
    ck_assert_mem_eq(in.bytes, digest, 16);
}

START_TEST(test_read)
{
    change_baud(2000000);
    read_flash(0, 65536, 4096, 64);
    read_flash(0x12345, 10001, 1024, 2);
    read_flash(PART_SIZE - 5, 5, 4096, 1);
    ck_assert_uint_eq(ask(WIRE_STUB_INFO, "", 0), 0);
}
END_TEST

START_TEST(test_read_given_up)
{
    change_baud(921600);
    ck_assert_uint_eq(ask_words(WIRE_READ_FLASH, 4, 0, 1 << 20, 1024, 3), 0);
    unsigned frames = 0;
    while (receive(SECOND))
        frames++;
    ck_assert_uint_eq(frames, 3);
    ck_assert_uint_eq(ask(WIRE_STUB_INFO, "", 0), 0);
}
END_TEST

static const struct {
    uint32_t block, in_flight;
    unsigned frames;
} unread[] = {{4096, 64, 1}, {2048, 64, 2}, {3000, 64, 1}, {1000, 64, 4}, {16384, 64, 1}, {512, 1, 1}};

/* What a tty holds while nobody reads from it, whatever the host has asked for. */
START_TEST(test_read_unread)
{
    change_baud(921600);
    ck_assert_uint_eq(ask_words(WIRE_READ_FLASH, 4, 0, 1 << 20, unread[_i].block, unread[_i].in_flight), 0);
    unsigned frames = 0;
    while (receive(SECOND))
        frames++;
    ck_assert_uint_eq(frames, unread[_i].frames);
    ck_assert_uint_eq(ask(WIRE_STUB_INFO, "", 0), 0);
}
END_TEST

START_TEST(test_slower_than_it_may_be)
{
    board_free(board);
    const struct board_config config = {.seed = 1, .mac = {0x18, 0xfe, 0x34, 1, 2, 3}, .faults = {.flash.slow = 100}};
    begin_with(&config);
    change_baud(921600);
    ck_assert_uint_eq(ask_words(WIRE_ERASE_REGION, 2, 0, 0x1000, 0, 0), WIRE_ERR_SLOW);
    run_for(30 * SECOND);
    pack(65536);
    ck_assert_uint_eq(defl_begin(0, 65536), 0);
    blocks(WIRE_FLASH_DEFL_DATA, packed, n_packed, BLOCK);
    ck_assert_uint_eq(end(WIRE_FLASH_DEFL_END), WIRE_ERR_SLOW);
}
END_TEST

START_TEST(test_reboot)
{
    uint64_t boots = board_stats(board)->boots;
    ck_assert_uint_eq(ask_words(WIRE_FLASH_BEGIN, 4, 0, 0, BLOCK, 0), 0);
    ck_assert_uint_eq(ask_words(WIRE_FLASH_END, 1, 0, 0, 0, 0), 0);
    run_for(SECOND);
    ck_assert_uint_gt(board_stats(board)->boots, boots);
}
END_TEST

/* With another crystal the divider differs; the stub does not know the crystal's frequency. */
START_TEST(test_40_mhz_crystal)
{
    board_free(board);
    const struct board_config config = {.seed = 2, .mac = {0xac, 0xd0, 0x74, 1, 2, 3}, .crystal_mhz = 40};
    begin_with(&config);
    change_baud(921600);
    write_deflated(0x1000, 65536);
    check_flash(data, 0x1000, 65536);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stub on the board");
    TCase *cases = tcase_create("stub");
    tcase_set_timeout(cases, 300);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, test_info);
    tcase_add_test(cases, test_sync);
    tcase_add_test(cases, test_bad_requests);
    tcase_add_test(cases, test_registers_and_memory);
    tcase_add_loop_test(cases, test_deflated_write, 0, (int)(sizeof(writes) / sizeof(writes[0])));
    tcase_add_test(cases, test_plain_write_all_escaped);
    tcase_add_test(cases, test_begin_with_a_fifth_word);
    tcase_add_test(cases, test_padded_plain_write);
    tcase_add_test(cases, test_resend);
    tcase_add_test(cases, test_cut_frame);
    tcase_add_test(cases, test_truncated_data);
    tcase_add_test(cases, test_corrupt_data);
    tcase_add_test(cases, test_erase);
    tcase_add_test(cases, test_protected_flash);
    tcase_add_test(cases, test_read);
    tcase_add_test(cases, test_read_given_up);
    tcase_add_loop_test(cases, test_read_unread, 0, (int)(sizeof(unread) / sizeof(unread[0])));
    tcase_add_test(cases, test_slower_than_it_may_be);
    tcase_add_test(cases, test_reboot);
    tcase_add_test(cases, test_40_mhz_crystal);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
