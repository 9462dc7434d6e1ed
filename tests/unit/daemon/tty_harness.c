/* SPDX-License-Identifier: MIT */
#include "tests/unit/daemon/tty_harness.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static UMockdevTestbed *testbed; /* made for the first port that wants a handler */

/* As for a program without CAP_SYS_ADMIN. */
static int set_serial(struct tty_harness_port *port, const struct serial_struct *serial)
{
    if (serial->closing_wait != port->serial.closing_wait)
        return EPERM;
    port->serial.flags = serial->flags;
    port->latency_sets++;
    return 0;
}

static gboolean on_ioctl(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer data)
{
    (void)base;
    struct tty_harness_port *port = data;
    unsigned long request = umockdev_ioctl_client_get_request(client);
    pthread_mutex_lock(&port->lock);
    if (request == port->hang_on) {
        port->hanging = g_object_ref(client);
        pthread_mutex_unlock(&port->lock);
        return TRUE;
    }
    glong result = -100; /* let the kernel do it */
    int error = 0;
    UMockdevIoctlData *argument = umockdev_ioctl_client_get_arg(client);
    if (request == TIOCMSET) {
        UMockdevIoctlData *lines = umockdev_ioctl_data_resolve(argument, 0, sizeof(int), NULL);
        memcpy(&port->lines, lines->data, sizeof(int));
        umockdev_ioctl_data_unref(lines);
        port->sets++;
        result = 0;
    } else if (request == TIOCMGET) {
        UMockdevIoctlData *lines = umockdev_ioctl_data_resolve(argument, 0, sizeof(int), NULL);
        umockdev_ioctl_data_update(lines, 0, (guint8 *)&port->modem, sizeof(int));
        umockdev_ioctl_data_unref(lines);
        result = 0;
    } else if (request == TIOCGSERIAL || request == TIOCSSERIAL) {
        UMockdevIoctlData *serial = umockdev_ioctl_data_resolve(argument, 0, sizeof(port->serial), NULL);
        error = request == TIOCSSERIAL ? set_serial(port, (const struct serial_struct *)(const void *)serial->data) : 0;
        result = error ? -1 : 0;
        if (request == TIOCGSERIAL)
            umockdev_ioctl_data_update(serial, 0, (guint8 *)&port->serial, sizeof(port->serial));
        umockdev_ioctl_data_unref(serial);
    } else if (request == TCSETS2) {
        struct termios2 settings;
        UMockdevIoctlData *from = umockdev_ioctl_data_resolve(argument, 0, sizeof(settings), NULL);
        memcpy(&settings, from->data, sizeof(settings));
        umockdev_ioctl_data_unref(from);
        port->asked[port->n_asked++ % 32] = settings.c_ospeed;
    } else if (request == TCGETS2 && (port->pretend_baud || (port->driver && port->n_asked > 0))) {
        uint32_t baud = port->driver ? port->driver(port->asked[(port->n_asked - 1) % 32]) : port->pretend_baud;
        struct termios2 settings = {.c_ispeed = baud, .c_ospeed = baud};
        UMockdevIoctlData *to = umockdev_ioctl_data_resolve(argument, 0, sizeof(settings), NULL);
        umockdev_ioctl_data_update(to, 0, (guint8 *)&settings, sizeof(settings));
        umockdev_ioctl_data_unref(to);
        result = 0;
    }
    pthread_mutex_unlock(&port->lock);
    umockdev_ioctl_client_complete(client, result, error);
    return TRUE;
}

void tty_harness_plug(struct tty_harness_port *port, int number, bool with_handler)
{
    *port = (struct tty_harness_port){.lines = -1};
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

void tty_harness_yank(struct tty_harness_port *port)
{
    close(port->slave);
    close(port->master);
    port->slave = port->master = -1;
}

void tty_harness_hang_on(struct tty_harness_port *port, unsigned long request)
{
    pthread_mutex_lock(&port->lock);
    port->hang_on = request;
    pthread_mutex_unlock(&port->lock);
}

void tty_harness_wait_for_hang(struct tty_harness_port *port)
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

void tty_harness_answer(struct tty_harness_port *port, int error)
{
    tty_harness_hang_on(port, 0);
    umockdev_ioctl_client_complete(port->hanging, error ? -1 : 0, error);
    g_object_unref(port->hanging);
    port->hanging = NULL;
}

/* The loop's side */

uv_loop_t tty_harness_loop;
const uint32_t *tty_harness_bauds;
size_t tty_harness_n_bauds;

static void called(struct tty_harness_client *client, unsigned which)
{
    client->after_close += client->closed;
    if (which != 0 && client->close_in == which) {
        client->closed = true;
        tty_close(client->tty);
    }
}

static void on_opened(void *data, int error, enum cause cause, const char *detail)
{
    struct tty_harness_client *client = data;
    client->opened++;
    client->error = error;
    client->cause = cause;
    snprintf(client->detail, sizeof(client->detail), "%s", detail);
    called(client, CLOSE_IN_OPENED);
}

static void on_done(void *data, int error)
{
    struct tty_harness_client *client = data;
    client->done++;
    client->error = error;
    called(client, CLOSE_IN_DONE);
}

static void on_modem(void *data, int error, unsigned lines)
{
    struct tty_harness_client *client = data;
    client->modem++;
    client->error = error;
    client->lines = lines;
    called(client, 0);
}

static void on_intruder(void *data, const char *detail)
{
    struct tty_harness_client *client = data;
    client->searched++;
    snprintf(client->detail, sizeof(client->detail), "%s", detail);
    called(client, 0);
}

static void on_received(void *data, const uint8_t *bytes, size_t n)
{
    struct tty_harness_client *client = data;
    for (size_t i = 0; i < n; i++)
        client->received[client->n_received++ % sizeof(client->received)] = bytes[i];
    called(client, CLOSE_IN_RECEIVED);
}

static void on_writable(void *data)
{
    struct tty_harness_client *client = data;
    client->writable++;
    called(client, 0);
}

static void on_gone(void *data, int error)
{
    struct tty_harness_client *client = data;
    client->gone++;
    client->error = error;
    called(client, CLOSE_IN_GONE);
}

static void on_closed(void *data)
{
    struct tty_harness_client *client = data;
    client->hung_up++;
    called(client, CLOSE_IN_CLOSED);
}

const struct tty_events tty_harness_events = {.opened = on_opened,
                                              .done = on_done,
                                              .modem = on_modem,
                                              .intruder = on_intruder,
                                              .received = on_received,
                                              .writable = on_writable,
                                              .gone = on_gone,
                                              .closed = on_closed};

void tty_harness_start_opening(struct tty_harness_client *client, const char *devnode)
{
    *client = (struct tty_harness_client){0};
    client->tty =
        tty_open(&tty_harness_loop, devnode, tty_harness_bauds, tty_harness_n_bauds, &tty_harness_events, client);
}

void tty_harness_open(struct tty_harness_client *client, const struct tty_harness_port *port)
{
    tty_harness_start_opening(client, port->devnode);
    RUN_UNTIL(client->opened);
    ck_assert_msg(client->error == 0, "%s", client->detail);
    ck_assert_int_eq(client->cause, CAUSE_NONE);
}

void tty_harness_close(struct tty_harness_client *client)
{
    client->closed = true;
    tty_close(client->tty);
}

void tty_harness_check_end(const struct tty_harness_client *client)
{
    uv_run(&tty_harness_loop, UV_RUN_DEFAULT);
    while (tty_workers() > 0)
        usleep(1000);
    ck_assert_int_eq(uv_loop_close(&tty_harness_loop), 0);
    ck_assert_uint_eq(client->after_close, 0);
}

void tty_harness_set_up(void)
{
    ck_assert_int_eq(uv_loop_init(&tty_harness_loop), 0);
}

void tty_harness_send(const struct tty_harness_port *port, const char *text)
{
    ck_assert_int_eq(write(port->master, text, strlen(text)), (ssize_t)strlen(text));
}
