/* SPDX-License-Identifier: MIT */
/* Uploading the stub through the ROM loader, and raising the baud rate with its help. */
#include "proto/flash_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MEM_TIMEOUT      (1 * S)
#define GREETING_TIMEOUT (2 * S)
#define INFO_TIMEOUT     (300 * MS)
#define BAUD_TIMEOUT     (500 * MS)
#define BAUD_SETTLE      (50 * MS) /* a stub switches about 10 ms after its answer */
#define BAUD_PROBES      3
/* An answer is 12 bytes, an MD5 28: less than two of them damaged. A boot message has about 60. */
#define STRAY_LIMIT 48

enum { STUB_BEGIN, STUB_DATA, STUB_END, STUB_GREETING, STUB_INFO };

static void begin_segment(struct flash *flash)
{
    const struct stub_segment *segment = &flash->job->stub->segments[flash->at.segment];
    uint32_t blocks = (segment->size + segment->block - 1) / segment->block;
    const uint32_t words[] = {segment->size, blocks, segment->block, segment->address};
    flash->step = STUB_BEGIN;
    flash->at.block = 0;
    flash_request_words(flash, WIRE_MEM_BEGIN, words, 4, MEM_TIMEOUT, 1);
}

static void upload_next(struct flash *flash)
{
    const struct stub_image *stub = flash->job->stub;
    const struct stub_segment *segment = &stub->segments[flash->at.segment];
    size_t offset = flash->at.block * (size_t)segment->block;
    if (offset < segment->size) {
        size_t left = segment->size - offset;
        flash->step = STUB_DATA;
        /* Sent once: the ROM counts a block before it looks at the checksum, so a repeated one is refused. */
        session_request_block(flash->session, WIRE_MEM_DATA, (uint32_t)flash->at.block++, segment->bytes + offset,
                              left < segment->block ? left : segment->block, MEM_TIMEOUT, 1);
    } else if (++flash->at.segment < stub->n_segments) {
        begin_segment(flash);
    } else {
        const uint32_t words[] = {0, stub->entry};
        flash->step = STUB_END;
        flash_request_words(flash, WIRE_MEM_END, words, 2, MEM_TIMEOUT, 1);
    }
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
    case STUB_BEGIN:
    case STUB_DATA:
        if (flash_good(flash, event, "uploading the stub", CAUSE_ROM_REFUSED, CAUSE_LINK_LOST))
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
        const uint32_t words[] = {baud, FLASH_ROM_BAUD};
        flash_request_words(flash, WIRE_CHANGE_BAUDRATE, words, 2, BAUD_TIMEOUT, 1);
        return;
    }
    /* An adapter that cannot do the rate says so with EINVAL or, read back, ERANGE: the next lower may do. */
    if (event->kind == SESSION_DONE && event->error != 0 && !flash_is_unplugged(event->error)) {
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
