/* SPDX-License-Identifier: MIT */
#include "daemon/book/query.h"

#include "daemon/base/utf8.h"
#include "daemon/book/moment.h"
#include "proto/link/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIMIT_MAX 1000000

void query_init(struct query *query, bool units)
{
    *query = (struct query){.filter.units = units, .format = BOOK_JSON, .now = (int64_t)time(NULL) * 1000000};
}

static bool set_format(struct query *query, const char *value)
{
    int format = book_format_from_word(value);
    if (format < 0)
        return false;
    query->format = (enum book_format)format;
    return true;
}

static bool set_since(struct query *query, const char *value)
{
    return moment_read(value, query->now, &query->filter.since);
}

static bool set_until(struct query *query, const char *value)
{
    return moment_read(value, query->now, &query->filter.until);
}

/* A slot that is not in the configuration bears its USB path for a name, so more than letters and digits may come. */
static bool set_slot(struct query *query, const char *value)
{
    size_t len = strlen(value);
    if (len == 0 || len >= sizeof(query->filter.slot))
        return false;
    for (const char *c = value; *c; c++)
        if (!isgraph((unsigned char)*c))
            return false;
    memcpy(query->filter.slot, value, len + 1);
    return true;
}

static bool set_verdict(struct query *query, const char *value)
{
    int verdict = verdict_from_name(value);
    /* A unit has the verdict of its latest closed attempt: it is never open. */
    if (verdict < 0 || (verdict == VERDICT_OPEN && query->filter.units))
        return false;
    query->filter.has_verdict = true;
    query->filter.verdict = (enum verdict)verdict;
    return true;
}

static bool set_cause(struct query *query, const char *value)
{
    query->filter.cause = cause_from_code(value);
    query->filter.has_cause = query->filter.cause != CAUSE_COUNT;
    return query->filter.has_cause;
}

/* The digest's length tells which one it is. */
static bool set_image(struct query *query, const char *value)
{
    size_t len = strlen(value);
    if ((len != 32 && len != 64) || strspn(value, "0123456789abcdefABCDEF") != len)
        return false;
    for (size_t i = 0; i <= len; i++)
        query->filter.image[i] = (char)tolower((unsigned char)value[i]);
    return true;
}

/* As the configuration allows it: printable UTF-8. */
static bool set_text(char *text, size_t size, const char *value)
{
    size_t len = strlen(value);
    if (len == 0 || len >= size)
        return false;
    utf8_copy(text, size, value);
    return strcmp(text, value) == 0;
}

static bool set_operator(struct query *query, const char *value)
{
    return set_text(query->filter.operator, sizeof(query->filter.operator), value);
}

static bool set_lot(struct query *query, const char *value)
{
    return set_text(query->filter.lot, sizeof(query->filter.lot), value);
}

static bool set_order(struct query *query, const char *value)
{
    query->filter.newest_first = strcmp(value, "newest") == 0;
    return query->filter.newest_first || strcmp(value, "oldest") == 0;
}

static bool set_mac(struct query *query, const char *value)
{
    char *out = query->filter.mac;
    int n = 0;
    for (; *value; value++) {
        if (isxdigit((unsigned char)*value)) {
            if (n == 12)
                return false;
            if (n && n % 2 == 0)
                *out++ = ':';
            *out++ = (char)tolower((unsigned char)*value);
            n++;
        } else if (!strchr(":-. ", *value)) {
            return false;
        }
    }
    *out = '\0';
    return n == 12;
}

static bool set_limit(struct query *query, const char *value)
{
    size_t len = strspn(value, "0123456789");
    if (len == 0 || len > 7 || value[len])
        return false;
    query->filter.limit = strtol(value, NULL, 10);
    return query->filter.limit >= 1 && query->filter.limit <= LIMIT_MAX;
}

#define TIME_WANTED                                                                                                    \
    "a date (2026-03-02), a time (2026-03-02T09:00:00Z), today, yesterday, or a time ago (2h, 7d), from the year "     \
    "2000 on"

static const struct parameter {
    const char *name;
    bool (*set)(struct query *query, const char *value);
    const char *wanted;
} parameters[] = {
    {"format", set_format, "json, ndjson or csv"},
    {"since", set_since, TIME_WANTED},
    {"until", set_until, TIME_WANTED},
    {"slot", set_slot, "a slot's name: 1 to 63 characters without blanks"},
    {"verdict", set_verdict, "pass, fail, interrupted, or open (attempts only)"},
    {"cause", set_cause, "the code of a cause, such as md5-mismatch, or none"},
    {"image", set_image, "the MD5 or SHA-256 of a golden image: 32 or 64 hex digits"},
    {"operator", set_operator, "an operator: 1 to 63 bytes of text"},
    {"lot", set_lot, "a lot: 1 to 63 bytes of text"},
    {"mac", set_mac, "a MAC address of 12 hex digits (18:fe:34:a1:b2:c3)"},
    {"order", set_order, "newest or oldest"},
    {"limit", set_limit, "a number from 1 to 1000000"},
};

#define N_PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

/* The beginning of untrusted text, with '?' for what is not printable ASCII. */
static const char *shown(char *buffer, size_t size, const char *text, size_t len)
{
    size_t n = len < size ? len : size - 1;
    for (size_t i = 0; i < n; i++)
        buffer[i] = isprint((unsigned char)text[i]) ? text[i] : '?';
    buffer[n] = '\0';
    return buffer;
}

static void refuse_name(char *error, size_t size, const char *name)
{
    text_print(error, size, "\"%s\" is no parameter here: there are", name);
    for (size_t i = 0; i < N_PARAMETERS; i++) {
        size_t len = strlen(error);
        text_print(error + len, size - len, "%s%s", i ? ", " : " ", parameters[i].name);
    }
}

int query_set(struct query *query, const char *key, size_t key_len, const char *value, size_t value_len, char *error,
              size_t error_size)
{
    char show_key[32], show_value[80];
    for (size_t i = 0; i < N_PARAMETERS; i++) {
        const struct parameter *p = &parameters[i];
        if (key_len != strlen(p->name) || memcmp(key, p->name, key_len) != 0)
            continue;
        if (query->given & 1U << i) {
            text_print(error, error_size, "%s is given twice", p->name);
            return -1;
        }
        query->given |= 1U << i;

        /* A valid value is shorter and holds no NUL. */
        char copy[96];
        if (value_len < sizeof(copy) && !memchr(value, '\0', value_len)) {
            memcpy(copy, value, value_len);
            copy[value_len] = '\0';
            if (p->set(query, copy))
                return 0;
        }
        text_print(error, error_size, "%s=%s: must be %s", p->name,
                   shown(show_value, sizeof(show_value), value, value_len), p->wanted);
        return -1;
    }
    refuse_name(error, error_size, shown(show_key, sizeof(show_key), key, key_len));
    return -1;
}

int query_check(const struct query *query, char *error, size_t error_size)
{
    if (query->filter.since && query->filter.until && query->filter.since >= query->filter.until) {
        snprintf(error, error_size, "since must be before until");
        return -1;
    }
    return 0;
}
