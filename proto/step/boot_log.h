/* SPDX-License-Identifier: MIT */
/*
 * Step: find out why a board does not answer SYNC. What was heard since its latest reset is searched for the ROM's boot
 * banner; where there is none the board is reset once more and heard at the banner's own rate.
 *
 * It explains a failure, so it never ends as STEP_DONE. It fails with BOOT_MODE, SILENT or NOISE, or with PORT_ERROR of
 * SET_BAUD or MODEM_LINES. Source: docs/esp8266.md section 2.
 */
#ifndef PROTO_STEP_BOOT_LOG_H
#define PROTO_STEP_BOOT_LOG_H

#include "proto/step/reset_sequence.h"

/* The boot banner's with a 26 MHz crystal; with one of 40 MHz it comes at 115200. */
#define BOOT_LOG_BAUD 74880

struct boot_log_parameters {
    enum line_sequence reset; /* RESET_CLASSIC or RESET_TIGHT */
    unsigned resets;          /* before this step, for SILENT */
    uint64_t heard;           /* bytes before the latest reset, for SILENT and NOISE */
    uint64_t unexpected;      /* bytes in place of answers to SYNC, for BOOT_MODE */
};

struct boot_log {
    struct step base;
    struct boot_log_parameters parameters;
    struct reset_sequence reset;
    enum { BOOT_LOG_RESET, BOOT_LOG_LISTEN } phase;
};

MUST_CHECK enum step_status boot_log_start(struct boot_log *step, struct session *session,
                                           const struct boot_log_parameters *parameters);
MUST_CHECK enum step_status boot_log_step(struct boot_log *step, const struct session_event *event);

#endif
