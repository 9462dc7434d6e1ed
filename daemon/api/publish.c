/* SPDX-License-Identifier: MIT */
#include "daemon/api/publish.h"

#include "daemon/base/clock.h"
#include "daemon/book/attempt_json.h"

#include <math.h>

static json_t *error_json(const char *error)
{
    return error[0] ? text_json(error) : json_null();
}

static json_t *files_json(const struct golden *golden)
{
    json_t *files = json_array();
    for (size_t i = 0; golden && i < golden->n_parts; i++) {
        const struct golden_part *part = &golden->parts[i];
        json_array_append_new(files, json_pack("{s:o, s:I, s:I}", "file", text_json(part->name), "offset",
                                               (json_int_t)part->offset, "size", (json_int_t)part->size));
    }
    return files;
}

static json_t *golden_json(const struct station_snapshot *station)
{
    const struct golden *golden = station->product ? station->product->golden : NULL;
    return json_pack("{s:b, s:o, s:o, s:o, s:o, s:I, s:o}", "ok", golden != NULL, "error",
                     error_json(station->golden_error), "warnings",
                     lines_json(golden ? station->product->warnings : ""), "md5", text_json(golden ? golden->md5 : ""),
                     "sha256", text_json(golden ? golden->sha256 : ""), "size", golden ? (json_int_t)golden->size : 0,
                     "files", files_json(golden));
}

/* null: of nothing. */
static json_t *share_json(int64_t part, int64_t whole)
{
    return whole > 0 ? json_real(round((double)part * 1000 / (double)whole) / 1000) : json_null();
}

static json_t *today_json(const struct book_counts *today)
{
    int64_t units = today->units_passed + today->units_failed;
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:I}", "pass", (json_int_t)today->pass, "fail", (json_int_t)today->fail,
        "interrupted", (json_int_t)today->interrupted, "units_passed", (json_int_t)today->units_passed, "units_failed",
        (json_int_t)today->units_failed, "yield", share_json(today->units_passed, units), "first_pass_yield",
        share_json(today->units_passed_first, units), "units_per_hour", (json_int_t)today->units_last_hour);
}

json_t *publish_summary(const struct station *station)
{
    struct station_snapshot now;
    station_snapshot(station, &now);
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:{s:b, s:o}, s:o, s:o, s:o}", "gangd", GANGD_VERSION,
                     "station", text_json(now.name), "time", time_json(wall_clock_us()), "started",
                     time_json(now.started), "operator", text_json(now.operator), "lot", text_json(now.lot), "held",
                     now.paused, "blocked", error_json(now.hindrance), "book", "ok", now.book_error[0] == '\0', "error",
                     error_json(now.book_error), "golden", golden_json(&now), "stub",
                     text_json(now.product ? now.product->stub->name : ""), "today", today_json(&now.today));
}

json_t *publish_slots(const struct station *station)
{
    json_t *slots = json_array();
    for (size_t i = 0; i < station_slot_count(station); i++) {
        struct slot_snapshot slot;
        station_slot_snapshot(station, i, &slot);
        json_array_append_new(slots, publish_slot(&slot));
    }
    return slots;
}

json_t *publish_status(const struct station *station)
{
    json_t *status = publish_summary(station);
    json_object_set_new(status, "slots", publish_slots(station));
    return status;
}

static json_t *adapter_json(const struct adapter *adapter)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "devnode", text_json(adapter->devnode), "driver",
                     text_json(adapter->driver), "model", text_json(adapter->model), "serial",
                     text_json(adapter->serial), "vid", text_json(adapter->vid), "pid", text_json(adapter->pid));
}

/* The attempt with what only an open one has. */
static json_t *slot_attempt_json(const struct slot_snapshot *slot)
{
    if (!slot->has_attempt)
        return json_null();
    json_t *json = attempt_json(&slot->attempt);
    if (!slot->progress.phase)
        return json;
    double left = slot->progress.seconds_left;
    json_object_set_new(json, "phase", text_json(slot->progress.phase));
    json_object_set_new(json, "tries_allowed", json_integer(slot->progress.tries_allowed));
    json_object_set_new(json, "previous_try", text_json(slot->progress.previous_try));
    json_object_set_new(json, "percent", json_integer(slot->progress.percent));
    json_object_set_new(json, "seconds_left", left < 0 ? json_null() : json_real(round(left * 10) / 10));
    return json;
}

json_t *publish_slot(const struct slot_snapshot *slot)
{
    return json_pack("{s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "slot", text_json(slot->name), "path",
                     text_json(slot->path), "presence", presence_mode_word(slot->presence), "state",
                     tile_state_word(slot->tile), "since", time_json(slot->since), "sentence",
                     text_json(slot->sentence), "prompt", slot->prompt ? text_json(slot->prompt) : json_null(),
                     "adapter", slot->has_adapter ? adapter_json(&slot->adapter) : json_null(), "attempt",
                     slot_attempt_json(slot));
}

static void on_station_changed(void *data, const struct station *station)
{
    struct publisher *publisher = data;
    events_publish(publisher->events, "station", publish_summary(station));
}

static void on_slots_changed(void *data, const struct station *station)
{
    struct publisher *publisher = data;
    events_publish(publisher->events, "snapshot", publish_status(station));
}

static void on_slot_changed(void *data, const struct slot_snapshot *slot)
{
    struct publisher *publisher = data;
    events_publish(publisher->events, "slot", publish_slot(slot));
}

static void on_slot_gone(void *data, const char *name)
{
    struct publisher *publisher = data;
    events_publish(publisher->events, "slot-gone", json_pack("{s:o}", "slot", text_json(name)));
}

static void on_verdict(void *data, const struct attempt *attempt)
{
    struct publisher *publisher = data;
    events_publish(publisher->events, "verdict", attempt_json(attempt));
}

void publish_start(struct publisher *publisher, struct station *station, struct events *events)
{
    *publisher = (struct publisher){
        .events = events,
        .observer = {.station_changed = on_station_changed,
                     .slots_changed = on_slots_changed,
                     .slot_changed = on_slot_changed,
                     .slot_gone = on_slot_gone,
                     .verdict = on_verdict,
                     .data = publisher},
    };
    station_observe(station, &publisher->observer);
}

void publish_stop(struct publisher *publisher)
{
    station_unobserve(&publisher->observer);
}
