/* SPDX-License-Identifier: MIT */
#include "daemon/base/log.h"

#include "daemon/base/utf8.h"
#include "proto/link/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
/* Leaves file, line and function of this file out of the journal's entries. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
#include <unistd.h>

#define FIELD_MAX 128

static enum log_level max_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    max_level = level;
}

/* systemd sets JOURNAL_STREAM to device and inode of the stream that it connects to the journal; the variable stays
 * when standard error is redirected later, so both are compared (systemd.exec(5)). */
static bool is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
           st.st_dev == device && st.st_ino == inode;
}

static bool send_to_journal(enum log_level level, const char *subsystem, const struct log_field *fields,
                            const char *text)
{
    char message[1200], priority[16], values[LOG_FIELDS_MAX][FIELD_MAX];
    struct iovec parts[LOG_FIELDS_MAX + 2];
    int n = 0;
    text_print(message, sizeof(message), "MESSAGE=%s: %s", subsystem, text);
    snprintf(priority, sizeof(priority), "PRIORITY=%d", level);
    parts[n++].iov_base = message;
    parts[n++].iov_base = priority;
    for (int i = 0; i < LOG_FIELDS_MAX && fields[i].name; i++) {
        text_print(values[i], sizeof(values[i]), "%s=%s", fields[i].name, fields[i].value);
        utf8_replace_controls(values[i]);
        parts[n++].iov_base = values[i];
    }
    for (int i = 0; i < n; i++)
        parts[i].iov_len = strlen(parts[i].iov_base);
    return sd_journal_sendv(parts, n) == 0;
}

static void write_line(enum log_level level, const char *subsystem, const char *text, bool journal)
{
    char line[1200];
    int n = journal ? snprintf(line, sizeof(line), "<%d>%s: %s\n", level, subsystem, text)
                    : snprintf(line, sizeof(line), "%s: %s\n", subsystem, text);
    if (n > (int)sizeof(line) - 1)
        n = sizeof(line) - 1;
    /* One write, so that lines of two threads do not mix. An error has no other place to be reported. */
    ssize_t written = write(STDERR_FILENO, line, (size_t)n);
    (void)written;
}

void log_message(enum log_level level, const char *subsystem, const struct log_field *fields, const char *format, ...)
{
    if (level > max_level)
        return;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    text_vprint(text, sizeof(text), format, arguments);
    va_end(arguments);
    utf8_replace_controls(text);
    bool journal = is_journal();
    if (!(fields && journal && send_to_journal(level, subsystem, fields, text)))
        write_line(level, subsystem, text, journal);
}
