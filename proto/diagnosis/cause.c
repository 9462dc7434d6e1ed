/* SPDX-License-Identifier: MIT */
#include "proto/diagnosis/cause.h"

#include <string.h>

static const struct {
    const char *code, *sentence, *remedy;
} causes[CAUSE_COUNT] = {
#define X(name, code, sentence, remedy) [CAUSE_##name] = {code, sentence, remedy},
    CAUSE_LIST(X)
#undef X
};

const char *cause_code(enum cause cause)
{
    return causes[cause].code;
}

const char *cause_sentence(enum cause cause)
{
    return causes[cause].sentence;
}

const char *cause_remedy(enum cause cause)
{
    return causes[cause].remedy;
}

enum cause cause_from_code(const char *code)
{
    enum cause cause = CAUSE_NONE;
    while (cause < CAUSE_COUNT && strcmp(causes[cause].code, code) != 0)
        cause++;
    return cause;
}
