/* SPDX-License-Identifier: MIT */
/*
 * Whether a board's flash can be trusted: as far as the book knows, no erase of it was ever cut off. A sector whose
 * erase was cut off may read as blank, or as what it held before, and is neither (docs/stub-protocol.md, "Skipping
 * erases"); no reading tells, so the book has to.
 */
#ifndef DAEMON_BOOK_TRUST_H
#define DAEMON_BOOK_TRUST_H

#include "daemon/book/attempt.h"
#include "daemon/book/file.h"

#include <stdbool.h>

/* Of the board with the MAC of `attempt`, by all attempts but this one (its id). Trusted is
 *   - one of which no attempt ended otherwise than by a pass. A new board, too;
 *   - one that has since been written with the image of `attempt` and passed: nothing was left out then.
 * Not trusted is a board in a slot whose latest attempt a power cut ended before its MAC was in the book: it may have
 * been the same one. Blocks; on the book's thread. Returns 0, or -1 with a sentence in `file->error`. */
int book_trust_read(struct book_file *file, const struct attempt *attempt, bool *trusted)
    __attribute__((warn_unused_result));

#endif
