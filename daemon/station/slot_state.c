/* SPDX-License-Identifier: MIT */
#include "daemon/station/slot_state.h"

#include "daemon/base/clock.h"
#include "daemon/base/log.h"

static void begin_ready(struct slot *slot);
static void begin_flashing(struct slot *slot);
static void begin_shown(struct slot *slot);

enum news { QUIET, NEWS };
enum deadline { NEVER, SETTLE, RETRY, PROGRESS };

static const struct {
    const char *name;
    enum news news;
    enum fixture_phase phase;
    enum deadline deadline;
} states[] = {
#define X(name, tile, news, phase, deadline, comment) [SLOT_##name] = {#name, news, FIXTURE_##phase, deadline},
    SLOT_STATES(X)
#undef X
};

static void (*const entry_actions[SLOT_STATE_COUNT])(struct slot *slot) = {
    [SLOT_OPENING] = slot_open_port,    [SLOT_STARTING] = slot_open_port, [SLOT_RETRYING] = slot_open_port,
    [SLOT_RESTARTING] = slot_open_port, [SLOT_STUCK] = slot_open_port,    [SLOT_READY] = begin_ready,
    [SLOT_FLASHING] = begin_flashing,   [SLOT_SHOWN] = begin_shown,
};

static void set_deadline(struct slot *slot)
{
    switch (states[slot->state].deadline) {
    case SETTLE: timer_start(&slot->deadline, slot->shared->config->settle_ms); break;
    case RETRY: timer_start(&slot->deadline, SLOT_RETRY_MS); break;
    case PROGRESS: timer_start(&slot->deadline, SLOT_PROGRESS_MS); break;
    case NEVER: timer_stop(&slot->deadline); break;
    }
}

static bool keeps_trouble(enum slot_state state)
{
    return states[state].news == QUIET || state == SLOT_TROUBLED;
}

void slot_enter(struct slot *slot, enum slot_state state)
{
    log_debug("slot", "%s: %s -> %s", slot->name, states[slot->state].name, states[state].name);
    slot->state = state;
    if (!keeps_trouble(state))
        slot->trouble[0] = '\0';
    if (slot->presence == BY_PROBE)
        timer_stop(&slot->watch);
    set_deadline(slot);
    if (states[state].news == NEWS) {
        slot->since = wall_clock_us();
        slot->shared->changed(slot->shared->data, slot);
    }
    if (entry_actions[state])
        entry_actions[state](slot);
}

/* Entry actions */

void slot_open_port(struct slot *slot)
{
    enum pump_state port = pump_state(slot->pump);
    if (port == PUMP_CLOSED || port == PUMP_CLOSING)
        pump_open(slot->pump, slot->adapter.devnode, slot->shared->config->bauds, slot->shared->config->n_bauds);
}

static void probe_later(struct slot *slot)
{
    if (slot->presence == BY_PROBE && slot_port_is_open(slot))
        slot_watch_later(slot);
}

static void begin_ready(struct slot *slot)
{
    slot_presence_vacate(&slot->occupant);
    probe_later(slot);
}

static void begin_flashing(struct slot *slot)
{
    pump_run(slot->pump, &slot->session);
}

static void begin_shown(struct slot *slot)
{
    const struct program *program = &slot->attempt.program;
    uint32_t waiting_baud = program->identified ? program->loader_baud : 0;
    slot_presence_take_verdict(&slot->occupant,
                               &(struct slot_presence_verdict){
                                   .passed = slot->attempt.row.verdict == VERDICT_PASS,
                                   .mac = program->identified ? program->chip.mac : NULL,
                                   .waiting_baud = program->stub_running ? slot->session.baud : waiting_baud,
                                   .waiting_in_loader = !program->stub_running,
                               });
    probe_later(slot);
}

/* The port */

void slot_hang_up(struct slot *slot)
{
    timer_stop(&slot->watch);
    pump_hang_up(slot->pump);
}

void slot_close_port(struct slot *slot)
{
    timer_stop(&slot->watch);
    pump_close(slot->pump);
}

void slot_watch_later(struct slot *slot)
{
    unsigned probe_ms = slot->state == SLOT_SHOWN ? SLOT_PRESENCE_SHOWN_MS : SLOT_PRESENCE_VACANT_MS;
    timer_start(&slot->watch, slot->presence == BY_PROBE ? probe_ms : SLOT_PRESENCE_LID_MS);
}

/* Questions */

bool slot_port_is_open(const struct slot *slot)
{
    return pump_state(slot->pump) == PUMP_OPEN;
}

enum fixture_phase slot_phase(const struct slot *slot)
{
    return states[slot->state].phase;
}

bool slot_is_opening(const struct slot *slot)
{
    return slot->state == SLOT_OPENING || slot->state == SLOT_STARTING || slot->state == SLOT_RETRYING ||
           slot->state == SLOT_RESTARTING;
}

bool slot_is_at_work(const struct slot *slot)
{
    return slot->state == SLOT_FLASHING || slot->state == SLOT_ENDING || slot->state == SLOT_ENDING_ABSENT ||
           slot->state == SLOT_ENDING_DEFERRED;
}

bool slot_is_at_rest(const struct slot *slot)
{
    return slot->state == SLOT_ABSENT || slot->state == SLOT_MUTED || slot->state == SLOT_MUTED_DEFERRED;
}

bool slot_has_adapter(const struct slot *slot)
{
    return slot->state != SLOT_ABSENT && slot->state != SLOT_ENDING_ABSENT;
}
