/* SPDX-License-Identifier: MIT */
/*
 * The stream of changes: a ring of the last events, and those who listen. Knows nothing of HTTP: a listener is woken
 * and reads at its own pace; one that falls behind the ring starts again with a snapshot.
 */
#ifndef DAEMON_API_EVENTS_H
#define DAEMON_API_EVENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many of the last events can be read by those who come late or back. */
#define EVENTS_KEPT 1024

struct events;

/* Never NULL. Ids begin with a number drawn here: an id of another gangd, or of this one before its
 * restart, is not taken for one of ours. */
struct events *events_new(void) __attribute__((warn_unused_result));

/* No listener may be left. NULL is fine. */
void events_free(struct events *events);

/* Adds an event of `type` (a static string: "slot", "verdict", …) and wakes the listeners. Steals `data`. */
void events_publish(struct events *events, const char *type, json_t *data);

struct events_listener;

/* Begins to listen; there may be something to read at once. Whenever events_next() has said that there is nothing more,
 * `wake` comes once, from events_publish(), when there is; it may end its own listener. `last_id` is what the client
 * had seen ("" or NULL: nothing). NULL only when out of memory. */
struct events_listener *events_listen(struct events *events, const char *last_id, void (*wake)(void *data), void *data)
    __attribute__((warn_unused_result));

/* The next event as SSE text ("id: …\nevent: …\ndata: …\n\n"), valid until the next call; 0 bytes if there is none now.
 * `*snapshot` is set instead, with 0 bytes, when the listener must be given a snapshot first: make it now, with
 * events_format(). What comes next is younger than that snapshot. */
size_t events_next(struct events_listener *listener, const char **text, bool *snapshot)
    __attribute__((warn_unused_result));

/* An event in SSE form that bears the id of the newest one. malloc()ed; the caller frees. NULL when out of memory. */
char *events_format(struct events *events, const char *type, const json_t *data) __attribute__((warn_unused_result));

/* NULL is fine. */
void events_unlisten(struct events_listener *listener);

#endif
