/* SPDX-License-Identifier: MIT */
/*
 * A board as it is ordered on the command line, in a script or over the control socket: a list of words such as
 * "noise=0.001", "mac=18:fe:34:00:00:01" or "small-flash". docs/boardsim-bench.md lists them.
 */
#ifndef BOARDSIM_SPEC_H
#define BOARDSIM_SPEC_H

#include "tools/boardsim/board/board.h"
#include "tools/boardsim/sim_adapter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPEC_WORDS 320

struct spec {
    struct board_config config;
    struct sim_adapter_faults adapter; /* of the adapter, as long as this board is on it */
    bool bounces;                      /* after adapter.cut_after it comes back by itself */
    bool hang_ioctl;                   /* the adapter never answers a control request until it is unplugged */
    int lid;                           /* of the fixture: TIOCM_CTS, TIOCM_DSR, TIOCM_CAR; 0: it has none */
    bool has_mac;                      /* config.mac was ordered; otherwise the rack makes a new one */
    bool clone_mac;                    /* it has the MAC of the board that was made before it */
    char image[256];                   /* file that is in flash from the start, or "" */
    char faults[SPEC_WORDS];           /* the fault words as given, separated by blanks: for the report */
};

/* Adds one word to the order. Returns 0, or -1 with a sentence that names the word in `error`. */
__attribute__((warn_unused_result)) int spec_add(struct spec *spec, const char *text, char *error, size_t size);

/* Draws one of the usual faults. `random` is any number. */
void spec_add_random_fault(struct spec *spec, uint64_t random);

/* One line per word for the help text; the usual ones have a `*`. */
const char *spec_help(void);

/* Strict numbers: all of `text`, decimal (or 0x…), within [min, max]. False if it is anything else. */
__attribute__((warn_unused_result)) bool spec_number(const char *text, uint64_t min, uint64_t max, uint64_t *value);
__attribute__((warn_unused_result)) bool spec_real(const char *text, double min, double max, double *value);

#endif
