/* SPDX-License-Identifier: MIT */
#include "tools/gangctl/base/rows.h"
#include "daemon/book/reader.h"
#include "proto/link/text.h"
#include "tools/gangctl/base/complain.h"
#include "tools/gangctl/base/print.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* "&key=value" behind `target`. */
static void add(char *target, size_t size, const char *key, const char *value)
{
    char *escaped = curl_easy_escape(NULL, value, 0);
    size_t len = strlen(target);
    snprintf(target + len, size - len, "&%s=%s", key, escaped ? escaped : "");
    curl_free(escaped);
}

/* As UTC: gangd may live in another time zone than its user. */
static void add_time(char *target, size_t size, const char *key, int64_t microseconds)
{
    char date[32], value[48];
    time_t seconds = (time_t)(microseconds / 1000000);
    struct tm tm;
    if (microseconds == 0 || !gmtime_r(&seconds, &tm))
        return;
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(value, sizeof(value), "%s.%06dZ", date, (int)(microseconds % 1000000));
    add(target, size, key, value);
}

/* The request for a query: what query.c takes apart. */
static void make_target(char *target, size_t size, const struct query *query)
{
    const struct book_filter *filter = &query->filter;
    snprintf(target, size, "/api/v1/%s?format=%s", filter->units ? "units" : "attempts",
             book_format_word(query->format));
    add_time(target, size, "since", filter->since);
    add_time(target, size, "until", filter->until);
    if (filter->slot[0])
        add(target, size, "slot", filter->slot);
    if (filter->has_verdict)
        add(target, size, "verdict", verdict_name(filter->verdict));
    if (filter->has_cause)
        add(target, size, "cause", cause_code(filter->cause));
    if (filter->image[0])
        add(target, size, "image", filter->image);
    if (filter->operator[0])
        add(target, size, "operator", filter->operator);
    if (filter->lot[0])
        add(target, size, "lot", filter->lot);
    if (filter->mac[0])
        add(target, size, "mac", filter->mac);
    if (filter->newest_first)
        add(target, size, "order", "newest");
    if (filter->limit) {
        char limit[24];
        snprintf(limit, sizeof(limit), "%lld", (long long)filter->limit);
        add(target, size, "limit", limit);
    }
}

static int read_rows(const struct options *options, client_take_cb take, void *data)
{
    if (options->book) {
        char error[1200];
        if (book_reader_read(options->book, &options->query.filter, options->query.format, take, data, error,
                             sizeof(error)) == 0)
            return DONE;
        complain("%s", error);
        return UNREACHABLE;
    }
    char target[1280];
    make_target(target, sizeof(target), &options->query);
    struct client_request request = {.socket = options->socket, .target = target, .take = take, .data = data};
    return client_run(&request);
}

static bool note_any(void *data, const char *text, size_t len)
{
    (void)text;
    *(bool *)data = *(bool *)data || len > 0;
    return true;
}

/* DONE if the book has an attempt of the slot that the query names, or the station has that slot. A misspelt name would
 * otherwise read as a slot without attempts. */
static int check_slot(const struct options *given)
{
    struct options options = *given;
    const char *name = given->query.filter.slot;
    bool known = false;
    query_init(&options.query, false);
    options.query.format = BOOK_NDJSON;
    options.query.filter.limit = 1;
    text_copy(options.query.filter.slot, sizeof(options.query.filter.slot), name);
    int result = read_rows(&options, note_any, &known);
    if (result == DONE && !known && !options.book) {
        json_t *status;
        result = client_json(options.socket, "/api/v1/status", false, &status);
        known = slot_of(status, name) != NULL;
        json_decref(status);
    }
    if (result != DONE || known)
        return result;
    complain("there is no slot \"%s\"%s in the book", name, options.book ? "" : " at the station or");
    return USAGE;
}

int rows_read(const struct options *options, client_take_cb take, void *data)
{
    int result = options->query.filter.slot[0] ? check_slot(options) : DONE;
    return result == DONE ? read_rows(options, take, data) : result;
}
