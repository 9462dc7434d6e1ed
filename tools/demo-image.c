/* SPDX-License-Identifier: MIT */
/*
 * demo-image [--size BYTES] [--seed N] FILE: writes a golden image like a real product's.
 *
 * At 0 a boot image that greets on the UART, then two slots with the same firmware, then a file system of texts and of
 * files that are compressed already; the rest is blank. About 60 % is content. The firmware deflates to 78 % or so, as
 * real code does, and the whole of 4 MB to 1.7 MB. The same arguments always give the same bytes.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR   4096u
#define PAGE     256u
#define SMALLEST (64u * 1024)
#define LARGEST  (16u * 1024 * 1024)

/* Parts of the whole, in thousandths. */
#define FIRMWARE_SHARE 171u
#define FILES_SHARE    258u

#define IRAM 0x40100000u
#define DRAM 0x3FFE8000u

static uint64_t random_state;

/* SplitMix64. */
static uint32_t draw(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (uint32_t)((z ^ z >> 31) >> 32);
}

static uint32_t below(uint32_t n)
{
    return draw() % n;
}

static uint8_t *put_word(uint8_t *at, uint32_t word)
{
    for (unsigned i = 0; i < 4; i++)
        *at++ = (uint8_t)(word >> (8 * i));
    return at;
}

/* The low nibble of the header's last byte is the clock, 0 for 40 MHz; the high one is this. */
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

/* What the ROM's loader checks: the exclusive or of all segment bytes with 0xEF, last in a multiple of 16 bytes. */
static uint8_t *put_segment(uint8_t *at, uint32_t address, const uint8_t *bytes, uint32_t n, uint8_t *checksum)
{
    at = put_word(at, address);
    at = put_word(at, n);
    for (uint32_t i = 0; i < n; i++)
        *checksum ^= *at++ = bytes[i];
    return at;
}

static void write_boot_image(uint8_t *image, uint32_t size)
{
    /*
     * Sends the text at DRAM by the ROM's uart_tx_one_char, then sleeps:
     *
     *   greeting: .word DRAM
     *   tx:       .word 0x40003b30
     *   start:    l32r a12, greeting
     *             l32r a13, tx
     *   1:        l8ui a2, a12, 0
     *             beqz a2, 2f
     *             callx0 a13
     *             addi a12, a12, 1
     *             j 1b
     *             .align 4
     *   2:        waiti 0
     *             j 2b
     */
    static const uint8_t code[] = {
        0x00, 0x80, 0xfe, 0x3f, 0x30, 0x3b, 0x00, 0x40, 0xc1, 0xfe, 0xff, 0xd1, 0xfe, 0xff, 0x22, 0x0c, 0x00, 0x8c,
        0x72, 0xc0, 0x0d, 0x00, 0x1b, 0xcc, 0x86, 0xfc, 0xff, 0x00, 0x00, 0x70, 0x00, 0x46, 0xfe, 0xff, 0x00, 0x00,
    };
    static const uint8_t greeting[28] = "\r\nDemo firmware 1.0 ready\r\n";
    const uint32_t start = 8;
    const uint8_t n_segments = 2, mode_dio = 2;

    const uint8_t head[4] = {0xe9, n_segments, mode_dio, (uint8_t)(size_code(size) << 4)};
    memcpy(image, head, sizeof(head));
    uint8_t *at = put_word(image + 4, IRAM + start);
    uint8_t checksum = 0xef;
    at = put_segment(at, IRAM, code, sizeof(code), &checksum);
    at = put_segment(at, DRAM, greeting, sizeof(greeting), &checksum);
    while ((at - image) % 16 != 15)
        *at++ = 0;
    *at = checksum;
}

/* Like Xtensa code: three-byte instructions of uneven frequency, idioms that come again, now and then a constant. */
static void write_firmware(uint8_t *bytes, uint32_t n)
{
    for (uint32_t i = 0; i < n;) {
        uint32_t kind = below(100);
        if (kind < 9 && i > 4000) {
            uint32_t back = 3 + below(i < 30000 ? i - 3 : 30000), run = 6 + below(12);
            for (; run > 0 && i < n; run--, i++)
                bytes[i] = bytes[i - back];
        } else {
            static const uint8_t opcodes[] = {0x21, 0x31, 0x42, 0x52, 0x22, 0x0c, 0x1d,
                                              0xc0, 0x16, 0x46, 0x86, 0x01, 0x05};
            uint8_t instruction[3] = {(uint8_t)draw(), (uint8_t)(below(4) ? below(64) * 4 : draw()),
                                      (uint8_t)below(256)};
            if (below(5) < 2)
                instruction[0] = opcodes[below(sizeof(opcodes))];
            if (below(3) == 0)
                instruction[2] = (uint8_t)(0xff - below(4));
            for (unsigned j = 0; j < 3 && i < n; j++)
                bytes[i++] = instruction[j];
        }
    }
}

static void write_text(uint8_t *bytes, uint32_t n)
{
    static const char *const words[] = {
        "relay",  "sensor", "network", "update", "the",    "and",   "config", "value",  "name",
        "true",   "false",  "null",    "status", "button", "light", "timer",  "start",  "stop",
        "reset",  "hour",   "minute",  "class",  "style",  "width", "color",  "margin", "script",
        "return", "event",  "click",   "form",   "submit", "label", "input",  "text",   "page",
    };
    static const char *const joints[] = {" ", " ", " ", " ", ", ", ".\n", "\": \"", "\",\n  \"", "=", "-"};
    char piece[32];
    for (uint32_t i = 0; i < n;) {
        int len = below(9) == 0 ? snprintf(piece, sizeof(piece), "%u ", (unsigned)below(10000))
                                : snprintf(piece, sizeof(piece), "%s%s", words[below(sizeof(words) / sizeof(words[0]))],
                                           joints[below(sizeof(joints) / sizeof(joints[0]))]);
        for (int j = 0; j < len && i < n; j++)
            bytes[i++] = (uint8_t)piece[j];
    }
}

static void write_compressed(uint8_t *bytes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)draw();
}

/* Files that begin at pages, with a blank page here and there. */
static void write_files(uint8_t *bytes, uint32_t n)
{
    bool text = true;
    for (uint32_t i = 0; i + PAGE <= n; text = !text) {
        uint32_t size = PAGE * (4 + below(text ? 170 : 120)) - below(PAGE);
        if (size > n - i)
            size = n - i;
        if (text)
            write_text(bytes + i, size);
        else
            write_compressed(bytes + i, size);
        i = (i + size + PAGE - 1) / PAGE * PAGE + (below(3) == 0 ? PAGE : 0);
    }
}

static uint32_t share(uint32_t size, uint32_t thousandths)
{
    return (uint32_t)((uint64_t)size * thousandths / 1000);
}

static void write_image(uint8_t *image, uint32_t size)
{
    uint32_t firmware = share(size, FIRMWARE_SHARE);
    uint8_t *slot_1 = image + SECTOR, *slot_2 = image + size / 4 + SECTOR;
    memset(image, 0xff, size);
    write_boot_image(image, size);
    write_firmware(slot_1, firmware);
    memcpy(slot_2, slot_1, firmware);
    write_files(image + size / 2, share(size, FILES_SHARE));
}

static int save(const char *path, const uint8_t *image, size_t size)
{
    FILE *file = fopen(path, "wb");
    bool saved = file && fwrite(image, 1, size, file) == size;
    int error = errno;
    if (file && fclose(file) != 0 && saved) {
        saved = false;
        error = errno;
    }
    if (saved)
        return 0;
    fprintf(stderr, "demo-image: %s: %s\n", path, strerror(error));
    return 1;
}

static void usage(FILE *to)
{
    fputs("usage: demo-image [--size BYTES] [--seed N] FILE\n", to);
}

/* Decimal, octal or hexadecimal; returns false and says so if it is no number or not in [least, most]. */
static bool parse_number(const char *option, const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 0);
    if (errno == 0 && end != text && *end == '\0' && !strchr(text, '-') && *number >= least && *number <= most)
        return true;
    fprintf(stderr, "demo-image: --%s %s: must be a number from %llu to %llu\n", option, text,
            (unsigned long long)least, (unsigned long long)most);
    return false;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"size", required_argument, NULL, 's'},
        {"seed", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    uint64_t size = 4u << 20, seed = 1;
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (option) {
        case 's':
            if (!parse_number("size", optarg, SMALLEST, LARGEST, &size))
                return 2;
            break;
        case 'r':
            if (!parse_number("seed", optarg, 0, UINT64_MAX, &seed))
                return 2;
            break;
        case 'h': usage(stdout); return 0;
        default: usage(stderr); return 2;
        }
    }
    if (argc - optind != 1) {
        usage(stderr);
        return 2;
    }
    if (size % SECTOR != 0) {
        fprintf(stderr, "demo-image: --size %llu: must be a multiple of %u\n", (unsigned long long)size, SECTOR);
        return 2;
    }

    uint8_t *image = malloc(size);
    if (!image) {
        fprintf(stderr, "demo-image: no memory for %llu bytes\n", (unsigned long long)size);
        return 1;
    }
    random_state = seed;
    write_image(image, (uint32_t)size);
    int result = save(argv[optind], image, size);
    free(image);
    return result;
}
