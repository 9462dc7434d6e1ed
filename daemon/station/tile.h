/* SPDX-License-Identifier: MIT */
/* What the tile of a slot shows. The words are the API's (docs/api.md, SLOT object's `state`). */
#ifndef DAEMON_STATION_TILE_H
#define DAEMON_STATION_TILE_H

/* X(NAME, word) */
#define TILE_STATES(X)                                                                                                 \
    X(EMPTY, empty)       /* no adapter */                                                                             \
    X(MUTED, muted)       /* an adapter at a path that is not in the configuration, left alone */                      \
    X(READY, ready)       /* a fixture waits for a board */                                                            \
    X(SETTLING, settling) /* a board or an adapter has come, no attempt runs yet */                                    \
    X(BLOCKED, blocked)   /* no attempt can begin; the sentence says why */                                            \
    X(WAITING, waiting)   /* an attempt runs and waits for a person's hands */                                         \
    X(FLASHING, flashing) /* an attempt runs, or its verdict is being committed */                                     \
    X(PASS, pass)         /* the verdict, committed */                                                                 \
    X(FAIL, fail)                                                                                                      \
    X(INTERRUPTED, interrupted)                                                                                        \
    X(STUCK, stuck) /* the kernel waits for the adapter */

enum tile_state {
#define X(name, word) TILE_##name,
    TILE_STATES(X)
#undef X
};

/* "empty", "muted", …: static. */
const char *tile_state_word(enum tile_state state);

#endif
