/* SPDX-License-Identifier: MIT */
#include "daemon/book/attempt_json.h"
#include "daemon/base/error_list.h"
#include "daemon/base/memory.h"
#include "daemon/base/utf8.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

json_t *time_json(int64_t microseconds)
{
    if (microseconds == 0)
        return json_null();
    /* Times before 1970 do not occur, but a book may hold any number: milliseconds round down there too. */
    int64_t milliseconds = microseconds / 1000 - (microseconds % 1000 < 0);
    int64_t fraction = milliseconds % 1000;
    if (fraction < 0)
        fraction += 1000;
    time_t seconds = (time_t)((milliseconds - fraction) / 1000);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm))
        return json_null();
    return json_sprintf("%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900LL, tm.tm_mon + 1, tm.tm_mday,
                        tm.tm_hour, tm.tm_min, tm.tm_sec, (int)fraction);
}

json_t *text_json(const char *text)
{
    size_t size = strlen(text) + 1;
    char *clean = must_calloc(1, size);
    utf8_copy(clean, size, text);
    json_t *json = json_string(clean);
    free(clean);
    return json;
}

json_t *lines_json(const char *text)
{
    json_t *lines = json_array();
    char line[ERROR_LIST_LINE_MAX];
    while (*text) {
        text = error_list_next(text, line, sizeof(line));
        json_array_append_new(lines, text_json(line));
    }
    return lines;
}

json_t *written_json(enum written written)
{
    return written == WRITTEN_UNKNOWN ? json_null() : json_boolean(written == WRITTEN_YES);
}

static json_t *seconds_number_json(double seconds)
{
    return json_real(round(seconds * 1000) / 1000);
}

static json_t *seconds_json(const struct attempt *attempt)
{
    json_t *json = json_object();
#define X(phase, label, word) json_object_set_new(json, #phase, seconds_number_json(attempt->seconds.phase));
    PROGRAM_PHASES(X)
#undef X
    return json;
}

/* A book that a younger gangd wrote may hold a cause that this one does not know. */
static const char *code_of(enum cause cause)
{
    return cause < CAUSE_COUNT ? cause_code(cause) : "unknown";
}

static json_t *try_results_json(const struct attempt *attempt)
{
    json_t *json = json_array();
    for (unsigned i = 0; i < attempt->n_try_results; i++) {
        const struct try_result *result = &attempt->try_results[i];
        json_array_append_new(json, json_pack("{s:I, s:s, s:o, s:o}", "baud", (json_int_t)result->baud, "cause",
                                              code_of(result->cause), "detail", text_json(result->detail), "seconds",
                                              seconds_number_json(result->seconds)));
    }
    return json;
}

static void set_text(json_t *json, const char *key, const char *text)
{
    json_object_set_new(json, key, text_json(text));
}

static void set_integer(json_t *json, const char *key, int64_t value)
{
    json_object_set_new(json, key, json_integer(value));
}

json_t *attempt_json(const struct attempt *attempt)
{
    bool known = attempt->cause < CAUSE_COUNT;
    json_t *json = json_object();

    set_integer(json, "id", attempt->id);
    set_text(json, "slot", attempt->slot);
    set_text(json, "path", attempt->path);
    set_text(json, "adapter", attempt->adapter);
    json_object_set_new(json, "started", time_json(attempt->started));
    json_object_set_new(json, "ended", time_json(attempt->ended));
    json_object_set_new(json, "verdict",
                        attempt->verdict == VERDICT_OPEN ? json_null() : json_string(verdict_name(attempt->verdict)));
    set_text(json, "cause", code_of(attempt->cause));
    set_text(json, "detail", attempt->detail);
    set_text(json, "sentence", known ? cause_sentence(attempt->cause) : "");
    set_text(json, "remedy", known ? cause_remedy(attempt->cause) : "");
    set_text(json, "mac", attempt->mac);
    set_text(json, "chip_id", attempt->chip_id);
    set_text(json, "chip", attempt->chip);
    set_text(json, "flash_id", attempt->flash_id);
    set_integer(json, "flash_size", attempt->flash_size);
    set_text(json, "flash_unique_id", attempt->flash_unique_id);
    set_text(json, "flash_note", attempt->flash_note);
    set_text(json, "image_md5", attempt->image_md5);
    set_text(json, "image_sha256", attempt->image_sha256);
    set_integer(json, "image_size", attempt->image_size);
    set_integer(json, "baud", attempt->baud);
    set_integer(json, "tries", attempt->tries);
    json_object_set_new(json, "try_results", try_results_json(attempt));
    json_object_set_new(json, "written", written_json(attempt->written));
    json_object_set_new(json, "seconds", seconds_json(attempt));
    set_text(json, "station", attempt->station);
    set_text(json, "lot", attempt->lot);
    set_text(json, "operator", attempt->operator);
    set_text(json, "stub", attempt->stub);
    set_text(json, "gangd", attempt->gangd);
    return json;
}
