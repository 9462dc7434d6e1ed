/* SPDX-License-Identifier: MIT */
/*
 * The text that the ROM's printf makes, letter by letter: of a format and its arguments in the chip's memory, as
 * Xtensa's va_list gives them. Strings are read byte by byte, which only DRAM allows.
 *
 * Conversions: %d %i %u %x %X %o %p %c %s %%, with the flags - and 0, a width, a precision, l and ll. What else follows
 * a % is printed as it is. Which of these the real ROM has is known for those of boot logs only.
 */
#ifndef BOARDSIM_ROM_FORMAT_H
#define BOARDSIM_ROM_FORMAT_H

#include <stdint.h>

struct chip;

struct rom_format {
    uint32_t at;            /* in the format: the letter or conversion that is being printed */
    uint32_t index;         /* letters of it that are out */
    uint32_t stk, reg, ndx; /* va_list: arguments on the stack, in the registers' save area; bytes taken */
};

/* Arguments on the stack are at stk + ROM_FORMAT_STACK and on, those in registers at reg up to ROM_FORMAT_REGISTERS
 * (Xtensa's ABI, as gcc has it). */
#define ROM_FORMAT_REGISTERS 24u
#define ROM_FORMAT_STACK     32u

#define ROM_FORMAT_END (-1)
#define ROM_FORMAT_BAD (-2)

/* The next letter; ROM_FORMAT_END behind the last; ROM_FORMAT_BAD if `*bad`, an address, cannot be read. */
__attribute__((warn_unused_result)) int rom_format_next(const struct chip *chip, struct rom_format *format,
                                                        uint32_t *bad);

#endif
