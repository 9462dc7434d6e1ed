/* SPDX-License-Identifier: MIT */
/*
 * What is sent to a board that has some sectors of the golden image already: a stream for each part, in which these
 * are kept. Made once for each set of sectors, and shared by the boards that have the same; then read-only.
 */
#ifndef PROTO_IMAGE_UPDATE_H
#define PROTO_IMAGE_UPDATE_H

#include "proto/image/golden.h"
#include "proto/image/sector_set.h"

struct update {
    struct sector_set kept;
    struct stream_data parts[GOLDEN_PARTS_MAX]; /* as those of the golden image */
};

/* Deflates all sectors of `golden` that are not in `kept`: as long as this takes for the golden image, by their share.
 * NULL when out of memory. The caller frees with update_free(). */
MUST_CHECK struct update *update_make(const struct golden *golden, const struct sector_set *kept);

void update_free(struct update *update); /* NULL is fine */

#endif
