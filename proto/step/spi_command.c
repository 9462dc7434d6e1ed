/* SPDX-License-Identifier: MIT */
#include "proto/step/spi_command.h"

#include <assert.h>

#define POLLS        21
#define SECOND_AFTER 10 /* µs: eight bits take one at the loader's clock */

#define SPI_CMD          0x60000200
#define SPI_ADDR         0x60000204
#define SPI_USR          0x6000021C
#define SPI_USR1         0x60000220
#define SPI_USR2         0x60000224
#define SPI_W0           0x60000240
#define SPI_CMD_USR      (1u << 18)
#define SPI_USR_COMMAND  (1u << 31)
#define SPI_USR_ADDRESS  (1u << 30)
#define SPI_USR_DUMMY    (1u << 29)
#define SPI_USR_MISO     (1u << 28)
#define SPI_USR1_ADDRESS (23u << 26) /* 24 bits of it, which leave from the top of SPI_ADDR */
#define SPI_USR1_MISO(n) (((n) - 1u) << 8)
#define SPI_USR1_DUMMY   7u         /* eight clocks */
#define SPI_USR2_COMMAND (7u << 28) /* eight bits of it */
#define ALL_BITS         0xFFFFFFFFu

const uint32_t spi_registers[SPI_REGISTERS] = {SPI_USR, SPI_USR1, SPI_USR2};

static enum step_status give(struct spi_command *step)
{
    const struct spi_command_parameters *give = &step->parameters;
    uint32_t usr = SPI_USR_COMMAND, usr1 = SPI_USR1_ADDRESS | SPI_USR1_DUMMY;
    usr |= give->addressed ? SPI_USR_ADDRESS | SPI_USR_DUMMY : 0;
    usr |= give->words > 0 ? SPI_USR_MISO : 0;
    usr1 |= give->words > 0 ? SPI_USR1_MISO(32u * give->words) : 0;
    /* Address, value, mask, µs to wait before. */
    const uint32_t registers[] = {SPI_USR,  usr,
                                  ALL_BITS, 0,
                                  SPI_USR1, usr1,
                                  ALL_BITS, 0,
                                  SPI_USR2, SPI_USR2_COMMAND | give->opcode,
                                  ALL_BITS, 0,
                                  SPI_ADDR, give->address << 8,
                                  ALL_BITS, 0,
                                  SPI_W0,   0,
                                  ALL_BITS, 0,
                                  SPI_CMD,  SPI_CMD_USR,
                                  ALL_BITS, 0,
                                  SPI_USR2, SPI_USR2_COMMAND | give->second,
                                  ALL_BITS, SECOND_AFTER,
                                  SPI_CMD,  SPI_CMD_USR,
                                  ALL_BITS, 0};
    size_t words = sizeof(registers) / sizeof(registers[0]);
    step_begin_operation(&step->base, OPERATION_READ_REGISTER, 0);
    step_request_words(&step->base, WIRE_WRITE_REG, registers, give->second ? words : words - 8, STEP_REGISTER_TIMEOUT,
                       STEP_REGISTER_TRIES);
    return STEP_RUNNING;
}

static enum step_status poll(struct spi_command *step)
{
    step->phase = SPI_COMMAND_POLL;
    step_read_register(&step->base, SPI_CMD);
    return STEP_RUNNING;
}

static enum step_status fetch(struct spi_command *step)
{
    step->phase = SPI_COMMAND_FETCH;
    if (step->fetched == step->parameters.words)
        return STEP_DONE;
    step_read_register(&step->base, SPI_W0 + 4 * step->fetched);
    return STEP_RUNNING;
}

static enum step_status take_poll(struct spi_command *step, uint32_t value)
{
    if (!(value & SPI_CMD_USR))
        return fetch(step);
    if (++step->polls < POLLS)
        return poll(step);
    step_begin_operation(&step->base, step->parameters.operation, 0);
    return step_fail(&step->base, EVIDENCE_SPI_UNFINISHED);
}

enum step_status spi_command_start(struct spi_command *step, struct session *session,
                                   const struct spi_command_parameters *parameters)
{
    assert(parameters->words <= SPI_ANSWER_WORDS);
    *step = (struct spi_command){.parameters = *parameters};
    step_init(&step->base, session);
    return give(step);
}

enum step_status spi_command_step(struct spi_command *step, const struct session_event *event)
{
    if (!step_check(&step->base, event))
        return STEP_FAILED;
    switch (step->phase) {
    case SPI_COMMAND_GIVE: return poll(step);
    case SPI_COMMAND_POLL: return take_poll(step, event->value);
    case SPI_COMMAND_FETCH: break;
    }
    step->answer[step->fetched++] = event->value;
    return fetch(step);
}
