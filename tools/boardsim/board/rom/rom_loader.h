/* SPDX-License-Identifier: MIT */
/* The ROM's serial loader: autobaud, SLIP frames, its commands, its error codes and its bugs (docs/esp8266.md section
 * 2). */
#ifndef BOARDSIM_ROM_LOADER_H
#define BOARDSIM_ROM_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/boardsim/board/rom/rom_flash.h"

struct chip;

/* Every frame is decoded into this memory of the chip: 8 bytes of header, 16 of data header, up to 0x1800 of payload.
 */
#define ROM_MESSAGE      0x3fffa000u
#define ROM_MESSAGE_SIZE 0x2000u

enum rom_loader_state {
    LOADER_AUTOBAUD,
    LOADER_RECEIVE,
    LOADER_THINK,  /* a whole frame is there; the answer takes its time */
    LOADER_WRITES, /* WRITE_REG works through its tuples */
    LOADER_JOB,    /* the flash is busy for us */
    LOADER_LEAVE,  /* the answer must be out first */
};

/* Where LOADER_LEAVE goes. */
enum rom_loader_leave {
    LEAVE_TO_CODE, /* at `entry` */
    LEAVE_TO_FLASH,
    LEAVE_BY_RESET,
};

struct rom_loader {
    enum rom_loader_state state;
    bool in_frame, escaped;
    uint32_t received; /* bytes of the frame so far, those beyond ROM_MESSAGE_SIZE counted but not kept */
    uint8_t op;        /* the last known one */
    uint32_t value;    /* of the last SYNC or READ_REG */
    uint32_t address, next, blocks, block_size, written; /* of MEM_ or FLASH_BEGIN */
    uint32_t erase_head, erase_begun, erase_more;        /* bytes of FLASH_BEGIN's two erases */
    uint32_t tuple, tuples;                              /* of WRITE_REG */
    bool delayed;                                        /* the tuple's delay has passed */
    uint32_t entry;
    enum rom_loader_leave leave;
    bool reading_back;
    struct flash_job job;
};

/* Begins to listen. */
void rom_loader_start(struct chip *chip);

/* Goes on; returns when to call again, CHIP_NEVER for "at the next event". */
uint64_t rom_loader_step(struct chip *chip);

#endif
