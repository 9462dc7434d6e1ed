/* SPDX-License-Identifier: MIT */
#include "daemon/api/events.h"
#include "daemon/base/log.h"
#include "daemon/base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

/* Shared by the ring and the listeners that are about to send it: the ring may go on, the text stays. */
struct event {
    unsigned refs;
    size_t len;
    char *text;
};

struct events {
    uint32_t epoch;                  /* of this start; the first half of each id */
    uint64_t last;                   /* number of the newest event; the first is 1 */
    struct event *ring[EVENTS_KEPT]; /* event n is at n % EVENTS_KEPT; NULL where memory was short */
    LIST_HEAD(events_listeners, events_listener) listeners;
};

struct events_listener {
    struct events *events;
    uint64_t next; /* number of the event to read next */
    bool snapshot; /* wanted before that */
    bool idle;     /* has read everything: to be woken */
    struct event *current;
    void (*wake)(void *data);
    void *data;
    LIST_ENTRY(events_listener) link;
};

static void event_unref(struct event *event)
{
    if (!event || --event->refs)
        return;
    free(event->text);
    free(event);
}

struct events *events_new(void)
{
    struct events *events = must_calloc(1, sizeof(*events));
    LIST_INIT(&events->listeners);
    /* Four bytes are never refused once the kernel's pool is up, and it is before any daemon starts. */
    if (getrandom(&events->epoch, sizeof(events->epoch), 0) != sizeof(events->epoch))
        log_warning("events", "no random numbers: clients may mistake event ids of an earlier start for new ones");
    return events;
}

void events_free(struct events *events)
{
    if (!events)
        return;
    for (size_t i = 0; i < EVENTS_KEPT; i++)
        event_unref(events->ring[i]);
    free(events);
}

char *events_format(struct events *events, const char *type, const json_t *data)
{
    /* Compact JSON escapes line breaks, so one "data:" line holds it. */
    char *json = json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY);
    char *text = NULL;
    if (json && asprintf(&text, "id: %08" PRIx32 "-%" PRIu64 "\nevent: %s\ndata: %s\n\n", events->epoch, events->last,
                         type, json) < 0)
        text = NULL;
    free(json);
    return text;
}

static struct event *event_new(struct events *events, const char *type, const json_t *data)
{
    struct event *event = must_calloc(1, sizeof(*event));
    event->text = events_format(events, type, data);
    if (!event->text) {
        free(event);
        return NULL;
    }
    event->len = strlen(event->text);
    event->refs = 1;
    return event;
}

void events_publish(struct events *events, const char *type, json_t *data)
{
    events->last++;
    struct event **place = &events->ring[events->last % EVENTS_KEPT];
    event_unref(*place);
    *place = event_new(events, type, data);
    if (!*place)
        log_error("events", "a %s event could not be made: listeners get a snapshot instead", type);
    json_decref(data);

    struct events_listener *next;
    for (struct events_listener *l = LIST_FIRST(&events->listeners); l; l = next) {
        next = LIST_NEXT(l, link);
        if (!l->idle)
            continue;
        l->idle = false;
        l->wake(l->data);
    }
}

/* The number of the oldest event in the ring; 1 before there is any. */
static uint64_t oldest(const struct events *events)
{
    return events->last < EVENTS_KEPT ? 1 : events->last - EVENTS_KEPT + 1;
}

/* Reads "EPOCH-NUMBER". False unless it is an id that this start gave out. */
static bool read_id(const struct events *events, const char *id, uint64_t *number)
{
    char epoch[16];
    int len = snprintf(epoch, sizeof(epoch), "%08" PRIx32 "-", events->epoch);
    if (strncmp(id, epoch, (size_t)len) != 0)
        return false;
    const char *digits = id + len;
    size_t n = strspn(digits, "0123456789");
    if (n == 0 || n > 19 || digits[n]) /* 19 digits fit 64 bits */
        return false;
    *number = strtoull(digits, NULL, 10);
    return *number <= events->last;
}

struct events_listener *events_listen(struct events *events, const char *last_id, void (*wake)(void *data), void *data)
{
    struct events_listener *listener = calloc(1, sizeof(*listener));
    if (!listener)
        return NULL;
    uint64_t seen = 0;
    listener->events = events;
    listener->snapshot = !last_id || !read_id(events, last_id, &seen);
    listener->next = seen + 1;
    listener->wake = wake;
    listener->data = data;
    LIST_INSERT_HEAD(&events->listeners, listener, link);
    return listener;
}

size_t events_next(struct events_listener *listener, const char **text, bool *snapshot)
{
    struct events *events = listener->events;
    event_unref(listener->current);
    listener->current = NULL;
    *text = NULL;
    *snapshot = false;

    bool waiting = listener->next <= events->last;
    if (listener->snapshot || listener->next < oldest(events) ||
        (waiting && !events->ring[listener->next % EVENTS_KEPT])) {
        listener->snapshot = false;
        listener->next = events->last + 1;
        *snapshot = true;
        return 0;
    }
    if (!waiting) {
        listener->idle = true;
        return 0;
    }
    listener->current = events->ring[listener->next % EVENTS_KEPT];
    listener->current->refs++;
    listener->next++;
    *text = listener->current->text;
    return listener->current->len;
}

void events_unlisten(struct events_listener *listener)
{
    if (!listener)
        return;
    LIST_REMOVE(listener, link);
    event_unref(listener->current);
    free(listener);
}
