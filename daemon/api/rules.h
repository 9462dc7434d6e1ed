/* SPDX-License-Identifier: MIT */
/*
 * What holds for every request before anybody answers it: the first section of docs/api.md. Most of it keeps foreign
 * web pages away, which reach gangd through the browser of whoever sits at the bench.
 */
#ifndef DAEMON_API_RULES_H
#define DAEMON_API_RULES_H

#include "daemon/api/target.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

/* Bytes of request line and header together, and of a body. */
#define API_HEADER_MAX 8192
#define API_BODY_MAX   4096

/* Where a request came in. */
struct rules {
    bool any_host; /* no browser can be led here by a foreign name */
    uint16_t port;
    char address[64];
    char hosts[512]; /* more names for it, "HOST" or "HOST:PORT", with blanks in between */
};

/* The value of a header that came with the request; NULL. */
const char *rules_header(struct MHD_Connection *connection, const char *name);

/* Before the body: nothing that gangd takes has one that is large, or of unknown length. MHD_YES if the request may go
 * on, or with an answer that is queued. */
enum MHD_Result rules_before_body(struct MHD_Connection *connection) __attribute__((warn_unused_result));

/* Whether the request may go on. If not, an answer is queued and `*result` is for MHD. A target in absolute form
 * ("http://HOST/PATH") then has its path alone. */
bool rules_allow(const struct rules *rules, struct MHD_Connection *connection, struct target *target,
                 enum MHD_Result *result) __attribute__((warn_unused_result));

#endif
