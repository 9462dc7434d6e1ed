/* SPDX-License-Identifier: MIT */
/* attempts and units: the book as a table. */
#include "daemon/base/memory.h"
#include "tools/gangctl/base/complain.h"
#include "tools/gangctl/base/options.h"
#include "tools/gangctl/base/print.h"
#include "tools/gangctl/base/rows.h"
#include "tools/gangctl/commands/commands.h"

#include <stdio.h>
#include <stdlib.h>

/* Far longer than any row of the book. */
#define LINE_MAX_BYTES 65536

struct row_reader {
    struct table *table;
    void (*print)(struct table *table, const json_t *row);
    char line[LINE_MAX_BYTES]; /* one that has not come to its end */
    size_t len;
    size_t rows;
    bool bad;
};

static void print_attempt(struct table *table, const json_t *row)
{
    char text[256];
    snprintf(text, sizeof(text), "%.0f", number_of(row, "id"));
    table_cell(table, PLAIN, text);
    local_time(text, sizeof(text), text_of(row, "started"));
    table_cell(table, PLAIN, text);
    table_cell(table, PLAIN, text_of(row, "slot"));
    const char *verdict = text_of(row, "verdict");
    table_cell(table, colour_of(verdict), verdict[0] ? verdict : "open");
    table_cell(table, PLAIN, text_of(row, "mac"));
    snprintf(text, sizeof(text), "%.0f", number_of(row, "baud"));
    table_cell(table, PLAIN, text);
    snprintf(text, sizeof(text), "%.0f", number_of(row, "tries"));
    table_cell(table, PLAIN, text);
    reason_of(text, sizeof(text), row);
    table_cell(table, PLAIN, text);
}

static void print_unit(struct table *table, const json_t *row)
{
    char text[256];
    table_cell(table, PLAIN, text_of(row, "mac"));
    const char *verdict = text_of(row, "verdict");
    table_cell(table, colour_of(verdict), verdict);
    snprintf(text, sizeof(text), "%.0f", number_of(row, "attempts"));
    table_cell(table, PLAIN, text);
    local_time(text, sizeof(text), text_of(row, "first_seen"));
    table_cell(table, PLAIN, text);
    local_time(text, sizeof(text), text_of(row, "last_seen"));
    table_cell(table, PLAIN, text);
    table_cell(table, PLAIN, text_of(row, "slot"));
    table_cell(table, PLAIN, text_of(row, "flash_id"));
    reason_of(text, sizeof(text), row);
    table_cell(table, PLAIN, text);
}

static bool take_line(struct row_reader *reader)
{
    json_t *row = json_loadb(reader->line, reader->len, 0, NULL);
    reader->bad = !json_is_object(row);
    if (!reader->bad) {
        reader->print(reader->table, row);
        reader->rows++;
    }
    json_decref(row);
    reader->len = 0;
    return !reader->bad;
}

static bool take_rows(void *data, const char *text, size_t len)
{
    struct row_reader *reader = data;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            if (!take_line(reader))
                return false;
        } else if (reader->len == sizeof(reader->line)) {
            reader->bad = true;
            return false;
        } else {
            reader->line[reader->len++] = text[i];
        }
    }
    return true;
}

static bool take_text(void *data, const char *text, size_t len)
{
    (void)data;
    return fwrite(text, 1, len, stdout) == len;
}

static int print_rows(const struct options *given, bool units, const char *const *titles,
                      void (*print)(struct table *table, const json_t *row))
{
    struct options options = *given;
    options.query.filter.units = units;
    if (!options.ordered)
        options.query.filter.newest_first = true;
    options.query.format = options.json ? BOOK_JSON : BOOK_NDJSON;
    if (options.json)
        return rows_read(&options, take_text, NULL);

    struct row_reader *reader = must_calloc(1, sizeof(*reader));
    struct table *table = table_new(titles);
    reader->table = table;
    reader->print = print;
    int result = rows_read(&options, take_rows, reader);
    table_end(table);
    if (result == DONE && (reader->bad || reader->len > 0)) {
        complain("gangd's answer is invalid");
        result = BROKEN;
    } else if (result == DONE && reader->rows == 0) {
        fputs("nothing found\n", stderr);
    }
    free(reader);
    return result;
}

int command_attempts(const struct options *options, char **arguments)
{
    static const char *const titles[] = {"ID", "STARTED", "SLOT", "VERDICT", "MAC", "BAUD", "TRIES", "REASON", NULL};
    (void)arguments;
    return print_rows(options, false, titles, print_attempt);
}

int command_units(const struct options *options, char **arguments)
{
    static const char *const titles[] = {"MAC",  "VERDICT", "ATTEMPTS", "FIRST SEEN", "LAST SEEN",
                                         "SLOT", "FLASH",   "REASON",   NULL};
    (void)arguments;
    return print_rows(options, true, titles, print_unit);
}
