/* SPDX-License-Identifier: MIT */
/*
 * The dialogue of "gangctl slots learn", without devices: its caller reports adapters and typed lines, and it prints on
 * standard error.
 */
#ifndef TOOLS_GANGCTL_COMMANDS_LEARN_H
#define TOOLS_GANGCTL_COMMANDS_LEARN_H

#include "daemon/config/config.h"
#include "daemon/config/edit.h"
#include "daemon/port/hotplug.h"

#include <stdbool.h>
#include <stddef.h>

/* Ports of one adapter; more are left out. */
#define LEARN_PORTS_MAX 16

struct learn {
    const struct config *config; /* with the slots that have names already; all zero: none */
    /* The names to ask for: `names`, or, if there are none, prefix1, prefix2, … */
    char **names;
    const char *prefix;
    size_t count;
    size_t next; /* index of the one that is asked for now */
    struct config_place places[CONFIG_SLOTS_MAX];
    size_t n;
    /* The ports of an adapter with several, while their names are asked for. */
    struct adapter ports[LEARN_PORTS_MAX];
    size_t n_ports;
    bool ended;
};

/* Whether all names are valid, and none is given twice. Complains if not. */
bool learn_check(const struct learn *learn) __attribute__((warn_unused_result));

/* Asks for the first place. */
void learn_begin(struct learn *learn);

/* These ports (1 to LEARN_PORTS_MAX) appeared together. */
void learn_plugged(struct learn *learn, const struct adapter *ports, size_t n);
void learn_unplugged(struct learn *learn, const char *syspath);

/* A line was typed, without its end. */
void learn_line(struct learn *learn, const char *line);

/* Whether a slot of the configuration has lost its place to another one and got none itself: such a configuration would
 * be refused. Complains if so. */
bool learn_left_one_without(const struct learn *learn);

#endif
