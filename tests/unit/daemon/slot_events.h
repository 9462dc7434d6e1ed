/* SPDX-License-Identifier: MIT */
/*
 * A slot over slot_fakes.h, and all that can happen to it, by name. Definitions: one file of a test program includes
 * it.
 */
#ifndef TESTS_UNIT_DAEMON_SLOT_EVENTS_H
#define TESTS_UNIT_DAEMON_SLOT_EVENTS_H

#include "daemon/station/slot.h"
#include "daemon/station/slot_internal.h"
#include "tests/unit/daemon/slot_fakes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

static struct product product = {.references = 1};
static struct config config = {.settle_ms = 300, .bauds = {115200}, .n_bauds = 1, .tries = 3, .run = true};
static struct slot *slot;
static unsigned changes, closes;
static const char *refusal;

static void on_changed(void *data, struct slot *changed)
{
    (void)data;
    ck_assert_ptr_eq(changed, slot);
    struct slot_snapshot shown;
    slot_snapshot(slot, &shown);
    if (shown.has_attempt && shown.attempt.verdict != VERDICT_OPEN)
        ck_assert_msg(!begun && !booked, "a verdict is shown that is not in the book");
    changes++;
}

static void on_attempt_closed(void *data, const struct attempt *attempt)
{
    (void)data;
    ck_assert_int_ne(attempt->verdict, VERDICT_OPEN);
    closes++;
}

static struct slot_shared shared = {
    .config = &config, .product = &product, .changed = on_changed, .closed = on_attempt_closed};

/* Events. Each gives false if it cannot come now, as the pump's, the book's and the timers' contracts have it. */

static bool plug(void)
{
    static const struct adapter adapter = {.devnode = "/dev/ttyUSB0", .driver = "cp210x", .vid = "10c4", .pid = "ea60"};
    slot_plug(slot, &adapter);
    return true;
}

static bool unplug(void)
{
    slot_unplug(slot);
    return true;
}

static bool start(void)
{
    refusal = slot_start(slot);
    return true;
}

/* The state's time is up, or that until the next observation. */
static bool deadline(void)
{
    return timer_fire(&slot->deadline);
}

static bool watch(void)
{
    return timer_fire(&slot->watch);
}

static bool opened(void)
{
    if (pump.state != PUMP_OPENING && pump.state != PUMP_REOPENING)
        return false;
    pump.state = PUMP_OPEN;
    pump.events->opened(pump.data);
    return true;
}

static bool fail_to_open(enum cause cause)
{
    if (pump.state != PUMP_OPENING && pump.state != PUMP_REOPENING)
        return false;
    pump.state = PUMP_CLOSING;
    pump.events->failed(pump.data, cause, "/dev/ttyUSB0");
    return true;
}

static bool busy(void)
{
    return fail_to_open(CAUSE_PORT_BUSY);
}

static bool no_open(void)
{
    return fail_to_open(CAUSE_ADAPTER_ERROR);
}

/* As the real pump does it: a port that was open is hung up before. */
static bool leave_port(void)
{
    if (pump.state != PUMP_OPEN)
        return false;
    pump.state = PUMP_CLOSING;
    pump.session = NULL;
    return true;
}

static bool stuck(void)
{
    if (!leave_port() && pump.state != PUMP_OPENING && pump.state != PUMP_REOPENING)
        return false;
    pump.events->stuck(pump.data);
    return true;
}

static bool gone(void)
{
    if (!leave_port())
        return false;
    pump.events->gone(pump.data, -EIO);
    return true;
}

static bool begun_row(void)
{
    book_begun_cb done = begun;
    begun = NULL;
    if (done)
        done(book_data, 4711);
    return done;
}

static bool booked_row(void)
{
    book_ended_cb done = booked;
    booked = NULL;
    if (done)
        done(book_data);
    return done;
}

static const char *intruder = ""; /* what a search for one finds */

/* The search for an intruder ends at once. */
static bool end_recipe(void)
{
    pump.session = NULL;
    pump.events->ended(pump.data);
    if (pump.searching) {
        pump.searching = false;
        pump.events->intruder(pump.data, intruder);
    }
    return true;
}

static struct program *program(void)
{
    return pump.session && slot->state == SLOT_FLASHING ? (struct program *)pump.session->recipe : NULL;
}

static bool end_program(enum program_state state, enum cause cause)
{
    struct program *self = program();
    if (!self)
        return false;
    self->state = state;
    self->cause = cause;
    self->identified = self->stub_running = state == PROGRAM_PASSED;
    self->chip = (struct chip_identity){.mac = {'A', 'A', 'A', 'A', 'A', 'A'}, .name = "ESP8266EX"};
    return end_recipe();
}

static bool passed(void)
{
    return end_program(PROGRAM_PASSED, CAUSE_NONE);
}

static bool failed(void)
{
    return end_program(PROGRAM_FAILED, CAUSE_LINK_LOST);
}

/* The recipe knows its board now. */
static bool identify(void)
{
    struct program *self = program();
    if (!self)
        return false;
    self->state = PROGRAM_STUB;
    self->identified = true;
    self->chip = (struct chip_identity){.mac = {'A', 'A', 'A', 'A', 'A', 'A'}, .name = "ESP8266EX"};
    pump.events->progressed(pump.data);
    return true;
}

static bool end_probe(enum presence_result result, char mac)
{
    if (!pump.session || slot->state == SLOT_FLASHING)
        return false;
    struct presence *probe = (struct presence *)pump.session->recipe;
    probe->state = PRESENCE_ENDED;
    probe->result = result;
    probe->identified = mac;
    memset(probe->chip.mac, mac, sizeof(probe->chip.mac));
    return end_recipe();
}

static bool board_a(void)
{
    return end_probe(PRESENCE_BOARD, 'A');
}

static bool board_b(void)
{
    return end_probe(PRESENCE_BOARD, 'B');
}

static bool same(void)
{
    return end_probe(PRESENCE_SAME, 0);
}

static bool unknown(void)
{
    return end_probe(PRESENCE_UNIDENTIFIED, 0);
}

static bool nothing(void)
{
    return end_probe(PRESENCE_NOTHING, 0);
}

static bool no_probe(void)
{
    return end_probe(PRESENCE_ERROR, 0);
}

static bool read_lines(int error, unsigned lines)
{
    if (pump.state != PUMP_OPEN || slot->presence != BY_CTS)
        return false;
    pump.events->lines(pump.data, error, lines);
    return true;
}

static bool lid_closed(void)
{
    return read_lines(0, TIOCM_CTS | TIOCM_DSR);
}

static bool lid_open(void)
{
    return read_lines(0, TIOCM_DSR);
}

static bool no_lines(void)
{
    return read_lines(-ENOTTY, 0);
}

static bool no_answer(void)
{
    return read_lines(-EIO, 0);
}

static bool pause_station(void)
{
    shared.paused = true;
    slot_recheck(slot);
    return true;
}

static bool resume(void)
{
    shared.paused = false;
    slot_recheck(slot);
    return true;
}

static bool block(void)
{
    shared.blocked = "The book cannot be written: full";
    slot_recheck(slot);
    return true;
}

static bool unblock(void)
{
    shared.blocked = NULL;
    slot_recheck(slot);
    return true;
}

static bool configure(enum presence_mode presence, bool muted)
{
    const struct config_slot is = {.name = "A1", .path = "usb-1", .presence = presence};
    slot_configure(slot, &is, muted);
    return true;
}

static bool mute(void)
{
    return configure(slot->next_presence, true);
}

static bool unmute(void)
{
    return configure(slot->next_presence, false);
}

static bool to_plug(void)
{
    return configure(BY_PLUG, slot->muted);
}

static bool to_start(void)
{
    return configure(BY_START, slot->muted);
}

/* X(event) */
#define EVENTS(X)                                                                                                      \
    X(plug)                                                                                                            \
    X(unplug)                                                                                                          \
    X(start)                                                                                                           \
    X(deadline)                                                                                                        \
    X(watch)                                                                                                           \
    X(opened)                                                                                                          \
    X(busy)                                                                                                            \
    X(no_open)                                                                                                         \
    X(stuck)                                                                                                           \
    X(gone)                                                                                                            \
    X(begun_row)                                                                                                       \
    X(booked_row)                                                                                                      \
    X(identify)                                                                                                        \
    X(passed)                                                                                                          \
    X(failed)                                                                                                          \
    X(board_a)                                                                                                         \
    X(board_b)                                                                                                         \
    X(same)                                                                                                            \
    X(unknown)                                                                                                         \
    X(nothing)                                                                                                         \
    X(no_probe)                                                                                                        \
    X(lid_closed)                                                                                                      \
    X(lid_open)                                                                                                        \
    X(no_lines)                                                                                                        \
    X(no_answer)                                                                                                       \
    X(pause_station)                                                                                                   \
    X(resume)                                                                                                          \
    X(block)                                                                                                           \
    X(unblock)                                                                                                         \
    X(mute)                                                                                                            \
    X(unmute)                                                                                                          \
    X(to_plug)                                                                                                         \
    X(to_start)

static const struct {
    const char *name;
    bool (*happen)(void);
} events[] = {
#define X(event) {#event, event},
    EVENTS(X)
#undef X
};

#define EVENT_COUNT (sizeof(events) / sizeof(events[0]))

static size_t event_index(const char *name, size_t len)
{
    size_t i = 0;
    while (strncmp(events[i].name, name, len) != 0 || events[i].name[len] != '\0')
        ck_assert_uint_lt(++i, EVENT_COUNT);
    return i;
}

/* False if it cannot come now. */
static bool happen(size_t event)
{
    asked[0] = '\0';
    changes = 0;
    refusal = NULL;
    return events[event].happen();
}

/* Events by name, one after the other: "plug deadline opened". */
static void go(const char *road)
{
    for (size_t len; *road; road += len + (road[len] == ' ')) {
        len = strcspn(road, " ");
        ck_assert_msg(happen(event_index(road, len)), "it cannot come: %s", road);
    }
}

static void set_up(enum presence_mode presence)
{
    static uint8_t image[64] = {0xE9, 1};
    char error[200] = "";
    product.golden = golden_new();
    ck_assert_msg(golden_add(product.golden, "golden.bin", 0, image, sizeof(image), error, sizeof(error)) == 0 &&
                      golden_seal(product.golden, error, sizeof(error)) == 0,
                  "%s", error);
    product.stub = stub_image_builtin();
    const struct config_slot is = {.name = "A1", .path = "usb-1", .presence = presence};
    slot = slot_new(&shared, &is, false);
}

static void tear_down(void)
{
    slot_free(slot);
    golden_free(product.golden);
    stub_image_free(product.stub);
    ck_assert_uint_eq(product.references, 1);
    shared.paused = false;
    shared.blocked = NULL;
    begun = NULL;
    booked = NULL;
}

#endif
