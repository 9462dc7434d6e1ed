/* SPDX-License-Identifier: MIT */
#include "tools/benchmark/esptool_time.h"

#include "proto/image/golden.h"
#include "tests/peers/esptool_talk.h"

#include <stdlib.h>
#include <zlib.h>

#define SPI_FLASH_MD5 0x13
#define MD5_TIMEOUT   60 /* s */
#define MD5_AT        8  /* in the reply */

static void check_md5(const uint8_t *image, size_t size)
{
    uint8_t md5[GOLDEN_MD5_SIZE], frame[64];
    size_t n = 0;
    golden_md5(image, size, md5);
    forget();
    say_request(SPI_FLASH_MD5, 0, (const uint32_t[4]){0, (uint32_t)size, 0, 0}, 16);
    for (int ms = 0; ms < MD5_TIMEOUT * 1000 && n == 0; ms++) {
        pass(MS);
        if (!next_frame(frame, sizeof(frame), &n))
            n = 0;
    }
    ck_assert_uint_eq(n, MD5_AT + sizeof(md5) + 2);
    ck_assert_mem_eq(frame + MD5_AT, md5, sizeof(md5));
}

static struct {
    const struct stub_image *stub;
    const uint8_t *before, *image;
    size_t size;
    uint32_t rate;
    double seconds;
} unit;

START_TEST(write_unit)
{
    const struct board_config config = {.seed = 1, .mac = {0x18, 0xFE, 0x34, 1, 2, 3}};
    uLongf deflated_size = compressBound(unit.size);
    uint8_t *deflated = malloc(deflated_size);
    size_t flash_size;
    ck_assert_ptr_nonnull(deflated);
    ck_assert_int_eq(compress2(deflated, &deflated_size, unit.image, unit.size, Z_BEST_COMPRESSION), Z_OK);
    plug(&config);
    uint8_t *flash = board_flash(board, &flash_size);
    memcpy(flash, unit.before, unit.size);
    pass(100 * MS);
    uint64_t begun = now;
    connect_at(115200);
    esptool_start(unit.stub, unit.rate);
    esptool_write((uint32_t)unit.size, deflated, (uint32_t)deflated_size);
    check_md5(unit.image, unit.size);
    free(deflated);
    unit.seconds = (double)(now - begun) / 1e9;
    unplug();
}
END_TEST

/* Check's assertions, which all talk with a board uses, need a running test. */
double esptool_seconds(const struct stub_image *stub, const uint8_t *before, const uint8_t *image, size_t size,
                       uint32_t rate)
{
    Suite *suite = suite_create("esptool");
    TCase *all = tcase_create("unit");
    SRunner *runner = srunner_create(suite);
    unit = (typeof(unit)){.stub = stub, .before = before, .image = image, .size = size, .rate = rate};
    tcase_add_test(all, write_unit);
    suite_add_tcase(suite, all);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_SILENT);
    if (srunner_ntests_failed(runner) > 0) {
        srunner_print(runner, CK_NORMAL);
        exit(1);
    }
    srunner_free(runner);
    return unit.seconds;
}
