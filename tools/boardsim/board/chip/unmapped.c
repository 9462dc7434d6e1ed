/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/chip/unmapped.h"

#include "tools/boardsim/board/cpu/lx106_state.h"

enum answer { FAULT, WORD, OWN_ADDRESS };

/* By address; each region ends where the next begins. What is mapped is looked up before this. */
static const struct region {
    uint32_t from;
    enum answer answer;
    uint32_t word;
} regions[] = {
    {0x00000000, FAULT, 0},         {0x20000000, WORD, 0x00008000}, {0x3ff00000, WORD, 0},
    {0x3ffc0000, OWN_ADDRESS, 0},   {0x3ffe0000, WORD, 0},          {0x40140000, WORD, 0xecd83159},
    {0x40300000, WORD, 0x00008000}, {0x60000000, FAULT, 0},         {0x70000000, WORD, 0x00008000},
};

static const struct region *region_of(uint32_t address)
{
    const struct region *region = regions + sizeof regions / sizeof *regions - 1;

    while (region->from > address)
        region--;
    return region;
}

int unmapped_load(uint32_t address, uint32_t *value)
{
    const struct region *region = region_of(address);

    if (region->answer == FAULT)
        return LX106_LOAD_PROHIBITED;
    *value = region->answer == OWN_ADDRESS ? address : region->word;
    return 0;
}

int unmapped_store(uint32_t address)
{
    return region_of(address)->answer == FAULT ? LX106_STORE_PROHIBITED : 0;
}
