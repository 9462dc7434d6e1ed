/* SPDX-License-Identifier: MIT */
#include "daemon/book/tries.h"

#include "daemon/book/sql.h"
#include "proto/link/text.h"

static void bind_try(sqlite3_stmt *statement, const struct try_result *result, unsigned number)
{
    book_sql_bind_integer(statement, ":number", number);
    book_sql_bind_integer(statement, ":baud", result->baud);
    book_sql_bind_text(statement, ":cause", cause_code(result->cause));
    book_sql_bind_text(statement, ":detail", result->detail);
    book_sql_bind_real(statement, ":seconds", result->seconds);
}

int book_tries_write(sqlite3 *db, const struct attempt *attempt)
{
    static const char sql[] = "INSERT INTO tries (attempt, number, baud, cause, detail, seconds)"
                              " VALUES (:attempt, :number, :baud, :cause, :detail, :seconds)"
                              " ON CONFLICT (attempt, number) DO UPDATE SET baud = excluded.baud,"
                              " cause = excluded.cause, detail = excluded.detail, seconds = excluded.seconds";
    if (attempt->n_try_results == 0)
        return SQLITE_OK;
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return rc;
    book_sql_bind_integer(statement, ":attempt", attempt->id);
    for (unsigned i = 0; rc == SQLITE_OK && i < attempt->n_try_results; i++) {
        bind_try(statement, &attempt->try_results[i], i + 1);
        sqlite3_step(statement);
        rc = sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    return rc;
}

sqlite3_stmt *book_tries_prepare(sqlite3 *db)
{
    static const char sql[] = "SELECT baud, cause, detail, seconds FROM tries WHERE attempt = :attempt ORDER BY number";
    sqlite3_stmt *statement = NULL;
    (void)sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    return statement;
}

int book_tries_read(sqlite3_stmt *statement, struct attempt *attempt)
{
    book_sql_bind_integer(statement, ":attempt", attempt->id);
    attempt->n_try_results = 0;
    while (attempt->n_try_results < TRIES_MAX && sqlite3_step(statement) == SQLITE_ROW) {
        struct try_result *result = &attempt->try_results[attempt->n_try_results++];
        const char *cause = (const char *)sqlite3_column_text(statement, 1);
        const char *detail = (const char *)sqlite3_column_text(statement, 2);
        result->baud = (uint32_t)sqlite3_column_int64(statement, 0);
        result->cause = cause_from_code(cause ? cause : "");
        text_copy(result->detail, sizeof(result->detail), detail ? detail : "");
        result->seconds = sqlite3_column_double(statement, 3);
    }
    return sqlite3_reset(statement);
}
