/* SPDX-License-Identifier: MIT */
/*
 * Phases: the states of the recipe `program`, grouped for people. Seconds are kept for each. This list is the only one:
 * the members of `seconds` in the API, the book's columns seconds_*, those of a CSV export, and the page
 * (web/phases.js, made by tools/phases-js.sh) follow it.
 */
#ifndef PROTO_RECIPE_PHASE_H
#define PROTO_RECIPE_PHASE_H

/* X(phase, label, word), in the order in which they pass. `label` is for the engineer; `word` is the one on the tile:
 * five words are enough for an operator. A new phase needs a column in the book: daemon/book/schema.c. */
#define PROGRAM_PHASES(X)                                                                                              \
    X(reset, "Reset", "STARTING")                                                                                      \
    X(sync, "Sync", "STARTING")                                                                                        \
    X(identify, "Identify", "STARTING")                                                                                \
    X(stub, "Stub upload", "STARTING")                                                                                 \
    X(baud, "Baud change", "STARTING")                                                                                 \
    X(compare, "Compare (MD5)", "COMPARING")                                                                           \
    X(write, "Erase and write", "WRITING")                                                                             \
    X(verify, "Verify (MD5)", "VERIFYING")                                                                             \
    X(run, "Run firmware", "BOOTING")

enum program_phase {
#define X(phase, label, word) PROGRAM_PHASE_##phase,
    PROGRAM_PHASES(X)
#undef X
        PROGRAM_PHASE_COUNT
};

#endif
