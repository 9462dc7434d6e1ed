/* SPDX-License-Identifier: MIT */
#include "daemon/book/trust.h"

#include "daemon/book/sql.h"

/* The "+" leaves SQLite one index to choose, that of the MAC: a board has few attempts, an image has many. An open
 * attempt is no pass. */
#define OTHERS_OF_THE_BOARD "FROM attempts WHERE mac = :mac AND +id <> :id"

static const char select_trust[] =
    "WITH"
    " written AS (SELECT coalesce(max(id), 0) AS id " OTHERS_OF_THE_BOARD
    "  AND +verdict = 'pass' AND +written = 1 AND +image = (SELECT id FROM images WHERE sha256 = :image_sha256)),"
    " latest_here AS (SELECT mac, cause FROM attempts WHERE slot = :slot AND +id <> :id ORDER BY started DESC LIMIT 1)"
    " SELECT NOT EXISTS (SELECT 1 " OTHERS_OF_THE_BOARD "  AND +verdict <> 'pass' AND +id > (SELECT id FROM written))"
    " AND NOT EXISTS (SELECT 1 FROM latest_here WHERE mac = '' AND cause = :power_cut)";

static int64_t ask(sqlite3_stmt *statement, const struct attempt *attempt)
{
    book_sql_bind_integer(statement, ":id", attempt->id);
    book_sql_bind_text(statement, ":mac", attempt->mac);
    book_sql_bind_text(statement, ":slot", attempt->slot);
    book_sql_bind_text(statement, ":image_sha256", attempt->image_sha256);
    book_sql_bind_text(statement, ":power_cut", cause_code(CAUSE_POWER_CUT));
    return sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
}

int book_trust_read(struct book_file *file, const struct attempt *attempt, bool *trusted)
{
    sqlite3 *db = book_file_reader(file);
    sqlite3_stmt *statement;
    if (!db)
        return -1;
    int rc = sqlite3_prepare_v2(db, select_trust, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        *trusted = ask(statement, attempt);
        rc = sqlite3_finalize(statement);
    }
    if (rc == SQLITE_OK)
        return 0;
    *trusted = false;
    book_file_explain(file, db, rc);
    return -1;
}
