/* SPDX-License-Identifier: MIT */
/*
 * A USB-serial adapter: the host on one side, a virtual board (or none) on the other, and a thread that keeps the
 * board's clock at the wall clock and carries the bytes. Bytes leave the host only as fast as the UART sends them;
 * bytes from the board reach it when the adapter's USB packet is full or its latency is over.
 *
 * All functions may be called from any thread.
 */
#ifndef BOARDSIM_SIM_ADAPTER_H
#define BOARDSIM_SIM_ADAPTER_H

#include "tools/boardsim/board/board.h"
#include "tools/boardsim/usb/adapter_kind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sim_adapter;

/* What is wrong with an adapter; all zero: nothing. */
struct sim_adapter_faults {
    uint64_t cut_after; /* if not 0: goes dead when that many bytes have come from the host, and stays so until freed */
    uint32_t max_baud;  /* if not 0: can do no more than this, whatever its kind; the driver clamps */
};

/* The way to the host: a pty, or a USB connection. All of these are called under the adapter's lock. */
struct sim_adapter_host {
    void *data;
    int fd;        /* readable when there are bytes from the host; -1: sim_adapter_wake() tells */
    size_t buffer; /* bytes that are taken ahead of what the adapter's FIFO has room for */
    /* Takes up to `room` bytes from the host. 0: there are none; -1: nor will there be. */
    ssize_t (*take)(void *data, uint8_t *bytes, size_t room);
    /* Gives the host n bytes; returns how many of them it had room for. */
    size_t (*give)(void *data, const uint8_t *bytes, size_t n);
    /* The baud on the wire, of an adapter that can do no more than `max` (0: no more than its kind); 0: not known yet.
     */
    uint32_t (*baud)(void *data, uint32_t max);
    /* The modem lines that come in are these now (TIOCM_CTS, TIOCM_DSR, TIOCM_CAR); NULL: the host polls. */
    void (*inputs)(void *data, int lines);
    /* Hangs up. */
    void (*free)(void *data);
};

/* `host` becomes the adapter's. `event_fd` (an eventfd that must outlive the adapter) is written when cut_after is
 * reached. NULL with errno set if there is no thread to be had; the host is freed then. */
__attribute__((warn_unused_result)) struct sim_adapter *
sim_adapter_new(const struct adapter_kind *kind, const struct sim_adapter_host *host, int event_fd);

/* Hangs up, then frees. The board must have been lifted. */
void sim_adapter_free(struct sim_adapter *adapter);

const struct adapter_kind *sim_adapter_kind_of(const struct sim_adapter *adapter);
/* host->data */
void *sim_adapter_host_of(const struct sim_adapter *adapter);
/* There are bytes from the host, or there is room for some. */
void sim_adapter_wake(struct sim_adapter *adapter);

/* Puts a board on the adapter and powers it. Its clock stands at `time` and runs with the wall clock from now on. The
 * board stays the caller's, but only the adapter may touch it until it is lifted. With the board come the adapter's
 * faults. */
void sim_adapter_seat(struct sim_adapter *adapter, struct board *board, uint64_t time,
                      const struct sim_adapter_faults *faults);
/* Takes the board off and returns it, without power, and its time; NULL if there was none. */
struct board *sim_adapter_lift(struct sim_adapter *adapter, uint64_t *time);
/* Calls `look` with the board (NULL if there is none) while it stands still. */
void sim_adapter_inspect(struct sim_adapter *adapter, void (*look)(struct board *board, void *data), void *data);
void sim_adapter_buttons(struct sim_adapter *adapter, bool reset, bool gpio0);

/* The host's driver listens, or does so no more: what the board says then is lost. */
void sim_adapter_listens(struct sim_adapter *adapter, bool listens);
/* TIOCM_DTR and TIOCM_RTS as they are, and the lines that come in; which of the two to set and to clear. */
int sim_adapter_lines(struct sim_adapter *adapter);
void sim_adapter_set_lines(struct sim_adapter *adapter, int set, int clear);
/* What a fixture does to the lines that come in: TIOCM_CTS, TIOCM_DSR and TIOCM_CAR, those that are asserted. */
void sim_adapter_set_inputs(struct sim_adapter *adapter, int lines);
/* The host holds its transmit line low, or lets it go. */
void sim_adapter_break(struct sim_adapter *adapter, bool on);
/* How long a packet for the host that is not full waits for more; 0: as its kind does. */
void sim_adapter_set_latency(struct sim_adapter *adapter, uint32_t us);
/* sim_adapter_faults.max_baud */
uint32_t sim_adapter_max_baud(struct sim_adapter *adapter);
/* A stuck adapter carries nothing in either direction. */
void sim_adapter_stick(struct sim_adapter *adapter, bool stuck);

struct sim_adapter_state {
    bool open;               /* some program of the host has it open */
    bool touched;            /* it had it open since the board was seated */
    const char *board_state; /* what the board's chip did when it was lifted (board_stats.state); NULL before */
    bool cut;                /* `cut_after` was reached */
    bool dtr, rts;
    bool board_idle; /* the board only waits for the host */
    uint32_t baud;
    uint64_t to_board; /* bytes since the board was seated */
    uint64_t to_host;
    uint64_t overruns;  /* bytes from the board that found the host not reading */
    uint64_t active_at; /* CLOCK_MONOTONIC in ns: the last byte, line change, open or close */
    uint64_t max_lag;   /* ns that the board's clock was behind the wall clock, at worst */
};
void sim_adapter_state(struct sim_adapter *adapter, struct sim_adapter_state *state);

/* CLOCK_MONOTONIC in ns. */
uint64_t sim_adapter_clock(void);

#endif
