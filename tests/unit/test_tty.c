/* SPDX-License-Identifier: MIT */
/*
 * Ports here are ptys behind umockdev, which lets the test answer their ioctls: modem lines, a driver that rounds the
 * baud, an adapter that never answers. A pty counts as plugged in while its master is open.
 */
#include "daemon/tty.h"
#include "tests/preload.h"
#include "tests/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <umockdev.h>

/* As in <asm/termbits.h>, which cannot be included together with <uv.h>. */
struct termios2 {
    tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
    cc_t c_line, c_cc[19];
    speed_t c_ispeed, c_ospeed;
};

/* The bed */

static UMockdevTestbed *testbed; /* made for the first port that wants a handler */

struct port {
    char devnode[32], pts[32];
    int master, slave; /* slave: write-only, takes nothing; keeps the master usable while nobody has the port open */
    UMockdevIoctlBase *handler;

    pthread_mutex_t lock;  /* for what follows: the handler runs on umockdev's thread */
    unsigned long hang_on; /* the request that is not answered, 0: none */
    UMockdevIoctlClient *hanging;
    unsigned sets; /* TIOCMSETs so far */
    int lines;     /* of the last one */
    uint32_t pretend_baud;
};

static gboolean on_ioctl(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer data)
{
    (void)base;
    struct port *port = data;
    unsigned long request = umockdev_ioctl_client_get_request(client);
    pthread_mutex_lock(&port->lock);
    if (request == port->hang_on) {
        port->hanging = g_object_ref(client);
        pthread_mutex_unlock(&port->lock);
        return TRUE;
    }
    glong result = -100; /* let the kernel do it */
    UMockdevIoctlData *argument = umockdev_ioctl_client_get_arg(client);
    if (request == TIOCMSET) {
        UMockdevIoctlData *lines = umockdev_ioctl_data_resolve(argument, 0, sizeof(int), NULL);
        memcpy(&port->lines, lines->data, sizeof(int));
        umockdev_ioctl_data_unref(lines);
        port->sets++;
        result = 0;
    } else if (request == TCGETS2 && port->pretend_baud) {
        struct termios2 settings = {.c_ispeed = port->pretend_baud, .c_ospeed = port->pretend_baud};
        UMockdevIoctlData *to = umockdev_ioctl_data_resolve(argument, 0, sizeof(settings), NULL);
        umockdev_ioctl_data_update(to, 0, (guint8 *)&settings, sizeof(settings));
        umockdev_ioctl_data_unref(to);
        result = 0;
    }
    pthread_mutex_unlock(&port->lock);
    umockdev_ioctl_client_complete(client, result, 0);
    return TRUE;
}

static void plug(struct port *port, int number, bool with_handler)
{
    *port = (struct port){.lines = -1};
    pthread_mutex_init(&port->lock, NULL);
    port->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert(grantpt(port->master) == 0 && unlockpt(port->master) == 0);
    ck_assert_int_eq(ptsname_r(port->master, port->pts, sizeof(port->pts)), 0);
    port->slave = ioctl(port->master, TIOCGPTPEER, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(port->slave, 0);
    snprintf(port->devnode, sizeof(port->devnode), "%s", port->pts);
    if (!with_handler)
        return;

    snprintf(port->devnode, sizeof(port->devnode), "/dev/ttyUSB%d", number);
    if (!testbed)
        testbed = umockdev_testbed_new();
    gchar *root = umockdev_testbed_get_root_dir(testbed);
    char path[256];
    snprintf(path, sizeof(path), "%s/dev", root);
    mkdir(path, 0755);
    snprintf(path, sizeof(path), "%s%s", root, port->devnode);
    ck_assert_int_eq(symlink(port->pts, path), 0);
    g_free(root);
    port->handler = umockdev_ioctl_base_new();
    g_signal_connect(port->handler, "handle-ioctl", G_CALLBACK(on_ioctl), port);
    ck_assert(umockdev_testbed_attach_ioctl(testbed, port->devnode, port->handler, NULL));
}

static void yank(struct port *port)
{
    close(port->slave);
    close(port->master);
    port->slave = port->master = -1;
}

static void hang_on(struct port *port, unsigned long request)
{
    pthread_mutex_lock(&port->lock);
    port->hang_on = request;
    pthread_mutex_unlock(&port->lock);
}

static void wait_for_hang(struct port *port)
{
    for (;;) {
        pthread_mutex_lock(&port->lock);
        bool hangs = port->hanging;
        pthread_mutex_unlock(&port->lock);
        if (hangs)
            return;
        usleep(1000);
    }
}

/* The adapter answers at last. */
static void answer(struct port *port, int error)
{
    hang_on(port, 0);
    umockdev_ioctl_client_complete(port->hanging, error ? -1 : 0, error);
    g_object_unref(port->hanging);
    port->hanging = NULL;
}

static struct termios2 settings_of(const struct port *port)
{
    struct termios2 settings;
    ck_assert_int_eq(ioctl(port->master, TCGETS2, &settings), 0);
    return settings;
}

/* The loop's side */

static uv_loop_t loop;

struct client {
    struct tty *tty;
    unsigned opened, done, writable, gone, after_close;
    int error;
    enum cause cause;
    char detail[256];
    uint8_t received[64];
    size_t n_received;
    unsigned close_in; /* which callback closes the port: CLOSE_IN_… */
    bool closed;
};
enum { CLOSE_IN_OPENED = 1, CLOSE_IN_DONE, CLOSE_IN_RECEIVED, CLOSE_IN_GONE };

static void called(struct client *client, unsigned which)
{
    client->after_close += client->closed;
    if (which != 0 && client->close_in == which) {
        client->closed = true;
        tty_close(client->tty);
    }
}

static void on_opened(void *data, int error, enum cause cause, const char *detail)
{
    struct client *client = data;
    client->opened++;
    client->error = error;
    client->cause = cause;
    snprintf(client->detail, sizeof(client->detail), "%s", detail);
    called(client, CLOSE_IN_OPENED);
}

static void on_done(void *data, int error)
{
    struct client *client = data;
    client->done++;
    client->error = error;
    called(client, CLOSE_IN_DONE);
}

static void on_received(void *data, const uint8_t *bytes, size_t n)
{
    struct client *client = data;
    for (size_t i = 0; i < n; i++)
        client->received[client->n_received++ % sizeof(client->received)] = bytes[i];
    called(client, CLOSE_IN_RECEIVED);
}

static void on_writable(void *data)
{
    struct client *client = data;
    client->writable++;
    called(client, 0);
}

static void on_gone(void *data, int error)
{
    struct client *client = data;
    client->gone++;
    client->error = error;
    called(client, CLOSE_IN_GONE);
}

static const struct tty_events events = {
    .opened = on_opened, .done = on_done, .received = on_received, .writable = on_writable, .gone = on_gone};

#define RUN_UNTIL(condition)                                                                                           \
    while (!(condition))                                                                                               \
    uv_run(&loop, UV_RUN_ONCE)

static void start_opening(struct client *client, const char *devnode)
{
    *client = (struct client){0};
    client->tty = tty_open(&loop, devnode, &events, client);
}

static void open_port(struct client *client, const struct port *port)
{
    start_opening(client, port->devnode);
    RUN_UNTIL(client->opened);
    ck_assert_msg(client->error == 0, "%s", client->detail);
    ck_assert_int_eq(client->cause, CAUSE_NONE);
}

static void close_port(struct client *client)
{
    client->closed = true;
    tty_close(client->tty);
}

/* Nothing is left: no handle in the loop, no worker; no callback came after the close. */
static void check_end(const struct client *client)
{
    uv_run(&loop, UV_RUN_DEFAULT);
    while (tty_workers() > 0)
        usleep(1000);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    ck_assert_uint_eq(client->after_close, 0);
}

static void set_up(void)
{
    ck_assert_int_eq(uv_loop_init(&loop), 0);
}

static void send_text(const struct port *port, const char *text)
{
    ck_assert_int_eq(write(port->master, text, strlen(text)), (ssize_t)strlen(text));
}

static struct port a;
static struct client user;

START_TEST(opens_as_promised)
{
    plug(&a, 0, true);
    struct termios2 before = settings_of(&a);
    before.c_cflag |= HUPCL | CRTSCTS | CSTOPB | PARENB;
    ck_assert_int_eq(ioctl(a.slave, TCSETS2, &before), 0);
    send_text(&a, "stale\n");
    open_port(&user, &a);

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

    send_text(&a, "\r\n\x03\x11\x13\x7f\xff"); /* nothing of this is special */
    RUN_UNTIL(user.n_received >= 7);
    ck_assert_mem_eq(user.received, "\r\n\x03\x11\x13\x7f\xff", 7);
    close_port(&user);
    check_end(&user);
    ck_assert_int_eq(flock(a.slave, LOCK_EX | LOCK_NB), 0);
    ck_assert_uint_eq(settings_of(&a).c_cflag & HUPCL, 0);
}
END_TEST

START_TEST(sets_both_lines_at_once)
{
    plug(&a, 0, true);
    open_port(&user, &a);
    for (unsigned i = 0; i < 4; i++) {
        bool dtr = i & 1, rts = i & 2;
        tty_lines(user.tty, dtr, rts);
        RUN_UNTIL(user.done == i + 1);
        ck_assert_int_eq(user.error, 0);
        ck_assert_uint_eq(a.sets, i + 2);
        ck_assert_int_eq(a.lines, (dtr ? TIOCM_DTR : 0) | (rts ? TIOCM_RTS : 0));
    }
    close_port(&user);
    check_end(&user);
}
END_TEST

START_TEST(sets_any_baud)
{
    static const uint32_t rates[] = {9600, 74880, 230400, 921600, 1500000, 2000000, 3000000};
    plug(&a, 0, true);
    open_port(&user, &a);
    for (unsigned i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        tty_baud(user.tty, rates[i]);
        RUN_UNTIL(user.done == i + 1);
        ck_assert_int_eq(user.error, 0);
        ck_assert_uint_eq(settings_of(&a).c_ospeed, rates[i]);
    }
    close_port(&user);
    check_end(&user);
}
END_TEST

START_TEST(judges_the_baud_read_back)
{
    static const struct {
        uint32_t asked, chosen;
        int error;
    } cases[] = {{115200, 115384, 0}, {74880, 76800, 0},        {100000, 103000, 0},        {100000, 103001, -ERANGE},
                 {100000, 97000, 0},  {100000, 96999, -ERANGE}, {2000000, 1000000, -ERANGE}};
    plug(&a, 0, true);
    open_port(&user, &a);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pthread_mutex_lock(&a.lock);
        a.pretend_baud = cases[i].chosen;
        pthread_mutex_unlock(&a.lock);
        tty_baud(user.tty, cases[i].asked);
        RUN_UNTIL(user.done == i + 1);
        ck_assert_msg(user.error == cases[i].error, "%u read back as %u: %d", cases[i].asked, cases[i].chosen,
                      user.error);
    }
    close_port(&user);
    check_end(&user);
}
END_TEST

/* A bare pty has none: it opens, and an order for them is answered with the kernel's error. */
START_TEST(lives_without_modem_lines)
{
    plug(&a, 0, false);
    open_port(&user, &a);
    tty_lines(user.tty, true, false);
    RUN_UNTIL(user.done);
    ck_assert_msg(user.error == -ENOTTY || user.error == -EINVAL, "%d", user.error);
    tty_baud(user.tty, 460800);
    RUN_UNTIL(user.done == 2);
    ck_assert_int_eq(user.error, 0);
    close_port(&user);
    check_end(&user);
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
    struct client *sender = data;
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
    static const struct tty_events stream = {
        .opened = on_opened, .done = on_done, .received = stream_received, .writable = stream_write, .gone = on_gone};
    plug(&a, 0, false);
    user.tty = tty_open(&loop, a.devnode, &stream, &user);
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
    close_port(&user);
    check_end(&user);
}
END_TEST

/* What arrives while the worker has the port waits; so does what is to be written. */
START_TEST(rests_during_an_order)
{
    plug(&a, 0, true);
    open_port(&user, &a);
    hang_on(&a, TIOCMSET);
    tty_lines(user.tty, true, true);
    ck_assert_uint_ne(tty_busy_since(user.tty), 0);
    ck_assert_uint_le(tty_busy_since(user.tty), uv_hrtime());
    wait_for_hang(&a);
    send_text(&a, "abc");
    ck_assert_uint_eq(tty_write(user.tty, (const uint8_t *)"x", 1), 0);
    for (int i = 0; i < 100; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(user.n_received, 0);
    ck_assert_uint_eq(user.done, 0);
    answer(&a, 0);
    RUN_UNTIL(user.done && user.writable && user.n_received == 3);
    ck_assert_int_eq(user.error, 0);
    ck_assert_uint_eq(tty_busy_since(user.tty), 0);
    ck_assert_mem_eq(user.received, "abc", 3);
    ck_assert_uint_eq(tty_write(user.tty, (const uint8_t *)"x", 1), 1);
    char byte = 0;
    ck_assert_int_eq(read(a.master, &byte, 1), 1);
    ck_assert_int_eq(byte, 'x');
    close_port(&user);
    check_end(&user);
}
END_TEST

START_TEST(flushes_input)
{
    plug(&a, 0, true);
    open_port(&user, &a);
    send_text(&a, "old");
    int waiting = 0;
    while (waiting < 3) /* on its way to the port's side */
        ck_assert_int_eq(ioctl(a.slave, FIONREAD, &waiting), 0);
    tty_flush_input(user.tty);
    send_text(&a, "new");
    RUN_UNTIL(user.n_received >= 3);
    ck_assert_uint_eq(user.n_received, 3);
    ck_assert_mem_eq(user.received, "new", 3);

    hang_on(&a, TIOCMSET);
    tty_lines(user.tty, true, true);
    wait_for_hang(&a);
    send_text(&a, "old");
    for (waiting = 0; waiting < 3;)
        ck_assert_int_eq(ioctl(a.slave, FIONREAD, &waiting), 0);
    tty_flush_input(user.tty); /* returns, though the port is stuck; is made up for afterwards */
    answer(&a, 0);
    RUN_UNTIL(user.done);
    send_text(&a, "end");
    RUN_UNTIL(user.n_received >= 6);
    ck_assert_uint_eq(user.n_received, 6);
    ck_assert_mem_eq(user.received + 3, "end", 3);
    close_port(&user);
    check_end(&user);
}
END_TEST

static void check_refused(const char *devnode, enum cause cause, const char *detail)
{
    start_opening(&user, devnode);
    RUN_UNTIL(user.opened);
    ck_assert_int_lt(user.error, 0);
    ck_assert_msg(strcmp(user.detail, detail) == 0, "\"%s\" instead of \"%s\"", user.detail, detail);
    ck_assert_str_eq(cause_code(user.cause), cause_code(cause));
    tty_lines(user.tty, true, true); /* nothing comes of it */
    close_port(&user);
    check_end(&user);
    ck_assert_uint_eq(user.done, 0);
}

START_TEST(misses_the_port)
{
    check_refused("/dev/ttyUSB77", CAUSE_UNPLUGGED, "/dev/ttyUSB77 is no longer there");
}
END_TEST

/* Unplugged */

START_TEST(says_gone_once)
{
    plug(&a, 0, _i & 1);
    open_port(&user, &a);
    yank(&a);
    if (_i & 2)
        ck_assert_uint_eq(tty_write(user.tty, (const uint8_t *)"x", 1), 0);
    RUN_UNTIL(user.gone);
    ck_assert_int_eq(user.error, -EIO);
    tty_lines(user.tty, true, true);
    ck_assert_uint_eq(tty_write(user.tty, (const uint8_t *)"x", 1), 0);
    for (int i = 0; i < 100; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(user.gone, 1);
    ck_assert_uint_eq(user.done, 0);
    close_port(&user);
    check_end(&user);
}
END_TEST

START_TEST(gone_during_an_order)
{
    plug(&a, 0, true);
    open_port(&user, &a);
    hang_on(&a, TIOCMSET);
    tty_lines(user.tty, true, true);
    wait_for_hang(&a);
    yank(&a);
    answer(&a, EIO);
    RUN_UNTIL(user.done);
    ck_assert_int_eq(user.error, -EIO);
    RUN_UNTIL(user.gone);
    close_port(&user);
    check_end(&user);
}
END_TEST

/* Stuck */

START_TEST(one_stuck_port_costs_the_others_nothing)
{
    struct port b;
    struct client other_user;
    plug(&a, 0, true);
    plug(&b, 1, true);
    open_port(&user, &a);
    hang_on(&a, TIOCMSET);
    tty_lines(user.tty, true, true);
    wait_for_hang(&a);

    open_port(&other_user, &b);
    for (unsigned i = 0; i < 20; i++) {
        tty_lines(other_user.tty, i & 1, i & 2);
        RUN_UNTIL(other_user.done == 2 * i + 1);
        tty_baud(other_user.tty, 115200 * (1 + i % 8));
        RUN_UNTIL(other_user.done == 2 * i + 2);
        send_text(&b, "y");
        RUN_UNTIL(other_user.n_received == i + 1);
    }
    ck_assert_uint_eq(user.done, 0);
    ck_assert_uint_eq(tty_workers(), 2);
    close_port(&other_user);
    while (tty_workers() == 2)
        usleep(1000);

    /* The stuck one is given up: the loop has nothing left of it, its worker ends when the kernel lets go. */
    close_port(&user);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(tty_workers(), 1);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    answer(&a, EIO);
    while (tty_workers() > 0)
        usleep(1000);
    ck_assert_uint_eq(user.done + user.after_close + other_user.after_close, 0);
}
END_TEST

/* The process ends although a worker never does: the test is that this one ends. */
START_TEST(exit_does_not_wait)
{
    plug(&a, 0, true);
    open_port(&user, &a);
    hang_on(&a, TIOCMSET);
    tty_lines(user.tty, true, true);
    wait_for_hang(&a);
    close_port(&user);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    ck_assert_uint_eq(tty_workers(), 1);
}
END_TEST

START_TEST(closes_at_once)
{
    plug(&a, 0, true);
    start_opening(&user, a.devnode);
    close_port(&user);
    check_end(&user);
    ck_assert_uint_eq(user.opened, 0);
}
END_TEST

START_TEST(closes_while_it_opens)
{
    plug(&a, 0, true);
    hang_on(&a, TIOCMSET);
    start_opening(&user, a.devnode);
    wait_for_hang(&a);
    ck_assert_uint_ne(tty_busy_since(user.tty), 0);
    close_port(&user);
    uv_run(&loop, UV_RUN_DEFAULT);
    answer(&a, 0);
    check_end(&user);
    ck_assert_uint_eq(user.opened, 0);
    ck_assert_int_eq(flock(a.slave, LOCK_EX | LOCK_NB), 0); /* it let go of the port */
}
END_TEST

/* The answer is already under way to the loop when the port is closed. */
START_TEST(closes_before_the_answer_is_heard)
{
    plug(&a, 0, true);
    open_port(&user, &a);
    tty_lines(user.tty, true, true);
    for (unsigned sets = 1; sets < 2;) {
        pthread_mutex_lock(&a.lock);
        sets = a.sets;
        pthread_mutex_unlock(&a.lock);
    }
    usleep(20000);
    close_port(&user);
    check_end(&user);
    ck_assert_uint_eq(user.done, 0);
}
END_TEST

START_TEST(closes_in_a_callback)
{
    plug(&a, 0, true);
    start_opening(&user, a.devnode);
    user.close_in = (unsigned)_i;
    RUN_UNTIL(user.opened);
    ck_assert_int_eq(user.error, 0);
    if (_i == CLOSE_IN_DONE)
        tty_lines(user.tty, true, true);
    if (_i == CLOSE_IN_RECEIVED)
        send_text(&a, "z");
    if (_i == CLOSE_IN_GONE)
        yank(&a);
    check_end(&user);
    ck_assert(user.closed);
}
END_TEST

/* While a closed port's worker still hangs, gangd itself is who holds the a. */
START_TEST(names_itself)
{
    plug(&a, 0, true);
    open_port(&user, &a);
    hang_on(&a, TIOCMSET);
    tty_lines(user.tty, true, true);
    wait_for_hang(&a);
    close_port(&user);
    struct client again;
    start_opening(&again, a.pts);
    RUN_UNTIL(again.opened);
    ck_assert_int_eq(again.cause, CAUSE_PORT_BUSY);
    char detail[128], name[16];
    prctl(PR_GET_NAME, name);
    snprintf(detail, sizeof(detail), "%s is held by %s (pid %d)", a.pts, name, (int)getpid());
    ck_assert_str_eq(again.detail, detail);
    close_port(&again);
    answer(&a, 0);
    check_end(&again);
}
END_TEST

int main(int argc, char **argv)
{
    (void)argc;
    preload_umockdev(argv);
    TCase *tests = tcase_create("tty");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, opens_as_promised);
    tcase_add_test(tests, sets_both_lines_at_once);
    tcase_add_test(tests, sets_any_baud);
    tcase_add_test(tests, judges_the_baud_read_back);
    tcase_add_test(tests, lives_without_modem_lines);
    tcase_add_test(tests, carries_a_megabyte_each_way);
    tcase_add_test(tests, rests_during_an_order);
    tcase_add_test(tests, flushes_input);
    tcase_add_test(tests, misses_the_port);
    tcase_add_loop_test(tests, says_gone_once, 0, 4);
    tcase_add_test(tests, gone_during_an_order);
    tcase_add_test(tests, one_stuck_port_costs_the_others_nothing);
    tcase_add_test(tests, exit_does_not_wait);
    tcase_add_test(tests, closes_at_once);
    tcase_add_test(tests, closes_while_it_opens);
    tcase_add_test(tests, closes_before_the_answer_is_heard);
    tcase_add_loop_test(tests, closes_in_a_callback, CLOSE_IN_OPENED, CLOSE_IN_GONE + 1);
    tcase_add_test(tests, names_itself);
    Suite *suite = suite_create("tty");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
