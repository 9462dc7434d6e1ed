/* SPDX-License-Identifier: MIT */
/*
 * gangctl's commands and options. Parsing, the help and through it the completions come from these two tables;
 * docs/man/gangctl.1 is their manual.
 */
#ifndef TOOLS_GANGCTL_TABLE_H
#define TOOLS_GANGCTL_TABLE_H

#include "tools/gangctl/base/options.h"

#include <stddef.h>

/* Which options a command takes, besides those that all take. */
enum { FILTER = 1, BOOK = 2, EXPORT = 4, ROOT = 8, LEARN = 16, WAIT = 32 };

struct command_row {
    const char *name;      /* one word; two of a subcommand: "slots learn" */
    const char *arguments; /* for the help */
    int least, most;       /* of them */
    unsigned options;
    int (*run)(const struct options *options, char **arguments); /* NULL: the help */
    const char *help;
};

struct option_row {
    const char *name;
    const char *value; /* NULL: takes none */
    unsigned needs;    /* commands with one of these take it; 0: all do */
    char letter;       /* 0: none */
    const char *help;
};

/* Each ends with a row without a name. Options of FILTER, and `format`, are parameters of the API: query.c knows their
 * values. */
extern const struct command_row command_rows[];
extern const struct option_row option_rows[];

#define OPTIONS_MAX 32

/* The command that the first of `n` words name, or NULL. `*used` becomes how many these are: 0 to 2. */
const struct command_row *find_command(char **words, int n, int *used) __attribute__((warn_unused_result));

#endif
