/* SPDX-License-Identifier: MIT */
/*
 * The stream of changes: a ring of the last events, and those who listen. Knows nothing of HTTP: a listener is woken and
 * reads at its own pace; one that falls behind the ring starts again with a snapshot.
 */
#ifndef DAEMON_EVENTS_H
#define DAEMON_EVENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct events;

/* A ring of the last 1024 events. NULL only when out of memory. */
struct events *events_new(void);
void events_free(struct events *events);

/* Adds an event of `type` (a static string: "slot", "verdict", …) and wakes the listeners. Steals `data`. */
void events_publish(struct events *events, const char *type, json_t *data);

struct events_listener;

/* `wake` comes on the loop thread when there is something to read, at most once until events_next() said 0.
 * `last_id` is what the client had seen ("" or NULL: nothing). */
struct events_listener *events_listen(struct events *events, const char *last_id, void (*wake)(void *data), void *data);

/* The next event as SSE text ("id: …\nevent: …\ndata: …\n\n"), valid until the next call; 0 bytes if there is none now.
 * `*snapshot` is set instead when the listener must be given a snapshot first: format it with events_format(). */
size_t events_next(struct events_listener *listener, const char **text, bool *snapshot);

/* An event in SSE form that bears the id of the newest one. malloc()ed; the caller frees. NULL when out of memory. */
char *events_format(struct events *events, const char *type, const json_t *data);

void events_unlisten(struct events_listener *listener);

#endif
