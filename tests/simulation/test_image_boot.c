/* SPDX-License-Identifier: MIT */
/*
 * Seeded images, right and wrong, judged by esp_image and booted by boardsim's ROM: what has no error boots, and what
 * has one does not. GANGD_UNITS and GANGD_SEED in the environment set another number and seed.
 */
#include "proto/image/esp_image.h"
#include "tests/runner.h"
#include "tests/unit/boardsim/board_talk.h"

#include <stdlib.h>

#define IMAGES    600
#define IRAM      0x40100000u
#define FILE_MAX  16384u
#define BOOT_TIME (150 * MS)

static const struct board_config plain = {.seed = 1, .mac = {0x18, 0xfe, 0x34, 0x01, 0x02, 0x03}};

/* .word 0x60000000; l32r a5, .-4; movi a2, 'K'; s32i.n a2, a5, 0; waiti 15 */
static const uint8_t say_k[16] = {0x00, 0x00, 0x00, 0x60, 0x51, 0xff, 0xff, 0x22,
                                  0xa0, 0x4b, 0x29, 0x05, 0x00, 0x7f, 0x00};

static uint32_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % below;
}

static unsigned from_environment(const char *name, unsigned otherwise)
{
    const char *value = getenv(name);
    return value ? (unsigned)strtoul(value, NULL, 10) : otherwise;
}

/* Addresses of a second and third segment; none overlaps the code. */
static const uint32_t right_addresses[] = {IRAM + 0x400, IRAM + 0xF000, 0x3FFE8000, 0x3FFE9004, 0x3FFFA001};
static const uint32_t wrong_addresses[] = {IRAM + 0x402, IRAM + 0xFFF0, 0x3FFE7FFC, 0x40000000,
                                           0x60000000,   0x40201010,    0,          0x3FFFFFF0};
static const uint32_t wrong_entries[] = {0, 0x3FFE8000, 0x40201010, IRAM + 0x8000, 0xFFFFFFFC};

#define ONE_OF(array) ((array)[draw(sizeof(array) / sizeof((array)[0]))])

/* One image in the flash of the board, right or with one thing wrong. Returns the length of its file. */
static size_t put_random_image(void)
{
    static uint8_t noise[3000];
    struct segment segments[4] = {{IRAM, say_k, sizeof(say_k)}};
    unsigned n = 1 + draw(4);
    uint32_t entry = IRAM + 4;
    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (uint8_t)draw(256);
    for (unsigned i = 1; i < n; i++)
        segments[i] = (struct segment){ONE_OF(right_addresses), noise, 20 + draw(200)};
    if (n > 1 && draw(6) == 0)
        segments[n - 1].address = ONE_OF(wrong_addresses);
    if (draw(8) == 0)
        entry = ONE_OF(wrong_entries);
    return put_image((uint8_t)draw(5), (uint8_t)draw(256), entry, segments, n) + 1;
}

static void damage(uint8_t *flash, size_t *n)
{
    uint32_t at = draw((uint32_t)*n);
    switch (draw(8)) {
    case 0: *n = at; break; /* truncated: what is behind stays blank */
    case 1: flash[*n - 1] ^= (uint8_t)(1 + draw(255)); break;
    case 2: flash[32 > *n - 2 ? *n - 2 : 32 + at % (*n - 32)] ^= 1; break;
    case 3: flash[0] = (uint8_t)draw(256); break;
    default: break; /* none */
    }
    memset(flash + *n, 0xFF, FILE_MAX - *n);
}

static const struct esp_remark *read_error(const uint8_t *bytes, size_t n)
{
    static struct esp_image image;
    esp_image_read(&image, bytes, n);
    esp_image_place(&image, 0);
    return esp_remarks_first(&image.remarks, ESP_ERROR);
}

/* What is behind a truncated file gives the right checksum once in 256 times. */
static bool is_lucky(const struct esp_remark *error)
{
    return error && error->id == ESP_REMARK_TRUNCATED;
}

static bool boots(void)
{
    pass(BOOT_TIME);
    return heard_size > 0 && heard[heard_size - 1] == 'K';
}

START_TEST(what_has_no_error_boots_and_what_has_one_does_not)
{
    static uint8_t file[FILE_MAX];
    unsigned right = 0, lucky = 0;
    unsigned count = from_environment("GANGD_UNITS", IMAGES);
    random_state = from_environment("GANGD_SEED", 20261129);
    for (unsigned i = 0; i < count; i++) {
        uint32_t seed = random_state;
        size_t size;
        plug(&plain);
        uint8_t *flash = board_flash(board, &size);
        size_t n = put_random_image();
        damage(flash, &n);
        memcpy(file, flash, n);
        const struct esp_remark *error = read_error(file, n);
        bool booted = boots();
        right += booted;
        if (booted && is_lucky(error)) {
            lucky++;
            continue;
        }
        ck_assert_msg(booted == (error == NULL), "image %u (GANGD_SEED=%u GANGD_UNITS=1) %s: %s\n%s", i, seed,
                      booted ? "boots" : "does not boot", error ? error->what : "no error", (const char *)heard);
    }
    ck_assert_uint_le(lucky, 2 + count / 256);
    ck_assert(count < 100 || (right > count / 5 && right < count * 3 / 5));
    unplug();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("image_boot");
    TCase *tcase = tcase_create("image_boot");
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, what_has_no_error_boots_and_what_has_one_does_not);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
