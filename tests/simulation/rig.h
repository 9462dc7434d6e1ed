/* SPDX-License-Identifier: MIT */
/*
 * A conversation and a virtual board in one process, in virtual time. The rig does the work of gangd's pump and of a
 * USB-serial adapter, without threads, files or waiting. */
#ifndef TESTS_SIMULATION_RIG_H
#define TESTS_SIMULATION_RIG_H

#include "proto/link/session.h"
#include "proto/recipe/presence.h"
#include "proto/recipe/program.h"
#include "proto/recipe/program_progress.h"
#include "tools/boardsim/board/board.h"

#include <stdint.h>

#define RIG_NEVER UINT64_MAX

struct rig {
    struct board *board;  /* the caller's; NULL, for rig_probe() alone: none on the adapter */
    uint64_t open_line;   /* where there is no board: µs from one stray byte to the next; 0: silence */
    uint64_t unplug_at;   /* µs from the start of the recipe `program`; RIG_NEVER: not */
    uint32_t baud_max;    /* of the adapter; 0: any. A higher rate is refused with -ERANGE. */
    bool flash_trusted;   /* program_trust_flash() is called for each board that is identified */
    unsigned strays;      /* bytes of the open line so far */
    unsigned lines_fail;  /* from this change of modem lines on, 1 the first, each fails with -EIO; 0: none does */
    unsigned lines_asked; /* changes of modem lines so far */
    /* So many MEM_DATA blocks of the largest size get two flipped bits each, which no XOR shows. */
    unsigned flip_blocks;
    uint64_t now;          /* µs */
    uint32_t baud;         /* of the adapter now */
    bool dtr, rts;         /* its modem lines now; true: asserted */
    struct update *update; /* of rig_find_update(), the latest; the caller frees it */
    struct session session;
    struct program program;
    struct presence presence;
};

/* Lets `program` run against the board until it has ended. Fails the test if it has not after `limit_s` virtual
 * seconds.
 */
void rig_program(struct rig *rig, const struct program_job *job, unsigned limit_s);

/* The same for one probe of the fixture. The adapter stays as the recipe before has left it. */
void rig_probe(struct rig *rig, const struct presence_job *job, unsigned limit_s);

/* A sealed image of `len` bytes that resembles a real one: a boot header, code-like data, noise, blank space. It
 * depends on the seed. */
struct golden *rig_golden(size_t len, unsigned seed);

/* The same image as bytes; malloc()ed. */
uint8_t *rig_image(size_t len, unsigned seed);

/* Makes the update when it is asked for: struct program_job's find_update. */
const struct update *rig_find_update(void *rig, const struct sector_set *kept);

/* A job at 921600 and the usual ladder, three tries, our stub. */
struct program_job rig_job(const struct golden *golden, const struct stub_image *stub);

/* True if the board's flash holds the golden image. */
bool rig_holds(struct board *board, const struct golden *golden);

#endif
