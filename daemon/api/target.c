/* SPDX-License-Identifier: MIT */
#include "daemon/api/target.h"

#include "proto/link/text.h"

#include <ctype.h>
#include <string.h>

static int hex_digit(char c)
{
    if (!isxdigit((unsigned char)c))
        return -1;
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Decodes `text` in place. NULL, or the escape that is none; `plus`: '+' is a blank. */
static const char *decode(char *text, bool plus, size_t *len)
{
    char *out = text;
    for (const char *in = text; *in; in++) {
        char c = *in;
        if (c == '%') {
            int high = hex_digit(in[1]), low = high < 0 ? -1 : hex_digit(in[2]);
            if (low < 0)
                return in;
            c = (char)(high << 4 | low);
            in += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        *out++ = c;
    }
    *out = '\0';
    *len = (size_t)(out - text);
    return NULL;
}

/* The beginning of untrusted text, with '?' for what is not printable ASCII. */
static const char *show(char *shown, size_t size, const char *text)
{
    text_print(shown, size, "%s", text);
    for (char *c = shown; *c; c++)
        if (!isprint((unsigned char)*c))
            *c = '?';
    return shown;
}

static bool refuse_escape(const char *escape, char *error, size_t error_size)
{
    char shown[4];
    show(shown, sizeof(shown), escape);
    text_print(error, error_size, "\"%s\" is no percent escape: they have two hex digits, and %% itself is %%25",
               shown);
    return false;
}

static const struct target_parameter *find(const struct target *target, const char *name, size_t len)
{
    for (size_t i = 0; i < target->n; i++)
        if (target->parameters[i].name_len == len && memcmp(target->parameters[i].name, name, len) == 0)
            return &target->parameters[i];
    return NULL;
}

const struct target_parameter *target_find(const struct target *target, const char *name)
{
    return find(target, name, strlen(name));
}

/* One piece of the query, "NAME=VALUE" or "NAME". */
static bool add_parameter(struct target *target, char *text, char *error, size_t error_size)
{
    struct target_parameter p = {.name = text};
    char *value = text + strcspn(text, "=");
    if (*value)
        *value++ = '\0';
    p.value = value;
    const char *broken = decode(text, true, &p.name_len);
    if (!broken)
        broken = decode(value, true, &p.value_len);
    if (broken)
        return refuse_escape(broken, error, error_size);
    if (find(target, p.name, p.name_len)) {
        char name[32];
        text_print(error, error_size, "%s is given twice", show(name, sizeof(name), p.name));
        return false;
    }
    if (target->n == TARGET_PARAMETERS_MAX) {
        text_print(error, error_size, "there are more than %d parameters", TARGET_PARAMETERS_MAX);
        return false;
    }
    target->parameters[target->n++] = p;
    return true;
}

static bool parse_path(struct target *target, char *text, char *error, size_t error_size)
{
    size_t len;
    const char *broken = decode(text, false, &len);
    if (broken)
        return refuse_escape(broken, error, error_size);
    if (strlen(text) != len) {
        text_print(error, error_size, "there is a %%00 in the path");
        return false;
    }
    target->path = text;
    return true;
}

bool target_parse(struct target *target, char *text, char *error, size_t error_size)
{
    *target = (struct target){0};
    char *query = strchr(text, '?');
    if (query)
        *query++ = '\0';
    if (!parse_path(target, text, error, error_size))
        return false;
    while (query && *query) {
        char *piece = query;
        size_t len = strcspn(piece, "&");
        query += len + (piece[len] ? 1 : 0);
        piece[len] = '\0';
        if (len > 0 && !add_parameter(target, piece, error, error_size))
            return false;
    }
    return true;
}
