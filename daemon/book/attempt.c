/* SPDX-License-Identifier: MIT */
#include "daemon/book/attempt.h"

#include <string.h>

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
    for (int verdict = VERDICT_OPEN; verdict <= VERDICT_INTERRUPTED; verdict++)
        if (strcmp(name, names[verdict]) == 0)
            return verdict;
    return -1;
}
