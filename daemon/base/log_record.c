/* SPDX-License-Identifier: MIT */
#include "daemon/base/log_record.h"

#include <errno.h>
#include <poll.h>
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

static bool send_to_journal(const struct log_record *record)
{
    char message[sizeof(record->message) + 16], priority[16];
    struct iovec parts[LOG_RECORD_FIELDS_MAX + 2];
    int message_len = snprintf(message, sizeof(message), "MESSAGE=%s", record->message);
    int priority_len = snprintf(priority, sizeof(priority), "PRIORITY=%d", record->level);
    parts[0] = (struct iovec){message, (size_t)message_len};
    parts[1] = (struct iovec){priority, (size_t)priority_len};
    for (unsigned i = 0; i < record->n_fields; i++)
        parts[2 + i] = (struct iovec){(void *)record->fields[i], strlen(record->fields[i])};
    return sd_journal_sendv(parts, 2 + (int)record->n_fields) == 0;
}

/* Another program may have made standard error, which it shares with us, non-blocking. */
static bool may_go_on(void)
{
    struct pollfd writable = {.fd = STDERR_FILENO, .events = POLLOUT};
    return errno == EINTR || (errno == EAGAIN && (poll(&writable, 1, -1) > 0 || errno == EINTR));
}

static void write_line(const struct log_record *record, bool journal)
{
    char line[sizeof(record->message) + 16];
    int len = journal ? snprintf(line, sizeof(line), "<%d>%s\n", record->level, record->message)
                      : snprintf(line, sizeof(line), "%s\n", record->message);
    /* One write if possible, so that lines of two threads or programs do not mix. */
    for (size_t at = 0; at < (size_t)len;) {
        ssize_t n = write(STDERR_FILENO, line + at, (size_t)len - at);
        if (n < 0 && !may_go_on())
            return;
        at += n > 0 ? (size_t)n : 0;
    }
}

void log_record_write(const struct log_record *record)
{
    bool journal = is_journal();
    if (!(journal && record->n_fields > 0 && send_to_journal(record)))
        write_line(record, journal);
}
