/* SPDX-License-Identifier: MIT */
/*
 * The answer of POST /api/v1/reload: it comes when the reload has ended. Meanwhile MHD's connection is suspended.
 */
#ifndef DAEMON_API_RELOAD_ANSWER_H
#define DAEMON_API_RELOAD_ANSWER_H

#include "daemon/api/stream.h"
#include "daemon/station/station.h"

#include <microhttpd.h>

struct reload_answer;

/* Starts the reload and suspends the connection; MHD calls the access handler again at its end. NULL, with a sentence
 * in `refusal`: another one is at work. */
struct reload_answer *reload_answer_open(struct streams *streams, struct MHD_Connection *connection,
                                         struct station *station, char *refusal, size_t size)
    __attribute__((warn_unused_result));

/* Queues the answer and closes. */
enum MHD_Result reload_answer_send(struct reload_answer *answer) __attribute__((warn_unused_result));

/* For a client that has gone. */
void reload_answer_close(struct reload_answer *answer);

#endif
