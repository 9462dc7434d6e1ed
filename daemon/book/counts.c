/* SPDX-License-Identifier: MIT */
#include "daemon/book/counts.h"

#include "daemon/base/clock.h"
#include "daemon/book/file.h"
#include "daemon/book/sql.h"

#define HOUR_US (3600 * INT64_C(1000000))

/* The "+" keeps SQLite from going through all that ever passed: few ended since. Where a query has max() or min(), its
 * other columns are of the row that has it (sqlite.org/lang_select.html#bareagg). */
#define DECIDED "+verdict IN ('pass', 'fail')"

static const char select_counts[] =
    "WITH"
    " decided AS MATERIALIZED (SELECT slot, started, ended, mac, verdict = 'pass' AS passed"
    "  FROM attempts WHERE ended BETWEEN :since AND :now AND " DECIDED "),"
    " latest AS (SELECT passed, max(ended) FROM decided WHERE mac <> '' GROUP BY mac),"
    " first AS (SELECT passed, min(ended) FROM decided WHERE mac <> '' GROUP BY mac),"
    " unidentified AS (SELECT (SELECT mac FROM attempts WHERE slot = d.slot"
    "   AND started >= :since AND started < d.started AND " DECIDED " ORDER BY started DESC LIMIT 1) AS mac_before"
    "  FROM decided d WHERE mac = '')"
    " SELECT count(*) FILTER (WHERE verdict = 'pass'), count(*) FILTER (WHERE verdict = 'fail'),"
    " count(*) FILTER (WHERE verdict = 'interrupted'),"
    " (SELECT count(*) FROM latest WHERE passed),"
    " (SELECT count(*) FROM latest WHERE NOT passed)"
    "  + (SELECT count(*) FROM unidentified WHERE mac_before IS NOT ''),"
    " (SELECT count(*) FROM first WHERE passed),"
    " (SELECT count(DISTINCT mac) FROM attempts WHERE ended BETWEEN :hour_ago AND :now AND +verdict = 'pass')"
    " FROM attempts WHERE ended BETWEEN :since AND :now";

int book_counts_read(struct book_file *file, int64_t since, struct book_counts *counts)
{
    sqlite3 *db = book_file_reader(file);
    sqlite3_stmt *statement;
    int64_t now = wall_clock_us();
    if (!db)
        return -1;
    int rc = sqlite3_prepare_v2(db, select_counts, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        book_sql_bind_integer(statement, ":since", since);
        book_sql_bind_integer(statement, ":now", now);
        book_sql_bind_integer(statement, ":hour_ago", now - HOUR_US);
        if (sqlite3_step(statement) == SQLITE_ROW)
            *counts = (struct book_counts){
                .pass = sqlite3_column_int64(statement, 0),
                .fail = sqlite3_column_int64(statement, 1),
                .interrupted = sqlite3_column_int64(statement, 2),
                .units_passed = sqlite3_column_int64(statement, 3),
                .units_failed = sqlite3_column_int64(statement, 4),
                .units_passed_first = sqlite3_column_int64(statement, 5),
                .units_last_hour = sqlite3_column_int64(statement, 6),
            };
        rc = sqlite3_finalize(statement);
    }
    if (rc == SQLITE_OK)
        return 0;
    book_file_explain(file, db, rc);
    return -1;
}
