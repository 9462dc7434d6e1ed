/* SPDX-License-Identifier: MIT */
#include "daemon/base/clock.h"
#include "daemon/book/attempt_json.h"
#include "daemon/station/attempt_record.h"
#include "daemon/station/slot_internal.h"

#include <math.h>

const char *slot_name(const struct slot *slot)
{
    return slot->name;
}

enum presence_mode slot_presence(const struct slot *slot)
{
    return slot->presence;
}

const char *slot_path(const struct slot *slot)
{
    return slot->path;
}

const struct adapter *slot_adapter(const struct slot *slot)
{
    return slot->present ? &slot->adapter : NULL;
}

int64_t slot_since(const struct slot *slot)
{
    return slot->since;
}

bool slot_is_idle(const struct slot *slot)
{
    return slot->stage == STAGE_IDLE;
}

static bool attempt_is_open(const struct slot *slot)
{
    return slot->stage == STAGE_FLASHING || slot->stage == STAGE_ENDING;
}

static enum slot_state shown_state(const struct attempt *attempt)
{
    switch (attempt->verdict) {
    case VERDICT_PASS: return SLOT_PASS;
    case VERDICT_FAIL: return SLOT_FAIL;
    default: return SLOT_INTERRUPTED;
    }
}

enum slot_state slot_state(const struct slot *slot)
{
    if (!slot->present)
        return SLOT_EMPTY;
    switch (slot->stage) {
    case STAGE_IDLE: return slot->muted ? SLOT_MUTED : SLOT_EMPTY;
    case STAGE_SETTLING: return SLOT_SETTLING;
    case STAGE_OPENING: return slot->trouble[0] ? SLOT_BLOCKED : SLOT_SETTLING;
    case STAGE_BLOCKED: return SLOT_BLOCKED;
    case STAGE_STUCK: return SLOT_STUCK;
    case STAGE_READY: return slot_hindrance(slot) ? SLOT_BLOCKED : SLOT_READY;
    case STAGE_BOOKING: return slot->world->blocked ? SLOT_BLOCKED : SLOT_SETTLING;
    case STAGE_FLASHING: return program_waits_for_person(&slot->program) ? SLOT_WAITING : SLOT_FLASHING;
    case STAGE_ENDING: return slot->world->blocked ? SLOT_BLOCKED : SLOT_FLASHING;
    case STAGE_SHOWN: return shown_state(&slot->attempt);
    }
    return SLOT_EMPTY;
}

static const char *state_name(enum slot_state state)
{
    static const char *const names[] = {
#define X(name, text) [SLOT_##name] = #text,
        SLOT_STATES(X)
#undef X
    };
    return names[state];
}

static const char *blocked_sentence(const struct slot *slot)
{
    if (slot->trouble[0])
        return slot->trouble;
    const char *hindrance = slot_hindrance(slot);
    return hindrance ? hindrance : "Came during a hold: plug it in again, or try again";
}

static const char *sentence(const struct slot *slot, enum slot_state state)
{
    switch (state) {
    case SLOT_EMPTY: return "";
    case SLOT_MUTED: return "Not in the configuration: left alone";
    case SLOT_SETTLING:
        if (slot->presence == BY_PLUG)
            return "A board is plugged in";
        return slot->port ? "A board is put in" : "The fixture's adapter is plugged in";
    case SLOT_READY: return slot->presence == BY_START ? "Put a board in and press start" : "Put a board in";
    case SLOT_BLOCKED: return blocked_sentence(slot);
    case SLOT_WAITING:
    case SLOT_FLASHING: return slot->stage == STAGE_ENDING ? "Booking the verdict" : program_sentence(&slot->program);
    case SLOT_PASS:
        return slot->attempt.written == WRITTEN_NO ? "Already right, not written: take the board away"
                                                   : "Passed: take the board away";
    case SLOT_STUCK: return cause_sentence(CAUSE_ADAPTER_STUCK);
    case SLOT_FAIL:
    case SLOT_INTERRUPTED: return cause_sentence(slot->attempt.cause);
    }
    return "";
}

static json_t *adapter_json(const struct adapter *adapter)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "devnode", adapter->devnode, "driver", adapter->driver, "model",
                     adapter->model, "serial", adapter->serial, "vid", adapter->vid, "pid", adapter->pid);
}

/* The attempt with what only a running one has. */
static json_t *live_attempt_json(const struct slot *slot)
{
    if (slot->attempt.id == 0)
        return json_null();
    if (!attempt_is_open(slot))
        return attempt_json(&slot->attempt);
    /* The verdict is not shown before it is in the book. */
    struct attempt attempt = slot->attempt;
    uint64_t now = steady_clock_us();
    attempt_observe(&attempt, &slot->program);
    attempt.verdict = VERDICT_OPEN;
    attempt.cause = CAUSE_NONE;
    attempt.detail[0] = '\0';
    attempt.ended = 0;
    json_t *json = attempt_json(&attempt);
    double left = program_seconds_left(&slot->program, now);
    json_object_set_new(json, "phase", json_string(program_phase_name(&slot->program)));
    json_object_set_new(json, "tries_allowed", json_integer(slot->job.tries));
    bool flashing = slot->stage == STAGE_FLASHING;
    json_object_set_new(json, "previous_try", json_string(flashing ? cause_sentence(slot->program.cause) : ""));
    json_object_set_new(json, "percent",
                        json_integer(flashing ? program_percent(&slot->program, now) : slot->told_percent));
    json_object_set_new(json, "seconds_left", left < 0 ? json_null() : json_real(round(left * 10) / 10));
    return json;
}

json_t *slot_json(const struct slot *slot)
{
    enum slot_state state = slot_state(slot);
    json_t *prompt = json_null();
    if (state == SLOT_WAITING)
        prompt = json_string("Hold the GPIO0 (flash) button and press reset");
    json_t *adapter = slot->present ? adapter_json(&slot->adapter) : json_null();
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o}", "slot", slot->name, "path", slot->path,
                     "presence", presence_word(slot->presence), "state", state_name(state), "since",
                     time_json(slot->since), "sentence", sentence(slot, state), "prompt", prompt, "adapter", adapter,
                     "attempt", live_attempt_json(slot));
}
