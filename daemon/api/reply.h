/* SPDX-License-Identifier: MIT */
/*
 * Answers. Each function queues one on the connection, with the headers that all answers bear, and returns what MHD's
 * access handler shall return.
 */
#ifndef DAEMON_API_REPLY_H
#define DAEMON_API_REPLY_H

#include "daemon/api/static_files.h"

#include <jansson.h>
#include <microhttpd.h>

/* Steals `json`; NULL (out of memory, text that is no UTF-8) gives a 500. */
enum MHD_Result reply_json(struct MHD_Connection *connection, unsigned status, json_t *json)
    __attribute__((warn_unused_result));

/* {"error": …}, printable ASCII: other bytes become '?'. */
enum MHD_Result reply_error(struct MHD_Connection *connection, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result));

/* A 405 that tells what is allowed ("GET, HEAD"). */
enum MHD_Result reply_not_allowed(struct MHD_Connection *connection, const char *allow)
    __attribute__((warn_unused_result));

/* `file` must outlive the connection. */
enum MHD_Result reply_file(struct MHD_Connection *connection, const struct static_file *file)
    __attribute__((warn_unused_result));

/* A 200 of unknown length; `read` and `ended` get `cls` (see MHD_create_response_from_callback). `filename` may be
 * NULL. On MHD_NO `ended` has been called. */
enum MHD_Result reply_stream(struct MHD_Connection *connection, const char *type, const char *filename,
                             MHD_ContentReaderCallback read, MHD_ContentReaderFreeCallback ended, void *cls)
    __attribute__((warn_unused_result));

/* The headers of such an answer, for HEAD. */
enum MHD_Result reply_stream_head(struct MHD_Connection *connection, const char *type, const char *filename)
    __attribute__((warn_unused_result));

/* Sets a cookie and sends the browser to "/". */
enum MHD_Result reply_cookie(struct MHD_Connection *connection, const char *cookie) __attribute__((warn_unused_result));

#endif
