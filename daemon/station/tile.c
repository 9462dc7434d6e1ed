/* SPDX-License-Identifier: MIT */
#include "daemon/station/tile.h"

const char *tile_state_word(enum tile_state state)
{
    static const char *const words[] = {
#define X(name, word) [TILE_##name] = #word,
        TILE_STATES(X)
#undef X
    };
    return words[state];
}
