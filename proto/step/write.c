/* SPDX-License-Identifier: MIT */
#include "proto/step/write.h"

#include "proto/link/duration.h"

#define BASE_TIMEOUT (3 * S)
/* Of one block: after silence, which takes long, where the stub can tell a repeated one; and of one that came damaged.
 */
#define RESENDS_LOST    3
#define RESENDS_DAMAGED 8

/* The slowest a flash part may be and still pass, from the maxima of docs/esp8266.md section 6: 400 ms a sector, 3 ms a
 * page. */
#define WORST_SECTOR_US 400000ULL
#define WORST_PAGE_US   3000ULL

static uint64_t worst_write_us(uint64_t bytes)
{
    return (bytes + 4095) / 4096 * WORST_SECTOR_US + (bytes + 255) / 256 * WORST_PAGE_US;
}

/* A block is acknowledged when there is room for it: the one before it may still be in work, and its own too. */
static uint64_t block_timeout(const struct golden_part *part, size_t block)
{
    uint64_t bytes = part->blocks[block].inflated;
    if (block > 0)
        bytes += part->blocks[block - 1].inflated;
    return BASE_TIMEOUT + worst_write_us(bytes);
}

static const struct golden_part *current_part(const struct write *step)
{
    return &step->parameters.golden->parts[step->part];
}

static bool can_resend(const struct write *step)
{
    return step->parameters.capabilities & WIRE_CAN_RESEND;
}

static enum step_status begin_part(struct write *step)
{
    const struct golden_part *part = current_part(step);
    /* The blocks are counted as if they were full: stubs take count times size for the length of what comes. */
    uint32_t blocks = (part->deflated_size + WIRE_FLASH_BLOCK - 1) / WIRE_FLASH_BLOCK;
    const uint32_t words[] = {part->padded_size, blocks, WIRE_FLASH_BLOCK, part->offset};
    step->phase = WRITE_BEGIN;
    step->block = 0;
    step_begin_operation(&step->base, OPERATION_BEGIN_WRITE, part->offset);
    step_request_words(&step->base, WIRE_FLASH_DEFL_BEGIN, words, 4, BASE_TIMEOUT + worst_write_us(65536), 1);
    return STEP_RUNNING;
}

static enum step_status send_block(struct write *step)
{
    const struct golden_part *part = current_part(step);
    const struct golden_block *block = &part->blocks[step->block];
    struct session *session = step->base.session;
    step->phase = WRITE_BLOCK;
    step_begin_operation(&step->base, OPERATION_WRITE_BLOCK, part->offset);
    step->base.evidence.values[0] = (uint32_t)step->block + 1;
    step->base.evidence.values[1] = (uint32_t)part->n_blocks;
    session_request_block(session, WIRE_FLASH_DEFL_DATA, (uint32_t)step->block, part->deflated + block->offset,
                          block->size, block_timeout(part, step->block), can_resend(step) ? RESENDS_LOST : 1);
    if (can_resend(step))
        session_expect(session, (uint32_t)step->block);
    return STEP_RUNNING;
}

static enum step_status end_part(struct write *step)
{
    const struct golden_part *part = current_part(step);
    const uint32_t stay = 1;
    step->phase = WRITE_END;
    step_begin_operation(&step->base, OPERATION_END_WRITE, part->offset);
    step_request_words(&step->base, WIRE_FLASH_DEFL_END, &stay, 1, block_timeout(part, part->n_blocks - 1), 1);
    return STEP_RUNNING;
}

/* A flipped bit shows in the checksum, a lost byte in the length, damage in the header in either or in the sequence. No
 * stub has applied a block that it refuses for its checksum, which it compares when it has the whole block. One of the
 * wrong length may be followed by the rest of its frame and by another reply, which only a stub that tells repeated
 * blocks gets over. */
static bool damaged_on_the_line(const struct write *step, const struct session_event *event)
{
    if (event->kind != SESSION_REPLY || step->resends == RESENDS_DAMAGED)
        return false;
    if (event->wire_error == WIRE_ERR_CHECKSUM)
        return true;
    return can_resend(step) && (event->wire_error == WIRE_ERR_LENGTH || event->wire_error == WIRE_ERR_INVALID);
}

static enum step_status next_block(struct write *step)
{
    step->resends = 0;
    return step->block < current_part(step)->n_blocks ? send_block(step) : end_part(step);
}

static enum step_status next_part(struct write *step)
{
    return ++step->part < step->parameters.golden->n_parts ? begin_part(step) : STEP_DONE;
}

enum step_status write_start(struct write *step, struct session *session, const struct write_parameters *parameters)
{
    *step = (struct write){.parameters = *parameters};
    step_init(&step->base, session);
    return begin_part(step);
}

enum step_status write_step(struct write *step, const struct session_event *event)
{
    if (step->phase == WRITE_BLOCK && damaged_on_the_line(step, event)) {
        step->resends++;
        return send_block(step);
    }
    if (!step_check(&step->base, event))
        return STEP_FAILED;
    if (step->phase == WRITE_END)
        return next_part(step);
    if (step->phase == WRITE_BLOCK)
        step->block++;
    return next_block(step);
}
