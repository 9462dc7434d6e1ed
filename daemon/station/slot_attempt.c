/* SPDX-License-Identifier: MIT */
#include "daemon/station/slot_attempt.h"

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/station/attempt_record.h"
#include "daemon/station/step_log.h"
#include "proto/link/text.h"
#include "proto/recipe/program_progress.h"

#include <math.h>
#include <string.h>

_Static_assert(CONFIG_FLASH_PARTS_MAX <= PROGRAM_FLASH_PARTS_MAX, "a job holds all that a configuration lists");

#define PASSES_TO_CLIMB 20 /* good attempts in a row before a slot tries the next higher baud rate again */

/* Index into the ladder: where this slot's boards passed last. After many of them in a row the next higher rate gets
 * another chance. */
static size_t first_baud(struct slot_attempt *attempt, const struct slot_attempt_setup *setup)
{
    size_t at = 0;
    while (at + 1 < setup->n_bauds && attempt->good_baud != 0 && setup->bauds[at] > attempt->good_baud)
        at++;
    if (at > 0 && attempt->passes_there >= PASSES_TO_CLIMB) {
        attempt->passes_there = 0;
        at--;
    }
    return at;
}

static void on_step_ended(void *data, const struct program_step *step)
{
    const struct slot_attempt *attempt = data;
    step_log(attempt->row.slot, &attempt->program, step);
}

static void drop_update(struct slot_attempt *attempt)
{
    shared_update_unref(attempt->update);
    attempt->update = NULL;
}

static const struct update *find_update(void *data, const struct sector_set *kept)
{
    struct slot_attempt *attempt = data;
    drop_update(attempt);
    attempt->update = updates_find(attempt->updates, attempt->product, kept);
    return attempt->update ? attempt->update->update : NULL;
}

static void prepare_job(struct slot_attempt *attempt, const struct slot_attempt_setup *setup)
{
    const struct config *config = setup->config;
    attempt->job = (struct program_job){
        .golden = attempt->product->golden,
        .stub = attempt->product->stub,
        .min_flash_size = config->min_flash_size,
        .stated_flash_size = config->stated_flash_size,
        .n_flash_parts = config->n_flash_parts,
        .n_bauds = setup->n_bauds,
        .first_baud = first_baud(attempt, setup),
        .tries = config->tries,
        .compare_first = config->compare_first,
        .skip_blank_erase = config->skip_blank_erase,
        .loader_clock = config->loader_clock,
        .manual_reset = setup->manual_reset,
        .run = config->run && !setup->stay_in_stub,
        .find_update = find_update,
        .update_data = attempt,
        .step_ended = on_step_ended,
        .step_data = attempt,
    };
    memcpy(attempt->job.bauds, setup->bauds, setup->n_bauds * sizeof(setup->bauds[0]));
    memcpy(attempt->job.flash_parts, config->flash_parts, config->n_flash_parts * sizeof(config->flash_parts[0]));
}

static void prepare_row(struct slot_attempt *attempt, const struct slot_attempt_setup *setup)
{
    const struct config *config = setup->config;
    const struct adapter *adapter = setup->adapter;
    struct attempt *row = &attempt->row;
    memset(row, 0, sizeof(*row));
    attempt_record_prepare(row, attempt->product->golden, wall_clock_us());
    attempt->started = steady_clock_us();
    text_copy(row->slot, sizeof(row->slot), setup->slot);
    text_copy(row->path, sizeof(row->path), setup->path);
    text_print(row->adapter, sizeof(row->adapter), "%s %s:%s %s", adapter->driver, adapter->vid, adapter->pid,
               adapter->serial);
    text_copy(row->station, sizeof(row->station), config->name);
    text_copy(row->lot, sizeof(row->lot), config->lot);
    text_copy(row->operator, sizeof(row->operator), config->operator);
}

void slot_attempt_prepare(struct slot_attempt *attempt, const struct slot_attempt_setup *setup)
{
    product_unref(attempt->product);
    attempt->product = product_ref(setup->product);
    attempt->updates = setup->updates;
    prepare_job(attempt, setup);
    prepare_row(attempt, setup);
}

void slot_attempt_start(struct slot_attempt *attempt, struct session *session, int64_t id)
{
    attempt->row.id = id;
    program_start(&attempt->program, session, &attempt->job, steady_clock_us());
    attempt->told_state = attempt->program.state;
    attempt->told_percent = 0;
}

/* A try that failed and was followed by another; the last one is in the line of the verdict. */
static void log_failed_try(const struct attempt *row, unsigned number)
{
    const struct try_result *result = &row->try_results[number - 1];
    const char *cause = cause_code(result->cause);
    const struct log_field fields[] = {{"SLOT", row->slot}, {"MAC", row->mac}, {"CAUSE", cause}, {NULL, NULL}};
    log_message(LOG_LEVEL_WARNING, "slot", fields,
                "%s: attempt %lld, try %u at %u baud failed after %.1f s: %s (%s: %s)", row->slot, (long long)row->id,
                number, (unsigned)result->baud, result->seconds, cause_sentence(result->cause), cause, result->detail);
}

/* Those from index `begin` to before `end`. */
static void log_failed_tries(const struct attempt *row, unsigned begin, unsigned end)
{
    for (unsigned i = begin; i < end; i++)
        log_failed_try(row, i + 1);
}

bool slot_attempt_observe(struct slot_attempt *attempt)
{
    struct attempt known = attempt->row;
    attempt_record_observe(&known, &attempt->program);
    log_failed_tries(&known, attempt->row.n_try_results, known.n_try_results);
    if (strcmp(known.mac, attempt->row.mac) == 0 && strcmp(known.flash_id, attempt->row.flash_id) == 0 &&
        known.n_try_results == attempt->row.n_try_results)
        return false;
    attempt->row = known;
    return true;
}

bool slot_attempt_has_new_state(const struct slot_attempt *attempt)
{
    return attempt->told_state != attempt->program.state;
}

bool slot_attempt_has_progressed(struct slot_attempt *attempt)
{
    uint64_t now = steady_clock_us();
    unsigned percent = program_percent(&attempt->program, now);
    unsigned seconds = (unsigned)lround(fmax(program_seconds_left(&attempt->program, now), 0));
    if (!slot_attempt_has_new_state(attempt) && attempt->told_percent == percent && attempt->told_seconds == seconds)
        return false;
    attempt->told_state = attempt->program.state;
    attempt->told_percent = percent;
    attempt->told_seconds = seconds;
    return true;
}

bool slot_attempt_lost_port(const struct slot_attempt *attempt)
{
    switch (attempt->program.cause) {
    case CAUSE_UNPLUGGED:
    case CAUSE_ADAPTER_ERROR:
    case CAUSE_ADAPTER_STUCK: return true;
    default: return false;
    }
}

bool slot_attempt_heard_nothing(const struct slot_attempt *attempt)
{
    const struct program *program = &attempt->program;
    return program->cause == CAUSE_BOARD_SILENT && program->tries == 1 && !program->identified;
}

bool slot_attempt_lost_link(const struct slot_attempt *attempt)
{
    switch (attempt->program.cause) {
    case CAUSE_BOARD_SILENT:
    case CAUSE_NO_BOARD:
    case CAUSE_NOT_DOWNLOAD_MODE:
    case CAUSE_TX_OPEN:
    case CAUSE_LINE_NOISE:
    case CAUSE_STUB_SILENT:
    case CAUSE_BAUD_FAILED:
    case CAUSE_LINK_LOST:
    case CAUSE_REPLY_MALFORMED: return true;
    default: return false;
    }
}

void slot_attempt_close(struct slot_attempt *attempt)
{
    unsigned logged = attempt->row.n_try_results;
    int64_t duration = (int64_t)(steady_clock_us() - attempt->started);
    drop_update(attempt);
    attempt_record_close(&attempt->row, &attempt->program, attempt->row.started + duration);
    log_failed_tries(&attempt->row, logged, attempt->row.n_try_results - 1);
}

/* What worked is where the next attempt begins. */
static void remember_baud(struct slot_attempt *attempt)
{
    bool passed = attempt->row.verdict == VERDICT_PASS;
    if (passed && attempt->row.written == WRITTEN_NO)
        return; /* so few bytes say nothing of the rate */
    uint32_t baud = program_baud(&attempt->program);
    if (passed && baud == attempt->good_baud) {
        attempt->passes_there++;
    } else {
        attempt->passes_there = 0;
        if (passed)
            attempt->good_baud = baud;
    }
}

void slot_attempt_log_verdict(const struct slot_attempt *attempt)
{
    const struct attempt *row = &attempt->row;
    const char *mac = row->mac[0] ? row->mac : "no MAC";
    double seconds = (double)(row->ended - row->started) / 1e6;
    const char *verdict = verdict_name(row->verdict), *cause = cause_code(row->cause);
    const struct log_field fields[] = {
        {"SLOT", row->slot}, {"MAC", row->mac}, {"VERDICT", verdict}, {"CAUSE", cause}, {NULL, NULL}};
    if (row->verdict == VERDICT_PASS)
        log_message(LOG_LEVEL_INFO, "slot", fields, "%s: attempt %lld pass, %s, %.1f s, try %lld at %lld baud%s",
                    row->slot, (long long)row->id, mac, seconds, (long long)row->tries, (long long)row->baud,
                    row->written == WRITTEN_NO ? ", not written: right already" : "");
    else
        log_message(LOG_LEVEL_WARNING, "slot", fields,
                    "%s: attempt %lld %s, %s, %.1f s, try %lld at %lld baud: %s (%s: %s)", row->slot,
                    (long long)row->id, verdict, mac, seconds, (long long)row->tries, (long long)row->baud,
                    cause_sentence(row->cause), cause, row->detail);
}

void slot_attempt_conclude(struct slot_attempt *attempt)
{
    remember_baud(attempt);
    slot_attempt_log_verdict(attempt);
}
