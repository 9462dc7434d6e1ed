/* SPDX-License-Identifier: MIT */
/*
 * Rows of the book as text, from gangd or, with --book, from the file itself.
 */
#ifndef TOOLS_GANGCTL_BASE_ROWS_H
#define TOOLS_GANGCTL_BASE_ROWS_H

#include "tools/gangctl/base/client.h"
#include "tools/gangctl/base/options.h"

/* Passes the text of all rows that options->query selects to `take`, in its format, in pieces of any size. Returns an
 * exit code, and has complained if it is not DONE: USAGE for a slot that neither the station nor the book has. */
int rows_read(const struct options *options, client_take_cb take, void *data) __attribute__((warn_unused_result));

#endif
