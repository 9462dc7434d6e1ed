/* SPDX-License-Identifier: MIT */
#include "daemon/book/moment.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The first second of the year 2000. */
#define EARLIEST INT64_C(946684800)

#define MICROSECONDS 1000000

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

/* A date, or a date and a time. */
static bool read_absolute(const char *text, int64_t *microseconds)
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
    *microseconds = (int64_t)seconds * MICROSECONDS + fraction;
    return true;
}

/* "today", "yesterday" */
static bool read_day(const char *text, int64_t now, int64_t *microseconds)
{
    time_t seconds = (time_t)(now / MICROSECONDS);
    struct tm tm;
    bool yesterday = strcmp(text, "yesterday") == 0;
    if ((!yesterday && strcmp(text, "today") != 0) || !localtime_r(&seconds, &tm))
        return false;
    struct tm midnight = {
        .tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday - yesterday, .tm_isdst = -1};
    *microseconds = (int64_t)mktime(&midnight) * MICROSECONDS;
    return true;
}

/* "2h", "-7d" */
static bool read_ago(const char *text, int64_t now, int64_t *microseconds)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    skip(&text, '-');
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > 9 || text[n] == '\0' || text[n + 1] != '\0')
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (text[n] == units[i].letter) {
            *microseconds = now - strtoll(text, NULL, 10) * units[i].seconds * MICROSECONDS;
            return *microseconds >= EARLIEST * MICROSECONDS;
        }
    return false;
}

bool moment_read(const char *text, int64_t now, int64_t *microseconds)
{
    return read_absolute(text, microseconds) ||
           (now > 0 && (read_day(text, now, microseconds) || read_ago(text, now, microseconds)));
}
