/* SPDX-License-Identifier: MIT */
#include "daemon/config/settings.h"

#include <string.h>

static const char *const presence_words[] = {
#define X(name, word) [BY_##name] = #word,
    PRESENCE_MODES(X)
#undef X
};

const char *presence_word(enum presence_mode mode)
{
    return presence_words[mode];
}

int presence_from_word(const char *word)
{
    for (int mode = 0; mode < (int)(sizeof(presence_words) / sizeof(presence_words[0])); mode++)
        if (strcmp(word, presence_words[mode]) == 0)
            return mode;
    return -1;
}
