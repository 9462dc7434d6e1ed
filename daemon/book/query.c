/* SPDX-License-Identifier: MIT */
#include "daemon/book/query.h"

#include "proto/link/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIMIT_MAX 1000000

void query_init(struct query *query, bool units)
{
    *query = (struct query){.filter.units = units, .format = BOOK_JSON};
}

/* Reads exactly `n` digits and moves `*text` behind them. */
static bool digits(const char **text, int n, int *value)
{
    *value = 0;
    for (; n > 0; n--, (*text)++) {
        if (!isdigit((unsigned char)**text))
            return false;
        *value = *value * 10 + (**text - '0');
    }
    return true;
}

static bool skip(const char **text, char c)
{
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

static bool read_date(const char **text, struct tm *tm)
{
    if (!digits(text, 4, &tm->tm_year) || !skip(text, '-') || !digits(text, 2, &tm->tm_mon) || !skip(text, '-') ||
        !digits(text, 2, &tm->tm_mday))
        return false;
    if (tm->tm_year < 2000)
        return false;
    tm->tm_year -= 1900;
    tm->tm_mon -= 1;
    return true;
}

static bool read_clock(const char **text, struct tm *tm, int *microseconds)
{
    if (!digits(text, 2, &tm->tm_hour) || !skip(text, ':') || !digits(text, 2, &tm->tm_min))
        return false;
    if (!skip(text, ':'))
        return true;
    if (!digits(text, 2, &tm->tm_sec))
        return false;
    if (!skip(text, '.'))
        return true;
    int scale = 100000;
    if (!isdigit((unsigned char)**text))
        return false;
    for (; isdigit((unsigned char)**text); (*text)++, scale /= 10)
        *microseconds += (**text - '0') * scale;
    return true;
}

bool query_time(const char *text, int64_t *microseconds)
{
    struct tm tm = {.tm_isdst = -1};
    int fraction = 0;
    bool utc = false;
    if (!read_date(&text, &tm))
        return false;
    if (skip(&text, 'T')) {
        if (!read_clock(&text, &tm, &fraction))
            return false;
        utc = skip(&text, 'Z');
    }
    if (*text)
        return false;

    /* mktime() makes 3 March of 31 February, and 10:00 of 9:60: such fields come back changed. A local hour that a
     * change to summer time leaves out comes back as another hour; it is meant all the same. */
    struct tm same = tm;
    time_t seconds = utc ? timegm(&same) : mktime(&same);
    if (same.tm_mon != tm.tm_mon || same.tm_mday != tm.tm_mday || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59)
        return false;
    *microseconds = (int64_t)seconds * 1000000 + fraction;
    return true;
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
    return query_time(value, &query->filter.since);
}

static bool set_until(struct query *query, const char *value)
{
    return query_time(value, &query->filter.until);
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

static const struct parameter {
    const char *name;
    bool (*set)(struct query *query, const char *value);
    const char *wanted;
} parameters[] = {
    {"format", set_format, "json, ndjson or csv"},
    {"since", set_since, "a date (2026-03-02) or a time (2026-03-02T09:00:00Z) from the year 2000 on"},
    {"until", set_until, "a date (2026-03-02) or a time (2026-03-02T09:00:00Z) from the year 2000 on"},
    {"slot", set_slot, "a slot's name: 1 to 63 characters without blanks"},
    {"verdict", set_verdict, "pass, fail, interrupted, or open (attempts only)"},
    {"mac", set_mac, "a MAC address of 12 hex digits (18:fe:34:a1:b2:c3)"},
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
    text_print(error, error_size,
               "\"%s\" is no parameter here: there are format, since, until, slot, verdict, mac, limit",
               shown(show_key, sizeof(show_key), key, key_len));
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
