/* SPDX-License-Identifier: MIT */
#include "daemon/api/control.h"

#include "daemon/api/reply.h"
#include "daemon/api/token.h"
#include "proto/link/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define COOKIE "gangd_control"
#define KEY    "key"

static void make_secret(char secret[CONTROL_SECRET_LENGTH + 1])
{
    uint8_t bytes[CONTROL_SECRET_LENGTH / 2];
    /* So few bytes are never refused once the kernel's pool is up, and it is before any daemon starts. A guess instead
     * would be worse than a restart. */
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        abort();
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(secret + 2 * i, 3, "%02x", bytes[i]);
}

void control_init(struct control *control, enum control_mode mode)
{
    *control = (struct control){.mode = mode};
    make_secret(control->cookie);
}

static bool cookie_is_shown(const struct control *control, struct MHD_Connection *connection)
{
    return token_is_equal(MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, COOKIE), control->cookie);
}

const char *control_refusal(const struct control *control, struct MHD_Connection *connection)
{
    switch (control->mode) {
    case CONTROL_YES: return NULL;
    case CONTROL_NO: return "commands are taken from gangctl alone ([http] control = no)";
    case CONTROL_TOKEN: break;
    }
    return cookie_is_shown(control, connection)
               ? NULL
               : "this browser may only look: run \"gangctl page\" on the bench PC and open the address that it prints";
}

void control_new_url(struct control *control, const char *dashboard, char *url, size_t size)
{
    if (control->mode != CONTROL_TOKEN) {
        text_print(url, size, "%s", dashboard);
        return;
    }
    make_secret(control->key);
    text_print(url, size, "%s?" KEY "=%s", dashboard, control->key);
}

bool control_is_key(const struct control *control, const struct target *target, const char *method)
{
    return control->mode == CONTROL_TOKEN && strcmp(target->path, "/") == 0 &&
           strcmp(method, MHD_HTTP_METHOD_GET) == 0 && target_find(target, KEY);
}

enum MHD_Result control_answer_key(struct control *control, struct MHD_Connection *connection,
                                   const struct target *target)
{
    char cookie[sizeof(COOKIE) + CONTROL_SECRET_LENGTH + 48];
    bool right = control->key[0] && token_is_equal(target_find(target, KEY)->value, control->key);
    /* A browser that opens the address again, from its history, has the cookie already. */
    if (!right && !cookie_is_shown(control, connection))
        return reply_error(connection, MHD_HTTP_FORBIDDEN,
                           "this address was used already, or is of an earlier start: run \"gangctl page\" again");
    if (right)
        control->key[0] = '\0';
    /* Strict: no page of another site may have a browser send it. It ends with the browser, or with this gangd. */
    text_print(cookie, sizeof(cookie), COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict", control->cookie);
    return reply_cookie(connection, cookie);
}
