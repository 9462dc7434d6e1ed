/* SPDX-License-Identifier: MIT */
#include "daemon/api/rules.h"

#include "daemon/api/reply.h"
#include "proto/link/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char http_scheme[] = "http://";
#define HTTP_SCHEME_LENGTH (sizeof(http_scheme) - 1)

const char *rules_header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* "HOST" or "[HOST]", in any case, with our port (which may be left out if it is HTTP's own). */
static bool is_name_of(const struct rules *rules, const char *name, const char *host)
{
    char own[80];
    int len = snprintf(own, sizeof(own), strchr(name, ':') ? "[%s]" : "%s", name);
    if (rules->port == 80 && strcasecmp(host, own) == 0)
        return true;
    snprintf(own + len, sizeof(own) - (size_t)len, ":%u", rules->port);
    return strcasecmp(host, own) == 0;
}

static bool is_listed(const char *list, const char *host)
{
    size_t len = strlen(host);
    while (*list) {
        list += strspn(list, " ");
        size_t word = strcspn(list, " ");
        if (word > 0 && word == len && strncasecmp(list, host, len) == 0)
            return true;
        list += word;
    }
    return false;
}

static bool is_own_host(const struct rules *rules, const char *host)
{
    return rules->any_host || is_name_of(rules, "127.0.0.1", host) || is_name_of(rules, "localhost", host) ||
           is_name_of(rules, "::1", host) || is_name_of(rules, rules->address, host) || is_listed(rules->hosts, host);
}

static bool is_same_origin(const char *origin, const char *host)
{
    return host && strncasecmp(origin, http_scheme, HTTP_SCHEME_LENGTH) == 0 &&
           strcasecmp(origin + HTTP_SCHEME_LENGTH, host) == 0;
}

/* How often a name comes among the headers, in any case. */
struct count {
    const char *name;
    size_t len;
    unsigned n;
};

static enum MHD_Result count_name(void *cls, enum MHD_ValueKind kind, const char *name, size_t len, const char *value,
                                  size_t value_len)
{
    (void)kind;
    (void)value;
    (void)value_len;
    struct count *count = cls;
    if (len == count->len && strncasecmp(name, count->name, len) == 0)
        count->n++;
    return MHD_YES;
}

static bool comes_twice(struct MHD_Connection *connection, const char *name)
{
    struct count count = {.name = name, .len = strlen(name)};
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, count_name, &count);
    return count.n > 1;
}

/* Which of two values counts is answered differently by each program that reads them. Returns the header's name. */
static const char *header_twice(struct MHD_Connection *connection)
{
    static const char *const names[] = {
        MHD_HTTP_HEADER_HOST,          MHD_HTTP_HEADER_ORIGIN, MHD_HTTP_HEADER_CONTENT_LENGTH,
        MHD_HTTP_HEADER_AUTHORIZATION, "Sec-Fetch-Site",       "X-Gangd",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (comes_twice(connection, names[i]))
            return names[i];
    return NULL;
}

/* Moves `*path` from "http://HOST/PATH" to "/PATH", and copies the host. False if it is not in this form. */
static bool split_absolute(const char **path, char *host, size_t size)
{
    if (strncasecmp(*path, http_scheme, HTTP_SCHEME_LENGTH) != 0)
        return false;
    const char *begin = *path + HTTP_SCHEME_LENGTH;
    size_t len = strcspn(begin, "/");
    text_print(host, size, "%.*s", (int)len, begin);
    *path = begin[len] ? begin + len : "/";
    return true;
}

static bool is_foreign_site(struct MHD_Connection *connection, const char *path)
{
    const char *site = rules_header(connection, "Sec-Fetch-Site");
    return site && strncmp(path, "/api", 4) == 0 &&
           (strcasecmp(site, "cross-site") == 0 || strcasecmp(site, "same-site") == 0);
}

/* Who asks. */
static bool allow_client(const struct rules *rules, struct MHD_Connection *connection, const char **path,
                         enum MHD_Result *result)
{
    char absolute[256];
    const char *host = rules_header(connection, MHD_HTTP_HEADER_HOST);
    const char *foreign = rules->any_host || (host && is_own_host(rules, host)) ? NULL : host ? host : "";
    if (split_absolute(path, absolute, sizeof(absolute)) && !is_own_host(rules, absolute))
        foreign = absolute;
    const char *origin = rules_header(connection, MHD_HTTP_HEADER_ORIGIN);
    if (foreign)
        *result = reply_error(connection, MHD_HTTP_FORBIDDEN, "Host: %.120s is not this gangd", foreign);
    else if (origin && !is_same_origin(origin, host))
        *result = reply_error(connection, MHD_HTTP_FORBIDDEN, "Origin: %.120s is a foreign page", origin);
    else if (is_foreign_site(connection, *path))
        *result = reply_error(connection, MHD_HTTP_FORBIDDEN, "a page of another site may not ask gangd");
    else
        return true;
    return false;
}

bool rules_allow(const struct rules *rules, struct MHD_Connection *connection, struct target *target,
                 enum MHD_Result *result)
{
    const char *twice = header_twice(connection);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (info && info->header_size > API_HEADER_MAX) {
        *result = reply_error(connection, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
                              "the header is larger than %d bytes", API_HEADER_MAX);
        return false;
    }
    if (twice) {
        *result = reply_error(connection, MHD_HTTP_BAD_REQUEST, "the header %s comes twice", twice);
        return false;
    }
    return allow_client(rules, connection, &target->path, result);
}

enum MHD_Result rules_before_body(struct MHD_Connection *connection)
{
    if (rules_header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING))
        return reply_error(connection, MHD_HTTP_LENGTH_REQUIRED, "a body needs a Content-Length");
    const char *length = rules_header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (length && strtoull(length, NULL, 10) > API_BODY_MAX)
        return reply_error(connection, MHD_HTTP_CONTENT_TOO_LARGE, "the body is larger than %d bytes", API_BODY_MAX);
    return MHD_YES;
}
