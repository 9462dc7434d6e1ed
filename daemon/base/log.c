/* SPDX-License-Identifier: MIT */
#include "daemon/base/log.h"

#include "daemon/base/log_queue.h"
#include "daemon/base/utf8.h"
#include "proto/link/text.h"

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>

#define FLUSH_MS 500

_Static_assert(LOG_FIELDS_MAX <= LOG_RECORD_FIELDS_MAX, "a message's fields fit a record");

static enum log_level max_level = LOG_LEVEL_INFO;
static bool queued; /* the thread runs */

void log_set_level(enum log_level level)
{
    max_level = level;
}

/* An assertion has failed, or there is no memory: its message may still be in the queue. */
static void on_abort(int signum)
{
    log_flush();
    raise(signum); /* by default now, as soon as this function returns */
}

void log_start_thread(void)
{
    struct sigaction action = {.sa_handler = on_abort, .sa_flags = (int)SA_RESETHAND};
    queued = log_queue_start();
    if (queued)
        sigaction(SIGABRT, &action, NULL);
    else
        log_warning("log", "cannot create its thread: gangd stops while its log is not read");
}

void log_flush(void)
{
    if (queued)
        log_queue_flush(FLUSH_MS);
}

static void add_fields(struct log_record *record, const struct log_field *fields)
{
    for (; record->n_fields < LOG_FIELDS_MAX && fields[record->n_fields].name; record->n_fields++) {
        const struct log_field *field = &fields[record->n_fields];
        char *text = record->fields[record->n_fields];
        text_print(text, sizeof(record->fields[0]), "%s=%s", field->name, field->value);
        utf8_replace_controls(text);
    }
}

void log_message(enum log_level level, const char *subsystem, const struct log_field *fields, const char *format, ...)
{
    if (level > max_level)
        return;
    struct log_record record = {.level = (int)level};
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    text_vprint(text, sizeof(text), format, arguments);
    va_end(arguments);
    utf8_replace_controls(text);
    text_print(record.message, sizeof(record.message), "%s: %s", subsystem, text);
    if (fields)
        add_fields(&record, fields);
    if (queued)
        log_queue_put(&record);
    else
        log_record_write(&record);
}
