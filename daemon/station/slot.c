/* SPDX-License-Identifier: MIT */
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/station/slot_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_RETRY_MS 2000 /* ModemManager lets go of a port after some seconds of probing */
#define STICKS_MAX    3    /* attempts in a row that a stuck adapter gets by itself: each is a row in the book */

static void begin(struct slot *slot);

void slot_set_stage(struct slot *slot, enum slot_stage stage)
{
    slot->stage = stage;
    slot->since = wall_clock_us();
    slot->world->changed(slot->world->data, slot);
}

/* Another look at a port in trouble: nothing that a tile shows, so the state is as old as the trouble. */
static void look_again(struct slot *slot, enum slot_stage stage)
{
    slot->stage = stage;
}

static void on_timer(uv_timer_t *timer)
{
    struct slot *slot = timer->data;
    if (slot->port)
        slot_presence_settled(slot);
    else
        begin(slot);
}

void slot_settle(struct slot *slot)
{
    uv_timer_start(&slot->timer, on_timer, slot->world->config->settle_ms, 0);
    slot_set_stage(slot, STAGE_SETTLING);
}

const char *slot_hindrance(const struct slot *slot)
{
    const struct slot_world *world = slot->world;
    if (world->held)
        return "Held: nothing begins";
    if (world->blocked)
        return world->blocked;
    return world->product ? NULL : "There is no golden image";
}

static void begin(struct slot *slot)
{
    uv_timer_stop(&slot->timer);
    /* A fixture's adapter brings no board, and its port is kept whether boards may be flashed or not. */
    slot->held = slot->presence == BY_PLUG && (slot->held || slot->world->held);
    if (slot->held || (slot->presence == BY_PLUG && slot_hindrance(slot))) {
        slot->trouble[0] = '\0';
        slot_set_stage(slot, STAGE_BLOCKED);
        return;
    }
    if (slot->trouble[0])
        look_again(slot, STAGE_OPENING);
    else if (slot->stage != STAGE_STUCK)
        slot_set_stage(slot, STAGE_OPENING);
    slot_talk_open(slot);
}

/* The port is in trouble, which is no attempt's. True if there is nothing more to do: a verdict is being committed.
 * Which board sits here when it is shown, nobody knows. */
static bool lose_port(struct slot *slot, enum cause cause)
{
    uv_timer_stop(&slot->timer);
    slot_talk_hang_up(slot);
    if (slot->stage == STAGE_BOOKING)
        book_cancel(slot->world->book, slot->ticket, cause);
    else if (slot->stage == STAGE_ENDING)
        slot->plug++;
    return slot->stage == STAGE_ENDING;
}

void slot_port_trouble(struct slot *slot, enum cause cause, const char *detail)
{
    if (lose_port(slot, cause))
        return;
    slot->asked = false;
    char trouble[sizeof(slot->trouble)];
    snprintf(trouble, sizeof(trouble), "%s: %s", cause_sentence(cause), detail);
    if (slot->stage == STAGE_STUCK && (cause == CAUSE_ADAPTER_ERROR || cause == CAUSE_ADAPTER_STUCK)) {
        /* The kernel's own patience has ended: no answer either. */
    } else if (strcmp(trouble, slot->trouble) == 0) {
        look_again(slot, STAGE_BLOCKED);
    } else {
        log_warning("slot", "%s: %s: %s", slot->name, slot->adapter.devnode, trouble);
        memcpy(slot->trouble, trouble, sizeof(trouble));
        slot_set_stage(slot, STAGE_BLOCKED);
    }
    uv_timer_start(&slot->timer, on_timer, PORT_RETRY_MS, 0);
}

void slot_port_stuck(struct slot *slot)
{
    bool was_open = slot->port;
    if (slot->stage == STAGE_STUCK && !was_open)
        return;
    if (was_open && lose_port(slot, CAUSE_ADAPTER_STUCK))
        return;
    slot->asked = false;
    slot->trouble[0] = '\0';
    log_warning("slot", "%s: %s: %s", slot->name, slot->adapter.devnode, cause_sentence(CAUSE_ADAPTER_STUCK));
    slot_set_stage(slot, STAGE_STUCK);
    if (was_open)
        slot_talk_open(slot);
}

void slot_port_gone(struct slot *slot, const char *detail)
{
    if (slot->presence == BY_PLUG)
        slot_port_trouble(slot, CAUSE_UNPLUGGED, detail);
    else if (!lose_port(slot, CAUSE_UNPLUGGED)) {
        log_info("slot", "%s: %s: %s", slot->name, slot->adapter.devnode, detail);
        slot_settle(slot); /* udev will tell, if it is unplugged */
    }
}

void slot_opened(struct slot *slot)
{
    if (slot->stage == STAGE_STUCK)
        log_info("slot", "%s: %s answers again", slot->name, slot->adapter.devnode);
    bool asked = slot->asked && slot->presence == BY_START && !slot_hindrance(slot);
    slot->asked = false;
    slot->port = true;
    if (slot->presence == BY_PLUG || asked) {
        slot->trouble[0] = '\0';
        slot_book(slot);
    } else {
        slot_presence_opened(slot);
    }
}

/* An attempt ended so: the next one begins by itself when the adapter answers again. */
static bool comes_back(struct slot *slot)
{
    if (slot->attempt.cause == CAUSE_ADAPTER_STUCK)
        slot->sticks++;
    else
        slot->sticks = 0;
    return slot->sticks > 0 && slot->sticks < STICKS_MAX;
}

static void rest(struct slot *slot)
{
    slot_talk_close(slot);
    slot_set_stage(slot, STAGE_IDLE);
}

/* What the configuration says of how boards come, in force from now on. What is shown stays only where boards come with
 * their adapter: nobody has watched who sits in the fixture. */
static void adopt_presence(struct slot *slot)
{
    if (slot->presence == slot->next_presence)
        return;
    slot->presence = slot->next_presence;
    bool had_port = slot->port;
    if (had_port)
        slot_talk_hang_up(slot);
    if (slot->stage == STAGE_SHOWN ? slot->presence != BY_PLUG : had_port)
        slot_settle(slot);
}

void slot_ready(struct slot *slot)
{
    uv_timer_stop(&slot->timer);
    slot->trouble[0] = '\0';
    slot_set_stage(slot, STAGE_READY);
    slot_presence_ready(slot);
    adopt_presence(slot);
}

void slot_judged(struct slot *slot)
{
    if (!slot->present || slot->muted) {
        rest(slot);
    } else if (slot->attempt_plug != slot->plug) {
        if (slot->port)
            slot_ready(slot);
        else
            slot_settle(slot);
    } else if (comes_back(slot)) {
        slot_set_stage(slot, STAGE_STUCK);
        begin(slot);
    } else {
        slot_set_stage(slot, STAGE_SHOWN);
        slot_presence_shown(slot);
    }
    adopt_presence(slot);
}

/* Ends what is at work. True if an attempt has to be booked still. */
static bool give_up(struct slot *slot, enum cause cause, const char *detail)
{
    uv_timer_stop(&slot->timer);
    switch (slot->stage) {
    case STAGE_BOOKING: book_cancel(slot->world->book, slot->ticket, cause); break;
    case STAGE_FLASHING: program_abort(&slot->program, cause, detail, steady_clock_us()); return true;
    case STAGE_ENDING: slot_talk_close(slot); return true;
    default: break;
    }
    slot_talk_close(slot);
    return false;
}

void slot_unplug(struct slot *slot)
{
    if (!slot->present)
        return;
    slot->present = false;
    if (!give_up(slot, CAUSE_UNPLUGGED, slot->adapter.devnode))
        slot_set_stage(slot, STAGE_IDLE);
    else if (slot->stage == STAGE_FLASHING)
        slot_finish(slot);
    else
        slot->world->changed(slot->world->data, slot);
    slot_talk_close(slot); /* whoever comes next has a port of its own */
}

void slot_plug(struct slot *slot, const struct adapter *adapter)
{
    slot_unplug(slot);
    slot->present = true;
    slot->plug++;
    slot->held = slot->world->held;
    slot->adapter = *adapter;
    slot->trouble[0] = '\0';
    slot->sticks = 0;
    slot->asked = false;
    log_info("slot", "%s: %s (%s %s:%s %s)", slot->name, adapter->devnode, adapter->driver, adapter->vid, adapter->pid,
             adapter->model);
    if (slot->muted)
        slot_set_stage(slot, STAGE_IDLE);
    else if (slot->stage != STAGE_ENDING)
        slot_settle(slot);
}

void slot_recheck(struct slot *slot)
{
    if (slot->stage == STAGE_BLOCKED && slot->trouble[0] == '\0')
        begin(slot);
    else
        slot->world->changed(slot->world->data, slot);
}

const char *slot_start(struct slot *slot)
{
    bool fixture = slot->presence != BY_PLUG;
    if (!slot->present)
        return "there is no adapter in this slot";
    if (slot->muted)
        return "this slot is muted: its path is not in the configuration";
    if (slot->world->held)
        return "gangd is held: no attempt begins";
    if (fixture && slot_hindrance(slot))
        return slot_hindrance(slot);
    switch (slot->stage) {
    case STAGE_READY:
    case STAGE_SHOWN:
    case STAGE_BLOCKED:
        slot->held = false;
        slot->sticks = 0;
        if (slot->port) {
            slot_presence_forget(slot);
            slot_book(slot);
        } else {
            slot->asked = slot->presence == BY_START; /* the others find out by themselves who sits here */
            begin(slot);
        }
        return NULL;
    case STAGE_SETTLING:
    case STAGE_OPENING:
        return fixture && !slot->asked ? "this slot is not ready yet" : "an attempt is at work in this slot";
    case STAGE_STUCK: return "the adapter does not answer: unplug it";
    default: return "an attempt is at work in this slot";
    }
}

static void init_timer(struct slot *slot, uv_timer_t *timer)
{
    uv_timer_init(slot->world->loop, timer);
    timer->data = slot;
    slot->open_timers++;
}

static void take_config(struct slot *slot, const struct config_slot *config, bool muted)
{
    snprintf(slot->name, sizeof(slot->name), "%s", config->name);
    slot->reset = config->reset;
    slot->next_presence = config->presence;
    slot->muted = muted;
}

struct slot *slot_new(struct slot_world *world, const struct config_slot *config, bool muted)
{
    struct slot *slot = calloc(1, sizeof(*slot));
    if (!slot)
        return NULL;
    slot->world = world;
    take_config(slot, config, muted);
    slot->presence = slot->next_presence;
    snprintf(slot->path, sizeof(slot->path), "%s", config->path);
    slot->since = wall_clock_us();
    init_timer(slot, &slot->timer);
    init_timer(slot, &slot->deadline);
    init_timer(slot, &slot->tick);
    init_timer(slot, &slot->watch);
    return slot;
}

void slot_configure(struct slot *slot, const struct config_slot *config, bool muted)
{
    take_config(slot, config, muted);
    bool at_work = slot->stage == STAGE_FLASHING || slot->stage == STAGE_ENDING;
    if (muted && slot->stage != STAGE_IDLE && !at_work) {
        give_up(slot, CAUSE_STOPPED, "");
        slot_set_stage(slot, STAGE_IDLE);
    }
    if (!at_work && slot->stage != STAGE_BOOKING)
        adopt_presence(slot);
    if (!muted && slot->present && slot->stage == STAGE_IDLE)
        slot_settle(slot);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct slot *slot = handle->data;
    if (--slot->open_timers == 0) {
        product_unref(slot->product);
        free(slot);
    }
}

void slot_free(struct slot *slot)
{
    if (give_up(slot, CAUSE_STOPPED, "") && slot->stage == STAGE_FLASHING)
        slot_stop_attempt(slot);
    uv_close((uv_handle_t *)&slot->timer, on_timer_closed);
    uv_close((uv_handle_t *)&slot->deadline, on_timer_closed);
    uv_close((uv_handle_t *)&slot->tick, on_timer_closed);
    uv_close((uv_handle_t *)&slot->watch, on_timer_closed);
}
