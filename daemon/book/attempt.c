/* SPDX-License-Identifier: MIT */
#include "daemon/book/attempt.h"

#include "daemon/base/words.h"

static const char *const names[] = {
    [VERDICT_OPEN] = "open",
    [VERDICT_PASS] = "pass",
    [VERDICT_FAIL] = "fail",
    [VERDICT_INTERRUPTED] = "interrupted",
};

const char *verdict_name(enum verdict verdict)
{
    return names[verdict];
}

int verdict_from_name(const char *name)
{
    return words_find(names, sizeof(names) / sizeof(names[0]), name);
}
