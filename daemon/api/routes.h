/* SPDX-License-Identifier: MIT */
/*
 * The routes of docs/api.md: what a request may be, who answers it, and what a request must bring along before anybody
 * does. The functions with MHD's signatures are given to MHD_start_daemon().
 */
#ifndef DAEMON_API_ROUTES_H
#define DAEMON_API_ROUTES_H

#include "daemon/api/clients.h"
#include "daemon/api/control.h"
#include "daemon/api/events.h"
#include "daemon/api/rules.h"
#include "daemon/api/static_files.h"
#include "daemon/api/stream.h"
#include "daemon/api/token.h"
#include "daemon/station/station.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

struct routes {
    struct station *station;
    struct events *events;
    struct static_files *files;
    struct streams streams;
    struct control control; /* of the dashboard's listener */
    char dashboard[96];     /* the dashboard's address, "http://127.0.0.1:8266/"; "": there is none */
};

/* A set of them. */
enum listener_kind {
    LISTENER_LOCAL = 1,     /* the Unix socket */
    LISTENER_DASHBOARD = 2, /* the dashboard's */
    LISTENER_WATCH = 4,     /* the status, the events and the dashboard's files, and nothing that changes state */
    LISTENER_FULL = LISTENER_LOCAL | LISTENER_DASHBOARD,
    LISTENER_ANY = LISTENER_LOCAL | LISTENER_DASHBOARD | LISTENER_WATCH,
};

/* Where a request came in. */
struct endpoint {
    struct routes *routes;
    struct clients clients;
    struct rules rules;
    enum listener_kind kind;
    char token[TOKEN_MAX + 1]; /* that each request must show; "": none */
};

/* The callback of MHD_OPTION_URI_LOG_CALLBACK, which sees the target as it came; `endpoint` is a struct endpoint. */
void *routes_begin(void *endpoint, const char *target, struct MHD_Connection *connection);

/* MHD_AccessHandlerCallback; `endpoint` as above. */
enum MHD_Result routes_answer(void *endpoint, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **request);

/* MHD_RequestCompletedCallback; `endpoint` as above. */
void routes_completed(void *endpoint, struct MHD_Connection *connection, void **request,
                      enum MHD_RequestTerminationCode code);

/* Sends a comment to each event stream, so that both ends learn whether the other is still there. */
void routes_keep_alive(struct routes *routes);

/* Ends all streams and resumes their connections; MHD can be stopped then. */
void routes_end_streams(struct routes *routes);

#endif
