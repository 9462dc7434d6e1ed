/* SPDX-License-Identifier: MIT */
#include "daemon/api/reply.h"

#include "proto/link/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Largest piece of a stream that is asked for at once. */
#define STREAM_BLOCK 16384

static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response,
                             const char *type, const char *cache)
{
    static const char *const always[][2] = {
        {MHD_HTTP_HEADER_CONTENT_SECURITY_POLICY,
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
         "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
        {MHD_HTTP_HEADER_X_CONTENT_TYPE_OPTIONS, "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        /* A foreign page may name our address in <img> or <script>; its browser then keeps the answer from it. */
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    if (!response)
        return MHD_NO;
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        MHD_add_response_header(response, always[i][0], always[i][1]);
    if (status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    if (status == MHD_HTTP_BAD_REQUEST) /* where this request ends is in doubt, and so is whatever follows */
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, cache);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response); /* the connection keeps its own reference */
    return result;
}

/* Takes `text`. */
static struct MHD_Response *text_response(char *text)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (!response)
        free(text);
    return response;
}

enum MHD_Result reply_json(struct MHD_Connection *connection, unsigned status, json_t *json)
{
    static char broken[] = "{\"error\":\"gangd could not format its answer\"}";
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (text)
        return queue(connection, status, text_response(text), "application/json", "no-store");
    return queue(connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
                 MHD_create_response_from_buffer(strlen(broken), broken, MHD_RESPMEM_PERSISTENT), "application/json",
                 "no-store");
}

static void printable(char *text)
{
    for (; *text; text++)
        if (!isprint((unsigned char)*text))
            *text = '?';
}

enum MHD_Result reply_error(struct MHD_Connection *connection, unsigned status, const char *format, ...)
{
    char sentence[256];
    va_list arguments;
    va_start(arguments, format);
    text_vprint(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    printable(sentence);
    return reply_json(connection, status, json_pack("{s:s}", "error", sentence));
}

enum MHD_Result reply_not_allowed(struct MHD_Connection *connection, const char *allow)
{
    char text[96];
    snprintf(text, sizeof(text), "{\"error\":\"this takes only %s\"}", allow);
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
    if (response)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
    return queue(connection, MHD_HTTP_METHOD_NOT_ALLOWED, response, "application/json", "no-store");
}

enum MHD_Result reply_file(struct MHD_Connection *connection, const struct static_file *file)
{
    /* no-cache: gangd may have been updated since; the files are few and small. */
    return queue(connection, MHD_HTTP_OK,
                 MHD_create_response_from_buffer(file->size, file->data, MHD_RESPMEM_PERSISTENT), file->type,
                 "no-cache");
}

static enum MHD_Result queue_stream(struct MHD_Connection *connection, const char *type, const char *filename,
                                    struct MHD_Response *response)
{
    if (response && filename) {
        char disposition[96];
        snprintf(disposition, sizeof(disposition), "attachment; filename=\"%s\"", filename);
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION, disposition);
    }
    return queue(connection, MHD_HTTP_OK, response, type, "no-store");
}

enum MHD_Result reply_stream(struct MHD_Connection *connection, const char *type, const char *filename,
                             MHD_ContentReaderCallback read, MHD_ContentReaderFreeCallback ended, void *cls)
{
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read, cls, ended);
    if (!response)
        ended(cls);
    return queue_stream(connection, type, filename, response);
}

static ssize_t read_nothing(void *cls, uint64_t pos, char *out, size_t max)
{
    (void)cls;
    (void)pos;
    (void)out;
    (void)max;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

/* To HEAD, libmicrohttpd 0.9.75 sends the last chunk of a chunked body. Without chunks there is nothing to send: the
 * connection ends instead. */
enum MHD_Result reply_stream_head(struct MHD_Connection *connection, const char *type, const char *filename)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_nothing, NULL, NULL);
    if (response)
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    return queue_stream(connection, type, filename, response);
}

enum MHD_Result reply_cookie(struct MHD_Connection *connection, const char *cookie)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, cookie);
        MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, "/");
    }
    return queue(connection, MHD_HTTP_SEE_OTHER, response, "text/plain", "no-store");
}
