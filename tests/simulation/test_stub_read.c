/* SPDX-License-Identifier: MIT */
/* The stub's READ_FLASH on the virtual board, in virtual time. */
#include "tests/runner.h"
#include "tests/simulation/stub_host.h"

#include <md5.h>

/* Takes `n` bytes in blocks, acknowledging each, and the digest. */
static void read_flash(uint32_t offset, uint32_t n, uint32_t size, uint32_t in_flight)
{
    MD5_CTX md5;
    MD5Init(&md5);
    ck_assert_uint_eq(host_ask_words(WIRE_READ_FLASH, 4, offset, n, size, in_flight), 0);
    for (uint32_t got = 0; got < n;) {
        uint8_t ack[4];
        ck_assert(host_receive(SECOND));
        ck_assert_uint_eq(host.in.n, n - got < size ? n - got : size);
        ck_assert_mem_eq(host.in.bytes, host_flash() + offset + got, host.in.n);
        MD5Update(&md5, host.in.bytes, host.in.n);
        got += (uint32_t)host.in.n;
        host_put_word(ack, got);
        host_send_frame(ack, 4);
    }
    uint8_t digest[16];
    MD5Final(digest, &md5);
    ck_assert(host_receive(SECOND));
    ck_assert_uint_eq(host.in.n, 16);
    ck_assert_mem_eq(host.in.bytes, digest, 16);
}

START_TEST(test_read)
{
    host_change_baud(2000000);
    read_flash(0, 65536, 4096, 64);
    read_flash(0x12345, 10001, 1024, 2);
    read_flash(PART_SIZE - 5, 5, 4096, 1);
    ck_assert_uint_eq(host_ask(WIRE_STUB_INFO, "", 0), 0);
}
END_TEST

START_TEST(test_read_given_up)
{
    host_change_baud(921600);
    ck_assert_uint_eq(host_ask_words(WIRE_READ_FLASH, 4, 0, 1 << 20, 1024, 3), 0);
    unsigned frames = 0;
    while (host_receive(SECOND))
        frames++;
    ck_assert_uint_eq(frames, 3);
    ck_assert_uint_eq(host_ask(WIRE_STUB_INFO, "", 0), 0);
}
END_TEST

static const struct {
    uint32_t block, in_flight;
    unsigned frames;
} unread[] = {{4096, 64, 1}, {2048, 64, 2}, {3000, 64, 1}, {1000, 64, 4}, {16384, 64, 1}, {512, 1, 1}};

/* What a tty holds while nobody reads from it, whatever the host has asked for. */
START_TEST(test_read_unread)
{
    host_change_baud(921600);
    ck_assert_uint_eq(host_ask_words(WIRE_READ_FLASH, 4, 0, 1 << 20, unread[_i].block, unread[_i].in_flight), 0);
    unsigned frames = 0;
    while (host_receive(SECOND))
        frames++;
    ck_assert_uint_eq(frames, unread[_i].frames);
    ck_assert_uint_eq(host_ask(WIRE_STUB_INFO, "", 0), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stub's reading on the board");
    TCase *cases = tcase_create("read");
    tcase_set_timeout(cases, 300);
    tcase_add_checked_fixture(cases, host_setup, host_teardown);
    tcase_add_test(cases, test_read);
    tcase_add_test(cases, test_read_given_up);
    tcase_add_loop_test(cases, test_read_unread, 0, (int)(sizeof(unread) / sizeof(unread[0])));
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
