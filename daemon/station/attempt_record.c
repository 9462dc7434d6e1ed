/* SPDX-License-Identifier: MIT */
#include "daemon/station/attempt_record.h"

#include "proto/link/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void attempt_record_prepare(struct attempt *attempt, const struct golden *golden, int64_t started)
{
    attempt->started = started;
    memcpy(attempt->image_md5, golden->md5, sizeof(attempt->image_md5));
    memcpy(attempt->image_sha256, golden->sha256, sizeof(attempt->image_sha256));
    attempt->image_size = (int64_t)golden->size;
    text_copy(attempt->gangd, sizeof(attempt->gangd), GANGD_VERSION);
}

void attempt_record_observe(struct attempt *attempt, const struct program *program)
{
    attempt->tries = program->tries;
    attempt->baud = program_baud(program);
    text_copy(attempt->stub, sizeof(attempt->stub), program->stub_name);
    if (program->identified) {
        const uint8_t *mac = program->chip.mac;
        snprintf(attempt->mac, sizeof(attempt->mac), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                 mac[4], mac[5]);
        snprintf(attempt->chip_id, sizeof(attempt->chip_id), "%08x", program->chip.chip_id);
        text_copy(attempt->chip, sizeof(attempt->chip), program->chip.name);
    }
    nor_id_text(program->flash_part.id, attempt->flash_id);
    attempt->flash_size = program->flash_part.size;
    nor_unique_text(&program->flash_part, attempt->flash_unique_id);
    nor_note(&program->flash_part, attempt->flash_note);
    attempt->n_try_results = program->tries > 0 ? program->tries - 1 : 0;
    memcpy(attempt->try_results, program->failed_tries, sizeof(attempt->try_results));
    attempt->written = program->written ? WRITTEN_YES : WRITTEN_NO;
#define X(phase, label, word) attempt->seconds.phase = (double)program->phase_us[PROGRAM_PHASE_##phase] / 1e6;
    PROGRAM_PHASES(X)
#undef X
}

static enum verdict verdict_of(const struct program *program)
{
    if (program->state == PROGRAM_PASSED)
        return VERDICT_PASS;
    switch (program->cause) {
    case CAUSE_NO_BOARD:
    case CAUSE_UNPLUGGED:
    case CAUSE_BOARD_REMOVED:
    case CAUSE_ADAPTER_ERROR:
    case CAUSE_ADAPTER_STUCK:
    case CAUSE_PORT_SHARED:
    case CAUSE_STOPPED: return VERDICT_INTERRUPTED;
    default: return VERDICT_FAIL;
    }
}

void attempt_record_close(struct attempt *attempt, const struct program *program, int64_t ended)
{
    assert(program_ended(program));
    attempt_record_observe(attempt, program);
    attempt->ended = ended;
    program_last_try(program, &attempt->try_results[attempt->n_try_results++]);
    attempt->verdict = verdict_of(program);
    attempt->cause = program->cause;
    text_copy(attempt->detail, sizeof(attempt->detail), attempt->verdict == VERDICT_PASS ? "" : program->detail);
}
