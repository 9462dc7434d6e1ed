/* SPDX-License-Identifier: MIT */
/*
 * A USB-serial adapter: a pty for the host on one side, a virtual board (or none) on the other, and a thread that keeps
 * the board's clock at the wall clock and carries the bytes. Bytes leave the host only as fast as the UART sends them;
 * bytes from the board reach it when the adapter's USB packet is full or its latency is over.
 *
 * All functions may be called from any thread.
 */
#ifndef BOARDSIM_ADAPTER_H
#define BOARDSIM_ADAPTER_H

#include "tools/boardsim/board/board.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What tells one adapter chip from another, for udev and on the wire. */
struct adapter_kind {
    const char *name;                 /* as on the command line: "cp2102n" */
    const char *driver;               /* kernel driver: "cp210x" */
    const char *vendor_id, *model_id; /* four hex digits */
    const char *vendor, *model;       /* as udev's ID_VENDOR and ID_MODEL show them */
    const char *revision;             /* bcdDevice */
    const char *serial_prefix;        /* of a serial number; NULL: the chip has none */
    uint32_t min_baud, max_baud;      /* the driver clamps to these */
    uint32_t clock;                   /* baud = clock / integer */
    bool shows_rounded_baud;          /* the host reads back the real baud, not the one it asked for */
    uint32_t tx_fifo, rx_fifo;        /* bytes */
    uint32_t packet;                  /* bytes that go to the host at once, without waiting for the latency */
    uint32_t latency_us;
};

/* NULL if there is none of that name. */
const struct adapter_kind *adapter_kind(const char *name);
/* The i-th kind; NULL behind the last. */
const struct adapter_kind *adapter_kind_at(unsigned i);
/* The i-th kind, round and round. */
const struct adapter_kind *adapter_kind_mixed(unsigned i);

struct adapter;

/* `event_fd` (an eventfd that must outlive the adapter) is written when ADAPTER_CUT comes. NULL with errno set if there
 * is no pty or no thread to be had. */
struct adapter *adapter_new(const struct adapter_kind *kind, int event_fd);

/* Hangs up: the host reads end-of-file, writes give EIO. Then frees. The board must have been lifted. */
void adapter_free(struct adapter *adapter);

const struct adapter_kind *adapter_kind_of(const struct adapter *adapter);
/* The slave side of the pty: "/dev/pts/7". */
const char *adapter_tty(const struct adapter *adapter);

/* Puts a board on the adapter and powers it. Its clock stands at `time` and runs with the wall clock from now on. The
 * board stays the caller's, but only the adapter may touch it until it is lifted. `cut_after`: if not 0, the adapter
 * goes dead when that many bytes have come from the host, and stays so until it is freed. */
void adapter_seat(struct adapter *adapter, struct board *board, uint64_t time, uint64_t cut_after);
/* Takes the board off and returns it, without power, and its time; NULL if there was none. */
struct board *adapter_lift(struct adapter *adapter, uint64_t *time);
/* Calls `look` with the board (NULL if there is none) while it stands still. */
void adapter_look(struct adapter *adapter, void (*look)(struct board *board, void *data), void *data);
void adapter_buttons(struct adapter *adapter, bool reset, bool gpio0);

/* The host opened or closed its last descriptor: the kernel raises DTR and RTS, and drops them again if HUPCL is set.
 */
void adapter_opened(struct adapter *adapter);
void adapter_closed(struct adapter *adapter);

/* TIOCM_DTR and TIOCM_RTS as they are; the lines to set and to clear. */
int adapter_lines(struct adapter *adapter);
void adapter_set_lines(struct adapter *adapter, int set, int clear);
/* Shows the host the baud that it really got, where the driver does so. */
void adapter_round_baud(struct adapter *adapter);
/* A stuck adapter carries nothing in either direction. */
void adapter_stick(struct adapter *adapter, bool stuck);

struct adapter_state {
    bool open;    /* some program of the host has it open */
    bool touched; /* it had it open since the board was seated */
    bool cut;     /* `cut_after` was reached */
    bool dtr, rts;
    bool board_idle; /* the board only waits for the host */
    uint32_t baud;
    uint64_t to_board; /* bytes since the board was seated */
    uint64_t to_host;
    uint64_t overruns;  /* bytes from the board that found the host not reading */
    uint64_t active_at; /* CLOCK_MONOTONIC in ns: the last byte, line change, open or close */
    uint64_t max_lag;   /* ns that the board's clock was behind the wall clock, at worst */
};
void adapter_state(struct adapter *adapter, struct adapter_state *state);

/* CLOCK_MONOTONIC in ns. */
uint64_t adapter_clock(void);

#endif
