/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/rom/rom.h"

#include <string.h>

#include "tools/boardsim/board/observer/observer.h"
#include "tools/boardsim/board/rom/rom_boot.h"
#include "tools/boardsim/board/rom/rom_calls.h"
#include "tools/boardsim/board/rom/rom_function.h"
#include "tools/boardsim/board/rom/rom_loader.h"
#include "tools/boardsim/board/rom/rom_output.h"

/* The ROM's stack when it calls loaded code. */
#define ROM_STACK 0x3ffffd00u

void rom_init(struct rom *rom, struct chip *chip)
{
    memset(rom, 0, sizeof *rom);
    rom->chip = chip;
    chip_init(chip);
}

void rom_assert_reset(struct rom *rom)
{
    chip_assert_reset(rom->chip);
    rom->outbox.head = rom->outbox.count = 0;
    memset(&rom->calls, 0, sizeof rom->calls);
}

void rom_release_reset(struct rom *rom, enum chip_reset_cause cause, unsigned straps)
{
    chip_release_reset(rom->chip, cause, straps);
    rom->flash = ROM_FLASH_DEFAULT;
    rom->part = ROM_BOOT;
    rom_boot_start(rom);
}

/* EN does not move, so the straps are those of the last time it rose. */
static void software_reset(struct rom *rom)
{
    rom_assert_reset(rom);
    rom_release_reset(rom, CHIP_SOFTWARE_RESET, rom->chip->straps);
}

static void call_code(struct rom *rom, uint32_t entry)
{
    struct lx106 *cpu = &rom->chip->cpu;

    chip_start_cpu(rom->chip, entry);
    cpu->a[0] = ROM_MAIN_RETURN;
    cpu->a[1] = ROM_STACK;
    rom->calls.call.entry = 0;
    rom->calls.depth = 0;
}

static void enter_part(struct rom *rom, enum rom_part part)
{
    rom->part = part;
    chip_enter_rom(rom->chip);
}

/* Hands control to where the last step said. */
static void hand_over(struct rom *rom)
{
    enum rom_next next = rom->next;

    rom->next = ROM_NEXT_STEP;
    switch (next) {
    case ROM_NEXT_STEP: break;
    case ROM_NEXT_LOADER:
        enter_part(rom, ROM_LOADER);
        rom_loader_start(rom);
        break;
    case ROM_NEXT_FLASH:
        enter_part(rom, ROM_BOOT);
        rom_boot_start_from_flash(rom);
        break;
    case ROM_NEXT_CODE: call_code(rom, rom->entry); break;
    case ROM_NEXT_RESET: software_reset(rom); break;
    }
}

/* At a function: begins or goes on with it, or lets its time pass. */
static void run_function(struct rom *rom, uint64_t end)
{
    uint64_t until = rom->calls.call.until, now = rom->chip->now;

    if (rom_calls_under_way(rom) && until > now) {
        chip_pass(rom->chip, until < end ? until : end);
        observe(rom->chip->observer, BOARD_ACTIVITY_CPU, now, rom->chip->now);
    } else {
        rom_calls_step(rom);
        chip_pass(rom->chip, now);
    }
}

void rom_step(struct rom *rom, uint64_t end)
{
    struct chip *chip = rom->chip;

    if (chip->mode == CHIP_CODE)
        run_function(rom, end);
    else
        chip->wake = rom->part == ROM_BOOT ? rom_boot_step(rom) : rom_loader_step(rom);
    hand_over(rom);
}

/* A function under way goes on at its time; all else is the chip's. */
uint64_t rom_next(const struct rom *rom)
{
    const struct chip *chip = rom->chip;
    uint64_t next, until = rom->calls.call.until;

    if (!chip_in_rom(chip) || !rom_calls_under_way(rom))
        return chip_next(chip);
    next = chip_event(chip);
    next = until < next ? until : next;
    return next > chip->now ? next : chip->now;
}

uint8_t rom_sent(struct rom *rom)
{
    uint8_t byte = chip_sent(rom->chip);

    rom_pump_output(rom);
    return byte;
}
