/* SPDX-License-Identifier: MIT */
/* As hello.c, by the ROM's printf, as Espressif's own example for load-ram prints: with its strings in DRAM. */
#include <stdint.h>

#define rom_printf   ((int (*)(const char *, ...))0x400024cc)
#define rom_divide   ((void (*)(uint32_t, uint32_t))0x400039d8)
#define rom_delay_us ((void (*)(uint32_t))0x40002ecc)

__attribute__((noreturn)) void start(void);

void start(void)
{
    rom_delay_us(20000); /* a new divider empties the FIFO, and the answer to the command that got us here is in it */
    rom_divide(0, 52000000 / 115200);
    for (;;) {
        rom_printf("%s from %08x, %d %u %c, %d %d\n", "hello", 0x40100000, -9, 7u, '!', 6, 7);
        rom_delay_us(20000);
    }
}
