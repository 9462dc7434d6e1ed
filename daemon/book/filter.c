/* SPDX-License-Identifier: MIT */
#include "daemon/book/filter.h"

#include "daemon/base/words.h"

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
    return words_find(words, sizeof(words) / sizeof(words[0]), word);
}
