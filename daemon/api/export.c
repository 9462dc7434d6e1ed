/* SPDX-License-Identifier: MIT */
#include "daemon/api/export.h"
#include "daemon/api/reply.h"

#include <stdlib.h>
#include <string.h>

struct export
{
    struct stream stream;
    struct book_read *read;
    bool units;
    int64_t id; /* of the one row that is wanted; 0: all */
    enum book_format format;
    char *text; /* being sent */
    size_t capacity, len, sent;
    bool asked; /* the book has not given the next piece yet */
    bool last, failed;
};

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
    stream_resume(&e->stream);
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
        return stream_copy(e->text, e->len, &e->sent, out, max);
    /* Without an end of the chunked body, the client knows that it has not got all. */
    if (e->failed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (e->last)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (!e->asked)
        ask(e);
    stream_suspend(&e->stream);
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
    e->id = query->filter.id;
    e->format = query->format;
    stream_begin(&e->stream, streams, connection);
    ask(e);
    stream_suspend(&e->stream);
    return e;
}

void export_close(struct export *e)
{
    stream_end(&e->stream);
    book_read_close(e->read);
    free(e->text);
    free(e);
}

static void end_export(void *cls)
{
    export_close(cls);
}

enum MHD_Result export_answer(struct export *e, bool head)
{
    static const char *const types[] = {[BOOK_JSON] = "application/json",
                                        [BOOK_NDJSON] = "application/x-ndjson",
                                        [BOOK_CSV] = "text/csv; charset=utf-8; header=present"};
    struct MHD_Connection *connection = e->stream.connection;
    if (e->failed) {
        export_close(e);
        return reply_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "the book cannot be read at the moment");
    }
    if (e->id && e->len == 0) {
        int64_t id = e->id;
        export_close(e);
        return reply_error(connection, MHD_HTTP_NOT_FOUND, "there is no attempt %lld", (long long)id);
    }
    const char *type = e->id ? "application/json" : types[e->format];
    const char *filename = e->format != BOOK_CSV ? NULL : e->units ? "gangd-units.csv" : "gangd-attempts.csv";
    if (head) {
        export_close(e);
        return reply_stream_head(connection, type, filename);
    }
    return reply_stream(connection, type, filename, read_export, end_export, e);
}
