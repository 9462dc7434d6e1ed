/* SPDX-License-Identifier: MIT */
#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum log_level max_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    max_level = level;
}

void log_message(enum log_level level, const char *subsystem, const char *format, ...)
{
    if (level > max_level)
        return;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';

    /* JOURNAL_STREAM is set by systemd for what it connects to the journal (systemd.exec(5)). */
    char line[1200];
    int n = getenv("JOURNAL_STREAM") ? snprintf(line, sizeof(line), "<%d>%s: %s\n", level, subsystem, text)
                                     : snprintf(line, sizeof(line), "%s: %s\n", subsystem, text);
    if (n > (int)sizeof(line) - 1)
        n = sizeof(line) - 1;
    /* One write, so that lines of two threads do not mix. Nobody can be told if it fails. */
    ssize_t written = write(STDERR_FILENO, line, (size_t)n);
    (void)written;
}
