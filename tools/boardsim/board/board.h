/* SPDX-License-Identifier: MIT */
/*
 * One virtual ESP8266 board: chip, flash part, reset circuit. It executes uploaded code instruction by instruction.
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

#include "tools/boardsim/board/flash/nor.h"

struct board;
struct observer;   /* observer.h */
struct efuse_chip; /* efuse.h */

#define BOARD_NEVER UINT64_MAX

/* Probabilities for each byte that goes one way. */
struct board_noise {
    double lose;    /* it is lost */
    double corrupt; /* one of its bits is flipped */
    double insert;  /* a stray byte follows */
};

/* What is wrong with the board; all zero: nothing. Counters are exact, so a fault happens at the same byte each time.
 */
struct board_faults {
    bool silent;         /* unpowered: sends nothing, hears nothing */
    bool tx_open;        /* the adapter's TX does not reach the board */
    bool rx_open;        /* the board's TX does not reach the adapter */
    bool gpio0_open;     /* DTR does not reach GPIO0: always boots from flash */
    bool en_open;        /* RTS does not reach EN: only power and the button reset it */
    bool lines_swapped;  /* DTR leads where RTS should, and RTS where DTR should */
    double drop_lines;   /* probability that a change of DTR and RTS does not come through */
    bool noisy_boot;     /* after each reset its TX sends random bytes for a while, between and over the ROM's output */
    bool gpio15_high;    /* its pull-down is missing: the chip waits for a host on its SDIO pins */
    bool gpio2_low;      /* something pulls it down: neither serial loader nor flash */
    bool clone_oui;      /* efuses that give no known OUI */
    uint64_t hang_after; /* if not 0: dead after this many bytes from the host since power-on, until the next */
    uint64_t reset_after;       /* if not 0: brown-out reset after this many bytes from the host, once */
    struct board_noise in, out; /* to the board; to the host */
    uint32_t flaky_above;       /* if not 0: at higher rates than this the adapter, too, has noise, both ways: */
    struct board_noise flaky;
    struct nor_faults flash;
};

struct board_config {
    uint64_t seed;                 /* of everything random: flash times, faults */
    uint8_t mac[6];                /* first three bytes: 18:fe:34, ac:d0:74 or any other OUI but 0 */
    unsigned crystal_mhz;          /* 26 (default if 0) or 40 */
    const struct efuse_chip *chip; /* NULL: the ESP8266EX */
    const struct nor_part *part;   /* NULL: one of the size that the chip has in its package, else the W25Q32 */
    bool no_auto_reset;            /* DTR and RTS lead nowhere: a person presses the buttons, see board_buttons() */
    struct board_faults faults;
};

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

/* Tells `observer` from now on what the board's parts are doing, in nanoseconds; it is copied. NULL: nobody. */
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
#define BOARD_LOG 1024
size_t board_log(const struct board *board, const uint8_t **bytes);

/* The flash as it is, `*size` bytes: for judging and for seeding. Valid until board_free(). */
uint8_t *board_flash(struct board *board, size_t *size);

/* What happened so far, for reports and tests. */
struct board_stats {
    uint64_t instructions;
    uint64_t boots;
    uint64_t bytes_in, bytes_out; /* seen by the board's UART */
    uint64_t fifo_overflows;      /* bytes lost in a full RX FIFO */
    uint64_t nor_violations;      /* programs that asked a bit to go from 0 to 1 */
    uint64_t erases, programs;
    uint64_t cache_fills;    /* lines that the flash cache has read */
    uint64_t flash_refused;  /* programs, erases and status writes that the flash did not carry out */
    uint32_t flash_status;   /* its status registers as they stay: SR1 in the low byte, SR2, SR3 */
    const char *state;       /* off, rom, running, asleep (waits for an interrupt), stopped (by an exception) */
    const char *exception;   /* why the CPU stopped, or NULL: "unaligned load at 0x40100123", … Until the next reset */
    uint64_t crashes;        /* how often it stopped, over all resets, */
    const char *first_crash; /* and why the first time, or NULL */
};
const struct board_stats *board_stats(const struct board *board);

#endif
