/* SPDX-License-Identifier: MIT */
/*
 * The book: SQLite in WAL mode with synchronous=FULL. One thread writes; another one, on a connection of its own, reads
 * and counts. All functions are called on the loop's thread and, except book_open() and book_close(), return at once.
 * Callbacks come on the loop's thread: those of writes in the order of the calls; those of reads and counts when they
 * are done, since neither waits for the other. A read that is asked for in the callback of a write finds that write.
 *
 * A write has no error: while the file cannot be written (read-only, disk full, locked by another program) it is tried
 * again every second until it succeeds, and `on_health` is called, also for a write that is at work for three seconds
 * (a file system that does not answer); the station begins no attempt meanwhile. Texts are
 * kept as printable UTF-8; anything else in them becomes '?'. docs/book.md describes the file.
 */
#ifndef DAEMON_BOOK_BOOK_H
#define DAEMON_BOOK_BOOK_H

#include "daemon/book/attempt.h"
#include "daemon/book/callbacks.h"
#include "daemon/book/counts.h"
#include "daemon/book/filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct book;

/* Called when the book stops or resumes being writable, or cannot be written for another reason than before. `error` is
 * a sentence that names the file, valid during the call; NULL when all is well. */
typedef void (*book_health_cb)(void *data, const char *error);

/* Opens or creates `path`, takes the station's lock on it, migrates it, closes attempts that are still open as
 * `interrupted` (CAUSE_POWER_CUT), and starts the thread. Blocks; for start-up only.
 * Returns NULL and a sentence in `error`: not a database, truncated, newer schema, held by another gangd (its pid). */
struct book *book_open(uv_loop_t *loop, const char *path, book_health_cb on_health, void *data, char *error,
                       size_t error_size) __attribute__((warn_unused_result));

/* Waits for the writes that were asked for, at most `seconds` (and three more for a write that is under way), and ends
 * the thread. No callback comes after this. Returns false if some writes are not in the book; the log then has their
 * rows. To be called outside the book's callbacks, after all reads were closed. The loop must run once more to free
 * all. */
bool book_close(struct book *book, unsigned seconds) __attribute__((warn_unused_result));

/* Opens a row for `attempt` (copied). `done` gets its id when it is committed. Returns a ticket for book_cancel(),
 * never 0. */
uint64_t book_begin(struct book *book, const struct attempt *attempt, book_begun_cb done, void *data);

/* Cancels a begin whose callback has not come; it will not come then. If the row was committed meanwhile, it is closed
 * as interrupted with `cause`. A ticket of 0 is ignored. */
void book_cancel(struct book *book, uint64_t ticket, enum cause cause);

/* Writes what is known of the unit (MAC, chip, flash, stub) and the tries that have ended into the open row
 * `attempt->id` (copied), so that after a power cut the book says which board it was, and what it failed by. Has no
 * callback; it is done before later calls. */
void book_note(struct book *book, const struct attempt *attempt);

/* Closes the row `attempt->id` (copied) with its tries and brings its unit up to date, in one transaction; `done` comes
 * after the commit. `done` may be NULL. */
void book_end(struct book *book, const struct attempt *attempt, book_ended_cb done, void *data);

/* Asks whether the flash of the board in `attempt` (copied; with its id, MAC, slot and image) is to be trusted: see
 * trust.h. `done` gets the answer; false, too, if the book cannot be read. Other reads that have not begun wait for it.
 * Returns a ticket for book_trust_cancel(), never 0. */
uint64_t book_trust(struct book *book, const struct attempt *attempt, book_trusted_cb done, void *data);

/* No answer will come to this question. A ticket that was answered, or of 0, is ignored. */
void book_trust_cancel(struct book *book, uint64_t ticket);

/* Counts closed attempts with `since` <= ended <= now (microseconds since 1970), and their units. A count for the same
 * `done` and `data` that has not begun takes the new `since`, and `done` comes once for both. If the book cannot be
 * read, that is logged and `done` does not come. */
void book_count(struct book *book, int64_t since, book_counted_cb done, void *data);

/* A running read. Rows are read page by page, so an export of a million rows needs no more memory than one of ten, and
 * no write waits for it. */
struct book_read;
struct book_read *book_read_open(struct book *book, const struct book_filter *filter, enum book_format format);

/* Asks for the next piece of text. `done` gets it (valid during the call only), `last` with the last piece; on a read
 * error `text` is NULL and `last` true. One call at a time. */
typedef void (*book_text_cb)(void *data, const char *text, size_t len, bool last);
void book_read_next(struct book_read *read, book_text_cb done, void *data);

/* Ends a read, also in the middle of a search through the file; a pending `done` will not come. */
void book_read_close(struct book_read *read);

#endif
