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

/* All registers have been read twice. */
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

enum step_status chip_id_step(struct chip_id *step, const struct session_event *event)
{
    if (!step_check(&step->base, event))
        return STEP_FAILED;
    if (step->pass == 0)
        step->words[step->at] = event->value;
    else if (step->words[step->at] != event->value)
        return step_fail_values(&step->base, EVIDENCE_DIFFERS, step->words[step->at], event->value);
    if (++step->at == REGISTERS) {
        step->at = 0;
        if (++step->pass == 2)
            return identify(step);
    }
    step_read_register(&step->base, registers[step->at]);
    return STEP_RUNNING;
}
