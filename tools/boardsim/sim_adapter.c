/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/sim_adapter.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* The board runs this far at most before the host's bytes and lines are looked at again. */
#define SLICE_NS 1000000u
/* A full-speed USB device is polled once in this time, so nothing needs to be finer. */
#define FRAME_NS 1000000u

struct sim_adapter {
    const struct adapter_kind *kind;
    struct sim_adapter_host host;
    int wake_fd, event_fd;
    pthread_t thread;

    /* A thread that takes `lock` passes `gate` first, so that a pump that is busy catching up cannot starve the others.
     */
    pthread_mutex_t gate, lock;
    bool stop, stuck;
    struct board *board;
    uint64_t born;       /* the wall clock when the board's clock was 0 */
    uint64_t board_time; /* the board has run up to here */
    bool breaking;       /* the host holds the transmit line low, since: */
    uint64_t break_begun;
    uint64_t planned; /* board time at which the pump meant to be back */
    struct sim_adapter_faults faults;
    int inputs;       /* modem lines that come in: TIOCM_CTS, TIOCM_DSR, TIOCM_CAR */
    uint8_t rx[1024]; /* from the board, not yet with the host */
    size_t rx_used;
    uint32_t latency_us;
    uint64_t rx_due;  /* board time at which rx goes to the host, full packet or not */
    uint64_t rx_sent; /* board time of the last packet with data */
    struct sim_adapter_state state;
};

uint64_t sim_adapter_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void lock(struct sim_adapter *adapter)
{
    pthread_mutex_lock(&adapter->gate);
    pthread_mutex_lock(&adapter->lock);
    pthread_mutex_unlock(&adapter->gate);
}

static void unlock(struct sim_adapter *adapter)
{
    pthread_mutex_unlock(&adapter->lock);
}

void sim_adapter_wake(struct sim_adapter *adapter)
{
    eventfd_write(adapter->wake_fd, 1);
}

static void sample_baud(struct sim_adapter *adapter)
{
    uint32_t baud = adapter->host.baud(adapter->host.data, adapter->faults.max_baud);
    if (baud)
        adapter->state.baud = baud;
}

static bool carries(const struct sim_adapter *adapter)
{
    return adapter->board && !adapter->stuck && !adapter->state.cut;
}

/* What may be on its way to the board. */
static size_t fifo_size(const struct sim_adapter *adapter)
{
    return adapter->kind->tx_fifo + adapter->host.buffer;
}

/* Takes from the host what the transmit FIFO has room for. Returns whether the FIFO is too full to ask for more. */
static bool take_from_host(struct sim_adapter *adapter)
{
    size_t fifo = fifo_size(adapter);
    size_t sending = board_sending(adapter->board);
    /* Real hardware requests more when its FIFO is half empty. */
    if (sending > fifo / 2)
        return true;
    uint8_t bytes[8192];
    size_t room = fifo - sending;
    if (room > sizeof bytes)
        room = sizeof bytes;
    if (adapter->faults.cut_after && room > adapter->faults.cut_after - adapter->state.to_board)
        room = adapter->faults.cut_after - adapter->state.to_board;
    ssize_t n = adapter->host.take(adapter->host.data, bytes, room);
    if (n <= 0)
        return false;
    sample_baud(adapter);
    board_send(adapter->board, adapter->state.baud, bytes, (size_t)n);
    adapter->state.to_board += (uint64_t)n;
    adapter->state.active_at = sim_adapter_clock();
    if (adapter->faults.cut_after && adapter->state.to_board >= adapter->faults.cut_after) {
        adapter->state.cut = true;
        eventfd_write(adapter->event_fd, 1);
    }
    return sending + (size_t)n > fifo / 2;
}

static void give_to_host(struct sim_adapter *adapter)
{
    if (adapter->rx_used < adapter->kind->packet && adapter->board_time < adapter->rx_due)
        return;
    size_t n = adapter->host.give(adapter->host.data, adapter->rx, adapter->rx_used);
    if (n == 0)
        return; /* the host does not read: what comes now overruns the FIFO */
    adapter->rx_used -= n;
    adapter->rx_sent = adapter->board_time;
    memmove(adapter->rx, adapter->rx + n, adapter->rx_used);
    adapter->state.to_host += n;
    adapter->state.active_at = sim_adapter_clock();
}

/* The latency timer starts anew with each packet, and a packet goes out whenever it is over, with data or without. So
 * what comes in an idle time waits for anything up to the whole latency. */
static uint64_t next_packet(const struct sim_adapter *adapter)
{
    uint64_t latency = adapter->latency_us * 1000u;
    return adapter->rx_sent + ((adapter->board_time - adapter->rx_sent) / latency + 1) * latency;
}

static void collect_from_board(struct sim_adapter *adapter)
{
    uint8_t bytes[256];
    size_t n = board_receive(adapter->board, adapter->state.baud, bytes, sizeof bytes);
    /* The driver listens only while the port is open. */
    if (n == 0 || !adapter->state.open || !carries(adapter))
        return;
    size_t room = adapter->kind->rx_fifo - adapter->rx_used;
    if (n > room) {
        adapter->state.overruns += n - room;
        n = room;
    }
    if (adapter->rx_used == 0)
        adapter->rx_due = next_packet(adapter);
    memcpy(adapter->rx + adapter->rx_used, bytes, n);
    adapter->rx_used += n;
}

/* Runs the board up to `until`, a time of its own. */
static void run_board(struct sim_adapter *adapter, uint64_t until)
{
    while (adapter->board_time < until) {
        adapter->board_time = board_run(adapter->board, until);
        collect_from_board(adapter);
        if (adapter->rx_used)
            give_to_host(adapter);
    }
}

/* Brings the board to the wall clock, slice by slice, and lets others in between. Returns whether the transmit FIFO is
 * too full to take more from the host. */
static bool catch_up(struct sim_adapter *adapter)
{
    bool full = true;
    uint64_t now = sim_adapter_clock() - adapter->born;
    while (adapter->board && adapter->board_time < now && !adapter->stop) {
        uint64_t until = adapter->board_time + SLICE_NS;
        uint64_t next = board_next(adapter->board);
        if (next > until && board_sending(adapter->board) == 0 && adapter->rx_used == 0)
            until = next; /* nothing happens before */
        if (until > now)
            until = now;
        if (adapter->state.open)
            sample_baud(adapter);
        run_board(adapter, until);
        if (carries(adapter))
            full = take_from_host(adapter);
        if (until < now) {
            unlock(adapter);
            lock(adapter);
        }
    }
    return full;
}

/* Without a board the bytes leave the adapter all the same. False if the host is gone. */
static bool drop_from_host(struct sim_adapter *adapter)
{
    uint8_t bytes[512];
    ssize_t n;
    while ((n = adapter->host.take(adapter->host.data, bytes, sizeof bytes)) > 0)
        adapter->state.active_at = sim_adapter_clock();
    return n == 0;
}

static void note_lag(struct sim_adapter *adapter, uint64_t lag)
{
    if (lag > adapter->state.max_lag)
        adapter->state.max_lag = lag;
}

/* One round of the pump. Returns the ns until something is due, UINT64_MAX if only the host can cause anything. */
static uint64_t pump(struct sim_adapter *adapter, bool *full)
{
    *full = true;
    if (!adapter->board) {
        *full = adapter->stuck || !drop_from_host(adapter);
        return UINT64_MAX;
    }
    uint64_t now = sim_adapter_clock() - adapter->born;
    if (now > adapter->planned)
        note_lag(adapter, now - adapter->planned);
    *full = catch_up(adapter);
    if (!adapter->board)
        return 0;
    uint64_t behind = sim_adapter_clock() - adapter->born - adapter->board_time;
    note_lag(adapter, behind);

    uint64_t due = board_next(adapter->board);
    adapter->state.board_idle = due == BOARD_NEVER;
    if (adapter->rx_used && adapter->rx_due < due)
        due = adapter->rx_due;
    if (*full && carries(adapter)) {
        uint64_t excess = board_sending(adapter->board) - fifo_size(adapter) / 2;
        uint64_t drained = adapter->board_time + excess * 10u * 1000000000u / adapter->state.baud;
        if (drained < due)
            due = drained;
    }
    adapter->planned = due;
    if (due == BOARD_NEVER)
        return UINT64_MAX;
    if (due < adapter->board_time + FRAME_NS)
        adapter->planned = due = adapter->board_time + FRAME_NS;
    uint64_t wait = due - adapter->board_time;
    return wait > behind ? wait - behind : 0;
}

static void *pump_thread(void *data)
{
    struct sim_adapter *adapter = data;
    for (;;) {
        bool full;
        lock(adapter);
        bool stop = adapter->stop;
        uint64_t wait = stop ? 0 : pump(adapter, &full);
        bool listens = !stop && !full && !adapter->stuck && !adapter->state.cut;
        unlock(adapter);
        if (stop)
            return NULL;

        struct pollfd fds[] = {{adapter->wake_fd, POLLIN, 0}, {listens ? adapter->host.fd : -1, POLLIN, 0}};
        struct timespec timeout = {(time_t)(wait / 1000000000u), (long)(wait % 1000000000u)};
        if (ppoll(fds, 2, wait == UINT64_MAX ? NULL : &timeout, NULL) > 0) {
            eventfd_t count;
            if (fds[0].revents)
                eventfd_read(adapter->wake_fd, &count);
            lock(adapter);
            adapter->planned = UINT64_MAX; /* back early: not late */
            unlock(adapter);
        }
    }
}

static void free_all(struct sim_adapter *adapter)
{
    adapter->host.free(adapter->host.data);
    if (adapter->wake_fd >= 0)
        close(adapter->wake_fd);
    pthread_mutex_destroy(&adapter->gate);
    pthread_mutex_destroy(&adapter->lock);
    free(adapter);
}

struct sim_adapter *sim_adapter_new(const struct adapter_kind *kind, const struct sim_adapter_host *host, int event_fd)
{
    struct sim_adapter *adapter = calloc(1, sizeof *adapter);
    if (!adapter) {
        host->free(host->data);
        return NULL;
    }
    adapter->kind = kind;
    adapter->host = *host;
    adapter->event_fd = event_fd;
    adapter->latency_us = kind->latency_us;
    adapter->state.baud = adapter_kind_baud(kind, 9600, 0);
    adapter->planned = UINT64_MAX;
    pthread_mutex_init(&adapter->gate, NULL);
    pthread_mutex_init(&adapter->lock, NULL);
    adapter->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = 0;
    if (adapter->wake_fd < 0)
        error = errno;
    else
        error = pthread_create(&adapter->thread, NULL, pump_thread, adapter);
    if (error) {
        free_all(adapter);
        errno = error;
        return NULL;
    }
    return adapter;
}

void sim_adapter_free(struct sim_adapter *adapter)
{
    lock(adapter);
    adapter->stop = true;
    unlock(adapter);
    sim_adapter_wake(adapter);
    pthread_join(adapter->thread, NULL);
    free_all(adapter);
}

const struct adapter_kind *sim_adapter_kind_of(const struct sim_adapter *adapter)
{
    return adapter->kind;
}

void *sim_adapter_host_of(const struct sim_adapter *adapter)
{
    return adapter->host.data;
}

void sim_adapter_seat(struct sim_adapter *adapter, struct board *board, uint64_t time,
                      const struct sim_adapter_faults *faults)
{
    lock(adapter);
    uint64_t now = sim_adapter_clock();
    adapter->board = board;
    adapter->born = now - time;
    adapter->board_time = adapter->rx_sent = time;
    adapter->breaking = false;
    adapter->planned = UINT64_MAX;
    adapter->faults = *faults;
    adapter->rx_used = 0;
    struct sim_adapter_state *state = &adapter->state;
    state->touched = state->open;
    state->cut = false;
    state->board_state = NULL;
    state->to_board = state->to_host = state->overruns = state->max_lag = 0;
    state->active_at = now;
    board_set_lines(board, state->dtr, state->rts);
    board_power(board, true);
    unlock(adapter);
    sim_adapter_wake(adapter);
}

struct board *sim_adapter_lift(struct sim_adapter *adapter, uint64_t *time)
{
    lock(adapter);
    struct board *board = adapter->board;
    if (board) {
        catch_up(adapter);
        adapter->state.board_state = board_stats(board)->state;
        board_power(board, false);
        *time = adapter->board_time;
        adapter->board = NULL;
    }
    unlock(adapter);
    return board;
}

void sim_adapter_inspect(struct sim_adapter *adapter, void (*look)(struct board *board, void *data), void *data)
{
    lock(adapter);
    look(adapter->board, data);
    unlock(adapter);
}

void sim_adapter_buttons(struct sim_adapter *adapter, bool reset, bool gpio0)
{
    lock(adapter);
    catch_up(adapter);
    if (adapter->board)
        board_buttons(adapter->board, reset, gpio0);
    unlock(adapter);
    sim_adapter_wake(adapter);
}

static void drive_lines(struct sim_adapter *adapter, bool dtr, bool rts)
{
    catch_up(adapter);
    adapter->state.dtr = dtr;
    adapter->state.rts = rts;
    adapter->state.active_at = sim_adapter_clock();
    if (adapter->board)
        board_set_lines(adapter->board, dtr, rts);
    sim_adapter_wake(adapter);
}

void sim_adapter_listens(struct sim_adapter *adapter, bool listens)
{
    lock(adapter);
    catch_up(adapter);
    adapter->state.open = listens;
    adapter->state.touched = adapter->state.touched || listens;
    adapter->state.active_at = sim_adapter_clock();
    if (!listens)
        adapter->rx_used = 0;
    unlock(adapter);
    sim_adapter_wake(adapter);
}

static int lines_of(const struct sim_adapter *adapter)
{
    return (adapter->state.dtr ? TIOCM_DTR : 0) | (adapter->state.rts ? TIOCM_RTS : 0) | adapter->inputs;
}

int sim_adapter_lines(struct sim_adapter *adapter)
{
    lock(adapter);
    int lines = lines_of(adapter);
    unlock(adapter);
    return lines;
}

void sim_adapter_set_lines(struct sim_adapter *adapter, int set, int clear)
{
    lock(adapter);
    int lines = (lines_of(adapter) & ~clear) | set;
    drive_lines(adapter, lines & TIOCM_DTR, lines & TIOCM_RTS);
    unlock(adapter);
}

void sim_adapter_set_inputs(struct sim_adapter *adapter, int lines)
{
    lock(adapter);
    adapter->inputs = lines;
    if (adapter->host.inputs)
        adapter->host.inputs(adapter->host.data, lines);
    unlock(adapter);
}

void sim_adapter_break(struct sim_adapter *adapter, bool on)
{
    lock(adapter);
    catch_up(adapter);
    if (!on && adapter->breaking && carries(adapter))
        board_break(adapter->board, adapter->board_time - adapter->break_begun);
    adapter->breaking = on;
    adapter->break_begun = adapter->board_time;
    unlock(adapter);
    sim_adapter_wake(adapter);
}

void sim_adapter_set_latency(struct sim_adapter *adapter, uint32_t us)
{
    lock(adapter);
    adapter->latency_us = us ? us : adapter->kind->latency_us;
    unlock(adapter);
}

uint32_t sim_adapter_max_baud(struct sim_adapter *adapter)
{
    lock(adapter);
    uint32_t max = adapter->faults.max_baud;
    unlock(adapter);
    return max;
}

void sim_adapter_stick(struct sim_adapter *adapter, bool stuck)
{
    lock(adapter);
    adapter->stuck = stuck;
    adapter->rx_used = 0;
    unlock(adapter);
    sim_adapter_wake(adapter);
}

void sim_adapter_state(struct sim_adapter *adapter, struct sim_adapter_state *state)
{
    lock(adapter);
    *state = adapter->state;
    unlock(adapter);
}
