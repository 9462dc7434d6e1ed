/* SPDX-License-Identifier: MIT */
/* Writing the golden image. */
#include "proto/recipe/program_internal.h"

#include <stdio.h>

#define BASE_TIMEOUT (3 * S)
/* Of one block, where the stub can tell a repeated one: after silence, which is dear, and of one that came damaged. */
#define RESENDS_LOST    3
#define RESENDS_DAMAGED 8

/* The slowest a flash part may be and still pass, from the maxima of esp8266.md section 6: 400 ms a sector, 3 ms a
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

static void begin_part(struct flash *flash)
{
    const struct golden_part *part = &flash->job->golden->parts[flash->at.part];
    /* The blocks are counted as if they were full: stubs take count times size for the length of what comes. */
    uint32_t blocks = (part->deflated_size + WIRE_FLASH_BLOCK - 1) / WIRE_FLASH_BLOCK;
    const uint32_t words[] = {part->flash_size, blocks, WIRE_FLASH_BLOCK, part->offset};
    flash->at.block = 0;
    flash_request_words(flash, WIRE_FLASH_DEFL_BEGIN, words, 4, BASE_TIMEOUT + worst_write_us(65536), 1);
}

static void send_block(struct flash *flash)
{
    const struct golden_part *part = &flash->job->golden->parts[flash->at.part];
    const struct golden_block *block = &part->blocks[flash->at.block];
    bool can_resend = flash->stub_capabilities & WIRE_CAN_RESEND;
    session_request_block(flash->session, WIRE_FLASH_DEFL_DATA, (uint32_t)flash->at.block,
                          part->deflated + block->offset, block->size, block_timeout(part, flash->at.block),
                          can_resend ? RESENDS_LOST : 1);
    if (can_resend)
        session_expect(flash->session, (uint32_t)flash->at.block);
}

static void end_part(struct flash *flash)
{
    const struct golden_part *part = &flash->job->golden->parts[flash->at.part];
    const uint32_t stay = 1;
    flash_request_words(flash, WIRE_FLASH_DEFL_END, &stay, 1, block_timeout(part, part->n_blocks - 1), 1);
}

/* A flipped bit shows in the checksum, a lost byte in the length, damage in the header in either or in the sequence. */
static bool damaged_on_the_line(const struct flash *flash, const struct session_event *event)
{
    if (event->kind != SESSION_REPLY || !(flash->stub_capabilities & WIRE_CAN_RESEND) ||
        flash->at.resends == RESENDS_DAMAGED)
        return false;
    return event->wire_error == WIRE_ERR_CHECKSUM || event->wire_error == WIRE_ERR_LENGTH ||
           event->wire_error == WIRE_ERR_INVALID;
}

/* What an error in writing means. */
static enum cause refusal(const struct session_event *event)
{
    switch (event->wire_error) {
    case WIRE_ERR_UNLOCK: return CAUSE_FLASH_PROTECTED;
    case WIRE_ERR_SLOW: return CAUSE_FLASH_SLOW;
    default: return CAUSE_WRITE_FAILED;
    }
}

void flash_step_write(struct flash *flash, const struct session_event *event)
{
    enum { BEGIN, DATA, END };
    const struct golden *golden = flash->job->golden;
    if (event->kind == SESSION_STARTED) {
        flash->written = true;
        flash->at.part = 0;
        flash->at.cost = 0;
        begin_part(flash);
        return;
    }
    const struct golden_part *part = &golden->parts[flash->at.part];
    if (flash->step == DATA && damaged_on_the_line(flash, event)) {
        flash->at.resends++;
        send_block(flash);
        return;
    }
    char what[64];
    if (flash->step == DATA)
        snprintf(what, sizeof(what), "writing at 0x%x, block %zu of %zu", part->offset, flash->at.block + 1,
                 part->n_blocks);
    else
        snprintf(what, sizeof(what), "%s to write at 0x%x", flash->step == BEGIN ? "beginning" : "ending",
                 part->offset);
    if (!flash_good(flash, event, what, refusal(event), CAUSE_LINK_LOST))
        return;

    switch (flash->step) {
    case BEGIN: flash->step = DATA; break;
    case DATA:
        flash->at.cost += flash_block_cost(flash, &part->blocks[flash->at.block]);
        flash->at.block++;
        break;
    case END:
        if (++flash->at.part == golden->n_parts) {
            flash_enter(flash, FLASH_VERIFY);
        } else {
            flash->step = BEGIN;
            begin_part(flash);
        }
        return;
    }
    flash->at.resends = 0;
    if (flash->at.block < part->n_blocks) {
        send_block(flash);
    } else {
        flash->step = END;
        end_part(flash);
    }
}
