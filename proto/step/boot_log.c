/* SPDX-License-Identifier: MIT */
#include "proto/step/boot_log.h"

#include "proto/link/duration.h"

#include <string.h>

#define BANNER_WAIT (300 * MS)

/* M of "boot mode:(M,N)" in what was heard since the reset: 1 download mode, 3 flash, others neither. -1: no banner. */
static int boot_mode(const struct session *session)
{
    static const char key[] = "boot mode:(";
    size_t n = session->heard_total < SESSION_HEARD ? (size_t)session->heard_total : SESSION_HEARD;
    const uint8_t *at = memmem(session->heard, n, key, sizeof(key) - 1);
    if (!at || at + sizeof(key) - 1 >= session->heard + n)
        return -1;
    uint8_t digit = at[sizeof(key) - 1];
    return digit >= '0' && digit <= '7' ? digit - '0' : -1;
}

/* True if the banner explains the matter. */
static bool classify_banner(struct boot_log *step)
{
    struct evidence *evidence = &step->base.evidence;
    int mode = boot_mode(step->base.session);
    if (mode < 0)
        return false;
    *evidence = (struct evidence){
        .kind = EVIDENCE_BOOT_MODE,
        .operation = OPERATION_SYNC,
        .values = {(uint32_t)mode},
        .count = step->parameters.unexpected,
    };
    return true;
}

static enum step_status explain_without_banner(struct boot_log *step)
{
    uint64_t heard = step->parameters.heard + step->reset.heard + step->base.session->heard_total;
    step_begin_operation(&step->base, OPERATION_SYNC, 0);
    step->base.evidence.count = heard == 0 ? step->parameters.resets + 1 : heard;
    return step_fail(&step->base, heard == 0 ? EVIDENCE_SILENT : EVIDENCE_NOISE);
}

static enum step_status listen_after_reset(struct boot_log *step, enum step_status reset)
{
    if (reset == STEP_FAILED)
        step->base.evidence = step->reset.base.evidence;
    if (reset != STEP_DONE)
        return reset;
    step->phase = BOOT_LOG_LISTEN;
    session_pause(step->base.session, BANNER_WAIT);
    return STEP_RUNNING;
}

enum step_status boot_log_start(struct boot_log *step, struct session *session,
                                const struct boot_log_parameters *parameters)
{
    *step = (struct boot_log){.parameters = *parameters};
    step_init(&step->base, session);
    if (classify_banner(step))
        return STEP_FAILED;
    return reset_sequence_start(&step->reset, session,
                                &(struct reset_sequence_parameters){.baud = BOOT_LOG_BAUD, .lines = parameters->reset});
}

enum step_status boot_log_step(struct boot_log *step, const struct session_event *event)
{
    if (step->phase == BOOT_LOG_RESET)
        return listen_after_reset(step, reset_sequence_step(&step->reset, event));
    return classify_banner(step) ? STEP_FAILED : explain_without_banner(step);
}
