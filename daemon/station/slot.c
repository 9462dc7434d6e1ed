/* SPDX-License-Identifier: MIT */
/* What happens to a slot: the events of its pump and its timers, and the calls of the station. */
#include "daemon/station/slot.h"

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/memory.h"
#include "daemon/station/slot_fixture.h"
#include "daemon/station/slot_lifecycle.h"
#include "daemon/station/slot_state.h"
#include "proto/link/text.h"

#include <stdlib.h>
#include <string.h>

/* The pump's events */

static void on_failed(void *data, enum cause cause, const char *detail)
{
    slot_have_trouble(data, cause, detail);
}

static void on_stuck(void *data)
{
    struct slot *slot = data;
    if (slot->state == SLOT_FLASHING)
        slot_abort_attempt(slot, CAUSE_ADAPTER_STUCK, slot->adapter.devnode);
    else
        slot_port_stuck(slot);
}

static void on_gone(void *data, int error)
{
    struct slot *slot = data;
    if (slot->state == SLOT_FLASHING)
        slot_abort_attempt(slot, CAUSE_UNPLUGGED, uv_strerror(error));
    else
        slot_port_gone(slot, uv_strerror(error));
}

static void on_trusted(void *data, bool trusted)
{
    struct slot *slot = data;
    if (trusted)
        program_trust_flash(&slot->attempt.program);
}

/* Which board it is is known now, and what to erase of its flash is not yet asked for. Where the answer comes too late
 * for that, all is erased. */
static void ask_for_trust(struct slot *slot)
{
    slot_forget_trust(slot);
    slot->trust = book_trust(slot->shared->book, &slot->attempt.row, on_trusted, slot);
}

static void note_attempt(struct slot *slot)
{
    const struct attempt *row = &slot->attempt.row;
    char mac[sizeof(row->mac)];
    memcpy(mac, row->mac, sizeof(mac));
    if (!slot_attempt_observe(&slot->attempt))
        return;
    book_note(slot->shared->book, row);
    if (strcmp(mac, row->mac) != 0)
        ask_for_trust(slot);
}

static void on_progressed(void *data)
{
    struct slot *slot = data;
    if (slot->state != SLOT_FLASHING || !slot_attempt_has_new_state(&slot->attempt))
        return;
    note_attempt(slot);
    if (slot_attempt_has_progressed(&slot->attempt))
        slot->shared->changed(slot->shared->data, slot);
}

/* A board that comes with its adapter, or that probes have found, is there. A lid may be closed over nothing. */
static bool board_is_there(const struct slot *slot)
{
    return slot->presence == BY_PLUG || slot->occupant.board_probed;
}

static void on_recipe_ended(struct slot *slot)
{
    struct program *program = &slot->attempt.program;
    if (slot_attempt_heard_nothing(&slot->attempt) && !board_is_there(slot)) {
        char detail[sizeof(program->detail)];
        memcpy(detail, program->detail, sizeof(detail));
        program_blame(program, CAUSE_NO_BOARD, detail);
    }
    if (slot_attempt_lost_link(&slot->attempt))
        pump_find_intruder(slot->pump);
    else
        slot_finish(slot, SLOT_ENDING);
}

static void on_ended(void *data)
{
    struct slot *slot = data;
    if (slot->state == SLOT_FLASHING)
        on_recipe_ended(slot);
    else
        slot_fixture_probed(slot);
}

/* The board is not to blame for what another program has taken from it. */
static void on_intruder(void *data, const char *detail)
{
    struct slot *slot = data;
    if (slot->state != SLOT_FLASHING)
        return;
    if (detail[0])
        program_blame(&slot->attempt.program, CAUSE_PORT_SHARED, detail);
    slot_finish(slot, SLOT_ENDING);
}

static void on_lines(void *data, int error, unsigned lines)
{
    slot_fixture_lid_read(data, error, lines);
}

static void on_watch(void *data)
{
    slot_fixture_observe(data);
}

static void on_opened(void *data)
{
    struct slot *slot = data;
    bool asked = slot->state == SLOT_STARTING || slot->state == SLOT_RESTARTING;
    if (slot->state == SLOT_STUCK)
        log_info("slot", "%s: %s answers again", slot->name, slot->adapter.devnode);
    slot_log_bauds(slot);
    if (slot->presence == BY_PLUG || (asked && slot->presence == BY_START && !slot_shared_hindrance(slot->shared)))
        slot_book(slot);
    else
        slot_fixture_opened(slot);
}

/* The state's time is up. */

static void tell_progress(struct slot *slot)
{
    timer_start(&slot->deadline, SLOT_PROGRESS_MS);
    if (slot_attempt_has_progressed(&slot->attempt))
        slot->shared->changed(slot->shared->data, slot);
}

static void on_deadline(void *data)
{
    struct slot *slot = data;
    switch (slot->state) {
    case SLOT_SETTLING:
    case SLOT_SETTLING_DEFERRED: slot_begin(slot, SLOT_OPENING); break;
    case SLOT_TROUBLED:
    case SLOT_TROUBLED_AGAIN: slot_begin(slot, SLOT_RETRYING); break;
    case SLOT_STUCK:
        if (slot_may_begin(slot))
            slot_open_port(slot);
        break;
    case SLOT_ARRIVING: slot_fixture_settled(slot); break;
    case SLOT_FLASHING: tell_progress(slot); break;
    default: break;
    }
}

/* The station's calls */

/* Gives the port up, and a row that is not committed. True if an attempt runs or its verdict is being committed. */
static bool give_up(struct slot *slot, enum cause cause)
{
    if (slot->state == SLOT_BOOKING)
        book_cancel(slot->shared->book, slot->ticket, cause);
    slot_close_port(slot);
    return slot_is_at_work(slot);
}

/* A port that goes so soon after it came: seldom is it a hand. brltty detaches CP2102, FT232 and CH340 from their
 * driver within a second. */
static const char *short_visit_reason(const struct slot *slot)
{
    return slot->shared->brltty_installed ? "brltty, which is installed here, takes such adapters: apt remove brltty"
                                          : "was it pulled out, or is its contact loose?";
}

static void log_removal(const struct slot *slot)
{
    uint64_t stayed = steady_clock_us() - slot->plugged;
    if (stayed < SLOT_SHORT_VISIT_MS * 1000)
        log_warning("slot", "%s: %s went away %.1f s after it came: %s", slot->name, slot->adapter.devnode,
                    (double)stayed / 1e6, short_visit_reason(slot));
    else
        log_info("slot", "%s: %s was unplugged", slot->name, slot->adapter.devnode);
}

void slot_unplug(struct slot *slot)
{
    if (!slot_has_adapter(slot))
        return;
    log_removal(slot);
    if (slot->state == SLOT_FLASHING) {
        program_abort(&slot->attempt.program, CAUSE_UNPLUGGED, slot->adapter.devnode, steady_clock_us());
        slot_finish(slot, SLOT_ENDING_ABSENT);
        slot_close_port(slot); /* whoever comes next has a port of its own */
    } else {
        slot_enter(slot, give_up(slot, CAUSE_UNPLUGGED) ? SLOT_ENDING_ABSENT : SLOT_ABSENT);
    }
}

void slot_plug(struct slot *slot, const struct adapter *adapter)
{
    slot_unplug(slot);
    slot->board_generation++;
    slot->adapter = *adapter;
    slot->plugged = steady_clock_us();
    slot->stuck_in_a_row = 0;
    log_info("slot", "%s: %s was plugged in (%s %s:%s %s)", slot->name, adapter->devnode, adapter->driver, adapter->vid,
             adapter->pid, adapter->model);
    if (slot->state == SLOT_ENDING_ABSENT)
        slot_enter(slot, slot->shared->paused ? SLOT_ENDING_DEFERRED : SLOT_ENDING);
    else if (slot->muted)
        slot_enter(slot, slot->shared->paused ? SLOT_MUTED_DEFERRED : SLOT_MUTED);
    else
        slot_settle(slot);
}

void slot_recheck(struct slot *slot)
{
    if (slot->state == SLOT_BLOCKED || slot->state == SLOT_DEFERRED)
        slot_begin(slot, SLOT_OPENING);
    else
        slot->shared->changed(slot->shared->data, slot);
}

/* A sentence why a person's start is refused, whatever the slot is at; NULL: it may go on. */
static const char *start_refusal(const struct slot *slot)
{
    if (!slot_has_adapter(slot))
        return "there is no adapter in this slot";
    if (slot->muted)
        return "this slot is muted: its path is not in the configuration";
    /* A board that came with its adapter is started all the same, and waits for the book or an image as BLOCKED. */
    bool may_wait = slot->presence == BY_PLUG && !slot->shared->paused;
    return may_wait ? NULL : slot_shared_hindrance(slot->shared);
}

/* Opens the port for an attempt. In a fixture that is observed it finds out by itself who is in it. */
static void start_opening(struct slot *slot)
{
    bool in_trouble = slot->state == SLOT_TROUBLED || slot->state == SLOT_TROUBLED_AGAIN;
    if (slot->presence == BY_PLUG && slot_shared_hindrance(slot->shared))
        slot_enter(slot, SLOT_BLOCKED);
    else if (slot->presence == BY_START)
        slot_enter(slot, in_trouble ? SLOT_RESTARTING : SLOT_STARTING);
    else
        slot_enter(slot, in_trouble ? SLOT_RETRYING : SLOT_OPENING);
}

static void start_attempt(struct slot *slot)
{
    slot->stuck_in_a_row = 0;
    if (!slot_port_is_open(slot)) {
        start_opening(slot);
        return;
    }
    pump_drop(slot->pump);
    slot_presence_flash_asked(&slot->occupant);
    slot_book(slot);
}

const char *slot_start(struct slot *slot)
{
    const char *refusal = start_refusal(slot);
    if (refusal)
        return refusal;
    switch (slot->state) {
    case SLOT_READY:
    case SLOT_SHOWN:
    case SLOT_BLOCKED:
    case SLOT_DEFERRED:
    case SLOT_TROUBLED:
    case SLOT_TROUBLED_AGAIN: start_attempt(slot); return NULL;
    case SLOT_SETTLING:
    case SLOT_SETTLING_DEFERRED:
    case SLOT_ARRIVING:
    case SLOT_OPENING:
    case SLOT_RETRYING:
        return slot->presence == BY_PLUG ? "an attempt is at work in this slot" : "this slot is not ready yet";
    case SLOT_STUCK: return "the adapter does not answer: unplug it";
    default: return "an attempt is at work in this slot";
    }
}

void slot_shadow(struct slot *slot, const char *by)
{
    text_print(slot->shadowed, sizeof(slot->shadowed),
               "Slot %s names the same place and has its adapter: remove one of the two from gangd.conf", by);
    slot->shared->changed(slot->shared->data, slot);
}

static void take_config(struct slot *slot, const struct config_slot *config, bool muted)
{
    text_copy(slot->name, sizeof(slot->name), config->name);
    text_copy(slot->path, sizeof(slot->path), config->path);
    slot->reset = config->reset;
    slot->next_presence = config->presence;
    slot->muted = muted;
    slot->shadowed[0] = '\0';
}

struct slot *slot_new(struct slot_shared *shared, const struct config_slot *config, bool muted)
{
    static const struct pump_events events = {
        .opened = on_opened,
        .failed = on_failed,
        .progressed = on_progressed,
        .ended = on_ended,
        .lines = on_lines,
        .intruder = on_intruder,
        .stuck = on_stuck,
        .gone = on_gone,
    };
    struct slot *slot = must_calloc(1, sizeof(*slot));
    slot->shared = shared;
    take_config(slot, config, muted);
    slot->presence = slot->next_presence;
    slot->since = wall_clock_us();
    slot->pump = pump_new(shared->loop, &events, slot);
    timer_init(&slot->deadline, shared->loop, on_deadline, slot);
    timer_init(&slot->watch, shared->loop, on_watch, slot);
    slot->open_timers = 2;
    return slot;
}

/* What came during a pause is not forgotten by that. */
static void mute(struct slot *slot)
{
    bool deferred = slot->state == SLOT_SETTLING_DEFERRED || slot->state == SLOT_DEFERRED;
    (void)give_up(slot, CAUSE_STOPPED);
    slot_enter(slot, deferred ? SLOT_MUTED_DEFERRED : SLOT_MUTED);
}

static void unmute(struct slot *slot)
{
    slot_enter(slot, slot->state == SLOT_MUTED_DEFERRED ? SLOT_SETTLING_DEFERRED : SLOT_SETTLING);
}

void slot_configure(struct slot *slot, const struct config_slot *config, bool muted)
{
    take_config(slot, config, muted);
    if (slot_is_at_work(slot))
        return;
    if (muted && !slot_is_at_rest(slot))
        mute(slot);
    if (slot->state != SLOT_BOOKING)
        slot_adopt_presence(slot);
    if (!muted && slot_is_at_rest(slot) && slot_has_adapter(slot))
        unmute(slot);
}

/* gangd ends: the attempt is booked, and no answer is asked for. */
static void stop_attempt(struct slot *slot)
{
    program_abort(&slot->attempt.program, CAUSE_STOPPED, "", steady_clock_us());
    slot_forget_trust(slot);
    slot_attempt_close(&slot->attempt);
    slot_attempt_log_verdict(&slot->attempt);
    book_end(slot->shared->book, &slot->attempt.row, NULL, NULL);
}

static void on_timer_closed(void *data)
{
    struct slot *slot = data;
    if (--slot->open_timers > 0)
        return;
    product_unref(slot->attempt.product);
    free(slot);
}

void slot_free(struct slot *slot)
{
    (void)give_up(slot, CAUSE_STOPPED);
    if (slot->state == SLOT_FLASHING)
        stop_attempt(slot);
    pump_free(slot->pump);
    timer_close(&slot->deadline, on_timer_closed);
    timer_close(&slot->watch, on_timer_closed);
}
