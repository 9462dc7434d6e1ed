/* SPDX-License-Identifier: MIT */
/*
 * A request under way, and what it may use: the state of all sockets, and of the one that it came in by.
 */
#ifndef DAEMON_API_REQUEST_H
#define DAEMON_API_REQUEST_H

#include "daemon/api/clients.h"
#include "daemon/api/control.h"
#include "daemon/api/events.h"
#include "daemon/api/export.h"
#include "daemon/api/reload_answer.h"
#include "daemon/api/rules.h"
#include "daemon/api/static_files.h"
#include "daemon/api/stream.h"
#include "daemon/api/target.h"
#include "daemon/api/token.h"
#include "daemon/station/station.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

struct routes {
    struct station *station;
    struct events *events;
    struct static_files *files;
    char files_error[512]; /* why there are none */
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

struct api_request {
    struct endpoint *endpoint;
    struct MHD_Connection *connection;
    bool header_came;
    bool head;                    /* the method is HEAD */
    struct export *export;        /* waits for the book; NULL when it became the answer */
    struct reload_answer *reload; /* waits for the reload; NULL when it became the answer */
    struct target target;
    char text[]; /* of the target */
};

#endif
