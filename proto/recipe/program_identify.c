/* SPDX-License-Identifier: MIT */
/* Who the unit is. Replies carry no checksum, so all that goes into the book is read twice and must agree. */
#include "proto/recipe/program_internal.h"

#include <stdio.h>
#include <string.h>

#define SPI_POLLS 20
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
#define SPI_USR1_MISO(n) (((n)-1u) << 8) /* bits to read */
#define SPI_USR2_COMMAND (7u << 28)      /* eight bits of it */
#define NOR_RDID         0x9F
#define NOR_ID_BITS      24
#define NOR_RDSR         0x05
#define NOR_SR_BITS      8
#define NOR_SR_WIP       0x01
#define NOR_NO_ANSWER    0xFF
#define ALL_BITS         0xFFFFFFFFu

static bool good_register(struct program *program, const struct session_event *event)
{
    return check_reply_or_fail(program, event, "reading a register", CAUSE_ROM_REFUSED, CAUSE_LINK_LOST);
}

static void decide_chip(struct program *program)
{
    const uint32_t *words = program->at.chip.words;
    if (words[0] != CHIP_MAGIC) {
        program_fail(program, CAUSE_WRONG_CHIP, "magic word 0x%08x", words[0]);
        return;
    }
    bool known = chip_identify(words + 1, &program->chip);
    program->identified = known;
    if (!known) {
        program_fail(program, CAUSE_UNKNOWN_OUI, "efuses %08x %08x %08x %08x", words[1], words[2], words[3], words[4]);
        return;
    }
    program_enter(program, PROGRAM_STUB);
}

void program_step_identify(struct program *program, const struct session_event *event)
{
    struct loader_chip *chip = &program->at.chip;
    if (event->kind == SESSION_STARTED) {
        loader_chip_start(chip, program->session);
        return;
    }
    if (!good_register(program, event))
        return;
    switch (loader_chip_take(chip, program->session, event->value)) {
    case LOADER_CHIP_READING: return;
    case LOADER_CHIP_READ: decide_chip(program); return;
    case LOADER_CHIP_DIFFERS:
        program_fail(program, CAUSE_LINE_NOISE, "register 0x%08x reads as 0x%08x and as 0x%08x",
                     loader_chip_address(chip), chip->words[chip->at], event->value);
        return;
    }
}

static void decide_flash(struct program *program)
{
    const struct program_job *job = program->job;
    uint32_t needed = job->golden->end > job->min_flash_size ? job->golden->end : job->min_flash_size;
    program->flash_id = program->at.id;
    if (!nor_identify(program->flash_id, &program->flash_part))
        program_fail(program, CAUSE_FLASH_ID_UNREADABLE, "id %06x", program->flash_id & 0xFFFFFF);
    else if (program->flash_part.size == 0)
        program_fail(program, CAUSE_FLASH_SIZE_UNKNOWN, "id %02x%04x", program->flash_part.manufacturer,
                     program->flash_part.device);
    else if (program->flash_part.size < needed)
        program_fail(program, CAUSE_FLASH_TOO_SMALL, "flash of %u KB, %u KB are needed",
                     program->flash_part.size / 1024, (needed + 1023) / 1024);
    else {
        const uint32_t params[] = {0, program->flash_part.size, 65536, 4096, 256, 0xFFFF};
        program_request_words(program, WIRE_SPI_SET_PARAMS, params, 6, LOADER_REGISTER_TIMEOUT, LOADER_REGISTER_TRIES);
    }
}

/* The steps of FLASH_ID. The stub's own SPI routines need the registers as they were. */
enum { SAVE_0, SAVE_1, SAVE_2, START, POLL, POLL_LAST = POLL + SPI_POLLS, FETCH, RESTORE, SET_PARAMS };
static const uint32_t saved[] = {SPI_USR, SPI_USR1, SPI_USR2};

/* A busy part does not tell its id: then its status is asked for until it is idle, and the id once more. */
enum { FIRST_LOOK, AT_STATUS, LAST_LOOK };

static void start_command(struct program *program)
{
    bool status = program->at.look == AT_STATUS;
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
    program->step = START;
    program_request_words(program, WIRE_WRITE_REG, words, 20, LOADER_REGISTER_TIMEOUT, LOADER_REGISTER_TRIES);
}

static void take_status(struct program *program, uint32_t value)
{
    uint32_t status = value & 0xFF;
    bool busy = status != NOR_NO_ANSWER && (status & NOR_SR_WIP);
    if (busy && program->session->now - program->entered >= BUSY_LIMIT) {
        program_fail(program, CAUSE_FLASH_SLOW, "still busy with what was begun before");
        return;
    }
    if (!busy) {
        program->at.look = LAST_LOOK;
        program->at.pass = 0;
    }
    start_command(program);
}

static void take_id(struct program *program, uint32_t value)
{
    const uint32_t *spi = program->at.spi;
    struct flash_part part;
    if (program->at.pass++ == 0) {
        program->at.id = value;
        start_command(program);
    } else if (program->at.id != value) {
        program_fail(program, CAUSE_LINE_NOISE, "the flash id reads as %06x and as %06x", program->at.id, value);
    } else if (!nor_identify(value, &part) && program->at.look == FIRST_LOOK) {
        program->at.look = AT_STATUS;
        start_command(program);
    } else {
        program->step = RESTORE;
        const uint32_t restore[] = {SPI_USR,  spi[0], ALL_BITS, 0,      SPI_USR1, spi[1],
                                    ALL_BITS, 0,      SPI_USR2, spi[2], ALL_BITS, 0};
        program_request_words(program, WIRE_WRITE_REG, restore, 12, LOADER_REGISTER_TIMEOUT, LOADER_REGISTER_TRIES);
    }
}

void program_step_flash_id(struct program *program, const struct session_event *event)
{
    if (event->kind == SESSION_STARTED) {
        program->at.pass = 0;
        program->at.look = FIRST_LOOK;
        loader_read_register(program->session, saved[0]);
        return;
    }
    if (!good_register(program, event))
        return;
    switch (program->step) {
    case SAVE_0:
    case SAVE_1:
    case SAVE_2:
        program->at.spi[program->step++] = event->value;
        if (program->step < START)
            loader_read_register(program->session, saved[program->step]);
        else
            start_command(program);
        return;
    case START:
        program->step = POLL;
        loader_read_register(program->session, SPI_CMD);
        return;
    default: /* POLL */
        if (event->value & SPI_CMD_USR) {
            if (++program->step > POLL_LAST)
                program_fail(program, CAUSE_FLASH_ID_UNREADABLE, "the SPI controller does not finish");
            else
                loader_read_register(program->session, SPI_CMD);
            return;
        }
        program->step = FETCH;
        loader_read_register(program->session, SPI_W0);
        return;
    case FETCH:
        if (program->at.look == AT_STATUS)
            take_status(program, event->value);
        else
            take_id(program, event->value);
        return;
    case RESTORE:
        program->step = SET_PARAMS;
        decide_flash(program);
        return;
    case SET_PARAMS:
        program_enter(program, program_baud(program) == LOADER_BAUD ? PROGRAM_COMPARE : PROGRAM_BAUD);
        return;
    }
}
