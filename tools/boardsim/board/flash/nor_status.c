/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/flash/nor_status.h"

#include <string.h>

#define SR1_SRP0 0x80
#define SR1_SEC  0x40
#define SR1_TB   0x20
#define SR1_BP3  0x20 /* with NOR_WHOLE */
#define SR2_SRP1 0x01
#define SR2_QE   0x02
#define SR2_LB   0x38
#define SR2_CMP  0x40
#define SR3_WPS  0x04

static const uint8_t writable[NOR_STATUS_REGISTERS] = {0xfc, SR2_SRP1 | SR2_QE | SR2_LB | SR2_CMP, 0xe0 | SR3_WPS};

bool nor_status_quad(const struct nor_status *status)
{
    enum nor_quad quad = status->part->quad;

    return quad == NOR_QUAD_ALWAYS || (quad == NOR_QUAD_QE && status->now[1] & SR2_QE);
}

static bool locked(const struct nor_status *status)
{
    bool pin_is_data = status->part->quad == NOR_QUAD_QE && status->now[1] & SR2_QE;

    return status->now[1] & SR2_SRP1 || (status->now[0] & SR1_SRP0 && status->wp_low && !pin_is_data);
}

void nor_status_init(struct nor_status *status, const struct nor_part *part, uint32_t value, bool wp_low)
{
    memset(status, 0, sizeof *status);
    status->part = part;
    status->wp_low = wp_low;
    for (unsigned i = 0; i < NOR_STATUS_REGISTERS; i++)
        if (i < part->registers)
            status->lasting[i] = (uint8_t)(value >> 8 * i) & writable[i];
    memcpy(status->now, status->lasting, sizeof status->now);
}

void nor_status_reset(struct nor_status *status)
{
    uint8_t locked_until_power_off = status->now[1] & SR2_SRP1;

    status->blocks_open = false;
    memcpy(status->now, status->lasting, sizeof status->now);
    status->now[1] |= locked_until_power_off;
}

void nor_status_power_on(struct nor_status *status)
{
    if (!(status->lasting[0] & SR1_SRP0))
        status->lasting[1] &= (uint8_t)~SR2_SRP1;
    status->now[1] = status->lasting[1];
    nor_status_reset(status);
}

static void set(struct nor_status *status, unsigned which, uint8_t value, bool lasting)
{
    value &= writable[which];
    if (which == 1)
        value |= status->now[1] & SR2_LB;
    status->now[which] = value;
    if (lasting)
        status->lasting[which] = value;
}

bool nor_status_write(struct nor_status *status, unsigned first, const uint8_t *values, size_t n, bool lasting)
{
    bool clears = status->part->wrsr == NOR_WRSR_CLEARS && first == 0 && n == 1 && status->part->registers > 1;

    if (locked(status))
        return false;
    for (unsigned i = first; i < NOR_STATUS_REGISTERS && i - first < n; i++)
        if (i < status->part->registers)
            set(status, i, values[i - first], lasting);
    if (clears)
        set(status, 1, status->now[1] & (uint8_t)~(SR2_CMP | SR2_QE | SR2_SRP1), lasting);
    return true;
}

void nor_status_unlock_blocks(struct nor_status *status, bool write_enabled)
{
    bool has_locks = status->part->registers == 3 || status->part->layout == NOR_LOCKS;

    status->blocks_open |= write_enabled && has_locks;
}

/* How much BP2 to BP0, TB apart, take from one end. */
static uint32_t protected_length(const struct nor_status *status, uint32_t size)
{
    unsigned bp = status->now[0] >> 2 & 7;
    uint64_t unit = size / 64 > 65536 ? size / 64 : 65536, length;

    if (bp == 0)
        return 0;
    if (bp == 7)
        return size;
    if (status->now[0] & SR1_SEC)
        length = bp < 4 ? 4096u << (bp - 1) : 32768;
    else
        length = unit << (bp - 1);
    return length < size ? (uint32_t)length : size;
}

bool nor_status_protects(const struct nor_status *status, uint32_t size, uint32_t at, uint32_t n)
{
    uint32_t length, from, to;

    if (status->part->layout == NOR_WHOLE)
        return status->now[0] & (NOR_SR1_PROTECT | SR1_BP3);
    if (status->part->layout == NOR_LOCKS || status->now[2] & SR3_WPS)
        return !status->blocks_open;
    length = protected_length(status, size);
    from = status->now[0] & SR1_TB ? 0 : size - length;
    to = from + length;
    if (status->now[1] & SR2_CMP)
        return at < from || at + n > to;
    return at < to && at + n > from;
}
