/* SPDX-License-Identifier: MIT */
/*
 * A board and the truth about it: what was ordered, what happened on its wire, and, once it has been taken out, what is
 * in its flash and whether that would boot. This is what a test compares the host's book with.
 */
#ifndef BOARDSIM_UNIT_H
#define BOARDSIM_UNIT_H

#include "tools/boardsim/adapter.h"
#include "tools/boardsim/spec.h"

#include <stdio.h>

#define UNIT_MAC "%02x:%02x:%02x:%02x:%02x:%02x"
#define UNIT_MAC_ARGS(unit)                                                                                            \
    (unit)->spec.config.mac[0], (unit)->spec.config.mac[1], (unit)->spec.config.mac[2], (unit)->spec.config.mac[3],    \
        (unit)->spec.config.mac[4], (unit)->spec.config.mac[5]

/* Room for a board's log when it is escaped. */
#define UNIT_LOG (6 * BOARD_LOG + 1)

struct unit {
    struct unit *next;
    unsigned number; /* in the order of their making, from 1 */
    struct spec spec;
    struct board *board; /* NULL once it was put away */
    uint64_t time;       /* of the board's clock while it is in nobody's slot */

    unsigned slot, plugs; /* where it was last; how often */
    char path[32];        /* of the USB device, and of the interface if it has several: "1-1.3", "1-1.1:1.2" */
    int tty;
    const struct adapter_kind *kind;
    double in, out; /* seconds since the bench was made; out < 0: still in */

    /* Filled in when it is taken out. */
    struct adapter_state wire; /* of the last time it was in */
    struct board_stats stats;
    char exception[96];
    size_t flash_size;
    char md5[33];
    bool blank;              /* nothing in flash but 0xff */
    bool boots;              /* a good board with this flash boots, */
    char boot_log[UNIT_LOG]; /* and says this, escaped; "" if the flash is blank */
};

/* NULL when out of memory. */
struct unit *unit_new(const struct spec *spec);
void unit_free(struct unit *unit);

/* Makes the board that the spec tells of, image and all. 0, or -1 with a sentence. */
int unit_make_board(struct unit *unit, char *error, size_t size);
/* Frees the board alone; what is known of it stays. */
void unit_drop_board(struct unit *unit);

/* Looks at a board without power, and writes its flash to DIR/MAC.bin (12 hex digits) if there is a `dump_dir`. */
int unit_judge(struct unit *unit, const char *dump_dir, char *error, size_t size);

/* One JSON object, indented by four. */
void unit_report(const struct unit *unit, FILE *file);

/* For adapter_look(): data is char[33]; "" without a board. */
void unit_md5(struct board *board, void *data);

/* For adapter_look(): data is char[UNIT_LOG]; what the board has sent since it last left reset, escaped. */
void unit_log(struct board *board, void *data);

struct unit_flash {
    uint8_t *bytes;
    size_t size;
};
int unit_write_flash(const struct unit_flash *flash, const char *path, char *error, size_t size);

#endif
