/* SPDX-License-Identifier: MIT */
/*
 * The routes of docs/api.md: what a request may be, who answers it, and what a request must bring along before anybody
 * does. The functions with MHD's signatures are given to MHD_start_daemon().
 */
#ifndef DAEMON_API_ROUTES_H
#define DAEMON_API_ROUTES_H

#include "daemon/api/request.h"

#include <microhttpd.h>

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
