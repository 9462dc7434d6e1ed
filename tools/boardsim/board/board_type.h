/* SPDX-License-Identifier: MIT */
/*
 * The two kinds of board behind board.h: one that executes code (chip_board.h), and one that answers natively
 * (wire_board.h). Each puts a struct board in front of its own.
 */
#ifndef BOARDSIM_BOARD_TYPE_H
#define BOARDSIM_BOARD_TYPE_H

#include "tools/boardsim/board/board_config.h"

struct observer; /* observer.h */

struct board {
    const struct board_type *type;
};

/* Each is the function board_NAME() of board.h. */
struct board_type {
    void (*free)(struct board *board);
    void (*power)(struct board *board, bool on);
    void (*set_lines)(struct board *board, bool dtr, bool rts);
    void (*buttons)(struct board *board, bool reset, bool gpio0);
    uint64_t (*run)(struct board *board, uint64_t until);
    uint64_t (*next)(const struct board *board);
    void (*observe)(struct board *board, const struct observer *observer); /* NULL: it has no parts to tell of */
    void (*send)(struct board *board, uint32_t baud, const uint8_t *bytes, size_t n);
    void (*send_break)(struct board *board, uint64_t ns);
    size_t (*sending)(const struct board *board);
    size_t (*receive)(struct board *board, uint32_t baud, uint8_t *bytes, size_t n);
    size_t (*log)(const struct board *board, const uint8_t **bytes);
    uint8_t *(*flash)(struct board *board, size_t *size);
    const struct board_stats *(*stats)(const struct board *board);
};

#endif
