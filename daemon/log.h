/* SPDX-License-Identifier: MIT */
/*
 * The log: one line a message on standard error, where systemd's journal takes it. Lines begin with the syslog level in
 * angle brackets when standard error is the journal, and with the subsystem's name always: "slot A1: …".
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* Messages above this level are dropped. Default: LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

/* Control characters in what is printed are replaced: a USB string cannot forge a line. Safe from every thread. */
void log_message(enum log_level level, const char *subsystem, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(subsystem, ...)   log_message(LOG_LEVEL_ERROR, subsystem, __VA_ARGS__)
#define log_warning(subsystem, ...) log_message(LOG_LEVEL_WARNING, subsystem, __VA_ARGS__)
#define log_info(subsystem, ...)    log_message(LOG_LEVEL_INFO, subsystem, __VA_ARGS__)
#define log_debug(subsystem, ...)   log_message(LOG_LEVEL_DEBUG, subsystem, __VA_ARGS__)

#endif
