/* SPDX-License-Identifier: MIT */
/* Uploading the stub through the ROM loader, and raising the baud rate with its help. */
#include "proto/recipe/program_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MEM_TIMEOUT      (1 * S)
#define RESENDS          4    /* in a row, of what gets lost or damaged on the way to the ROM */
#define SMALL_BLOCK      1024 /* to upload at a time where blocks get damaged */
#define GREETING_TIMEOUT (2 * S)
#define INFO_TIMEOUT     (300 * MS)
#define BAUD_TIMEOUT     (500 * MS)
#define BAUD_SETTLE      (50 * MS) /* a stub switches about 10 ms after its answer */
#define BAUD_PROBES      3
/* An answer is 12 bytes, an MD5 28: less than two of them damaged. A boot message has about 60. */
#define STRAY_LIMIT 48

enum { STUB_BEGIN, STUB_AGAIN, STUB_DATA, STUB_END, STUB_GREETING, STUB_INFO };

/* What is still to be uploaded of a segment. */
static void begin_upload(struct program *program, uint32_t block_size)
{
    const struct stub_segment *segment = &program->job->stub->segments[program->at.segment];
    uint32_t left = segment->size - program->at.uploaded;
    const uint32_t words[] = {left, (left + block_size - 1) / block_size, block_size,
                              segment->address + program->at.uploaded};
    program->step = STUB_BEGIN;
    program->at.block = 0;
    program->at.block_size = block_size;
    program_request_words(program, WIRE_MEM_BEGIN, words, 4, MEM_TIMEOUT, 1);
}

static void begin_segment(struct program *program)
{
    program->at.uploaded = 0;
    begin_upload(program, program->job->stub->segments[program->at.segment].block);
}

static uint32_t next_block_size(const struct program *program)
{
    uint32_t left = program->job->stub->segments[program->at.segment].size - program->at.uploaded;
    return left < program->at.block_size ? left : program->at.block_size;
}

static void upload_next(struct program *program)
{
    const struct stub_image *stub = program->job->stub;
    const struct stub_segment *segment = &stub->segments[program->at.segment];
    if (program->at.uploaded < segment->size) {
        program->step = STUB_DATA;
        session_request_block(program->session, WIRE_MEM_DATA, (uint32_t)program->at.block++,
                              segment->bytes + program->at.uploaded, next_block_size(program), MEM_TIMEOUT, 1);
    } else if (++program->at.segment < stub->n_segments) {
        begin_segment(program);
    } else {
        const uint32_t words[] = {0, stub->entry};
        program->step = STUB_END;
        program_request_words(program, WIRE_MEM_END, words, 2, MEM_TIMEOUT, 1);
    }
}

static bool damaged_on_the_line(const struct program *program, const struct session_event *event)
{
    if (program->at.resends == RESENDS)
        return false;
    return event->kind == SESSION_EXPIRED ||
           (event->kind == SESSION_REPLY &&
            (event->wire_error == WIRE_ROM_ERR_FORMAT || event->wire_error == WIRE_ROM_ERR_CHECKSUM));
}

/* The ROM counts a block before it looks at the checksum, and a block does not say where it belongs: a repeated one is
 * refused. MEM_BEGIN may come at any time, though, so the upload begins anew where it stands. An answer to a block does
 * not say to which: none may still be under way then. */
static void upload_again(struct program *program)
{
    program->at.resends++;
    program->step = STUB_AGAIN;
    session_pause(program->session, MEM_TIMEOUT);
}

static void begin_again(struct program *program)
{
    const struct stub_segment *segment = &program->job->stub->segments[program->at.segment];
    /* In the ROM's message buffer lie blocks that two frames run together may have spoilt. */
    if (segment->block < WIRE_MEM_BLOCK)
        program->at.uploaded = 0;
    begin_upload(program, segment->block < SMALL_BLOCK ? segment->block : SMALL_BLOCK);
}

static void take_info(struct program *program, const struct session_event *event)
{
    snprintf(program->stub_name, sizeof(program->stub_name), "%s", program->job->stub->name);
    /* A stub without our extension answers with an error or not at all. */
    if (event->kind != SESSION_REPLY || event->wire_error != WIRE_OK)
        return;
    program->stub_capabilities = event->value;
    size_t n = 0;
    while (n < event->len && n < sizeof(program->stub_name) - 1 && isprint(event->data[n])) {
        program->stub_name[n] = (char)event->data[n];
        n++;
    }
    program->stub_name[n] = '\0';
}

void program_step_stub(struct program *program, const struct session_event *event)
{
    if (event->kind == SESSION_STARTED) {
        program->at.segment = 0;
        begin_segment(program);
        return;
    }
    switch (program->step) {
    case STUB_AGAIN: begin_again(program); return;
    case STUB_BEGIN:
    case STUB_DATA:
        if (damaged_on_the_line(program, event)) {
            upload_again(program);
            return;
        }
        if (!check_reply_or_fail(program, event, "uploading the stub", CAUSE_ROM_REFUSED, CAUSE_LINK_LOST))
            return;
        if (program->step == STUB_DATA) {
            program->at.uploaded += next_block_size(program);
            program->at.resends = 0;
        }
        upload_next(program);
        return;
    case STUB_END:
        /* The greeting proves the start, so a lost answer does not matter. */
        if (event->kind == SESSION_REPLY &&
            !check_reply_or_fail(program, event, "starting the stub", CAUSE_ROM_REFUSED, CAUSE_NONE))
            return;
        program->step = STUB_GREETING;
        program->at.give_up = program->session->now + GREETING_TIMEOUT;
        session_listen(program->session, GREETING_TIMEOUT);
        return;
    case STUB_GREETING:
        if (event->kind != SESSION_FRAME || program->session->now >= program->at.give_up) {
            program_fail(program, CAUSE_STUB_SILENT, "%s: no greeting", program->job->stub->name);
        } else if (event->len != strlen(WIRE_GREETING) || memcmp(event->data, WIRE_GREETING, event->len) != 0) {
            session_listen(program->session, program->at.give_up - program->session->now);
        } else {
            program->step = STUB_INFO;
            program->stub_running = true;
            program->session->stray_limit = STRAY_LIMIT;
            session_request(program->session, WIRE_STUB_INFO, NULL, 0, INFO_TIMEOUT, 2);
        }
        return;
    case STUB_INFO:
        take_info(program, event);
        program_enter(program, PROGRAM_FLASH_ID);
        return;
    }
}

static void probe(struct program *program)
{
    const uint32_t address = CHIP_MAGIC_ADDRESS;
    program_request_words(program, WIRE_READ_REG, &address, 1, BAUD_TIMEOUT, 2);
}

void program_step_baud(struct program *program, const struct session_event *event)
{
    enum { ASK, SET, SETTLE, PROBE };
    uint32_t baud = program_baud(program);
    char what[32];
    snprintf(what, sizeof(what), "%u baud", baud);

    if (event->kind == SESSION_STARTED) {
        const uint32_t words[] = {baud, LOADER_BAUD};
        program_request_words(program, WIRE_CHANGE_BAUDRATE, words, 2, BAUD_TIMEOUT, 1);
        return;
    }
    /* An adapter that cannot do the rate says so with EINVAL or, read back, ERANGE: the next lower may do. */
    if (event->kind == SESSION_DONE && event->error != 0 && port_error_cause(event->error) == CAUSE_ADAPTER_ERROR) {
        program_fail(program, CAUSE_BAUD_FAILED, "%s: the adapter cannot do it", what);
        return;
    }
    if (program->step != SETTLE && !check_reply_or_fail(program, event, what, CAUSE_BAUD_FAILED, CAUSE_BAUD_FAILED))
        return;
    switch (program->step++) {
    case ASK: session_baud(program->session, baud); return;
    case SET: session_pause(program->session, BAUD_SETTLE); return;
    case SETTLE:
        session_forget(program->session);
        probe(program);
        return;
    default:
        if (event->value != CHIP_MAGIC)
            program_fail(program, CAUSE_BAUD_FAILED, "%s: a register reads wrong", what);
        else if (program->step == PROBE + BAUD_PROBES)
            program_enter(program, PROGRAM_COMPARE);
        else
            probe(program);
        return;
    }
}
