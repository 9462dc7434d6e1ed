/* SPDX-License-Identifier: MIT */
#include "daemon/api/event_stream.h"
#include "daemon/api/publish.h"
#include "daemon/api/reply.h"

#include <stdlib.h>
#include <string.h>

struct event_stream {
    struct stream stream;
    json_t *more; /* for the snapshot */
    struct station *station;
    struct events *events;
    struct events_listener *listener;
    const char *text; /* being sent: of the listener, of `snapshot`, or a constant */
    size_t len, sent;
    char *snapshot;
    bool comment_due;
};

static void on_events(void *data)
{
    stream_resume(data);
}

static void begin_text(struct event_stream *s, const char *text, size_t len)
{
    s->text = text;
    s->len = len;
    s->sent = 0;
}

/* Looks for the next thing to send. Returns false when memory is short; len stays 0 when there is nothing. */
static bool next_text(struct event_stream *s)
{
    free(s->snapshot);
    s->snapshot = NULL;
    begin_text(s, NULL, 0);
    if (s->comment_due) {
        s->comment_due = false;
        begin_text(s, ":\n\n", 3);
        return true;
    }
    const char *text;
    bool wants_snapshot;
    size_t len = events_next(s->listener, &text, &wants_snapshot);
    if (!wants_snapshot) {
        begin_text(s, text, len);
        return true;
    }
    json_t *status = publish_status(s->station);
    json_object_update(status, s->more);
    s->snapshot = status ? events_format(s->events, "snapshot", status) : NULL;
    json_decref(status);
    if (!s->snapshot)
        return false;
    begin_text(s, s->snapshot, strlen(s->snapshot));
    return true;
}

static ssize_t read_events(void *cls, uint64_t pos, char *out, size_t max)
{
    (void)pos;
    struct event_stream *s = cls;
    if (s->sent == s->len && !next_text(s))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (s->len == 0) {
        stream_suspend(&s->stream);
        return 0;
    }
    return stream_copy(s->text, s->len, &s->sent, out, max);
}

static void end_events(void *cls)
{
    struct event_stream *s = cls;
    stream_end(&s->stream);
    events_unlisten(s->listener);
    json_decref(s->more);
    free(s->snapshot);
    free(s);
}

static void send_comment(struct stream *stream)
{
    struct event_stream *s = (struct event_stream *)stream;
    s->comment_due = true;
    stream_resume(stream);
}

enum MHD_Result event_stream_answer(struct streams *streams, const struct clients *clients,
                                    struct MHD_Connection *connection, struct station *station, struct events *events,
                                    json_t *more, const char *last_id)
{
    /* MHD does not look at a suspended connection. A page that is reloaded again and again would hold all of them until
     * the next keep-alive: so each new one has the others show whether they are still alive. */
    streams_keep_alive(streams);
    if (!clients_begin_stream(connection, clients))
        return reply_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                           "there are %zu event streams on this socket already: close a dashboard or a gangctl watch",
                           clients_streams_max(clients));

    struct event_stream *s = calloc(1, sizeof(*s));
    if (!s)
        return MHD_NO;
    s->listener = events_listen(events, last_id, on_events, &s->stream);
    if (!s->listener) {
        free(s);
        return MHD_NO;
    }
    s->station = station;
    s->events = events;
    s->more = json_incref(more);
    /* A browser that lost us tries again after a second. */
    begin_text(s, "retry: 1000\n\n", 13);
    s->stream.keep_alive = send_comment;
    stream_begin(&s->stream, streams, connection);
    return reply_stream(connection, EVENT_STREAM_TYPE, NULL, read_events, end_events, s);
}
