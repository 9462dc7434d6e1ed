/* SPDX-License-Identifier: MIT */
#include "daemon/base/clock.h"
#include "daemon/station/attempt_record.h"
#include "daemon/station/slot.h"
#include "daemon/station/slot_state.h"
#include "proto/link/text.h"
#include "proto/recipe/program_progress.h"

#include <stdio.h>

const char *slot_name(const struct slot *slot)
{
    return slot->name;
}

enum presence_mode slot_mode(const struct slot *slot)
{
    return slot->presence;
}

const char *slot_path(const struct slot *slot)
{
    return slot->path;
}

const struct adapter *slot_adapter(const struct slot *slot)
{
    return slot_has_adapter(slot) ? &slot->adapter : NULL;
}

int64_t slot_since(const struct slot *slot)
{
    return slot->since;
}

bool slot_is_idle(const struct slot *slot)
{
    return slot_is_at_rest(slot);
}

static enum tile_state verdict_tile(const struct attempt *attempt)
{
    switch (attempt->verdict) {
    case VERDICT_PASS: return TILE_PASS;
    case VERDICT_FAIL: return TILE_FAIL;
    default: return TILE_INTERRUPTED;
    }
}

enum tile_state slot_tile(const struct slot *slot)
{
    static const enum tile_state tiles[] = {
#define X(name, tile, news, phase, deadline, comment) [SLOT_##name] = TILE_##tile,
        SLOT_STATES(X)
#undef X
    };
    bool blocked = slot->shared->blocked != NULL;
    switch (slot->state) {
    case SLOT_ABSENT: blocked = slot->shadowed[0]; break;
    case SLOT_READY: blocked = slot_shared_hindrance(slot->shared) != NULL; break;
    case SLOT_BOOKING:
    case SLOT_ENDING:
    case SLOT_ENDING_DEFERRED: break;
    case SLOT_FLASHING: return program_waits_for_person(&slot->attempt.program) ? TILE_WAITING : TILE_FLASHING;
    case SLOT_SHOWN: return verdict_tile(&slot->attempt.row);
    default: blocked = false; break;
    }
    return blocked ? TILE_BLOCKED : tiles[slot->state];
}

static const char *blocked_sentence(const struct slot *slot)
{
    if (slot->state == SLOT_ABSENT)
        return slot->shadowed;
    if (slot->trouble[0])
        return slot->trouble;
    const char *hindrance = slot_shared_hindrance(slot->shared);
    return hindrance ? hindrance : "Came during a pause: plug it in again, or start it";
}

static const char *sentence(const struct slot *slot, enum tile_state state)
{
    switch (state) {
    case TILE_EMPTY: return "";
    case TILE_MUTED: return "Not in the configuration: left alone";
    case TILE_SETTLING:
        if (slot->presence == BY_PLUG)
            return "A board is plugged in";
        return slot_port_is_open(slot) ? "A board is put in" : "The fixture's adapter is plugged in";
    case TILE_READY: return slot->presence == BY_START ? "Put a board in and press start" : "Put a board in";
    case TILE_BLOCKED: return blocked_sentence(slot);
    case TILE_WAITING:
    case TILE_FLASHING:
        return slot->state == SLOT_FLASHING ? program_sentence(&slot->attempt.program) : "Booking the verdict";
    case TILE_PASS:
        return slot->attempt.row.written == WRITTEN_NO ? "Already right, not written: take the board away"
                                                       : "Passed: take the board away";
    case TILE_STUCK: return cause_sentence(CAUSE_ADAPTER_STUCK);
    case TILE_FAIL:
    case TILE_INTERRUPTED: return cause_sentence(slot->attempt.row.cause);
    }
    return "";
}

/* The verdict is not shown before it is in the book. */
static void snapshot_open_attempt(const struct slot *slot, struct slot_snapshot *snapshot)
{
    struct attempt *attempt = &snapshot->attempt;
    const struct program *program = &slot->attempt.program;
    bool flashing = slot->state == SLOT_FLASHING;
    uint64_t now = steady_clock_us();
    attempt_record_observe(attempt, program);
    attempt->verdict = VERDICT_OPEN;
    attempt->cause = CAUSE_NONE;
    attempt->detail[0] = '\0';
    attempt->ended = 0;
    snapshot->progress.phase = program_phase_name(program);
    snapshot->progress.tries_allowed = slot->attempt.job.tries;
    snapshot->progress.previous_try = flashing ? cause_sentence(program->cause) : "";
    snapshot->progress.percent = flashing ? program_percent(program, now) : slot->attempt.told_percent;
    snapshot->progress.seconds_left = program_seconds_left(program, now);
}

void slot_snapshot(const struct slot *slot, struct slot_snapshot *snapshot)
{
    *snapshot = (struct slot_snapshot){
        .presence = slot->presence,
        .tile = slot_tile(slot),
        .since = slot->since,
        .has_adapter = slot_has_adapter(slot),
        .adapter = slot->adapter,
        .has_attempt = slot->attempt.row.id != 0,
        .attempt = slot->attempt.row,
    };
    text_copy(snapshot->name, sizeof(snapshot->name), slot->name);
    text_copy(snapshot->path, sizeof(snapshot->path), slot->path);
    text_copy(snapshot->sentence, sizeof(snapshot->sentence), sentence(slot, snapshot->tile));
    if (snapshot->tile == TILE_WAITING)
        snapshot->prompt = "Hold the GPIO0 (flash) button and press reset";
    if (snapshot->has_attempt && slot_is_at_work(slot))
        snapshot_open_attempt(slot, snapshot);
}
