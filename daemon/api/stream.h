/* SPDX-License-Identifier: MIT */
/*
 * Answers that take their time: the event stream and exports of the book. Each holds at most one piece of text; the
 * next one is made when the client has taken it, so a slow reader costs no memory. While there is nothing to send,
 * MHD's connection is suspended.
 */
#ifndef DAEMON_API_STREAM_H
#define DAEMON_API_STREAM_H

#include "daemon/api/events.h"
#include "daemon/book/query.h"
#include "daemon/station/station.h"

#include <microhttpd.h>
#include <sys/queue.h>

/* All streams of a server, and how it learns that one of them was resumed: MHD_run() must be called soon, though not
 * from within `resumed`, which may come from inside MHD_run(). */
struct streams {
    LIST_HEAD(stream_list, stream) list;
    void (*resumed)(void *data);
    void *data;
};

/* Queues the event stream on `connection`. `last_id`: what the client has seen, or NULL. */
enum MHD_Result stream_events(struct streams *streams, struct MHD_Connection *connection, struct station *station,
                              struct events *events, const char *last_id);

/* An export asks the book for its first piece before it answers, so that a book that cannot be read is a 503 and not a
 * broken answer. */
struct export;

/* Asks, and suspends the connection until the piece is there: MHD then calls its access handler again. NULL: out of
 * memory. */
struct export *export_open(struct streams *streams, struct MHD_Connection *connection, struct book *book,
                           const struct query *query);

/* Queues the answer. Takes `export`. */
enum MHD_Result export_answer(struct export *export);

/* Ends an export that was not answered. */
void export_close(struct export *export);

/* Gives each event stream a comment to send. */
void streams_keep_alive(struct streams *streams);

/* Resumes all: their connections can be closed then. */
void streams_resume(struct streams *streams);

#endif
