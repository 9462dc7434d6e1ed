/* SPDX-License-Identifier: MIT */
#include "tools/gangctl/base/print.h"
#include "daemon/base/memory.h"
#include "daemon/base/utf8.h"
#include "daemon/book/moment.h"
#include "proto/diagnosis/cause.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COLUMNS_MAX 12
/* Rows that are held back to find the widths. */
#define ROWS_HELD 256
#define CELL_MAX  512

struct cell {
    enum colour colour;
    char *text;
};

struct table {
    const char *const *titles;
    size_t columns;
    size_t width[COLUMNS_MAX];
    struct cell *held; /* up to ROWS_HELD rows */
    size_t n;          /* cells held */
    size_t column;     /* of the next cell */
};

static bool has_colours(void)
{
    static int known = -1;
    if (known < 0)
        known = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    return known;
}

enum colour colour_of(const char *word)
{
    static const struct {
        const char *word;
        enum colour colour;
    } colours[] = {
        {"pass", GREEN},         {"fail", RED},       {"stuck", RED}, {"blocked", RED},
        {"interrupted", YELLOW}, {"waiting", YELLOW}, {"empty", DIM}, {"muted", DIM},
    };
    for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
        if (strcmp(word, colours[i].word) == 0)
            return colours[i].colour;
    return PLAIN;
}

void print_text(enum colour colour, const char *text)
{
    static const char *const codes[] = {
        [GREEN] = "\033[32m", [RED] = "\033[1;31m", [YELLOW] = "\033[33m", [DIM] = "\033[2m"};
    char clean[CELL_MAX];
    utf8_copy(clean, sizeof(clean), text);
    if (colour == PLAIN || !has_colours())
        fputs(clean, stdout);
    else
        printf("%s%s\033[0m", codes[colour], clean);
}

void print_field(const char *name, enum colour colour, const char *text)
{
    printf("%-13s", name);
    print_text(colour, text);
    putchar('\n');
}

/* Columns on the terminal, but for characters of double or no width. */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

void local_time(char *out, size_t size, const char *iso)
{
    int64_t microseconds;
    struct tm tm;
    time_t seconds = 0;
    bool known = moment_read(iso, 0, &microseconds);
    if (known)
        seconds = (time_t)(microseconds / 1000000);
    if (!known || !localtime_r(&seconds, &tm) || strftime(out, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        snprintf(out, size, "-");
}

void print_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
}

const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* "try 1 of 2: line-noise": a pass that took more than one try. */
static void reason_of_first_try(char *out, size_t size, const json_t *attempt)
{
    const json_t *results = json_object_get(attempt, "try_results");
    if (json_array_size(results) > 1)
        snprintf(out, size, "try 1 of %zu: %s", json_array_size(results), text_of(json_array_get(results, 0), "cause"));
}

void reason_of(char *out, size_t size, const json_t *attempt)
{
    const char *code = text_of(attempt, "cause"), *detail = text_of(attempt, "detail");
    const char *sentence = text_of(attempt, "sentence");
    enum cause cause = cause_from_code(code);
    if (sentence[0] == '\0' && cause != CAUSE_COUNT)
        sentence = cause_sentence(cause); /* of a unit: it has only the code */
    out[0] = '\0';
    if (strcmp(text_of(attempt, "verdict"), "pass") == 0 && json_is_false(json_object_get(attempt, "written")))
        snprintf(out, size, "already right: not written");
    else
        reason_of_first_try(out, size, attempt);
    if (code[0] == '\0' || cause == CAUSE_NONE)
        return;
    snprintf(out, size, detail[0] ? "%s: %s (%s)" : "%s: %s", code, sentence, detail);
}

void result_of(char *out, size_t size, const json_t *attempt)
{
    const char *mac = text_of(attempt, "mac");
    char reason[400];
    reason_of(reason, sizeof(reason), attempt);
    snprintf(out, size, "%s%s%s", mac, mac[0] && reason[0] ? "  " : "", reason);
}

const json_t *slot_of(const json_t *status, const char *name)
{
    const json_t *slots = json_object_get(status, "slots");
    for (size_t i = 0; i < json_array_size(slots); i++)
        if (strcmp(text_of(json_array_get(slots, i), "slot"), name) == 0)
            return json_array_get(slots, i);
    return NULL;
}

struct table *table_new(const char *const *titles)
{
    struct table *table = must_calloc(1, sizeof(*table));
    table->titles = titles;
    do {
        table->width[table->columns] = width_of(titles[table->columns]);
    } while (titles[++table->columns]);
    table->held = must_calloc(ROWS_HELD * COLUMNS_MAX, sizeof(table->held[0]));
    return table;
}

static void print_cell(const struct table *table, size_t column, enum colour colour, const char *text)
{
    print_text(colour, text);
    size_t width = width_of(text);
    if (column + 1 == table->columns)
        putchar('\n');
    else
        printf("%*s", (int)(width < table->width[column] ? table->width[column] - width : 0) + 2, "");
}

static void print_held(struct table *table)
{
    if (table->titles && table->n > 0) {
        for (size_t i = 0; i < table->columns; i++)
            print_cell(table, i, DIM, table->titles[i]);
        table->titles = NULL;
    }
    size_t column = 0; /* whole rows are held */
    for (size_t i = 0; i < table->n; i++) {
        print_cell(table, column, table->held[i].colour, table->held[i].text);
        free(table->held[i].text);
        column = column + 1 == table->columns ? 0 : column + 1;
    }
    table->n = 0;
}

void table_cell(struct table *table, enum colour colour, const char *text)
{
    char clean[CELL_MAX];
    utf8_copy(clean, sizeof(clean), text[0] ? text : "-");
    size_t *width = &table->width[table->column++];
    if (width_of(clean) > *width)
        *width = width_of(clean);
    table->held[table->n++] = (struct cell){colour, must_strdup(clean)};
    if (table->column == table->columns)
        table->column = 0;
    if (table->n == ROWS_HELD * table->columns)
        print_held(table);
}

void table_end(struct table *table)
{
    print_held(table);
    free(table->held);
    free(table);
}
