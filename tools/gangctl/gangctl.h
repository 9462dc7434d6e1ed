/* SPDX-License-Identifier: MIT */
/*
 * gangctl: exit codes, options and the list of commands. docs/man/gangctl.1 is its manual.
 */
#ifndef TOOLS_GANGCTL_GANGCTL_H
#define TOOLS_GANGCTL_GANGCTL_H

#include "daemon/book/query.h"

#include <stdbool.h>

/* Exit codes. Scripts depend on them. */
enum {
    DONE = 0,
    REFUSED = 1,     /* gangd refused the request: no such slot, a slot at work, …; a check of doctor failed; the
                      * configuration is wrong */
    USAGE = 2,       /* a wrong command line */
    UNREACHABLE = 3, /* no gangd there, or no permission; the book's file cannot be opened */
    BROKEN = 4,      /* an answer that is not what the API says, or that is incomplete */
    NO_OUTPUT = 5,   /* the output cannot be written */
};

struct options {
    const char *socket;
    const char *book;   /* NULL: ask gangd */
    const char *output; /* NULL: standard output */
    const char *root;   /* of doctor; NULL: the machine itself */
    bool json;
    bool units; /* export units instead of attempts */
    /* Of slots learn. */
    const char *prefix, *config; /* NULL: not given */
    size_t count;                /* 0: not given */
    bool write;
    struct query query;
};

/* Commands: `arguments`, which end with NULL, are those of the command itself, as many as the table in main.c allows.
 * They return an exit code, and have printed what is wrong on standard error if it is not DONE. */
int command_status(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_watch(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_attempts(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_units(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_export(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_doctor(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_start(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_retry(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_slots(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_learn(const struct options *options, char **arguments) __attribute__((warn_unused_result));

/* "gangctl: …" on standard error; control characters become '?'. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
