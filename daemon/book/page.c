/* SPDX-License-Identifier: MIT */
#include "daemon/book/page.h"

#include "daemon/book/attempt_json.h"
#include "daemon/book/file.h"
#include "daemon/book/select.h"
#include "daemon/book/tries.h"
#include "proto/link/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_ROWS 500

static const char *column_text(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text ? text : "";
}

static void copy_text(char *to, size_t size, sqlite3_stmt *row, int column)
{
    text_copy(to, size, column_text(row, column));
}

static enum written column_written(sqlite3_stmt *row, int column)
{
    if (sqlite3_column_type(row, column) == SQLITE_NULL)
        return WRITTEN_UNKNOWN;
    return sqlite3_column_int64(row, column) ? WRITTEN_YES : WRITTEN_NO;
}

/* The columns in the order of BOOK_SELECT_ATTEMPTS. */
static void read_attempt(sqlite3_stmt *row, struct attempt *attempt)
{
    int column = 0;
    memset(attempt, 0, sizeof(*attempt));
    attempt->id = sqlite3_column_int64(row, column++);
    attempt->started = sqlite3_column_int64(row, column++);
    attempt->ended = sqlite3_column_int64(row, column++);
    int verdict = verdict_from_name(column_text(row, column++));
    attempt->verdict = verdict < 0 ? VERDICT_OPEN : (enum verdict)verdict;
    attempt->cause = cause_from_code(column_text(row, column++));
    copy_text(attempt->image_md5, sizeof(attempt->image_md5), row, column++);
    copy_text(attempt->image_sha256, sizeof(attempt->image_sha256), row, column++);
    attempt->image_size = sqlite3_column_int64(row, column++);
    attempt->written = column_written(row, column++);
#define X(member) copy_text(attempt->member, sizeof(attempt->member), row, column++);
    ATTEMPT_TEXTS(X)
#undef X
#define X(member) attempt->member = sqlite3_column_int64(row, column++);
    ATTEMPT_INTEGERS(X)
#undef X
#define X(phase, label, word) attempt->seconds.phase = sqlite3_column_double(row, column++);
    PROGRAM_PHASES(X)
#undef X
}

/* The columns in the order of BOOK_SELECT_UNITS. `row` NULL: a unit of which nothing is known, for its names. */
static json_t *unit_json(sqlite3_stmt *row)
{
    static const struct {
        const char *key;
        enum { TEXT, INTEGER, TIME, WRITTEN } type;
        int column;
    } members[] = {
        {"mac", TEXT, 0},           {"chip_id", TEXT, 4},    {"chip", TEXT, 5},        {"flash_id", TEXT, 6},
        {"flash_size", INTEGER, 7}, {"first_seen", TIME, 1}, {"last_seen", TIME, 2},   {"attempts", INTEGER, 3},
        {"verdict", TEXT, 8},       {"cause", TEXT, 9},      {"written", WRITTEN, 13}, {"slot", TEXT, 10},
        {"image_sha256", TEXT, 12}, {"lot", TEXT, 11},
    };
    json_t *json = json_object();
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        json_t *value = NULL;
        int64_t number = row ? sqlite3_column_int64(row, members[i].column) : 0;
        switch (members[i].type) {
        case TEXT: value = text_json(row ? column_text(row, members[i].column) : ""); break;
        case INTEGER: value = json_integer(number); break;
        case TIME: value = time_json(number); break;
        case WRITTEN: value = written_json(row ? column_written(row, members[i].column) : WRITTEN_UNKNOWN); break;
        }
        json_object_set_new(json, members[i].key, value);
    }
    return json;
}

/* Whether a spreadsheet takes a cell that begins with `text` for a formula; it reads the full-width forms of the signs
 * (U+FF1D, FF0B, FF0D, FF20) like the usual ones. */
static bool begins_formula(const char *text)
{
    static const char *const signs[] = {"=",           "+", "-", "@", "\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D",
                                        "\xEF\xBC\xA0"};
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (strncmp(text, signs[i], strlen(signs[i])) == 0)
            return true;
    return false;
}

/* RFC 4180. A "'" keeps a spreadsheet from taking text from a USB string for a formula: at the start of the cell and,
 * because a spreadsheet may separate cells there, after ';' and tab; blanks and quotes may stand in between.
 * text_json() has replaced line breaks. */
static void print_cell(FILE *out, const char *text)
{
    bool quoted = strpbrk(text, ",\"") != NULL;
    bool at_start = true;
    if (quoted)
        fputc('"', out);
    for (; *text; text++) {
        if (at_start && begins_formula(text))
            fputc('\'', out);
        at_start = strchr(";\t", *text) || (at_start && strchr(" \"", *text));
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    if (quoted)
        fputc('"', out);
}

static void print_value(FILE *out, const json_t *value)
{
    if (json_is_string(value))
        print_cell(out, json_string_value(value));
    else if (json_is_integer(value))
        fprintf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        fprintf(out, "%.10g", json_real_value(value));
    else if (json_is_boolean(value))
        fputs(json_is_true(value) ? "true" : "false", out);
}

/* One line of the object's members, or of their names. "seconds": {"reset": …} becomes seconds_reset, …. An array has
 * no place in a line. */
static void print_csv_line(FILE *out, json_t *row, bool names)
{
    const char *key, *inner_key, *separator = "";
    json_t *value, *inner;
    json_object_foreach(row, key, value)
    {
        if (json_is_array(value))
            continue;
        if (!json_is_object(value)) {
            fputs(separator, out);
            if (names)
                fputs(key, out);
            else
                print_value(out, value);
            separator = ",";
            continue;
        }
        json_object_foreach(value, inner_key, inner)
        {
            fputs(separator, out);
            if (names)
                fprintf(out, "%s_%s", key, inner_key);
            else
                print_value(out, inner);
            separator = ",";
        }
    }
    fputs("\r\n", out);
}

static void print_row(FILE *out, enum book_format format, json_t *row, bool first)
{
    if (format == BOOK_CSV) {
        print_csv_line(out, row, false);
        return;
    }
    if (format == BOOK_JSON)
        fputs(first ? "\n" : ",\n", out);
    json_dumpf(row, out, JSON_COMPACT | JSON_REAL_PRECISION(10));
    if (format == BOOK_NDJSON)
        fputc('\n', out);
}

static void print_head(FILE *out, const struct book_page *page)
{
    static const struct attempt nothing;
    if (page->format == BOOK_JSON)
        fputc('[', out);
    if (page->format != BOOK_CSV)
        return;
    json_t *names = page->filter.units ? unit_json(NULL) : attempt_json(&nothing);
    print_csv_line(out, names, true);
    json_decref(names);
}

/* Prints the row and remembers it as the place to go on from. `tries`: see book_tries_prepare(). */
static int take_row(FILE *out, struct book_page *page, sqlite3_stmt *row, sqlite3_stmt *tries, bool first)
{
    json_t *json;
    int rc = SQLITE_OK;
    if (page->filter.units) {
        json = unit_json(row);
    } else {
        struct attempt attempt;
        read_attempt(row, &attempt);
        rc = book_tries_read(tries, &attempt);
        json = attempt_json(&attempt);
    }
    page->after = book_select_behind(row);
    print_row(out, page->format, json, first);
    json_decref(json);
    return rc;
}

static int print_page(struct book_file *file, sqlite3 *db, struct book_page *page, FILE *out)
{
    int64_t rows = page->left < PAGE_ROWS ? page->left : PAGE_ROWS;
    sqlite3_stmt *statement = book_select_rows(file, db, &page->filter, &page->after, rows);
    if (!statement)
        return -1;
    sqlite3_stmt *tries = book_tries_prepare(db);
    int rc = tries ? SQLITE_OK : sqlite3_errcode(db);
    bool head = !page->begun;
    if (head)
        print_head(out, page);
    int64_t n = 0;
    for (; rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW; n++)
        rc = take_row(out, page, statement, tries, head && n == 0);
    int end = sqlite3_finalize(statement);
    rc = rc == SQLITE_OK ? end : rc;
    sqlite3_finalize(tries);
    if (rc != SQLITE_OK) {
        book_file_explain(file, db, rc);
        return -1;
    }
    page->begun = true;
    page->left -= n;
    page->last = n < rows || page->left == 0;
    if (page->last && page->format == BOOK_JSON)
        fputs("\n]\n", out);
    return 0;
}

void book_page_init(struct book_page *page, const struct book_filter *filter, enum book_format format)
{
    *page = (struct book_page){
        .filter = *filter,
        .format = format,
        .after = book_select_begin(filter),
        .left = filter->limit > 0 ? filter->limit : INT64_MAX,
    };
}

int book_page_read(struct book_file *file, struct book_page *page)
{
    page->text = NULL;
    sqlite3 *db = book_file_reader(file);
    if (!db)
        return -1;
    FILE *out = open_memstream(&page->text, &page->len);
    if (!out) {
        book_file_explain(file, NULL, SQLITE_NOMEM);
        return -1;
    }
    int rc = print_page(file, db, page, out);
    if ((fclose(out) != 0 || !page->text) && rc == 0) {
        book_file_explain(file, NULL, SQLITE_NOMEM);
        rc = -1;
    }
    if (rc != 0) {
        free(page->text);
        page->text = NULL;
    }
    return rc;
}
