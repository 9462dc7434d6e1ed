/* SPDX-License-Identifier: MIT */
/*
 * Which USB-serial adapters are there, and where: libudev's monitor, plus an enumeration at start. Only ttys below a
 * USB interface count (ttyUSB*, ttyACM*).
 */
#ifndef DAEMON_PORT_HOTPLUG_H
#define DAEMON_PORT_HOTPLUG_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

/* An adapter's port, as udev describes it. A string is "" if udev has no value for it. */
struct adapter {
    char devnode[64];  /* /dev/ttyUSB3: changes from plug to plug, never an identity */
    char syspath[256]; /* another one for each time an adapter is plugged in */
    /* The place: ID_PATH, with "-port N" for adapters with several ports on one interface. Never changes. */
    char path[160];
    /* The place, short, as the kernel names it: "1-1.2", "1-1.2:1" for interface 1 of it. For slots without a name. */
    char place[64];
    char driver[32]; /* "cp210x" */
    char model[96];
    char serial[96]; /* "" for CH340: it has none */
    char vid[5], pid[5];
};

/* Whether `path` is a name of its place: `path` or `place`. */
bool adapter_is_at(const struct adapter *adapter, const char *path);

struct hotplug;

struct hotplug_events {
    void (*added)(void *data, const struct adapter *adapter);
    /* By syspath: the devnode may belong to another adapter already. */
    void (*removed)(void *data, const char *syspath);
};

/* Starts the monitor, then calls `added` for each adapter that is there already; none is missed or reported twice. The
 * callbacks come on the loop's thread, the first ones before this returns. `events` must outlive the monitor. NULL and
 * a sentence in `error` if udev cannot be used. */
struct hotplug *hotplug_start(uv_loop_t *loop, const struct hotplug_events *events, void *data, char *error,
                              size_t error_size) __attribute__((warn_unused_result));

/* No callback comes after this. The loop must run once more to free all. */
void hotplug_stop(struct hotplug *hotplug);

#endif
