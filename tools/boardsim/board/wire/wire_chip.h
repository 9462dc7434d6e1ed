/* SPDX-License-Identifier: MIT */
/*
 * The chip of a wire-level board, as a host sees it: the requests that the ROM's loader and gangd's stub answer. What
 * is uploaded is checked and thrown away: the stub is answered for, not executed.
 *
 * The ROM has the commands for RAM and registers alone. The stub has registers, SPI_FLASH_MD5, CHANGE_BAUDRATE and the
 * stream: no other write job.
 */
#ifndef BOARDSIM_WIRE_CHIP_H
#define BOARDSIM_WIRE_CHIP_H

#include "tools/boardsim/board/flash/nor_parts.h"
#include "tools/boardsim/board/wire/wire_flash.h"
#include "tools/boardsim/board/wire/wire_frame.h"
#include "tools/boardsim/board/wire/wire_stream.h"

struct wire_chip {
    const struct nor_part *part;
    uint32_t efuse[4];
    unsigned crystal_mhz;
    struct wire_flash flash;
    struct wire_stream stream;
    bool in_stub;             /* otherwise the ROM's loader answers */
    uint32_t baud, next_baud; /* its rate, 0: not yet measured; that of CHANGE_BAUDRATE, 0: none */
    uint32_t value;           /* of the ROM's latest reply that had one */
    uint32_t next_block;      /* of an upload */
    uint32_t spi[4];          /* USR, USR1, USR2, W0 */
};

/* A reset into the loader, or into nothing. */
void wire_chip_reset(struct wire_chip *chip);

/* Takes a frame; what is to be said is added to `output`. */
void wire_chip_take(struct wire_chip *chip, const uint8_t *frame, size_t n, struct wire_output *output);

/* The status that a stream sends unasked. */
void wire_chip_say_status(struct wire_chip *chip, struct wire_output *output);

#endif
