/* SPDX-License-Identifier: MIT */
/*
 * Which requests to the dashboard's listener may change the station's state ([http] control). Any local user can
 * connect there. With CONTROL_TOKEN a browser needs a cookie. It gets one by opening an address that `gangctl page`
 * prints, which gangd makes only for clients of the Unix socket.
 */
#ifndef DAEMON_API_CONTROL_H
#define DAEMON_API_CONTROL_H

#include "daemon/api/target.h"
#include "daemon/config/settings.h"

#include <microhttpd.h>

/* Hexadecimal digits of a secret of 16 bytes. */
#define CONTROL_SECRET_LENGTH 32

struct control {
    enum control_mode mode;
    char cookie[CONTROL_SECRET_LENGTH + 1]; /* of this start of gangd */
    char key[CONTROL_SECRET_LENGTH + 1];    /* of the address that was handed out last; "" once it was used */
};

void control_init(struct control *control, enum control_mode mode);

/* Why this request may not change anything, as a sentence (static) that names the remedy; NULL: it may. */
const char *control_refusal(const struct control *control, struct MHD_Connection *connection);

/* Puts a new address of the dashboard in `url` (size bytes): `dashboard` ("http://127.0.0.1:8266/"), with a key that
 * works once if one is needed. The key of the address before works no longer. */
void control_new_url(struct control *control, const char *dashboard, char *url, size_t size);

/* Whether the request is for such an address. */
bool control_is_key(const struct control *control, const struct target *target, const char *method)
    __attribute__((warn_unused_result));

/* Answers it: with the cookie, or a 403 if the key is not the one. */
enum MHD_Result control_answer_key(struct control *control, struct MHD_Connection *connection,
                                   const struct target *target) __attribute__((warn_unused_result));

#endif
