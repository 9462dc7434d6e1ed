/* SPDX-License-Identifier: MIT */
/* A value that is read again until it comes twice in a row, since replies carry no checksum. */
#ifndef PROTO_STEP_REPEATED_READ_H
#define PROTO_STEP_REPEATED_READ_H

#include "proto/link/check.h"

#include <stdbool.h>
#include <stdint.h>

#define REPEATED_READ_LIMIT 6 /* readings before the caller gives up */

/* All zero before the first reading. */
struct repeated_read {
    unsigned readings;
    uint32_t value, before; /* the latest, and the one before it */
};

/* True if the value is the same as that of the reading before. */
MUST_CHECK static inline bool repeated_read_agrees(struct repeated_read *read, uint32_t value)
{
    read->before = read->value;
    read->value = value;
    return ++read->readings > 1 && value == read->before;
}

MUST_CHECK static inline bool repeated_read_exhausted(const struct repeated_read *read)
{
    return read->readings >= REPEATED_READ_LIMIT;
}

#endif
