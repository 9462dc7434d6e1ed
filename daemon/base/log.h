/* SPDX-License-Identifier: MIT */
/*
 * The log: one line for each message on standard error, which systemd connects to the journal. A line begins with the
 * name of the subsystem ("slot: A1: …"), and before that, if standard error is the journal, with the syslog level in
 * angle brackets. A message with fields is sent to the journal by its native protocol, so that journalctl can select it
 * by them (journalctl SLOT=A1); without a journal it is a line like any other.
 *
 * Whoever reads standard error may stop reading. After log_start_thread() that costs lines, not time: 256 messages
 * wait, those that follow are dropped, and when it is read again and all that waited have been written, one line says
 * how many were lost ("log: 37 log lines were lost: the log was not read").
 */
#ifndef DAEMON_BASE_LOG_H
#define DAEMON_BASE_LOG_H

#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

#define LOG_FIELDS_MAX 4

/* One field of the journal: an upper-case name, and a value of up to 100 bytes. */
struct log_field {
    const char *name;
    const char *value;
};

/* Messages above this level are dropped. Default: LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

/* From now on a thread writes what is logged. Before, and in a program that does not call this, each message is written
 * by its caller, who waits for the reader. Not before a fork(), whose child would have no thread. From then on abort()
 * flushes first, so that the reason is in the log. */
void log_start_thread(void);

/* Waits until all messages are written, but at most half a second: before the end of the process. */
void log_flush(void);

/* Logs a message of up to 1023 bytes; a longer one is cut. Control characters are replaced by '?', so that a USB string
 * cannot forge a line. `fields`: up to LOG_FIELDS_MAX and one with the name NULL behind them, or NULL for none. Safe on
 * every thread. */
void log_message(enum log_level level, const char *subsystem, const struct log_field *fields, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define log_error(subsystem, ...)   log_message(LOG_LEVEL_ERROR, subsystem, NULL, __VA_ARGS__)
#define log_warning(subsystem, ...) log_message(LOG_LEVEL_WARNING, subsystem, NULL, __VA_ARGS__)
#define log_info(subsystem, ...)    log_message(LOG_LEVEL_INFO, subsystem, NULL, __VA_ARGS__)
#define log_debug(subsystem, ...)   log_message(LOG_LEVEL_DEBUG, subsystem, NULL, __VA_ARGS__)

#endif
