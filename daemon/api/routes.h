/* SPDX-License-Identifier: MIT */
/*
 * The routes of docs/api.md: what a request may be, who answers it, and what a request must bring along before anybody
 * does. The two functions with MHD's signatures are given to MHD_start_daemon().
 */
#ifndef DAEMON_API_ROUTES_H
#define DAEMON_API_ROUTES_H

#include "daemon/api/clients.h"
#include "daemon/api/events.h"
#include "daemon/api/static_files.h"
#include "daemon/api/stream.h"
#include "daemon/station/station.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

/* Bytes of request line and header together, and of a body. */
#define API_HEADER_MAX 8192
#define API_BODY_MAX   4096

struct routes {
    struct station *station;
    struct events *events;
    struct static_files *files;
    struct streams streams;
};

/* Where a request came in. On TCP its Host must be one of ours: a browser may have been led here by a foreign name. */
struct endpoint {
    struct routes *routes;
    struct clients clients;
    bool tcp;
    uint16_t port;
    char address[64];
};

/* MHD_AccessHandlerCallback; `endpoint` is a struct endpoint. */
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
