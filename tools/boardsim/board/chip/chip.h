/* SPDX-License-Identifier: MIT */
/*
 * The chip: CPU, memories, peripherals, and who is in charge of it at the moment: the ROM's boot code, its serial
 * loader (both done natively) or loaded code on the CPU. Time is cycles of the APB clock, which is twice the crystal's.
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
#include "tools/boardsim/board/rom/rom_boot.h"
#include "tools/boardsim/board/rom/rom_calls.h"
#include "tools/boardsim/board/rom/rom_flash.h"
#include "tools/boardsim/board/rom/rom_loader.h"

#define CHIP_NEVER UINT64_MAX

enum chip_mode {
    CHIP_OFF,     /* without power or held in reset */
    CHIP_BOOT,    /* ROM: banner, then loader or flash */
    CHIP_LOADER,  /* ROM: serial loader */
    CHIP_CODE,    /* the CPU runs loaded code */
    CHIP_STOPPED, /* crashed or nothing left to do; only a reset helps */
};

/* As the banner says them. */
enum chip_reset_cause {
    CHIP_POWER_ON = 1,
    CHIP_EXTERNAL_RESET = 2,
    CHIP_SOFTWARE_RESET = 3,
};

/* The straps, as the banner says them: GPIO15, GPIO0, GPIO2. */
#define CHIP_STRAP_GPIO2  1u
#define CHIP_STRAP_GPIO0  2u
#define CHIP_STRAP_GPIO15 4u
#define CHIP_STRAPS_UART  CHIP_STRAP_GPIO2
#define CHIP_STRAPS_FLASH (CHIP_STRAP_GPIO0 | CHIP_STRAP_GPIO2)

/* What ROM code has printed and the transmit FIFO has not yet taken. */
struct chip_outbox {
    uint8_t bytes[2048];
    size_t head, count;
};

struct chip {
    uint64_t now;
    unsigned mhz; /* APB cycles per microsecond */
    enum chip_mode mode;
    enum chip_reset_cause cause;
    unsigned straps; /* as sampled when reset was last released */
    struct lx106 cpu;
    uint64_t slice_end;  /* the time at which cpu.left will be 0 */
    unsigned cpu_shift;  /* 1: the CPU runs at twice the APB clock */
    bool spinning;       /* the CPU loops until something outside happens, */
    uint64_t idle_until; /* and that cannot be before this time but by a byte from the wire */
    uint64_t stalled;    /* the CPU waits for the flash cache until then */
    uint64_t wake;       /* when the ROM's boot code or loader goes on; CHIP_NEVER: at the next event */
    struct uart uart;
    struct spi spi;
    struct cache cache;
    struct chip_outbox outbox;
    struct rom_boot boot;
    struct rom_loader loader;
    struct rom_calls calls;
    struct rom_flash flash; /* what the ROM knows of the flash part */
    uint32_t efuse[4];
    uint64_t boots;
    char exception[96]; /* why the CPU stopped; empty if it did not */
    uint32_t dport[0x1000 / 4], io[0x2000 / 4];
    uint8_t dram[LX106_DRAM_SIZE], iram[LX106_IRAM_SIZE + 4];
};

/* `chip` is zeroed memory with mhz, efuse and spi.nor set. The chip is off. */
void chip_init(struct chip *chip);

/* Reset: everything stops. Memory keeps its contents. */
void chip_hold(struct chip *chip);

/* Out of reset; the straps decide between the serial loader, flash and what leads nowhere. */
void chip_release(struct chip *chip, enum chip_reset_cause cause, unsigned straps);

/* The reset that software asks for. EN does not move, so the straps are those of the last time it rose. */
void chip_software_reset(struct chip *chip);

/* Runs until `end` (a few cycles beyond, at most an instruction's) or until something was stored to a peripheral. */
void chip_run(struct chip *chip, uint64_t end);

/* When something next happens in the hardware around the CPU: UART, SPI, flash. CHIP_NEVER if nothing is under way. */
uint64_t chip_event(const struct chip *chip);

/* When the chip next does something by itself: chip_event(), or ROM code going on. `now` if the CPU is busy. */
uint64_t chip_next(const struct chip *chip);

/* Handles the chip's events that are due, except a byte that the UART has sent: for that see chip_sent(). */
void chip_events(struct chip *chip);

/* If a byte has left the UART by now: true, with the byte. */
bool chip_sent(struct chip *chip, uint8_t *byte);

/* A byte from the wire: as it was sent, with the length of its bits, and as the UART has understood it. */
void chip_measure(struct chip *chip, uint8_t byte, uint32_t bit);
void chip_receive(struct chip *chip, uint8_t byte, bool framing);

/* Starts the CPU at `entry` as the ROM calls loaded code. */
void chip_call(struct chip *chip, uint32_t entry);

/* Stops the chip for good, with the reason (printf-like). The first reason stays. */
__attribute__((format(printf, 2, 3))) void chip_stop(struct chip *chip, const char *format, ...);

/* ROM output; what does not fit is lost. The ROM's printf ends its lines with CR LF. */
void chip_put(struct chip *chip, uint8_t byte);
__attribute__((format(printf, 2, 3))) void chip_print(struct chip *chip, const char *format, ...);

/* All that was put has been handed to the UART. */
static inline bool chip_flushed(const struct chip *chip)
{
    return chip->outbox.count == 0;
}

/* Aligned word access anywhere, as the CPU would do it. 0 or an enum lx106_cause. */
int chip_load(struct chip *chip, uint32_t address, uint32_t *value);
int chip_store(struct chip *chip, uint32_t address, uint32_t value);

/* Copies to and from RAM. DRAM takes any address and length, IRAM only whole words. False if the range is not all RAM.
 */
bool chip_read(const struct chip *chip, uint32_t address, void *to, uint32_t n);
bool chip_write(struct chip *chip, uint32_t address, const void *from, uint32_t n);

#endif
