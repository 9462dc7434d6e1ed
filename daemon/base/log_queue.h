/* SPDX-License-Identifier: MIT */
/*
 * The queue between those who log and a thread that writes. It is bounded: while nobody reads the log the newest
 * records are dropped and counted, and when all that wait have been written a line says how many were lost. For log.c
 * alone.
 */
#ifndef DAEMON_BASE_LOG_QUEUE_H
#define DAEMON_BASE_LOG_QUEUE_H

#include "daemon/base/log_record.h"

#include <stdbool.h>

/* Records that wait to be written: some minutes of a station at work, 330 KB. */
#define LOG_QUEUE_MAX 256

/* Starts the thread. False if the system has none: then log_queue_put() must not be called. */
bool log_queue_start(void) __attribute__((warn_unused_result));

/* Copies the record. Waits for no one who reads the log. */
void log_queue_put(const struct log_record *record);

/* Waits until all records are written, `limit_ms` at most. May be called by a handler of signals. */
void log_queue_flush(unsigned limit_ms);

#endif
