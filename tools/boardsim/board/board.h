/* SPDX-License-Identifier: MIT */
/*
 * One virtual ESP8266 board: chip, flash part, reset circuit. It executes uploaded code instruction by instruction,
 * unless it is a wire-level board (board_config.wire), which only loads a host.
 *
 * A board has no thread, no clock and no file descriptor of its own: time is what board_run() says it is. So the same
 * board runs at the pace of the wall clock behind a pty, or as fast as the host can in a test, and is exactly
 * repeatable. Written from the chip's documents alone: it shares nothing with the code it tests.
 *
 * Times are nanoseconds since board_new(). What the wire carries is timed: a byte sent to the board arrives at its UART
 * ten bit times later, one at a time; a byte from the board is there for the host when its stop bit has passed.
 */
#ifndef BOARDSIM_BOARD_H
#define BOARDSIM_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/boardsim/board/board_config.h"

struct board;
struct observer; /* observer.h */

/* A powered-off board with blank flash. NULL only when out of memory. Owned by the caller until board_free(). */
__attribute__((warn_unused_result)) struct board *board_new(const struct board_config *config);
void board_free(struct board *board);

void board_power(struct board *board, bool on);

/* The adapter's modem lines, true = asserted. The two-transistor circuit of docs/esp8266.md section 2 makes EN and
 * GPIO0. */
void board_set_lines(struct board *board, bool dtr, bool rts);

/* A person's fingers on the reset and the GPIO0 (flash) button; true = pressed. Works on every board. */
void board_buttons(struct board *board, bool reset, bool gpio0);

/* Runs the board until `until`, or until just after the first byte for the host is ready, whichever is earlier.
 * Returns the board's time then. Idle time (a waiting loader, a sleeping CPU, a busy flash polled) costs the host
 * nothing. */
uint64_t board_run(struct board *board, uint64_t until);

/* When the board will next do something by itself; BOARD_NEVER if it only waits for the host. */
uint64_t board_next(const struct board *board);

/* Tells `observer` from now on what the board's parts are doing, in nanoseconds; it is copied. NULL: nobody. A
 * wire-level board tells nothing. */
void board_observe(struct board *board, const struct observer *observer);

/* Puts n bytes on the wire, one after the other at `baud` from now on (behind those still on their way). Baud rates
 * that differ too much from the board's divider arrive as garbage. */
void board_send(struct board *board, uint32_t baud, const uint8_t *bytes, size_t n);

/* The host has held the wire low for `ns` until now, after all that it had sent. */
void board_break(struct board *board, uint64_t ns);

/* Bytes sent to the board that have not yet arrived at its UART. */
size_t board_sending(const struct board *board);

/* Takes up to n bytes that are ready for the host, whose UART runs at `baud`. Returns how many. */
size_t board_receive(struct board *board, uint32_t baud, uint8_t *bytes, size_t n);

/* The first bytes, up to BOARD_LOG, that the board has sent since it last left reset, as it meant them: whatever the
 * rate, wire and noise. Returns how many; they are valid until the board runs again. */
size_t board_log(const struct board *board, const uint8_t **bytes);

/* The flash as it is, `*size` bytes: for judging and for seeding. Valid until board_free(). Of a wire-level board a
 * copy, which cannot seed it: valid until the next call, of one thread at a time. NULL when out of memory. */
uint8_t *board_flash(struct board *board, size_t *size);

const struct board_stats *board_stats(const struct board *board);

#endif
