/* SPDX-License-Identifier: MIT */
#include "proto/step/capacity.h"

#include "proto/step/digest.h"

#include <string.h>

#define ADDRESS_STEP 0x40000 /* where one sector tells nothing, the next one is tried */

/* The part that holds the whole sector at this address, or NULL. */
static const struct golden_part *part_at(const struct golden *golden, uint32_t address)
{
    for (size_t i = 0; i < golden->n_parts; i++) {
        const struct golden_part *part = &golden->parts[i];
        if (address >= part->offset && address + GOLDEN_SECTOR <= part->offset + part->padded_size)
            return part;
    }
    return NULL;
}

static uint32_t alias(const struct capacity *step)
{
    return step->address + step->parameters.flash_size / 2;
}

/* The image has different sectors at the address and at its alias. */
static bool should_differ(const struct capacity *step)
{
    const struct golden_part *one = part_at(step->parameters.golden, step->address);
    const struct golden_part *other = part_at(step->parameters.golden, alias(step));
    return one && other &&
           memcmp(one->bytes + (step->address - one->offset), other->bytes + (alias(step) - other->offset),
                  GOLDEN_SECTOR) != 0;
}

/* Blank, or a part that does not answer. */
static bool is_constant(const uint8_t md5[GOLDEN_MD5_SIZE])
{
    uint8_t sector[GOLDEN_SECTOR], digest[GOLDEN_MD5_SIZE];
    for (unsigned fill = 0; fill <= 0xFF; fill += 0xFF) {
        memset(sector, (int)fill, sizeof(sector));
        golden_md5(sector, sizeof(sector), digest);
        if (memcmp(md5, digest, sizeof(digest)) == 0)
            return true;
    }
    return false;
}

static enum step_status request_sector(struct capacity *step)
{
    step->phase = CAPACITY_SECTOR;
    step_begin_operation(&step->base, OPERATION_FIND_CAPACITY, step->address);
    digest_request(step->base.session, step->address, GOLDEN_SECTOR, step->parameters.capabilities, false);
    return STEP_RUNNING;
}

static enum step_status try_next_sector(struct capacity *step)
{
    do {
        step->address += ADDRESS_STEP;
        if (!step->parameters.image_damaged || alias(step) >= step->parameters.flash_size)
            return STEP_DONE;
    } while (!should_differ(step));
    return request_sector(step);
}

/* The content at the address is known: is it at the alias too? */
static enum step_status request_alias(struct capacity *step, const uint8_t md5[GOLDEN_MD5_SIZE])
{
    if (is_constant(md5))
        return try_next_sector(step);
    memcpy(step->sector_md5, md5, sizeof(step->sector_md5));
    step->phase = CAPACITY_ALIAS;
    step_begin_operation(&step->base, OPERATION_FIND_CAPACITY, step->address);
    digest_request(step->base.session, alias(step), GOLDEN_SECTOR, step->parameters.capabilities, true);
    return STEP_RUNNING;
}

enum step_status capacity_start(struct capacity *step, struct session *session,
                                const struct capacity_parameters *parameters)
{
    *step = (struct capacity){.parameters = *parameters};
    step_init(&step->base, session);
    const struct golden_part *first = part_at(parameters->golden, 0);
    uint8_t md5[GOLDEN_MD5_SIZE];
    if (parameters->image_damaged || !first)
        return request_sector(step);
    if (part_at(parameters->golden, alias(step)))
        return STEP_DONE;                         /* the MD5 was that of both places, and right */
    golden_md5(first->bytes, GOLDEN_SECTOR, md5); /* part_at() 0: it begins there */
    return request_alias(step, md5);
}

/* Where an MD5 was wrong already, a missing answer is no better reason. */
static bool ends_search(const struct capacity *step, const struct session_event *event)
{
    bool unanswered = event->kind == SESSION_EXPIRED || (event->kind == SESSION_REPLY && event->wire_error != WIRE_OK);
    return unanswered && step->parameters.image_damaged;
}

enum step_status capacity_step(struct capacity *step, const struct session_event *event)
{
    if (ends_search(step, event))
        return STEP_DONE;
    if (!digest_check(&step->base, event))
        return STEP_FAILED;
    if (step->phase == CAPACITY_SECTOR)
        return request_alias(step, event->data);
    if (!digest_is(event, step->sector_md5))
        return STEP_DONE;
    return step_fail_values(&step->base, EVIDENCE_FLASH_ALIASED, alias(step), 0);
}
