/* SPDX-License-Identifier: MIT */
#include "daemon/api/stream.h"
#include "daemon/api/publish.h"
#include "daemon/api/reply.h"

#include <stdlib.h>
#include <string.h>

enum stream_kind { STREAM_EVENTS, STREAM_EXPORT };

/* What both kinds have in common: first member of each. */
struct stream {
    enum stream_kind kind;
    struct streams *streams;
    struct MHD_Connection *connection;
    bool paused;
    LIST_ENTRY(stream) link;
};

/* The event stream. */
struct event_stream {
    struct stream stream;
    struct station *station;
    struct events *events;
    struct events_listener *listener;
    const char *text; /* being sent: of the listener, of `snapshot`, or a constant */
    size_t len, sent;
    char *snapshot;
    bool comment_due;
};

struct export
{
    struct stream stream;
    struct book_read *read;
    bool units;
    enum book_format format;
    char *text; /* being sent */
    size_t capacity, len, sent;
    bool asked; /* the book owes us a piece */
    bool last, failed;
};

static void stream_begin(struct streams *streams, struct stream *stream, enum stream_kind kind,
                         struct MHD_Connection *connection)
{
    stream->kind = kind;
    stream->streams = streams;
    stream->connection = connection;
    LIST_INSERT_HEAD(&streams->list, stream, link);
}

/* MHD counts neither suspensions nor resumptions, and takes it ill when a connection that runs is resumed. */
static void pause_stream(struct stream *stream)
{
    stream->paused = true;
    MHD_suspend_connection(stream->connection);
}

static void resume_stream(struct stream *stream)
{
    if (!stream->paused)
        return;
    stream->paused = false;
    MHD_resume_connection(stream->connection);
    stream->streams->resumed(stream->streams->data);
}

/* Copies what fits of text[*sent…len) for MHD. */
static ssize_t send_some(const char *text, size_t len, size_t *sent, char *out, size_t max)
{
    size_t n = len - *sent < max ? len - *sent : max;
    memcpy(out, text + *sent, n);
    *sent += n;
    return (ssize_t)n;
}

static void on_events(void *data)
{
    resume_stream(data);
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
        pause_stream(&s->stream);
        return 0;
    }
    return send_some(s->text, s->len, &s->sent, out, max);
}

static void end_events(void *cls)
{
    struct event_stream *s = cls;
    LIST_REMOVE(&s->stream, link);
    events_unlisten(s->listener);
    free(s->snapshot);
    free(s);
}

enum MHD_Result stream_events(struct streams *streams, struct MHD_Connection *connection, struct station *station,
                              struct events *events, const char *last_id)
{
    /* MHD does not look at a suspended connection. A page that is reloaded again and again would hold all of them until
     * the next keep-alive: so each new one has the others show whether they are still alive. */
    streams_keep_alive(streams);

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
    /* A browser that lost us tries again after a second. */
    begin_text(s, "retry: 1000\n\n", 13);
    stream_begin(streams, &s->stream, STREAM_EVENTS, connection);
    return reply_stream(connection, "text/event-stream", NULL, read_events, end_events, s);
}

/* Keeps a copy of the piece, or remembers that there will be none. */
static void on_text(void *data, const char *text, size_t len, bool last)
{
    struct export *e = data;
    e->asked = false;
    e->last = last;
    e->sent = e->len = 0;
    if (text && len > e->capacity) {
        free(e->text);
        e->text = malloc(len);
        e->capacity = e->text ? len : 0;
    }
    if (!text || len > e->capacity) {
        e->failed = true;
    } else if (len) {
        memcpy(e->text, text, len);
        e->len = len;
    }
    resume_stream(&e->stream);
}

static void ask(struct export *e)
{
    e->asked = true;
    book_read_next(e->read, on_text, e);
}

static ssize_t read_export(void *cls, uint64_t pos, char *out, size_t max)
{
    (void)pos;
    struct export *e = cls;
    if (e->sent < e->len)
        return send_some(e->text, e->len, &e->sent, out, max);
    /* Without an end of the chunked body, the client knows that it has not got all. */
    if (e->failed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (e->last)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (!e->asked)
        ask(e);
    pause_stream(&e->stream);
    return 0;
}

struct export *export_open(struct streams *streams, struct MHD_Connection *connection, struct book *book,
                           const struct query *query)
{
    struct export *e = calloc(1, sizeof(*e));
    if (!e)
        return NULL;
    e->read = book_read_open(book, &query->filter, query->format);
    if (!e->read) {
        free(e);
        return NULL;
    }
    e->units = query->filter.units;
    e->format = query->format;
    stream_begin(streams, &e->stream, STREAM_EXPORT, connection);
    ask(e);
    pause_stream(&e->stream);
    return e;
}

void export_close(struct export *e)
{
    LIST_REMOVE(&e->stream, link);
    book_read_close(e->read);
    free(e->text);
    free(e);
}

static void end_export(void *cls)
{
    export_close(cls);
}

enum MHD_Result export_answer(struct export *e)
{
    static const char *const types[] = {[BOOK_JSON] = "application/json",
                                        [BOOK_NDJSON] = "application/x-ndjson",
                                        [BOOK_CSV] = "text/csv; charset=utf-8; header=present"};
    struct MHD_Connection *connection = e->stream.connection;
    if (e->failed) {
        export_close(e);
        return reply_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "the book cannot be read at the moment");
    }
    const char *filename = e->format != BOOK_CSV ? NULL : e->units ? "gangd-units.csv" : "gangd-attempts.csv";
    return reply_stream(connection, types[e->format], filename, read_export, end_export, e);
}

void streams_keep_alive(struct streams *streams)
{
    for (struct stream *stream = LIST_FIRST(&streams->list); stream; stream = LIST_NEXT(stream, link)) {
        if (stream->kind != STREAM_EVENTS)
            continue;
        struct event_stream *s = (struct event_stream *)stream;
        s->comment_due = true;
        resume_stream(stream);
    }
}

void streams_resume(struct streams *streams)
{
    for (struct stream *stream = LIST_FIRST(&streams->list); stream; stream = LIST_NEXT(stream, link))
        resume_stream(stream);
}
