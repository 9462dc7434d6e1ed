/* SPDX-License-Identifier: MIT */
#include "proto/step/flash_id.h"

#include "proto/chip/sfdp.h"
#include "proto/link/bytes.h"
#include "proto/link/duration.h"

#include <string.h>

/* How long the part may be busy with what a try before this one began: an erase of 64 KB, at the stub's limit. */
#define BUSY_LIMIT (4 * S)

#define ALL_BITS   0xFFFFFFFFu
#define SR_WIP     0x01
#define SR_NOTHING 0xFF /* the status of a part that does not answer */

enum purpose { ID, AWAIT_IDLE, ID_IDLE, RELEASE, LEAVE_QUAD, ID_RELEASED, RESET, ID_RESET, SFDP, DENSITY, UNIQUE };

static enum step_status take_id(struct flash_id *step);
static enum step_status take_status(struct flash_id *step);
static enum step_status take_sfdp(struct flash_id *step);
static enum step_status take_density(struct flash_id *step);
static enum step_status take_unique(struct flash_id *step);

/* The commands, in the order in which they are given as long as the part does not answer RDID. */
static const struct {
    uint8_t opcode, second;
    bool addressed;
    uint8_t words;
    bool repeated; /* until the answer comes twice in a row */
    enum operation operation;
    enum step_status (*take)(struct flash_id *step); /* the answer; NULL: the next command follows */
} commands[] = {
    [ID] = {0x9F, 0, false, 1, true, OPERATION_READ_FLASH_ID, take_id},
    [AWAIT_IDLE] = {0x05, 0, false, 1, false, OPERATION_READ_FLASH_ID, take_status},
    [ID_IDLE] = {0x9F, 0, false, 1, true, OPERATION_READ_FLASH_ID, take_id},
    [RELEASE] = {0xAB, 0, false, 0, false, OPERATION_READ_FLASH_ID, NULL},    /* from deep power-down */
    [LEAVE_QUAD] = {0xFF, 0, false, 0, false, OPERATION_READ_FLASH_ID, NULL}, /* and a continuous read */
    [ID_RELEASED] = {0x9F, 0, false, 1, true, OPERATION_READ_FLASH_ID, take_id},
    [RESET] = {0x66, 0x99, false, 0, false, OPERATION_READ_FLASH_ID, NULL}, /* any command between the two ends it */
    [ID_RESET] = {0x9F, 0, false, 1, true, OPERATION_READ_FLASH_ID, take_id},
    [SFDP] = {0x5A, 0, true, SFDP_HEADER_WORDS, true, OPERATION_READ_SFDP, take_sfdp},
    [DENSITY] = {0x5A, 0, true, 1, true, OPERATION_READ_SFDP, take_density},
    [UNIQUE] = {0x4B, 0, true, NOR_UNIQUE_ID_MAX / 4, true, OPERATION_READ_UNIQUE_ID, take_unique},
};

static unsigned unique_bytes(const struct flash_id *step)
{
    const struct nor_row *row = step->part.row;
    return row ? row->family->unique : 0;
}

static enum step_status give(struct flash_id *step)
{
    enum purpose purpose = step->purpose;
    step->phase = FLASH_ID_COMMAND;
    return spi_command_start(
        &step->command, step->base.session,
        &(struct spi_command_parameters){
            .operation = commands[purpose].operation,
            .opcode = commands[purpose].opcode,
            .second = commands[purpose].second,
            .addressed = commands[purpose].addressed,
            .address = purpose == DENSITY ? step->density_address : 0,
            .words = purpose == UNIQUE ? (uint8_t)(unique_bytes(step) / 4) : commands[purpose].words,
        });
}

static enum step_status begin(struct flash_id *step, enum purpose purpose)
{
    step->purpose = purpose;
    step->reads = 0;
    return give(step);
}

static void write_registers(struct flash_id *step, const uint32_t *words, size_t n)
{
    step_begin_operation(&step->base, OPERATION_READ_REGISTER, 0);
    step_request_words(&step->base, WIRE_WRITE_REG, words, n, STEP_REGISTER_TIMEOUT, STEP_REGISTER_TRIES);
}

static enum step_status restore_registers(struct flash_id *step)
{
    uint32_t words[4 * SPI_REGISTERS];
    for (size_t i = 0; i < SPI_REGISTERS; i++) {
        const uint32_t tuple[] = {spi_registers[i], step->saved[i], ALL_BITS, 0};
        memcpy(words + 4 * i, tuple, sizeof(tuple));
    }
    step->phase = FLASH_ID_RESTORE;
    write_registers(step, words, 4 * SPI_REGISTERS);
    return STEP_RUNNING;
}

static enum step_status fail(struct flash_id *step, enum evidence_kind kind, uint32_t first, uint32_t second)
{
    step_begin_operation(&step->base, OPERATION_READ_FLASH_ID, 0);
    return step_fail_values(&step->base, kind, first, second);
}

static enum step_status read_saved(struct flash_id *step)
{
    step_read_register(&step->base, spi_registers[step->n_saved]);
    return STEP_RUNNING;
}

static enum step_status take_saved(struct flash_id *step, uint32_t value)
{
    struct repeated_read *read = &step->read;
    if (repeated_read_agrees(read, value)) {
        step->saved[step->n_saved++] = value;
        *read = (struct repeated_read){0};
    } else if (repeated_read_exhausted(read)) {
        return step_fail_values(&step->base, EVIDENCE_DIFFERS, read->before, read->value);
    }
    return step->n_saved == SPI_REGISTERS ? begin(step, ID) : read_saved(step);
}

/* The answers. */

static enum step_status look_for_unique_id(struct flash_id *step)
{
    return unique_bytes(step) > 0 ? begin(step, UNIQUE) : restore_registers(step);
}

static enum step_status take_id(struct flash_id *step)
{
    static const enum nor_woken woken[] = {[ID_RELEASED] = NOR_WOKEN_BY_RELEASE, [ID_RESET] = NOR_WOKEN_BY_RESET};
    struct flash_part part;
    step->answers = nor_identify(step->command.answer[0], &part);
    if (!step->answers && step->purpose != ID_RESET)
        return begin(step, step->purpose + 1);
    step->part = part;
    if (!step->answers)
        return restore_registers(step);
    step->part.woken = woken[step->purpose];
    return step->part.size == 0 ? begin(step, SFDP) : look_for_unique_id(step);
}

static enum step_status take_status(struct flash_id *step)
{
    uint32_t status = step->command.answer[0] & 0xFF;
    bool busy = status != SR_NOTHING && (status & SR_WIP);
    if (busy && step->base.session->now - step->started >= BUSY_LIMIT)
        return fail(step, EVIDENCE_FLASH_BUSY, 0, 0);
    return begin(step, busy ? AWAIT_IDLE : ID_IDLE);
}

static enum step_status take_sfdp(struct flash_id *step)
{
    if (sfdp_find_density(step->command.answer, &step->density_address))
        return begin(step, DENSITY);
    return look_for_unique_id(step);
}

static enum step_status take_density(struct flash_id *step)
{
    step->part.size = sfdp_size(step->command.answer[0]);
    step->part.size_source = step->part.size ? NOR_SIZE_BY_SFDP : NOR_SIZE_UNKNOWN;
    return look_for_unique_id(step);
}

static bool all_bytes_are(const uint8_t *bytes, size_t n, uint8_t value)
{
    size_t i = 0;
    while (i < n && bytes[i] == value)
        i++;
    return i == n;
}

static enum step_status take_unique(struct flash_id *step)
{
    struct flash_part *part = &step->part;
    unsigned n = unique_bytes(step);
    for (unsigned i = 0; i < n / 4; i++)
        put_le32(part->unique + 4 * i, step->command.answer[i]);
    bool none = all_bytes_are(part->unique, n, 0xFF) || all_bytes_are(part->unique, n, 0);
    part->unique_bytes = none ? 0 : n;
    return restore_registers(step);
}

static bool reads_id(const struct flash_id *step)
{
    return commands[step->purpose].take == take_id;
}

/* Behind an id of three bytes nothing may drive the line. */
static bool same_as_before(const struct flash_id *step)
{
    if (reads_id(step))
        return nor_id(step->before[0]) == nor_id(step->command.answer[0]);
    return memcmp(step->before, step->command.answer, sizeof(step->before)) == 0;
}

/* No board is refused for want of a unique id. */
static enum step_status take_difference(struct flash_id *step)
{
    const uint32_t *before = step->before, *now = step->command.answer;
    if (step->purpose == UNIQUE)
        return restore_registers(step);
    if (reads_id(step))
        return fail(step, EVIDENCE_DIFFERS, nor_id(*before), nor_id(*now));
    for (; *before == *now; before++)
        now++;
    step_begin_operation(&step->base, OPERATION_READ_SFDP, 0);
    return step_fail_values(&step->base, EVIDENCE_DIFFERS, *before, *now);
}

static enum step_status take_answer(struct flash_id *step)
{
    enum purpose purpose = step->purpose;
    bool first = step->reads++ == 0;
    bool sure = !commands[purpose].repeated || (!first && same_as_before(step));
    if (!sure && step->reads == REPEATED_READ_LIMIT)
        return take_difference(step);
    if (!sure) {
        memcpy(step->before, step->command.answer, sizeof(step->before));
        return give(step);
    }
    return commands[purpose].take ? commands[purpose].take(step) : begin(step, purpose + 1);
}

static enum step_status take_command(struct flash_id *step, const struct session_event *event)
{
    enum step_status status = spi_command_step(&step->command, event);
    if (status == STEP_FAILED && step->purpose == UNIQUE && step->command.base.evidence.kind == EVIDENCE_SPI_UNFINISHED)
        return restore_registers(step);
    step->base.evidence = step->command.base.evidence;
    return status == STEP_DONE ? take_answer(step) : status;
}

/* The decision. */

static bool is_accepted(const struct flash_id *step)
{
    const struct flash_id_parameters *parameters = &step->parameters;
    size_t i = 0;
    while (i < parameters->n_accepted && parameters->accepted[i] != step->part.id)
        i++;
    return parameters->n_accepted == 0 || i < parameters->n_accepted;
}

static void use_stated_size(struct flash_id *step)
{
    struct flash_part *part = &step->part;
    if (part->size != 0 || step->parameters.stated_size == 0)
        return;
    part->size = step->parameters.stated_size;
    part->size_source = NOR_SIZE_STATED;
}

static enum step_status set_parameters(struct flash_id *step)
{
    const uint32_t words[] = {0, step->part.size, 65536, 4096, 256, 0xFFFF};
    step->phase = FLASH_ID_SET_PARAMETERS;
    step_begin_operation(&step->base, OPERATION_READ_REGISTER, 0);
    step_request_words(&step->base, WIRE_SPI_SET_PARAMS, words, 6, STEP_REGISTER_TIMEOUT, STEP_REGISTER_TRIES);
    return STEP_RUNNING;
}

static enum step_status decide(struct flash_id *step)
{
    const struct flash_part *part = &step->part;
    if (!step->answers)
        return fail(step, EVIDENCE_FLASH_ABSENT, part->id, 0);
    if (!is_accepted(step))
        return fail(step, EVIDENCE_FLASH_NOT_ACCEPTED, part->id, 0);
    if (part->row && part->row->family->word_program)
        return fail(step, EVIDENCE_FLASH_WORD_PROGRAM, part->id, 0);
    use_stated_size(step);
    if (part->size == 0)
        return fail(step, EVIDENCE_FLASH_SIZE_UNKNOWN, part->id, 0);
    if (part->size < step->parameters.needed_size)
        return fail(step, EVIDENCE_FLASH_TOO_SMALL, part->size, step->parameters.needed_size);
    return set_parameters(step);
}

enum step_status flash_id_start(struct flash_id *step, struct session *session,
                                const struct flash_id_parameters *parameters)
{
    *step = (struct flash_id){.parameters = *parameters, .started = session->now};
    step_init(&step->base, session);
    return read_saved(step);
}

enum step_status flash_id_step(struct flash_id *step, const struct session_event *event)
{
    if (step->phase == FLASH_ID_COMMAND)
        return take_command(step, event);
    if (!step_check(&step->base, event))
        return STEP_FAILED;
    switch (step->phase) {
    case FLASH_ID_SAVE: return take_saved(step, event->value);
    case FLASH_ID_RESTORE: return decide(step);
    case FLASH_ID_COMMAND:
    case FLASH_ID_SET_PARAMETERS: break;
    }
    return STEP_DONE;
}
