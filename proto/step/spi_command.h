/* SPDX-License-Identifier: MIT */
/*
 * Step: give the flash part one command, through the registers of the SPI controller, and read what it answers. It
 * needs no more of a stub than reading and writing registers, so any stub will do. Source: docs/esp8266.md section 4.
 *
 * It leaves USR, USR1 and USR2 changed, which a stub's own routines need as they were: spi_registers[] names them.
 */
#ifndef PROTO_STEP_SPI_COMMAND_H
#define PROTO_STEP_SPI_COMMAND_H

#include "proto/step/step.h"

/* Registers whose values have to be restored when no more commands follow. */
#define SPI_REGISTERS 3
extern const uint32_t spi_registers[SPI_REGISTERS];

#define SPI_ANSWER_WORDS 4

struct spi_command_parameters {
    enum operation operation; /* for the evidence, if the controller does not finish */
    uint8_t opcode;
    uint8_t second; /* opcode of a command right behind this one, with nothing in between; 0: none */
    bool addressed; /* `address` and a dummy byte follow the opcode */
    uint32_t address;
    uint8_t words; /* that are read after it, 0 to SPI_ANSWER_WORDS */
};

struct spi_command {
    struct step base;
    struct spi_command_parameters parameters;
    uint32_t answer[SPI_ANSWER_WORDS]; /* the first byte is the lowest */
    /* Inside. */
    enum { SPI_COMMAND_GIVE, SPI_COMMAND_POLL, SPI_COMMAND_FETCH } phase;
    unsigned polls, fetched;
};

/* Fails with NO_ANSWER, REFUSED or STRAY of READ_REGISTER, and SPI_UNFINISHED. */
MUST_CHECK enum step_status spi_command_start(struct spi_command *step, struct session *session,
                                              const struct spi_command_parameters *parameters);
MUST_CHECK enum step_status spi_command_step(struct spi_command *step, const struct session_event *event);

#endif
