/* SPDX-License-Identifier: MIT */
/*
 * One rule keeps the loop from blocking: the descriptor has one user at a time. While the worker has an order the loop
 * neither reads, writes nor polls, for the kernel holds a lock through a change of settings that reads take too: with a
 * stuck adapter a non-blocking read would wait with it.
 */
#include "daemon/port/tty.h"

#include "daemon/base/memory.h"
#include "daemon/port/port_close.h"
#include "daemon/port/tty_ioctl.h"
#include "daemon/port/tty_open.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Deep enough for the walk through /proc and for a sanitizer's frames. */
#define WORKER_STACK (256 * 1024)

enum order { ORDER_NONE, ORDER_OPEN, ORDER_LINES, ORDER_BAUD, ORDER_MODEM, ORDER_INTRUDER };

struct tty {
    /* The loop's own. */
    const struct tty_events *events;
    void *data;
    uv_async_t answered;
    uv_poll_t poll;
    unsigned handles; /* of the two above, not yet closed */
    bool open, gone, hung_up, told_closed;
    bool wants_writable, wants_flush;
    enum order pending; /* what the worker has been told and we have not yet taken the answer to */
    uint64_t busy_since;
    int write_error;

    /* Of the side that has the descriptor: the worker while there is an order, else the loop. */
    int fd;
    bool dtr, rts;
    uint32_t baud;
    unsigned modem;
    char intruder[192]; /* "": none is known */
    int error;
    struct tty_ladder ladder;
    struct tty_trouble trouble;

    /* Between both. */
    pthread_mutex_t lock;
    pthread_cond_t ordered;
    enum order order; /* back to ORDER_NONE when it is done */
    bool leaving;     /* tty_hang_up(): the worker shall close the port and end */
    bool left;        /* it has closed it */
    bool abandoned;   /* tty_close(): the loop's handles are no longer to be used */
    unsigned users;   /* the loop, the worker; who leaves last frees */
};

static atomic_uint workers;

unsigned tty_workers(void)
{
    return atomic_load(&workers);
}

static void leave(struct tty *tty)
{
    pthread_mutex_lock(&tty->lock);
    bool last = --tty->users == 0;
    pthread_mutex_unlock(&tty->lock);
    if (!last)
        return;
    pthread_cond_destroy(&tty->ordered);
    pthread_mutex_destroy(&tty->lock);
    free(tty);
}

/* The worker */

static void look_for_intruder(struct tty *tty)
{
    const unsigned set = (tty->dtr ? TIOCM_DTR : 0) | (tty->rts ? TIOCM_RTS : 0);
    unsigned lines;
    if (tty->intruder[0] == '\0' && tty_ioctl_modem(tty->fd, &lines) == 0 && (lines & (TIOCM_DTR | TIOCM_RTS) & ~set))
        tty_name_intruder(tty->trouble.devnode, tty->intruder, sizeof(tty->intruder));
}

static void carry_out(struct tty *tty, enum order order)
{
    switch (order) {
    case ORDER_OPEN: tty->error = tty_open_port(tty->trouble.devnode, &tty->fd, &tty->ladder, &tty->trouble); break;
    case ORDER_LINES: tty->error = tty_ioctl_lines(tty->fd, tty->dtr, tty->rts); break;
    case ORDER_BAUD:
        look_for_intruder(tty);
        tty->error = tty_ioctl_baud(tty->fd, tty->baud);
        break;
    case ORDER_MODEM: tty->error = tty_ioctl_modem(tty->fd, &tty->modem); break;
    case ORDER_INTRUDER: look_for_intruder(tty); break;
    case ORDER_NONE: break;
    }
}

/* Under the lock. */
static void answer(struct tty *tty)
{
    if (!tty->abandoned)
        uv_async_send(&tty->answered);
}

static void *work(void *data)
{
    struct tty *tty = data;
    pthread_mutex_lock(&tty->lock);
    for (;;) {
        while (tty->order == ORDER_NONE && !tty->leaving)
            pthread_cond_wait(&tty->ordered, &tty->lock);
        if (tty->leaving)
            break;
        enum order order = tty->order;
        pthread_mutex_unlock(&tty->lock);
        carry_out(tty, order);
        pthread_mutex_lock(&tty->lock);
        tty->order = ORDER_NONE;
        answer(tty);
    }
    pthread_mutex_unlock(&tty->lock);
    if (tty->fd >= 0) {
        (void)tty_ioctl_discard_output(tty->fd);
        port_close(tty->fd);
    }
    pthread_mutex_lock(&tty->lock);
    tty->left = true;
    answer(tty);
    pthread_mutex_unlock(&tty->lock);
    atomic_fetch_sub(&workers, 1);
    leave(tty);
    return NULL;
}

/* Its signal mask stays open, for port_close() too. Signals go to the loop's thread anyway, which blocks none; and a
 * library that shares a saved mask between threads (umockdev's preload does) would bring a closed one into the loop,
 * which then never gets SIGTERM. */
static int start_worker(struct tty *tty)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, WORKER_STACK);
    tty->users++;
    atomic_fetch_add(&workers, 1);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, work, tty);
    pthread_attr_destroy(&attributes);
    if (error) {
        tty->users--;
        atomic_fetch_sub(&workers, 1);
    }
    return -error;
}

/* The loop */

static void on_poll(uv_poll_t *poll, int status, int events);

static bool usable(const struct tty *tty)
{
    return tty->open && !tty->gone && !tty->hung_up && tty->pending == ORDER_NONE;
}

static void watch(struct tty *tty)
{
    if (usable(tty))
        uv_poll_start(&tty->poll, UV_READABLE | (tty->wants_writable ? UV_WRITABLE : 0), on_poll);
}

static void say_gone(struct tty *tty, int error)
{
    if (tty->gone || tty->hung_up)
        return;
    tty->gone = true;
    uv_poll_stop(&tty->poll);
    tty->events->gone(tty->data, error);
}

void tty_read(struct tty *tty)
{
    if (!usable(tty))
        return;
    uint8_t bytes[16 * 1024];
    ssize_t n = read(tty->fd, bytes, sizeof(bytes));
    if (n > 0)
        tty->events->received(tty->data, bytes, (size_t)n);
    else if (n == 0)
        say_gone(tty, -EIO);
    else if (errno != EAGAIN && errno != EINTR)
        say_gone(tty, -errno);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct tty *tty = poll->data;
    if (status < 0) {
        /* libuv 1.44 stops the handle on POLLERR and says UV_EBADF: so an unplugged adapter looks. */
        say_gone(tty, -EIO);
        return;
    }
    if (events & UV_READABLE)
        tty_read(tty);
    if ((events & UV_WRITABLE) && usable(tty) && tty->wants_writable) {
        tty->wants_writable = false;
        watch(tty);
        tty->events->writable(tty->data);
    }
}

static void give_order(struct tty *tty, enum order order)
{
    if (!usable(tty))
        return;
    uv_poll_stop(&tty->poll);
    tty->pending = order;
    tty->busy_since = uv_hrtime();
    pthread_mutex_lock(&tty->lock);
    tty->order = order;
    pthread_cond_signal(&tty->ordered);
    pthread_mutex_unlock(&tty->lock);
}

static void flush_input(struct tty *tty)
{
    (void)tty_ioctl_discard_input(tty->fd);
    tty->intruder[0] = '\0';
}

static void take_answer(struct tty *tty)
{
    enum order answered = tty->pending;
    tty->pending = ORDER_NONE;
    tty->busy_since = 0;
    if (answered == ORDER_OPEN && tty->error == 0) {
        tty->error = uv_poll_init(tty->answered.loop, &tty->poll, tty->fd);
        tty->open = tty->error == 0;
        tty->handles += tty->open;
        if (tty->error)
            tty_trouble_set(&tty->trouble, CAUSE_ADAPTER_ERROR, "cannot be watched: %s", uv_strerror(tty->error));
    }
    bool wants_flush = tty->wants_flush && tty->open;
    tty->wants_flush = false;
    if (wants_flush)
        flush_input(tty);
    watch(tty);
    if (answered == ORDER_OPEN)
        tty->events->opened(tty->data, tty->error, tty->error ? tty->trouble.cause : CAUSE_NONE, tty->trouble.detail);
    else if (answered == ORDER_MODEM)
        tty->events->modem(tty->data, tty->error, tty->modem);
    else if (answered == ORDER_INTRUDER)
        tty->events->intruder(tty->data, tty->intruder);
    else
        tty->events->done(tty->data, tty->error);
}

static void on_answered(uv_async_t *async)
{
    struct tty *tty = async->data;
    pthread_mutex_lock(&tty->lock);
    bool answered = tty->pending != ORDER_NONE && tty->order == ORDER_NONE, left = tty->left;
    pthread_mutex_unlock(&tty->lock);
    if (tty->hung_up) {
        if (left && !tty->told_closed) {
            tty->told_closed = true;
            tty->events->closed(tty->data);
        }
        return;
    }
    if (answered)
        take_answer(tty);
    if (tty->write_error && usable(tty))
        say_gone(tty, tty->write_error);
}

struct tty *tty_open(uv_loop_t *loop, const char *devnode, const uint32_t *bauds, size_t n,
                     const struct tty_events *events, void *data)
{
    assert(n <= TTY_BAUDS_MAX);
    struct tty *tty = must_calloc(1, sizeof(*tty));
    /* libuv aborts too if it cannot add the first async to a loop; any later one needs nothing. */
    if (uv_async_init(loop, &tty->answered, on_answered))
        abort();
    tty->events = events;
    tty->data = data;
    tty->answered.data = tty;
    tty->poll.data = tty;
    tty->handles = 1;
    tty->fd = -1;
    tty_trouble_init(&tty->trouble, devnode);
    tty->ladder.n = n;
    for (size_t i = 0; i < n; i++)
        tty->ladder.bauds[i] = bauds[i];
    pthread_mutex_init(&tty->lock, NULL);
    pthread_cond_init(&tty->ordered, NULL);
    tty->users = 1;
    tty->pending = ORDER_OPEN;
    tty->order = ORDER_OPEN;
    tty->busy_since = uv_hrtime();
    int error = start_worker(tty);
    if (error) {
        tty->error = error;
        tty->order = ORDER_NONE;
        tty->left = true;
        tty_trouble_set(&tty->trouble, CAUSE_ADAPTER_ERROR, "no thread for it: %s", uv_strerror(error));
        uv_async_send(&tty->answered);
    }
    return tty;
}

bool tty_can_do(const struct tty *tty, uint32_t baud)
{
    for (size_t i = 0; i < tty->ladder.n; i++)
        if (tty->ladder.bauds[i] == baud)
            return tty->ladder.possible >> i & 1;
    return true;
}

void tty_lines(struct tty *tty, bool dtr, bool rts)
{
    if (!usable(tty))
        return;
    tty->dtr = dtr;
    tty->rts = rts;
    give_order(tty, ORDER_LINES);
}

void tty_baud(struct tty *tty, uint32_t baud)
{
    if (!usable(tty))
        return;
    tty->baud = baud;
    give_order(tty, ORDER_BAUD);
}

void tty_modem(struct tty *tty)
{
    give_order(tty, ORDER_MODEM);
}

void tty_find_intruder(struct tty *tty)
{
    give_order(tty, ORDER_INTRUDER);
}

void tty_flush_input(struct tty *tty)
{
    if (usable(tty))
        flush_input(tty);
    else
        tty->wants_flush = true;
}

size_t tty_write(struct tty *tty, const uint8_t *bytes, size_t n)
{
    ssize_t written = usable(tty) && !tty->write_error ? write(tty->fd, bytes, n) : 0;
    if (written < 0 && errno != EAGAIN && errno != EINTR) {
        /* Said later, so that no callback comes out of this call. */
        tty->write_error = -errno;
        uv_async_send(&tty->answered);
    }
    size_t accepted = written > 0 ? (size_t)written : 0;
    if (accepted < n && !tty->wants_writable) {
        tty->wants_writable = true;
        watch(tty);
    }
    return accepted;
}

uint64_t tty_busy_since(const struct tty *tty)
{
    return tty->busy_since;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct tty *tty = handle->data;
    if (--tty->handles == 0)
        leave(tty);
}

void tty_hang_up(struct tty *tty)
{
    if (tty->hung_up)
        return;
    tty->hung_up = true;
    if (tty->busy_since == 0)
        tty->busy_since = uv_hrtime();
    /* Before the worker may close it: the descriptor's number may belong to another port as soon as it is closed. */
    if (tty->open)
        uv_close((uv_handle_t *)&tty->poll, on_handle_closed);
    pthread_mutex_lock(&tty->lock);
    tty->leaving = true;
    pthread_cond_signal(&tty->ordered);
    if (tty->left)
        answer(tty);
    pthread_mutex_unlock(&tty->lock);
}

void tty_close(struct tty *tty)
{
    tty_hang_up(tty);
    pthread_mutex_lock(&tty->lock);
    tty->abandoned = true;
    pthread_mutex_unlock(&tty->lock);
    uv_close((uv_handle_t *)&tty->answered, on_handle_closed);
}
