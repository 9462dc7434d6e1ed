/* SPDX-License-Identifier: MIT */
/* A start takes as long as the disk needs for the whole book, and systemd is to wait for it. */
#include "tests/unit/daemon/book_fixture.h"

#include <sys/socket.h>
#include <sys/un.h>

static int notices;

static void setup_notices(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    setup();
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", directory);
    notices = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(notices, 0);
    ck_assert_int_eq(bind(notices, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
}

static void teardown_notices(void)
{
    close(notices);
    teardown();
}

/* The next notice, or "". */
static const char *notice(void)
{
    static char text[256];
    ssize_t n = recv(notices, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

START_TEST(a_book_that_has_to_be_read_first_is_given_time)
{
    open_book();
    ck_assert(close_book(10));
    ck_assert_str_eq(notice(), "");
    open_book();
    ck_assert_str_eq(notice(), "EXTEND_TIMEOUT_USEC=30000000");
}
END_TEST

/* 30 s are asked for, every 5 s. */
START_TEST(systemd_is_not_asked_with_each_piece)
{
    open_book();
    sqlite3 *db = peek();
    execute(db, "CREATE TABLE large AS SELECT zeroblob(8388608)");
    sqlite3_close(db);
    ck_assert(close_book(10));
    uint64_t start = uv_hrtime();
    open_book();
    uint64_t fives = (uv_hrtime() - start) / UINT64_C(5000000000);
    unsigned asked = 0;
    while (notice()[0])
        asked++;
    /* By the reading and by the check that follows it. */
    ck_assert_uint_ge(asked, 1);
    ck_assert_uint_le(asked, 2 + fives);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("book_start");
    TCase *tests = tcase_create("book_start");
    tcase_add_checked_fixture(tests, setup_notices, teardown_notices);
    tcase_set_timeout(tests, TEST_TIMEOUT);
    tcase_add_test(tests, a_book_that_has_to_be_read_first_is_given_time);
    tcase_add_test(tests, systemd_is_not_asked_with_each_piece);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
