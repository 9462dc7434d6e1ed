/* SPDX-License-Identifier: MIT */
/*
 * Requests to gangd over its Unix socket. All block. They return an exit code of gangctl.h, and have printed a
 * complaint if it is not DONE.
 */
#ifndef TOOLS_GANGCTL_BASE_CLIENT_H
#define TOOLS_GANGCTL_BASE_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Takes a piece of the body of an answer with status 2xx; false ends the request. */
typedef bool (*client_take_cb)(void *data, const char *text, size_t len);

struct client_request {
    const char *socket;
    const char *target; /* "/api/v1/…", percent-encoded */
    bool post;
    const char *last_id; /* Last-Event-ID; "" or NULL for none */
    bool stream;         /* of events: that the connection ends is no error */
    bool quiet;          /* no complaint if gangd cannot be reached */
    client_take_cb take;
    void *data;
};

/* DONE also if `take` ended it. */
int client_run(const struct client_request *request) __attribute__((warn_unused_result));

/* The answer, a JSON object: a new reference in `*json`, NULL unless DONE. */
int client_json(const char *socket, const char *target, bool post, json_t **json) __attribute__((warn_unused_result));

/* The same for a GET, without a complaint if gangd cannot be reached. */
int client_ask(const char *socket, const char *target, json_t **json) __attribute__((warn_unused_result));

/* Whether a gangd may answer there: false if there is no socket, or no process listens on it. */
bool client_finds(const char *socket) __attribute__((warn_unused_result));

#endif
