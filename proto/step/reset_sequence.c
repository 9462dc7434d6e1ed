/* SPDX-License-Identifier: MIT */
#include "proto/step/reset_sequence.h"

#include "proto/link/duration.h"

#define LONG_GPIO0_MS 500

/* RTS asserted pulls EN low, DTR asserted pulls GPIO0 low, both asserted pull nothing (docs/esp8266.md section 2). */
struct line_change {
    bool dtr, rts;
    unsigned pause_ms; /* behind it */
};

static const struct line_change reset_classic[] = {{false, true, 100}, {true, false, 50}, {false, false, 0}};
static const struct line_change reset_tight[] = {
    {false, false, 0}, {true, true, 0}, {false, true, 100}, {true, false, 50}, {false, false, 0}};
static const struct line_change reset_run[] = {{false, true, 100}, {false, false, 0}};
static const struct line_change release_lines[] = {{false, false, 0}};

#define SEQUENCE(changes) {(changes), sizeof(changes) / sizeof((changes)[0])}

static const struct {
    const struct line_change *changes;
    size_t n;
} sequences[] = {
    [RESET_CLASSIC] = SEQUENCE(reset_classic),
    [RESET_TIGHT] = SEQUENCE(reset_tight),
    [RESET_RUN] = SEQUENCE(reset_run),
    [RELEASE_LINES] = SEQUENCE(release_lines),
};

static const struct line_change *current(const struct reset_sequence *step)
{
    return &sequences[step->parameters.lines].changes[step->at];
}

static bool leaves_reset(const struct line_change *change)
{
    return change->dtr && !change->rts;
}

static void change_lines(struct reset_sequence *step)
{
    struct session *session = step->base.session;
    const struct line_change *change = current(step);
    if (leaves_reset(change)) {
        step->heard += session->heard_total;
        session_forget(session);
    }
    step_begin_operation(&step->base, OPERATION_MODEM_LINES, 0);
    session_lines(session, change->dtr, change->rts);
}

static void set_baud(struct reset_sequence *step)
{
    step_begin_operation(&step->base, OPERATION_SET_BAUD, 0);
    step->base.evidence.values[0] = step->parameters.baud;
    session_baud(step->base.session, step->parameters.baud);
}

enum step_status reset_sequence_start(struct reset_sequence *step, struct session *session,
                                      const struct reset_sequence_parameters *parameters)
{
    *step = (struct reset_sequence){.parameters = *parameters};
    step_init(&step->base, session);
    if (parameters->baud != 0)
        set_baud(step);
    else
        change_lines(step);
    return STEP_RUNNING;
}

static void pause_after(struct reset_sequence *step, const struct line_change *change)
{
    unsigned more = step->parameters.long_gpio0 && change->dtr ? LONG_GPIO0_MS : 0;
    session_pause(step->base.session, (change->pause_ms + more) * MS);
}

enum step_status reset_sequence_step(struct reset_sequence *step, const struct session_event *event)
{
    bool baud_set = step->base.evidence.operation == OPERATION_SET_BAUD;
    if (event->kind == SESSION_DONE && !step_check(&step->base, event))
        return STEP_FAILED;
    if (event->kind == SESSION_DONE && !baud_set && current(step)->pause_ms > 0) {
        pause_after(step, current(step));
        return STEP_RUNNING;
    }
    if (!baud_set && ++step->at == sequences[step->parameters.lines].n)
        return STEP_DONE;
    change_lines(step);
    return STEP_RUNNING;
}
