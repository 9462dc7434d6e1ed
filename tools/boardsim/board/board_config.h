/* SPDX-License-Identifier: MIT */
/* What a board is made by, and what is told of it: the data of board.h. */
#ifndef BOARDSIM_BOARD_CONFIG_H
#define BOARDSIM_BOARD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/boardsim/board/flash/nor.h"

struct efuse_chip; /* efuse.h */

#define BOARD_NEVER UINT64_MAX

/* Bytes of board_log(). */
#define BOARD_LOG 1024

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
    bool wire;                     /* a wire-level board: see wire_board.h. It has no faults and starts blank */
    bool no_auto_reset;            /* DTR and RTS lead nowhere: a person presses the buttons, see board_buttons() */
    struct board_faults faults;
};

/* What happened so far, for reports and tests. */
struct board_stats {
    uint64_t instructions;
    uint64_t boots;
    uint64_t bytes_in, bytes_out; /* seen by the board's UART */
    uint64_t fifo_overflows;      /* bytes lost in a full RX FIFO */
    uint64_t nor_violations;      /* programs that asked a bit to go from 0 to 1 */
    uint64_t erases, programs;
    uint64_t cache_fills;                         /* lines that the flash cache has read */
    uint64_t flash_status_writes, flash_needless; /* writes of its status registers; those that changed nothing */
    uint64_t flash_refused;  /* programs, erases and status writes that the flash did not carry out */
    uint32_t flash_status;   /* its status registers as they stay: SR1 in the low byte, SR2, SR3 */
    const char *state;       /* off, rom, running, asleep (waits for an interrupt), stopped (by an exception) */
    const char *exception;   /* why the CPU stopped, or NULL: "unaligned load at 0x40100123", … Until the next reset */
    uint64_t crashes;        /* how often it stopped, over all resets, */
    const char *first_crash; /* and why the first time, or NULL */
};

#endif
