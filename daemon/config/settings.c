/* SPDX-License-Identifier: MIT */
#include "daemon/config/settings.h"

#include "daemon/base/words.h"

static const char *const presence_words[] = {
#define X(name, word) [BY_##name] = #word,
    PRESENCE_MODES(X)
#undef X
};

const char *presence_mode_word(enum presence_mode mode)
{
    return presence_words[mode];
}

int presence_mode_from_word(const char *word)
{
    return words_find(presence_words, sizeof(presence_words) / sizeof(presence_words[0]), word);
}

static const char *const control_words[] = {
#define X(name, word) [CONTROL_##name] = #word,
    CONTROL_MODES(X)
#undef X
};

const char *control_mode_word(enum control_mode mode)
{
    return control_words[mode];
}

int control_mode_from_word(const char *word)
{
    return words_find(control_words, sizeof(control_words) / sizeof(control_words[0]), word);
}
