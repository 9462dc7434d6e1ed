/* SPDX-License-Identifier: MIT */
#include "proto/step/chip_id.h"

#include <string.h>

static const uint32_t registers[] = {CHIP_MAGIC_ADDRESS, CHIP_EFUSE_ADDRESS, CHIP_EFUSE_ADDRESS + 4,
                                     CHIP_EFUSE_ADDRESS + 8, CHIP_EFUSE_ADDRESS + 12};
#define REGISTERS (sizeof(registers) / sizeof(registers[0]))

enum step_status chip_id_start(struct chip_id *step, struct session *session)
{
    memset(step, 0, sizeof(*step));
    step_init(&step->base, session);
    step_read_register(&step->base, registers[0]);
    return STEP_RUNNING;
}

/* Two passes agree. */
static enum step_status identify(struct chip_id *step)
{
    if (step->words[0] != CHIP_MAGIC) {
        step_begin_operation(&step->base, OPERATION_READ_REGISTER, CHIP_MAGIC_ADDRESS);
        return step_fail_values(&step->base, EVIDENCE_WRONG_VALUE, step->words[0], 0);
    }
    if (chip_identify(step->words + 1, &step->identity))
        return STEP_DONE;
    memcpy(step->base.evidence.values, step->words + 1, sizeof(step->base.evidence.values));
    return step_fail(&step->base, EVIDENCE_UNKNOWN_OUI);
}

static void take_word(struct chip_id *step, uint32_t value)
{
    if (step->passes > 0 && step->words[step->at] != value) {
        step->differing = step->at;
        step->before = step->words[step->at];
        step->differences++;
    }
    step->words[step->at++] = value;
}

static enum step_status fail_unstable(struct chip_id *step)
{
    step_begin_operation(&step->base, OPERATION_READ_REGISTER, registers[step->differing]);
    return step_fail_values(&step->base, EVIDENCE_DIFFERS, step->before, step->words[step->differing]);
}

static enum step_status end_pass(struct chip_id *step)
{
    if (++step->passes > 1 && step->differences == 0)
        return identify(step);
    if (step->passes == CHIP_ID_PASSES)
        return fail_unstable(step);
    step->at = 0;
    step->differences = 0;
    step_read_register(&step->base, registers[0]);
    return STEP_RUNNING;
}

enum step_status chip_id_step(struct chip_id *step, const struct session_event *event)
{
    if (!step_check(&step->base, event))
        return STEP_FAILED;
    take_word(step, event->value);
    if (step->at == REGISTERS)
        return end_pass(step);
    step_read_register(&step->base, registers[step->at]);
    return STEP_RUNNING;
}
