/* SPDX-License-Identifier: MIT */
#include "daemon/book/counts.h"

#include "daemon/base/clock.h"
#include "daemon/book/file.h"
#include "daemon/book/sql.h"

#define HOUR_US (3600 * INT64_C(1000000))

/* The "+" keeps SQLite from going through all that ever passed: few ended in the last hour. */
int book_counts_read(struct book_file *file, int64_t since, struct book_counts *counts)
{
    static const char sql[] =
        "SELECT count(*) FILTER (WHERE verdict = 'pass'), count(*) FILTER (WHERE verdict = 'fail'),"
        " count(*) FILTER (WHERE verdict = 'interrupted'),"
        " (SELECT count(*) FROM attempts WHERE ended BETWEEN :hour_ago AND :now AND +verdict = 'pass')"
        " FROM attempts WHERE ended BETWEEN :since AND :now";
    sqlite3 *db = book_file_reader(file);
    sqlite3_stmt *statement;
    int64_t now = wall_clock_us();
    if (!db)
        return -1;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        book_sql_bind_integer(statement, ":since", since);
        book_sql_bind_integer(statement, ":now", now);
        book_sql_bind_integer(statement, ":hour_ago", now - HOUR_US);
        if (sqlite3_step(statement) == SQLITE_ROW)
            *counts = (struct book_counts){
                .pass = sqlite3_column_int64(statement, 0),
                .fail = sqlite3_column_int64(statement, 1),
                .interrupted = sqlite3_column_int64(statement, 2),
                .pass_last_hour = sqlite3_column_int64(statement, 3),
            };
        rc = sqlite3_finalize(statement);
    }
    if (rc == SQLITE_OK)
        return 0;
    book_file_explain(file, db, rc);
    return -1;
}
