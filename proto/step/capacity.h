/* SPDX-License-Identifier: MIT */
/*
 * Step: find out whether the flash is as large as its id says. In a part that is smaller addresses wrap, and what is
 * written at 0 shows in the middle of the claimed size too. An image that reaches that far does not survive it: its MD5
 * is wrong, and this step tells why. A smaller image does, so the board is asked before it passes.
 *
 * Two sectors with the same content are no proof: they may both have been written. The first sector holds the boot
 * image's header, and a copy of it is not wanted just there; other sectors are asked for only where the MD5 was wrong.
 * The content of a sector is taken from the image where its MD5 was right. Where both places belong to the image and
 * the MD5 was made while the rest was still being written, one sector is read once more.
 */
#ifndef PROTO_STEP_CAPACITY_H
#define PROTO_STEP_CAPACITY_H

#include "proto/image/golden.h"
#include "proto/step/step.h"

struct capacity_parameters {
    const struct golden *golden;
    uint32_t flash_size;   /* bytes, as the id says */
    uint32_t capabilities; /* of the stub */
    /* The MD5 of the image was made behind the write front: what was written later may have spoilt what was right. */
    bool read_behind;
    bool image_damaged; /* an MD5 of the image was wrong: then a missing or refused answer ends the search, as DONE */
};

struct capacity {
    struct step base;
    struct capacity_parameters parameters;
    uint32_t address;  /* of the sector at work */
    uint32_t distance; /* to its alias */
    bool changed;      /* the sector at the address, or its alias, was right and no longer is */
    enum { CAPACITY_SECTOR, CAPACITY_ALIAS, CAPACITY_RECHECK, CAPACITY_RECHECK_ALIAS } phase;
    uint8_t sector_md5[GOLDEN_MD5_SIZE]; /* of the one at `address` */
};

/* DONE: no sector was found twice. Fails with FLASH_ALIASED of FIND_CAPACITY, with MISMATCH of VERIFY where a sector
 * has changed that was right, and with NO_ANSWER, REFUSED, STRAY or MALFORMED. */
MUST_CHECK enum step_status capacity_start(struct capacity *step, struct session *session,
                                           const struct capacity_parameters *parameters);
MUST_CHECK enum step_status capacity_step(struct capacity *step, const struct session_event *event);

#endif
