/* SPDX-License-Identifier: MIT */
#include "daemon/book/filter.h"

#include <string.h>

static const char *const words[] = {
#define X(name, word) [BOOK_##name] = #word,
    BOOK_FORMATS(X)
#undef X
};

const char *book_format_word(enum book_format format)
{
    return words[format];
}

int book_format_from_word(const char *word)
{
    for (int format = 0; format < (int)(sizeof(words) / sizeof(words[0])); format++)
        if (strcmp(word, words[format]) == 0)
            return format;
    return -1;
}
