/* SPDX-License-Identifier: MIT */
/* One attempt of a slot, from its row in the book to its verdict there. */
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/station/attempt_record.h"
#include "daemon/station/slot_internal.h"

#include <stdio.h>
#include <string.h>

#define PASSES_TO_CLIMB 20 /* good attempts in a row before a slot tries the next higher baud rate again */

static void on_begun(void *data, int64_t id)
{
    struct slot *slot = data;
    slot->attempt.id = id;
    program_start(&slot->program, &slot->session, &slot->job, steady_clock_us());
    slot_set_stage(slot, STAGE_FLASHING);
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

    product_unref(slot->product);
    slot->product = product_ref(slot->world->product);
    slot->job = (struct program_job){
        .golden = slot->product->golden,
        .stub = slot->product->stub,
        .min_flash_size = config->min_flash_size,
        .n_bauds = config->n_bauds,
        .tries = config->tries,
        .compare_first = config->compare_first,
        .manual_reset = slot->reset == RESET_MANUAL,
        .run = config->run && slot->presence != BY_PROBE, /* slot_presence.c */
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
    slot_set_stage(slot, STAGE_BOOKING);
    slot->ticket = book_begin(slot->world->book, attempt, on_begun, slot);
}

/* What worked is where the next attempt begins. */
static void remember_baud(struct slot *slot)
{
    bool passed = slot->attempt.verdict == VERDICT_PASS;
    if (passed && slot->attempt.written == WRITTEN_NO)
        return; /* so few bytes say nothing of the rate */
    uint32_t baud = program_baud(&slot->program);
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
    slot_judged(slot);
    slot->world->closed(slot->world->data, &slot->attempt);
}

void slot_note(struct slot *slot)
{
    struct attempt known = slot->attempt;
    attempt_observe(&known, &slot->program);
    if (strcmp(known.mac, slot->attempt.mac) == 0 && strcmp(known.flash_id, slot->attempt.flash_id) == 0)
        return;
    slot->attempt = known;
    book_note(slot->world->book, &slot->attempt);
}

/* A fixture's port stays open, unless it is what failed. */
static bool keeps_port(const struct slot *slot)
{
    switch (slot->program.cause) {
    case CAUSE_UNPLUGGED:
    case CAUSE_ADAPTER_ERROR:
    case CAUSE_ADAPTER_STUCK: return false;
    default: return slot->presence != BY_PLUG;
    }
}

void slot_finish(struct slot *slot)
{
    if (keeps_port(slot))
        slot_talk_drop(slot);
    else
        slot_talk_hang_up(slot);
    attempt_judge(&slot->attempt, &slot->program, wall_clock_us());
    slot_set_stage(slot, STAGE_ENDING);
    book_end(slot->world->book, &slot->attempt, on_ended, slot);
}

void slot_stop_attempt(struct slot *slot)
{
    slot_talk_close(slot);
    attempt_judge(&slot->attempt, &slot->program, wall_clock_us());
    log_verdict(&slot->attempt);
    book_end(slot->world->book, &slot->attempt, NULL, NULL);
}
