/* SPDX-License-Identifier: MIT */
#include "proto/step/capacity.h"

#include "proto/step/digest.h"

#include <string.h>

#define ADDRESS_STEP 0x40000 /* where one sector tells nothing, the next one is tried */

/* The part that has something of the sector at this address, or NULL. No two parts share a sector. */
static const struct golden_part *part_at(const struct golden *golden, uint32_t address)
{
    for (size_t i = 0; i < golden->n_parts; i++) {
        const struct golden_part *part = &golden->parts[i];
        if (address >= part->offset && address < part->offset + part->padded_size)
            return part;
    }
    return NULL;
}

/* The same, if the whole sector is the part's. */
static const struct golden_part *whole_sector_at(const struct golden *golden, uint32_t address)
{
    const struct golden_part *part = part_at(golden, address);
    return part && part->offset + part->padded_size - address >= GOLDEN_SECTOR ? part : NULL;
}

/* What a sector of the image holds once it is written: blank behind the end of its part. */
static void copy_sector(const struct golden_part *part, uint32_t address, uint8_t sector[GOLDEN_SECTOR])
{
    uint32_t at = address - part->offset, left = part->padded_size - at;
    memset(sector, 0xFF, GOLDEN_SECTOR);
    memcpy(sector, part->bytes + at, left < GOLDEN_SECTOR ? left : GOLDEN_SECTOR);
}

/* The image has different sectors at the address and so far behind it. */
static bool should_differ(const struct golden *golden, uint32_t address, uint32_t distance)
{
    const struct golden_part *one = part_at(golden, address), *other = part_at(golden, address + distance);
    uint8_t sector[GOLDEN_SECTOR], other_sector[GOLDEN_SECTOR];
    if (!one || !other)
        return false;
    copy_sector(one, address, sector);
    copy_sector(other, address + distance, other_sector);
    return memcmp(sector, other_sector, GOLDEN_SECTOR) != 0;
}

static uint32_t alias(const struct capacity *step)
{
    return step->address + step->distance;
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
    } while (!should_differ(step->parameters.golden, step->address, step->distance));
    return request_sector(step);
}

/* The content at the address is known: is it at the alias too? */
static enum step_status request_alias(struct capacity *step, const uint8_t md5[GOLDEN_MD5_SIZE])
{
    memcpy(step->sector_md5, md5, sizeof(step->sector_md5));
    step->phase = CAPACITY_ALIAS;
    step_begin_operation(&step->base, OPERATION_FIND_CAPACITY, step->address);
    digest_request(step->base.session, alias(step), GOLDEN_SECTOR, step->parameters.capabilities, true);
    return STEP_RUNNING;
}

static enum step_status take_sector(struct capacity *step, const uint8_t md5[GOLDEN_MD5_SIZE])
{
    return is_constant(md5) ? try_next_sector(step) : request_alias(step, md5);
}

/* `changed`: the address of the sector that is no longer right, if one is. */
static enum step_status take_alias(struct capacity *step, const struct session_event *event, uint32_t changed)
{
    if (digest_is(event, step->sector_md5))
        return step_fail_values(&step->base, EVIDENCE_FLASH_ALIASED, alias(step), 0);
    if (!step->changed)
        return STEP_DONE;
    const struct golden_part *part = part_at(step->parameters.golden, changed);
    step_begin_operation(&step->base, OPERATION_VERIFY, part->offset);
    step->base.evidence.name = part->name;
    return step_fail(&step->base, EVIDENCE_MISMATCH);
}

/* The image is right: is its first sector at its alias too? */
static enum step_status look_for_alias(struct capacity *step)
{
    const struct golden_part *first = whole_sector_at(step->parameters.golden, 0);
    uint8_t md5[GOLDEN_MD5_SIZE];
    step->address = 0;
    step->distance = step->parameters.flash_size / 2;
    if (!first)
        return request_sector(step);
    if (whole_sector_at(step->parameters.golden, alias(step)))
        return STEP_DONE;                         /* the MD5 was that of both places, and right */
    golden_md5(first->bytes, GOLDEN_SECTOR, md5); /* it begins there */
    return take_sector(step, md5);
}

/* Finds the first sector that differs from the one `distance` behind it. */
static bool find_difference(struct capacity *step)
{
    const struct golden *golden = step->parameters.golden;
    for (step->address = 0; alias(step) < golden->end; step->address += GOLDEN_SECTOR)
        if (should_differ(golden, step->address, step->distance))
            return true;
    return false;
}

/* On a part that wraps around, sectors of the image that are written later overwrite earlier ones that were right when
 * they were read. If its size divides the distance of two different sectors, both now read the same, so one of them is
 * wrong. The pair at the largest distance tells for all sizes that are not larger, and on a larger part no sector of
 * the image overwrites a different one. */
static enum step_status recheck(struct capacity *step)
{
    while (step->distance >= GOLDEN_SECTOR && !find_difference(step))
        step->distance /= 2;
    if (step->distance < GOLDEN_SECTOR)
        return look_for_alias(step);
    enum step_status status = request_sector(step);
    step->phase = CAPACITY_RECHECK;
    return status;
}

static bool is_golden(const struct capacity *step, uint32_t address, const struct session_event *event)
{
    uint8_t sector[GOLDEN_SECTOR], md5[GOLDEN_MD5_SIZE];
    copy_sector(part_at(step->parameters.golden, address), address, sector);
    golden_md5(sector, sizeof(sector), md5);
    return digest_is(event, md5);
}

/* The sector at the address, and then its alias. */
static enum step_status take_recheck(struct capacity *step, const struct session_event *event)
{
    step->changed = !is_golden(step, step->address, event);
    enum step_status status = request_alias(step, event->data);
    if (!step->changed)
        step->phase = CAPACITY_RECHECK_ALIAS;
    return status;
}

static enum step_status take_recheck_alias(struct capacity *step, const struct session_event *event)
{
    if (is_golden(step, alias(step), event))
        return look_for_alias(step);
    step->changed = true;
    return take_alias(step, event, alias(step));
}

enum step_status capacity_start(struct capacity *step, struct session *session,
                                const struct capacity_parameters *parameters)
{
    *step = (struct capacity){.parameters = *parameters, .distance = parameters->flash_size / 2};
    step_init(&step->base, session);
    if (parameters->image_damaged)
        return request_sector(step);
    return parameters->read_behind ? recheck(step) : look_for_alias(step);
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
    switch (step->phase) {
    case CAPACITY_SECTOR: return take_sector(step, event->data);
    case CAPACITY_ALIAS: return take_alias(step, event, step->address);
    case CAPACITY_RECHECK: return take_recheck(step, event);
    case CAPACITY_RECHECK_ALIAS: return take_recheck_alias(step, event);
    }
    return STEP_DONE;
}
