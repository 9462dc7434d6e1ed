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
static void begin_upload(struct flash *flash, uint32_t block_size)
{
    const struct stub_segment *segment = &flash->job->stub->segments[flash->at.segment];
    uint32_t left = segment->size - flash->at.uploaded;
    const uint32_t words[] = {left, (left + block_size - 1) / block_size, block_size,
                              segment->address + flash->at.uploaded};
    flash->step = STUB_BEGIN;
    flash->at.block = 0;
    flash->at.block_size = block_size;
    flash_request_words(flash, WIRE_MEM_BEGIN, words, 4, MEM_TIMEOUT, 1);
}

static void begin_segment(struct flash *flash)
{
    flash->at.uploaded = 0;
    begin_upload(flash, flash->job->stub->segments[flash->at.segment].block);
}

static uint32_t next_block_size(const struct flash *flash)
{
    uint32_t left = flash->job->stub->segments[flash->at.segment].size - flash->at.uploaded;
    return left < flash->at.block_size ? left : flash->at.block_size;
}

static void upload_next(struct flash *flash)
{
    const struct stub_image *stub = flash->job->stub;
    const struct stub_segment *segment = &stub->segments[flash->at.segment];
    if (flash->at.uploaded < segment->size) {
        flash->step = STUB_DATA;
        session_request_block(flash->session, WIRE_MEM_DATA, (uint32_t)flash->at.block++,
                              segment->bytes + flash->at.uploaded, next_block_size(flash), MEM_TIMEOUT, 1);
    } else if (++flash->at.segment < stub->n_segments) {
        begin_segment(flash);
    } else {
        const uint32_t words[] = {0, stub->entry};
        flash->step = STUB_END;
        flash_request_words(flash, WIRE_MEM_END, words, 2, MEM_TIMEOUT, 1);
    }
}

static bool damaged_on_the_line(const struct flash *flash, const struct session_event *event)
{
    if (flash->at.resends == RESENDS)
        return false;
    return event->kind == SESSION_EXPIRED ||
           (event->kind == SESSION_REPLY &&
            (event->wire_error == WIRE_ROM_ERR_FORMAT || event->wire_error == WIRE_ROM_ERR_CHECKSUM));
}

/* The ROM counts a block before it looks at the checksum, and a block does not say where it belongs: a repeated one is
 * refused. MEM_BEGIN may come at any time, though, so the upload begins anew where it stands. An answer to a block does
 * not say to which: none may still be under way then. */
static void upload_again(struct flash *flash)
{
    flash->at.resends++;
    flash->step = STUB_AGAIN;
    session_pause(flash->session, MEM_TIMEOUT);
}

static void begin_again(struct flash *flash)
{
    const struct stub_segment *segment = &flash->job->stub->segments[flash->at.segment];
    /* In the ROM's message buffer lie blocks that two frames run together may have spoilt. */
    if (segment->block < WIRE_MEM_BLOCK)
        flash->at.uploaded = 0;
    begin_upload(flash, segment->block < SMALL_BLOCK ? segment->block : SMALL_BLOCK);
}

static void take_info(struct flash *flash, const struct session_event *event)
{
    snprintf(flash->stub_name, sizeof(flash->stub_name), "%s", flash->job->stub->name);
    /* A stub without our extension answers with an error or not at all. */
    if (event->kind != SESSION_REPLY || event->wire_error != WIRE_OK)
        return;
    flash->stub_capabilities = event->value;
    size_t n = 0;
    while (n < event->len && n < sizeof(flash->stub_name) - 1 && isprint(event->data[n])) {
        flash->stub_name[n] = (char)event->data[n];
        n++;
    }
    flash->stub_name[n] = '\0';
}

void flash_step_stub(struct flash *flash, const struct session_event *event)
{
    if (event->kind == SESSION_STARTED) {
        flash->at.segment = 0;
        begin_segment(flash);
        return;
    }
    switch (flash->step) {
    case STUB_AGAIN: begin_again(flash); return;
    case STUB_BEGIN:
    case STUB_DATA:
        if (damaged_on_the_line(flash, event)) {
            upload_again(flash);
            return;
        }
        if (!flash_good(flash, event, "uploading the stub", CAUSE_ROM_REFUSED, CAUSE_LINK_LOST))
            return;
        if (flash->step == STUB_DATA) {
            flash->at.uploaded += next_block_size(flash);
            flash->at.resends = 0;
        }
        upload_next(flash);
        return;
    case STUB_END:
        /* The greeting proves the start, so a lost answer does not matter. */
        if (event->kind == SESSION_REPLY &&
            !flash_good(flash, event, "starting the stub", CAUSE_ROM_REFUSED, CAUSE_NONE))
            return;
        flash->step = STUB_GREETING;
        flash->at.give_up = flash->session->now + GREETING_TIMEOUT;
        session_listen(flash->session, GREETING_TIMEOUT);
        return;
    case STUB_GREETING:
        if (event->kind != SESSION_FRAME || flash->session->now >= flash->at.give_up) {
            flash_fail(flash, CAUSE_STUB_SILENT, "%s: no greeting", flash->job->stub->name);
        } else if (event->len != strlen(WIRE_GREETING) || memcmp(event->data, WIRE_GREETING, event->len) != 0) {
            session_listen(flash->session, flash->at.give_up - flash->session->now);
        } else {
            flash->step = STUB_INFO;
            flash->stub_running = true;
            flash->session->stray_limit = STRAY_LIMIT;
            session_request(flash->session, WIRE_STUB_INFO, NULL, 0, INFO_TIMEOUT, 2);
        }
        return;
    case STUB_INFO:
        take_info(flash, event);
        flash_enter(flash, FLASH_FLASH_ID);
        return;
    }
}

static void probe(struct flash *flash)
{
    const uint32_t address = CHIP_MAGIC_ADDRESS;
    flash_request_words(flash, WIRE_READ_REG, &address, 1, BAUD_TIMEOUT, 2);
}

void flash_step_baud(struct flash *flash, const struct session_event *event)
{
    enum { ASK, SET, SETTLE, PROBE };
    uint32_t baud = flash_baud(flash);
    char what[32];
    snprintf(what, sizeof(what), "%u baud", baud);

    if (event->kind == SESSION_STARTED) {
        const uint32_t words[] = {baud, LOADER_BAUD};
        flash_request_words(flash, WIRE_CHANGE_BAUDRATE, words, 2, BAUD_TIMEOUT, 1);
        return;
    }
    /* An adapter that cannot do the rate says so with EINVAL or, read back, ERANGE: the next lower may do. */
    if (event->kind == SESSION_DONE && event->error != 0 && flash_adapter_cause(event->error) == CAUSE_ADAPTER_ERROR) {
        flash_fail(flash, CAUSE_BAUD_FAILED, "%s: the adapter cannot do it", what);
        return;
    }
    if (flash->step != SETTLE && !flash_good(flash, event, what, CAUSE_BAUD_FAILED, CAUSE_BAUD_FAILED))
        return;
    switch (flash->step++) {
    case ASK: session_baud(flash->session, baud); return;
    case SET: session_pause(flash->session, BAUD_SETTLE); return;
    case SETTLE:
        session_forget(flash->session);
        probe(flash);
        return;
    default:
        if (event->value != CHIP_MAGIC)
            flash_fail(flash, CAUSE_BAUD_FAILED, "%s: a register reads wrong", what);
        else if (flash->step == PROBE + BAUD_PROBES)
            flash_enter(flash, FLASH_COMPARE);
        else
            probe(flash);
        return;
    }
}
