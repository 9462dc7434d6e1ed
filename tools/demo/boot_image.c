/* SPDX-License-Identifier: MIT */
#include "tools/demo/boot_image.h"

#include "tools/demo/app_header.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

/* firmware_elf.S */
extern const uint8_t firmware_elf[];

#define IMAGE_MAGIC   0xe9
#define IMAGE_HEADER  8u
#define SEGMENT_HEAD  8u
#define IMAGE_ALIGN   16u
#define CHECKSUM_SEED 0xef
#define MODE_DIO      2

/* From this address on, the chip's cache maps the flash. */
#define WINDOW 0x40200000u

static Elf32_Ehdr elf_header(void)
{
    Elf32_Ehdr header;
    memcpy(&header, firmware_elf, sizeof header);
    return header;
}

static Elf32_Phdr program_header(unsigned i)
{
    const Elf32_Ehdr header = elf_header();
    Elf32_Phdr program;
    memcpy(&program, firmware_elf + header.e_phoff + i * header.e_phentsize, sizeof program);
    return program;
}

static bool is_app(const Elf32_Phdr *program)
{
    return program->p_vaddr >= WINDOW;
}

static uint8_t *put_word(uint8_t *at, uint32_t word)
{
    for (unsigned i = 0; i < 4; i++)
        *at++ = (uint8_t)(word >> (8 * i));
    return at;
}

/* The high nibble of the header's last byte. The low nibble is the flash clock, 0 for 40 MHz. */
static unsigned size_code(uint32_t size)
{
    static const struct {
        uint32_t size;
        unsigned code;
    } codes[] = {{256 << 10, 1}, {512 << 10, 0}, {1 << 20, 2}, {2 << 20, 3}, {4 << 20, 4}, {8 << 20, 8}};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (size <= codes[i].size)
            return codes[i].code;
    return 9;
}

size_t boot_image_write(uint8_t *to, size_t room, uint32_t flash_size)
{
    const Elf32_Ehdr header = elf_header();
    uint8_t checksum = CHECKSUM_SEED, segments = 0, *at = to + IMAGE_HEADER;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        const Elf32_Phdr program = program_header(i);
        const uint32_t padded = (program.p_filesz + 3) & ~3u;
        if (is_app(&program) || padded == 0)
            continue;
        /* The checksum and its padding need up to 16 bytes more. */
        if ((size_t)(at - to) + SEGMENT_HEAD + padded + IMAGE_ALIGN > room)
            return 0;
        at = put_word(at, program.p_vaddr);
        at = put_word(at, padded);
        memset(at, 0, padded);
        memcpy(at, firmware_elf + program.p_offset, program.p_filesz);
        for (uint32_t n = padded; n > 0; n--)
            checksum ^= *at++;
        segments++;
    }
    while ((at - to) % IMAGE_ALIGN != IMAGE_ALIGN - 1)
        *at++ = 0;
    *at++ = checksum;

    const uint8_t head[4] = {IMAGE_MAGIC, segments, MODE_DIO, (uint8_t)(size_code(flash_size) << 4)};
    memcpy(to, head, sizeof head);
    put_word(to + 4, header.e_entry);
    return (size_t)(at - to);
}

size_t boot_image_write_app(uint8_t *to, size_t room, unsigned crystal_mhz)
{
    for (unsigned i = 0; i < elf_header().e_phnum; i++) {
        const Elf32_Phdr program = program_header(i);
        if (!is_app(&program))
            continue;
        if (program.p_filesz > room)
            return 0;
        memcpy(to, firmware_elf + program.p_offset, program.p_filesz);
        put_word(to + offsetof(struct app_header, crystal_mhz), crystal_mhz);
        return program.p_filesz;
    }
    return 0;
}
