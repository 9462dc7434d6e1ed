/* SPDX-License-Identifier: MIT */
/*
 * The token of the read-only listener: who shows it may look. A program sends it as "Authorization: Bearer TOKEN"; a
 * browser is given it once, as /?token=TOKEN, and then has it as a cookie, because an event stream of a page cannot
 * bear a header.
 */
#ifndef DAEMON_API_TOKEN_H
#define DAEMON_API_TOKEN_H

#include "daemon/api/target.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

/* Letters, digits, '-', '_', '.', '~': they need no escape in a URL, nor in a cookie. */
#define TOKEN_MIN 16
#define TOKEN_MAX 128

/* Reads the file's one line. False and a sentence that names the file, also if it holds no token. */
bool token_read(const char *path, char token[TOKEN_MAX + 1], char *error, size_t error_size)
    __attribute__((warn_unused_result));

/* Whether `shown` (NULL: nothing) is the token or another secret text. Takes the same time wherever they differ. */
bool token_is_equal(const char *shown, const char *token) __attribute__((warn_unused_result));

/* Whether the request shows the token in its header or cookie. */
bool token_is_shown(struct MHD_Connection *connection, const char *token) __attribute__((warn_unused_result));

/* Answers a request that does not: with the cookie if it is /?token=TOKEN, else with a 401. */
enum MHD_Result token_answer(struct MHD_Connection *connection, const char *token, const struct target *target)
    __attribute__((warn_unused_result));

#endif
