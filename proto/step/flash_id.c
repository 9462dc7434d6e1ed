/* SPDX-License-Identifier: MIT */
#include "proto/step/flash_id.h"

#include "proto/link/duration.h"

#define SPI_POLLS 21
/* How long the part may be busy with what a try before this one began: an erase of 64 KB, at the stub's limit. */
#define BUSY_LIMIT (4 * S)

/* SPI controller and flash, docs/esp8266.md section 4. */
#define SPI_CMD          0x60000200
#define SPI_USR          0x6000021C
#define SPI_USR1         0x60000220
#define SPI_USR2         0x60000224
#define SPI_W0           0x60000240
#define SPI_CMD_USR      (1u << 18)
#define SPI_USR_COMMAND  (1u << 31)
#define SPI_USR_MISO     (1u << 28)
#define SPI_USR1_MISO(n) (((n) - 1u) << 8) /* bits to read */
#define SPI_USR2_COMMAND (7u << 28)        /* eight bits of it */
#define NOR_RDID         0x9F
#define NOR_ID_BITS      24
#define NOR_RDSR         0x05
#define NOR_SR_BITS      8
#define NOR_SR_WIP       0x01
#define NOR_NO_ANSWER    0xFF
#define ALL_BITS         0xFFFFFFFFu

static const uint32_t saved_registers[FLASH_ID_SAVED] = {SPI_USR, SPI_USR1, SPI_USR2};

static void write_registers(struct flash_id *step, const uint32_t *words, size_t n)
{
    step_begin_operation(&step->base, OPERATION_READ_REGISTER, 0);
    step_request_words(&step->base, WIRE_WRITE_REG, words, n, STEP_REGISTER_TIMEOUT, STEP_REGISTER_TRIES);
}

static enum step_status start_command(struct flash_id *step)
{
    bool status = step->purpose == FLASH_ID_AWAIT_IDLE;
    uint32_t opcode = status ? NOR_RDSR : NOR_RDID;
    uint32_t bits = status ? NOR_SR_BITS : NOR_ID_BITS;
    const uint32_t words[] = {SPI_USR,  SPI_USR_COMMAND | SPI_USR_MISO,
                              ALL_BITS, 0,
                              SPI_USR1, SPI_USR1_MISO(bits),
                              ALL_BITS, 0,
                              SPI_USR2, SPI_USR2_COMMAND | opcode,
                              ALL_BITS, 0,
                              SPI_W0,   0,
                              ALL_BITS, 0,
                              SPI_CMD,  SPI_CMD_USR,
                              ALL_BITS, 0};
    step->phase = FLASH_ID_COMMAND;
    write_registers(step, words, 20);
    return STEP_RUNNING;
}

static enum step_status restore_registers(struct flash_id *step)
{
    const uint32_t *saved = step->saved;
    const uint32_t words[] = {SPI_USR,  saved[0], ALL_BITS, 0,        SPI_USR1, saved[1],
                              ALL_BITS, 0,        SPI_USR2, saved[2], ALL_BITS, 0};
    step->phase = FLASH_ID_RESTORE;
    write_registers(step, words, 12);
    return STEP_RUNNING;
}

static enum step_status set_parameters(struct flash_id *step)
{
    const uint32_t words[] = {0, step->part.size, 65536, 4096, 256, 0xFFFF};
    step->phase = FLASH_ID_SET_PARAMETERS;
    step_begin_operation(&step->base, OPERATION_READ_REGISTER, 0);
    step_request_words(&step->base, WIRE_SPI_SET_PARAMS, words, 6, STEP_REGISTER_TIMEOUT, STEP_REGISTER_TRIES);
    return STEP_RUNNING;
}

static enum step_status read_saved(struct flash_id *step)
{
    step_read_register(&step->base, saved_registers[step->n_saved]);
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
    return step->n_saved == FLASH_ID_SAVED ? start_command(step) : read_saved(step);
}

static enum step_status begin_poll(struct flash_id *step)
{
    step->phase = FLASH_ID_POLL;
    step->polls = 0;
    step_read_register(&step->base, SPI_CMD);
    return STEP_RUNNING;
}

static enum step_status take_poll(struct flash_id *step, uint32_t value)
{
    bool at_work = value & SPI_CMD_USR;
    if (at_work && ++step->polls == SPI_POLLS) {
        step_begin_operation(&step->base, OPERATION_READ_FLASH_ID, 0);
        return step_fail(&step->base, EVIDENCE_SPI_UNFINISHED);
    }
    if (!at_work)
        step->phase = FLASH_ID_FETCH;
    step_read_register(&step->base, at_work ? SPI_CMD : SPI_W0);
    return STEP_RUNNING;
}

static enum step_status take_status(struct flash_id *step, uint32_t value)
{
    uint32_t status = value & 0xFF;
    bool busy = status != NOR_NO_ANSWER && (status & NOR_SR_WIP);
    if (busy && step->base.session->now - step->started >= BUSY_LIMIT) {
        step_begin_operation(&step->base, OPERATION_READ_FLASH_ID, 0);
        return step_fail(&step->base, EVIDENCE_FLASH_BUSY);
    }
    if (!busy) {
        step->purpose = FLASH_ID_READ_AGAIN;
        step->read = (struct repeated_read){0};
    }
    return start_command(step);
}

static enum step_status take_id(struct flash_id *step, uint32_t value)
{
    struct repeated_read *read = &step->read;
    struct flash_part part;
    bool sure = repeated_read_agrees(read, value);
    if (!sure && repeated_read_exhausted(read)) {
        step_begin_operation(&step->base, OPERATION_READ_FLASH_ID, 0);
        return step_fail_values(&step->base, EVIDENCE_DIFFERS, read->before, value);
    }
    if (!sure)
        return start_command(step);
    if (nor_identify(value, &part) || step->purpose == FLASH_ID_READ_AGAIN)
        return restore_registers(step);
    step->purpose = FLASH_ID_AWAIT_IDLE;
    return start_command(step);
}

static enum step_status decide(struct flash_id *step)
{
    step->id_known = true;
    step->id = step->read.value;
    bool answers = nor_identify(step->id, &step->part);
    step_begin_operation(&step->base, OPERATION_READ_FLASH_ID, 0);
    if (!answers)
        return step_fail_values(&step->base, EVIDENCE_FLASH_ABSENT, step->id, 0);
    if (step->part.size == 0)
        return step_fail_values(&step->base, EVIDENCE_FLASH_SIZE_UNKNOWN, step->part.manufacturer, step->part.device);
    if (step->part.size < step->parameters.needed_size)
        return step_fail_values(&step->base, EVIDENCE_FLASH_TOO_SMALL, step->part.size, step->parameters.needed_size);
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
    if (!step_check(&step->base, event))
        return STEP_FAILED;
    switch (step->phase) {
    case FLASH_ID_SAVE: return take_saved(step, event->value);
    case FLASH_ID_COMMAND: return begin_poll(step);
    case FLASH_ID_POLL: return take_poll(step, event->value);
    case FLASH_ID_FETCH:
        return step->purpose == FLASH_ID_AWAIT_IDLE ? take_status(step, event->value) : take_id(step, event->value);
    case FLASH_ID_RESTORE: return decide(step);
    case FLASH_ID_SET_PARAMETERS: break;
    }
    return STEP_DONE;
}
