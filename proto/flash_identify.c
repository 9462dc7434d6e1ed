/* SPDX-License-Identifier: MIT */
/* Who the unit is. Replies carry no checksum, so all that goes into the book is read twice and must agree. */
#include "proto/flash_internal.h"

#include <stdio.h>
#include <string.h>

#define REGISTER_TIMEOUT (500 * MS)
#define REGISTER_TRIES   3
#define SPI_POLLS        20

/* SPI controller and flash, esp8266.md section 4. */
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
#define ALL_BITS         0xFFFFFFFFu

static void read_register(struct flash *flash, uint32_t address)
{
    flash_request_words(flash, WIRE_READ_REG, &address, 1, REGISTER_TIMEOUT, REGISTER_TRIES);
}

static bool good_register(struct flash *flash, const struct session_event *event)
{
    return flash_good(flash, event, "reading a register", CAUSE_ROM_REFUSED, CAUSE_LINK_LOST);
}

static void judge_chip(struct flash *flash)
{
    const uint32_t *words = flash->at.words;
    if (words[0] != CHIP_MAGIC) {
        flash_fail(flash, CAUSE_WRONG_CHIP, "magic word 0x%08x", words[0]);
        return;
    }
    bool known = chip_identify(words + 1, &flash->chip);
    flash->identified = known;
    if (!known) {
        flash_fail(flash, CAUSE_UNKNOWN_OUI, "efuses %08x %08x %08x %08x", words[1], words[2], words[3], words[4]);
        return;
    }
    flash_enter(flash, FLASH_STUB);
}

void flash_step_identify(struct flash *flash, const struct session_event *event)
{
    static const uint32_t addresses[] = {CHIP_MAGIC_ADDRESS, CHIP_EFUSE_ADDRESS, CHIP_EFUSE_ADDRESS + 4,
                                         CHIP_EFUSE_ADDRESS + 8, CHIP_EFUSE_ADDRESS + 12};
    enum { COUNT = sizeof(addresses) / sizeof(addresses[0]) };

    if (event->kind == SESSION_STARTED) {
        flash->at.pass = 0;
    } else {
        if (!good_register(flash, event))
            return;
        uint32_t *word = &flash->at.words[flash->step];
        if (flash->at.pass == 0) {
            *word = event->value;
        } else if (*word != event->value) {
            flash_fail(flash, CAUSE_LINE_NOISE, "register 0x%08x reads as 0x%08x and as 0x%08x", addresses[flash->step],
                       *word, event->value);
            return;
        }
        if (++flash->step == COUNT) {
            flash->step = 0;
            if (++flash->at.pass == 2) {
                judge_chip(flash);
                return;
            }
        }
    }
    read_register(flash, addresses[flash->step]);
}

static void judge_flash(struct flash *flash)
{
    const struct flash_job *job = flash->job;
    uint32_t needed = job->golden->end > job->flash_size ? job->golden->end : job->flash_size;
    flash->flash_id = flash->at.words[0];
    if (!flash_identify(flash->flash_id, &flash->flash_part))
        flash_fail(flash, CAUSE_FLASH_ID_UNREADABLE, "id %06x", flash->flash_id & 0xFFFFFF);
    else if (flash->flash_part.size == 0)
        flash_fail(flash, CAUSE_FLASH_SIZE_UNKNOWN, "id %02x%04x", flash->flash_part.manufacturer,
                   flash->flash_part.device);
    else if (flash->flash_part.size < needed)
        flash_fail(flash, CAUSE_FLASH_TOO_SMALL, "flash of %u KB, %u KB are needed", flash->flash_part.size / 1024,
                   (needed + 1023) / 1024);
    else {
        const uint32_t params[] = {0, flash->flash_part.size, 65536, 4096, 256, 0xFFFF};
        flash_request_words(flash, WIRE_SPI_SET_PARAMS, params, 6, REGISTER_TIMEOUT, REGISTER_TRIES);
    }
}

void flash_step_flash_id(struct flash *flash, const struct session_event *event)
{
    /* The stub's own SPI routines need the registers as they were. */
    static const uint32_t saved[] = {SPI_USR, SPI_USR1, SPI_USR2};
    enum { SAVE_0, SAVE_1, SAVE_2, START, POLL, POLL_LAST = POLL + SPI_POLLS, FETCH, RESTORE, SET_PARAMS };
    const uint32_t *spi = flash->at.spi;

    if (event->kind == SESSION_STARTED) {
        flash->at.pass = 0;
        read_register(flash, saved[0]);
        return;
    }
    if (!good_register(flash, event))
        return;
    switch (flash->step) {
    case SAVE_0:
    case SAVE_1:
    case SAVE_2:
        flash->at.spi[flash->step++] = event->value;
        if (flash->step < START) {
            read_register(flash, saved[flash->step]);
            return;
        }
        break;
    case START:
        flash->step = POLL;
        read_register(flash, SPI_CMD);
        return;
    default: /* POLL */
        if (event->value & SPI_CMD_USR) {
            if (++flash->step > POLL_LAST)
                flash_fail(flash, CAUSE_FLASH_ID_UNREADABLE, "the SPI controller does not finish");
            else
                read_register(flash, SPI_CMD);
            return;
        }
        flash->step = FETCH;
        read_register(flash, SPI_W0);
        return;
    case FETCH:
        if (flash->at.pass++ == 0) {
            flash->at.words[0] = event->value;
            break;
        }
        if (flash->at.words[0] != event->value) {
            flash_fail(flash, CAUSE_LINE_NOISE, "the flash id reads as %06x and as %06x", flash->at.words[0],
                       event->value);
            return;
        }
        flash->step = RESTORE;
        const uint32_t restore[] = {SPI_USR,  spi[0], ALL_BITS, 0,      SPI_USR1, spi[1],
                                    ALL_BITS, 0,      SPI_USR2, spi[2], ALL_BITS, 0};
        flash_request_words(flash, WIRE_WRITE_REG, restore, 12, REGISTER_TIMEOUT, REGISTER_TRIES);
        return;
    case RESTORE:
        flash->step = SET_PARAMS;
        judge_flash(flash);
        return;
    case SET_PARAMS: flash_enter(flash, flash_baud(flash) == FLASH_ROM_BAUD ? FLASH_COMPARE : FLASH_BAUD); return;
    }
    flash->step = START;
    const uint32_t rdid[] = {SPI_USR,  SPI_USR_COMMAND | SPI_USR_MISO,
                             ALL_BITS, 0,
                             SPI_USR1, SPI_USR1_MISO(NOR_ID_BITS),
                             ALL_BITS, 0,
                             SPI_USR2, SPI_USR2_COMMAND | NOR_RDID,
                             ALL_BITS, 0,
                             SPI_W0,   0,
                             ALL_BITS, 0,
                             SPI_CMD,  SPI_CMD_USR,
                             ALL_BITS, 0};
    flash_request_words(flash, WIRE_WRITE_REG, rdid, 20, REGISTER_TIMEOUT, REGISTER_TRIES);
}
