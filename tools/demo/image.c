/* SPDX-License-Identifier: MIT */
/*
 * demo-image [--size BYTES] [--seed N] [--crystal MHZ] FILE: writes a golden image that resembles a real product's.
 *
 * At offset 0 is the boot part. Two slots with the same application follow, each the demo application and data that
 * resembles code, then a file system of texts and compressed files; the rest is blank. About 60 % is content, and 4 MB
 * deflate to 1.7 MB. The same arguments always give the same bytes. The booted firmware prints a greeting on the
 * UART. */
#include "tools/demo/app_header.h"
#include "tools/demo/boot_image.h"
#include "tools/demo/content.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR   4096u
#define SMALLEST (64u * 1024)
#define LARGEST  (16u * 1024 * 1024)

/* Parts of the whole, in thousandths. */
#define FIRMWARE_SHARE 171u
#define FILES_SHARE    258u

static uint32_t share(uint32_t size, uint32_t thousandths)
{
    return (uint32_t)((uint64_t)size * thousandths / 1000);
}

/* False if the firmware does not fit. */
static bool write_image(uint8_t *image, uint32_t size, unsigned crystal_mhz)
{
    uint32_t slot = share(size, FIRMWARE_SHARE);
    uint8_t *slot_1 = image + APP_OFFSET, *slot_2 = image + size / 4 + APP_OFFSET;
    memset(image, 0xff, size);
    size_t boot = boot_image_write(image, APP_OFFSET, size);
    size_t app = boot_image_write_app(slot_1, slot, crystal_mhz);
    if (boot == 0 || app == 0)
        return false;
    content_code(slot_1 + app, slot - (uint32_t)app);
    memcpy(slot_2, slot_1, slot);
    content_files(image + size / 2, share(size, FILES_SHARE));
    return true;
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
    fputs("usage: demo-image [--size BYTES] [--seed N] [--crystal 26|40] FILE\n", to);
}

/* Decimal, octal or hexadecimal. Prints an error and returns false if it is not a number in [least, most]. */
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
        {"crystal", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    uint64_t size = 4u << 20, seed = 1, crystal = 26;
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
        case 'c':
            if (!parse_number("crystal", optarg, 26, 40, &crystal))
                return 2;
            if (crystal != 26 && crystal != 40) {
                fprintf(stderr, "demo-image: --crystal %s: must be 26 or 40\n", optarg);
                return 2;
            }
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
    content_seed(seed);
    int result = 1;
    if (write_image(image, (uint32_t)size, (unsigned)crystal))
        result = save(argv[optind], image, size);
    else
        fputs("demo-image: the firmware is too large\n", stderr);
    free(image);
    return result;
}
