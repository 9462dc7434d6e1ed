/* SPDX-License-Identifier: MIT */
/* What a port does while all is well. */
#include "tests/preload.h"
#include "tests/runner.h"
#include "tests/unit/daemon/tty_harness.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

static struct tty_harness_port a;
static struct tty_harness_client user;

static struct termios2 settings_of(const struct tty_harness_port *port)
{
    struct termios2 settings;
    ck_assert_int_eq(ioctl(port->master, TCGETS2, &settings), 0);
    return settings;
}

START_TEST(opens_as_promised)
{
    tty_harness_plug(&a, 0, true);
    struct termios2 before = settings_of(&a);
    before.c_cflag |= HUPCL | CRTSCTS | CSTOPB | PARENB;
    ck_assert_int_eq(ioctl(a.slave, TCSETS2, &before), 0);
    tty_harness_send(&a, "stale\n");
    tty_harness_open(&user, &a);

    struct termios2 settings = settings_of(&a);
    ck_assert_uint_eq(settings.c_cflag & ~(unsigned)(CBAUD | CIBAUD), CS8 | CREAD | CLOCAL);
    ck_assert_uint_eq(settings.c_ospeed, 115200);
    ck_assert_uint_eq(settings.c_ispeed, 115200);
    ck_assert_uint_eq(settings.c_lflag, 0);
    ck_assert_uint_eq(settings.c_oflag, 0);
    ck_assert_uint_eq(settings.c_iflag, IGNBRK);
    ck_assert_uint_eq(a.sets, 1);
    ck_assert_int_eq(a.lines, 0);
    int exclusive = 0;
    ck_assert_int_eq(ioctl(a.slave, TIOCGEXCL, &exclusive), 0);
    ck_assert_int_eq(exclusive, 1);
    ck_assert_int_eq(flock(a.slave, LOCK_EX | LOCK_NB), -1);
    ck_assert_uint_eq(tty_busy_since(user.tty), 0);
    ck_assert_uint_eq(tty_workers(), 1);

    tty_harness_send(&a, "\r\n\x03\x11\x13\x7f\xff"); /* nothing of this is special */
    RUN_UNTIL(user.n_received >= 7);
    ck_assert_mem_eq(user.received, "\r\n\x03\x11\x13\x7f\xff", 7);
    tty_harness_close(&user);
    tty_harness_check_end(&user);
    ck_assert_int_eq(flock(a.slave, LOCK_EX | LOCK_NB), 0);
    ck_assert_uint_eq(settings_of(&a).c_cflag & HUPCL, 0);
}
END_TEST

START_TEST(sets_both_lines_at_once)
{
    tty_harness_plug(&a, 0, true);
    tty_harness_open(&user, &a);
    for (unsigned i = 0; i < 4; i++) {
        bool dtr = i & 1, rts = i & 2;
        tty_lines(user.tty, dtr, rts);
        RUN_UNTIL(user.done == i + 1);
        ck_assert_int_eq(user.error, 0);
        ck_assert_uint_eq(a.sets, i + 2);
        ck_assert_int_eq(a.lines, (dtr ? TIOCM_DTR : 0) | (rts ? TIOCM_RTS : 0));
    }
    tty_harness_close(&user);
    tty_harness_check_end(&user);
}
END_TEST

static void pretend_modem(int lines)
{
    pthread_mutex_lock(&a.lock);
    a.modem = lines;
    pthread_mutex_unlock(&a.lock);
}

START_TEST(reads_the_modem_lines)
{
    static const int seen[] = {TIOCM_CTS, TIOCM_DSR | TIOCM_DTR, TIOCM_CAR | TIOCM_CTS, 0};
    tty_harness_plug(&a, 0, true);
    tty_harness_open(&user, &a);
    for (unsigned i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
        pretend_modem(seen[i]);
        tty_modem(user.tty);
        ck_assert_uint_ne(tty_busy_since(user.tty), 0);
        RUN_UNTIL(user.modem == i + 1);
        ck_assert_int_eq(user.error, 0);
        ck_assert_uint_eq(user.lines, (unsigned)seen[i]);
    }
    ck_assert_uint_eq(user.done, 0);
    ck_assert_uint_eq(a.sets, 1); /* nothing is set by looking */

    tty_harness_hang_on(&a, TIOCMGET);
    tty_modem(user.tty);
    tty_harness_wait_for_hang(&a);
    ck_assert_uint_ne(tty_busy_since(user.tty), 0);
    tty_harness_answer(&a, EIO);
    RUN_UNTIL(user.modem == 5);
    ck_assert_int_eq(user.error, -EIO);
    tty_harness_close(&user);
    tty_harness_check_end(&user);
}
END_TEST

/* Both lines are on, and nobody of us has done that. */
START_TEST(finds_out_that_another_program_has_opened_the_port)
{
    tty_harness_plug(&a, 0, true);
    tty_harness_open(&user, &a);
    tty_lines(user.tty, true, false);
    RUN_UNTIL(user.done == 1);
    pretend_modem(TIOCM_DTR | TIOCM_CTS);
    tty_find_intruder(user.tty);
    RUN_UNTIL(user.searched == 1);
    ck_assert_str_eq(user.detail, "");

    pretend_modem(TIOCM_DTR | TIOCM_RTS);
    tty_baud(user.tty, 230400);
    RUN_UNTIL(user.done == 2);
    pretend_modem(TIOCM_DTR); /* set by our next order: it is known all the same */
    tty_find_intruder(user.tty);
    RUN_UNTIL(user.searched == 2);
    /* By whom: some program of this machine may name a port of that name. */
    ck_assert_msg(strncmp(user.detail, "/dev/ttyUSB0 was opened by ", 27) == 0, "%s", user.detail);

    tty_flush_input(user.tty); /* a new conversation */
    tty_find_intruder(user.tty);
    RUN_UNTIL(user.searched == 3);
    ck_assert_str_eq(user.detail, "");
    tty_harness_close(&user);
    tty_harness_check_end(&user);
}
END_TEST

START_TEST(sets_any_baud)
{
    static const uint32_t rates[] = {9600, 74880, 230400, 921600, 1500000, 2000000, 3000000};
    tty_harness_plug(&a, 0, true);
    tty_harness_open(&user, &a);
    for (unsigned i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        tty_baud(user.tty, rates[i]);
        RUN_UNTIL(user.done == i + 1);
        ck_assert_int_eq(user.error, 0);
        ck_assert_uint_eq(settings_of(&a).c_ospeed, rates[i]);
    }
    tty_harness_close(&user);
    tty_harness_check_end(&user);
}
END_TEST

/* ch341 and cp210x send no rate that is set already, so that an adapter which has lost it would stay without. */
START_TEST(sets_another_rate_before_one_that_is_set_already)
{
    static const uint32_t all[] = {57600, 115200, /* by the open */
                                   57600, 115200, 921600, 460800, 921600, 115200};
    tty_harness_plug(&a, 0, true);
    struct termios2 before = settings_of(&a);
    before.c_cflag = (before.c_cflag & ~(unsigned)CBAUD) | B115200;
    ck_assert_int_eq(ioctl(a.slave, TCSETS2, &before), 0);
    tty_harness_open(&user, &a);
    tty_baud(user.tty, 115200);
    RUN_UNTIL(user.done == 1);
    tty_baud(user.tty, 921600);
    RUN_UNTIL(user.done == 2);
    tty_baud(user.tty, 921600);
    RUN_UNTIL(user.done == 3);
    tty_baud(user.tty, 115200);
    RUN_UNTIL(user.done == 4);
    ck_assert_uint_eq(a.n_asked, 8);
    ck_assert_mem_eq(a.asked, all, sizeof(all));
    tty_harness_close(&user);
    tty_harness_check_end(&user);
}
END_TEST

START_TEST(asks_for_low_latency)
{
    tty_harness_plug(&a, 0, true);
    a.serial.closing_wait = 3000;
    a.serial.flags = (int)(_i == 0 ? 0x40 : 0x40 | ASYNC_LOW_LATENCY);
    tty_harness_open(&user, &a);
    /* A call of its own, which may change nothing else. What the udev rule has done is left alone. */
    ck_assert_uint_eq(a.latency_sets, _i == 0);
    ck_assert_int_eq(a.serial.flags, (int)(0x40 | ASYNC_LOW_LATENCY));
    ck_assert_uint_eq(a.serial.closing_wait, 3000);
    tty_harness_close(&user);
    tty_harness_check_end(&user);
}
END_TEST

START_TEST(checks_the_baud_read_back)
{
    static const struct {
        uint32_t asked, chosen;
        int error;
    } cases[] = {{115200, 115384, 0}, {74880, 76800, 0},        {100000, 103000, 0},        {100000, 103001, -ERANGE},
                 {100000, 97000, 0},  {100000, 96999, -ERANGE}, {2000000, 1000000, -ERANGE}};
    tty_harness_plug(&a, 0, true);
    tty_harness_open(&user, &a);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pthread_mutex_lock(&a.lock);
        a.pretend_baud = cases[i].chosen;
        pthread_mutex_unlock(&a.lock);
        tty_baud(user.tty, cases[i].asked);
        RUN_UNTIL(user.done == i + 1);
        ck_assert_msg(user.error == cases[i].error, "%u read back as %u: %d", cases[i].asked, cases[i].chosen,
                      user.error);
    }
    tty_harness_close(&user);
    tty_harness_check_end(&user);
}
END_TEST

static uint32_t cp2102(uint32_t asked)
{
    return asked > 1000000 ? 1000000 : asked == 74880 ? 76800 : asked;
}

static uint32_t cp2102n(uint32_t asked)
{
    return asked == 74880 ? 74766 : asked == 921600 ? 923076 : asked;
}

static uint32_t echo(uint32_t asked)
{
    return asked;
}

START_TEST(asks_the_adapter_for_its_rates)
{
    static const uint32_t ladder[] = {3000000, 1500000, 1000000, 921600, 460800, 115200};
    static const struct {
        uint32_t (*driver)(uint32_t asked);
        unsigned possible; /* bit by bit of the ladder */
    } adapters[] = {{cp2102, 0x38}, {cp2102n, 0x3f}, {echo, 0x3f}};
    tty_harness_plug(&a, 0, true);
    a.driver = adapters[_i].driver;
    tty_harness_bauds = ladder;
    tty_harness_n_bauds = 6;
    tty_harness_open(&user, &a);
    for (unsigned i = 0; i < 6; i++)
        ck_assert_msg(tty_can_do(user.tty, ladder[i]) == (adapters[_i].possible >> i & 1), "%u", ladder[i]);
    ck_assert(tty_can_do(user.tty, 1200)); /* nobody asked */
    ck_assert_uint_eq(settings_of(&a).c_ospeed, 115200);
    ck_assert_uint_eq(a.sets, 1);
    tty_harness_close(&user);
    tty_harness_check_end(&user);
}
END_TEST

/* A bare pty has none: it opens, and an order for them is answered with the kernel's error. */
START_TEST(lives_without_modem_lines)
{
    tty_harness_plug(&a, 0, false);
    tty_harness_open(&user, &a);
    tty_lines(user.tty, true, false);
    RUN_UNTIL(user.done);
    ck_assert_msg(user.error == -ENOTTY || user.error == -EINVAL, "%d", user.error);
    tty_modem(user.tty);
    RUN_UNTIL(user.modem);
    ck_assert_msg(user.error == -ENOTTY || user.error == -EINVAL, "%d", user.error);
    tty_baud(user.tty, 460800);
    RUN_UNTIL(user.done == 2);
    ck_assert_int_eq(user.error, 0);
    tty_harness_close(&user);
    tty_harness_check_end(&user);
}
END_TEST

/* A megabyte each way at the same time: each byte arrives once and in order, though the kernel takes only parts. */
#define MEGABYTE (1024U * 1024)
static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

static void *far_end_reads(void *data)
{
    uint8_t bytes[3000];
    size_t *good = data;
    while (*good < MEGABYTE) {
        ssize_t n = read(a.master, bytes, sizeof(bytes));
        for (ssize_t i = 0; i < n; i++)
            if (bytes[i] == pattern(*good))
                (*good)++;
            else
                return NULL;
    }
    return NULL;
}

static void *far_end_writes(void *data)
{
    (void)data;
    uint8_t bytes[1000];
    for (size_t sent = 0; sent < MEGABYTE;) {
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = pattern(sent + i);
        size_t left = MEGABYTE - sent;
        ssize_t n = write(a.master, bytes, left < sizeof(bytes) ? left : sizeof(bytes));
        if (n < 0)
            return NULL;
        sent += (size_t)n;
    }
    return NULL;
}

static size_t stream_good, stream_sent;
static unsigned stream_partial;

static void stream_received(void *data, const uint8_t *bytes, size_t n)
{
    (void)data;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] == pattern(stream_good))
            stream_good++;
}

static void stream_write(void *data)
{
    struct tty_harness_client *sender = data;
    uint8_t bytes[10000];
    size_t n = MEGABYTE - stream_sent < sizeof(bytes) ? MEGABYTE - stream_sent : sizeof(bytes);
    while (n > 0) {
        for (size_t i = 0; i < n; i++)
            bytes[i] = pattern(stream_sent + i);
        size_t accepted = tty_write(sender->tty, bytes, n);
        stream_sent += accepted;
        if (accepted < n) {
            stream_partial += accepted > 0;
            return;
        }
        n = MEGABYTE - stream_sent < sizeof(bytes) ? MEGABYTE - stream_sent : sizeof(bytes);
    }
}

START_TEST(carries_a_megabyte_each_way)
{
    struct tty_events stream = tty_harness_events;
    stream.received = stream_received;
    stream.writable = stream_write;
    tty_harness_plug(&a, 0, false);
    user.tty = tty_open(&tty_harness_loop, a.devnode, NULL, 0, &stream, &user);
    RUN_UNTIL(user.opened);
    ck_assert_int_eq(user.error, 0);

    size_t far_good = 0;
    pthread_t reader, writer;
    ck_assert_int_eq(pthread_create(&reader, NULL, far_end_reads, &far_good), 0);
    ck_assert_int_eq(pthread_create(&writer, NULL, far_end_writes, NULL), 0);
    stream_write(&user);
    RUN_UNTIL(stream_good == MEGABYTE && stream_sent == MEGABYTE);
    pthread_join(reader, NULL);
    pthread_join(writer, NULL);
    ck_assert_uint_eq(far_good, MEGABYTE);
    ck_assert_uint_gt(stream_partial, 0);
    tty_harness_close(&user);
    tty_harness_check_end(&user);
}
END_TEST

/* What arrives while the worker has the port waits; so does what is to be written. */
START_TEST(rests_during_an_order)
{
    tty_harness_plug(&a, 0, true);
    tty_harness_open(&user, &a);
    tty_harness_hang_on(&a, TIOCMSET);
    tty_lines(user.tty, true, true);
    ck_assert_uint_ne(tty_busy_since(user.tty), 0);
    ck_assert_uint_le(tty_busy_since(user.tty), uv_hrtime());
    tty_harness_wait_for_hang(&a);
    tty_harness_send(&a, "abc");
    ck_assert_uint_eq(tty_write(user.tty, (const uint8_t *)"x", 1), 0);
    for (int i = 0; i < 100; i++)
        uv_run(&tty_harness_loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(user.n_received, 0);
    ck_assert_uint_eq(user.done, 0);
    tty_harness_answer(&a, 0);
    RUN_UNTIL(user.done && user.writable && user.n_received == 3);
    ck_assert_int_eq(user.error, 0);
    ck_assert_uint_eq(tty_busy_since(user.tty), 0);
    ck_assert_mem_eq(user.received, "abc", 3);
    ck_assert_uint_eq(tty_write(user.tty, (const uint8_t *)"x", 1), 1);
    char byte = 0;
    ck_assert_int_eq(read(a.master, &byte, 1), 1);
    ck_assert_int_eq(byte, 'x');
    tty_harness_close(&user);
    tty_harness_check_end(&user);
}
END_TEST

/* Without a turn of the loop, and not in the middle of an order. */
START_TEST(reads_at_once)
{
    tty_harness_plug(&a, 0, true);
    tty_harness_open(&user, &a);
    tty_read(user.tty);
    ck_assert_uint_eq(user.n_received, 0);
    tty_harness_send(&a, "now");
    while (user.n_received < 3)
        tty_read(user.tty);
    ck_assert_mem_eq(user.received, "now", 3);

    tty_harness_hang_on(&a, TIOCMSET);
    tty_lines(user.tty, true, true);
    tty_harness_wait_for_hang(&a);
    tty_harness_send(&a, "then");
    int waiting = 0;
    while (waiting < 4)
        ck_assert_int_eq(ioctl(a.slave, FIONREAD, &waiting), 0);
    tty_read(user.tty);
    ck_assert_uint_eq(user.n_received, 3);
    tty_harness_answer(&a, 0);
    RUN_UNTIL(user.n_received == 7);
    tty_harness_yank(&a);
    while (user.gone == 0)
        tty_read(user.tty);
    tty_read(user.tty);
    tty_harness_close(&user);
    tty_harness_check_end(&user);
    ck_assert_uint_eq(user.gone, 1);
}
END_TEST

START_TEST(flushes_input)
{
    tty_harness_plug(&a, 0, true);
    tty_harness_open(&user, &a);
    tty_harness_send(&a, "old");
    int waiting = 0;
    while (waiting < 3) /* on its way to the port's side */
        ck_assert_int_eq(ioctl(a.slave, FIONREAD, &waiting), 0);
    tty_flush_input(user.tty);
    tty_harness_send(&a, "new");
    RUN_UNTIL(user.n_received >= 3);
    ck_assert_uint_eq(user.n_received, 3);
    ck_assert_mem_eq(user.received, "new", 3);

    tty_harness_hang_on(&a, TIOCMSET);
    tty_lines(user.tty, true, true);
    tty_harness_wait_for_hang(&a);
    tty_harness_send(&a, "old");
    for (waiting = 0; waiting < 3;)
        ck_assert_int_eq(ioctl(a.slave, FIONREAD, &waiting), 0);
    tty_flush_input(user.tty); /* returns, though the port is stuck; is made up for afterwards */
    tty_harness_answer(&a, 0);
    RUN_UNTIL(user.done);
    tty_harness_send(&a, "end");
    RUN_UNTIL(user.n_received >= 6);
    ck_assert_uint_eq(user.n_received, 6);
    ck_assert_mem_eq(user.received + 3, "end", 3);
    tty_harness_close(&user);
    tty_harness_check_end(&user);
}
END_TEST

START_TEST(says_why_it_does_not_open)
{
    tty_harness_start_opening(&user, "/dev/ttyUSB77");
    RUN_UNTIL(user.opened);
    ck_assert_int_eq(user.error, -ENOENT);
    ck_assert_str_eq(cause_code(user.cause), "unplugged");
    ck_assert_str_eq(user.detail, "/dev/ttyUSB77 is no longer there");
    tty_lines(user.tty, true, true); /* nothing comes of it */
    tty_baud(user.tty, 9600);
    ck_assert_uint_eq(tty_write(user.tty, (const uint8_t *)"x", 1), 0);
    tty_harness_close(&user);
    tty_harness_check_end(&user);
    ck_assert_uint_eq(user.done + user.gone + user.writable, 0);
}
END_TEST

int main(int argc, char **argv)
{
    (void)argc;
    preload_umockdev(argv);
    TCase *tests = tcase_create("tty");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, tty_harness_set_up, NULL);
    tcase_add_test(tests, opens_as_promised);
    tcase_add_test(tests, sets_both_lines_at_once);
    tcase_add_test(tests, reads_the_modem_lines);
    tcase_add_test(tests, finds_out_that_another_program_has_opened_the_port);
    tcase_add_test(tests, sets_any_baud);
    tcase_add_test(tests, sets_another_rate_before_one_that_is_set_already);
    tcase_add_loop_test(tests, asks_for_low_latency, 0, 2);
    tcase_add_test(tests, checks_the_baud_read_back);
    tcase_add_loop_test(tests, asks_the_adapter_for_its_rates, 0, 3);
    tcase_add_test(tests, lives_without_modem_lines);
    tcase_add_test(tests, carries_a_megabyte_each_way);
    tcase_add_test(tests, rests_during_an_order);
    tcase_add_test(tests, reads_at_once);
    tcase_add_test(tests, flushes_input);
    tcase_add_test(tests, says_why_it_does_not_open);
    Suite *suite = suite_create("tty");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
