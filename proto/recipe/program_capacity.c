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
        if (at >= part->offset && at + GOLDEN_SECTOR <= part->offset + part->padded_size)
            return part;
    }
    return NULL;
}

static uint32_t alias(const struct program *program)
{
    return program->at.probe + program->flash_part.size / 2;
}

/* With a wrong MD5: whether two different sectors should be there. */
static bool should_differ(const struct program *program)
{
    const struct golden_part *one = part_at(program->job->golden, program->at.probe);
    const struct golden_part *other = part_at(program->job->golden, alias(program));
    return one && other &&
           memcmp(one->bytes + (program->at.probe - one->offset), other->bytes + (alias(program) - other->offset),
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

static void give_verdict(struct program *program)
{
    if (program->at.mismatch)
        program_fail_mismatch(program);
    else
        program_enter(program, PROGRAM_RUN);
}

enum { SECTOR, ALIAS };

static void request_sector(struct program *program)
{
    program->step = SECTOR;
    program_request_md5(program, program->at.probe, GOLDEN_SECTOR, false);
}

static void probe_next(struct program *program)
{
    do {
        program->at.probe += PROBE_STEP;
        if (!program->at.mismatch || alias(program) >= program->flash_part.size) {
            give_verdict(program);
            return;
        }
    } while (!should_differ(program));
    request_sector(program);
}

/* The sector at the probe is known: is it in the other place too? */
static void request_alias(struct program *program, const uint8_t md5[16])
{
    if (is_constant(md5)) {
        probe_next(program);
        return;
    }
    memcpy(program->at.seen, md5, sizeof(program->at.seen));
    program->step = ALIAS;
    program_request_md5(program, alias(program), GOLDEN_SECTOR, true);
}

static void begin(struct program *program)
{
    program->at.probe = 0;
    const struct golden_part *first = part_at(program->job->golden, 0);
    uint8_t md5[16];
    if (program->at.mismatch || !first) {
        request_sector(program);
    } else if (part_at(program->job->golden, alias(program))) {
        program_enter(program, PROGRAM_RUN); /* the MD5 is that of both places, and right */
    } else {
        sector_md5(first->bytes, md5); /* part_at() 0: it begins there */
        request_alias(program, md5);
    }
}

/* Where the MD5 was wrong already, no answer here is no better reason. */
static bool has_answer(struct program *program, const struct session_event *event)
{
    bool odd = event->kind == SESSION_EXPIRED || (event->kind == SESSION_REPLY && event->wire_error != WIRE_OK);
    if (!odd || !program->at.mismatch)
        return check_reply_or_fail(program, event, "looking for the flash's size", CAUSE_REPLY_MALFORMED,
                                   CAUSE_LINK_LOST);
    program_fail_mismatch(program);
    return false;
}

void program_step_capacity(struct program *program, const struct session_event *event)
{
    if (event->kind == SESSION_STARTED)
        begin(program);
    else if (!has_answer(program, event))
        return;
    else if (event->len != sizeof(program->at.seen))
        program_fail(program, CAUSE_REPLY_MALFORMED, "MD5 of %zu bytes", event->len);
    else if (program->step == SECTOR)
        request_alias(program, event->data);
    else if (memcmp(program->at.seen, event->data, sizeof(program->at.seen)) == 0)
        program_fail(program, CAUSE_FLASH_SIZE_FALSE, "what is at 0x%x is at 0x%x too", program->at.probe,
                     alias(program));
    else
        give_verdict(program);
}
