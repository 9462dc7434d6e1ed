/* SPDX-License-Identifier: MIT */
/*
 * Rows of the book as an answer, piece by piece. It asks the book for the first piece before it answers, so that a book
 * that cannot be read is a 503 and not a broken answer.
 */
#ifndef DAEMON_API_EXPORT_H
#define DAEMON_API_EXPORT_H

#include "daemon/api/stream.h"
#include "daemon/book/book.h"
#include "daemon/book/query.h"

struct export;

/* Asks, and suspends the connection until the piece is there: MHD then calls its access handler again. NULL: out of
 * memory. */
struct export *export_open(struct streams *streams, struct MHD_Connection *connection, struct book *book,
                           const struct query *query) __attribute__((warn_unused_result));

/* Queues the answer, a 404 if the query is for one attempt and there is none; `head`: its headers alone. Takes
 * `export`. */
enum MHD_Result export_answer(struct export *export, bool head) __attribute__((warn_unused_result));

/* Ends an export that was not answered. */
void export_close(struct export *export);

#endif
