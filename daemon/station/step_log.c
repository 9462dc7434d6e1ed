/* SPDX-License-Identifier: MIT */
#include "daemon/station/step_log.h"

#include "daemon/base/log.h"
#include "proto/link/text.h"

static void print_chip(const struct chip_identity *chip, char *words, size_t size)
{
    const uint8_t *mac = chip->mac;
    text_print(words, size, ": %s, %02x:%02x:%02x:%02x:%02x:%02x", chip->name, mac[0], mac[1], mac[2], mac[3], mac[4],
               mac[5]);
}

static void print_stream(const struct stream *stream, char *words, size_t size)
{
    bool skipped = stream->parameters.flags & WIRE_STREAM_SKIP_BLANK;
    text_print(words, size, ": %u frames sent again%s", stream->resends, skipped ? ", blank sectors not erased" : "");
}

static void print_part(const struct flash_part *part, char *words, size_t size)
{
    char id[NOR_ID_TEXT_SIZE], note[NOR_NOTE_SIZE];
    nor_id_text(part->id, id);
    nor_note(part, note);
    text_print(words, size, ": %s, %u KB%s%s", id, (unsigned)part->size / 1024, note[0] ? ", " : "", note);
}

static void print_plan(const struct program *program, char *words, size_t size)
{
    const struct golden *golden = program->job->golden;
    const struct stream_parameters all = {.golden = golden}, planned = {golden, program->step.plan.update, 0};
    uint32_t bytes = 0, all_bytes = 0;
    for (size_t i = 0; i < golden->n_parts; i++) {
        bytes += stream_data_of(&planned, i)->size;
        all_bytes += stream_data_of(&all, i)->size;
    }
    if (program->step.plan.update)
        text_print(words, size, ": %u KB to send instead of %u", (unsigned)bytes / 1024, (unsigned)all_bytes / 1024);
    else
        text_copy(words, size, ": not made in time, all is written");
}

/* What a step that is done has found; "" of most. */
static void print_result(const struct program *program, const struct program_step *step, char *words, size_t size)
{
    switch (step->state) {
    case PROGRAM_IDENTIFY: print_chip(&program->chip, words, size); break;
    case PROGRAM_STUB: text_print(words, size, ": %s", program->stub_name); break;
    case PROGRAM_FLASH_ID: print_part(&program->flash_part, words, size); break;
    case PROGRAM_COMPARE: text_copy(words, size, program->step.compare.equal ? ": equal" : ": different"); break;
    case PROGRAM_PLAN: print_plan(program, words, size); break;
    case PROGRAM_STREAM: print_stream(&program->step.stream, words, size); break;
    default: text_copy(words, size, ""); break;
    }
}

void step_log(const char *slot, const struct program *program, const struct program_step *step)
{
    char result[256], words[128];
    if (step->cause != CAUSE_NONE) {
        text_print(result, sizeof(result), "failed: %s, %s", cause_code(step->cause), step->detail);
    } else {
        print_result(program, step, words, sizeof(words));
        text_print(result, sizeof(result), "done%s", words);
    }
    log_debug("step", "%s: try %u  %-11s  %7u baud  %5llu ms  %s", slot, step->try, step->name, (unsigned)step->baud,
              (unsigned long long)(step->us + 500) / 1000, result);
}
