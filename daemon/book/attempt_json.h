/* SPDX-License-Identifier: MIT */
/*
 * An attempt in JSON. Numbers with a fraction are rounded to milliseconds; dump with JSON_REAL_PRECISION(10) to get
 * them without a tail of nines.
 */
#ifndef DAEMON_BOOK_ATTEMPT_JSON_H
#define DAEMON_BOOK_ATTEMPT_JSON_H

#include "daemon/book/attempt.h"

#include <jansson.h>

/* The ATTEMPT object of docs/api.md, without the live fields (phase, percent, seconds_left). New reference. */
json_t *attempt_json(const struct attempt *attempt);

/* Microseconds since 1970 as "2026-03-02T09:15:04.120Z"; null for 0. New reference. */
json_t *time_json(int64_t microseconds);

/* True or false; null: not known. New reference. */
json_t *written_json(enum written written);

/* A JSON string of any bytes: what is no printable UTF-8 becomes '?' (jansson refuses it). New reference. */
json_t *text_json(const char *text);

/* An array with each line of a text (daemon/base/error_list.h). New reference. */
json_t *lines_json(const char *text);

#endif
