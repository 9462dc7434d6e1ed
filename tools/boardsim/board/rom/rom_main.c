/* SPDX-License-Identifier: MIT */
/* Waiting, starting and leaving. */
#include "tools/boardsim/board/rom/rom_function.h"

static uint64_t delay_us(struct rom *rom, struct rom_call *call)
{
    return call->step++ == 0 ? rom->chip->now + (uint64_t)rom_args(rom)[0] * rom->chip->mhz : 0;
}

static uint64_t set_user_start(struct rom *rom, struct rom_call *call)
{
    (void)call;
    rom->calls.user_start = rom_args(rom)[0];
    return 0;
}

static uint64_t software_reset(struct rom *rom, struct rom_call *call)
{
    (void)call;
    rom->next = ROM_NEXT_RESET;
    return 0;
}

static uint64_t main_return(struct rom *rom, struct rom_call *call)
{
    (void)call;
    rom->entry = rom->calls.user_start;
    rom->calls.user_start = 0;
    rom->next = rom->entry ? ROM_NEXT_CODE : ROM_NEXT_FLASH;
    return 0;
}

/* There is no watchdog. ets_wdt_disable() returns the mode that it was in: off. */
static uint64_t watchdog(struct rom *rom, struct rom_call *call)
{
    (void)call;
    rom_args(rom)[0] = 0;
    return 0;
}

const struct rom_function rom_main_functions[] = {
    {0x40002ecc, ROM_CALL_CYCLES, delay_us},         {0x40000fbc, ROM_CALL_CYCLES, set_user_start},
    {0x4000264c, ROM_CALL_CYCLES, software_reset},   {0x400030f0, ROM_CALL_CYCLES, watchdog}, /* ets_wdt_disable */
    {0x40002fa0, ROM_CALL_CYCLES, watchdog},                                                  /* ets_wdt_enable */
    {ROM_MAIN_RETURN, ROM_CALL_CYCLES, main_return}, {0},
};
