/* SPDX-License-Identifier: MIT */
/*
 * A board and its record: what was ordered, what happened on its wire, and, once it has been taken out, what is
 * in its flash and whether that would boot. This is what a test compares the host's book with.
 */
#ifndef BOARDSIM_SIM_BOARD_H
#define BOARDSIM_SIM_BOARD_H

#include "tools/boardsim/sim_adapter.h"
#include "tools/boardsim/spec.h"

#include <stdio.h>

#define SIM_BOARD_MAC "%02x:%02x:%02x:%02x:%02x:%02x"
#define SIM_BOARD_MAC_ARGS(sim)                                                                                        \
    (sim)->spec.config.mac[0], (sim)->spec.config.mac[1], (sim)->spec.config.mac[2], (sim)->spec.config.mac[3],        \
        (sim)->spec.config.mac[4], (sim)->spec.config.mac[5]

/* Room for a board's log when it is escaped. */
#define SIM_BOARD_LOG (6 * BOARD_LOG + 1)

struct sim_board {
    struct sim_board *next;
    unsigned number; /* in the order of their making, from 1 */
    struct spec spec;
    struct board *board; /* NULL once it was put away */
    uint64_t time;       /* of the board's clock while it is in no slot */

    unsigned slot, plugs; /* where it was last; how often */
    char path[32];        /* of the USB device, and of the interface if it has several: "1-1.3", "1-1.1:1.2" */
    int tty;
    const struct adapter_kind *kind;
    double in, out; /* seconds since the rack was made; out < 0: still in */

    /* Filled in when it is taken out. */
    struct sim_adapter_state wire; /* of the last time it was in */
    struct board_stats stats;
    char exception[96], first_crash[96]; /* copies of the stats' */
    size_t flash_size;
    char md5[33];
    bool blank;                   /* nothing in flash but 0xff */
    bool boots;                   /* a good board with this flash boots, */
    char boot_log[SIM_BOARD_LOG]; /* and prints this, escaped; "" if the flash is blank */
};

/* NULL when out of memory. */
__attribute__((warn_unused_result)) struct sim_board *sim_board_new(const struct spec *spec);
void sim_board_free(struct sim_board *sim);

/* Makes the board of the spec, with its image. 0, or -1 with a sentence. */
__attribute__((warn_unused_result)) int sim_board_make_board(struct sim_board *sim, char *error, size_t size);
/* Frees the board alone; what is known of it stays. */
void sim_board_drop_board(struct sim_board *sim);

/* Looks at a board without power, and writes its flash to DIR/MAC.bin (12 hex digits) if there is a `dump_dir`. */
__attribute__((warn_unused_result)) int sim_board_examine(struct sim_board *sim, const char *dump_dir, char *error,
                                                          size_t size);

/* One JSON object, indented by four. */
void sim_board_report(const struct sim_board *sim, FILE *file);

/* For sim_adapter_inspect(): data is char[33]; "" without a board. */
void sim_board_md5(struct board *board, void *data);

/* For sim_adapter_inspect(): data is char[SIM_BOARD_LOG]; what the board has sent since it last left reset, escaped. */
void sim_board_log(struct board *board, void *data);

struct sim_board_flash {
    uint8_t *bytes;
    size_t size;
};
__attribute__((warn_unused_result)) int sim_board_write_flash(const struct sim_board_flash *flash, const char *path,
                                                              char *error, size_t size);

#endif
