/* SPDX-License-Identifier: MIT */
#include "proto/step/stub_upload.h"

#include "proto/link/duration.h"
#include "proto/link/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MEM_TIMEOUT      (1 * S)
#define HASTY_TIMEOUT    (200 * MS)
#define RESENDS          4    /* in a row, of what gets lost or damaged on the way to the ROM */
#define SMALL_BLOCK      1024 /* to upload at a time where blocks get damaged */
#define GREETING_TIMEOUT (2 * S)
#define INFO_TIMEOUT     (300 * MS)
/* An answer is 12 bytes, an MD5 28: less than two of them damaged. A boot message has about 60. */
#define STRAY_LIMIT 48

static const struct stub_segment *current_segment(const struct stub_upload *step)
{
    return &step->parameters.stub->segments[step->segment];
}

static uint64_t mem_timeout(const struct stub_upload *step)
{
    return step->parameters.hasty ? HASTY_TIMEOUT : MEM_TIMEOUT;
}

/* Of what is still to be uploaded of a segment. */
static void begin_upload(struct stub_upload *step, uint32_t block_size)
{
    const struct stub_segment *segment = current_segment(step);
    uint32_t left = segment->size - step->uploaded;
    const uint32_t words[] = {left, (left + block_size - 1) / block_size, block_size,
                              segment->address + step->uploaded};
    step->phase = STUB_UPLOAD_BEGIN;
    step->block = 0;
    step->block_size = block_size;
    step_begin_operation(&step->base, OPERATION_UPLOAD_STUB, 0);
    step_request_words(&step->base, WIRE_MEM_BEGIN, words, 4, mem_timeout(step), 1);
}

static void begin_segment(struct stub_upload *step)
{
    step->uploaded = 0;
    begin_upload(step, current_segment(step)->block);
}

static uint32_t next_block_size(const struct stub_upload *step)
{
    uint32_t left = current_segment(step)->size - step->uploaded;
    return left < step->block_size ? left : step->block_size;
}

static void send_block(struct stub_upload *step)
{
    step->phase = STUB_UPLOAD_BLOCK;
    step_begin_operation(&step->base, OPERATION_UPLOAD_STUB, 0);
    session_request_block(step->base.session, WIRE_MEM_DATA, (uint32_t)step->block++,
                          current_segment(step)->bytes + step->uploaded, next_block_size(step), mem_timeout(step), 1);
}

static void start_stub(struct stub_upload *step)
{
    const uint32_t words[] = {0, step->parameters.stub->entry};
    step->phase = STUB_UPLOAD_END;
    step_begin_operation(&step->base, OPERATION_START_STUB, 0);
    step_request_words(&step->base, WIRE_MEM_END, words, 2, mem_timeout(step), 1);
    session_expect_frame(step->base.session, WIRE_GREETING);
}

static void upload_next(struct stub_upload *step)
{
    if (step->uploaded < current_segment(step)->size)
        send_block(step);
    else if (++step->segment < step->parameters.stub->n_segments)
        begin_segment(step);
    else
        start_stub(step);
}

static bool damaged_on_the_line(const struct stub_upload *step, const struct session_event *event)
{
    if (step->parameters.hasty || step->resends == RESENDS)
        return false;
    return event->kind == SESSION_EXPIRED ||
           (event->kind == SESSION_REPLY &&
            (event->wire_error == WIRE_ROM_ERR_FORMAT || event->wire_error == WIRE_ROM_ERR_CHECKSUM));
}

/* The ROM counts a block before it checks the checksum, and a block does not tell its address: a repeated one is
 * refused. MEM_BEGIN may come at any time, though, so the upload begins anew at the address it has reached. An answer
 * to a block does not tell to which: none may still be under way then. */
static void pause_upload(struct stub_upload *step)
{
    step->resends++;
    step->phase = STUB_UPLOAD_PAUSE;
    session_pause(step->base.session, MEM_TIMEOUT);
}

static void resume_upload(struct stub_upload *step)
{
    const struct stub_segment *segment = current_segment(step);
    /* Two frames that ran together may have spoilt blocks that lie in the ROM's message buffer. */
    if (segment->block < WIRE_MEM_BLOCK)
        step->uploaded = 0;
    begin_upload(step, segment->block < SMALL_BLOCK ? segment->block : SMALL_BLOCK);
}

static enum step_status take_upload_reply(struct stub_upload *step, const struct session_event *event)
{
    if (damaged_on_the_line(step, event)) {
        pause_upload(step);
        return STEP_RUNNING;
    }
    if (!step_check(&step->base, event))
        return STEP_FAILED;
    if (step->phase == STUB_UPLOAD_BLOCK) {
        step->uploaded += next_block_size(step);
        step->resends = 0;
    }
    upload_next(step);
    return STEP_RUNNING;
}

static enum step_status ask_info(struct stub_upload *step)
{
    struct session *session = step->base.session;
    step->phase = STUB_UPLOAD_INFO;
    step->running = true;
    session->stray_limit = STRAY_LIMIT;
    session_request(session, WIRE_STUB_INFO, NULL, 0, INFO_TIMEOUT, 2);
    return STEP_RUNNING;
}

/* The greeting proves the start, so a lost answer does not matter: the greeting may come in its place. */
static enum step_status await_greeting(struct stub_upload *step, const struct session_event *event)
{
    if (event->kind == SESSION_FRAME)
        return ask_info(step);
    if (event->kind == SESSION_REPLY && !step_check(&step->base, event))
        return STEP_FAILED;
    step->phase = STUB_UPLOAD_GREETING;
    uint64_t timeout = step->parameters.hasty ? HASTY_TIMEOUT : GREETING_TIMEOUT;
    step->greeting_deadline = step->base.session->now + timeout;
    step_begin_operation(&step->base, OPERATION_AWAIT_GREETING, 0);
    step->base.evidence.name = step->parameters.stub->name;
    session_listen(step->base.session, timeout);
    return STEP_RUNNING;
}

static enum step_status take_greeting(struct stub_upload *step, const struct session_event *event)
{
    struct session *session = step->base.session;
    if (event->kind != SESSION_FRAME || session->now >= step->greeting_deadline)
        return step_fail(&step->base, EVIDENCE_NO_ANSWER);
    if (event->len != strlen(WIRE_GREETING) || memcmp(event->data, WIRE_GREETING, event->len) != 0) {
        session_listen(session, step->greeting_deadline - session->now);
        return STEP_RUNNING;
    }
    return ask_info(step);
}

/* A stub without our extension answers with an error or not at all. */
static enum step_status take_info(struct stub_upload *step, const struct session_event *event)
{
    text_copy(step->name, sizeof(step->name), step->parameters.stub->name);
    if (event->kind != SESSION_REPLY || event->wire_error != WIRE_OK)
        return STEP_DONE;
    step->capabilities = event->value;
    size_t n = 0;
    while (n < event->len && n < sizeof(step->name) - 1 && isprint(event->data[n])) {
        step->name[n] = (char)event->data[n];
        n++;
    }
    step->name[n] = '\0';
    return STEP_DONE;
}

enum step_status stub_upload_start(struct stub_upload *step, struct session *session,
                                   const struct stub_upload_parameters *parameters)
{
    *step = (struct stub_upload){.parameters = *parameters};
    step_init(&step->base, session);
    begin_segment(step);
    return STEP_RUNNING;
}

enum step_status stub_upload_step(struct stub_upload *step, const struct session_event *event)
{
    switch (step->phase) {
    case STUB_UPLOAD_PAUSE: resume_upload(step); return STEP_RUNNING;
    case STUB_UPLOAD_END: return await_greeting(step, event);
    case STUB_UPLOAD_GREETING: return take_greeting(step, event);
    case STUB_UPLOAD_INFO: return take_info(step, event);
    case STUB_UPLOAD_BEGIN:
    case STUB_UPLOAD_BLOCK: break;
    }
    return take_upload_reply(step, event);
}
