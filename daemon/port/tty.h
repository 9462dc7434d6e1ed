/* SPDX-License-Identifier: MIT */
/*
 * A serial port that never blocks the loop. Bytes flow on the loop thread; open, modem lines, baud and close, each of
 * which a stuck adapter can hold in the kernel for up to 30 s (docs/linux-serial.md), run on a thread that belongs to
 * this port alone, so that one stuck adapter costs no other slot anything.
 *
 * Every callback comes on the loop thread. After tty_close() none comes; it may be called in any state and any
 * callback.
 */
#ifndef DAEMON_PORT_TTY_H
#define DAEMON_PORT_TTY_H

#include "daemon/port/tty_ioctl.h"
#include "proto/diagnosis/cause.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct tty;

struct tty_events {
    /* The port is open (error 0), or could not be: a negative errno, its cause (CAUSE_PORT_BUSY, CAUSE_PORT_FORBIDDEN,
     * CAUSE_UNPLUGGED, CAUSE_ADAPTER_ERROR) and a detail that names the holder or the group. */
    void (*opened)(void *data, int error, enum cause cause, const char *detail);
    /* A tty_lines() or tty_baud() has ended: 0 or a negative errno. */
    void (*done)(void *data, int error);
    /* A tty_modem() has ended: 0 and the lines (TIOCM_CTS, TIOCM_DSR, TIOCM_CAR, …), or a negative errno. */
    void (*modem)(void *data, int error, unsigned lines);
    /* A tty_find_intruder() has ended: "/dev/ttyUSB3 was opened by screen (pid 812)" (valid during the call), or "". */
    void (*intruder)(void *data, const char *detail);
    void (*received)(void *data, const uint8_t *bytes, size_t n);
    /* All bytes that tty_write() accepted are with the kernel: room for more. */
    void (*writable)(void *data);
    /* The adapter was unplugged or died (-EIO, …). Nothing more will come; the owner closes. */
    void (*gone)(void *data, int error);
    /* After tty_hang_up(): the kernel has let go of the port, which can be opened anew. Once; the owner closes. */
    void (*closed)(void *data);
};

/* Starts to open `devnode`: non-blocking, raw, 8N1, no flow control, HUPCL off, 115200, exclusive (TIOCEXCL and flock),
 * closing_wait off where allowed; DTR and RTS are released in one step right after the open raised them. Then the
 * adapter is asked for the `n` rates of `bauds` (copied; at most TTY_BAUDS_MAX), before `opened`.
 * `events` must outlive the tty. Never NULL. */
struct tty *tty_open(uv_loop_t *loop, const char *devnode, const uint32_t *bauds, size_t n,
                     const struct tty_events *events, void *data);

/* After `opened`. Whether the adapter has said that it does this rate; true of one that it was not asked for. */
bool tty_can_do(const struct tty *tty, uint32_t baud);

/* One at a time, after `opened`: each answers with `done`. Until then bytes rest: those received come after `done`, and
 * tty_write() accepts none; that of tty_modem() is `modem`. After `gone` they do nothing. Both lines change in one
 * TIOCMSET. Any baud (termios2). A baud that reads back more than 3 % off is -ERANGE; small differences are no failure
 * (drivers round). */
void tty_lines(struct tty *tty, bool dtr, bool rts);
void tty_baud(struct tty *tty, uint32_t baud);
void tty_modem(struct tty *tty);

/* Has another program opened the port since the latest tty_flush_input(), although it is exclusive? Only root's can,
 * but each open raises both modem lines, and nobody drops them again: lines that are on without tty_lines() tell it.
 * They are looked at by this and by each tty_baud(), and who has the port open then is looked for at once. `intruder`
 * will come. As for the calls above: one at a time, after `opened`. */
void tty_find_intruder(struct tty *tty);

/* `received` comes now for what has arrived, if anything has: a loop that was kept from its work runs its timers first,
 * and would take for silence what only waits to be read. */
void tty_read(struct tty *tty);

/* Throws away what was received and not yet read, and what is known of an intruder: a new conversation begins. At once,
 * never blocks. */
void tty_flush_input(struct tty *tty);

/* Accepts up to n bytes (copied into the kernel); returns how many. Less than n: `writable` will come. */
size_t tty_write(struct tty *tty, const uint8_t *bytes, size_t n);

/* When the worker took up the operation it is now in (a close too), on uv_hrtime()'s clock in ns; 0 if it is idle. An
 * operation that takes seconds is a stuck adapter. */
uint64_t tty_busy_since(const struct tty *tty);

/* Closes the port, and tells by `closed` when that is through: a stuck adapter takes its time, which tty_busy_since()
 * tells. Discards unsent bytes. No other callback comes from now on; tty_close() has still to be called. */
void tty_hang_up(struct tty *tty);

/* Gives the port up, hung up or not. The close itself happens on the worker, however long it takes; the object frees
 * itself then. */
void tty_close(struct tty *tty);

/* Ports whose worker has not yet ended, closed ones included: at shutdown, how many are waited for in vain. */
unsigned tty_workers(void);

#endif
