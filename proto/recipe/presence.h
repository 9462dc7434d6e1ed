/* SPDX-License-Identifier: MIT */
/*
 * The recipe of a fixture whose adapter stays: one look whether a board sits in it. It uploads nothing and writes
 * nothing to any flash. Asking a board for its name takes a reset, though, unless it is known to wait in a stub or in
 * the loader.
 *
 * What a look costs: a few ms for a board that is held (0.4 s with manual_reset at a rate other than LOADER_BAUD),
 * 0.3 s for one that is found, 0.6 s for none, 1.4 s where bytes come that are no answer; a board asked in vain adds
 * 0.6 s. A line that loses bytes costs more: each of ten registers up to 1.5 s.
 */
#ifndef PROTO_RECIPE_PRESENCE_H
#define PROTO_RECIPE_PRESENCE_H

#include "proto/chip/identity.h"
#include "proto/link/session.h"
#include "proto/step/loader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct presence_job {
    bool manual_reset; /* DTR and RTS lead nowhere: a board is found once a person has put it into download mode */
    bool tight;        /* which reset, see loader.h: the caller alternates from look to look */
    /* Not 0: a board that was judged is believed to wait at this rate, in its stub or, at LOADER_BAUD, in the loader.
     * It is asked first, without a reset. Only for the looks that follow the attempt as long as each ends as HELD. */
    uint32_t waiting_baud;
};

/* X(name, word) */
#define PRESENCE_RESULTS(X)                                                                                            \
    X(UNKNOWN, "unknown") /* the look is not over */                                                                   \
    X(SAME, "same")       /* the board that was judged, still there and undisturbed */                                 \
    X(BOARD, "board")     /* one answers, the one of an earlier look or another: see `identified` */                   \
    X(UNIDENTIFIED,                                                                                                    \
      "unidentified")     /* one is there that does not answer, as its boot banner tells: an attempt finds why */      \
    X(NOTHING, "nothing") /* nothing that says a word. Noise of an open line is nothing, too */                        \
    X(ERROR, "error")     /* the adapter failed; `detail` names it. Says nothing of boards */

enum presence_result {
#define X(name, word) PRESENCE_##name,
    PRESENCE_RESULTS(X)
#undef X
};

enum presence_state {
    PRESENCE_ASK,      /* SYNC at waiting_baud */
    PRESENCE_RESET,    /* into download mode */
    PRESENCE_SYNC,     /* at LOADER_BAUD */
    PRESENCE_IDENTIFY, /* it answers: who is it? */
    PRESENCE_BANNER,   /* it speaks and does not answer: does it boot? */
    PRESENCE_ENDED,
};

/* May be read at any time; only the functions below write it. */
struct presence {
    struct recipe recipe; /* first */
    struct session *session;
    struct presence_job job;

    enum presence_state state;
    enum presence_result result;
    /* BOARD: `chip` tells which. If false, its registers give no known OUI or magic word, or not twice the same values:
     * it may be the board of the look before or another. */
    bool identified;
    struct chip_identity chip;
    char detail[96]; /* for the log: why this result, where the result alone does not tell */

    unsigned step; /* within the state */
    struct loader_walk walk;
    struct loader_chip reading;
};

/* Binds the recipe to a session and starts it. A look that changes the modem lines leaves them released, unless it ends
 * as ERROR. The rate is any in the end: the next recipe sets its own. */
void presence_start(struct presence *presence, struct session *session, const struct presence_job *job, uint64_t now);

bool presence_ended(const struct presence *presence);

/* "same", "board", …: static. */
const char *presence_result_word(enum presence_result result);

#endif
