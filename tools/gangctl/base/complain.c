/* SPDX-License-Identifier: MIT */
#include "tools/gangctl/base/complain.h"

#include "daemon/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

void complain(const char *format, ...)
{
    char text[1400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    utf8_replace_controls(text);
    fprintf(stderr, "gangctl: %s\n", text);
}
