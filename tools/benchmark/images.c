/* SPDX-License-Identifier: MIT */
#include "tools/benchmark/images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The demo image has its slots behind one sector each, at the beginning and in the second quarter, and files from the
 * middle on (tools/demo/image.c). */
#define SECTOR 4096u

static uint32_t whole_sectors(size_t bytes)
{
    return (uint32_t)(bytes / SECTOR * SECTOR);
}

static uint8_t *new_image(size_t size)
{
    uint8_t *image = malloc(size);
    if (!image)
        abort();
    return image;
}

uint8_t *image_read(const char *path, size_t *size)
{
    static uint8_t bytes[GOLDEN_END_MAX];
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    *size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    return memcpy(new_image(*size + 1), bytes, *size);
}

uint8_t *image_other(size_t size)
{
    uint8_t *image = new_image(size);
    uint32_t random = 1;
    for (size_t i = 0; i < size; i++) {
        random = random * 1664525 + 1013904223;
        image[i] = (uint8_t)(random >> 24);
    }
    return image;
}

struct golden *image_golden(const uint8_t *bytes, size_t size)
{
    char error[256] = "";
    struct golden *golden = golden_new();
    if (!golden || golden_add(golden, "image", 0, bytes, size, error, sizeof(error)) != 0 ||
        golden_seal(golden, error, sizeof(error)) != 0) {
        fprintf(stderr, "benchmark: %s\n", error);
        exit(2);
    }
    return golden;
}

uint8_t *image_two_slots(const uint8_t *demo, size_t size)
{
    uint8_t *image = new_image(size);
    uint32_t slot = whole_sectors(size * 11 / 100);
    memset(image, 0xFF, size);
    memcpy(image, demo, SECTOR);
    memcpy(image + SECTOR, demo + SECTOR, slot);
    memcpy(image + size / 2 + SECTOR, demo + SECTOR, slot);
    return image;
}

#define MOVED_BY 12 /* bytes */

uint8_t *image_next_version(const uint8_t *demo, size_t size)
{
    uint8_t *image = new_image(size);
    uint32_t moved = whole_sectors(size / 5);
    uint8_t *from = image + size / 2;
    memcpy(image, demo, size);
    memcpy(from + MOVED_BY, demo + size / 2, moved - MOVED_BY);
    memset(from, 0, MOVED_BY);
    return image;
}
