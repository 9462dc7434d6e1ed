/* SPDX-License-Identifier: MIT */
/*
 * The log: one line a message on standard error, where systemd's journal takes it. Lines begin with the syslog level in
 * angle brackets when standard error is the journal, and with the subsystem's name always: "slot: A1: …". A message
 * with fields goes to the journal by its own protocol, so that it can be asked for them (journalctl SLOT=A1); elsewhere
 * it is a line as all others.
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

/* Control characters in what is printed are replaced: a USB string cannot forge a line. Safe from every thread.
 * `fields`: up to LOG_FIELDS_MAX and one without a name behind them, or NULL. */
void log_message(enum log_level level, const char *subsystem, const struct log_field *fields, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define log_error(subsystem, ...)   log_message(LOG_LEVEL_ERROR, subsystem, NULL, __VA_ARGS__)
#define log_warning(subsystem, ...) log_message(LOG_LEVEL_WARNING, subsystem, NULL, __VA_ARGS__)
#define log_info(subsystem, ...)    log_message(LOG_LEVEL_INFO, subsystem, NULL, __VA_ARGS__)
#define log_debug(subsystem, ...)   log_message(LOG_LEVEL_DEBUG, subsystem, NULL, __VA_ARGS__)

#endif
