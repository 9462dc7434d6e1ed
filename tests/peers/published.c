/* SPDX-License-Identifier: MIT */
/*
 * published STUB.json: is the virtual board as fast as real ones? Writes images of the sizes that people have published
 * their times for, as esptool does it, through esptool's own stub, in virtual time. Each must come within ten percent.
 *
 * What counts is what esptool prints: from the answer to FLASH_DEFL_BEGIN until a register read behind the last block
 * is answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "tests/peers/esptool_talk.h"
#include "tests/runner.h"

/* Runs printed by esptool 2 to 4 with the stub that 4.x calls version 1. `deflated` 0: not told; the firmware of that
 * time deflates to 0.72 of its size (the four that tell have 0.711 to 0.736). */
static const struct image_run {
    const char *source;
    uint32_t baud, size, deflated;
    double seconds;
} runs[] = {
    {"docs/esp8266.md section 6", 921600, 472084, 0, 4.5},
    {"docs/esp8266.md section 6", 921600, 389152, 0, 4.1},
    {"docs/esp8266.md section 6", 115200, 389152, 0, 24.8},
    {"micropython forum, topic 8915", 115200, 272800, 200778, 17.7},
    {"esp8266.com, topic 20789", 115200, 329008, 233983, 21.0},
    {"wled.discourse.group, topic 7482", 115200, 802528, 573124, 53.2},
};

static struct stub_image *stub;

/* Bytes of which deflate makes about `share`: firmware has few zeros in a row and a skewed choice of bytes. */
static void fill(uint8_t *image, uint32_t size, double share)
{
    uint64_t state = 1;

    for (uint32_t i = 0; i < size; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        image[i] = (uint8_t)(state >> 40);
        if ((state >> 33 & 127) >= share * 128)
            image[i] &= 0x11;
    }
}

static uint8_t *deflate_image(uint32_t size, uint32_t wanted, uint32_t *deflated)
{
    uint8_t *image = malloc(size), *out = malloc(compressBound(size));
    double low = 0, high = 1;

    for (int i = 0; i < 12; i++) {
        uLongf n = compressBound(size);
        double share = (low + high) / 2;

        fill(image, size, share);
        compress2(out, &n, image, size, 9);
        *deflated = (uint32_t)n;
        if (n > wanted)
            high = share;
        else
            low = share;
    }
    free(image);
    return out;
}

static double write_image(const struct image_run *run)
{
    uint32_t wanted = run->deflated ? run->deflated : (uint32_t)(0.72 * run->size), deflated;
    uint8_t *bytes = deflate_image(run->size, wanted, &deflated);
    uint64_t begun = esptool_write(run->size, bytes, deflated);

    free(bytes);
    return (double)(now - begun) / 1e9;
}

START_TEST(is_as_fast_as_the_published_run)
{
    const struct image_run *run = &runs[_i];
    const struct board_config config = {.seed = 1, .mac = {0x18, 0xfe, 0x34, 1, 2, 3}};
    double seconds;

    plug(&config);
    pass(100 * MS);
    connect_at(115200);
    esptool_start(stub, run->baud);
    seconds = write_image(run);
    printf("%7u bytes at %7u: published %5.1f s, here %6.2f s  %+5.1f %%  (%s)\n", run->size, run->baud, run->seconds,
           seconds, 100 * (seconds / run->seconds - 1), run->source);
    ck_assert_double_le(seconds, 1.1 * run->seconds);
    ck_assert_double_ge(seconds, 0.9 * run->seconds);
    unplug();
}
END_TEST

int main(int argc, char **argv)
{
    static char json[64 * 1024];
    char error[256];
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    size_t n = file ? fread(json, 1, sizeof json, file) : 0;
    Suite *suite = suite_create("published");
    TCase *all = tcase_create("runs");

    if (file)
        fclose(file);
    stub = stub_image_parse(json, n, "esptool's", error, sizeof error);
    if (!stub) {
        fprintf(stderr, "published: %s: %s\n", argc == 2 ? argv[1] : "usage: published STUB.json", error);
        return 2;
    }
    tcase_add_loop_test(all, is_as_fast_as_the_published_run, 0, sizeof runs / sizeof *runs);
    tcase_set_timeout(all, 300);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
