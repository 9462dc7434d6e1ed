/* SPDX-License-Identifier: MIT */
/*
 * A book in a directory of its own, a loop, and what came back. What a test says about the file it asks of SQLite, past
 * the book.
 */
#ifndef TESTS_UNIT_DAEMON_BOOK_FIXTURE_H
#define TESTS_UNIT_DAEMON_BOOK_FIXTURE_H

#include "daemon/base/clock.h"
#include "daemon/book/book.h"
#include "tests/runner.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Every test waits for events, not for time; this only ends one that would wait for ever. */
#define TEST_TIMEOUT 120

static char directory[64], book_path[96], error[1200];
static uv_loop_t loop;
static struct book *book;

static unsigned n_begun, n_ended, n_ill, n_well;
static int64_t last_id;
static char illness[1200];

static void on_health(void *data, const char *sentence)
{
    ck_assert_ptr_eq(data, &loop);
    if (sentence)
        n_ill++;
    else
        n_well++;
    snprintf(illness, sizeof(illness), "%s", sentence ? sentence : "");
}

static inline void on_begun(void *data, int64_t id)
{
    if (data)
        *(int64_t *)data = id;
    last_id = id;
    n_begun++;
}

static inline void on_ended(void *data)
{
    (void)data;
    n_ended++;
}

static struct book *try_open(void)
{
    error[0] = '\0';
    book = book_open(&loop, book_path, on_health, &loop, error, sizeof(error));
    return book;
}

static void open_book(void)
{
    ck_assert_msg(try_open() != NULL, "%s", error);
}

static inline bool close_book(unsigned seconds)
{
    bool all = book_close(book, seconds);
    book = NULL;
    uv_run(&loop, UV_RUN_DEFAULT);
    return all;
}

static inline void turn_until(const unsigned *count, unsigned n)
{
    while (*count < n)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(*count, n);
}

static void setup(void)
{
    strcpy(directory, "/tmp/gangd-book-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(book_path, sizeof(book_path), "%s/book.db", directory);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    n_begun = n_ended = n_ill = n_well = 0;
    illness[0] = '\0';
    book = NULL;
}

static void teardown(void)
{
    if (book)
        close_book(10);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c,bugprone-command-processor): our own name */
}

/* A connection past the book. */
static inline sqlite3 *peek(void)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(book_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    return db;
}

static inline void execute(sqlite3 *db, const char *sql)
{
    char *message = NULL;
    int rc = sqlite3_exec(db, sql, NULL, NULL, &message);
    ck_assert_msg(rc == SQLITE_OK, "%s: %s", sql, message);
}

/* The answer to `sql` as one text: columns parted by "|", rows by "\n". Valid until the next call. */
static inline const char *ask(const char *sql)
{
    static char answer[8192];
    answer[0] = '\0';
    sqlite3 *db = peek();
    sqlite3_stmt *statement;
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const char *text = (const char *)sqlite3_column_text(statement, i);
            size_t n = strlen(answer);
            snprintf(answer + n, sizeof(answer) - n, "%s%s", i ? "|" : n ? "\n" : "", text ? text : "NULL");
        }
    }
    ck_assert_int_eq(sqlite3_finalize(statement), SQLITE_OK);
    sqlite3_close(db);
    return answer;
}

#define ck_assert_answer(sql, expected) ck_assert_str_eq(ask(sql), expected)

/* An attempt as a slot gives it to the book at its start. */
static inline struct attempt new_attempt(const char *slot)
{
    struct attempt attempt = {
        .started = wall_clock_us() - 15000000, /* so that it ends before now: see give_verdict() */
        .path = "pci-0000:00:14.0-usb-0:1.2:1.0",
        .adapter = "cp210x 10c4:ea60 0001",
        .image_md5 = "9e107d9d372bb6826bd81d3542a419d6",
        .image_sha256 = "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592",
        .image_size = 4194304,
        .station = "bench-1",
        .gangd = "0.1.0",
    };
    snprintf(attempt.slot, sizeof(attempt.slot), "%s", slot);
    return attempt;
}

static inline void give_verdict(struct attempt *attempt, enum verdict verdict, enum cause cause, const char *mac)
{
    attempt->ended = attempt->started + 12500000;
    attempt->verdict = verdict;
    attempt->cause = cause;
    snprintf(attempt->mac, sizeof(attempt->mac), "%s", mac);
    strcpy(attempt->chip_id, "00a1b2c3");
    strcpy(attempt->chip, "ESP8266EX");
    strcpy(attempt->flash_id, "ef4016");
    strcpy(attempt->flash_unique_id, "d5f1c27ae3084b96");
    strcpy(attempt->flash_note, "woken by ABh");
    strcpy(attempt->stub, "gangd 0.1.0");
    attempt->flash_size = 4194304;
    attempt->baud = 921600;
    attempt->tries = 1;
    attempt->seconds.write = 8.25;
}

/* The next try of `attempt` has ended. */
static inline void add_try(struct attempt *attempt, uint32_t baud, enum cause cause, const char *detail)
{
    struct try_result *result = &attempt->try_results[attempt->n_try_results++];
    *result = (struct try_result){.baud = baud, .cause = cause, .seconds = 2.5};
    snprintf(result->detail, sizeof(result->detail), "%s", detail);
}

/* Begins, and waits for the id. */
static inline void begin(struct attempt *attempt)
{
    unsigned n = n_begun;
    ck_assert_uint_ne(book_begin(book, attempt, on_begun, &attempt->id), 0);
    turn_until(&n_begun, n + 1);
    ck_assert_int_gt(attempt->id, 0);
}

static inline void end(struct attempt *attempt, enum verdict verdict, enum cause cause, const char *mac)
{
    unsigned n = n_ended;
    give_verdict(attempt, verdict, cause, mac);
    book_end(book, attempt, on_ended, NULL);
    turn_until(&n_ended, n + 1);
}

#endif
