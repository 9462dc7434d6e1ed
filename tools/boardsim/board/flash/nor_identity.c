/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/flash/nor_identity.h"

#include <string.h>

#include "tools/boardsim/board/flash/nor_commands.h"
#include "tools/boardsim/board/line/rng.h"

/* Where the basic table is, as on W25Q parts, and its length in words. */
#define TABLE       0x80u
#define TABLE_WORDS 9u

/* The table's first word: erase by 4 KB, pages of 64 bytes or more, non-volatile protection, three address bytes. */
#define FEATURES      0xff8100e5u /* with reads by 1-1-2, */
#define FEATURES_DIO  (1u << 20)  /* 1-2-2, */
#define FEATURES_QIO  (1u << 21)  /* 1-4-4 */
#define FEATURES_QOUT (1u << 22)  /* and 1-1-4 */

/* Half a word on a way to read: clocks of mode bits, dummy clocks, command. */
#define READ_BY(mode, dummy, command) ((uint32_t)((mode) << 5 | (dummy) | (command) << 8))

/* Half a word on an erase: 2^n bytes, command. */
#define ERASE_BY(n, command) ((uint32_t)((n) | (command) << 8))

static uint8_t device(uint32_t id)
{
    return (uint8_t)(id - 1);
}

void nor_identity_jedec(uint32_t id, uint8_t *in, size_t m)
{
    unsigned n = id > 0xffffff ? 4 : 3;

    for (size_t i = 0; i < m && i < n; i++)
        in[i] = (uint8_t)(id >> 8 * (n - 1 - i));
}

void nor_identity_device(uint32_t id, uint8_t *in, size_t m)
{
    if (m > 0)
        memset(in, device(id), m);
}

void nor_identity_manufacturer(uint32_t id, uint32_t address, uint8_t *in, size_t m)
{
    for (size_t i = 0; i < m; i++)
        in[i] = (address + i) & 1 ? device(id) : (uint8_t)(id >> 16);
}

void nor_identity_unique(const struct nor_part *part, uint64_t seed, uint8_t *in, size_t m)
{
    struct rng rng = {seed ^ 0x756964};

    for (size_t i = 0; i < m && i < part->unique; i++)
        in[i] = (uint8_t)rng_next(&rng);
}

static void make_table(const struct nor_part *part, uint32_t table[TABLE_WORDS])
{
    bool quad = part->quad != NOR_QUAD_NONE;
    uint32_t dual = READ_BY(0, 8, NOR_FAST_READ_DUAL_OUTPUT) | READ_BY(4, 0, NOR_FAST_READ_DUAL_IO) << 16;
    uint32_t four = READ_BY(2, 4, NOR_FAST_READ_QUAD_IO) | READ_BY(0, 8, NOR_FAST_READ_QUAD_OUTPUT) << 16;

    table[0] = FEATURES | NOR_ERASE_4K << 8 | FEATURES_DIO | (quad ? FEATURES_QIO | FEATURES_QOUT : 0);
    table[1] = part->size * 8 - 1;
    table[2] = quad ? four : 0;
    table[3] = dual;
    table[4] = 0xffffffee; /* no command by several pins */
    table[5] = table[6] = 0xff00ffff;
    table[7] = ERASE_BY(12, NOR_ERASE_4K) | ERASE_BY(15, NOR_ERASE_32K) << 16;
    table[8] = ERASE_BY(16, NOR_ERASE_64K) | ERASE_BY(0, 0xff) << 16;
}

void nor_identity_sfdp(const struct nor_part *part, uint32_t address, uint8_t *in, size_t m)
{
    static const uint8_t header[16] = {'S', 'F', 'D', 'P', 0, 1, 0, 0xff, 0, 0, 1, TABLE_WORDS, TABLE, 0, 0, 0xff};
    uint32_t table[TABLE_WORDS];
    uint8_t all[256];

    if (!part->sfdp)
        return;
    make_table(part, table);
    memset(all, 0xff, sizeof all);
    memcpy(all, header, sizeof header);
    memcpy(all + TABLE, table, sizeof table);
    for (size_t i = 0; i < m; i++)
        in[i] = all[(address + i) & 0xff];
}
