/* SPDX-License-Identifier: MIT */
#include "daemon/book/schema.h"

#include "proto/link/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* "gang": tells a book from any other SQLite file. Written by the first migration. */
#define APPLICATION_ID 0x67616e67

/* Each entry takes the schema from its index to the next version. Books in the field have been through them: append,
 * never edit. */
static const char *const migrations[] = {
    "PRAGMA application_id = 0x67616e67;"
    "CREATE TABLE images ("
    "  id INTEGER PRIMARY KEY,"
    "  sha256 TEXT NOT NULL UNIQUE,"
    "  md5 TEXT NOT NULL,"
    "  size INTEGER NOT NULL,"
    "  first_used INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE attempts ("
    "  id INTEGER PRIMARY KEY,"
    "  started INTEGER NOT NULL,"
    "  ended INTEGER,"
    "  verdict TEXT NOT NULL CHECK (verdict IN ('open', 'pass', 'fail', 'interrupted')),"
    "  cause TEXT NOT NULL,"
    "  detail TEXT NOT NULL,"
    "  slot TEXT NOT NULL,"
    "  path TEXT NOT NULL,"
    "  adapter TEXT NOT NULL,"
    "  image INTEGER REFERENCES images (id),"
    "  mac TEXT NOT NULL,"
    "  chip_id TEXT NOT NULL,"
    "  chip TEXT NOT NULL,"
    "  flash_id TEXT NOT NULL,"
    "  flash_size INTEGER NOT NULL,"
    "  stub TEXT NOT NULL,"
    "  baud INTEGER NOT NULL,"
    "  tries INTEGER NOT NULL,"
    "  seconds_reset REAL NOT NULL,"
    "  seconds_sync REAL NOT NULL,"
    "  seconds_identify REAL NOT NULL,"
    "  seconds_stub REAL NOT NULL,"
    "  seconds_baud REAL NOT NULL,"
    "  seconds_write REAL NOT NULL,"
    "  seconds_verify REAL NOT NULL,"
    "  seconds_run REAL NOT NULL,"
    "  station TEXT NOT NULL,"
    "  lot TEXT NOT NULL,"
    "  operator TEXT NOT NULL,"
    "  gangd TEXT NOT NULL,"
    "  CHECK ((verdict = 'open') = (ended IS NULL))"
    ") STRICT;"
    "CREATE INDEX attempts_by_time ON attempts (started);"
    "CREATE INDEX attempts_by_end ON attempts (ended, verdict);"
    "CREATE INDEX attempts_by_slot ON attempts (slot, started);"
    "CREATE INDEX attempts_by_verdict ON attempts (verdict, started);"
    "CREATE INDEX attempts_by_mac ON attempts (mac, started);"
    "CREATE TABLE units ("
    "  mac TEXT PRIMARY KEY NOT NULL,"
    "  first_seen INTEGER NOT NULL,"
    "  last_seen INTEGER NOT NULL,"
    "  attempts INTEGER NOT NULL,"
    "  last_attempt INTEGER NOT NULL REFERENCES attempts (id)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX units_by_time ON units (first_seen, mac, last_seen);",

    /* No board was compared before it was written; of one that was cut off it is not known how far it came. */
    "ALTER TABLE attempts ADD COLUMN seconds_compare REAL NOT NULL DEFAULT 0;"
    "ALTER TABLE attempts ADD COLUMN written INTEGER CHECK (written IN (0, 1));"
    "UPDATE attempts SET written = seconds_write > 0 WHERE verdict <> 'open' AND cause <> 'power-cut';",

    /* Each filter of the API has an index in the order of the answer, so that no request goes through all rows. */
    "ALTER TABLE units ADD COLUMN slot TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE units ADD COLUMN verdict TEXT NOT NULL DEFAULT '';"
    "UPDATE units SET slot = a.slot, verdict = a.verdict FROM attempts a WHERE a.id = last_attempt;"
    "CREATE INDEX units_by_slot ON units (slot, first_seen, mac);"
    "CREATE INDEX units_by_verdict ON units (verdict, first_seen, mac);"
    "CREATE INDEX units_by_both ON units (slot, verdict, first_seen, mac);"
    "CREATE INDEX attempts_by_both ON attempts (slot, verdict, started);",

    /* Of the tries of older attempts only the last one's rate and cause are known: they are in the attempt's row. */
    "CREATE TABLE tries ("
    "  attempt INTEGER NOT NULL REFERENCES attempts (id),"
    "  number INTEGER NOT NULL CHECK (number > 0),"
    "  baud INTEGER NOT NULL,"
    "  cause TEXT NOT NULL,"
    "  detail TEXT NOT NULL,"
    "  seconds REAL NOT NULL,"
    "  PRIMARY KEY (attempt, number)"
    ") STRICT, WITHOUT ROWID;",

    /* No unique id was read before, no part was woken, and each size was that of the id. */
    ("ALTER TABLE attempts ADD COLUMN flash_unique_id TEXT NOT NULL DEFAULT '';"
     "ALTER TABLE attempts ADD COLUMN flash_note TEXT NOT NULL DEFAULT '';"),
};

/* Of filters and orders that the API has got since version 3. Books of any version get them at the next start. */
static const char indexes[] =
    "CREATE INDEX IF NOT EXISTS attempts_by_cause ON attempts (cause, started);"
    "CREATE INDEX IF NOT EXISTS attempts_by_image ON attempts (image, started);"
    "CREATE INDEX IF NOT EXISTS attempts_by_lot ON attempts (lot, started);"
    "CREATE INDEX IF NOT EXISTS attempts_by_operator ON attempts (operator, started);"
    "CREATE INDEX IF NOT EXISTS units_by_latest ON units (last_seen, mac);"
    "CREATE INDEX IF NOT EXISTS units_by_slot_latest ON units (slot, last_seen, mac);"
    "CREATE INDEX IF NOT EXISTS units_by_verdict_latest ON units (verdict, last_seen, mac);"
    "CREATE INDEX IF NOT EXISTS units_by_both_latest ON units (slot, verdict, last_seen, mac);";

const int book_schema_version = (int)(sizeof(migrations) / sizeof(migrations[0]));

static int fail(sqlite3 *db, int rc, char *why, size_t why_size)
{
    book_sql_explain(db, rc, why, why_size);
    return -1;
}

static int fail_as_damaged(const char *how, char *why, size_t why_size)
{
    text_print(why, why_size,
               "it is damaged (%s); nothing in it was changed: put back a copy, or move it away to begin a new one",
               how);
    return -1;
}

static bool is_damage(int rc)
{
    return (rc & 0xFF) == SQLITE_CORRUPT || (rc & 0xFF) == SQLITE_NOTADB;
}

int book_schema_recognize(sqlite3 *db, int *version, char *why, size_t why_size)
{
    int64_t application = 0, number = 0, tables = 0;
    int rc = book_sql_read_number(db, "SELECT count(*) FROM sqlite_master", &tables);
    if (rc == SQLITE_OK)
        rc = book_sql_read_number(db, "PRAGMA application_id", &application);
    if (rc == SQLITE_OK)
        rc = book_sql_read_number(db, "PRAGMA user_version", &number);
    if (is_damage(rc))
        return fail_as_damaged(sqlite3_errmsg(db), why, why_size);
    if (rc != SQLITE_OK)
        return fail(db, rc, why, why_size);
    if (number > book_schema_version) {
        snprintf(why, why_size, "it was written by a newer gangd (schema %lld; this one knows up to %d)",
                 (long long)number, book_schema_version);
        return -1;
    }
    bool blank = number == 0 && tables == 0;
    if (!blank && application != APPLICATION_ID) {
        snprintf(why, why_size, "it is a database of another program, not a book of gangd");
        return -1;
    }
    *version = (int)number;
    return 0;
}

int book_schema_inspect(sqlite3 *db, char *why, size_t why_size)
{
    char found[256];
    int rc = book_sql_read_text(db, "PRAGMA quick_check(1)", found, sizeof(found));
    if (rc == SQLITE_OK && strcmp(found, "ok") == 0)
        return 0;
    if (rc == SQLITE_OK || is_damage(rc))
        return fail_as_damaged(rc == SQLITE_OK ? found : sqlite3_errmsg(db), why, why_size);
    return fail(db, rc, why, why_size);
}

int book_schema_migrate(sqlite3 *db, int version, char *why, size_t why_size)
{
    char set_version[64];
    snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %d", book_schema_version);
    bool migrates = version != book_schema_version;
    /* Without a migration the indexes are there already, or are made one by one. */
    int rc = migrates ? sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) : SQLITE_OK;
    for (int i = version; rc == SQLITE_OK && i < book_schema_version; i++)
        rc = sqlite3_exec(db, migrations[i], NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, indexes, NULL, NULL, NULL);
    if (rc == SQLITE_OK && migrates)
        rc = sqlite3_exec(db, set_version, NULL, NULL, NULL);
    if (rc == SQLITE_OK && migrates)
        rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return 0;
    book_sql_explain(db, rc, why, why_size);
    if (migrates)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}
