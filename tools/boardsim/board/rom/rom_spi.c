/* SPDX-License-Identifier: MIT */
/* The flash part, as loaded code reaches it through the ROM. */
#include "tools/boardsim/board/rom/rom_function.h"

static uint64_t run_job(struct rom *rom, struct rom_call *call, const char *who)
{
    uint64_t then = flash_job_step(rom->chip, &call->job);

    if (then)
        return then;
    if (call->job.bad_memory)
        rom_bad_memory(rom, who, call->job.memory);
    rom_args(rom)[0] = 0;
    return 0;
}

/* A range that the part, as told by SPIParamCfg, does not have, is refused with 1. */
static bool beyond(const struct rom *rom, uint64_t address, uint64_t size)
{
    return address + size > rom->flash.size;
}

static uint64_t refuse(struct rom *rom)
{
    rom_args(rom)[0] = 1;
    return 0;
}

static uint64_t spi_unlock(struct rom *rom, struct rom_call *call)
{
    if (call->step++ == 0)
        call->job = (struct flash_job){.kind = FLASH_STATUS};
    return run_job(rom, call, "SPIUnlock");
}

static uint64_t spi_read(struct rom *rom, struct rom_call *call)
{
    const uint32_t *a = rom_args(rom);

    if (call->step++ == 0) {
        if (beyond(rom, a[0], a[2]))
            return refuse(rom);
        call->job = (struct flash_job){.kind = FLASH_READ, .address = a[0], .memory = a[1], .left = a[2]};
    }
    return run_job(rom, call, "SPIRead");
}

static uint64_t spi_write(struct rom *rom, struct rom_call *call)
{
    const uint32_t *a = rom_args(rom);

    if (call->step++ == 0) {
        if (beyond(rom, a[0], a[2]))
            return refuse(rom);
        call->job = (struct flash_job){.kind = FLASH_PROGRAM, .address = a[0], .memory = a[1], .left = a[2]};
    }
    return run_job(rom, call, "SPIWrite");
}

static uint64_t spi_erase(struct rom *rom, struct rom_call *call, uint32_t size)
{
    uint64_t address = (uint64_t)rom_args(rom)[0] * size;

    if (call->step++ == 0) {
        if (beyond(rom, address, size))
            return refuse(rom);
        call->job = (struct flash_job){.kind = FLASH_ERASE, .address = (uint32_t)address, .left = size, .blocks = true};
    }
    return run_job(rom, call, "SPIErase");
}

static uint64_t spi_erase_sector(struct rom *rom, struct rom_call *call)
{
    return spi_erase(rom, call, 4096);
}

static uint64_t spi_erase_block(struct rom *rom, struct rom_call *call)
{
    return spi_erase(rom, call, 65536);
}

static uint64_t spi_erase_chip(struct rom *rom, struct rom_call *call)
{
    if (call->step++ == 0)
        call->job = (struct flash_job){.kind = FLASH_ERASE_CHIP};
    return run_job(rom, call, "SPIEraseChip");
}

/* (id, size, block, sector, page, status mask) */
static uint64_t spi_param_cfg(struct rom *rom, struct rom_call *call)
{
    uint32_t *a = rom_args(rom);

    (void)call;
    rom->flash = (struct rom_flash){a[1], a[2], a[3], a[4]};
    a[0] = 0;
    return 0;
}

static uint64_t spi_select(struct rom *rom, struct rom_call *call)
{
    (void)call;
    rom_flash_select(rom->chip);
    return 0;
}

static uint64_t spi_attach(struct rom *rom, struct rom_call *call)
{
    return call->step++ == 0 ? rom_flash_attach(rom->chip) : 0;
}

const struct rom_function rom_spi_functions[] = {
    {0x40004878, ROM_CALL_CYCLES, spi_unlock},
    {0x40004b1c, ROM_CALL_CYCLES, spi_read},
    {0x40004a4c, ROM_CALL_CYCLES, spi_write},
    {0x40004984, ROM_CALL_CYCLES, spi_erase_chip},
    {0x400049b4, ROM_CALL_CYCLES, spi_erase_block},
    {0x40004a00, ROM_CALL_CYCLES, spi_erase_sector},
    {0x40004c2c, ROM_CALL_CYCLES, spi_param_cfg},
    {0x40003f58, ROM_CALL_CYCLES, spi_select}, /* SelectSpiFunction */
    {0x40004644, ROM_CALL_CYCLES, spi_attach}, /* spi_flash_attach */
    {0},
};
