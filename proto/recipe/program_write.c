/* SPDX-License-Identifier: MIT */
/* Writing the golden image. */
#include "proto/recipe/program_internal.h"

#include <stdio.h>

#define BASE_TIMEOUT (3 * S)
/* Of one block, where the stub can tell a repeated one: after silence, which is dear, and of one that came damaged. */
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

static void begin_part(struct program *program)
{
    const struct golden_part *part = &program->job->golden->parts[program->at.part];
    /* The blocks are counted as if they were full: stubs take count times size for the length of what comes. */
    uint32_t blocks = (part->deflated_size + WIRE_FLASH_BLOCK - 1) / WIRE_FLASH_BLOCK;
    const uint32_t words[] = {part->padded_size, blocks, WIRE_FLASH_BLOCK, part->offset};
    program->at.block = 0;
    program_request_words(program, WIRE_FLASH_DEFL_BEGIN, words, 4, BASE_TIMEOUT + worst_write_us(65536), 1);
}

static void send_block(struct program *program)
{
    const struct golden_part *part = &program->job->golden->parts[program->at.part];
    const struct golden_block *block = &part->blocks[program->at.block];
    bool can_resend = program->stub_capabilities & WIRE_CAN_RESEND;
    session_request_block(program->session, WIRE_FLASH_DEFL_DATA, (uint32_t)program->at.block,
                          part->deflated + block->offset, block->size, block_timeout(part, program->at.block),
                          can_resend ? RESENDS_LOST : 1);
    if (can_resend)
        session_expect(program->session, (uint32_t)program->at.block);
}

static void end_part(struct program *program)
{
    const struct golden_part *part = &program->job->golden->parts[program->at.part];
    const uint32_t stay = 1;
    program_request_words(program, WIRE_FLASH_DEFL_END, &stay, 1, block_timeout(part, part->n_blocks - 1), 1);
}

/* A flipped bit shows in the checksum, a lost byte in the length, damage in the header in either or in the sequence. */
static bool damaged_on_the_line(const struct program *program, const struct session_event *event)
{
    if (event->kind != SESSION_REPLY || !(program->stub_capabilities & WIRE_CAN_RESEND) ||
        program->at.resends == RESENDS_DAMAGED)
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

void program_step_write(struct program *program, const struct session_event *event)
{
    enum { BEGIN, DATA, END };
    const struct golden *golden = program->job->golden;
    if (event->kind == SESSION_STARTED) {
        program->written = true;
        program->at.part = 0;
        program->at.cost = 0;
        begin_part(program);
        return;
    }
    const struct golden_part *part = &golden->parts[program->at.part];
    if (program->step == DATA && damaged_on_the_line(program, event)) {
        program->at.resends++;
        send_block(program);
        return;
    }
    char what[64];
    if (program->step == DATA)
        snprintf(what, sizeof(what), "writing at 0x%x, block %zu of %zu", part->offset, program->at.block + 1,
                 part->n_blocks);
    else
        snprintf(what, sizeof(what), "%s to write at 0x%x", program->step == BEGIN ? "beginning" : "ending",
                 part->offset);
    if (!check_reply_or_fail(program, event, what, refusal(event), CAUSE_LINK_LOST))
        return;

    switch (program->step) {
    case BEGIN: program->step = DATA; break;
    case DATA:
        program->at.cost += program_block_cost(program, &part->blocks[program->at.block]);
        program->at.block++;
        break;
    case END:
        if (++program->at.part == golden->n_parts) {
            program_enter(program, PROGRAM_VERIFY);
        } else {
            program->step = BEGIN;
            begin_part(program);
        }
        return;
    }
    program->at.resends = 0;
    if (program->at.block < part->n_blocks) {
        send_block(program);
    } else {
        program->step = END;
        end_part(program);
    }
}
