/* SPDX-License-Identifier: MIT */
#include "daemon/api/token.h"

#include "daemon/api/reply.h"
#include "daemon/api/rules.h"
#include "daemon/base/file.h"
#include "proto/link/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COOKIE          "gangd_watch"
#define COOKIE_LIFETIME "31536000" /* seconds: a wall screen is set up once */
#define FILE_MAX        4096

static bool is_token(const char *text, size_t len)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    return len >= TOKEN_MIN && len <= TOKEN_MAX && strspn(text, allowed) >= len;
}

bool token_read(const char *path, char token[TOKEN_MAX + 1], char *error, size_t error_size)
{
    size_t size;
    char *text = file_read(path, FILE_MAX, &size);
    if (!text) {
        text_print(error, error_size, "watch_token_file = %s: %s", path, file_error(errno));
        return false;
    }
    size_t len = strcspn(text, "\r\n");
    bool sound = is_token(text, len) && strspn(text + len, "\r\n") == size - len;
    if (sound)
        text_print(token, TOKEN_MAX + 1, "%.*s", (int)len, text);
    else
        text_print(error, error_size,
                   "watch_token_file = %s: must hold one line of %d to %d letters, digits, '-', '_', '.', '~'", path,
                   TOKEN_MIN, TOKEN_MAX);
    free(text);
    return sound;
}

bool token_is_equal(const char *shown, const char *token)
{
    size_t len = strlen(token);
    if (!shown || strlen(shown) != len)
        return false;
    unsigned difference = 0;
    for (size_t i = 0; i < len; i++)
        difference |= (unsigned char)shown[i] ^ (unsigned char)token[i];
    return difference == 0;
}

bool token_is_shown(struct MHD_Connection *connection, const char *token)
{
    static const char scheme[] = "Bearer ";
    const char *header = rules_header(connection, MHD_HTTP_HEADER_AUTHORIZATION);
    if (header && strncasecmp(header, scheme, sizeof(scheme) - 1) == 0)
        return token_is_equal(header + sizeof(scheme) - 1, token);
    return token_is_equal(MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, COOKIE), token);
}

enum MHD_Result token_answer(struct MHD_Connection *connection, const char *token, const struct target *target)
{
    const struct target_parameter *shown = target_find(target, "token");
    if (strcmp(target->path, "/") != 0 || !shown || !token_is_equal(shown->value, token))
        return reply_error(connection, MHD_HTTP_UNAUTHORIZED, "this needs the station's token: open /?token=TOKEN");
    /* The page's address does not hold the token, so it is not in what the browser shows and remembers. */
    char cookie[TOKEN_MAX + 100];
    text_print(cookie, sizeof(cookie), COOKIE "=%s; Path=/; Max-Age=" COOKIE_LIFETIME "; HttpOnly; SameSite=Lax",
               token);
    return reply_cookie(connection, cookie);
}
