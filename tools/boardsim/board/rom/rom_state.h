/* SPDX-License-Identifier: MIT */
/*
 * What the ROM keeps from one step to the next, and which chip it runs on. The ROM's code is done natively, in steps
 * between which time passes; a step that hands control to another part of the ROM, or to loaded code, says so in
 * `next`, and rom_step() does it.
 */
#ifndef BOARDSIM_ROM_STATE_H
#define BOARDSIM_ROM_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/boardsim/board/chip/chip.h"
#include "tools/boardsim/board/rom/rom_flash.h"

/* The part of the ROM that goes on while the chip is in CHIP_ROM. */
enum rom_part {
    ROM_BOOT,   /* banner, then what the straps say */
    ROM_LOADER, /* the serial loader */
};

/* Where control goes after the step. */
enum rom_next {
    ROM_NEXT_STEP, /* stays where it is */
    ROM_NEXT_LOADER,
    ROM_NEXT_FLASH, /* boots from flash, without a banner */
    ROM_NEXT_CODE,  /* calls loaded code at `entry` */
    ROM_NEXT_RESET, /* the reset that software asks for */
};

/* What ROM code has printed and the transmit FIFO has not yet taken. */
struct rom_outbox {
    uint8_t bytes[2048];
    size_t head, count;
};

/* Boot. */

#define ROM_BOOT_PIECE 16u

enum rom_boot_state {
    BOOT_START,   /* hardware comes up */
    BOOT_PRINT,   /* the banner comes now */
    BOOT_BANNER,  /* it is being sent */
    BOOT_HEADER,  /* of the image, and of its first segment */
    BOOT_MODE,    /* the part takes in how it will be read */
    BOOT_SEGMENT, /* a segment's header is read */
    BOOT_DATA,    /* a segment is read */
    BOOT_CHECK,   /* all segments are */
    BOOT_ENTER,   /* the image is started */
    BOOT_ENDED,
};

struct rom_boot {
    enum rom_boot_state state;
    uint32_t at;                   /* the flash address from which it reads next */
    uint8_t piece[ROM_BOOT_PIECE]; /* what it read last */
    unsigned head, tail,
        used;          /* bytes of the piece: under headers, under data behind them; both, or all if it is done */
    unsigned segments; /* still to come */
    uint32_t entry, address, length, left;
    uint8_t sum;
};

/* The serial loader. */

enum rom_loader_state {
    LOADER_AUTOBAUD,
    LOADER_RECEIVE,
    LOADER_EXECUTE, /* a whole frame is there; the answer takes its time */
    LOADER_WRITES,  /* WRITE_REG works through its tuples */
    LOADER_JOB,     /* the flash is busy with the command's job */
    LOADER_LEAVE,   /* the answer must be out first */
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
    enum rom_next leave; /* where LOADER_LEAVE goes; ROM_NEXT_CODE: to `entry` */
    bool reading_back;
    struct flash_job job;
};

/* The functions that loaded code calls. */

#define ROM_ISR_DEPTH 4

/* A call under way. */
struct rom_call {
    uint32_t entry; /* 0: none */
    unsigned step;
    uint64_t until;
    struct flash_job job;
};

/* What an interrupt has interrupted. */
struct rom_context {
    uint32_t a[16], pc, sar, ps;
    struct rom_call call;
};

struct rom_calls {
    struct rom_call call;
    struct {
        uint32_t handler, argument;
    } isr[16];
    struct rom_context saved[ROM_ISR_DEPTH];
    unsigned depth;
    uint32_t user_start;
    uint32_t put; /* what ets_printf() prints its letters by; 0: the ROM's own */
};

struct rom {
    struct chip *chip;
    enum rom_part part;
    enum rom_next next;
    uint32_t entry; /* of ROM_NEXT_CODE */
    struct rom_outbox outbox;
    struct rom_boot boot;
    struct rom_loader loader;
    struct rom_calls calls;
    struct rom_flash flash; /* the flash part's geometry, as the ROM assumes it */
};

#endif
