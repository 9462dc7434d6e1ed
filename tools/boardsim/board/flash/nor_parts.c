/* SPDX-License-Identifier: MIT */
/* The flash parts that a board can have. docs/boardsim-chip.md says where each figure comes from and how sure it is. */
#include "tools/boardsim/board/flash/nor_parts.h"

#include <string.h>

#define KB(n) ((uint32_t)(n) << 10)
#define MB(n) ((uint32_t)(n) << 20)

#define REGIONS(registers, one_byte) NOR_REGIONS, registers, NOR_WRSR_##one_byte, NOR_QUAD_QE
#define WHOLE(quad)                  NOR_WHOLE, 1, NOR_WRSR_ONE, NOR_QUAD_##quad

/* Unique id, SFDP, reset. */
#define TELLS_8  8, true, true
#define TELLS_16 16, true, true

#define T(typical, maximum) {(typical), (maximum)}

/* Of 4, 32 and 64 KB. */
#define W25Q_ERASES  T(45, 400), T(120, 1600), T(150, 2000)
#define GD25Q_ERASES T(50, 300), T(150, 800), T(200, 1200)
#define BY25Q_ERASES T(50, 300), T(150, 1600), T(250, 2000)
#define HG25Q_ERASES T(60, 400), T(200, 1600), T(300, 2000)
#define PY25Q_ERASES T(40, 300), T(120, 800), T(150, 1200)
#define P25Q_ERASES  T(8, 20), T(8, 20), T(8, 20)
#define MX25L_ERASES T(60, 300), T(500, 2000), T(700, 2000)
#define EN25Q_ERASES T(90, 300), T(300, 1500), T(400, 2000)

/* Times in milliseconds, typical and maximum: page, erases, chip, status write. */
const struct nor_part nor_parts[] = {
    {"W25Q32", 0xef4016, MB(4), REGIONS(3, CLEARS), TELLS_8, T(.67, 3), W25Q_ERASES, T(10e3, 50e3), T(10, 15)},
    {"W25Q16", 0xef4015, MB(2), REGIONS(2, CLEARS), TELLS_8, T(.67, 3), W25Q_ERASES, T(5e3, 25e3), T(10, 15)},
    {"W25Q80", 0xef4014, MB(1), REGIONS(2, CLEARS), TELLS_8, T(.67, 3), W25Q_ERASES, T(2.5e3, 8e3), T(10, 15)},
    {"W25Q40", 0xef4013, KB(512), REGIONS(2, CLEARS), TELLS_8, T(.67, 3), W25Q_ERASES, T(1.5e3, 4e3), T(10, 15)},
    {"W25Q64", 0xef4017, MB(8), REGIONS(3, KEEPS), TELLS_8, T(.67, 3), W25Q_ERASES, T(20e3, 100e3), T(10, 15)},
    {"W25Q128", 0xef4018, MB(16), REGIONS(3, KEEPS), TELLS_8, T(.7, 3), W25Q_ERASES, T(40e3, 200e3), T(10, 15)},
    {"GD25Q32", 0xc84016, MB(4), REGIONS(3, ONE), TELLS_16, T(.6, 2.4), GD25Q_ERASES, T(15e3, 30e3), T(5, 30)},
    {"BY25Q32", 0x684016, MB(4), REGIONS(3, KEEPS), TELLS_16, T(.6, 2.4), BY25Q_ERASES, T(15e3, 30e3), T(10, 30)},
    {"BY25Q128", 0x684018, MB(16), REGIONS(3, KEEPS), TELLS_16, T(.6, 2.4), BY25Q_ERASES, T(60e3, 120e3), T(10, 30)},
    {"HG25Q32", 0x524016, MB(4), REGIONS(2, CLEARS), TELLS_16, T(.7, 2.8), HG25Q_ERASES, T(20e3, 40e3), T(10, 30)},
    {"PY25Q16", 0x852015, MB(2), REGIONS(3, ONE), TELLS_16, T(.4, 2.4), PY25Q_ERASES, T(5e3, 15e3), T(8, 12)},
    {"P25Q32", 0x856016, MB(4), REGIONS(3, ONE), TELLS_16, T(2, 3), P25Q_ERASES, T(8, 20), T(8, 12)},
    {"MX25L32", 0xc22016, MB(4), WHOLE(NONE), 0, true, false, T(1.4, 5), MX25L_ERASES, T(25e3, 50e3), T(40, 100)},
    {"EN25Q16", 0x1c3015, MB(2), WHOLE(ALWAYS), 0, false, false, T(1.3, 5), EN25Q_ERASES, T(12e3, 25e3), T(10, 15)},
    {.name = NULL},
};

const struct nor_part *nor_find(const char *name)
{
    for (const struct nor_part *part = nor_parts; part->name; part++)
        if (strcmp(part->name, name) == 0)
            return part;
    return NULL;
}
