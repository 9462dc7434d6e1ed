/* SPDX-License-Identifier: MIT */
/* The book's file: its lock, its connections, its schema. */
#include "daemon/book/file.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* "gang": tells a book from any other SQLite file. Written by the first migration. */
#define APPLICATION_ID 0x67616e67

/* Another program's short lock is waited out; a longer one is said on the tiles. */
#define BUSY_MS 500

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
};

#define SCHEMA_VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

__attribute__((format(printf, 2, 3))) static void say(struct book_file *file, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    /* The end of a long path tells more than its beginning, and the reason more than either. */
    size_t len = strlen(file->path);
    size_t room = sizeof(file->error) - sizeof(text) - 2;
    snprintf(file->error, sizeof(file->error), "%s: %s", file->path + (len > room ? len - room : 0), text);
}

void book_file_explain(struct book_file *file, sqlite3 *db, int rc)
{
    int system_error = db ? sqlite3_system_errno(db) : 0;
    switch (rc & 0xFF) {
    case SQLITE_FULL: say(file, "the disk is full"); break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: say(file, "another program has locked it"); break;
    case SQLITE_READONLY: say(file, "it is read-only"); break;
    case SQLITE_NOTADB: say(file, "it is not a database"); break;
    case SQLITE_CORRUPT: say(file, "it is damaged"); break;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        say(file, "%s (%s)", sqlite3_errstr(rc), system_error ? strerror(system_error) : "no reason given");
        break;
    default: say(file, "%s", db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
    }
}

static void say_damaged(struct book_file *file, const char *how)
{
    say(file, "it is damaged (%s); nothing in it was changed: put back a copy, or move it away to begin a new one",
        how);
}

/* Runs a query that gives one number. */
static int ask_number(sqlite3 *db, const char *sql, int64_t *number)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return rc;
    if (sqlite3_step(statement) == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    return sqlite3_finalize(statement);
}

/* Runs a query that gives one text, "" if it gives none. */
static int ask_text(sqlite3 *db, const char *sql, char *text, size_t size)
{
    text[0] = '\0';
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return rc;
    if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0))
        snprintf(text, size, "%s", (const char *)sqlite3_column_text(statement, 0));
    return sqlite3_finalize(statement);
}

/* Is it a book, and one that we know? -1 with a sentence if not. Reads only. */
static int recognize(struct book_file *file, sqlite3 *db, int *version)
{
    int64_t application = 0, number = 0, tables = 0;
    int rc = ask_number(db, "SELECT count(*) FROM sqlite_master", &tables);
    if (rc == SQLITE_OK)
        rc = ask_number(db, "PRAGMA application_id", &application);
    if (rc == SQLITE_OK)
        rc = ask_number(db, "PRAGMA user_version", &number);
    if ((rc & 0xFF) == SQLITE_CORRUPT || (rc & 0xFF) == SQLITE_NOTADB) {
        say_damaged(file, sqlite3_errmsg(db));
        return -1;
    }
    if (rc != SQLITE_OK) {
        book_file_explain(file, db, rc);
        return -1;
    }
    if (number > SCHEMA_VERSION) {
        say(file, "it was written by a newer gangd (schema %lld; this one knows up to %d)", (long long)number,
            SCHEMA_VERSION);
        return -1;
    }
    bool blank = number == 0 && tables == 0;
    if (!blank && application != APPLICATION_ID) {
        say(file, "it is a database of another program, not a book of gangd");
        return -1;
    }
    *version = (int)number;
    return 0;
}

/* SQLite's own check of the whole file. */
static int inspect(struct book_file *file, sqlite3 *db)
{
    char found[256];
    int rc = ask_text(db, "PRAGMA quick_check(1)", found, sizeof(found));
    if (rc == SQLITE_OK && strcmp(found, "ok") == 0)
        return 0;
    if (rc == SQLITE_OK || (rc & 0xFF) == SQLITE_CORRUPT || (rc & 0xFF) == SQLITE_NOTADB)
        say_damaged(file, rc == SQLITE_OK ? found : sqlite3_errmsg(db));
    else
        book_file_explain(file, db, rc);
    return -1;
}

static int migrate(struct book_file *file, sqlite3 *db, int version)
{
    if (version == SCHEMA_VERSION)
        return 0;
    int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    for (int i = version; rc == SQLITE_OK && i < SCHEMA_VERSION; i++)
        rc = sqlite3_exec(db, migrations[i], NULL, NULL, NULL);
    char set_version[64];
    snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %d; COMMIT", SCHEMA_VERSION);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, set_version, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return 0;
    book_file_explain(file, db, rc);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}

/* All that a connection must be told before it may write. */
static int configure(struct book_file *file, sqlite3 *db)
{
    char mode[16];
    int rc = ask_text(db, "PRAGMA journal_mode = WAL", mode, sizeof(mode));
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db,
                          "PRAGMA synchronous = FULL;"
                          "PRAGMA foreign_keys = ON;"
                          /* After a reader that held up the checkpoints, the log does not stay large. */
                          "PRAGMA journal_size_limit = 16777216",
                          NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        book_file_explain(file, db, rc);
        return -1;
    }
    if (strcmp(mode, "wal") != 0) {
        say(file, "its file system cannot share memory between programs (a network share?): write-ahead log refused");
        return -1;
    }
    return 0;
}

/* Opens the writer's connection. `flags`: SQLITE_OPEN_CREATE at the start, when the whole file is inspected too. */
static int connect_writer(struct book_file *file, int flags)
{
    sqlite3 *db = NULL;
    int version;
    int rc = sqlite3_open_v2(file->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | flags, NULL);
    if (rc != SQLITE_OK) {
        book_file_explain(file, db, rc);
        sqlite3_close(db);
        return -1;
    }
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, BUSY_MS);
    /* A file that is refused stays as it is, with what a power cut left in its write-ahead log. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    bool fine = recognize(file, db, &version) == 0 && (!(flags & SQLITE_OPEN_CREATE) || inspect(file, db) == 0);
    if (fine && sqlite3_db_readonly(db, "main") == 1) {
        say(file, "it is read-only");
        fine = false;
    }
    fine = fine && configure(file, db) == 0 && migrate(file, db, version) == 0;
    if (!fine) {
        sqlite3_close(db);
        return -1;
    }
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    file->writer = db;
    return 0;
}

void book_file_disconnect(struct book_file *file)
{
    sqlite3_close(file->reader);
    sqlite3_close(file->writer);
    file->reader = file->writer = NULL;
}

enum book_file_result book_file_connect(struct book_file *file)
{
    int moved = 0;
    if (file->writer)
        sqlite3_file_control(file->writer, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved) {
        /* What was written goes into the file that was moved away, so that it is whole, and so that our write-ahead log
         * cannot be taken for that of a file which comes in its place. */
        sqlite3_close(file->reader);
        file->reader = NULL;
        sqlite3_wal_checkpoint_v2(file->writer, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        book_file_disconnect(file);
    }
    if (file->writer)
        return BOOK_FILE_DONE;
    /* A new book in the place of one that vanished would hide a loss. */
    if (access(file->path, F_OK) != 0 && errno == ENOENT) {
        say(file, "the book is gone: put it back, or restart gangd to begin a new one");
        return BOOK_FILE_AGAIN;
    }
    return connect_writer(file, 0) == 0 ? BOOK_FILE_DONE : BOOK_FILE_AGAIN;
}

sqlite3 *book_file_reader(struct book_file *file)
{
    if (file->reader)
        return file->reader;
    int rc = sqlite3_open_v2(file->path, &file->reader, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_extended_result_codes(file->reader, 1);
        sqlite3_busy_timeout(file->reader, BUSY_MS);
        return file->reader;
    }
    book_file_explain(file, file->reader, rc);
    sqlite3_close(file->reader);
    file->reader = NULL;
    return NULL;
}

/* One gangd per book. The lock dies with its holder; the number in the file is only for the other's error message. */
static int take_lock(struct book_file *file)
{
    char name[PATH_MAX + 8];
    snprintf(name, sizeof(name), "%s-lock", file->path);
    file->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file->lock < 0) {
        say(file, "cannot open its lock file (%s-lock): %s", strrchr(file->path, '/') + 1, strerror(errno));
        return -1;
    }
    char pid[24] = "";
    if (flock(file->lock, LOCK_EX | LOCK_NB) == 0) {
        int len = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
        if (ftruncate(file->lock, 0) != 0 || pwrite(file->lock, pid, (size_t)len, 0) != len)
            log_warning("book", "%s: cannot write our process number into it: %s", name, strerror(errno));
        return 0;
    }
    int reason = errno;
    if (reason != EWOULDBLOCK) {
        say(file, "cannot lock it: %s", strerror(reason));
    } else {
        ssize_t n = pread(file->lock, pid, sizeof(pid) - 1, 0);
        pid[n > 0 ? n : 0] = '\0';
        pid[strcspn(pid, "\n")] = '\0';
        say(file, "another gangd (process %s) holds it", pid[0] ? pid : "of an unknown number");
    }
    close(file->lock);
    return -1;
}

/* SQLite creates what is not there, and takes a file shorter than its header for a new one. Look first. */
static int look_at_file(struct book_file *file)
{
    static const char magic[16] = "SQLite format 3";
    struct stat st;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &st) != 0) {
        say(file, "cannot open it: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    char head[sizeof(magic)];
    ssize_t n = S_ISREG(st.st_mode) ? read(fd, head, sizeof(head)) : -1;
    close(fd);
    if (!S_ISREG(st.st_mode)) {
        say(file, "it is not a file");
        return -1;
    }
    if (n == 0 || (n == (ssize_t)sizeof(head) && memcmp(head, magic, sizeof(magic)) == 0))
        return 0;
    say(file, "it is not a book of gangd (no SQLite database); nothing in it was changed");
    return -1;
}

static int look_at_directory(struct book_file *file)
{
    char directory[PATH_MAX];
    memcpy(directory, file->path, sizeof(directory));
    char *slash = strrchr(directory, '/');
    if (slash[1] == '\0') {
        say(file, "it is the name of a directory");
        return -1;
    }
    slash[slash == directory] = '\0'; /* "/" stays */
    struct stat st;
    int reason = stat(directory, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
    if (reason == 0)
        return 0;
    say(file, "its directory %.300s cannot be used: %s", directory, strerror(reason));
    return -1;
}

static int close_leftovers(struct book_file *file)
{
    int64_t n;
    if (book_file_close_leftovers(file, &n) != BOOK_FILE_DONE)
        return -1;
    if (n > 0)
        log_warning("book", "%lld attempt%s open when gangd ended: closed as interrupted", (long long)n,
                    n == 1 ? " was" : "s were");
    return 0;
}

int book_file_open(struct book_file *file, const char *path, char *error, size_t error_size)
{
    *file = (struct book_file){.lock = -1};
    int rc = -1;
    /* A "./" in front: SQLite keeps "" and ":memory:" in memory. */
    int n = snprintf(file->path, sizeof(file->path), "%s%s", strchr(path, '/') ? "" : "./", path);
    if (path[0] == '\0')
        snprintf(file->error, sizeof(file->error), "the book has no name");
    else if (n >= (int)sizeof(file->path) - 8)
        snprintf(file->error, sizeof(file->error), "the book's name is too long");
    else if (look_at_directory(file) == 0 && take_lock(file) == 0)
        rc = 0;
    if (rc == 0 &&
        (look_at_file(file) != 0 || connect_writer(file, SQLITE_OPEN_CREATE) != 0 || close_leftovers(file) != 0)) {
        book_file_close(file);
        rc = -1;
    }
    if (rc != 0)
        snprintf(error, error_size, "%s", file->error);
    return rc;
}

/* SQLite keeps the index of a write-ahead log beside the file, also to read. Where nothing can be created, and there is
 * no log, the file alone is all there is: it is taken as one that does not change. */
static int reopen_as_it_is(struct book_file *file)
{
    char name[PATH_MAX + 8], uri[3 * PATH_MAX + 32] = "file:";
    snprintf(name, sizeof(name), "%s-wal", file->path);
    if (access(name, F_OK) == 0)
        return -1;
    char *out = uri + strlen(uri);
    for (const char *c = file->path; *c; c++)
        out += sprintf(out, strchr("%?#", *c) ? "%%%02X" : "%c", *c);
    sprintf(out, "?immutable=1");
    book_file_disconnect(file);
    int rc = sqlite3_open_v2(uri, &file->reader, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
    sqlite3_extended_result_codes(file->reader, 1);
    return rc == SQLITE_OK ? 0 : -1;
}

static int recognize_to_read(struct book_file *file, int *version)
{
    if (recognize(file, file->reader, version) == 0)
        return 0;
    int rc = sqlite3_extended_errcode(file->reader);
    if ((rc & 0xFF) != SQLITE_READONLY && (rc & 0xFF) != SQLITE_CANTOPEN)
        return -1;
    return reopen_as_it_is(file) == 0 ? recognize(file, file->reader, version) : -1;
}

int book_file_open_to_read(struct book_file *file, const char *path, char *error, size_t error_size)
{
    *file = (struct book_file){.lock = -1};
    int version = 0, rc = -1;
    int n = snprintf(file->path, sizeof(file->path), "%s%s", strchr(path, '/') ? "" : "./", path);
    if (path[0] == '\0' || n >= (int)sizeof(file->path) - 8)
        snprintf(file->error, sizeof(file->error), "the book's name is %s", path[0] ? "too long" : "empty");
    else if (access(file->path, R_OK) != 0)
        say(file, "cannot open it: %s", strerror(errno));
    else if (look_at_file(file) == 0 && book_file_reader(file) && recognize_to_read(file, &version) == 0)
        rc = 0;
    if (rc == 0 && version != SCHEMA_VERSION) {
        if (version == 0)
            say(file, "there is nothing in it yet");
        else
            say(file, "it was written by an older gangd (schema %d): start this one on it once", version);
        rc = -1;
    }
    if (rc != 0) {
        snprintf(error, error_size, "%s", file->error);
        book_file_close(file);
    }
    return rc;
}

void book_file_close(struct book_file *file)
{
    book_file_disconnect(file);
    /* The lock file stays: to remove it would let a third gangd lock another file of the same name. */
    if (file->lock >= 0)
        close(file->lock);
    file->lock = -1;
}
