/* SPDX-License-Identifier: MIT */
#include "proto/image/update.h"

#include <stdlib.h>

void update_free(struct update *update)
{
    if (!update)
        return;
    for (size_t i = 0; i < GOLDEN_PARTS_MAX; i++)
        free(update->parts[i].bytes);
    free(update);
}

struct update *update_make(const struct golden *golden, const struct sector_set *kept)
{
    struct update *update = calloc(1, sizeof(*update));
    bool made = update != NULL;
    if (made)
        update->kept = *kept;
    for (size_t i = 0; made && i < golden->n_parts; i++) {
        const struct golden_part *part = &golden->parts[i];
        made = stream_plan_make(part->bytes, part->padded_size, part->offset, kept, &update->parts[i]);
    }
    if (made)
        return update;
    update_free(update);
    return NULL;
}
