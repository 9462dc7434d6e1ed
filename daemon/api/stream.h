/* SPDX-License-Identifier: MIT */
/*
 * What answers that take their time have in common: event_stream and export. Each holds at most one piece of text; the
 * next one is made when the client has taken it, so a slow reader costs no memory. While there is nothing to send,
 * MHD's connection is suspended.
 */
#ifndef DAEMON_API_STREAM_H
#define DAEMON_API_STREAM_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <sys/types.h>

struct stream;

/* All streams of a server, and how it learns that one of them was resumed: MHD_run() must be called soon, though not
 * from within `resumed`, which may come from inside MHD_run(). */
struct streams {
    LIST_HEAD(stream_list, stream) list;
    void (*resumed)(void *data);
    void *data;
};

/* First member of each kind of stream. */
struct stream {
    void (*keep_alive)(struct stream *stream); /* NULL: it needs none */
    struct streams *streams;
    struct MHD_Connection *connection;
    bool suspended;
    LIST_ENTRY(stream) link;
};

void stream_begin(struct stream *stream, struct streams *streams, struct MHD_Connection *connection);
void stream_end(struct stream *stream);

/* Suspends its connection, and resumes it: any number of times in a row. */
void stream_suspend(struct stream *stream);
void stream_resume(struct stream *stream);

/* Copies what fits of text[*sent…len) into MHD's buffer `out` and moves `*sent` on. Returns how much. */
ssize_t stream_copy(const char *text, size_t len, size_t *sent, char *out, size_t max);

/* Has each event stream send a comment. */
void streams_keep_alive(struct streams *streams);

/* Resumes all: their connections can be closed then. */
void streams_resume(struct streams *streams);

#endif
