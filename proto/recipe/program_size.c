/* SPDX-License-Identifier: MIT */
/*
 * Is the flash as large as its id says? In a part that is smaller addresses wrap, and what is written at 0 shows in the
 * middle of the claimed size too. An image that reaches that far does not survive it: its MD5 is wrong, and this says
 * why. A smaller image does, so the board is asked before it passes.
 *
 * Two sectors with the same content are no proof: somebody may have put it there. The first sector holds the boot
 * image's header, of which nobody wants a copy just there; other sectors are asked for only where the MD5 was wrong.
 * What stands in a sector is taken from the image where its MD5 was right.
 */
#include "proto/recipe/program_internal.h"

#include <md5.h>
#include <string.h>

#define PROBE_STEP 0x40000 /* where one place tells nothing, the next is tried */

static const struct golden_part *part_at(const struct golden *golden, uint32_t at)
{
    for (size_t i = 0; i < golden->n_parts; i++) {
        const struct golden_part *part = &golden->parts[i];
        if (at >= part->offset && at + GOLDEN_SECTOR <= part->offset + part->flash_size)
            return part;
    }
    return NULL;
}

static uint32_t alias(const struct flash *flash)
{
    return flash->at.probe + flash->flash_part.size / 2;
}

/* With a wrong MD5: whether two different sectors should be there. */
static bool should_differ(const struct flash *flash)
{
    const struct golden_part *one = part_at(flash->job->golden, flash->at.probe);
    const struct golden_part *other = part_at(flash->job->golden, alias(flash));
    return one && other &&
           memcmp(one->bytes + (flash->at.probe - one->offset), other->bytes + (alias(flash) - other->offset),
                  GOLDEN_SECTOR) != 0;
}

static void sector_md5(const uint8_t sector[GOLDEN_SECTOR], uint8_t md5[16])
{
    MD5_CTX context;
    MD5Init(&context);
    MD5Update(&context, sector, GOLDEN_SECTOR);
    MD5Final(md5, &context);
}

/* Blank, or a part that does not answer. */
static bool is_constant(const uint8_t md5[16])
{
    uint8_t sector[GOLDEN_SECTOR], digest[16];
    for (unsigned fill = 0; fill <= 0xFF; fill += 0xFF) {
        memset(sector, (int)fill, sizeof(sector));
        sector_md5(sector, digest);
        if (memcmp(md5, digest, sizeof(digest)) == 0)
            return true;
    }
    return false;
}

static void give_verdict(struct flash *flash)
{
    if (flash->at.mismatch)
        flash_fail_mismatch(flash);
    else
        flash_enter(flash, FLASH_RUN);
}

enum { SECTOR, ALIAS };

static void request_sector(struct flash *flash)
{
    flash->step = SECTOR;
    flash_request_md5(flash, flash->at.probe, GOLDEN_SECTOR, false);
}

static void probe_next(struct flash *flash)
{
    do {
        flash->at.probe += PROBE_STEP;
        if (!flash->at.mismatch || alias(flash) >= flash->flash_part.size) {
            give_verdict(flash);
            return;
        }
    } while (!should_differ(flash));
    request_sector(flash);
}

/* The sector at the probe is known: is it in the other place too? */
static void request_alias(struct flash *flash, const uint8_t md5[16])
{
    if (is_constant(md5)) {
        probe_next(flash);
        return;
    }
    memcpy(flash->at.seen, md5, sizeof(flash->at.seen));
    flash->step = ALIAS;
    flash_request_md5(flash, alias(flash), GOLDEN_SECTOR, true);
}

static void begin(struct flash *flash)
{
    flash->at.probe = 0;
    const struct golden_part *first = part_at(flash->job->golden, 0);
    uint8_t md5[16];
    if (flash->at.mismatch || !first) {
        request_sector(flash);
    } else if (part_at(flash->job->golden, alias(flash))) {
        flash_enter(flash, FLASH_RUN); /* the MD5 is that of both places, and right */
    } else {
        sector_md5(first->bytes, md5); /* part_at() 0: it begins there */
        request_alias(flash, md5);
    }
}

/* Where the MD5 was wrong already, no answer here is no better reason. */
static bool has_answer(struct flash *flash, const struct session_event *event)
{
    bool odd = event->kind == SESSION_EXPIRED || (event->kind == SESSION_REPLY && event->wire_error != WIRE_OK);
    if (!odd || !flash->at.mismatch)
        return flash_good(flash, event, "looking for the flash's size", CAUSE_REPLY_MALFORMED, CAUSE_LINK_LOST);
    flash_fail_mismatch(flash);
    return false;
}

void flash_step_size(struct flash *flash, const struct session_event *event)
{
    if (event->kind == SESSION_STARTED)
        begin(flash);
    else if (!has_answer(flash, event))
        return;
    else if (event->len != sizeof(flash->at.seen))
        flash_fail(flash, CAUSE_REPLY_MALFORMED, "MD5 of %zu bytes", event->len);
    else if (flash->step == SECTOR)
        request_alias(flash, event->data);
    else if (memcmp(flash->at.seen, event->data, sizeof(flash->at.seen)) == 0)
        flash_fail(flash, CAUSE_FLASH_SIZE_FALSE, "what is at 0x%x is at 0x%x too", flash->at.probe, alias(flash));
    else
        give_verdict(flash);
}
