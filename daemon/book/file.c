/* SPDX-License-Identifier: MIT */
#include "daemon/book/file.h"

#include "daemon/base/log.h"
#include "daemon/base/memory.h"
#include "daemon/book/schema.h"
#include "daemon/book/sql.h"
#include "proto/link/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <uv.h>

/* A lock that another program holds for less is waited for; a longer one is shown on the tiles. */
#define BUSY_MS 500

#define READ_AHEAD (1 << 20)
#define ASK_STEPS  1000000              /* of SQLite's machine */
#define ASK_NS     UINT64_C(5000000000) /* how often systemd is asked for more time */

__attribute__((format(printf, 2, 3))) static void say(struct book_file *file, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    text_vprint(text, sizeof(text), format, arguments);
    va_end(arguments);
    /* Of a path that is too long the end is kept, and the reason always. */
    size_t room = sizeof(file->error) - sizeof(text) - 2;
    text_print(file->error, sizeof(file->error), "%s: %s", text_tail(file->path, room), text);
}

void book_file_explain(struct book_file *file, sqlite3 *db, int rc)
{
    char why[BOOK_SQL_WHY_MAX];
    book_sql_explain(db, rc, why, sizeof(why));
    say(file, "%s", why);
}

/* Sets what a connection needs before it may write. */
static int configure(struct book_file *file, sqlite3 *db)
{
    char mode[16];
    int rc = book_sql_read_text(db, "PRAGMA journal_mode = WAL", mode, sizeof(mode));
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
        say(file, "its file system has no memory shared between programs (a network share?), which a write-ahead log "
                  "needs; put the book on a local disk");
        return -1;
    }
    return 0;
}

/* The log has no part of the schema any more: whoever takes it away leaves a valid book. */
static int settle_schema(struct book_file *file, sqlite3 *db)
{
    int rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (rc == SQLITE_OK || rc == SQLITE_BUSY)
        return 0;
    book_file_explain(file, db, rc);
    return -1;
}

/* Checks what the connection `db` leads to and prepares it for writing. A file that is refused is not changed. */
static int make_writable(struct book_file *file, sqlite3 *db, bool inspected)
{
    char why[BOOK_SQL_WHY_MAX];
    int version;
    if (book_schema_recognize(db, &version, why, sizeof(why)) != 0 ||
        (inspected && book_schema_inspect(db, why, sizeof(why)) != 0)) {
        say(file, "%s", why);
        return -1;
    }
    if (sqlite3_db_readonly(db, "main") == 1) {
        say(file, "it is read-only");
        return -1;
    }
    if (configure(file, db) != 0)
        return -1;
    if (book_schema_migrate(db, version, why, sizeof(why)) == 0)
        return version == book_schema_version ? 0 : settle_schema(file, db);
    say(file, "%s", why);
    return -1;
}

static const char *const log_names[] = {"wal", "shm"};

/* The log's file and its index as they are at their names; inode 0 where there is none. */
static void find_log(const struct book_file *file, unsigned i, dev_t *device, ino_t *inode)
{
    char name[PATH_MAX + 8];
    struct stat st = {0};
    /* SQLite's name of the book: with all links resolved. */
    snprintf(name, sizeof(name), "%s-%s", sqlite3_db_filename(file->writer, "main"), log_names[i]);
    if (stat(name, &st) != 0)
        st = (struct stat){0};
    *device = st.st_dev;
    *inode = st.st_ino;
}

static void note_files(struct book_file *file)
{
    struct stat st = {0};
    if (stat(file->path, &st) != 0)
        st = (struct stat){0};
    file->device = st.st_dev;
    file->inode = st.st_ino;
    for (unsigned i = 0; i < 2; i++)
        find_log(file, i, &file->logs[i].device, &file->logs[i].inode);
}

/* The first of the two that is no longer where it was; NULL if both are there. */
static const char *lost_log(const struct book_file *file)
{
    for (unsigned i = 0; i < 2; i++) {
        dev_t device;
        ino_t inode;
        find_log(file, i, &device, &inode);
        if (inode == 0 || inode != file->logs[i].inode || device != file->logs[i].device)
            return log_names[i];
    }
    return NULL;
}

/* Holds the file itself. `flags`: O_CREAT at the start. Of a file that is exchanged the descriptor is closed after the
 * connections to it: to close any descriptor of a file gives up SQLite's locks on it. */
static int take_file(struct book_file *file, int flags)
{
    if (file->own >= 0)
        return 0;
    /* O_NONBLOCK: the open() of a FIFO does not wait. */
    file->own = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags, 0644);
    if (file->own < 0) {
        say(file, "cannot open it: %s", strerror(errno));
        return -1;
    }
    if (flock(file->own, LOCK_EX | LOCK_NB) == 0)
        return 0;
    int reason = errno;
    /* SQLite's shared lock, which it has as long as it is connected. */
    struct flock other = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000002, .l_len = 510};
    bool found = fcntl(file->own, F_GETLK, &other) == 0 && other.l_type != F_UNLCK && other.l_pid > 0;
    if (reason != EWOULDBLOCK)
        say(file, "cannot lock it: %s", strerror(reason));
    else if (found)
        say(file, "another gangd (process %d) holds it", (int)other.l_pid);
    else
        say(file, "another gangd holds it");
    close(file->own);
    file->own = -1;
    return -1;
}

static void leave_file(struct book_file *file)
{
    if (file->own >= 0)
        close(file->own);
    file->own = -1;
}

/* systemd ends a service that takes longer than TimeoutStartSec to start, unless it goes on asking for more. */
static int ask_for_time(void *data)
{
    uint64_t *asked_at = data, now = uv_hrtime();
    if (now - *asked_at < ASK_NS)
        return 0;
    *asked_at = now;
    sd_notify(0, "EXTEND_TIMEOUT_USEC=30000000");
    return 0;
}

/* Opens the writer's connection. `flags`: SQLITE_OPEN_CREATE at the start, when the whole file is inspected too. */
static int connect_writer(struct book_file *file, int flags)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(file->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | flags, NULL);
    if (rc != SQLITE_OK) {
        book_file_explain(file, db, rc);
        sqlite3_close(db);
        return -1;
    }
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, BUSY_MS);
    uint64_t asked_at = 0;
    if (flags & SQLITE_OPEN_CREATE)
        sqlite3_progress_handler(db, ASK_STEPS, ask_for_time, &asked_at);
    /* A file that is refused stays as it is, with what a power cut left in its write-ahead log. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (make_writable(file, db, flags & SQLITE_OPEN_CREATE) != 0) {
        sqlite3_close(db);
        return -1;
    }
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    file->writer = db;
    note_files(file);
    return 0;
}

void book_file_close_reader(struct book_file *file)
{
    sqlite3_close(file->reader);
    file->reader = NULL;
}

void book_file_disconnect(struct book_file *file)
{
    book_file_close_reader(file);
    sqlite3_close(file->writer);
    file->writer = NULL;
}

static bool has_moved(sqlite3 *db)
{
    int moved = 0;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved;
}

static void release(struct book_file *file)
{
    book_file_close_reader(file);
    if (file->release)
        file->release(file->release_data);
}

/* The write-ahead log is written into the file that was moved away: so that file is complete, and SQLite cannot take
 * the log for that of a file which comes in its place. */
static void leave_moved_file(struct book_file *file)
{
    release(file);
    sqlite3_wal_checkpoint_v2(file->writer, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    book_file_disconnect(file);
    leave_file(file);
}

/* The descriptors still have the log: all of it goes into the book. Then a new connection makes a new one. Leaves a
 * sentence in any case. */
static void rescue_log(struct book_file *file, const char *log)
{
    release(file);
    int rc = sqlite3_wal_checkpoint_v2(file->writer, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (rc != SQLITE_OK) {
        char why[BOOK_SQL_WHY_MAX];
        book_sql_explain(file->writer, rc, why, sizeof(why));
        say(file, "another program has deleted or replaced its log (-%s), which cannot be saved now: %.300s", log, why);
        return;
    }
    say(file, "another program has deleted or replaced its log (-%s). All rows were saved; restart gangd", log);
    memcpy(file->warning, file->error, sizeof(file->warning));
    book_file_disconnect(file);
}

static bool is_gone(const struct book_file *file)
{
    return access(file->path, F_OK) != 0 && errno == ENOENT;
}

enum book_file_result book_file_connect(struct book_file *file)
{
    const char *log = NULL;
    if (file->writer && has_moved(file->writer))
        leave_moved_file(file);
    else if (file->writer)
        log = lost_log(file);
    if (log) {
        rescue_log(file, log);
        return BOOK_FILE_AGAIN;
    }
    if (file->writer)
        return BOOK_FILE_DONE;
    /* A new book in the place of one that vanished would hide the loss of the old one. */
    if (is_gone(file)) {
        say(file, "the book is gone: put it back, or restart gangd to begin a new one");
        return BOOK_FILE_AGAIN;
    }
    return take_file(file, 0) == 0 && connect_writer(file, 0) == 0 ? BOOK_FILE_DONE : BOOK_FILE_AGAIN;
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
    book_file_close_reader(file);
    return NULL;
}

bool book_file_reader_is(struct book_file *file, dev_t device, ino_t inode)
{
    struct stat st;
    if (!book_file_reader(file))
        return false;
    if (!has_moved(file->reader) && stat(file->path, &st) == 0 && st.st_dev == device && st.st_ino == inode)
        return true;
    say(file, "the book is gone, or another file was put in its place");
    book_file_close_reader(file);
    return false;
}

void book_file_init_to_read(struct book_file *file, const struct book_file *writer)
{
    *file = (struct book_file){.lock = -1, .own = -1};
    memcpy(file->path, writer->path, sizeof(file->path));
}

/* One gangd per book. The kernel releases the lock when the process exits; the process number in the file is only for
 * the error message of a second gangd. */
static int take_lock(struct book_file *file)
{
    char name[PATH_MAX + 8];
    text_print(name, sizeof(name), "%s-lock", file->path);
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

/* SQLite creates a missing file, and takes a file shorter than its header for a new one: so this is checked first. */
static int check_file(struct book_file *file)
{
    static const char magic[16] = "SQLite format 3";
    struct stat st;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
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

static int check_directory(struct book_file *file)
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
    char shown[301];
    text_copy(shown, sizeof(shown), directory);
    say(file, "its directory %s cannot be used: %s", shown, strerror(reason));
    return -1;
}

/* Brings the file into the kernel's cache, in order: SQLite's check reads it here and there, which a disk is slow at.
 * Errors are left to SQLite. */
static void read_ahead(struct book_file *file)
{
    char *bytes = must_malloc(READ_AHEAD);
    uint64_t asked_at = 0;
    posix_fadvise(file->own, 0, 0, POSIX_FADV_SEQUENTIAL);
    off_t at = 0;
    for (ssize_t n; (n = pread(file->own, bytes, READ_AHEAD, at)) > 0; at += n)
        ask_for_time(&asked_at);
    free(bytes);
}

static int take_over(struct book_file *file)
{
    if (check_file(file) != 0 || take_file(file, O_CREAT) != 0)
        return -1;
    read_ahead(file);
    return connect_writer(file, SQLITE_OPEN_CREATE);
}

int book_file_open(struct book_file *file, const char *path, char *error, size_t error_size)
{
    *file = (struct book_file){.lock = -1, .own = -1};
    int rc = -1;
    /* A "./" in front: SQLite keeps "" and ":memory:" in memory. */
    int n = snprintf(file->path, sizeof(file->path), "%s%s", strchr(path, '/') ? "" : "./", path);
    if (path[0] == '\0')
        snprintf(file->error, sizeof(file->error), "the book has no name");
    else if (n >= (int)sizeof(file->path) - 8)
        snprintf(file->error, sizeof(file->error), "the book's name is too long");
    else if (check_directory(file) == 0 && take_lock(file) == 0)
        rc = 0;
    if (rc == 0 && take_over(file) != 0) {
        book_file_close(file);
        rc = -1;
    }
    if (rc != 0)
        text_copy(error, error_size, file->error);
    return rc;
}

/* SQLite creates the index of a write-ahead log beside the file, also to read. Where it cannot, and there is no log,
 * the file is opened as immutable. */
static int reopen_as_it_is(struct book_file *file)
{
    char name[PATH_MAX + 8], uri[3 * PATH_MAX + 32] = "file:";
    text_print(name, sizeof(name), "%s-wal", file->path);
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
    char why[BOOK_SQL_WHY_MAX];
    int result = book_schema_recognize(file->reader, version, why, sizeof(why));
    int rc = result == 0 ? SQLITE_OK : sqlite3_extended_errcode(file->reader) & 0xFF;
    if ((rc == SQLITE_READONLY || rc == SQLITE_CANTOPEN) && reopen_as_it_is(file) == 0)
        result = book_schema_recognize(file->reader, version, why, sizeof(why));
    if (result != 0)
        say(file, "%s", why);
    return result;
}

int book_file_open_to_read(struct book_file *file, const char *path, char *error, size_t error_size)
{
    *file = (struct book_file){.lock = -1, .own = -1};
    int version = 0, rc = -1;
    int n = snprintf(file->path, sizeof(file->path), "%s%s", strchr(path, '/') ? "" : "./", path);
    if (path[0] == '\0' || n >= (int)sizeof(file->path) - 8)
        text_print(file->error, sizeof(file->error), "the book's name is %s", path[0] ? "too long" : "empty");
    else if (access(file->path, R_OK) != 0)
        say(file, "cannot open it: %s", strerror(errno));
    else if (check_file(file) == 0 && book_file_reader(file) && recognize_to_read(file, &version) == 0)
        rc = 0;
    if (rc == 0 && version != book_schema_version) {
        if (version == 0)
            say(file, "it is empty: no gangd has written to it yet");
        else
            say(file, "it was written by an older gangd (schema %d): start this gangd with it once, which upgrades it",
                version);
        rc = -1;
    }
    if (rc != 0) {
        text_copy(error, error_size, file->error);
        book_file_close(file);
    }
    return rc;
}

void book_file_close(struct book_file *file)
{
    book_file_disconnect(file);
    leave_file(file);
    /* The lock file stays: to remove it would let a third gangd lock another file of the same name. */
    if (file->lock >= 0)
        close(file->lock);
    file->lock = -1;
}
