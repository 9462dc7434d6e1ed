/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/rom/rom_function.h"

void rom_bad_memory(struct rom *rom, const char *function, uint32_t address)
{
    chip_stop(rom->chip, "%s from 0x%08x: bad memory at 0x%08x", function, rom->chip->cpu.a[0], address);
}
