/* SPDX-License-Identifier: MIT */
/*
 * Requests to gangd over its Unix socket. All return an exit code of gangctl.h, and have complained if it is not DONE.
 */
#ifndef TOOLS_GANGCTL_CLIENT_H
#define TOOLS_GANGCTL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Takes a piece of a good answer's body; false ends the request. */
typedef bool (*client_take_cb)(void *data, const char *text, size_t len);

struct client_request {
    const char *socket;
    const char *target; /* "/api/v1/…", percent-encoded */
    bool post;
    const char *last_id; /* Last-Event-ID; "" or NULL for none */
    bool stream;         /* of events: that it breaks off is no complaint */
    bool quiet;          /* nor is a gangd that is not there */
    client_take_cb take;
    void *data;
};

/* When `take` ended it: DONE. */
int client_run(const struct client_request *request) __attribute__((warn_unused_result));

/* The answer as JSON: a new reference, NULL unless DONE. */
int client_json(const char *socket, const char *target, bool post, json_t **json) __attribute__((warn_unused_result));

/* The same of a GET, without a word if gangd is not there. */
int client_ask(const char *socket, const char *target, json_t **json) __attribute__((warn_unused_result));

/* Whether somebody may be reached there: false if there is no socket, or nobody listens on it. */
bool client_finds(const char *socket) __attribute__((warn_unused_result));

#endif
