/* SPDX-License-Identifier: MIT */
/*
 * What adapters are plugged into: a back end of boardsim. Functions are called from one thread.
 */
#ifndef BOARDSIM_WORLD_H
#define BOARDSIM_WORLD_H

#include "tools/boardsim/adapter.h"

#include <stdbool.h>
#include <stddef.h>

/* Slots are numbered from 1. umockdev's preload keeps track of 50 devices in a process, of which some are needed for
 * /dev/null and the like. */
#define WORLD_SLOTS 40

/* Slots are numbered from 1. umockdev's preload keeps track of 50 devices in a process, of which some are needed for
 * /dev/null and the like. */
#define WORLD_SLOTS 40

struct world; /* each back end's own */

struct world_plug {
    unsigned slot;
    unsigned unit; /* makes its serial number */
    bool hang;     /* as for hang() */
    int not_tty;   /* n of a ttyUSBn that it shall not become, if there is another; -1: any will do */
};

struct world_backend {
    const char *word; /* "umockdev", as on the command line */
    /* An empty world; NULL with a sentence. */
    struct world *(*open)(char *error, size_t size);
    /* Removes everything. All adapters must be unplugged. */
    void (*close)(struct world *world);
    /* An adapter that can be plugged into this world; its first two arguments and errno are adapter_new()'s. */
    struct adapter *(*adapter)(struct world *world, const struct adapter_kind *kind, int event_fd);
    /* Plugs it in. Returns what unplug() and the others want; -1 if there is no room. */
    int (*plug)(struct world *world, struct adapter *adapter, const struct world_plug *how);
    /* It is pulled out, and freed. `detach`: the host's controller ends the connection, where it can. */
    void (*unplug)(struct world *world, int plug, bool detach);
    /* From now on control requests (modem lines, baud) and bytes, or bytes alone, are not answered, until it is
     * unplugged or both are false again. */
    void (*hang)(struct world *world, int plug, bool control, bool bytes);
    /* n of its /dev/ttyUSBn; -1 if the host has not given it any yet. */
    int (*tty)(struct world *world, int plug);
    /* The name of its USB device in /sys/bus/usb/devices: "1-1.3". */
    void (*name)(struct world *world, int plug, char *name, size_t size);
    /* Changes the environment for a program that shall be in the world. */
    void (*enter)(void);
};

extern const struct world_backend world_umockdev, world_vhci;

#endif
