/* SPDX-License-Identifier: MIT */
/* The answer to GET /api/v1/events: the ring of events, one at a time, for as long as the client stays. */
#ifndef DAEMON_API_EVENT_STREAM_H
#define DAEMON_API_EVENT_STREAM_H

#include "daemon/api/clients.h"
#include "daemon/api/events.h"
#include "daemon/api/stream.h"
#include "daemon/station/station.h"

#define EVENT_STREAM_TYPE "text/event-stream"

/* Queues the event stream on `connection`, which is one of `clients`; a 503 if there are too many streams among them.
 * `more`: members of each snapshot
 * besides the status; kept by reference. `last_id`: what the client has seen, or NULL. MHD_NO:
 * out of memory. */
enum MHD_Result event_stream_answer(struct streams *streams, const struct clients *clients,
                                    struct MHD_Connection *connection, struct station *station, struct events *events,
                                    json_t *more, const char *last_id) __attribute__((warn_unused_result));

#endif
