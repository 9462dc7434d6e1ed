/* SPDX-License-Identifier: MIT */
/* Includes build/common/firmware.elf in the image maker. */
    .section .rodata
    .global firmware_elf
    .balign 4
firmware_elf:
    .incbin FIRMWARE_ELF
    .section .note.GNU-stack, "", %progbits
