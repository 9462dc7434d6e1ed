/* SPDX-License-Identifier: MIT */
#include "proto/step/stub_upload.h"

#include "proto/chip/identity.h"
#include "proto/link/bytes.h"
#include "proto/link/duration.h"
#include "proto/link/text.h"

#include <ctype.h>
#include <string.h>
#include <zlib.h>

/* The loader answers as soon as it has a request; the line's time for it is added by the session. */
#define MEM_TIMEOUT      (300 * MS)
#define HASTY_TIMEOUT    (100 * MS)
#define RESENDS          8   /* in a row, of what gets lost or damaged on the way to the loader */
#define SMALL_BLOCK      512 /* to upload at a time where blocks get damaged */
#define FENCE_TRIES      4
#define STARTS           3 /* MEM_ENDs */
#define GREETING_TIMEOUT (700 * MS)
#define HASTY_GREETING   (200 * MS)
#define INFO_TIMEOUT     (200 * MS)
#define INFO_TRIES       5
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
static enum step_status begin_upload(struct stub_upload *step, uint32_t block_size)
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
    return STEP_RUNNING;
}

static enum step_status begin_segment(struct stub_upload *step)
{
    step->uploaded = 0;
    return begin_upload(step, current_segment(step)->block);
}

static uint32_t next_block_size(const struct stub_upload *step)
{
    uint32_t left = current_segment(step)->size - step->uploaded;
    return left < step->block_size ? left : step->block_size;
}

static enum step_status send_block(struct stub_upload *step)
{
    step->phase = STUB_UPLOAD_BLOCK;
    step_begin_operation(&step->base, OPERATION_UPLOAD_STUB, 0);
    session_request_block(step->base.session, WIRE_MEM_DATA, (uint32_t)step->block++,
                          current_segment(step)->bytes + step->uploaded, next_block_size(step), mem_timeout(step), 1);
    return STEP_RUNNING;
}

static enum step_status start_stub(struct stub_upload *step)
{
    const uint32_t words[] = {0, step->parameters.stub->entry};
    step->phase = STUB_UPLOAD_END;
    step->starts++;
    step_begin_operation(&step->base, OPERATION_START_STUB, 0);
    step_request_words(&step->base, WIRE_MEM_END, words, 2, mem_timeout(step), 1);
    session_expect_frame(step->base.session, WIRE_GREETING);
    return STEP_RUNNING;
}

static enum step_status upload_next(struct stub_upload *step)
{
    if (step->uploaded < current_segment(step)->size)
        return send_block(step);
    if (++step->segment < step->parameters.stub->n_segments)
        return begin_segment(step);
    return start_stub(step);
}

/* An upload is repeated after any answer but a good one: the loader refuses nothing of it unless the line has damaged
 * it, and to upload twice does no harm. */
static bool worth_a_resend(const struct stub_upload *step, const struct session_event *event)
{
    return step->resends < RESENDS && (event->kind == SESSION_EXPIRED || event->kind == SESSION_REPLY);
}

/* The loader counts a block before it checks the checksum, and a block does not tell its address: a repeated one is
 * refused. MEM_BEGIN may come at any time, though, so the upload begins anew at the address it has reached. An answer
 * to a block does not tell to which: none may still be under way then. The loader answers in order. */
static enum step_status ask_fence(struct stub_upload *step)
{
    const uint32_t address = CHIP_MAGIC_ADDRESS;
    step->resends++;
    step->phase = STUB_UPLOAD_FENCE;
    step_begin_operation(&step->base, OPERATION_UPLOAD_STUB, 0);
    step_request_words(&step->base, WIRE_READ_REG, &address, 1, mem_timeout(step), FENCE_TRIES);
    return STEP_RUNNING;
}

static enum step_status resume_upload(struct stub_upload *step, const struct session_event *event)
{
    const struct stub_segment *segment = current_segment(step);
    if (!step_check(&step->base, event))
        return STEP_FAILED;
    /* Two frames that ran together may have spoilt blocks that lie in the ROM's message buffer. */
    if (segment->block < WIRE_MEM_BLOCK)
        step->uploaded = 0;
    return begin_upload(step, segment->block < SMALL_BLOCK ? segment->block : SMALL_BLOCK);
}

static enum step_status take_upload_reply(struct stub_upload *step, const struct session_event *event)
{
    if (step_check(&step->base, event)) {
        if (step->phase == STUB_UPLOAD_BLOCK) {
            step->uploaded += next_block_size(step);
            step->resends = 0;
        }
        return upload_next(step);
    }
    return worth_a_resend(step, event) ? ask_fence(step) : STEP_FAILED;
}

static enum step_status ask_info(struct stub_upload *step)
{
    struct session *session = step->base.session;
    step->phase = STUB_UPLOAD_INFO;
    step->running = true;
    session->stray_limit = STRAY_LIMIT;
    session_request(session, WIRE_STUB_INFO, NULL, 0, INFO_TIMEOUT, INFO_TRIES);
    return STEP_RUNNING;
}

/* The greeting proves the start, so a lost answer does not matter: the greeting may come in its place. A stub that has
 * been started again, since its greeting was lost, greets again. */
static enum step_status await_greeting(struct stub_upload *step, const struct session_event *event)
{
    if (event->kind == SESSION_FRAME)
        return ask_info(step);
    if (event->kind == SESSION_REPLY && !step_check(&step->base, event))
        return step->starts < STARTS ? start_stub(step) : STEP_FAILED;
    step->phase = STUB_UPLOAD_GREETING;
    uint64_t timeout = step->parameters.hasty ? HASTY_GREETING : GREETING_TIMEOUT;
    step->greeting_deadline = step->base.session->now + timeout;
    step_begin_operation(&step->base, OPERATION_AWAIT_GREETING, 0);
    step->base.evidence.name = step->parameters.stub->name;
    session_listen(step->base.session, timeout);
    return STEP_RUNNING;
}

static enum step_status take_greeting(struct stub_upload *step, const struct session_event *event)
{
    struct session *session = step->base.session;
    bool expired = event->kind != SESSION_FRAME || session->now >= step->greeting_deadline;
    if (expired && step->starts < STARTS)
        return start_stub(step);
    if (expired)
        return step_fail(&step->base, EVIDENCE_NO_ANSWER);
    if (event->len != strlen(WIRE_GREETING) || memcmp(event->data, WIRE_GREETING, event->len) != 0) {
        session_listen(session, step->greeting_deadline - session->now);
        return STEP_RUNNING;
    }
    return ask_info(step);
}

static size_t name_length(const struct session_event *event)
{
    size_t n = 0;
    while (n < event->len && isprint(event->data[n]))
        n++;
    return n;
}

static void take_name(struct stub_upload *step, const struct session_event *event)
{
    size_t n = name_length(event);
    if (n >= sizeof(step->name))
        n = sizeof(step->name) - 1;
    memcpy(step->name, event->data, n);
    step->name[n] = '\0';
}

/* One number for all that the answer tells. */
static uint32_t fingerprint(const struct session_event *event)
{
    uint8_t value[4];
    put_le32(value, event->value);
    return (uint32_t)crc32(crc32(0, value, sizeof(value)), event->data, (uInt)event->len);
}

/* The CRC-32 that the stub tells follows its name and a zero byte; one that promises it and does not tell it is not the
 * one that was uploaded. */
static enum step_status check_crc(struct stub_upload *step, const struct session_event *event)
{
    size_t at = name_length(event) + 1;
    uint32_t right = step->parameters.stub->crc;
    uint32_t told = at + 4 <= event->len ? get_le32(event->data + at) : ~right;
    if (told == right || !(step->capabilities & WIRE_TELLS_CRC))
        return STEP_DONE;
    step_begin_operation(&step->base, OPERATION_UPLOAD_STUB, 0);
    return step_fail_values(&step->base, EVIDENCE_STUB_DAMAGED, told, right);
}

/* A stub without our extension answers with an error or not at all. */
static enum step_status take_info(struct stub_upload *step, const struct session_event *event)
{
    text_copy(step->name, sizeof(step->name), step->parameters.stub->name);
    if (event->kind != SESSION_REPLY || event->wire_error != WIRE_OK)
        return STEP_DONE;
    if (!repeated_read_agrees(&step->info, fingerprint(event)))
        return repeated_read_exhausted(&step->info) ? STEP_DONE : ask_info(step);
    step->capabilities = event->value;
    take_name(step, event);
    return check_crc(step, event);
}

enum step_status stub_upload_start(struct stub_upload *step, struct session *session,
                                   const struct stub_upload_parameters *parameters)
{
    *step = (struct stub_upload){.parameters = *parameters};
    step_init(&step->base, session);
    return begin_segment(step);
}

enum step_status stub_upload_step(struct stub_upload *step, const struct session_event *event)
{
    switch (step->phase) {
    case STUB_UPLOAD_FENCE: return resume_upload(step, event);
    case STUB_UPLOAD_END: return await_greeting(step, event);
    case STUB_UPLOAD_GREETING: return take_greeting(step, event);
    case STUB_UPLOAD_INFO: return take_info(step, event);
    case STUB_UPLOAD_BEGIN:
    case STUB_UPLOAD_BLOCK: break;
    }
    return take_upload_reply(step, event);
}
