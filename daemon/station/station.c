/* SPDX-License-Identifier: MIT */
#include "daemon/station/station.h"

#include "daemon/base/clock.h"
#include "daemon/base/file.h"
#include "daemon/base/log.h"
#include "daemon/base/memory.h"
#include "daemon/config/check.h"
#include "daemon/config/restart.h"
#include "daemon/port/hotplug.h"
#include "daemon/station/recompress.h"
#include "daemon/station/reload.h"
#include "proto/link/text.h"

#include <assert.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    struct recompress *recompress;        /* of the product in force; NULL: none is at work */
    struct reload *reload;                /* NULL: none is at work */
    bool reload_again;                    /* asked for meanwhile: the files may have changed behind its reading */
    struct station_reload_waiter *waiter; /* for its end; NULL: nobody */
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

/* A slot's path may be either name of the place. */
static struct slot *slot_of_adapter(const struct station *station, const struct adapter *adapter)
{
    struct slot *slot = slot_by_path(station, adapter->path);
    return slot ? slot : slot_by_path(station, adapter->place);
}

/* Whether `path` is the slot's, or a name of the place where its adapter is. */
static bool is_at(const struct slot *slot, const char *path)
{
    const struct adapter *adapter = slot_adapter(slot);
    return strcmp(slot_path(slot), path) == 0 || (adapter && adapter_is_at(adapter, path));
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

/* Other slots of the configuration that name the place of this slot's adapter. Only the adapter has both names. */
static void shadow_others(struct station *station, const struct slot *slot)
{
    const struct adapter *adapter = slot_adapter(slot);
    for (size_t i = 0; adapter && i < station->n_configured; i++) {
        struct slot *other = station->slots[i];
        if (other == slot || !adapter_is_at(adapter, slot_path(other)))
            continue;
        log_warning("station", "slot %s (%s) and slot %s (%s) are the same place: remove one of the two from %s",
                    slot_name(other), slot_path(other), slot_name(slot), slot_path(slot), station->config_path);
        slot_shadow(other, slot_name(slot));
    }
}

static void on_added(void *data, const struct adapter *adapter)
{
    struct station *station = data;
    struct slot *slot = slot_of_adapter(station, adapter);
    if (!slot) {
        struct config_slot config = unconfigured(station, free_name(station, adapter), adapter->path);
        slot = add_slot(station, &config, station->config.mute_unknown);
        sort_unconfigured(station);
    }
    slot_plug(slot, adapter);
    shadow_others(station, slot);
}

/* The slot at `path`, taken out of `old`; NULL: there is none. */
static struct slot *take_slot(struct slot **old, size_t n_old, const char *path)
{
    for (size_t i = 0; i < n_old; i++)
        if (old[i] && is_at(old[i], path)) {
            struct slot *slot = old[i];
            old[i] = NULL;
            return slot;
        }
    return NULL;
}

/* The slots of the configuration, in its order. */
static void arrange_configured(struct station *station, struct slot **old, size_t n_old)
{
    const struct config *config = &station->config;
    for (size_t i = 0; i < config->n_slots; i++) {
        const struct config_slot *wanted = &config->slots[i];
        struct slot *slot = take_slot(old, n_old, wanted->path);
        if (slot)
            slot_configure(slot, wanted, false);
        else
            slot = slot_new(&station->shared, wanted, false);
        station->slots[station->n_slots++] = slot;
    }
    station->n_configured = station->n_slots;
}

/* A slot that the configuration does not name any more: it stays while something is there. */
static void arrange_unconfigured(struct station *station, struct slot *slot)
{
    const struct adapter *adapter = slot_adapter(slot);
    if (!adapter && slot_is_idle(slot)) {
        slot_free(slot);
        return;
    }
    const char *path = adapter ? adapter->path : slot_path(slot);
    struct config_slot now = unconfigured(station, adapter ? free_name(station, adapter) : path, path);
    slot_configure(slot, &now, station->config.mute_unknown);
    station->slots[station->n_slots++] = slot;
}

/* Brings the slots into the order, and under the names, of the configuration. What is at a known path stays there. */
static void arrange_slots(struct station *station)
{
    struct slot **old = station->slots;
    size_t n_old = station->n_slots;
    station->slots = must_calloc(n_old + station->config.n_slots + 1, sizeof(station->slots[0]));
    station->n_slots = 0;
    arrange_configured(station, old, n_old);
    for (size_t i = 0; i < n_old; i++)
        if (old[i])
            arrange_unconfigured(station, old[i]);
    free(old);
    sort_unconfigured(station);
    for (size_t i = 0; i < station->n_slots; i++)
        shadow_others(station, station->slots[i]);
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

static void log_golden_warning(const char *line)
{
    log_warning("golden", "%s", line);
}

static void on_recompressed(void *data)
{
    struct station *station = data;
    station->recompress = NULL;
    memory_trim();
}

/* Beside the book, where gangd may write. */
static void start_recompression(struct station *station)
{
    char book[sizeof(station->config.book)], directory[sizeof(book) + 16];
    if (!station->config.recompress || !recompress_program)
        return;
    text_copy(book, sizeof(book), station->config.book);
    text_print(directory, sizeof(directory), "%s/recompressed", dirname(book));
    station->recompress = recompress_start(station->loop, station->shared.product, directory, on_recompressed, station);
}

static void stop_recompression(struct station *station)
{
    recompress_cancel(station->recompress);
    station->recompress = NULL;
}

static void take_product(struct station *station, struct product *product)
{
    stop_recompression(station);
    product_unref(station->shared.product);
    updates_take_product(station->shared.updates, product);
    station->shared.product = product;
    station->golden_error[0] = '\0';
    log_info("golden", "%s, %u bytes, md5 %s, stub %s", product->golden->parts[0].name, (unsigned)product->golden->size,
             product->golden->md5, product->stub->name);
    error_list_each(product->warnings, log_golden_warning);
    memory_trim();
    start_recompression(station);
}

static void log_kept(const char *sentence)
{
    log_warning("config", "%s", sentence);
}

static void log_refusal(const char *line)
{
    log_error("config", "not reloaded: %s", line);
}

/* From here on the configuration of a reload is in force. `kept`: its keys that need a restart. */
static void take_config(struct station *station, const struct config *config, struct error_list *kept)
{
    struct config in_force = station->config;
    station->config = *config;
    config_keep(&station->config, &in_force, kept);
    error_list_each(kept->text, log_kept);
}

/* The waiter is told last: it may ask the station for anything. */
static void on_reloaded(void *data, const struct config *config, struct product *product, const char *errors)
{
    struct station *station = data;
    struct station_reload_waiter *waiter = station->waiter;
    char kept[CONFIG_ERRORS_MAX];
    struct error_list kept_list;
    error_list_init(&kept_list, kept, sizeof(kept));
    station->reload = NULL;
    station->waiter = NULL;
    if (product) {
        take_config(station, config, &kept_list);
        take_product(station, product);
        arrange_slots(station);
    } else {
        error_list_each(errors, log_refusal);
        error_list_summary(errors, station->golden_error, sizeof(station->golden_error));
    }
    recheck_slots(station);
    if (station->reload_again)
        station_reload(station);
    if (waiter)
        waiter->done(waiter->data, errors, kept);
}

void station_reload(struct station *station)
{
    station->reload_again = station->reload != NULL;
    if (station->reload) {
        log_info("station", "a reload has been at work for %u s; another follows it", reload_seconds(station->reload));
        return;
    }
    log_info("station", "reloading %s", station->config_path);
    station->reload = reload_start(station->loop, station->config_path, on_reloaded, station);
}

bool station_reload_and_tell(struct station *station, struct station_reload_waiter *waiter, char *refusal, size_t size)
{
    if (station->reload) {
        text_print(refusal, size, "a reload has been at work for %u s; ask again when it has ended",
                   reload_seconds(station->reload));
        return false;
    }
    station_reload(station);
    station->waiter = waiter;
    return true;
}

void station_reload_forget(struct station *station, const struct station_reload_waiter *waiter)
{
    if (station->waiter == waiter)
        station->waiter = NULL;
}

static void log_golden_error(const char *line)
{
    log_error("golden", "%s", line);
}

static void load_product(struct station *station)
{
    char errors[CONFIG_ERRORS_MAX];
    struct product *product = product_load(&station->config, errors, sizeof(errors));
    if (product) {
        take_product(station, product);
        return;
    }
    error_list_each(errors, log_golden_error);
    log_error("golden", "no board is flashed until a reload finds a valid image");
    error_list_summary(errors, station->golden_error, sizeof(station->golden_error));
}

static bool open_book(struct station *station, char *error, size_t error_size)
{
    const struct config *config = &station->config;
    if (config_check_book(config, error, error_size) != 0)
        return false;
    station->book = book_open(station->loop, config->book, on_book_health, station, error, error_size);
    return station->book != NULL;
}

/* Asked once, before the loop runs: a look into the file system may block. */
static bool brltty_installed(void)
{
    static const char *const paths[] = {"/usr/bin/brltty", "/bin/brltty", "/sbin/brltty"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (file_access(paths[i], F_OK) == 0)
            return true;
    return false;
}

static void share_with_slots(struct station *station)
{
    station->shared = (struct slot_shared){
        .loop = station->loop,
        .book = station->book,
        .config = &station->config,
        .updates = updates_new(station->loop),
        .brltty_installed = brltty_installed(),
        .changed = on_slot_changed,
        .closed = on_attempt_closed,
        .data = station,
    };
}

static void start_timers(struct station *station)
{
    uv_timer_init(station->loop, &station->count_timer);
    uv_timer_init(station->loop, &station->pause_timer);
    station->count_timer.data = station->pause_timer.data = station;
    uv_timer_start(&station->count_timer, on_count_timer, COUNT_MS, COUNT_MS);
    count(station);
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
    if (!open_book(station, error, error_size)) {
        free(station);
        return NULL;
    }
    share_with_slots(station);
    load_product(station);
    for (size_t i = 0; i < config->n_slots; i++)
        add_slot(station, &config->slots[i], false);
    station->n_configured = station->n_slots;
    start_timers(station);
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
        reload_abandon(station->reload);
    stop_recompression(station);
    for (size_t i = 0; i < station->n_slots; i++)
        slot_free(station->slots[i]);
    station->n_slots = 0;
    updates_free(station->shared.updates);
    /* Closed they are only when the loop runs again, which is after the book's seconds: they may be due by then. */
    uv_timer_stop(&station->count_timer);
    uv_timer_stop(&station->pause_timer);
    bool all = book_close(station->book, STOP_SECONDS);
    station->book = NULL;
    uv_close((uv_handle_t *)&station->pause_timer, on_pause_closed);
    return all;
}
