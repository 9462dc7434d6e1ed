/* SPDX-License-Identifier: MIT */
/*
 * What adapters are plugged into: a back end of boardsim. Functions are called from one thread.
 */
#ifndef BOARDSIM_BACKEND_H
#define BOARDSIM_BACKEND_H

#include "tools/boardsim/sim_adapter.h"

#include <stdbool.h>
#include <stddef.h>

/* Slots are numbered from 1. */
#define BACKEND_SLOTS_MAX 128

struct backend_type;

/* Each back end puts this in front of its own. */
struct backend {
    const struct backend_type *type;
};

struct backend_plug {
    unsigned slot;
    unsigned number; /* makes its serial number */
    bool hang;       /* as for hang() */
    int not_tty;     /* n of a ttyUSBn that it does not become if another is free; -1: any will do */
};

struct backend_type {
    const char *word; /* "umockdev", as on the command line */
    unsigned slots;   /* that it has: at most BACKEND_SLOTS_MAX */
    bool wire;        /* its boards are wire-level boards (board_config.wire) */
    /* Without an adapter; NULL with a sentence. */
    struct backend *(*open)(char *error, size_t size);
    /* Removes everything. All adapters must be unplugged. */
    void (*close)(struct backend *backend);
    /* An adapter that can be plugged into this back end; its first two arguments and errno are sim_adapter_new()'s. */
    struct sim_adapter *(*adapter)(struct backend *backend, const struct adapter_kind *kind, int event_fd);
    /* Plugs it in. Returns what unplug() and the others want; -1 if there is no room. */
    int (*plug)(struct backend *backend, struct sim_adapter *adapter, const struct backend_plug *how);
    /* It is pulled out, and freed. `detach`: the host's controller ends the connection, where it can. */
    void (*unplug)(struct backend *backend, int plug, bool detach);
    /* From now on control requests (modem lines, baud) and bytes, or bytes alone, are not answered, until it is
     * unplugged or both are false again. */
    void (*hang)(struct backend *backend, int plug, bool control, bool bytes);
    /* n of its /dev/ttyUSBn; -1 if the host has not given it any yet. */
    int (*tty)(struct backend *backend, int plug);
    /* The name of its USB device in /sys/bus/usb/devices: "1-1.3". */
    void (*name)(struct backend *backend, int plug, char *name, size_t size);
    /* Changes this process's environment so that a program started from it sees the adapters. */
    void (*enter)(void);
};

extern const struct backend_type backend_umockdev, backend_wire, backend_vhci;

#endif
