/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/rom/rom_cache.h"

#include "tools/boardsim/board/flash/nor.h"
#include "tools/boardsim/board/rom/rom_function.h"

#define CTRL_CLOCK_MASK      0x1fffu
#define CTRL_CLOCK_UNDIVIDED (1u << 12)
#define CTRL_USUAL           0x288000u /* what the ROM sets besides */
#define CLOCK_UNDIVIDED      (1u << 31)

#define STATUS_QUAD 0x200u

static uint32_t ctrl_of(unsigned mode)
{
    switch (mode) {
    case ROM_SPI_QIO: return SPI_CTRL_QIO | SPI_CTRL_FAST;
    case ROM_SPI_QOUT: return SPI_CTRL_QOUT | SPI_CTRL_FAST;
    case ROM_SPI_DIO: return SPI_CTRL_DIO | SPI_CTRL_FAST;
    case ROM_SPI_DOUT: return SPI_CTRL_DOUT | SPI_CTRL_FAST;
    case ROM_SPI_FAST: return SPI_CTRL_FAST;
    default: return 0;
    }
}

static void set_mode(struct chip *chip, unsigned mode)
{
    uint32_t ctrl = spi_load(&chip->spi, chip->now, SPI_CTRL);

    spi_store(&chip->spi, chip->now, SPI_CTRL, (ctrl & ~SPI_CTRL_MODES) | ctrl_of(mode));
}

/* The ROM divides by CTRL's own field; the same goes into CLOCK, which is what the controller is timed by here. */
void rom_spi_config(struct chip *chip, unsigned mode, unsigned divider)
{
    uint32_t n = divider - 1, half = divider / 2 - 1;
    uint32_t ctrl = spi_load(&chip->spi, chip->now, SPI_CTRL) & ~CTRL_CLOCK_MASK;

    ctrl |= CTRL_USUAL | (divider < 2 ? CTRL_CLOCK_UNDIVIDED : n << 8 | half << 4 | n);
    spi_store(&chip->spi, chip->now, SPI_CTRL, ctrl);
    spi_store(&chip->spi, chip->now, SPI_CLOCK, divider < 2 ? CLOCK_UNDIVIDED : n << 12 | half << 6 | n);
    set_mode(chip, mode);
}

uint64_t rom_spi_set_quad(struct chip *chip, uint64_t now, unsigned mode)
{
    struct spi *spi = &chip->spi;
    uint32_t ctrl = spi_load(spi, now, SPI_CTRL);
    uint32_t status;

    spi_store(spi, now, SPI_CMD, SPI_CMD_RDSR);
    status = mode <= ROM_SPI_QOUT ? STATUS_QUAD : spi_load(spi, spi->done, SPI_RD_STATUS) & 0xff;
    spi_store(spi, spi->done, SPI_CMD, SPI_CMD_WREN);
    spi_store(spi, spi->done, SPI_CTRL, ctrl | SPI_CTRL_STATUS_16);
    spi_store(spi, spi->done, SPI_RD_STATUS, status);
    spi_store(spi, spi->done, SPI_CMD, SPI_CMD_WRSR);
    spi_store(spi, spi->done, SPI_CTRL, ctrl);
    return spi->done;
}

/* (mode, divider) */
static uint64_t flash_config(struct rom *rom, struct rom_call *call)
{
    uint32_t divider = rom_args(rom)[1];

    (void)call;
    rom_spi_config(rom->chip, rom_args(rom)[0], divider < 1 ? 1 : divider > 16 ? 16 : divider);
    return 0;
}

/* (mode) */
static uint64_t read_mode_config(struct rom *rom, struct rom_call *call)
{
    uint64_t ready = nor_ready(rom->chip->spi.nor);

    if (call->step == 0) {
        call->step = 1;
        set_mode(rom->chip, rom_args(rom)[0]);
        return rom_spi_set_quad(rom->chip, rom->chip->now, rom_args(rom)[0]);
    }
    if (ready > rom->chip->now)
        return ready;
    rom_args(rom)[0] = 0;
    return 0;
}

static void store(struct rom *rom, uint32_t offset, uint32_t value)
{
    cache_store(&rom->chip->cache, offset, value);
    rom->chip->cpu.active = true;
}

/* Off, and all lines forgotten. */
static uint32_t turn_off(struct rom *rom)
{
    uint32_t control = cache_load(&rom->chip->cache, CACHE_CONTROL) & ~CACHE_CONTROL_ON;

    store(rom, CACHE_CONTROL, control | CACHE_CONTROL_FLUSH);
    control &= ~(CACHE_CONTROL_FLUSH | CACHE_CONTROL_FLUSHED);
    store(rom, CACHE_CONTROL, control);
    return control;
}

/* (second of two megabytes, which two, 32 KB of IRAM and not 16) */
static uint64_t read_enable(struct rom *rom, struct rom_call *call)
{
    uint32_t odd = rom_args(rom)[0], pair = rom_args(rom)[1], whole = rom_args(rom)[2];
    uint32_t control = turn_off(rom), blocks = cache_load(&rom->chip->cache, CACHE_BLOCKS);

    (void)call;
    control &= ~(CACHE_CONTROL_ODD | CACHE_CONTROL_PAIR | CACHE_CONTROL_32K);
    control |= odd == 0 ? 0 : odd == 1 ? 1u << 25 : 1u << 24;
    control |= pair << 16 & CACHE_CONTROL_PAIR;
    control |= whole ? CACHE_CONTROL_32K : 0;
    store(rom, CACHE_BLOCKS, blocks | CACHE_BLOCKS_UPPER_16K | (whole ? CACHE_BLOCKS_LOWER_16K : 0));
    store(rom, CACHE_CONTROL, control | CACHE_CONTROL_ON);
    spi_store(&rom->chip->spi, rom->chip->now, SPI_CTRL,
              spi_load(&rom->chip->spi, rom->chip->now, SPI_CTRL) | SPI_CTRL_CACHE);
    return 0;
}

static uint64_t read_disable(struct rom *rom, struct rom_call *call)
{
    (void)call;
    turn_off(rom);
    spi_store(&rom->chip->spi, rom->chip->now, SPI_CTRL,
              spi_load(&rom->chip->spi, rom->chip->now, SPI_CTRL) & ~SPI_CTRL_CACHE);
    return 0;
}

const struct rom_function rom_cache_functions[] = {
    {0x40004568, ROM_CALL_CYCLES, flash_config},     /* SPIFlashCnfig */
    {0x400048ec, ROM_CALL_CYCLES, read_mode_config}, /* SPIReadModeCnfig */
    {0x40004678, ROM_CALL_CYCLES, read_enable},      /* Cache_Read_Enable */
    {0x400047f0, ROM_CALL_CYCLES, read_disable},     /* Cache_Read_Disable */
    {0},
};
