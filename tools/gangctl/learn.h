/* SPDX-License-Identifier: MIT */
/*
 * What "gangctl slots learn" says and learns, without the devices: it is told of adapters and of lines that were typed,
 * and speaks on standard error.
 */
#ifndef TOOLS_GANGCTL_LEARN_H
#define TOOLS_GANGCTL_LEARN_H

#include "daemon/config/config.h"
#include "daemon/config/edit.h"
#include "daemon/port/hotplug.h"

#include <stdbool.h>
#include <stddef.h>

/* Ports of one adapter; more are left out. */
#define LEARN_PORTS_MAX 16

struct learn {
    const struct config *config; /* what is named already; all zero: nothing */
    /* What to ask for: `names`, or, if there are none, prefix1, prefix2, … */
    char **names;
    const char *prefix;
    size_t count;
    size_t next; /* the one that is asked for now */
    struct config_place places[CONFIG_SLOTS_MAX];
    size_t n;
    /* Of an adapter with several, while it is asked how they are called. */
    struct adapter ports[LEARN_PORTS_MAX];
    size_t n_ports;
    bool ended;
};

/* Whether the names can be: letters and so on, none twice. Complains if not. */
bool learn_check(const struct learn *learn) __attribute__((warn_unused_result));

/* Asks for the first place. */
void learn_begin(struct learn *learn);

/* These ports (1 to LEARN_PORTS_MAX) came together. */
void learn_plugged(struct learn *learn, const struct adapter *ports, size_t n);
void learn_unplugged(struct learn *learn, const char *syspath);

/* A line was typed, without its end. */
void learn_line(struct learn *learn, const char *line);

/* A slot of the configuration whose place went to another one, while it got none: such a configuration cannot be.
 * Complains and returns true if there is one. */
bool learn_left_one_without(const struct learn *learn);

#endif
