/* SPDX-License-Identifier: MIT */
#include "daemon/book/page.h"

#include "daemon/book/attempt_json.h"
#include "daemon/book/file.h"
#include "daemon/book/sql.h"
#include "daemon/book/tries.h"
#include "proto/link/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_ROWS 500

#define TEXT_COLUMN(member)        ", a." #member
#define SECONDS_COLUMN(phase, ...) ", a.seconds_" #phase

/* `since` of the attempts is in the first place to begin at. */
static const char select_attempts[] =
    "SELECT a.id, a.started, coalesce(a.ended, 0), a.verdict, a.cause,"
    " coalesce(i.md5, ''), coalesce(i.sha256, ''), coalesce(i.size, 0), a.written" ATTEMPT_TEXTS(TEXT_COLUMN)
        ATTEMPT_INTEGERS(TEXT_COLUMN)
            PROGRAM_PHASES(SECONDS_COLUMN) " FROM attempts a LEFT JOIN images i ON i.id = a.image"
                                           " WHERE (a.started, a.id) > (:after, :after_id)";

static const char select_units[] =
    "SELECT u.mac, u.first_seen, u.last_seen, u.attempts, a.chip_id, a.chip, a.flash_id, a.flash_size, a.verdict,"
    " a.cause, a.slot, a.lot, coalesce(i.sha256, ''), a.written"
    /* CROSS JOIN: SQLite keeps the order of the tables, and so the index that the rows come from in order. */
    " FROM units u CROSS JOIN attempts a ON a.id = u.last_attempt LEFT JOIN images i ON i.id = a.image"
    " WHERE (u.first_seen, u.mac) > (:after, :after_mac)";

/* The statement for the next `rows` rows of `page`; NULL with a sentence. */
static sqlite3_stmt *select_rows(struct book_file *file, sqlite3 *db, const struct book_page *page, int64_t rows)
{
    const struct book_filter *filter = &page->filter;
    const char *mac = filter->units ? " AND u.mac = :mac" : " AND a.mac = :mac";
    const char *slot = filter->units ? " AND u.slot = :slot" : " AND a.slot = :slot";
    const char *verdict = filter->units ? " AND u.verdict = :verdict" : " AND a.verdict = :verdict";
    const char *until = filter->units ? " AND u.last_seen < :until" : " AND a.started < :until";
    char sql[2000];
    int n = snprintf(sql, sizeof(sql), "%s%s%s%s%s%s%s%s LIMIT :rows", filter->units ? select_units : select_attempts,
                     filter->units && filter->since ? " AND u.last_seen >= :since" : "", filter->until ? until : "",
                     filter->slot[0] ? slot : "", filter->has_verdict ? verdict : "", filter->mac[0] ? mac : "",
                     filter->id ? " AND a.id = :id" : "",
                     filter->units ? " ORDER BY u.first_seen, u.mac" : " ORDER BY a.started, a.id");
    sqlite3_stmt *s = NULL;
    int rc = n < (int)sizeof(sql) ? sqlite3_prepare_v2(db, sql, -1, &s, NULL) : SQLITE_TOOBIG;
    if (rc != SQLITE_OK) {
        book_file_explain(file, db, rc);
        return NULL;
    }
    book_sql_bind_integer(s, ":after", page->after);
    book_sql_bind_integer(s, ":after_id", page->after_id);
    book_sql_bind_text(s, ":after_mac", page->after_mac);
    book_sql_bind_integer(s, ":since", filter->since);
    book_sql_bind_integer(s, ":until", filter->until);
    book_sql_bind_text(s, ":slot", filter->slot);
    book_sql_bind_text(s, ":verdict", verdict_name(filter->verdict));
    book_sql_bind_text(s, ":mac", filter->mac);
    book_sql_bind_integer(s, ":id", filter->id);
    book_sql_bind_integer(s, ":rows", rows);
    return s;
}

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

/* The columns in the order of select_attempts. */
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

/* The columns in the order of select_units. `row` NULL: a unit of which nothing is known, for its names. */
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
        page->after = sqlite3_column_int64(row, 1);
        copy_text(page->after_mac, sizeof(page->after_mac), row, 0);
    } else {
        struct attempt attempt;
        read_attempt(row, &attempt);
        rc = book_tries_read(tries, &attempt);
        json = attempt_json(&attempt);
        page->after = attempt.started;
        page->after_id = attempt.id;
    }
    print_row(out, page->format, json, first);
    json_decref(json);
    return rc;
}

static int print_page(struct book_file *file, sqlite3 *db, struct book_page *page, FILE *out)
{
    int64_t rows = page->left < PAGE_ROWS ? page->left : PAGE_ROWS;
    sqlite3_stmt *statement = select_rows(file, db, page, rows);
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
        .after = INT64_MIN,
        .after_id = INT64_MAX,
        .left = filter->limit > 0 ? filter->limit : INT64_MAX,
    };
    if (!filter->units && filter->since)
        page->after = filter->since - 1;
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
