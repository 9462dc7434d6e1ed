/* SPDX-License-Identifier: MIT */
/*
 * The recipe of a fixture whose adapter stays: one probe whether a board is in it. It uploads nothing and writes
 * nothing to any flash. To identify a board takes a reset, though, unless it is known to wait in a stub or in the
 * loader.
 *
 * Duration of a probe: a few ms for a board that waits (0.4 s with manual_reset at a rate other than LOADER_BAUD), 0.3
 * s for one that is found, 0.6 s for none, 1.4 s where bytes come that are no answer; a waiting board that does not
 * answer adds 0.6 s. A line that damages bytes takes longer: each of ten registers, or at most 30, up to 1 s.
 */
#ifndef PROTO_RECIPE_PRESENCE_H
#define PROTO_RECIPE_PRESENCE_H

#include "proto/chip/identity.h"
#include "proto/link/session.h"
#include "proto/step/boot_log.h"
#include "proto/step/chip_id.h"
#include "proto/step/connect.h"
#include "proto/step/reset_sequence.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct presence_job {
    bool manual_reset; /* DTR and RTS are not connected: a board is found once a person has put it into download mode */
    bool tight;        /* RESET_TIGHT instead of RESET_CLASSIC: the caller alternates from probe to probe */
    /* Not 0: a board that has had its attempt is believed to wait at this rate, in its stub or in the loader. It gets a
     * SYNC first, without a reset. Only for the probes that follow the attempt as long as each ends as SAME. */
    uint32_t waiting_baud;
    bool waiting_in_loader; /* and not in its stub: a loader that answers at that rate is that board's */
};

/* X(name, word) */
#define PRESENCE_RESULTS(X)                                                                                            \
    X(UNKNOWN, "unknown") /* the probe is not over */                                                                  \
    X(SAME, "same")       /* the board that has had its attempt, still there and undisturbed */                        \
    X(BOARD, "board")     /* one answers, the one of an earlier probe or another: see `identified` */                  \
    X(UNIDENTIFIED,                                                                                                    \
      "unidentified")     /* one is there that does not answer, by its boot banner: an attempt finds the reason */     \
    X(NOTHING, "nothing") /* no board. The noise of an open line is nothing, too */                                    \
    X(ERROR, "error")     /* the adapter failed; `detail` names it. Tells nothing about boards */

enum presence_result {
#define X(name, word) PRESENCE_##name,
    PRESENCE_RESULTS(X)
#undef X
};

enum presence_state {
    PRESENCE_ASK,      /* SYNC at waiting_baud */
    PRESENCE_RESET,    /* into download mode */
    PRESENCE_SYNC,     /* at LOADER_BAUD */
    PRESENCE_IDENTIFY, /* it answers: read which board it is */
    PRESENCE_BANNER,   /* bytes come and no answer: look for a boot banner */
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
     * it may be the board of the probe before or another. */
    bool identified;
    struct chip_identity chip;
    char detail[96]; /* for the log: the reason of the result, where the result alone does not tell it */

    uint64_t heard; /* bytes before the latest reset */
    union {
        struct step base;            /* of any of them */
        struct connect connect;      /* ASK, SYNC */
        struct reset_sequence reset; /* RESET */
        struct chip_id chip_id;      /* IDENTIFY */
        struct boot_log boot_log;    /* BANNER */
    } step;                          /* of `state` */
};

/* Binds the recipe to a session and starts it. A probe that changes the modem lines leaves them released, unless it
 * ends as ERROR. It may leave any baud rate: the next recipe sets its own. */
void presence_start(struct presence *presence, struct session *session, const struct presence_job *job, uint64_t now);

bool presence_ended(const struct presence *presence); /* for tests */

/* "same", "board", …: static. For tests. */
const char *presence_result_word(enum presence_result result);

#endif
