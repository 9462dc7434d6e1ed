/* SPDX-License-Identifier: MIT */
/* A wire-level board: what a host meets of a board with gangd's stub, on a line that damages frames too. */
#include "tests/runner.h"
#include "tests/unit/boardsim/board_talk.h"

#include <md5.h>
#include <zlib.h>

#define SECTOR  4096u
#define PAYLOAD 1024u
#define STATUS  44

enum { READ_REG = 0x0a, WRITE_REG = 0x09, CHANGE_BAUDRATE = 0x0f, FLASH_MD5 = 0x13, INFO = 0xe0, BEGIN = 0xe1 };
enum { DATA = 0x0000, BLANK = 0x1000, COPY = 0x2000, KEEP = 0x3000 };

static const struct board_config wire = {.mac = {0x18, 0xfe, 0x34, 0x01, 0x02, 0x03}, .wire = true};

static void setup(void)
{
    static const uint8_t code[64];

    plug(&wire);
    pass(100 * MS);
    connect_at(921600);
    upload(0x40100000, code, sizeof code, 0x40100000);
    pass(10 * MS);
    forget();
}

static void teardown(void)
{
    unplug();
}

struct stub_reply {
    uint8_t error;
    uint32_t value;
    uint8_t data[64];
    size_t n;
};

static struct stub_reply ask_stub(uint8_t op, const void *data, size_t n)
{
    struct stub_reply reply = {0};
    uint8_t frame[128];
    size_t length;

    forget();
    say_request(op, 0, data, n);
    pass(50 * MS);
    ck_assert(next_frame(frame, sizeof frame, &length));
    ck_assert_uint_ge(length, 10);
    ck_assert_uint_eq(frame[1], op);
    reply.n = length - 10;
    memcpy(&reply.value, frame + 4, 4);
    memcpy(reply.data, frame + 8, reply.n);
    reply.error = frame[length - 2];
    return reply;
}

static struct stub_reply begin(uint32_t offset, uint32_t size)
{
    const uint32_t words[] = {offset, size, 0};

    return ask_stub(BEGIN, words, sizeof words);
}

/* The zlib stream of plan and content, and its frames. */
static uint8_t stream[8 * SECTOR];
static uLongf stream_size;

static void pack(const uint16_t *plan, unsigned sectors, const uint8_t *content, size_t n)
{
    static uint8_t plain[64 + 8 * SECTOR];

    memset(plain, 0, 64);
    memcpy(plain, plan, 2 * sectors);
    if (n > 0)
        memcpy(plain + 64, content, n);
    stream_size = sizeof stream;
    ck_assert_int_eq(compress2(stream, &stream_size, plain, 64 + n, 9), Z_OK);
}

static unsigned frames(void)
{
    return (unsigned)((stream_size + PAYLOAD - 1) / PAYLOAD);
}

static void say_data(unsigned number, uint8_t poll, uint32_t damage)
{
    uint8_t frame[4 + PAYLOAD + 4] = {0x02, poll, (uint8_t)number, (uint8_t)(number >> 8)};
    size_t n = number < frames() ? stream_size - number * PAYLOAD : 0;
    uint32_t crc;

    if (n > PAYLOAD)
        n = PAYLOAD;
    memcpy(frame + 4, stream + number * PAYLOAD, n);
    crc = (uint32_t)crc32(0, frame, (uInt)n + 4) ^ damage;
    memcpy(frame + 4 + n, &crc, 4);
    say_frame(frame, n + 8);
}

/* The latest status after `ns`. */
static const uint8_t *status_after(uint64_t ns)
{
    static uint8_t status[STATUS];
    uint8_t frame[128];
    size_t n;
    bool found = false;

    pass(ns);
    while (next_frame(frame, sizeof frame, &n)) {
        ck_assert_uint_eq(n, STATUS);
        ck_assert_mem_eq(&(uint32_t){(uint32_t)crc32(0, frame, STATUS - 4)}, frame + STATUS - 4, 4);
        memcpy(status, frame, STATUS);
        found = true;
    }
    ck_assert(found);
    return status;
}

static unsigned half(const uint8_t *at)
{
    return at[0] | at[1] << 8;
}

static void check_md5(const uint8_t *digest, const uint8_t *bytes, size_t n)
{
    uint8_t expected[16];
    MD5_CTX md5;

    MD5Init(&md5);
    MD5Update(&md5, bytes, n);
    MD5Final(expected, &md5);
    ck_assert_mem_eq(digest, expected, 16);
}

static void fill(uint8_t *bytes, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1103515245 + 12345;
        bytes[i] = (uint8_t)(seed >> 16);
    }
}

START_TEST(it_identifies_itself)
{
    const uint32_t magic = 0x40001000, efuse1 = 0x3ff00054;

    ck_assert_uint_eq(ask_stub(READ_REG, &magic, 4).value, 0xfff0c101);
    ck_assert_uint_eq(ask_stub(READ_REG, &efuse1, 4).value & 0xffff, 0x0102);
    ck_assert_uint_eq(ask_stub(INFO, NULL, 0).value, 6);
    ck_assert_uint_eq(ask_stub(0x77, NULL, 0).error, 0xff);
}
END_TEST

START_TEST(its_flash_tells_its_id)
{
    const uint32_t w0 = 0x60000240, all = UINT32_MAX;
    const uint32_t words[] = {0x60000224, 7u << 28 | 0x9f, all, 0, 0x60000200, 1u << 18, all, 0};

    ck_assert_uint_eq(ask_stub(WRITE_REG, words, sizeof words).error, 0);
    ck_assert_uint_eq(ask_stub(READ_REG, &w0, 4).value, 0x1640ef);
}
END_TEST

START_TEST(it_changes_its_rate_after_the_answer)
{
    const uint32_t rates[] = {2000000, 921600};

    ck_assert_uint_eq(ask_stub(CHANGE_BAUDRATE, rates, sizeof rates).error, 0);
    baud = 2000000;
    ck_assert_uint_eq(ask_stub(INFO, NULL, 0).value, 6);
    baud = 921600;
    forget();
    say_request(INFO, 0, NULL, 0);
    pass(50 * MS);
    ck_assert_uint_eq(heard_size, 0);
}
END_TEST

START_TEST(every_kind_of_sector_gets_its_content)
{
    static const uint16_t first[] = {DATA, DATA, DATA}, second[] = {COPY | 0x102, BLANK, KEEP};
    static uint8_t content[3 * SECTOR], flash[3 * SECTOR];
    size_t size;

    fill(content, sizeof content, 1);
    pack(first, 3, content, sizeof content);
    ck_assert_uint_eq(begin(0x100 * SECTOR, 3 * SECTOR).value, 38);
    for (unsigned i = 0; i < frames(); i++)
        say_data(i, 0, 0);
    check_md5(status_after(500 * MS) + 24, content, sizeof content);

    /* A copy needs a source below it: the region begins one sector before. */
    pack(second, 3, NULL, 0);
    ck_assert_uint_eq(begin(0x103 * SECTOR, 3 * SECTOR).error, 0);
    say_data(0, 0, 0);
    memcpy(flash, content + 2 * SECTOR, SECTOR);
    memset(flash + SECTOR, 0xff, 2 * SECTOR);
    check_md5(status_after(100 * MS) + 24, flash, sizeof flash);
    ck_assert_mem_eq(board_flash(board, &size) + 0x103 * SECTOR, flash, sizeof flash);
    const uint32_t range[] = {0x102 * SECTOR + 10, SECTOR, 0, 0};
    struct stub_reply reply = ask_stub(FLASH_MD5, range, sizeof range);
    ck_assert_uint_eq(reply.value, range[0]);
    memcpy(flash, content + 2 * SECTOR + 10, SECTOR - 10);
    memcpy(flash + SECTOR - 10, content + 2 * SECTOR, 10);
    check_md5(reply.data, flash, SECTOR);
}
END_TEST

START_TEST(a_lost_frame_is_missed)
{
    static const uint16_t plan[] = {DATA};
    static uint8_t content[SECTOR];
    const uint8_t *status;

    fill(content, sizeof content, 2);
    pack(plan, 1, content, sizeof content);
    ck_assert_uint_eq(begin(0, SECTOR).error, 0);
    say_data(0, 0, 0);
    say_data(1, 0, 1); /* damaged */
    say_data(2, 0, 0);
    status = status_after(100 * MS);
    ck_assert_uint_eq(half(status + 2), 1);
    ck_assert_uint_eq(half(status + 4), 1 + 38);
    for (unsigned i = 1; i < frames(); i++)
        say_data(i, i == 1 ? 9 : 0, 0);
    status = status_after(200 * MS);
    ck_assert_uint_eq(status[6], 9);
    ck_assert_uint_eq(status[7], 1);
    check_md5(status + 24, content, sizeof content);
}
END_TEST

START_TEST(a_silent_stream_says_where_it_is)
{
    ck_assert_uint_eq(begin(0, SECTOR).error, 0);
    ck_assert_uint_eq(half(status_after(150 * MS) + 2), 0);
    ck_assert_uint_eq(half(status_after(150 * MS) + 2), 0);
}
END_TEST

START_TEST(wrong_data_ends_the_job)
{
    static const uint16_t forward[] = {COPY | 1, BLANK}, data[] = {DATA}, short_plan[] = {BLANK};
    static uint8_t content[2 * SECTOR];

    pack(forward, 2, NULL, 0);
    ck_assert_uint_eq(begin(0, 2 * SECTOR).error, 0);
    say_data(0, 0, 0);
    ck_assert_uint_eq(status_after(100 * MS)[1], 0xc3);

    fill(content, sizeof content, 3);
    pack(data, 1, content, sizeof content);
    ck_assert_uint_eq(begin(0, SECTOR).error, 0);
    for (unsigned i = 0; i < frames(); i++)
        say_data(i, 0, 0);
    ck_assert_uint_eq(status_after(200 * MS)[1], 0xc9);

    pack(short_plan, 1, NULL, 0);
    stream[stream_size - 1] ^= 1; /* the Adler-32 */
    ck_assert_uint_eq(begin(0, SECTOR).error, 0);
    say_data(0, 0, 0);
    ck_assert_uint_eq(status_after(100 * MS)[1], 0xc7);
    ck_assert_uint_eq(begin(4 << 20, SECTOR).error, 0xc3);
    ck_assert_uint_eq(begin(1, SECTOR).error, 0xc3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire_board");
    TCase *all = tcase_create("all");

    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, it_identifies_itself);
    tcase_add_test(all, its_flash_tells_its_id);
    tcase_add_test(all, it_changes_its_rate_after_the_answer);
    tcase_add_test(all, every_kind_of_sector_gets_its_content);
    tcase_add_test(all, a_lost_frame_is_missed);
    tcase_add_test(all, a_silent_stream_says_where_it_is);
    tcase_add_test(all, wrong_data_ends_the_job);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
