/* SPDX-License-Identifier: MIT */
/* The commands of a serial NOR flash, by the names and codes that the W25Q family's data sheets give them. */
#ifndef BOARDSIM_NOR_COMMANDS_H
#define BOARDSIM_NOR_COMMANDS_H

enum nor_command {
    NOR_WRITE_STATUS_1 = 0x01,
    NOR_PAGE_PROGRAM = 0x02,
    NOR_READ = 0x03,
    NOR_WRITE_DISABLE = 0x04,
    NOR_READ_STATUS_1 = 0x05,
    NOR_WRITE_ENABLE = 0x06,
    NOR_FAST_READ = 0x0b,
    NOR_WRITE_STATUS_3 = 0x11,
    NOR_READ_STATUS_3 = 0x15,
    NOR_ERASE_4K = 0x20,
    NOR_WRITE_STATUS_2 = 0x31,
    NOR_READ_STATUS_2 = 0x35,
    NOR_FAST_READ_DUAL_OUTPUT = 0x3b,
    NOR_WRITE_ENABLE_VOLATILE = 0x50, /* the next write of a status register does not last */
    NOR_READ_UNIQUE_ID = 0x4b,
    NOR_ERASE_32K = 0x52,
    NOR_READ_SFDP = 0x5a,
    NOR_ERASE_CHIP_TOO = 0x60,
    NOR_ENABLE_RESET = 0x66, /* for the one command that follows */
    NOR_FAST_READ_QUAD_OUTPUT = 0x6b,
    NOR_READ_MANUFACTURER = 0x90,
    NOR_UNLOCK_ALL_BLOCKS = 0x98,
    NOR_RESET = 0x99,
    NOR_READ_ID = 0x9f, /* the JEDEC one */
    NOR_WAKE = 0xab,    /* with three more bytes it also answers the device id */
    NOR_SLEEP = 0xb9,
    NOR_FAST_READ_DUAL_IO = 0xbb,
    NOR_ERASE_CHIP = 0xc7,
    NOR_ERASE_64K = 0xd8,
    NOR_FAST_READ_QUAD_IO = 0xeb,
};

#endif
