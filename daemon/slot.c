/* SPDX-License-Identifier: MIT */
#include "daemon/attempt_judge.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/slot_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_RETRY_MS   2000 /* ModemManager lets go of a port after some seconds of probing */
#define PASSES_TO_CLIMB 20   /* good attempts in a row before a slot tries the next higher baud rate again */
#define STICKS_MAX      3    /* attempts in a row that a stuck adapter gets by itself: each is a row in the book */

static void begin(struct slot *slot);

static void set_stage(struct slot *slot, enum slot_stage stage)
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
    begin(timer->data);
}

static void settle(struct slot *slot)
{
    uv_timer_start(&slot->timer, on_timer, slot->world->config->settle_ms, 0);
    set_stage(slot, STAGE_SETTLING);
}

static void begin(struct slot *slot)
{
    uv_timer_stop(&slot->timer);
    slot->held |= slot->world->held;
    if (slot->held || slot->world->blocked || !slot->world->product) {
        slot->trouble[0] = '\0';
        set_stage(slot, STAGE_BLOCKED);
        return;
    }
    if (slot->trouble[0])
        look_again(slot, STAGE_OPENING);
    else if (slot->stage != STAGE_STUCK)
        set_stage(slot, STAGE_OPENING);
    slot_talk_open(slot);
}

void slot_port_trouble(struct slot *slot, enum cause cause, const char *detail)
{
    if (slot->stage == STAGE_BOOKING)
        store_cancel(slot->world->store, slot->ticket, cause);
    slot_talk_hang_up(slot);
    char trouble[sizeof(slot->trouble)];
    snprintf(trouble, sizeof(trouble), "%s: %s", cause_sentence(cause), detail);
    if (slot->stage == STAGE_STUCK && cause == CAUSE_ADAPTER_ERROR) {
        /* The kernel's own patience has ended: no answer either. */
    } else if (strcmp(trouble, slot->trouble) == 0) {
        look_again(slot, STAGE_BLOCKED);
    } else {
        log_warning("slot", "%s: %s: %s", slot->name, slot->adapter.devnode, trouble);
        memcpy(slot->trouble, trouble, sizeof(trouble));
        set_stage(slot, STAGE_BLOCKED);
    }
    uv_timer_start(&slot->timer, on_timer, PORT_RETRY_MS, 0);
}

void slot_port_stuck(struct slot *slot)
{
    if (slot->stage == STAGE_STUCK)
        return;
    slot->trouble[0] = '\0';
    log_warning("slot", "%s: %s: %s", slot->name, slot->adapter.devnode, cause_sentence(CAUSE_ADAPTER_STUCK));
    set_stage(slot, STAGE_STUCK);
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

static void on_begun(void *data, int64_t id)
{
    struct slot *slot = data;
    slot->attempt.id = id;
    flash_start(&slot->flash, &slot->session, &slot->job, steady_clock_us());
    set_stage(slot, STAGE_FLASHING);
    slot_talk_start(slot);
}

/* Index into the ladder: where this slot's boards passed last. After many of them in a row the next higher rate gets
 * another chance. */
static size_t first_baud(struct slot *slot)
{
    const struct config *config = slot->world->config;
    size_t at = 0;
    while (at + 1 < config->n_bauds && slot->good_baud != 0 && config->bauds[at] > slot->good_baud)
        at++;
    if (at > 0 && slot->passes_there >= PASSES_TO_CLIMB) {
        slot->passes_there = 0;
        at--;
    }
    return at;
}

void slot_book(struct slot *slot)
{
    const struct config *config = slot->world->config;
    struct attempt *attempt = &slot->attempt;

    if (slot->stage == STAGE_STUCK)
        log_info("slot", "%s: %s answers again", slot->name, slot->adapter.devnode);
    product_unref(slot->product);
    slot->product = product_ref(slot->world->product);
    slot->job = (struct flash_job){
        .golden = slot->product->golden,
        .stub = slot->product->stub,
        .flash_size = config->flash_size,
        .n_bauds = config->n_bauds,
        .tries = config->tries,
        .compare_first = config->compare_first,
        .manual_reset = slot->reset == RESET_MANUAL,
        .run = config->run,
    };
    memcpy(slot->job.bauds, config->bauds, sizeof(slot->job.bauds));
    slot->job.first_baud = first_baud(slot);

    memset(attempt, 0, sizeof(*attempt));
    attempt_prepare(attempt, slot->product->golden, wall_clock_us());
    snprintf(attempt->slot, sizeof(attempt->slot), "%s", slot->name);
    snprintf(attempt->path, sizeof(attempt->path), "%s", slot->path);
    snprintf(attempt->adapter, sizeof(attempt->adapter), "%s %s:%s %s", slot->adapter.driver, slot->adapter.vid,
             slot->adapter.pid, slot->adapter.serial);
    snprintf(attempt->station, sizeof(attempt->station), "%s", config->name);
    snprintf(attempt->lot, sizeof(attempt->lot), "%s", config->lot);
    snprintf(attempt->operator, sizeof(attempt->operator), "%s", config->operator);
    slot->attempt_plug = slot->plug;
    slot->trouble[0] = '\0';
    set_stage(slot, STAGE_BOOKING);
    slot->ticket = store_begin(slot->world->store, attempt, on_begun, slot);
}

/* What worked is where the next attempt begins. */
static void remember_baud(struct slot *slot)
{
    bool passed = slot->attempt.verdict == VERDICT_PASS;
    if (passed && slot->attempt.written == WRITTEN_NO)
        return; /* so few bytes say nothing of the rate */
    uint32_t baud = flash_baud(&slot->flash);
    if (passed && baud == slot->good_baud) {
        slot->passes_there++;
    } else {
        slot->passes_there = 0;
        if (passed)
            slot->good_baud = baud;
    }
}

static void log_verdict(const struct attempt *attempt)
{
    const char *mac = attempt->mac[0] ? attempt->mac : "no MAC";
    double seconds = (double)(attempt->ended - attempt->started) / 1e6;
    const char *verdict = verdict_name(attempt->verdict), *cause = cause_code(attempt->cause);
    const struct log_field fields[] = {
        {"SLOT", attempt->slot}, {"MAC", attempt->mac}, {"VERDICT", verdict}, {"CAUSE", cause}, {NULL, NULL}};
    if (attempt->verdict == VERDICT_PASS)
        log_message(LOG_LEVEL_INFO, "slot", fields, "%s: attempt %lld pass, %s, %.1f s, try %lld at %lld baud%s",
                    attempt->slot, (long long)attempt->id, mac, seconds, (long long)attempt->tries,
                    (long long)attempt->baud, attempt->written == WRITTEN_NO ? ", not written: right already" : "");
    else
        log_message(LOG_LEVEL_WARNING, "slot", fields, "%s: attempt %lld %s, %s, %.1f s: %s (%s: %s)", attempt->slot,
                    (long long)attempt->id, verdict, mac, seconds, cause_sentence(attempt->cause), cause,
                    attempt->detail);
}

static void on_ended(void *data)
{
    struct slot *slot = data;
    remember_baud(slot);
    log_verdict(&slot->attempt);
    if (!slot->present || slot->muted)
        set_stage(slot, STAGE_IDLE);
    else if (slot->attempt_plug != slot->plug)
        settle(slot);
    else if (comes_back(slot)) {
        set_stage(slot, STAGE_STUCK);
        begin(slot);
    } else
        set_stage(slot, STAGE_SHOWN);
    slot->world->closed(slot->world->data, &slot->attempt);
}

void slot_note(struct slot *slot)
{
    struct attempt known = slot->attempt;
    attempt_observe(&known, &slot->flash);
    if (strcmp(known.mac, slot->attempt.mac) == 0 && strcmp(known.flash_id, slot->attempt.flash_id) == 0)
        return;
    slot->attempt = known;
    store_note(slot->world->store, &slot->attempt);
}

void slot_finish(struct slot *slot)
{
    slot_talk_hang_up(slot);
    attempt_judge(&slot->attempt, &slot->flash, wall_clock_us());
    set_stage(slot, STAGE_ENDING);
    store_end(slot->world->store, &slot->attempt, on_ended, slot);
}

/* Ends what is at work. True if an attempt has to be booked still. */
static bool give_up(struct slot *slot, enum cause cause, const char *detail)
{
    uv_timer_stop(&slot->timer);
    switch (slot->stage) {
    case STAGE_BOOKING: store_cancel(slot->world->store, slot->ticket, cause); break;
    case STAGE_FLASHING: flash_abort(&slot->flash, cause, detail, steady_clock_us()); return true;
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
        set_stage(slot, STAGE_IDLE);
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
    log_info("slot", "%s: %s (%s %s:%s %s)", slot->name, adapter->devnode, adapter->driver, adapter->vid, adapter->pid,
             adapter->model);
    if (slot->muted)
        set_stage(slot, STAGE_IDLE);
    else if (slot->stage != STAGE_ENDING)
        settle(slot);
}

void slot_recheck(struct slot *slot)
{
    if (slot->stage == STAGE_BLOCKED && slot->trouble[0] == '\0')
        begin(slot);
    else
        slot->world->changed(slot->world->data, slot);
}

const char *slot_retry(struct slot *slot)
{
    if (!slot->present)
        return "there is no adapter in this slot";
    if (slot->muted)
        return "this slot is muted: its path is not in the configuration";
    if (slot->world->held)
        return "gangd is held: no attempt begins";
    switch (slot->stage) {
    case STAGE_SHOWN:
    case STAGE_BLOCKED:
        slot->held = false;
        slot->sticks = 0;
        begin(slot);
        return NULL;
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

struct slot *slot_new(struct slot_world *world, const char *name, const char *path, enum reset_mode reset, bool muted)
{
    struct slot *slot = calloc(1, sizeof(*slot));
    if (!slot)
        return NULL;
    slot->world = world;
    snprintf(slot->name, sizeof(slot->name), "%s", name);
    snprintf(slot->path, sizeof(slot->path), "%s", path);
    slot->reset = reset;
    slot->muted = muted;
    slot->since = wall_clock_us();
    init_timer(slot, &slot->timer);
    init_timer(slot, &slot->deadline);
    init_timer(slot, &slot->tick);
    return slot;
}

void slot_configure(struct slot *slot, const char *name, enum reset_mode reset, bool muted)
{
    snprintf(slot->name, sizeof(slot->name), "%s", name);
    slot->reset = reset;
    slot->muted = muted;
    bool at_work = slot->stage == STAGE_FLASHING || slot->stage == STAGE_ENDING;
    if (!muted && slot->present && slot->stage == STAGE_IDLE) {
        settle(slot);
    } else if (muted && slot->stage != STAGE_IDLE && !at_work) {
        give_up(slot, CAUSE_STOPPED, "");
        set_stage(slot, STAGE_IDLE);
    }
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
    if (give_up(slot, CAUSE_STOPPED, "") && slot->stage == STAGE_FLASHING) {
        slot_talk_close(slot);
        attempt_judge(&slot->attempt, &slot->flash, wall_clock_us());
        log_verdict(&slot->attempt);
        store_end(slot->world->store, &slot->attempt, NULL, NULL);
    }
    uv_close((uv_handle_t *)&slot->timer, on_timer_closed);
    uv_close((uv_handle_t *)&slot->deadline, on_timer_closed);
    uv_close((uv_handle_t *)&slot->tick, on_timer_closed);
}
