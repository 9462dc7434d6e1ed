/* SPDX-License-Identifier: MIT */
#include "proto/step/stream.h"

#include "proto/image/stream_time.h"
#include "proto/link/bytes.h"
#include "proto/link/duration.h"

#include <string.h>
#include <zlib.h>

/* To begin takes some ms, or with a write protection to remove 0.6 s. To begin twice does no harm. */
#define BEGIN_TIMEOUT (300 * MS)
#define BEGIN_TRIES   10 /* requests without an answer */
#define BEGIN_ECHOES  10 /* answers that repeat something else than what was asked */
#define BEGIN_WORDS   3

/* Without a status for this time the stub is asked for one. What the kernel and the adapter still hold of what was
 * sent, 4 KB or more, is added by the rate. */
#define POLL_AFTER (30 * MS)
#define QUEUED     4096

/* New frames that are given to the line at once: one for each BATCH_BAUD of the rate. A driver takes 4 KB. */
#define BATCH_BAUD 230400
#define BATCH_MAX  4

/* A stub at work sends a status every 0.1 s. Where other bytes come instead, the board has reset itself. A 64 KB block
 * of flash may take 4 s to erase before the stub says that the part is too slow. */
#define STRAY_SILENCE  (500 * MS)
#define SILENCE_LIMIT  (2 * S)
#define PROGRESS_LIMIT (10 * S)
/* Nothing keeps the stub from acknowledging the first frame at once. If none arrives, the line cannot do the rate. */
#define FIRST_FRAME_LIMIT (1500 * MS)

static const struct golden_part *current_part(const struct stream *step)
{
    return &step->parameters.golden->parts[step->part];
}

const struct stream_data *stream_data_of(const struct stream_parameters *parameters, size_t part)
{
    return parameters->update ? &parameters->update->parts[part] : &parameters->golden->parts[part].stream;
}

bool stream_line_is_slower(const struct stream_parameters *parameters, uint32_t baud)
{
    uint64_t line = 0, flash = 0;
    for (size_t i = 0; i < parameters->golden->n_parts; i++) {
        const struct stream_data *data = stream_data_of(parameters, i);
        line += stream_line_us(data, baud);
        flash += stream_flash_us(data, true); /* what is not erased because it is blank is not known yet */
    }
    return line > flash;
}

static uint64_t poll_after(const struct stream *step)
{
    return POLL_AFTER + QUEUED * 10 * S / step->base.session->baud;
}

static void ask_to_begin(struct stream *step)
{
    const struct golden_part *part = current_part(step);
    const uint32_t words[BEGIN_WORDS] = {part->offset, part->padded_size, step->parameters.flags};
    step->begins++;
    step_begin_operation(&step->base, OPERATION_BEGIN_WRITE, part->offset);
    step_request_words(&step->base, WIRE_STREAM_BEGIN, words, BEGIN_WORDS, BEGIN_TIMEOUT, BEGIN_TRIES);
}

static enum step_status begin_part(struct stream *step)
{
    const struct golden_part *part = current_part(step);
    struct stream fresh = {.base = step->base,
                           .parameters = step->parameters,
                           .part = step->part,
                           .mismatched = step->mismatched,
                           .resends = step->resends};
    *step = fresh;
    step->data = *stream_data_of(&step->parameters, step->part);
    step->n_frames = (step->data.size + WIRE_STREAM_PAYLOAD - 1) / WIRE_STREAM_PAYLOAD;
    step->erased = step->written = step->verified = part->offset;
    ask_to_begin(step);
    return STEP_RUNNING;
}

/* Requests carry no checksum: one that was damaged on the line would write to another place. */
static enum step_status fail_damaged(struct stream *step)
{
    step->base.evidence.wire_error = WIRE_ERR_INVALID;
    return step_fail(&step->base, EVIDENCE_REFUSED);
}

/* Sending. */

static bool acknowledged(const struct stream *step, uint32_t frame)
{
    return frame < step->next || (step->received >> (frame - step->next) & 1);
}

#define FRAME_MAX (WIRE_STREAM_HEADER_SIZE + WIRE_STREAM_PAYLOAD + WIRE_CRC_SIZE)

/* Data frame `number`, or a bare poll if that is n_frames. Returns its length. */
static size_t make_frame(const struct stream *step, uint32_t number, uint8_t poll, uint8_t frame[FRAME_MAX])
{
    uint32_t at = number * WIRE_STREAM_PAYLOAD;
    uint32_t left = number < step->n_frames ? step->data.size - at : 0;
    size_t n = left < WIRE_STREAM_PAYLOAD ? left : WIRE_STREAM_PAYLOAD;
    frame[0] = WIRE_STREAM;
    frame[1] = poll;
    put_le16(frame + 2, (uint16_t)number);
    if (n > 0)
        memcpy(frame + WIRE_STREAM_HEADER_SIZE, step->data.bytes + at, n);
    n += WIRE_STREAM_HEADER_SIZE;
    put_le32(frame + n, (uint32_t)crc32(0, frame, (uInt)n));
    return n + WIRE_CRC_SIZE;
}

static enum step_status send(struct stream *step, uint32_t number, uint8_t poll)
{
    uint8_t frame[FRAME_MAX];
    size_t n = make_frame(step, number, poll, frame);
    step->sending = true;
    session_stream(step->base.session, frame, n, poll_after(step));
    return STEP_RUNNING;
}

static enum step_status send_frame(struct stream *step, uint32_t number)
{
    step->sent_as[number % STREAM_WINDOW] = ++step->count;
    return send(step, number, 0);
}

static void add_frame(struct stream *step, uint32_t number)
{
    uint8_t frame[FRAME_MAX];
    size_t n = make_frame(step, number, 0, frame);
    step->sent_as[number % STREAM_WINDOW] = ++step->count;
    session_stream_add(step->base.session, frame, n, poll_after(step));
}

static enum step_status send_poll(struct stream *step)
{
    step->poll = step->poll == UINT8_MAX ? 1 : step->poll + 1;
    step->poll_sent_as = ++step->count;
    return send(step, step->n_frames, step->poll);
}

static bool may_send_fresh(const struct stream *step)
{
    return step->fresh < step->n_frames && step->fresh < step->limit && step->fresh < step->next + STREAM_WINDOW;
}

/* Several at once, where the line has them in 50 ms: that is fewer and larger writes, and what is found to be lost
 * meanwhile can wait so long. */
static enum step_status send_fresh(struct stream *step)
{
    uint32_t batch = step->base.session->baud / BATCH_BAUD;
    enum step_status status = send_frame(step, step->fresh++);
    for (uint32_t n = 1; n < batch && n < BATCH_MAX && may_send_fresh(step); n++)
        add_frame(step, step->fresh++);
    return status;
}

static bool lost(const struct stream *step, uint32_t frame)
{
    return !acknowledged(step, frame) && (int32_t)(step->sent_as[frame % STREAM_WINDOW] - step->arrived) < 0;
}

static enum step_status go_on(struct stream *step)
{
    if (step->sending) {
        session_stream_on(step->base.session, poll_after(step));
        return STEP_RUNNING;
    }
    for (uint32_t frame = step->next; frame < step->fresh; frame++)
        if (lost(step, frame)) {
            step->resends++;
            return send_frame(step, frame);
        }
    if (may_send_fresh(step))
        return send_fresh(step);
    session_stream_on(step->base.session, poll_after(step));
    return STEP_RUNNING;
}

static enum step_status go_on_or_give_up(struct stream *step, bool expired)
{
    const struct session *session = step->base.session;
    uint64_t silence = session->now - step->heard;
    if (silence > STRAY_SILENCE && session->stray_limit > 0 && session->stray > session->stray_limit) {
        step->base.evidence.count = session->stray;
        return step_fail(&step->base, EVIDENCE_STRAY);
    }
    uint64_t patience = step->next == 0 && step->received == 0 ? FIRST_FRAME_LIMIT : PROGRESS_LIMIT;
    if (silence > SILENCE_LIMIT || session->now - step->progressed > patience)
        return step_fail(&step->base, EVIDENCE_NO_ANSWER);
    return expired && !step->sending ? send_poll(step) : go_on(step);
}

/* Statuses. */

static void note_arrival(struct stream *step, uint32_t count)
{
    if ((int32_t)(count - step->arrived) > 0)
        step->arrived = count;
}

/* The line keeps the order, so numbers that go back, or that were never sent, acknowledge nothing. */
static void take_acknowledgement(struct stream *step, const uint8_t *status)
{
    uint32_t next = get_le16(status + WIRE_STATUS_NEXT), limit = get_le16(status + WIRE_STATUS_LIMIT);
    if (next < step->next || next > step->fresh)
        return;
    for (uint32_t frame = step->next; frame < next; frame++)
        note_arrival(step, step->sent_as[frame % STREAM_WINDOW]);
    step->next = next;
    step->received = (uint64_t)get_le32(status + WIRE_STATUS_RECEIVED) << 1;
    for (uint32_t frame = next + 1; frame < step->fresh; frame++)
        if (acknowledged(step, frame))
            note_arrival(step, step->sent_as[frame % STREAM_WINDOW]);
    if (limit > step->limit)
        step->limit = limit;
}

static bool is_status(const struct session_event *event)
{
    return event->len == WIRE_STATUS_SIZE && event->data[0] == WIRE_STREAM &&
           get_le32(event->data + WIRE_STATUS_SIZE - WIRE_CRC_SIZE) ==
               (uint32_t)crc32(0, event->data, WIRE_STATUS_SIZE - WIRE_CRC_SIZE);
}

static void take_progress(struct stream *step, const uint8_t *status, uint32_t before)
{
    uint32_t erased = get_le32(status + WIRE_STATUS_ERASED), written = get_le32(status + WIRE_STATUS_WRITTEN);
    uint32_t verified = get_le32(status + WIRE_STATUS_VERIFIED);
    step->heard = step->base.session->now;
    if (step->next != before || erased != step->erased || written != step->written || verified != step->verified)
        step->progressed = step->heard;
    step->erased = erased;
    step->written = written;
    step->verified = verified;
}

static enum step_status fail_mismatched(struct stream *step)
{
    step_begin_operation(&step->base, OPERATION_VERIFY, step->mismatched->offset);
    step->base.evidence.name = step->mismatched->name;
    return step_fail(&step->base, EVIDENCE_MISMATCH);
}

/* A wrong MD5 may be that of a wrong reading: all parts are written before the caller reads them again. */
static enum step_status end_part(struct stream *step, const uint8_t *status)
{
    const struct golden_part *part = current_part(step);
    if (!step->mismatched && memcmp(status + WIRE_STATUS_MD5, part->md5, GOLDEN_MD5_SIZE) != 0)
        step->mismatched = part;
    if (++step->part < step->parameters.golden->n_parts)
        return begin_part(step);
    return step->mismatched ? fail_mismatched(step) : STEP_DONE;
}

static bool is_of_part(const struct stream *step, const uint8_t *status)
{
    const struct golden_part *part = current_part(step);
    uint32_t verified = get_le32(status + WIRE_STATUS_VERIFIED) - part->offset;
    return status[WIRE_STATUS_STATE] == WIRE_STREAM_DONE ? verified == part->padded_size
                                                         : verified <= part->padded_size;
}

static enum step_status take_status(struct stream *step, const uint8_t *status)
{
    uint32_t before = step->next;
    if (status[WIRE_STATUS_ERROR] != WIRE_OK) {
        step->base.evidence.wire_error = status[WIRE_STATUS_ERROR];
        return step_fail(&step->base, EVIDENCE_REFUSED);
    }
    if (!is_of_part(step, status))
        return fail_damaged(step);
    if (status[WIRE_STATUS_STATE] == WIRE_STREAM_DONE)
        return end_part(step, status);
    take_acknowledgement(step, status);
    if (step->poll != 0 && status[WIRE_STATUS_POLL] == step->poll)
        note_arrival(step, step->poll_sent_as);
    take_progress(step, status, before);
    return go_on_or_give_up(step, false);
}

static bool echoes_request(const struct stream *step, const struct session_event *event)
{
    const struct golden_part *part = current_part(step);
    return event->len == BEGIN_WORDS * sizeof(uint32_t) && get_le32(event->data) == part->offset &&
           get_le32(event->data + 4) == part->padded_size && get_le32(event->data + 8) == step->parameters.flags;
}

static enum step_status begin_stream(struct stream *step, const struct session_event *event)
{
    bool refused_elsewhere = event->kind == SESSION_REPLY && event->wire_error == WIRE_ERR_INVALID;
    if (!refused_elsewhere && !step_check(&step->base, event))
        return STEP_FAILED;
    if (refused_elsewhere || !echoes_request(step, event)) {
        if (step->begins == BEGIN_ECHOES)
            return fail_damaged(step);
        ask_to_begin(step);
        return STEP_RUNNING;
    }
    step->begun = true;
    step->limit = event->value;
    step->heard = step->progressed = step->base.session->now;
    step_begin_operation(&step->base, OPERATION_STREAM, current_part(step)->offset);
    return go_on(step);
}

enum step_status stream_start(struct stream *step, struct session *session, const struct stream_parameters *parameters)
{
    *step = (struct stream){.parameters = *parameters};
    step_init(&step->base, session);
    return begin_part(step);
}

enum step_status stream_step(struct stream *step, const struct session_event *event)
{
    if (!step->begun)
        return begin_stream(step, event);
    switch (event->kind) {
    case SESSION_FRAME: return is_status(event) ? take_status(step, event->data) : go_on_or_give_up(step, false);
    case SESSION_SENT: step->sending = false; return go_on_or_give_up(step, false);
    case SESSION_EXPIRED: return go_on_or_give_up(step, true);
    default: return step_check(&step->base, event) ? go_on(step) : STEP_FAILED;
    }
}
