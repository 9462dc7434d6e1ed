/* SPDX-License-Identifier: MIT */
/* One message of the log, complete and independent of its caller, and how it is written. For log*.c alone. */
#ifndef DAEMON_BASE_LOG_RECORD_H
#define DAEMON_BASE_LOG_RECORD_H

#define LOG_RECORD_FIELDS_MAX 4

struct log_record {
    int level;          /* of syslog: LOG_ERR, … */
    char message[1152]; /* "slot: A1: …" */
    unsigned n_fields;
    char fields[LOG_RECORD_FIELDS_MAX][128]; /* "SLOT=A1", for the journal alone */
};

/* Writes the record to standard error or, with fields, to the journal. Blocks for as long as these take nothing. An
 * error is ignored: there is no other place to report it. */
void log_record_write(const struct log_record *record);

#endif
