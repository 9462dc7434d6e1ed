/* SPDX-License-Identifier: MIT */
/*
 * Measures a book of a million attempts: how long gangd takes to open it while the kernel has it in its cache and while
 * it has not, and how long the rows of a unit take to be committed, alone and while 12 clients read. Prints seconds of
 * this machine, and ratios, which are nearly the same on all with the same kind of disk. */
#include "daemon/base/clock.h"
#include "daemon/base/memory.h"
#include "daemon/book/book.h"

#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTEMPTS INT64_C(1000000)
#define UNITS    INT64_C(900000) /* each ninth has had a second attempt */
#define READERS  12
#define ROUNDS   10
#define WRITES   20 /* units in a round; the median of all rounds is taken */

static const char *path;
static uv_loop_t loop;
static struct book *book;

static _Noreturn void give_up(const char *what, const char *why)
{
    fprintf(stderr, "million_attempts: %s: %s\n", what, why);
    exit(1);
}

static double seconds_since(uint64_t start)
{
    return (double)(steady_clock_us() - start) / 1e6;
}

static void on_health(void *data, const char *error)
{
    (void)data;
    if (error)
        give_up("the book", error);
}

static double open_book(void)
{
    char error[512];
    uint64_t start = steady_clock_us();
    book = book_open(&loop, path, on_health, NULL, error, sizeof(error));
    if (!book)
        give_up("the book", error);
    return seconds_since(start);
}

static void close_book(void)
{
    if (!book_close(book, 60))
        give_up(path, "not all was written");
    uv_run(&loop, UV_RUN_DEFAULT);
}

/* The rows of a unit, as a slot writes them: begun, identified, ended. */

static bool ended;

static void on_ended(void *data)
{
    (void)data;
    ended = true;
}

static struct attempt new_attempt(void)
{
    return (struct attempt){
        .started = wall_clock_us() - 15000000,
        .slot = "A1",
        .path = "pci-0000:00:14.0-usb-0:1.2:1.0",
        .adapter = "cp210x 10c4:ea60 0001",
        .image_md5 = "9e107d9d372bb6826bd81d3542a419d6",
        .image_sha256 = "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592",
        .image_size = 4194304,
        .station = "bench-1",
        .lot = "4711",
        .operator= "anna",
        .gangd = GANGD_VERSION,
    };
}

static void on_begun(void *data, int64_t id)
{
    struct attempt *attempt = data;
    attempt->id = id;
    strcpy(attempt->mac, "18:fe:34:a1:b2:c3");
    strcpy(attempt->chip_id, "00a1b2c3");
    strcpy(attempt->chip, "ESP8266EX");
    strcpy(attempt->flash_id, "ef4016");
    strcpy(attempt->stub, "gangd " GANGD_VERSION);
    attempt->flash_size = 4194304;
    attempt->baud = 921600;
    attempt->tries = 1;
    book_note(book, attempt);
    attempt->ended = attempt->started + 12500000;
    attempt->verdict = VERDICT_PASS;
    attempt->cause = CAUSE_NONE;
    attempt->written = WRITTEN_YES;
    book_end(book, attempt, on_ended, NULL);
}

/* Returns the seconds until all is committed. */
static double write_unit(void)
{
    struct attempt attempt = new_attempt();
    uint64_t start = steady_clock_us();
    ended = false;
    (void)book_begin(book, &attempt, on_begun, &attempt);
    while (!ended)
        uv_run(&loop, UV_RUN_ONCE);
    return seconds_since(start);
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *seconds, size_t n)
{
    qsort(seconds, n, sizeof(seconds[0]), compare_doubles);
    return seconds[n / 2];
}

/* The million. The schema is what gangd has made: rows are copies of one that it has written. */

static void execute(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        give_up(sql, sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        give_up(sql, sqlite3_errmsg(db));
    return statement;
}

static void run(sqlite3_stmt *statement)
{
    if (sqlite3_step(statement) != SQLITE_DONE)
        give_up(sqlite3_sql(statement), sqlite3_errmsg(sqlite3_db_handle(statement)));
    sqlite3_reset(statement);
}

/* ?1: number of the row; ?2: of the unit. Every 20 seconds one attempt. MACs are in no order, as on a line. */
#define ROW_TIME "(SELECT started FROM first) + ?1 * 20000000"
#define ROW_MAC  "printf('18:fe:34:%02x:%02x:%02x', ?2 * 7919 & 255, ?2 * 7919 >> 8 & 255, ?2 * 7919 >> 16 & 255)"

static void fill(sqlite3 *db)
{
    execute(db,
            "CREATE TEMP TABLE first AS SELECT * FROM attempts; CREATE TEMP TABLE unit AS SELECT * FROM units;"
            "CREATE TEMP TABLE row AS SELECT * FROM attempts;"
            "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;"
            "UPDATE first SET started = started - 2000000 * 10000000; BEGIN; DELETE FROM units; DELETE FROM attempts");
    sqlite3_stmt *statements[] = {
        prepare(db, "UPDATE row SET id = ?1, started = " ROW_TIME ", ended = " ROW_TIME " + 12500000, mac = " ROW_MAC
                    ", slot = 'A' || (?1 % 32), verdict = iif(?1 % 50, 'pass', 'fail')"),
        prepare(db, "INSERT INTO attempts SELECT * FROM row"),
        prepare(db, "UPDATE unit SET mac = " ROW_MAC ", first_seen = " ROW_TIME ", last_seen = " ROW_TIME
                    " + 12500000, last_attempt = ?1, slot = 'A' || (?1 % 32)"),
        prepare(db, "INSERT OR REPLACE INTO units SELECT * FROM unit"),
    };
    for (int64_t i = 1; i <= ATTEMPTS; i++)
        for (size_t k = 0; k < 4; k++) {
            sqlite3_bind_int64(statements[k], 1, i);
            sqlite3_bind_int64(statements[k], 2, i % UNITS);
            run(statements[k]);
        }
    for (size_t k = 0; k < 4; k++)
        sqlite3_finalize(statements[k]);
    execute(db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
}

static void make_book(void)
{
    sqlite3 *db;
    open_book();
    (void)write_unit();
    close_book();
    if (sqlite3_open(path, &db) != SQLITE_OK)
        give_up(path, sqlite3_errmsg(db));
    fill(db);
    sqlite3_close(db);
}

/* Starts */

/* Takes the file out of the kernel's cache. Returns the share that is still in it, 0 to 1. */
static double evict(void)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || fsync(fd) != 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
        give_up(path, "cannot be taken out of the cache");
    size_t size = (size_t)st.st_size, pages = (size + 4095) / 4096, cached = 0;
    unsigned char *in_cache = must_calloc(pages, 1);
    void *mapped = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED || mincore(mapped, size, in_cache) != 0)
        give_up(path, "mincore() failed");
    for (size_t i = 0; i < pages; i++)
        cached += in_cache[i] & 1;
    munmap(mapped, size);
    free(in_cache);
    close(fd);
    return (double)cached / (double)pages;
}

static double start(void)
{
    double seconds = open_book();
    close_book();
    return seconds;
}

/* What gangd would take if it left it to SQLite to read the file. */
static double check_alone(void)
{
    sqlite3 *db;
    uint64_t began = steady_clock_us();
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        give_up(path, sqlite3_errmsg(db));
    execute(db, "PRAGMA quick_check(1)");
    sqlite3_close(db);
    return seconds_since(began);
}

/* The shortest of three, by turns: what another program takes from the machine makes each longer. */
static void measure_starts(void)
{
    double warm = INFINITY, cold = INFINITY, alone = INFINITY, still_cached = 0;
    for (unsigned i = 0; i < 3; i++) {
        (void)start();
        warm = fmin(warm, start());
        still_cached = fmax(still_cached, evict());
        cold = fmin(cold, start());
        still_cached = fmax(still_cached, evict());
        alone = fmin(alone, check_alone());
    }
    printf("%-36s %8s %8s\n", "start", "s", "ratio");
    printf("%-36s %8.2f %8.2f\n", "warm", warm, 1.0);
    printf("%-36s %8.2f %8.2f\n", "cold: read in order, then checked", cold, cold / warm);
    printf("%-36s %8.2f %8.2f\n", "cold, the check alone", alone, alone / warm);
    if (still_cached > 0.01)
        printf("The file could not be taken out of the cache: %.0f%% were still there.\n", 100 * still_cached);
}

/* Readers: each asks again as soon as it has its answer. */

struct reader {
    struct book_read *read;
    const struct book_filter *filter;
};

static unsigned long pieces; /* of text, about a page of rows or an empty answer each */

static void ask(struct reader *reader);

static void on_text(void *data, const char *text, size_t len, bool last)
{
    struct reader *reader = data;
    (void)len;
    if (!text)
        give_up(path, "cannot be read");
    pieces++;
    if (!last) {
        book_read_next(reader->read, on_text, reader);
        return;
    }
    book_read_close(reader->read);
    ask(reader);
}

static void ask(struct reader *reader)
{
    reader->read = book_read_open(book, reader->filter, BOOK_JSON);
    book_read_next(reader->read, on_text, reader);
}

static void write_beside(const struct book_filter *filter, double *seconds)
{
    struct reader readers[READERS];
    for (size_t i = 0; i < READERS; i++) {
        readers[i].filter = filter;
        ask(&readers[i]);
    }
    for (size_t i = 0; i < WRITES; i++)
        seconds[i] = write_unit();
    for (size_t i = 0; i < READERS; i++)
        book_read_close(readers[i].read);
}

/* By turns, so that other work of this machine and its disk counts for both. */
static void measure_beside(const char *name, const struct book_filter *filter)
{
    static double alone[ROUNDS * WRITES], beside[ROUNDS * WRITES];
    pieces = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < WRITES; i++)
            alone[round * WRITES + i] = write_unit();
        write_beside(filter, beside + round * WRITES);
    }
    double alone_s = median(alone, ROUNDS * WRITES), beside_s = median(beside, ROUNDS * WRITES);
    printf("%-36s %8lu %9.2f %9.2f %8.2f\n", name, pieces, 1e3 * alone_s, 1e3 * beside_s, beside_s / alone_s);
}

static void measure_writes(void)
{
    open_book();
    printf("\n%-36s %8s %9s %9s %8s\n", "rows of a unit, beside 12 clients", "pieces", "alone ms", "beside ms",
           "ratio");
    measure_beside("units?slot=nix (none)", &(struct book_filter){.units = true, .slot = "nix"});
    measure_beside("units?slot=A1 (28125)", &(struct book_filter){.units = true, .slot = "A1"});
    measure_beside("attempts (all)", &(struct book_filter){.units = false});
    close_book();
}

int main(int argc, char **argv)
{
    struct stat st;
    if (argc != 2) {
        fprintf(stderr, "Usage: million_attempts NEW-FILE\n");
        return 2;
    }
    path = argv[1];
    if (stat(path, &st) == 0)
        give_up(path, "it exists already");
    uv_loop_init(&loop);
    make_book();
    if (stat(path, &st) != 0)
        give_up(path, "it is gone");
    printf("%lld attempts, %.0f MB\n\n", (long long)ATTEMPTS, (double)st.st_size / 1e6);
    measure_starts();
    measure_writes();
    uv_loop_close(&loop);
    return 0;
}
