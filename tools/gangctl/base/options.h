/* SPDX-License-Identifier: MIT */
/*
 * The exit codes and the options that all commands share. docs/man/gangctl.1 is their manual.
 */
#ifndef TOOLS_GANGCTL_BASE_OPTIONS_H
#define TOOLS_GANGCTL_BASE_OPTIONS_H

#include "daemon/book/query.h"

#include <stdbool.h>

/* Exit codes. Scripts depend on them. */
enum {
    DONE = 0,
    REFUSED = 1,     /* gangd refused the request: no such slot, a slot at work, …; with --wait, a board did not pass; a
                      * check of doctor failed; the configuration is wrong */
    USAGE = 2,       /* a wrong command line, or --slot names a slot that does not exist */
    UNREACHABLE = 3, /* no gangd there, or no permission; the book's file cannot be opened */
    BROKEN = 4,      /* an answer that is not what the API says, or that is incomplete */
    NO_OUTPUT = 5,   /* the output cannot be written */
    TIMED_OUT = 6,   /* with --wait: no verdict within --timeout */
};

#define TIMEOUT_MAX 86400

struct options {
    const char *socket;
    const char *book;   /* NULL: ask gangd */
    const char *output; /* NULL: standard output */
    const char *root;   /* of doctor; NULL: the machine itself */
    bool json;
    bool units; /* export units instead of attempts */
    /* Of slots learn. */
    const char *prefix, *config; /* NULL: not given */
    unsigned long count;         /* 0: not given */
    bool write;
    /* Of start and retry. */
    bool wait;
    unsigned long timeout; /* seconds, up to TIMEOUT_MAX; 0: not given */
    struct query query;
    bool ordered; /* the order of `query` was given */
};

#endif
