/* SPDX-License-Identifier: MIT */
/*
 * The status registers of a flash part, and what their bits protect.
 *
 * With NOR_REGIONS, as the W25Q family has it and most others have copied:
 *
 *     SR1  7 SRP0  6 SEC  5 TB   4 BP2  3 BP1  2 BP0  1 WEL  0 WIP
 *     SR2  7 SUS   6 CMP  5 LB3  4 LB2  3 LB1  2 -    1 QE   0 SRP1
 *     SR3  7 HOLD  6 DRV1 5 DRV0 4 -    3 -    2 WPS  1 -    0 -
 *
 * BP2 to BP0 = n protect 2^(n-1) times 1/64 of the part or 64 KB, whichever is more, at the top, or at the bottom with
 * TB; with SEC 4, 8, 16 or 32 KB there; 7 protects all. CMP protects the rest instead. With WPS nothing of this counts,
 * and each block has a lock of its own, set at power-on; of the commands for these there is 98h alone, which opens all.
 * The LB bits can only be set. With NOR_LOCKS such locks are all the protection there is.
 *
 * Registers cannot be written while SRP1 is set (until the next power-on; for ever with SRP0), or while SRP0 is set and
 * the WP pin is low, unless QE makes a data line of the pin.
 */
#ifndef BOARDSIM_NOR_STATUS_H
#define BOARDSIM_NOR_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/boardsim/board/flash/nor_parts.h"

#define NOR_STATUS_REGISTERS 3

struct nor_status {
    const struct nor_part *part;
    bool wp_low;
    bool blocks_open; /* the locks that count with WPS */
    /* SR1 to SR3, without WIP and WEL, and what a power cycle brings back. */
    uint8_t now[NOR_STATUS_REGISTERS], lasting[NOR_STATUS_REGISTERS];
};

/* `value` is SR1 (low byte) to SR3, as far as the part has them, and lasts. */
void nor_status_init(struct nor_status *status, const struct nor_part *part, uint32_t value, bool wp_low);

void nor_status_power_on(struct nor_status *status);

/* By command: as power-on, but what is locked until power-off stays so. */
void nor_status_reset(struct nor_status *status);

/* Writes n registers from `first` (0: SR1) on. False if they are locked: nothing is changed. */
__attribute__((warn_unused_result)) bool nor_status_write(struct nor_status *status, unsigned first,
                                                          const uint8_t *values, size_t n, bool lasting);

/* The command 98h, which needs a write enable. */
void nor_status_unlock_blocks(struct nor_status *status, bool write_enabled);

/* Whether any of the n bytes from `at` is protected, in an array of `size` bytes. */
bool nor_status_protects(const struct nor_status *status, uint32_t size, uint32_t at, uint32_t n);

/* Whether quad reads are answered. */
bool nor_status_quad(const struct nor_status *status);

#endif
