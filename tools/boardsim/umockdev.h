/* SPDX-License-Identifier: MIT */
/*
 * The back end that needs no root: a umockdev test bed. Programs that run inside it see the adapters as /dev/ttyUSBn
 * and in libudev, with their USB parents and udev's properties, get plug and unplug events, and have modem lines.
 *
 * Functions are called from one thread; the answers to ioctls come from a thread of umockdev's.
 */
#ifndef BOARDSIM_UMOCKDEV_H
#define BOARDSIM_UMOCKDEV_H

#include "tools/boardsim/adapter.h"

#include <stdbool.h>
#include <stddef.h>

/* umockdev's preload keeps track of 50 devices in a process; some are left for /dev/null and the like. */
#define WORLD_PORTS 40

struct world;

/* An empty world. It sets UMOCKDEV_DIR in the environment. Never NULL: umockdev aborts where it cannot do its work. */
struct world *world_new(void);
/* Removes everything, files too. All adapters must be unplugged. */
void world_free(struct world *world);

struct world_plug {
    unsigned
        slot; /* port of the hub 1-1, from 1; for adapters of four ports, the ports of the first, of the second, … */
    unsigned unit;  /* makes its serial number */
    bool hang;      /* as for world_hang() */
    int not_number; /* of the ttyUSB; -1: any will do */
};

/* Plugs an adapter in. Returns its ttyUSB number, as a kernel gives them: the lowest that is neither plugged nor still
 * open in some program; -1 if there is none. */
int world_plug(struct world *world, struct adapter *adapter, const struct world_plug *how);

/* The adapter is pulled out. It hangs up (and is freed) first, then udev hears of it, as with real hardware. */
void world_unplug(struct world *world, int number);

/* From now on control requests (modem lines, baud) block until the adapter is unplugged or `hang` is false again. */
void world_hang(struct world *world, int number, bool hang);

/* Puts LD_PRELOAD into the environment of the program to be run: what is there already stays in front (libasan wants to
 * be first). */
void world_preload(void);

#endif
