/* SPDX-License-Identifier: MIT */
#include "proto/step/compare.h"

#include "proto/link/bytes.h"
#include "proto/step/digest.h"

#include <string.h>

static const struct golden_range *current_range(const struct compare *step)
{
    return &step->parameters.golden->ranges[step->range];
}

static bool has_sums(const struct compare *step)
{
    return step->parameters.capabilities & WIRE_CAN_DIGEST_SECTORS;
}

static enum step_status request_range(struct compare *step)
{
    const struct golden_range *range = current_range(step);
    struct session *session = step->base.session;
    step_begin_operation(&step->base, OPERATION_COMPARE, range->offset);
    if (has_sums(step))
        digest_request_sectors(session, range->offset, range->size, step->parameters.read_flags);
    else
        digest_request(session, range->offset, range->size, step->parameters.capabilities, false);
    return STEP_RUNNING;
}

enum step_status compare_start(struct compare *step, struct session *session,
                               const struct compare_parameters *parameters)
{
    *step = (struct compare){.parameters = *parameters};
    step_init(&step->base, session);
    return request_range(step);
}

/* MD5s alone: the first that differs ends it. */

static bool enough_passes(const struct compare *step)
{
    return step->pass == 2 || (step->parameters.capabilities & WIRE_TELLS_ADDRESS);
}

static enum step_status take_md5(struct compare *step, const struct session_event *event)
{
    if (!digest_is(event, current_range(step)->md5))
        return STEP_DONE;
    if (++step->range == step->parameters.golden->n_ranges) {
        step->range = 0;
        step->pass++;
        step->equal = enough_passes(step);
    }
    return step->equal ? STEP_DONE : request_range(step);
}

/* With sums of sectors. */

static const struct golden_part *part_of(const struct golden *golden, uint32_t address)
{
    const struct golden_part *part = golden->parts;
    while (address >= part->offset + part->padded_size)
        part++;
    return part;
}

static uint32_t blank_sum(void)
{
    uint32_t a = 0, b = 0;
    for (unsigned i = 0; i < GOLDEN_SECTOR / sizeof(a); i++)
        b += --a;
    return a ^ (b << 16 | b >> 16);
}

static void take_sums(struct compare *step, const struct golden_range *range, const uint8_t *sums)
{
    const struct golden_part *part = part_of(step->parameters.golden, range->offset);
    uint32_t n = (range->size + GOLDEN_SECTOR - 1) / GOLDEN_SECTOR, blank = blank_sum();
    const uint32_t *golden = part->sums + (range->offset - part->offset) / GOLDEN_SECTOR;
    for (uint32_t i = 0; i < n; i++)
        if (get_le32(sums + i * sizeof(uint32_t)) == golden[i]) {
            sector_set_add(&step->right, range->offset / GOLDEN_SECTOR + i);
            step->familiar |= golden[i] != blank;
        }
}

static enum step_status give_up(struct compare *step)
{
    memset(&step->right, 0, sizeof(step->right));
    return STEP_DONE;
}

static enum step_status take_digest(struct compare *step, const struct session_event *event)
{
    const struct golden *golden = step->parameters.golden;
    const struct golden_range *range = current_range(step);
    if (event->wire_error != WIRE_OK || event->len != digest_sectors_size(range->size))
        return give_up(step);
    step->differs |= memcmp(event->data, range->md5, GOLDEN_MD5_SIZE) != 0;
    take_sums(step, range, event->data + GOLDEN_MD5_SIZE);
    if (++step->range == golden->n_ranges) {
        step->equal = !step->differs;
        return STEP_DONE;
    }
    return step->range >= golden->n_heads && !step->familiar ? give_up(step) : request_range(step);
}

enum step_status compare_step(struct compare *step, const struct session_event *event)
{
    if (event->kind != SESSION_REPLY && !step_check(&step->base, event))
        return STEP_FAILED;
    return has_sums(step) ? take_digest(step, event) : take_md5(step, event);
}
