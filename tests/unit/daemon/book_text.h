/* SPDX-License-Identifier: MIT */
/*
 * What is read from a book, as text or as JSON, and the rows to read. */
#ifndef TESTS_UNIT_DAEMON_BOOK_TEXT_H
#define TESTS_UNIT_DAEMON_BOOK_TEXT_H

#include "tests/unit/daemon/book_fixture.h"

#include <jansson.h>

#define MAC(n) "18:fe:34:00:00:0" #n

/* The text of a read, put together. */
static char *text;
static size_t text_len, largest_piece;
static unsigned n_pieces;
static bool was_last, went_wrong;

static inline void on_text(void *data, const char *piece, size_t len, bool last)
{
    ck_assert_ptr_eq(data, &text);
    n_pieces++;
    was_last = last;
    if (!piece) {
        ck_assert(last);
        went_wrong = true;
        return;
    }
    if (len > largest_piece)
        largest_piece = len;
    char *longer = realloc(text, text_len + len + 1);
    ck_assert_ptr_nonnull(longer);
    text = longer;
    memcpy(text + text_len, piece, len);
    text_len += len;
    text[text_len] = '\0';
}

static inline const char *read_all(const struct book_filter *filter, enum book_format format)
{
    free(text);
    text = NULL;
    text_len = largest_piece = 0;
    n_pieces = 0;
    was_last = went_wrong = false;
    struct book_read *read = book_read_open(book, filter, format);
    ck_assert_ptr_nonnull(read);
    while (!was_last) {
        unsigned n = n_pieces;
        book_read_next(read, on_text, &text);
        turn_until(&n_pieces, n + 1);
    }
    book_read_close(read);
    return text;
}

static inline json_t *read_array(const struct book_filter *filter)
{
    json_error_t reason;
    const char *all = read_all(filter, BOOK_JSON);
    json_t *array = json_loads(all, JSON_REJECT_DUPLICATES, &reason);
    ck_assert_msg(array != NULL, "%s: %s", reason.text, all);
    ck_assert(json_is_array(array));
    return array;
}

/* The values of `key` in the rows that `filter` lets through: "1 2 3". */
static inline const char *values(const struct book_filter *filter, const char *key)
{
    static char line[2000];
    line[0] = '\0';
    json_t *array = read_array(filter), *row;
    size_t i;
    json_array_foreach(array, i, row)
    {
        const json_t *value = json_object_get(row, key);
        size_t n = strlen(line);
        if (json_is_integer(value))
            snprintf(line + n, sizeof(line) - n, "%s%lld", i ? " " : "", (long long)json_integer_value(value));
        else
            snprintf(line + n, sizeof(line) - n, "%s%s", i ? " " : "", json_string_value(value));
    }
    json_decref(array);
    return line;
}

/* Puts an attempt into the book; times in seconds, so that the tests can be read. */
static inline void add_attempt(int64_t started, const char *slot, enum verdict verdict, const char *mac)
{
    struct attempt attempt = new_attempt(slot);
    attempt.started = started * 1000000;
    begin(&attempt);
    if (verdict != VERDICT_OPEN)
        end(&attempt, verdict, verdict == VERDICT_FAIL ? CAUSE_LINK_LOST : CAUSE_NONE, mac);
}

static inline void setup_book(void)
{
    setup();
    open_book();
}

static inline void teardown_text(void)
{
    free(text);
    text = NULL;
    teardown();
}

#define ROWS 1203

static inline void fill(sqlite3 *db)
{
    char sql[600];
    /* Many of the same time, so that pages end between equals. */
    snprintf(
        sql, sizeof(sql),
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
        " INSERT INTO attempts SELECT i, 1000 + i / 700, 2000 + i, 'pass', 'none', '', 'A' || (i %% 2), 'p', 'a',"
        " NULL, printf('18:fe:34:00:%%02x:%%02x', i / 256, i %% 256), '', '', '', 0, '', 0, 1, 0, 0, 0, 0, 0, 0, 0,"
        " 0, '', '', '', '', 0, NULL, '', '' FROM n",
        ROWS);
    execute(db, sql);
    execute(db, "INSERT INTO units SELECT mac, started, ended, 1, id, slot, verdict FROM attempts");
}

static inline size_t count_lines(const char *lines)
{
    size_t n = 0;
    for (; (lines = strchr(lines, '\n')); lines++)
        n++;
    return n;
}

#endif
