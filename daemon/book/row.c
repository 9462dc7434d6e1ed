/* SPDX-License-Identifier: MIT */
#include "daemon/book/row.h"

#include "daemon/base/clock.h"
#include "daemon/book/sql.h"
#include "daemon/book/tries.h"

#include <stdbool.h>

/* The columns that are named as their members are: their names, their parameters, their assignments in an upsert. */
#define NAME(member)              ", " #member
#define PARAMETER(member)         ", :" #member
#define SET(member)               ", " #member " = excluded." #member
#define SECONDS_NAME(phase, ...)  NAME(seconds_##phase)
#define SECONDS_VALUE(phase, ...) PARAMETER(seconds_##phase)
#define SECONDS_SET(phase, ...)   SET(seconds_##phase)
#define NAMES                     ATTEMPT_TEXTS(NAME) ATTEMPT_INTEGERS(NAME) PROGRAM_PHASES(SECONDS_NAME)
#define PARAMETERS                ATTEMPT_TEXTS(PARAMETER) ATTEMPT_INTEGERS(PARAMETER) PROGRAM_PHASES(SECONDS_VALUE)
#define SETS                      ATTEMPT_TEXTS(SET) ATTEMPT_INTEGERS(SET) PROGRAM_PHASES(SECONDS_SET)

static const char upsert_attempt[] =
    "INSERT INTO attempts (id, started, ended, verdict, cause, image, written" NAMES ")"
    " VALUES (:id, :started, :ended, :verdict, :cause,"
    " (SELECT id FROM images WHERE sha256 = :image_sha256), :written" PARAMETERS ")"
    " ON CONFLICT (id) DO UPDATE SET"
    " ended = excluded.ended, verdict = excluded.verdict, cause = excluded.cause, image = excluded.image,"
    " written = excluded.written" SETS
    /* Only the same attempt's row: in a book that was restored while gangd ran the id may belong to another one. */
    " WHERE started = excluded.started AND path = excluded.path";

static const char insert_image[] =
    "INSERT INTO images (sha256, md5, size, first_used) VALUES (:image_sha256, :image_md5, :image_size, :started)"
    " ON CONFLICT (sha256) DO NOTHING";

/* Computed from the attempts, so that repeating it changes nothing. "WHERE true": without it SQLite would take the ON
 * of the conflict for that of the join. */
#define UPSERT_UNITS(latest, macs)                                                                                     \
    "INSERT INTO units (mac, first_seen, last_seen, attempts, last_attempt, slot, verdict)"                            \
    " SELECT u.mac, u.first_seen, u.last_seen, u.n, a.id, a.slot, a.verdict FROM"                                      \
    " (SELECT mac, min(started) AS first_seen, max(ended) AS last_seen, count(*) AS n, " latest " AS latest"           \
    " FROM attempts WHERE mac " macs " AND verdict <> 'open' GROUP BY mac) u"                                          \
    " JOIN attempts a ON a.id = u.latest WHERE true"                                                                   \
    " ON CONFLICT (mac) DO UPDATE SET first_seen = excluded.first_seen, last_seen = excluded.last_seen,"               \
    " attempts = excluded.attempts, last_attempt = excluded.last_attempt, slot = excluded.slot,"                       \
    " verdict = excluded.verdict"

static const char upsert_unit[] = UPSERT_UNITS(":id", "= :mac");

static const char update_open[] = "UPDATE attempts SET verdict = :verdict, cause = :cause, ended = :ended"
                                  " WHERE id = :id AND started = :started AND path = :path AND verdict = 'open'";

#define LEFTOVER "ended = :ended AND verdict = 'interrupted' AND cause = :cause"

static const char update_leftovers[] =
    "UPDATE attempts SET verdict = 'interrupted', cause = :cause, ended = :ended WHERE verdict = 'open'";

static const char upsert_leftover_units[] = UPSERT_UNITS(
    "max(CASE WHEN " LEFTOVER " THEN id END)", "IN (SELECT mac FROM attempts WHERE " LEFTOVER " AND mac <> '')");

static const char update_known[] =
    "UPDATE attempts SET mac = :mac, chip_id = :chip_id, chip = :chip, flash_id = :flash_id, flash_size = :flash_size,"
    " flash_unique_id = :flash_unique_id, flash_note = :flash_note,"
    " stub = :stub, baud = :baud, tries = :tries WHERE id = :id AND started = :started AND path = :path AND verdict = "
    "'open'";

static const char delete_row[] = "DELETE FROM attempts WHERE id = :id";

static const char select_next_id[] = "SELECT coalesce(max(id), 0) + 1 FROM attempts";

/* Each statement takes the parameters that it has. */
static void bind_attempt(sqlite3_stmt *statement, const struct attempt *attempt)
{
    book_sql_bind_integer(statement, ":id", attempt->id);
    book_sql_bind_integer(statement, ":started", attempt->started);
    if (attempt->verdict != VERDICT_OPEN)
        book_sql_bind_integer(statement, ":ended", attempt->ended);
    book_sql_bind_text(statement, ":verdict", verdict_name(attempt->verdict));
    book_sql_bind_text(statement, ":cause", cause_code(attempt->cause));
    book_sql_bind_text(statement, ":image_sha256", attempt->image_sha256);
    book_sql_bind_text(statement, ":image_md5", attempt->image_md5);
    book_sql_bind_integer(statement, ":image_size", attempt->image_size);
    if (attempt->written != WRITTEN_UNKNOWN)
        book_sql_bind_integer(statement, ":written", attempt->written == WRITTEN_YES);
#define X(member) book_sql_bind_text(statement, ":" #member, attempt->member);
    ATTEMPT_TEXTS(X)
#undef X
#define X(member) book_sql_bind_integer(statement, ":" #member, attempt->member);
    ATTEMPT_INTEGERS(X)
#undef X
#define X(phase, label, word) book_sql_bind_real(statement, ":seconds_" #phase, attempt->seconds.phase);
    PROGRAM_PHASES(X)
#undef X
}

/* Runs `sql` with the members of `attempt`. */
static int run(sqlite3 *db, const char *sql, const struct attempt *attempt)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return rc;
    bind_attempt(statement, attempt);
    sqlite3_step(statement);
    return sqlite3_finalize(statement);
}

static int put(sqlite3 *db, struct attempt *attempt)
{
    int rc = SQLITE_OK;
    if (attempt->image_sha256[0])
        rc = run(db, insert_image, attempt);
    if (rc == SQLITE_OK && attempt->id == 0)
        rc = book_sql_read_number(db, select_next_id, &attempt->id);
    if (rc == SQLITE_OK)
        rc = run(db, upsert_attempt, attempt);
    if (rc == SQLITE_OK && sqlite3_changes(db) == 0) {
        rc = book_sql_read_number(db, select_next_id, &attempt->id);
        if (rc == SQLITE_OK)
            rc = run(db, upsert_attempt, attempt);
    }
    if (rc == SQLITE_OK)
        rc = book_tries_write(db, attempt);
    if (rc == SQLITE_OK && attempt->verdict != VERDICT_OPEN && attempt->mac[0])
        rc = run(db, upsert_unit, attempt);
    return rc;
}

/* Inserts a row and deletes it in one transaction: that writes the same pages as a real one, so its success means that
 * an attempt can be booked. */
static int probe(sqlite3 *db, struct attempt *attempt)
{
    (void)attempt;
    struct attempt nobody = {0};
    int rc = put(db, &nobody);
    return rc == SQLITE_OK ? run(db, delete_row, &nobody) : rc;
}

/* Changes the open row of `attempt`, and sets `*changed`. If there is none, nothing was written: then finds out whether
 * the book can be written. */
static int change(sqlite3 *db, const char *sql, const struct attempt *attempt, bool *changed)
{
    int rc = run(db, sql, attempt);
    *changed = rc == SQLITE_OK && sqlite3_changes(db) > 0;
    return rc == SQLITE_OK && !*changed ? probe(db, NULL) : rc;
}

static int interrupt(sqlite3 *db, struct attempt *attempt)
{
    bool changed;
    return change(db, update_open, attempt, &changed);
}

static int note(sqlite3 *db, struct attempt *attempt)
{
    bool changed;
    int rc = change(db, update_known, attempt, &changed);
    return changed ? book_tries_write(db, attempt) : rc;
}

/* Closes all open rows with verdict, cause and end of `how`, and sets its id to their number. */
static int close_leftovers(sqlite3 *db, struct attempt *how)
{
    int rc = run(db, update_leftovers, how);
    how->id = sqlite3_changes(db);
    return rc == SQLITE_OK ? run(db, upsert_leftover_units, how) : rc;
}

/* Results that mean that the row or our SQL is wrong: repeating does not help. All others may pass: disk space is
 * freed, locks are released, files are restored. */
static bool is_logic_error(int rc)
{
    switch (rc & 0xFF) {
    case SQLITE_ERROR:
    case SQLITE_INTERNAL:
    case SQLITE_TOOBIG:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_RANGE: return true;
    default: return false;
    }
}

static bool wants_new_connection(int rc)
{
    switch (rc & 0xFF) {
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM: return false;
    default: return true;
    }
}

static enum book_file_result transact(struct book_file *file, int (*work)(sqlite3 *db, struct attempt *attempt),
                                      struct attempt *attempt)
{
    if (book_file_connect(file) != BOOK_FILE_DONE)
        return BOOK_FILE_AGAIN;
    sqlite3 *db = file->writer;
    int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = work(db, attempt);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return BOOK_FILE_DONE;

    book_file_explain(file, db, rc);
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    if (wants_new_connection(rc) || !sqlite3_get_autocommit(db))
        book_file_disconnect(file);
    if (is_logic_error(rc))
        return BOOK_FILE_REFUSED;
    return BOOK_FILE_AGAIN;
}

enum book_file_result book_row_put(struct book_file *file, struct attempt *attempt)
{
    return transact(file, put, attempt);
}

enum book_file_result book_row_interrupt(struct book_file *file, struct attempt *attempt)
{
    return transact(file, interrupt, attempt);
}

enum book_file_result book_row_probe(struct book_file *file)
{
    return transact(file, probe, NULL);
}

enum book_file_result book_row_note(struct book_file *file, struct attempt *attempt)
{
    return transact(file, note, attempt);
}

enum book_file_result book_row_close_leftovers(struct book_file *file, int64_t *n)
{
    struct attempt how = {.verdict = VERDICT_INTERRUPTED, .cause = CAUSE_POWER_CUT, .ended = wall_clock_us()};
    enum book_file_result result = transact(file, close_leftovers, &how);
    *n = how.id;
    return result;
}
