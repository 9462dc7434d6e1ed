/* SPDX-License-Identifier: MIT */
/*
 * What the flash holds, as the chip reads it: before anything is erased, and after all was written.
 *
 * Neither requests nor replies carry a checksum. A damaged MD5 is a wrong one, but the right MD5 may be that of another
 * range with the same content: a late answer, or one to a request whose address was damaged. A stub that tells the
 * address is believed at once. With any other a range is asked for again only if nothing is asked for behind it.
 */
#include "proto/recipe/program_internal.h"

#include <string.h>

/* 3.3 s of SPI and 1.2 s of CPU for 4 MB (docs/esp8266.md section 6), doubled. */
#define BASE_TIMEOUT  (3 * S)
#define MD5_US_PER_KB 2200ULL

static bool tells_address(const struct program *program)
{
    return program->stub_capabilities & WIRE_TELLS_ADDRESS;
}

void program_request_md5(struct program *program, uint32_t offset, uint32_t size, bool last)
{
    const uint32_t words[] = {offset, size, 0, 0};
    program_request_words(program, WIRE_SPI_FLASH_MD5, words, 4, BASE_TIMEOUT + size / 1024 * MD5_US_PER_KB,
                          last || tells_address(program) ? 2 : 1);
    if (tells_address(program))
        session_expect(program->session, offset);
}

static bool is_md5(const struct session_event *event, const uint8_t md5[16])
{
    return event->wire_error == WIRE_OK && event->len == 16 && memcmp(event->data, md5, 16) == 0;
}

/* A try after one that has begun to write writes again: it knows that the flash is not right. */
static bool wants_compare(const struct program *program)
{
    return program->job->compare_first && !program->written;
}

/* With no write behind it, this answer alone makes the verdict. Where nothing ties it to its range, all are asked for
 * once more: the same damage does not come twice. */
void program_step_compare(struct program *program, const struct session_event *event)
{
    const struct golden *golden = program->job->golden;
    if (event->kind == SESSION_STARTED) {
        if (!wants_compare(program)) {
            program_enter(program, PROGRAM_WRITE);
            return;
        }
        program->at.range = 0;
        program->at.pass = 0;
    } else if (event->kind != SESSION_REPLY) {
        check_reply_or_fail(program, event, "comparing", CAUSE_LINK_LOST, CAUSE_LINK_LOST);
        return;
    } else if (!is_md5(event, golden->ranges[program->at.range].md5)) {
        /* Nor is an error or a damaged answer a reason to stop: to write is always right. */
        program_enter(program, PROGRAM_WRITE);
        return;
    } else if (++program->at.range == golden->n_ranges) {
        program->at.range = 0;
        if (tells_address(program) || ++program->at.pass == 2) {
            program_enter(program, PROGRAM_CAPACITY);
            return;
        }
    }
    const struct golden_range *range = &golden->ranges[program->at.range];
    program_request_md5(program, range->offset, range->size, false);
}

void program_fail_mismatch(struct program *program)
{
    const struct golden_part *part = &program->job->golden->parts[program->at.part];
    program_fail(program, CAUSE_MD5_MISMATCH, "%s at 0x%x", part->name, part->offset);
}

static void request_part(struct program *program)
{
    const struct golden_part *part = &program->job->golden->parts[program->at.part];
    program_request_md5(program, part->offset, part->padded_size, false);
}

void program_step_verify(struct program *program, const struct session_event *event)
{
    const struct golden *golden = program->job->golden;
    if (event->kind == SESSION_STARTED) {
        program->at.part = 0;
        request_part(program);
        return;
    }
    if (!check_reply_or_fail(program, event, "verifying", CAUSE_WRITE_FAILED, CAUSE_LINK_LOST))
        return;
    const struct golden_part *part = &golden->parts[program->at.part];
    if (event->len != sizeof(part->md5))
        program_fail(program, CAUSE_REPLY_MALFORMED, "MD5 of %zu bytes", event->len);
    else if (!is_md5(event, part->md5)) {
        program->at.mismatch = true;
        program_enter(program, PROGRAM_CAPACITY);
    } else if (++program->at.part < golden->n_parts)
        request_part(program);
    else
        program_enter(program, PROGRAM_CAPACITY);
}
