/* SPDX-License-Identifier: MIT */
#include "daemon/book/sql.h"

#include "proto/link/text.h"

#include <stdio.h>
#include <string.h>

void book_sql_bind_text(sqlite3_stmt *statement, const char *name, const char *text)
{
    sqlite3_bind_text(statement, sqlite3_bind_parameter_index(statement, name), text, -1, SQLITE_STATIC);
}

void book_sql_bind_integer(sqlite3_stmt *statement, const char *name, int64_t value)
{
    sqlite3_bind_int64(statement, sqlite3_bind_parameter_index(statement, name), value);
}

void book_sql_bind_real(sqlite3_stmt *statement, const char *name, double value)
{
    sqlite3_bind_double(statement, sqlite3_bind_parameter_index(statement, name), value);
}

int book_sql_read_number(sqlite3 *db, const char *sql, int64_t *number)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return rc;
    if (sqlite3_step(statement) == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    return sqlite3_finalize(statement);
}

int book_sql_read_text(sqlite3 *db, const char *sql, char *text, size_t size)
{
    text[0] = '\0';
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return rc;
    if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0))
        text_copy(text, size, (const char *)sqlite3_column_text(statement, 0));
    return sqlite3_finalize(statement);
}

void book_sql_explain(sqlite3 *db, int rc, char *why, size_t size)
{
    int system_error = db ? sqlite3_system_errno(db) : 0;
    switch (rc & 0xFF) {
    case SQLITE_FULL: snprintf(why, size, "the disk is full"); break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: snprintf(why, size, "another program has locked it"); break;
    case SQLITE_READONLY: snprintf(why, size, "it is read-only"); break;
    case SQLITE_NOTADB: snprintf(why, size, "it is not a database"); break;
    case SQLITE_CORRUPT: snprintf(why, size, "it is damaged"); break;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        text_print(why, size, "%s (%s)", sqlite3_errstr(rc), system_error ? strerror(system_error) : "no reason given");
        break;
    default: text_copy(why, size, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
    }
}
