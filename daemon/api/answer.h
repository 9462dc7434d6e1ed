/* SPDX-License-Identifier: MIT */
/*
 * The answer of each resource of docs/api.md. `part` is what {NAME} in its path stands for, else "". Each returns what
 * MHD's access handler shall return.
 */
#ifndef DAEMON_API_ANSWER_H
#define DAEMON_API_ANSWER_H

#include "daemon/api/request.h"

enum MHD_Result answer_status(struct api_request *request, const char *part) __attribute__((warn_unused_result));
enum MHD_Result answer_slots(struct api_request *request, const char *part) __attribute__((warn_unused_result));
enum MHD_Result answer_events(struct api_request *request, const char *part) __attribute__((warn_unused_result));
enum MHD_Result answer_attempt(struct api_request *request, const char *part) __attribute__((warn_unused_result));
enum MHD_Result answer_attempts(struct api_request *request, const char *part) __attribute__((warn_unused_result));
enum MHD_Result answer_units(struct api_request *request, const char *part) __attribute__((warn_unused_result));
enum MHD_Result answer_start_slot(struct api_request *request, const char *part) __attribute__((warn_unused_result));
enum MHD_Result answer_start(struct api_request *request, const char *part) __attribute__((warn_unused_result));
enum MHD_Result answer_hold(struct api_request *request, const char *part) __attribute__((warn_unused_result));
enum MHD_Result answer_reload(struct api_request *request, const char *part) __attribute__((warn_unused_result));
enum MHD_Result answer_page(struct api_request *request, const char *part) __attribute__((warn_unused_result));

/* Why the request may not change the station's state; NULL: it may. */
const char *answer_refusal(const struct api_request *request);

#endif
