/* SPDX-License-Identifier: MIT */
#include "daemon/station/slot_lifecycle.h"

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/station/slot_state.h"
#include "proto/link/text.h"

#include <stdio.h>
#include <string.h>

#define STUCK_MAX 3 /* attempts in a row that a stuck adapter gets by itself: each is a row in the book */

void slot_settle(struct slot *slot)
{
    slot_enter(slot, slot->shared->paused ? SLOT_SETTLING_DEFERRED : SLOT_SETTLING);
}

/* A verdict stays only where boards come with their adapter: who is in the fixture has not been observed. */
void slot_adopt_presence(struct slot *slot)
{
    if (slot->presence == slot->next_presence)
        return;
    bool had_port = slot_port_is_open(slot);
    if (had_port)
        slot_hang_up(slot);
    slot->presence = slot->next_presence;
    if (slot->state == SLOT_SHOWN ? slot->presence != BY_PLUG : had_port)
        slot_settle(slot);
}

void slot_become_ready(struct slot *slot)
{
    slot_enter(slot, SLOT_READY);
    slot_adopt_presence(slot);
}

/* Beginning */

/* False, and the slot waits, if a board that came with its adapter may not be flashed. A fixture's adapter brings no
 * board, and its port is opened whether boards may be flashed or not. */
bool slot_may_begin(struct slot *slot)
{
    if (slot->presence != BY_PLUG)
        return true;
    bool deferred = slot->state == SLOT_SETTLING_DEFERRED || slot->state == SLOT_DEFERRED || slot->shared->paused;
    if (!deferred && !slot_shared_hindrance(slot->shared))
        return true;
    slot_enter(slot, deferred ? SLOT_DEFERRED : SLOT_BLOCKED);
    return false;
}

void slot_begin(struct slot *slot, enum slot_state next)
{
    if (slot_may_begin(slot))
        slot_enter(slot, next);
}

static void on_begun(void *data, int64_t id)
{
    struct slot *slot = data;
    slot_attempt_start(&slot->attempt, &slot->session, id);
    slot_enter(slot, SLOT_FLASHING);
}

/* Of the configured rates those that the adapter does; if it does none, the one that every adapter does, for that is no
 * fault of the board. Returns how many. */
static size_t possible_bauds(const struct slot *slot, uint32_t bauds[CONFIG_BAUDS_MAX])
{
    const struct config *config = slot->shared->config;
    size_t n = 0;
    for (size_t i = 0; i < config->n_bauds; i++)
        if (pump_can_do(slot->pump, config->bauds[i]))
            bauds[n++] = config->bauds[i];
    if (n == 0)
        bauds[n++] = LOADER_BAUD;
    return n;
}

void slot_log_bauds(const struct slot *slot)
{
    const struct config *config = slot->shared->config;
    char rates[128] = "";
    for (size_t i = 0, used = 0; i < config->n_bauds && used < sizeof(rates); i++)
        if (!pump_can_do(slot->pump, config->bauds[i]))
            used += (size_t)snprintf(rates + used, sizeof(rates) - used, " %u", (unsigned)config->bauds[i]);
    if (rates[0])
        log_warning("slot", "%s: %s: the adapter cannot do%s baud: not used here", slot->name, slot->adapter.devnode,
                    rates);
}

/* The port is open: the attempt's row is committed, then the first byte goes out. */
void slot_book(struct slot *slot)
{
    uint32_t bauds[CONFIG_BAUDS_MAX];
    size_t n_bauds = possible_bauds(slot, bauds);
    slot_attempt_prepare(&slot->attempt, &(struct slot_attempt_setup){
                                             .config = slot->shared->config,
                                             .product = slot->shared->product,
                                             .updates = slot->shared->updates,
                                             .adapter = &slot->adapter,
                                             .slot = slot->name,
                                             .path = slot->adapter.path,
                                             .bauds = bauds,
                                             .n_bauds = n_bauds,
                                             .manual_reset = slot->reset == RESET_MANUAL,
                                             .stay_in_stub = slot->presence == BY_PROBE,
                                         });
    slot->attempt_generation = slot->board_generation;
    slot_enter(slot, SLOT_BOOKING);
    slot->ticket = book_begin(slot->shared->book, &slot->attempt.row, on_begun, slot);
}

/* Ending */

/* An attempt ended so: the next one begins by itself when the adapter answers again. */
static bool retry_after_stuck(struct slot *slot)
{
    if (slot->attempt.row.cause == CAUSE_ADAPTER_STUCK)
        slot->stuck_in_a_row++;
    else
        slot->stuck_in_a_row = 0;
    return slot->stuck_in_a_row > 0 && slot->stuck_in_a_row < STUCK_MAX;
}

static void go_idle(struct slot *slot)
{
    enum slot_state muted = slot->state == SLOT_ENDING_DEFERRED ? SLOT_MUTED_DEFERRED : SLOT_MUTED;
    slot_close_port(slot);
    slot_enter(slot, slot_has_adapter(slot) ? muted : SLOT_ABSENT);
}

/* The verdict is in the book. */
static void show_verdict(struct slot *slot)
{
    if (!slot_has_adapter(slot) || slot->muted)
        go_idle(slot);
    else if (slot->state == SLOT_ENDING_DEFERRED)
        slot_enter(slot, SLOT_SETTLING_DEFERRED);
    else if (slot->attempt_generation == slot->board_generation && retry_after_stuck(slot))
        slot_begin(slot, SLOT_STUCK);
    else if (slot->attempt_generation == slot->board_generation)
        slot_enter(slot, SLOT_SHOWN);
    else if (slot_port_is_open(slot))
        slot_become_ready(slot);
    else
        slot_settle(slot);
}

static void on_booked(void *data)
{
    struct slot *slot = data;
    slot_attempt_conclude(&slot->attempt);
    show_verdict(slot);
    slot_adopt_presence(slot);
    slot->shared->closed(slot->shared->data, &slot->attempt.row);
}

void slot_forget_trust(struct slot *slot)
{
    book_trust_cancel(slot->shared->book, slot->trust);
    slot->trust = 0;
}

/* The recipe has ended, or was aborted. A fixture's port stays open, unless it is what failed. */
void slot_finish(struct slot *slot, enum slot_state next)
{
    if (slot->presence == BY_PLUG || slot_attempt_lost_port(&slot->attempt))
        slot_hang_up(slot);
    else
        pump_drop(slot->pump);
    slot_forget_trust(slot);
    slot_attempt_close(&slot->attempt);
    slot_enter(slot, next);
    book_end(slot->shared->book, &slot->attempt.row, on_booked, slot);
}

void slot_abort_attempt(struct slot *slot, enum cause cause, const char *detail)
{
    program_abort(&slot->attempt.program, cause, detail, steady_clock_us());
    slot_finish(slot, SLOT_ENDING);
}

/* The port in trouble, in any state but FLASHING */

/* True if there is nothing more to do: a verdict is being committed. Another board may be here when it is shown. */
static bool lose_port(struct slot *slot, enum cause cause)
{
    slot_hang_up(slot);
    if (slot->state == SLOT_BOOKING)
        book_cancel(slot->shared->book, slot->ticket, cause);
    else if (slot->state == SLOT_ENDING)
        slot->board_generation++;
    return slot->state == SLOT_ENDING;
}

static bool is_waiting_for_rights(const struct slot *slot, enum cause cause)
{
    return cause == CAUSE_PORT_FORBIDDEN && slot->state == SLOT_OPENING &&
           steady_clock_us() - slot->plugged < SLOT_RIGHTS_MS * 1000;
}

void slot_have_trouble(struct slot *slot, enum cause cause, const char *detail)
{
    if (lose_port(slot, cause))
        return;
    if (is_waiting_for_rights(slot, cause)) {
        slot_settle(slot);
        return;
    }
    char trouble[sizeof(slot->trouble)];
    text_print(trouble, sizeof(trouble), "%s: %s", cause_sentence(cause), detail);
    if (slot->state == SLOT_STUCK && (cause == CAUSE_ADAPTER_ERROR || cause == CAUSE_ADAPTER_STUCK)) {
        timer_start(&slot->deadline, SLOT_RETRY_MS); /* the kernel has given up its call: still no answer */
    } else if (strcmp(trouble, slot->trouble) == 0) {
        slot_enter(slot, SLOT_TROUBLED_AGAIN);
    } else {
        log_warning("slot", "%s: %s: %s", slot->name, slot->adapter.devnode, trouble);
        memcpy(slot->trouble, trouble, sizeof(trouble));
        slot_enter(slot, SLOT_TROUBLED);
    }
}

/* A fixture's adapter: udev will tell, if it is unplugged. */
void slot_port_gone(struct slot *slot, const char *detail)
{
    if (slot->presence == BY_PLUG) {
        slot_have_trouble(slot, CAUSE_UNPLUGGED, detail);
    } else if (!lose_port(slot, CAUSE_UNPLUGGED)) {
        log_info("slot", "%s: %s: %s", slot->name, slot->adapter.devnode, detail);
        slot_settle(slot);
    }
}

/* A port that was open has been hung up by its pump. */
void slot_port_stuck(struct slot *slot)
{
    bool was_open = pump_state(slot->pump) == PUMP_CLOSING;
    if (slot->state == SLOT_STUCK && !was_open)
        return;
    if (was_open && lose_port(slot, CAUSE_ADAPTER_STUCK))
        return;
    log_warning("slot", "%s: %s: %s", slot->name, slot->adapter.devnode, cause_sentence(CAUSE_ADAPTER_STUCK));
    slot_enter(slot, SLOT_STUCK);
}
