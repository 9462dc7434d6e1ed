/* SPDX-License-Identifier: MIT */
/* attempt: one attempt of the book, with each of its tries. */
#include "daemon/base/memory.h"
#include "daemon/book/reader.h"
#include "tools/gangctl/base/client.h"
#include "tools/gangctl/base/complain.h"
#include "tools/gangctl/base/options.h"
#include "tools/gangctl/base/print.h"
#include "tools/gangctl/commands/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An array of one attempt, as text. */
struct text {
    char *bytes;
    size_t len;
};

static bool take_text(void *data, const char *bytes, size_t len)
{
    struct text *text = data;
    text->bytes = must_realloc(text->bytes, text->len + len, 1);
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    return true;
}

/* From the book's file. A new reference in `*attempt`, if DONE. */
static int read_from_book(const char *book, int64_t id, json_t **attempt)
{
    struct text text = {0};
    char error[1200];
    const struct book_filter filter = {.id = id};
    if (book_reader_read(book, &filter, BOOK_JSON, take_text, &text, error, sizeof(error)) != 0) {
        free(text.bytes);
        complain("%s", error);
        return UNREACHABLE;
    }
    json_t *rows = json_loadb(text.bytes, text.len, 0, NULL);
    free(text.bytes);
    *attempt = json_incref(json_array_get(rows, 0));
    json_decref(rows);
    if (*attempt)
        return DONE;
    complain("there is no attempt %lld", (long long)id);
    return REFUSED;
}

static int read_attempt(const struct options *options, int64_t id, json_t **attempt)
{
    if (options->book)
        return read_from_book(options->book, id, attempt);
    char target[64];
    snprintf(target, sizeof(target), "/api/v1/attempts/%lld", (long long)id);
    return client_json(options->socket, target, false, attempt);
}

/* A line of the member `key`, if it has a text. */
static void print_member(const json_t *attempt, const char *key)
{
    if (text_of(attempt, key)[0])
        print_field(key, PLAIN, text_of(attempt, key));
}

static void print_head(const json_t *attempt)
{
    char text[512], started[32], ended[32];
    const char *verdict = text_of(attempt, "verdict");
    snprintf(text, sizeof(text), "%.0f", number_of(attempt, "id"));
    print_field("attempt", PLAIN, text);
    print_field("verdict", colour_of(verdict), verdict[0] ? verdict : "open");
    reason_of(text, sizeof(text), attempt);
    if (text[0])
        print_field("reason", PLAIN, text);
    print_member(attempt, "remedy");
    print_member(attempt, "slot");
    local_time(started, sizeof(started), text_of(attempt, "started"));
    local_time(ended, sizeof(ended), text_of(attempt, "ended"));
    snprintf(text, sizeof(text), "%s to %s", started, ended);
    print_field("time", PLAIN, text);
    static const char *const members[] = {"mac",        "chip",         "flash_id", "flash_unique_id",
                                          "flash_note", "image_sha256", "adapter",  "stub",
                                          "lot",        "operator",     "station",  "gangd"};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        print_member(attempt, members[i]);
}

static void print_tries(const json_t *results)
{
    static const char *const titles[] = {"TRY", "BAUD", "SECONDS", "RESULT", NULL};
    struct table *table = table_new(titles);
    for (size_t i = 0; i < json_array_size(results); i++) {
        const json_t *result = json_array_get(results, i);
        char text[400];
        snprintf(text, sizeof(text), "%zu", i + 1);
        table_cell(table, PLAIN, text);
        snprintf(text, sizeof(text), "%.0f", number_of(result, "baud"));
        table_cell(table, PLAIN, text);
        snprintf(text, sizeof(text), "%.1f", number_of(result, "seconds"));
        table_cell(table, PLAIN, text);
        reason_of(text, sizeof(text), result);
        table_cell(table, text[0] ? PLAIN : GREEN, text[0] ? text : "pass");
    }
    table_end(table);
}

int command_attempt(const struct options *options, char **arguments)
{
    char *end;
    errno = 0;
    int64_t id = strtoll(arguments[0], &end, 10);
    if (errno != 0 || *end != '\0' || id < 1) {
        complain("attempt %s: must be the number of an attempt", arguments[0]);
        return USAGE;
    }
    json_t *attempt;
    int result = read_attempt(options, id, &attempt);
    if (result != DONE)
        return result;
    if (options->json) {
        print_json(attempt);
    } else {
        print_head(attempt);
        putchar('\n');
        print_tries(json_object_get(attempt, "try_results"));
    }
    json_decref(attempt);
    return DONE;
}
