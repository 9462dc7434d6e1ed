/* SPDX-License-Identifier: MIT */
#include "daemon/station/station.h"

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/memory.h"
#include "daemon/port/hotplug.h"
#include "proto/link/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MS     30000       /* the hour's window moves on also when nothing happens */
#define FORGET_US    600000000LL /* an empty slot that is not in the configuration is shown ten minutes more */
#define STOP_SECONDS 5

struct station {
    uv_loop_t *loop;
    struct config config;
    char config_path[512];
    LIST_HEAD(observer_list, station_observer) observers;
    struct book *book;
    struct hotplug *hotplug;
    struct slot_shared shared;
    struct slot **slots;
    size_t n_slots, n_configured;
    int64_t started;
    char book_error[STATION_ERROR_MAX];
    char blocked[STATION_ERROR_MAX + 64];
    char golden_error[STATION_ERROR_MAX];
    struct book_counts today;
    uv_timer_t count_timer, pause_timer;
    struct reload *reload;
};

void station_snapshot(const struct station *station, struct station_snapshot *snapshot)
{
    const struct config *config = &station->config;
    *snapshot = (struct station_snapshot){
        .started = station->started,
        .paused = station->shared.paused,
        .product = station->shared.product,
        .today = station->today,
    };
    memcpy(snapshot->name, config->name, sizeof(snapshot->name));
    memcpy(snapshot->operator, config->operator, sizeof(snapshot->operator));
    memcpy(snapshot->lot, config->lot, sizeof(snapshot->lot));
    const char *hindrance = slot_shared_hindrance(&station->shared);
    text_copy(snapshot->hindrance, sizeof(snapshot->hindrance), hindrance ? hindrance : "");
    memcpy(snapshot->book_error, station->book_error, sizeof(snapshot->book_error));
    memcpy(snapshot->golden_error, station->golden_error, sizeof(snapshot->golden_error));
}

size_t station_slot_count(const struct station *station)
{
    return station->n_slots;
}

void station_slot_snapshot(const struct station *station, size_t index, struct slot_snapshot *snapshot)
{
    slot_snapshot(station->slots[index], snapshot);
}

void station_observe(struct station *station, struct station_observer *observer)
{
    LIST_INSERT_HEAD(&station->observers, observer, link);
}

void station_unobserve(struct station_observer *observer)
{
    LIST_REMOVE(observer, link);
}

/* Calls FUNCTION of each observer that has it. */
#define TELL(station, function, ...)                                                                                   \
    do {                                                                                                               \
        const struct station_observer *observer;                                                                       \
        LIST_FOREACH(observer, &(station)->observers, link)                                                            \
        if (observer->function)                                                                                        \
            observer->function(observer->data, __VA_ARGS__);                                                           \
    } while (0)

struct book *station_book(const struct station *station)
{
    return station->book;
}

static void tell_station(const struct station *station)
{
    TELL(station, station_changed, station);
}

static void on_counted(void *data, const struct book_counts *counts)
{
    struct station *station = data;
    bool news = memcmp(&station->today, counts, sizeof(*counts)) != 0;
    station->today = *counts;
    if (news)
        tell_station(station);
}

static int64_t local_midnight(void)
{
    time_t now = (time_t)(wall_clock_us() / 1000000);
    struct tm local;
    localtime_r(&now, &local);
    local.tm_hour = local.tm_min = local.tm_sec = 0;
    local.tm_isdst = -1;
    return (int64_t)mktime(&local) * 1000000;
}

static void count(struct station *station)
{
    book_count(station->book, local_midnight(), on_counted, station);
}

static void on_slot_changed(void *data, struct slot *slot)
{
    struct station *station = data;
    if (LIST_EMPTY(&station->observers))
        return;
    struct slot_snapshot snapshot;
    slot_snapshot(slot, &snapshot);
    TELL(station, slot_changed, &snapshot);
}

static void on_attempt_closed(void *data, const struct attempt *attempt)
{
    struct station *station = data;
    TELL(station, verdict, attempt);
    count(station);
}

static void recheck_slots(struct station *station)
{
    tell_station(station);
    for (size_t i = 0; i < station->n_slots; i++)
        slot_recheck(station->slots[i]);
}

static void on_book_health(void *data, const char *error)
{
    struct station *station = data;
    if (error) {
        log_error("book", "%s; no board is flashed until it can be written", error);
        text_copy(station->book_error, sizeof(station->book_error), error);
        text_print(station->blocked, sizeof(station->blocked), "The book cannot be written: %s", error);
        station->shared.blocked = station->blocked;
    } else {
        log_info("book", "can be written again");
        station->book_error[0] = '\0';
        station->shared.blocked = NULL;
    }
    recheck_slots(station);
}

static struct slot *slot_by_path(const struct station *station, const char *path)
{
    for (size_t i = 0; i < station->n_slots; i++)
        if (strcmp(slot_path(station->slots[i]), path) == 0)
            return station->slots[i];
    return NULL;
}

static struct slot *slot_by_name(const struct station *station, const char *name)
{
    for (size_t i = 0; i < station->n_slots; i++)
        if (strcmp(slot_name(station->slots[i]), name) == 0)
            return station->slots[i];
    return NULL;
}

static int compare_slots(const void *a, const void *b)
{
    return strverscmp(slot_name(*(struct slot *const *)a), slot_name(*(struct slot *const *)b));
}

static struct slot *add_slot(struct station *station, const struct config_slot *config, bool muted)
{
    station->slots = must_realloc(station->slots, station->n_slots + 1, sizeof(station->slots[0]));
    struct slot *slot = slot_new(&station->shared, config, muted);
    station->slots[station->n_slots++] = slot;
    return slot;
}

/* The name of a slot that is not in the configuration. */
static const char *free_name(const struct station *station, const struct adapter *adapter)
{
    return slot_by_name(station, adapter->place) ? adapter->path : adapter->place;
}

/* As the configuration has it for a place that it does not name. */
static struct config_slot unconfigured(const struct station *station, const char *name, const char *path)
{
    struct config_slot slot = {.reset = station->config.reset, .presence = station->config.presence};
    text_copy(slot.name, sizeof(slot.name), name);
    text_copy(slot.path, sizeof(slot.path), path);
    return slot;
}

static void sort_unconfigured(struct station *station)
{
    qsort(station->slots + station->n_configured, station->n_slots - station->n_configured, sizeof(station->slots[0]),
          compare_slots);
}

static void on_added(void *data, const struct adapter *adapter)
{
    struct station *station = data;
    struct slot *slot = slot_by_path(station, adapter->path);
    if (!slot) {
        struct config_slot config = unconfigured(station, free_name(station, adapter), adapter->path);
        slot = add_slot(station, &config, station->config.mute_unknown);
        sort_unconfigured(station);
    }
    slot_plug(slot, adapter);
}

/* Brings the slots into the order, and under the names, of the configuration. What is at a known path stays there. */
static void arrange_slots(struct station *station)
{
    const struct config *config = &station->config;
    struct slot **old = station->slots;
    size_t n_old = station->n_slots;
    struct slot **slots = must_calloc(n_old + config->n_slots + 1, sizeof(slots[0]));
    station->slots = slots;
    station->n_slots = 0;
    for (size_t i = 0; i < config->n_slots; i++) {
        const struct config_slot *wanted = &config->slots[i];
        struct slot *slot = NULL;
        for (size_t j = 0; j < n_old && !slot; j++) {
            if (old[j] && strcmp(slot_path(old[j]), wanted->path) == 0) {
                slot = old[j];
                old[j] = NULL;
            }
        }
        if (slot)
            slot_configure(slot, wanted, false);
        else
            slot = slot_new(&station->shared, wanted, false);
        slots[station->n_slots++] = slot;
    }
    station->n_configured = station->n_slots;
    for (size_t j = 0; j < n_old; j++) {
        struct slot *slot = old[j];
        const struct adapter *adapter = slot ? slot_adapter(slot) : NULL;
        if (slot && !adapter && slot_is_idle(slot)) {
            slot_free(slot);
        } else if (slot) {
            const char *name = adapter ? free_name(station, adapter) : slot_path(slot);
            struct config_slot now = unconfigured(station, name, slot_path(slot));
            slot_configure(slot, &now, config->mute_unknown);
            slots[station->n_slots++] = slot;
        }
    }
    free(old);
    sort_unconfigured(station);
    TELL(station, slots_changed, station);
}

static void on_removed(void *data, const char *syspath)
{
    struct station *station = data;
    for (size_t i = 0; i < station->n_slots; i++) {
        const struct adapter *adapter = slot_adapter(station->slots[i]);
        if (adapter && strcmp(adapter->syspath, syspath) == 0)
            slot_unplug(station->slots[i]);
    }
}

static void forget_empty_slots(struct station *station)
{
    size_t kept = station->n_configured;
    for (size_t i = kept; i < station->n_slots; i++) {
        struct slot *slot = station->slots[i];
        if (slot_tile(slot) == TILE_EMPTY && slot_is_idle(slot) && wall_clock_us() - slot_since(slot) > FORGET_US) {
            TELL(station, slot_gone, slot_name(slot));
            slot_free(slot);
        } else {
            station->slots[kept++] = slot;
        }
    }
    station->n_slots = kept;
}

static void on_count_timer(uv_timer_t *timer)
{
    struct station *station = timer->data;
    forget_empty_slots(station);
    count(station);
}

enum station_reply station_start_slot(struct station *station, const char *name, struct slot_snapshot *snapshot,
                                      const char **refusal)
{
    struct slot *slot = slot_by_name(station, name);
    if (!slot)
        return STATION_NO_SUCH_SLOT;
    *refusal = slot_start(slot);
    if (*refusal)
        return STATION_CONFLICT;
    log_info("station", "slot %s: a new attempt was asked for", name);
    slot_snapshot(slot, snapshot);
    return STATION_OK;
}

const char *station_start_slots(struct station *station, void (*started)(void *data, const char *name), void *data)
{
    size_t count = 0, able = 0;
    for (size_t i = 0; i < station->n_slots; i++) {
        struct slot *slot = station->slots[i];
        able += slot_mode(slot) == BY_START;
        if (slot_mode(slot) != BY_START || slot_start(slot))
            continue;
        started(data, slot_name(slot));
        count++;
    }
    log_info("station", "%zu slots were started", count);
    if (count > 0)
        return NULL;
    if (able == 0)
        return "no slot has presence = start";
    const char *hindrance = slot_shared_hindrance(&station->shared);
    return hindrance ? hindrance : "no slot with presence = start is ready";
}

static void end_pause(uv_timer_t *timer)
{
    struct station *station = timer->data;
    if (!station->shared.paused)
        return;
    log_info("station", "the pause has ended");
    station->shared.paused = false;
    recheck_slots(station);
}

void station_pause(struct station *station, unsigned seconds)
{
    uv_timer_stop(&station->pause_timer);
    if (seconds == 0) {
        end_pause(&station->pause_timer);
        return;
    }
    uv_timer_start(&station->pause_timer, end_pause, seconds * UINT64_C(1000), 0);
    if (station->shared.paused)
        return;
    log_info("station", "paused: no attempt begins");
    station->shared.paused = true;
    recheck_slots(station);
}

static void take_product(struct station *station, struct product *product)
{
    product_unref(station->shared.product);
    station->shared.product = product;
    station->golden_error[0] = '\0';
    log_info("golden", "%s, %u bytes, md5 %s, stub %s", product->golden->parts[0].name, (unsigned)product->golden->size,
             product->golden->md5, product->stub->name);
}

/* Reading and compressing takes a second or two: a reload does it on a worker. */
struct reload {
    uv_work_t work;
    struct station *station; /* NULL: it stopped meanwhile */
    bool again;              /* asked for once more: the files may have changed behind our reading */
    struct config config;
    char path[512];
    struct product *product;
    char error[STATION_ERROR_MAX];
};

static void reload_work(uv_work_t *work)
{
    struct reload *reload = work->data;
    if (config_read(&reload->config, reload->path, reload->error, sizeof(reload->error)) == 0)
        reload->product = product_load(&reload->config, reload->error, sizeof(reload->error));
}

static void reload_done(uv_work_t *work, int status)
{
    struct reload *reload = work->data;
    struct station *station = reload->station;
    if (!station || status != 0) {
        product_unref(reload->product);
    } else {
        station->reload = NULL;
        if (reload->product) {
            station->config = reload->config;
            take_product(station, reload->product);
            arrange_slots(station);
        } else {
            log_error("golden", "not reloaded: %s", reload->error);
            text_copy(station->golden_error, sizeof(station->golden_error), reload->error);
        }
        recheck_slots(station);
        if (reload->again)
            station_reload(station);
    }
    free(reload);
}

void station_reload(struct station *station)
{
    if (station->reload) {
        station->reload->again = true;
        return;
    }
    struct reload *reload = must_calloc(1, sizeof(*reload));
    log_info("station", "reloading %s", station->config_path);
    reload->work.data = reload;
    reload->station = station;
    memcpy(reload->path, station->config_path, sizeof(reload->path));
    station->reload = reload;
    uv_queue_work(station->loop, &reload->work, reload_work, reload_done);
}

struct station *station_start(uv_loop_t *loop, const struct config *config, const char *config_path, char *error,
                              size_t error_size)
{
    static const struct hotplug_events hotplug_events = {.added = on_added, .removed = on_removed};
    struct station *station = must_calloc(1, sizeof(*station));
    station->loop = loop;
    station->config = *config;
    text_copy(station->config_path, sizeof(station->config_path), config_path);
    LIST_INIT(&station->observers);
    station->started = wall_clock_us();

    station->book = book_open(loop, config->book, on_book_health, station, error, error_size);
    if (!station->book) {
        free(station);
        return NULL;
    }
    station->shared = (struct slot_shared){
        .loop = loop,
        .book = station->book,
        .config = &station->config,
        .changed = on_slot_changed,
        .closed = on_attempt_closed,
        .data = station,
    };
    struct product *product = product_load(config, station->golden_error, sizeof(station->golden_error));
    if (product)
        take_product(station, product);
    else
        log_error("golden", "%s; no board is flashed until a reload finds a valid image", station->golden_error);

    for (size_t i = 0; i < config->n_slots; i++)
        add_slot(station, &config->slots[i], false);
    station->n_configured = station->n_slots;

    uv_timer_init(loop, &station->count_timer);
    uv_timer_init(loop, &station->pause_timer);
    station->count_timer.data = station->pause_timer.data = station;
    uv_timer_start(&station->count_timer, on_count_timer, COUNT_MS, COUNT_MS);
    count(station);

    station->hotplug = hotplug_start(loop, &hotplug_events, station, error, error_size);
    if (!station->hotplug) {
        bool booked = station_stop(station); /* nothing has begun; if not, the book has logged what is missing */
        (void)booked;
        return NULL;
    }
    return station;
}

static void on_station_closed(uv_handle_t *handle)
{
    struct station *station = handle->data;
    product_unref(station->shared.product);
    free(station->slots);
    free(station);
}

static void on_pause_closed(uv_handle_t *handle)
{
    struct station *station = handle->data;
    uv_close((uv_handle_t *)&station->count_timer, on_station_closed);
}

bool station_stop(struct station *station)
{
    uv_timer_stop(&station->count_timer);
    uv_timer_stop(&station->pause_timer);
    if (station->hotplug)
        hotplug_stop(station->hotplug);
    if (station->reload)
        station->reload->station = NULL;
    for (size_t i = 0; i < station->n_slots; i++)
        slot_free(station->slots[i]);
    station->n_slots = 0;
    /* Closed they are only when the loop runs again, which is after the book's seconds: they may be due by then. */
    uv_timer_stop(&station->count_timer);
    uv_timer_stop(&station->pause_timer);
    bool all = book_close(station->book, STOP_SECONDS);
    station->book = NULL;
    uv_close((uv_handle_t *)&station->pause_timer, on_pause_closed);
    return all;
}
