/* SPDX-License-Identifier: MIT */
#include "proto/recipe/program.h"

#include "proto/diagnosis/diagnosis.h"
#include "proto/image/stream_flags.h"
#include "proto/link/duration.h"
#include "proto/link/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define RESET_ROUNDS          4 /* of reset and SYNC before a board is given up */
#define SYNCS_FIRST           2 /* a round's; while they are sent, a banner that comes late goes by */
#define SYNCS_MORE            5
#define SYNC_TIMEOUT          (100 * MS)
#define SYNC_TIMEOUT_AT_SPEED (20 * MS)
#define WAIT_TIMEOUT          (300 * MS) /* between two SYNCs while a person is to press the buttons */

static const struct {
    const char *step, *sentence;
    enum program_phase phase;
} states[] = {
#define X(name, step, phase, sentence) [PROGRAM_##name] = {step, sentence, PROGRAM_PHASE_##phase},
    PROGRAM_STATES(X)
#undef X
};

static const char *const phase_labels[PROGRAM_PHASE_COUNT] = {
#define X(phase, label, word) [PROGRAM_PHASE_##phase] = #phase,
    PROGRAM_PHASES(X)
#undef X
};

/* RESET and SYNC, or RESET and WAIT. */

/* The ROM takes the rate of the first SYNC that it hears. So the first round of the first try is made at the try's own
 * rate, which spares a slow upload; what does not answer there is asked at LOADER_BAUD. */
static uint32_t loader_baud(const struct program *program)
{
    bool at_speed = program->tries == 1 && program->in_try.rounds == 0 && !program->job->manual_reset;
    return at_speed ? program_baud(program) : LOADER_BAUD;
}

/* The classic sequence and the tight one in turn; in the second half of the rounds with GPIO0 low for longer. */
static enum step_status start_reset(struct program *program)
{
    unsigned round = program->in_try.rounds;
    program->loader_baud = loader_baud(program);
    struct reset_sequence_parameters reset = {
        .baud = program->loader_baud,
        .lines = round % 2 == 0 ? RESET_CLASSIC : RESET_TIGHT,
        .long_gpio0 = round >= 2,
    };
    if (program->job->manual_reset)
        reset = (struct reset_sequence_parameters){.baud = program->loader_baud, .lines = RELEASE_LINES};
    return reset_sequence_start(&program->step.reset, program->session, &reset);
}

static enum step_status step_reset(struct program *program, const struct session_event *event)
{
    return reset_sequence_step(&program->step.reset, event);
}

static enum program_state after_reset(struct program *program)
{
    program->in_try.heard += program->step.reset.heard;
    return program->job->manual_reset ? PROGRAM_WAIT : PROGRAM_SYNC;
}

static enum step_status start_sync(struct program *program)
{
    bool at_speed = program->loader_baud > LOADER_BAUD;
    return connect_start(&program->step.connect, program->session,
                         &(struct connect_parameters){.timeout = at_speed ? SYNC_TIMEOUT_AT_SPEED : SYNC_TIMEOUT,
                                                      .requests = 2,
                                                      .requests_silent = 2,
                                                      .first_tries = SYNCS_FIRST,
                                                      .later_tries = SYNCS_MORE,
                                                      .rom_only = true});
}

static enum step_status start_wait(struct program *program)
{
    return connect_start(&program->step.connect, program->session,
                         &(struct connect_parameters){.timeout = WAIT_TIMEOUT,
                                                      .requests = CONNECT_FOREVER,
                                                      .requests_silent = CONNECT_FOREVER,
                                                      .first_tries = 1,
                                                      .later_tries = 1,
                                                      .rom_only = true});
}

static enum step_status step_connect(struct program *program, const struct session_event *event)
{
    return connect_step(&program->step.connect, event);
}

static enum program_state after_sync_unanswered(struct program *program)
{
    program->in_try.unexpected += program->step.connect.unexpected;
    return ++program->in_try.rounds < RESET_ROUNDS ? PROGRAM_RESET : PROGRAM_DIAGNOSE;
}

static enum step_status start_diagnose(struct program *program)
{
    return boot_log_start(&program->step.boot_log, program->session,
                          &(struct boot_log_parameters){.reset = RESET_CLASSIC,
                                                        .resets = program->in_try.rounds,
                                                        .heard = program->in_try.heard,
                                                        .unexpected = program->in_try.unexpected});
}

static enum step_status step_diagnose(struct program *program, const struct session_event *event)
{
    return boot_log_step(&program->step.boot_log, event);
}

/* IDENTIFY. */

static enum step_status start_identify(struct program *program)
{
    return chip_id_start(&program->step.chip_id, program->session);
}

static bool is_same_board(const struct program *program, const struct chip_identity *chip)
{
    return program->identified && memcmp(program->chip.mac, chip->mac, sizeof(chip->mac)) == 0;
}

/* The row of an attempt names one board: another one may take its place only before it has been written. */
static enum step_status take_identity(struct program *program)
{
    const struct chip_identity *chip = &program->step.chip_id.identity;
    const uint8_t *mac = chip->mac;
    bool same = is_same_board(program, chip);
    program->flash_trusted &= same;
    if (program->identified && program->written && !same)
        return step_fail_values(&program->step.base, EVIDENCE_OTHER_BOARD,
                                (uint32_t)mac[0] << 16 | (uint32_t)mac[1] << 8 | mac[2],
                                (uint32_t)mac[3] << 16 | (uint32_t)mac[4] << 8 | mac[5]);
    if (!same)
        program->flash_part = (struct flash_part){0};
    program->chip = *chip;
    return STEP_DONE;
}

/* A chip of an unknown OUI takes the place of one that an earlier try has identified, unless that was written. */
static enum step_status step_identify(struct program *program, const struct session_event *event)
{
    enum step_status status = chip_id_step(&program->step.chip_id, event);
    if (status == STEP_DONE)
        status = take_identity(program);
    bool unknown = program->step.base.evidence.kind == EVIDENCE_UNKNOWN_OUI && !program->written;
    if (status == STEP_DONE || unknown)
        program->identified = status == STEP_DONE;
    return status;
}

/* STUB. */

static enum step_status start_stub(struct program *program)
{
    return stub_upload_start(
        &program->step.stub_upload, program->session,
        &(struct stub_upload_parameters){.stub = program->job->stub, .hasty = program->loader_baud > LOADER_BAUD});
}

static enum step_status step_stub(struct program *program, const struct session_event *event)
{
    const struct stub_upload *upload = &program->step.stub_upload;
    enum step_status status = stub_upload_step(&program->step.stub_upload, event);
    program->stub_running = upload->running;
    if (status == STEP_DONE) {
        program->stub_capabilities = upload->capabilities;
        text_copy(program->stub_name, sizeof(program->stub_name), upload->name);
    }
    return status;
}

/* FLASH_ID and BAUD. */

static enum step_status start_flash_id(struct program *program)
{
    const struct program_job *job = program->job;
    uint32_t needed = job->golden->end > job->min_flash_size ? job->golden->end : job->min_flash_size;
    return flash_id_start(&program->step.flash_id, program->session,
                          &(struct flash_id_parameters){.needed_size = needed,
                                                        .stated_size = job->stated_flash_size,
                                                        .accepted = job->flash_parts,
                                                        .n_accepted = job->n_flash_parts});
}

static enum step_status step_flash_id(struct program *program, const struct session_event *event)
{
    const struct flash_id *flash = &program->step.flash_id;
    enum step_status status = flash_id_step(&program->step.flash_id, event);
    if (status != STEP_RUNNING && flash->part.id != 0)
        program->flash_part = flash->part;
    return status;
}

static enum program_state write_state(const struct program *program)
{
    return program->stub_capabilities & WIRE_CAN_STREAM ? PROGRAM_STREAM : PROGRAM_WRITE;
}

/* What a sector reads as is what it holds: no erase of it was cut off, neither before the attempt nor in it. */
static bool reads_can_be_trusted(const struct program *program)
{
    return program->flash_trusted && !program->written;
}

static enum program_state after_baud(struct program *program)
{
    return program->job->compare_first && reads_can_be_trusted(program) ? PROGRAM_COMPARE : write_state(program);
}

static enum program_state after_flash_id(struct program *program)
{
    return program_baud(program) == program->loader_baud ? after_baud(program) : PROGRAM_BAUD;
}

static enum step_status start_baud(struct program *program)
{
    return baud_start(&program->step.baud, program->session,
                      &(struct baud_parameters){.baud = program_baud(program), .old_baud = program->loader_baud});
}

static enum step_status step_baud(struct program *program, const struct session_event *event)
{
    return baud_step(&program->step.baud, event);
}

/* COMPARE, PLAN, WRITE and VERIFY. */

static uint32_t read_flags(const struct program_job *job)
{
    return job->loader_clock ? 0 : stream_read_flags(job->golden);
}

static enum step_status start_compare(struct program *program)
{
    return compare_start(&program->step.compare, program->session,
                         &(struct compare_parameters){.golden = program->job->golden,
                                                      .capabilities = program->stub_capabilities,
                                                      .read_flags = read_flags(program->job)});
}

static enum step_status step_compare(struct program *program, const struct session_event *event)
{
    return compare_step(&program->step.compare, event);
}

static bool holds_a_part(const struct compare *compare)
{
    static const struct sector_set none;
    return memcmp(&compare->right, &none, sizeof(none)) != 0;
}

static enum program_state after_compare(struct program *program)
{
    if (program->step.compare.equal)
        return PROGRAM_CAPACITY;
    bool plans = write_state(program) == PROGRAM_STREAM && program->job->find_update;
    return plans && holds_a_part(&program->step.compare) ? PROGRAM_PLAN : write_state(program);
}

static enum step_status start_plan(struct program *program)
{
    struct plan_parameters parameters = {
        .kept = program->step.compare.right, .find = program->job->find_update, .data = program->job->update_data};
    return plan_start(&program->step.plan, program->session, &parameters);
}

static enum step_status step_plan(struct program *program, const struct session_event *event)
{
    return plan_step(&program->step.plan, event);
}

static enum program_state after_plan(struct program *program)
{
    program->in_try.update = program->step.plan.update;
    return PROGRAM_STREAM;
}

static enum step_status start_write(struct program *program)
{
    program->written = true;
    return write_start(
        &program->step.write, program->session,
        &(struct write_parameters){.golden = program->job->golden, .capabilities = program->stub_capabilities});
}

static enum step_status step_write(struct program *program, const struct session_event *event)
{
    return write_step(&program->step.write, event);
}

static void describe_stream(const struct program *program, struct stream_parameters *parameters)
{
    const struct program_job *job = program->job;
    bool skips = job->skip_blank_erase && reads_can_be_trusted(program);
    *parameters = (struct stream_parameters){.golden = job->golden, .update = program->in_try.update};
    parameters->flags = read_flags(job) | (skips ? WIRE_STREAM_SKIP_BLANK : 0);
    if (stream_line_is_slower(parameters, program_baud(program)))
        parameters->flags |= WIRE_STREAM_COPIES_LATE;
}

static enum step_status start_stream(struct program *program)
{
    struct stream_parameters parameters;
    describe_stream(program, &parameters);
    program->written = true;
    program->in_try.streamed = true;
    return stream_start(&program->step.stream, program->session, &parameters);
}

static enum step_status step_stream(struct program *program, const struct session_event *event)
{
    return stream_step(&program->step.stream, event);
}

static enum step_status start_verify(struct program *program)
{
    return verify_start(
        &program->step.verify, program->session,
        &(struct verify_parameters){.golden = program->job->golden, .capabilities = program->stub_capabilities});
}

static enum step_status step_verify(struct program *program, const struct session_event *event)
{
    return verify_step(&program->step.verify, event);
}

/* Failures. Each returns the state that follows. */

static void begin_try(struct program *program, uint64_t now)
{
    program->tries++;
    program->try_began = now;
    program->session->stray_limit = 0;
    program->stub_running = false;
    program->stub_capabilities = 0;
    memset(&program->in_try, 0, sizeof(program->in_try));
}

/* From the BAUD state on, or from the beginning, the link is at the try's own rate, and a lower one may help. The last
 * try has the lowest. */
static void lower_baud(struct program *program)
{
    bool at_speed = program->state >= PROGRAM_BAUD || program->loader_baud > LOADER_BAUD;
    size_t lowest = program->job->n_bauds - 1;
    if (!at_speed || !diagnosis_suspects_rate(program->cause))
        return;
    if (program->tries + 1 == program->job->tries)
        program->baud_index = lowest;
    else if (program->baud_index < lowest)
        program->baud_index++;
}

/* How the try at work ends at the time `ended`. */
static void describe_try(const struct program *program, uint64_t ended, struct try_result *result)
{
    *result = (struct try_result){
        .baud = program_baud(program),
        .cause = program->cause,
        .seconds = (double)(ended - program->try_began) / (double)S,
    };
    if (program->cause != CAUSE_NONE)
        text_copy(result->detail, sizeof(result->detail), program->detail);
}

static enum program_state fail_try(struct program *program, const struct evidence *evidence)
{
    program->cause = diagnosis_cause(evidence);
    diagnosis_detail(evidence, program->detail, sizeof(program->detail));
    if (program->tries >= program->job->tries || !diagnosis_worth_another_try(program->cause))
        return PROGRAM_FAILED;
    describe_try(program, program->session->now, &program->failed_tries[program->tries - 1]);
    lower_baud(program);
    begin_try(program, program->session->now);
    return PROGRAM_RESET;
}

static bool may_be_the_line(const struct evidence *evidence)
{
    return evidence->kind == EVIDENCE_NO_ANSWER || evidence->kind == EVIDENCE_REFUSED ||
           evidence->kind == EVIDENCE_STRAY || evidence->kind == EVIDENCE_DIFFERS ||
           evidence->kind == EVIDENCE_STUB_DAMAGED;
}

/* Nothing is written yet, so once in a try the board is reset and all begins anew, at LOADER_BAUD: a line that damages
 * requests can make the chip do anything. */
static enum program_state after_loader_failed(struct program *program)
{
    if (program->in_try.restarts > 0 || !may_be_the_line(&program->step.base.evidence))
        return fail_try(program, &program->step.base.evidence);
    program->session->stray_limit = 0;
    session_forget(program->session); /* what it has said is no noise before a reset */
    program->stub_running = false;
    program->in_try.restarts++;
    program->in_try.rounds++;
    return PROGRAM_RESET;
}

static enum program_state after_stream_failed(struct program *program)
{
    if (program->step.base.evidence.kind != EVIDENCE_MISMATCH)
        return fail_try(program, &program->step.base.evidence);
    program->in_try.mismatch = program->step.base.evidence;
    return PROGRAM_VERIFY;
}

/* What was wrong in the stream is right at the loader's clock: the content is, and the reads at the firmware's clock
 * are not. */
static enum program_state after_verify(struct program *program)
{
    program->in_try.streamed = false;
    if (program->in_try.mismatch.kind == EVIDENCE_MISMATCH)
        program->in_try.mismatch.kind = EVIDENCE_READ_UNSTABLE;
    return PROGRAM_CAPACITY;
}

static enum program_state after_verify_failed(struct program *program)
{
    if (program->step.base.evidence.kind != EVIDENCE_MISMATCH)
        return fail_try(program, &program->step.base.evidence);
    program->in_try.mismatch = program->step.base.evidence;
    return PROGRAM_CAPACITY;
}

/* CAPACITY and RUN. */

static enum step_status start_capacity(struct program *program)
{
    return capacity_start(
        &program->step.capacity, program->session,
        &(struct capacity_parameters){.golden = program->job->golden,
                                      .flash_size = program->flash_part.size,
                                      .capabilities = program->stub_capabilities,
                                      .read_behind = program->in_try.streamed,
                                      .image_damaged = program->in_try.mismatch.kind == EVIDENCE_MISMATCH});
}

static enum step_status step_capacity(struct program *program, const struct session_event *event)
{
    return capacity_step(&program->step.capacity, event);
}

static enum program_state after_capacity(struct program *program)
{
    if (program->in_try.mismatch.kind != EVIDENCE_NONE)
        return fail_try(program, &program->in_try.mismatch);
    return program->job->run && !program->job->manual_reset ? PROGRAM_RUN : PROGRAM_PASSED;
}

static enum step_status start_run(struct program *program)
{
    return reset_sequence_start(&program->step.reset, program->session,
                                &(struct reset_sequence_parameters){.lines = RESET_RUN});
}

static enum step_status start_passed(struct program *program)
{
    program->cause = CAUSE_NONE;
    return STEP_RUNNING;
}

/* The recipe. PASSED and FAILED ask the session for nothing. */
static const struct {
    enum step_status (*start)(struct program *);
    enum step_status (*step)(struct program *, const struct session_event *);
    enum program_state next;                        /* after STEP_DONE, where `done` does not choose it */
    enum program_state (*done)(struct program *);   /* chooses the state after STEP_DONE */
    enum program_state (*failed)(struct program *); /* after STEP_FAILED; NULL: the try fails */
} steps[] = {
    [PROGRAM_RESET] = {.start = start_reset, .step = step_reset, .done = after_reset},
    [PROGRAM_SYNC] = {.start = start_sync,
                      .step = step_connect,
                      .next = PROGRAM_IDENTIFY,
                      .failed = after_sync_unanswered},
    [PROGRAM_WAIT] = {.start = start_wait, .step = step_connect, .next = PROGRAM_IDENTIFY},
    [PROGRAM_DIAGNOSE] = {.start = start_diagnose, .step = step_diagnose, .next = PROGRAM_FAILED}, /* never done */
    [PROGRAM_IDENTIFY] = {.start = start_identify,
                          .step = step_identify,
                          .next = PROGRAM_STUB,
                          .failed = after_loader_failed},
    [PROGRAM_STUB] = {.start = start_stub, .step = step_stub, .next = PROGRAM_FLASH_ID, .failed = after_loader_failed},
    [PROGRAM_FLASH_ID] = {.start = start_flash_id,
                          .step = step_flash_id,
                          .done = after_flash_id,
                          .failed = after_loader_failed},
    [PROGRAM_BAUD] = {.start = start_baud, .step = step_baud, .done = after_baud},
    [PROGRAM_COMPARE] = {.start = start_compare, .step = step_compare, .done = after_compare},
    [PROGRAM_PLAN] = {.start = start_plan, .step = step_plan, .done = after_plan},
    [PROGRAM_WRITE] = {.start = start_write, .step = step_write, .next = PROGRAM_VERIFY},
    [PROGRAM_STREAM] = {.start = start_stream,
                        .step = step_stream,
                        .next = PROGRAM_CAPACITY,
                        .failed = after_stream_failed},
    [PROGRAM_VERIFY] = {.start = start_verify,
                        .step = step_verify,
                        .done = after_verify,
                        .failed = after_verify_failed},
    [PROGRAM_CAPACITY] = {.start = start_capacity, .step = step_capacity, .done = after_capacity},
    [PROGRAM_RUN] = {.start = start_run, .step = step_reset, .next = PROGRAM_PASSED},
    [PROGRAM_PASSED] = {.start = start_passed},
    [PROGRAM_FAILED] = {.start = NULL},
};

/* PASSED and FAILED are no steps. */
static void report_step(const struct program *program, enum cause cause, const char *detail, uint64_t now)
{
    const struct program_job *job = program->job;
    if (!job->step_ended || program_ended(program))
        return;
    job->step_ended(job->step_data, &(struct program_step){.state = program->state,
                                                           .name = states[program->state].step,
                                                           .try = program->tries,
                                                           .baud = program->session->baud,
                                                           .us = now - program->entered,
                                                           .cause = cause,
                                                           .detail = detail});
}

static void report_status(const struct program *program, enum step_status status)
{
    const struct evidence *evidence = &program->step.base.evidence;
    char detail[sizeof(program->detail)] = "";
    if (status == STEP_FAILED)
        diagnosis_detail(evidence, detail, sizeof(detail));
    report_step(program, status == STEP_FAILED ? diagnosis_cause(evidence) : CAUSE_NONE, detail, program->session->now);
}

/* The only way to change state. */
static enum step_status program_enter(struct program *program, enum program_state state, uint64_t now)
{
    program->phase_us[states[program->state].phase] += now - program->entered;
    program->entered = now;
    program->state = state;
    return steps[state].start ? steps[state].start(program) : STEP_RUNNING;
}

static enum program_state next_state(struct program *program, enum step_status status)
{
    enum program_state state = program->state;
    if (status == STEP_DONE)
        return steps[state].done ? steps[state].done(program) : steps[state].next;
    return steps[state].failed ? steps[state].failed(program) : fail_try(program, &program->step.base.evidence);
}

/* Enters states until one has asked the session for something, or the recipe has ended. */
static void advance(struct program *program, enum step_status status)
{
    while (status != STEP_RUNNING) {
        report_status(program, status);
        status = program_enter(program, next_state(program, status), program->session->now);
    }
}

static void step(struct recipe *recipe, const struct session_event *event)
{
    struct program *program = (struct program *)recipe;
    if (event->kind == SESSION_STARTED)
        advance(program, program_enter(program, PROGRAM_RESET, program->session->now));
    else if (steps[program->state].step)
        advance(program, steps[program->state].step(program, event));
}

void program_start(struct program *program, struct session *session, const struct program_job *job, uint64_t now)
{
    assert(job->n_bauds > 0 && job->n_bauds <= PROGRAM_BAUDS_MAX && job->tries > 0 && job->tries <= TRIES_MAX);
    memset(program, 0, sizeof(*program));
    program->recipe.step = step;
    program->session = session;
    program->job = job;
    program->baud_index = job->first_baud < job->n_bauds ? job->first_baud : 0;
    program->entered = now;
    begin_try(program, now);
    session_start(session, &program->recipe, LOADER_BAUD, now);
}

void program_abort(struct program *program, enum cause cause, const char *detail, uint64_t now)
{
    if (program_ended(program))
        return;
    report_step(program, cause, detail, now);
    program->cause = cause;
    text_copy(program->detail, sizeof(program->detail), detail);
    advance(program, program_enter(program, PROGRAM_FAILED, now));
}

void program_blame(struct program *program, enum cause cause, const char *detail)
{
    assert(program->state == PROGRAM_FAILED);
    program->cause = cause;
    snprintf(program->detail, sizeof(program->detail), "%s", detail);
}

void program_trust_flash(struct program *program)
{
    program->flash_trusted = true;
}

bool program_ended(const struct program *program)
{
    return program->state == PROGRAM_PASSED || program->state == PROGRAM_FAILED;
}

void program_last_try(const struct program *program, struct try_result *result)
{
    assert(program_ended(program));
    describe_try(program, program->entered, result);
}

const char *program_sentence(const struct program *program)
{
    return states[program->state].sentence;
}

const char *program_phase_name(const struct program *program)
{
    return phase_labels[states[program->state].phase];
}

const char *program_phase_label(enum program_phase phase)
{
    return phase_labels[phase];
}

bool program_waits_for_person(const struct program *program)
{
    return program->state == PROGRAM_WAIT;
}

uint32_t program_baud(const struct program *program)
{
    return program->job->bauds[program->baud_index];
}
