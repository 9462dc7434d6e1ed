/* SPDX-License-Identifier: MIT */
#include "daemon/config/hint.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static bool has_comment(const char *value)
{
    for (const char *at = value; (at = strpbrk(at, "#;")); at++)
        if (at > value && isblank((unsigned char)at[-1]))
            return true;
    return false;
}

/* "@0x10000", "@ 4096" */
static bool has_offset(const char *path)
{
    const char *at = strrchr(path, '@');
    return at && isdigit((unsigned char)at[1 + strspn(at + 1, " \t")]);
}

const char *config_hint(const char *value)
{
    if (value[0] == '"' || value[0] == '\'')
        return "; write the value without quotes";
    return has_comment(value) ? "; a comment needs a line of its own" : "";
}

const char *config_file_hint(const char *path)
{
    const char *hint = config_hint(path);
    if (hint[0])
        return hint;
    if (strchr(path, ','))
        return "; write one file = PATH for each file, without a comma";
    return has_offset(path) ? "; write blanks around the '@': PATH @ 0x10000" : "";
}
