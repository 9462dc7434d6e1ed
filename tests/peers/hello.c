/* SPDX-License-Identifier: MIT */
/* A program for the chip that says the same line over and over at 115200 baud: who hears it knows that it was started.
 * It needs nothing but IRAM, so that it may be loaded beside any stub. */
#include <stdint.h>

#define rom_put      ((int (*)(char))0x40003b30)
#define rom_divide   ((void (*)(uint32_t, uint32_t))0x400039d8)
#define rom_delay_us ((void (*)(uint32_t))0x40002ecc)

/* A constant of the code reaches the CPU as a word, the only thing that IRAM gives: four letters in each. */
static void say(uint32_t letters)
{
    for (; letters; letters >>= 8)
        rom_put((char)letters);
}

__attribute__((noreturn)) void start(void);

void start(void)
{
    rom_delay_us(20000); /* a new divider empties the FIFO, and the answer to the command that got us here is in it */
    rom_divide(0, 52000000 / 115200);
    for (;;) {
        say(0x6c6c6568); /* hell */
        say(0x7266206f); /* o fr */
        say(0x74206d6f); /* om t */
        say(0x63206568); /* he c */
        say(0x0a706968); /* hip\n */
        rom_delay_us(20000);
    }
}
