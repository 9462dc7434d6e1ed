/* SPDX-License-Identifier: MIT */
/*
 * The chip's hardware: CPU, memories, peripherals. What its ROM does is not here: whoever runs the chip does that
 * natively when chip_run() says so (rom/rom.h). Time is cycles of the APB clock, which is twice the crystal's.
 */
#ifndef BOARDSIM_CHIP_H
#define BOARDSIM_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/boardsim/board/chip/cache.h"
#include "tools/boardsim/board/cpu/lx106.h"
#include "tools/boardsim/board/flash/spi.h"
#include "tools/boardsim/board/line/uart.h"

#define CHIP_NEVER UINT64_MAX

enum chip_mode {
    CHIP_OFF,     /* without power or held in reset */
    CHIP_ROM,     /* the ROM's own code, done natively: boot or serial loader */
    CHIP_CODE,    /* the CPU runs loaded code, and the ROM's functions where that calls them */
    CHIP_STOPPED, /* crashed or nothing left to do; only a reset helps */
};

/* The numbers that the banner prints. */
enum chip_reset_cause {
    CHIP_POWER_ON = 1,
    CHIP_EXTERNAL_RESET = 2,
    CHIP_SOFTWARE_RESET = 3,
};

/* The straps, as the number that the banner prints: GPIO15, GPIO0, GPIO2. */
#define CHIP_STRAP_GPIO2  1u
#define CHIP_STRAP_GPIO0  2u
#define CHIP_STRAP_GPIO15 4u
#define CHIP_STRAPS_UART  CHIP_STRAP_GPIO2
#define CHIP_STRAPS_FLASH (CHIP_STRAP_GPIO0 | CHIP_STRAP_GPIO2)

struct chip {
    uint64_t now;
    unsigned mhz; /* APB cycles per microsecond */
    enum chip_mode mode;
    enum chip_reset_cause cause;
    unsigned straps; /* as sampled when reset was last released */
    struct lx106 cpu;
    uint64_t slice_end;              /* the time at which cpu.left will be 0 */
    unsigned cpu_shift;              /* 1: the CPU runs at twice the APB clock */
    bool spinning;                   /* the CPU loops until something outside happens, */
    uint64_t idle_until;             /* and that cannot be before this time but by a byte from the wire */
    uint64_t stalled;                /* the CPU waits for the flash cache until then */
    uint64_t wake;                   /* when the ROM goes on in CHIP_ROM; CHIP_NEVER: at the next event */
    const struct observer *observer; /* NULL: none */
    uint64_t computes_from;          /* the CPU executes since then, in lx106_run() */
    struct uart uart;
    struct spi spi;
    struct cache cache;
    uint32_t efuse[4];
    uint64_t boots;
    char exception[96];   /* why the CPU stopped; empty if it has not since the last reset */
    uint64_t crashes;     /* how often it did, over all resets, */
    char first_crash[96]; /* and why the first time */
    uint32_t dport[0x1000 / 4], io[0x2000 / 4];
    uint8_t dram[LX106_DRAM_SIZE], iram[LX106_IRAM_SIZE + 4];
};

/* `chip` is zeroed memory with mhz, efuse and spi.nor set. The chip is off. */
void chip_init(struct chip *chip);

/* Reset: everything stops. Memory keeps its contents. */
void chip_assert_reset(struct chip *chip);

/* Out of reset, into the ROM. */
void chip_release_reset(struct chip *chip, enum chip_reset_cause cause, unsigned straps);

/* From now on the ROM's own code runs: CHIP_ROM. */
void chip_enter_rom(struct chip *chip);

/* Resets the CPU and starts it at `entry`: CHIP_CODE. */
void chip_start_cpu(struct chip *chip, uint32_t entry);

/* Runs until `end` (a few cycles beyond, at most an instruction's) or until something was stored to a peripheral.
 * False, at the same time, if the ROM is to do something now: go on with its own code (CHIP_ROM), or with the function
 * at the CPU's pc (CHIP_CODE). */
__attribute__((warn_unused_result)) bool chip_run(struct chip *chip, uint64_t end);

/* Lets time pass, until `until`, in which the CPU does not run. */
void chip_pass(struct chip *chip, uint64_t until);

/* The CPU is about to fetch from the ROM. */
bool chip_in_rom(const struct chip *chip);

/* When something next happens in the hardware around the CPU: UART, SPI, flash. CHIP_NEVER if nothing is under way. */
uint64_t chip_event(const struct chip *chip);

/* When the chip next does something by itself: chip_event(), or the ROM going on in CHIP_ROM. `now` if the CPU is busy,
 * or in the ROM. */
uint64_t chip_next(const struct chip *chip);

/* Handles the chip's events that are due, except a byte that the UART has sent: for that see chip_sent(). */
void chip_events(struct chip *chip);

/* A byte has left the UART by now: chip_sent() takes it. */
static inline bool chip_has_sent(const struct chip *chip)
{
    return chip->uart.sent_at <= chip->now;
}
uint8_t chip_sent(struct chip *chip);

/* A byte from the wire: as it was sent, with the length of its bits, and as the UART has understood it. */
void chip_measure(struct chip *chip, uint8_t byte, uint32_t bit);
void chip_receive(struct chip *chip, uint8_t byte, bool framing);

/* What it does, as a word: off, rom, running, asleep (waits for an interrupt), stopped. */
const char *chip_state(const struct chip *chip);

/* Stops the chip for good, with the reason (printf-like). The first reason stays. */
__attribute__((format(printf, 2, 3))) void chip_stop(struct chip *chip, const char *format, ...);

/* Aligned word access anywhere, as the CPU would do it. 0 or an enum lx106_cause. */
__attribute__((warn_unused_result)) int chip_load(struct chip *chip, uint32_t address, uint32_t *value);
__attribute__((warn_unused_result)) int chip_store(struct chip *chip, uint32_t address, uint32_t value);

/* Copies to and from RAM. DRAM takes any address and length, IRAM only whole words. False if the range is not all RAM.
 */
__attribute__((warn_unused_result)) bool chip_read(const struct chip *chip, uint32_t address, void *to, uint32_t n);
__attribute__((warn_unused_result)) bool chip_write(struct chip *chip, uint32_t address, const void *from, uint32_t n);

#endif
