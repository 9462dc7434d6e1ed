/* SPDX-License-Identifier: MIT */
/* Waiting, starting and leaving. */
#include "tools/boardsim/board/rom/rom_function.h"

#include "tools/boardsim/board/chip/chip.h"

static uint64_t delay_us(struct chip *chip, struct rom_call *call)
{
    return call->step++ == 0 ? chip->now + (uint64_t)rom_args(chip)[0] * chip->mhz : 0;
}

static uint64_t set_user_start(struct chip *chip, struct rom_call *call)
{
    (void)call;
    chip->calls.user_start = rom_args(chip)[0];
    return 0;
}

static uint64_t software_reset(struct chip *chip, struct rom_call *call)
{
    (void)call;
    chip_software_reset(chip);
    return 0;
}

static uint64_t main_return(struct chip *chip, struct rom_call *call)
{
    uint32_t entry = chip->calls.user_start;

    (void)call;
    chip->calls.user_start = 0;
    if (entry)
        chip_call(chip, entry);
    else
        rom_boot_start_from_flash(chip);
    return 0;
}

const struct rom_function rom_main_functions[] = {
    {0x40002ecc, ROM_CALL_CYCLES, delay_us},
    {0x40000fbc, ROM_CALL_CYCLES, set_user_start},
    {0x4000264c, ROM_CALL_CYCLES, software_reset},
    {ROM_MAIN_RETURN, ROM_CALL_CYCLES, main_return},
    {0},
};
