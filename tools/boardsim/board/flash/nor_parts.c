/* SPDX-License-Identifier: MIT */
/* The flash parts that a board can have. docs/boardsim-chip.md says where each figure comes from and how sure it is. */
#include "tools/boardsim/board/flash/nor_parts.h"

#include <string.h>

#define KB(n) ((uint32_t)(n) << 10)
#define MB(n) ((uint32_t)(n) << 20)

#define REGIONS(registers, one_byte) NOR_REGIONS, registers, NOR_WRSR_##one_byte, NOR_QUAD_QE, 0
#define WHOLE(quad)                  NOR_WHOLE, 1, NOR_WRSR_ONE, NOR_QUAD_##quad, 0
#define ONE(layout, traits)          NOR_##layout, 1, NOR_WRSR_ONE, NOR_QUAD_NONE, traits

/* Unique id, SFDP, reset. */
#define TELLS_8  8, true, true
#define TELLS_16 16, true, true
#define SFDP     0, true, true
#define NOTHING  0, false, false

#define T(typical, maximum) {(typical), (maximum)}

/* Of 4, 32 and 64 KB. */
#define W25Q_ERASES  T(45, 400), T(120, 1600), T(150, 2000)
#define GD25Q_ERASES T(50, 300), T(150, 800), T(200, 1200)
#define BY25Q_ERASES T(50, 300), T(150, 1600), T(250, 2000)
#define HG25Q_ERASES T(60, 400), T(200, 1600), T(300, 2000)
#define PY25Q_ERASES T(40, 300), T(120, 800), T(150, 1200)
#define P25Q_ERASES  T(8, 20), T(8, 20), T(8, 20)
#define MX25L_ERASES T(60, 300), T(500, 2000), T(700, 2000)
#define SST26_ERASES T(18, 25), T(18, 25), T(18, 25)
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
    /* Of the following ones the ids are published; the times are those of similar parts. */
    {"AT25SF081", 0x1f8501, MB(1), ONE(WHOLE, 0), SFDP, T(.7, 3), W25Q_ERASES, T(5e3, 25e3), T(10, 30)},
    {"AT25SF321", 0x1f8701, MB(4), ONE(WHOLE, 0), SFDP, T(.7, 3), W25Q_ERASES, T(10e3, 50e3), T(10, 30)},
    {"MX25U3235", 0xc22536, MB(4), ONE(WHOLE, NOR_TRAIT_35H_QUAD), SFDP, T(.7, 3), MX25L_ERASES, T(25e3, 50e3),
     T(40, 100)},
    {"IS25LQ016", 0x9d1445, MB(2), ONE(WHOLE, NOR_TRAIT_35H_QUAD), NOTHING, T(.7, 3), W25Q_ERASES, T(5e3, 25e3),
     T(10, 15)},
    {"Pm25LV016B", 0x7f9d14, MB(2), ONE(WHOLE, 0), NOTHING, T(.7, 3), W25Q_ERASES, T(5e3, 25e3), T(10, 15)},
    {"Pm25LQ032C", 0x7f9d46, MB(4), ONE(WHOLE, 0), NOTHING, T(.7, 3), W25Q_ERASES, T(10e3, 50e3), T(10, 15)},
    {"A25L16PT", 0x7f372025, MB(2), ONE(WHOLE, 0), NOTHING, T(1.5, 3), EN25Q_ERASES, T(12e3, 25e3), T(10, 15)},
    {"S25SL016A", 0x010214, MB(2), ONE(WHOLE, 0), NOTHING, T(1.4, 3), EN25Q_ERASES, T(12e3, 25e3), T(10, 15)},
    {"S25SL064A", 0x010216, MB(8), ONE(WHOLE, 0), NOTHING, T(1.4, 3), EN25Q_ERASES, T(48e3, 99e3), T(10, 15)},
    {"W77Q16JW", 0xef8a16, MB(2), REGIONS(3, KEEPS), TELLS_8, T(.67, 3), W25Q_ERASES, T(5e3, 25e3), T(10, 15)},
    {"W77Q32JW", 0xef8a16, MB(4), REGIONS(3, KEEPS), TELLS_8, T(.67, 3), W25Q_ERASES, T(10e3, 50e3), T(10, 15)},
    {"SST26VF032B", 0xbf2642, MB(4), ONE(LOCKS, 0), SFDP, T(1, 1.5), SST26_ERASES, T(35, 50), T(10, 25)},
    {"SST25VF032B", 0xbf254a, MB(4), ONE(WHOLE, NOR_TRAIT_BYTES), NOTHING, T(1, 2), SST26_ERASES, T(35, 50), T(10, 25)},
    {"T25S80", 0x5e3214, MB(1), ONE(WHOLE, NOR_TRAIT_DOUT_ONLY), NOTHING, T(.7, 3), W25Q_ERASES, T(2.5e3, 8e3),
     T(10, 15)},
    {.name = NULL},
};

const struct nor_part *nor_find(const char *name)
{
    for (const struct nor_part *part = nor_parts; part->name; part++)
        if (strcmp(part->name, name) == 0)
            return part;
    return NULL;
}
