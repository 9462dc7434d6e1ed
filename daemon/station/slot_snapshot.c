/* SPDX-License-Identifier: MIT */
#include "daemon/base/clock.h"
#include "daemon/station/attempt_record.h"
#include "daemon/station/slot_internal.h"

#include <stdio.h>

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
    if (!slot->present)
        return TILE_EMPTY;
    switch (slot->stage) {
    case STAGE_IDLE: return slot->muted ? TILE_MUTED : TILE_EMPTY;
    case STAGE_SETTLING: return TILE_SETTLING;
    case STAGE_OPENING: return slot->trouble[0] ? TILE_BLOCKED : TILE_SETTLING;
    case STAGE_BLOCKED: return TILE_BLOCKED;
    case STAGE_STUCK: return TILE_STUCK;
    case STAGE_READY: return slot_hindrance(slot) ? TILE_BLOCKED : TILE_READY;
    case STAGE_BOOKING: return slot->world->blocked ? TILE_BLOCKED : TILE_SETTLING;
    case STAGE_FLASHING: return program_waits_for_person(&slot->program) ? TILE_WAITING : TILE_FLASHING;
    case STAGE_ENDING: return slot->world->blocked ? TILE_BLOCKED : TILE_FLASHING;
    case STAGE_SHOWN: return verdict_tile(&slot->attempt);
    }
    return TILE_EMPTY;
}

static const char *blocked_sentence(const struct slot *slot)
{
    if (slot->trouble[0])
        return slot->trouble;
    const char *hindrance = slot_hindrance(slot);
    return hindrance ? hindrance : "Came during a hold: plug it in again, or try again";
}

static const char *sentence(const struct slot *slot, enum tile_state state)
{
    switch (state) {
    case TILE_EMPTY: return "";
    case TILE_MUTED: return "Not in the configuration: left alone";
    case TILE_SETTLING:
        if (slot->presence == BY_PLUG)
            return "A board is plugged in";
        return slot->port ? "A board is put in" : "The fixture's adapter is plugged in";
    case TILE_READY: return slot->presence == BY_START ? "Put a board in and press start" : "Put a board in";
    case TILE_BLOCKED: return blocked_sentence(slot);
    case TILE_WAITING:
    case TILE_FLASHING: return slot->stage == STAGE_ENDING ? "Booking the verdict" : program_sentence(&slot->program);
    case TILE_PASS:
        return slot->attempt.written == WRITTEN_NO ? "Already right, not written: take the board away"
                                                   : "Passed: take the board away";
    case TILE_STUCK: return cause_sentence(CAUSE_ADAPTER_STUCK);
    case TILE_FAIL:
    case TILE_INTERRUPTED: return cause_sentence(slot->attempt.cause);
    }
    return "";
}

/* The verdict is not shown before it is in the book. */
static void snapshot_open_attempt(const struct slot *slot, struct slot_snapshot *snapshot)
{
    struct attempt *attempt = &snapshot->attempt;
    bool flashing = slot->stage == STAGE_FLASHING;
    uint64_t now = steady_clock_us();
    attempt_observe(attempt, &slot->program);
    attempt->verdict = VERDICT_OPEN;
    attempt->cause = CAUSE_NONE;
    attempt->detail[0] = '\0';
    attempt->ended = 0;
    snapshot->progress.phase = program_phase_name(&slot->program);
    snapshot->progress.tries_allowed = slot->job.tries;
    snapshot->progress.previous_try = flashing ? cause_sentence(slot->program.cause) : "";
    snapshot->progress.percent = flashing ? program_percent(&slot->program, now) : slot->told_percent;
    snapshot->progress.seconds_left = program_seconds_left(&slot->program, now);
}

void slot_snapshot(const struct slot *slot, struct slot_snapshot *snapshot)
{
    *snapshot = (struct slot_snapshot){
        .presence = slot->presence,
        .tile = slot_tile(slot),
        .since = slot->since,
        .has_adapter = slot->present,
        .adapter = slot->adapter,
        .has_attempt = slot->attempt.id != 0,
        .attempt = slot->attempt,
    };
    snprintf(snapshot->name, sizeof(snapshot->name), "%s", slot->name);
    snprintf(snapshot->path, sizeof(snapshot->path), "%s", slot->path);
    snprintf(snapshot->sentence, sizeof(snapshot->sentence), "%s", sentence(slot, snapshot->tile));
    if (snapshot->tile == TILE_WAITING)
        snapshot->prompt = "Hold the GPIO0 (flash) button and press reset";
    if (snapshot->has_attempt && attempt_is_open(slot))
        snapshot_open_attempt(slot, snapshot);
}
