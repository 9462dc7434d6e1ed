/* SPDX-License-Identifier: MIT */
#include "daemon/api/stream.h"

#include <string.h>

void stream_begin(struct stream *stream, struct streams *streams, struct MHD_Connection *connection)
{
    stream->streams = streams;
    stream->connection = connection;
    LIST_INSERT_HEAD(&streams->list, stream, link);
}

void stream_end(struct stream *stream)
{
    LIST_REMOVE(stream, link);
}

/* MHD does not count suspensions and resumptions, and must not be asked to resume a connection that runs. */
void stream_suspend(struct stream *stream)
{
    stream->suspended = true;
    MHD_suspend_connection(stream->connection);
}

void stream_resume(struct stream *stream)
{
    if (!stream->suspended)
        return;
    stream->suspended = false;
    MHD_resume_connection(stream->connection);
    stream->streams->resumed(stream->streams->data);
}

ssize_t stream_copy(const char *text, size_t len, size_t *sent, char *out, size_t max)
{
    size_t n = len - *sent < max ? len - *sent : max;
    memcpy(out, text + *sent, n);
    *sent += n;
    return (ssize_t)n;
}

void streams_keep_alive(struct streams *streams)
{
    struct stream *stream;
    LIST_FOREACH(stream, &streams->list, link)
    if (stream->keep_alive)
        stream->keep_alive(stream);
}

void streams_resume(struct streams *streams)
{
    struct stream *stream;
    LIST_FOREACH(stream, &streams->list, link)
    stream_resume(stream);
}
