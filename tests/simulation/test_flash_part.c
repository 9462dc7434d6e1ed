/* SPDX-License-Identifier: MIT */
/* The recipe `program` and the flash part: every size on offer, and protected, slow and counterfeit ones. */
#include "tests/runner.h"
#include "tests/simulation/rig.h"
#include "tools/boardsim/board/flash/nor.h"
#include "tools/boardsim/board/flash/nor_identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_SIZE (96 * 1024)
#define OLD        0x5A /* the previous content of the flash */

/* With sanitizers, which make everything five times as slow, fewer of what takes longest. */
#ifdef __SANITIZE_ADDRESS__
#    define WRAPPED_IMAGES 1
#    define PACES_END      NOR_RANDOM
#else
#    define WRAPPED_IMAGES 3
#    define PACES_END      (NOR_RANDOM + 1)
#endif

static struct golden *golden;
static struct stub_image *stub;
static struct rig *rig;
static struct program_job job; /* outlives the recipe */
static struct board_config config;

static void setup(void)
{
    golden = rig_golden(IMAGE_SIZE, 1);
    stub = stub_image_builtin();
    rig = calloc(1, sizeof(*rig));
    rig->unplug_at = RIG_NEVER;
    job = rig_job(golden, stub);
    config = (struct board_config){.seed = 1, .mac = {0x18, 0xFE, 0x34, 0xA1, 0xB2, 0xC3}};
}

static void teardown(void)
{
    board_free(rig->board);
    update_free(rig->update);
    golden_free(golden);
    stub_image_free(stub);
    free(rig);
}

/* A board that is to be compared holds the image as far as its flash goes. */
static void fill_flash(uint8_t *flash, size_t size)
{
    const struct golden_part *part = &golden->parts[0];
    if (job.compare_first)
        memcpy(flash, part->bytes, size < part->padded_size ? size : part->padded_size);
    else
        memset(flash, OLD, size < IMAGE_SIZE ? size : IMAGE_SIZE);
}

static void flash_board(void)
{
    size_t size;
    board_free(rig->board);
    rig->board = board_new(&config);
    uint8_t *flash = board_flash(rig->board, &size);
    fill_flash(flash, size);
    board_power(rig->board, true);
    rig_program(rig, &job, 600);
}

static void expect_pass(const char *what)
{
    ck_assert_msg(rig->program.state == PROGRAM_PASSED, "%s: %s (%s)", what, cause_code(rig->program.cause),
                  rig->program.detail);
    ck_assert_msg(rig_holds(rig->board, golden), "%s", what);
    ck_assert_msg(rig->program.tries == 1, "%s: %u tries", what, rig->program.tries);
    ck_assert_uint_eq(board_stats(rig->board)->nor_violations, 0);
    ck_assert_uint_eq(board_stats(rig->board)->flash_needless, 0);
}

static void expect_failure(const char *what, enum cause cause)
{
    ck_assert_msg(rig->program.state == PROGRAM_FAILED && rig->program.cause == cause, "%s: %s (%s) instead of %s",
                  what, cause_code(rig->program.cause), rig->program.detail, cause_code(cause));
}

static bool untouched(void)
{
    size_t size;
    const uint8_t *bytes = board_flash(rig->board, &size);
    for (size_t i = 0; i < IMAGE_SIZE; i++)
        if (bytes[i] != OLD)
            return false;
    return true;
}

static bool may_pass(const struct nor_part *part)
{
    return !(part->traits & NOR_TRAIT_BYTES);
}

/* Each part, at its typical times, at its slowest, and in between. */
START_TEST(every_part_passes_at_every_pace)
{
    for (const struct nor_part *part = nor_parts; part->name; part++) {
        if (!may_pass(part))
            continue;
        config.part = part;
        config.faults.flash.pace = (enum nor_pace)_i;
        flash_board();
        expect_pass(part->name);
        ck_assert_uint_eq(rig->program.flash_part.size, part->size);
        ck_assert_uint_eq(board_stats(rig->board)->flash_refused, part->layout == NOR_LOCKS); /* the first erase */
        ck_assert_uint_eq(board_stats(rig->board)->flash_status_writes, 0);
    }
}
END_TEST

/* A 64 KB erase takes 2 s there, a page 3 ms. */
START_TEST(a_whole_slow_part_passes)
{
    golden_free(golden);
    golden = rig_golden(1 << 20, 3);
    job = rig_job(golden, stub);
    config.part = nor_find("W25Q80");
    config.faults.flash.pace = NOR_MAXIMUM;
    flash_board();
    expect_pass("W25Q80");
}
END_TEST

/* As much flash, and so few bytes that all are there before the first sector is erased: what takes its time is what
 * they become. */
START_TEST(a_tiny_stream_for_a_whole_slow_part_passes)
{
    enum { SIZE = 1 << 20, SECTOR = 4096 };
    static uint8_t image[SIZE];
    char error[200];
    for (uint32_t at = 0; at < SIZE; at += SECTOR)
        memcpy(image + at, &at, sizeof(at));
    golden_free(golden);
    golden = golden_new();
    ck_assert_int_eq(golden_add(golden, "tiny", 0, image, SIZE, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(golden, error, sizeof(error)), 0);
    ck_assert_uint_lt(golden->parts[0].stream.size, 5000);
    job = rig_job(golden, stub);
    config.part = nor_find("W25Q80");
    config.faults.flash.pace = NOR_MAXIMUM;
    flash_board();
    expect_pass("W25Q80");
    ck_assert_uint_gt(rig->program.phase_us[PROGRAM_PHASE_write], 20000000);
}
END_TEST

/* 1.25 s for the ROM's MD5 of 4 MB, and what a reading at the firmware's clock adds to that. A stream's digest is made
 * while it writes. */
START_TEST(reading_4_mb_back_takes_its_time)
{
    golden_free(golden);
    golden = rig_golden(4 << 20, 3);
    job = rig_job(golden, stub);
    flash_board();
    expect_pass("4 MB");
    ck_assert_uint_lt(rig->program.phase_us[PROGRAM_PHASE_verify], 100000);
    job.compare_first = rig->flash_trusted = true;
    rig_program(rig, &job, 600);
    expect_pass("compared");
    ck_assert_uint_eq(rig->program.phase_us[PROGRAM_PHASE_write], 0);
    ck_assert_uint_gt(rig->program.phase_us[PROGRAM_PHASE_compare], 1400000);
    ck_assert_uint_lt(rig->program.phase_us[PROGRAM_PHASE_compare], 1800000);
}
END_TEST

static const struct {
    const char *part;
    uint32_t before, after;
} protected[] = {
    {"W25Q32", 0x00001c, 0x000000},  /* all protected, as the ROM's FLASH_END leaves it */
    {"W25Q32", 0x00021c, 0x000200},  /* QE is kept */
    {"W25Q32", 0x60029c, 0x600280},  /* and so are SRP0, which locks nothing with WP high, and SR3 */
    {"W25Q32", 0x000024, 0x000000},  /* the lowest 64 KB */
    {"W25Q32", 0x000064, 0x000040},  /* the lowest 4 KB */
    {"W25Q32", 0x004000, 0x000000},  /* CMP alone: all */
    {"W25Q32", 0x004204, 0x000200},  /* all but the highest 64 KB */
    {"W25Q64", 0x00421c, 0x000200},  /* nothing, as only both registers together show */
    {"W25Q80", 0x00021c, 0x000200},  /* two registers only */
    {"GD25Q32", 0x00021c, 0x000200}, /* 01h with two bytes is refused */
    {"GD25Q32", 0x004200, 0x000200}, /* SR2 needs 31h */
    {"GD25Q32", 0x00421c, 0x000200},     {"P25Q32", 0x00403c, 0x000000},
    {"BY25Q32", 0x00423c, 0x000200},     {"MX25L32", 0x00003c, 0x000000}, /* one register; 35h is not sent */
    {"EN25Q16", 0x00003c, 0x000000},                                      /* one register, 35h is not answered */
    {"W25Q32", 0x040000, 0x040000},                                       /* WPS, which stays: 98h opens the blocks */
    {"W25Q128", 0x040200, 0x040200},     {"W25Q32", 0x04001c, 0x040000},
    {"SST26VF032B", 0x000000, 0x000000}, /* it has nothing but locks */
};

START_TEST(protection_is_taken_off)
{
    config.part = nor_find(protected[_i].part);
    config.faults.flash.status = protected[_i].before;
    flash_board();
    expect_pass(protected[_i].part);
    ck_assert_uint_eq(board_stats(rig->board)->flash_status, protected[_i].after);
}
END_TEST

static const struct {
    const char *name, *part;
    struct nor_faults faults;
} locked[] = {
    {"SRP0, WP low", "W25Q32", {.status = 0x9c, .wp_low = true}},
    {"SRWD, WP low", "MX25L32", {.status = 0x9c, .wp_low = true}},
    {"for ever", "W25Q32", {.status = 0x019c}},
    {"CMP for ever", "GD25Q32", {.status = 0x4180}},
};

START_TEST(a_locked_flash_is_named_and_untouched)
{
    config.part = nor_find(locked[_i].part);
    config.faults.flash = locked[_i].faults;
    flash_board();
    expect_failure(locked[_i].name, CAUSE_FLASH_PROTECTED);
    ck_assert_uint_eq(rig->program.tries, 1);
    ck_assert(untouched());
}
END_TEST

static const struct {
    uint32_t claims, size, image; /* id; bytes */
} counterfeits[] = {
    {0xEF4016, 2 << 20, IMAGE_SIZE}, /* the image fits the real size */
    {0xEF4016, 512 << 10, IMAGE_SIZE},     {0xEF4018, 4 << 20, IMAGE_SIZE},
    {0xEF4016, 1 << 20, (1 << 20) + 8192}, /* wraps onto itself, and ends before the middle of the claimed size */
    {0xEF4016, 1 << 20, 4 << 20},          {0xEF4016, 2 << 20, 4 << 20},
    {0xEF4014, 512 << 10, 1 << 20},
};

START_TEST(a_part_that_wraps_is_named)
{
    golden_free(golden);
    golden = rig_golden(counterfeits[_i].image, 4);
    job = rig_job(golden, stub);
    job.compare_first = rig->flash_trusted = _i % 2;
    config.faults.flash =
        (struct nor_faults){.wrong_id = true, .id = counterfeits[_i].claims, .size = counterfeits[_i].size};
    config.part = nor_find("W25Q128");
    flash_board();
    expect_failure("wraps", CAUSE_FLASH_SIZE_FALSE);
    ck_assert_uint_eq(rig->program.tries, 1);
}
END_TEST

/* `layout` 0: all sectors differ; else only each of so many does, and the others are copies of the first. */
static void make_golden(size_t len, unsigned layout)
{
    char error[200];
    uint8_t *bytes = rig_image(len, 6);
    for (size_t at = GOLDEN_SECTOR; layout > 0 && at + GOLDEN_SECTOR <= len; at += GOLDEN_SECTOR)
        if (at / GOLDEN_SECTOR % layout != 0)
            memcpy(bytes + at, bytes, GOLDEN_SECTOR);
    golden_free(golden);
    golden = golden_new();
    ck_assert_int_eq(golden_add(golden, "wraps", 0, bytes, len, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(golden, error, sizeof(error)), 0);
    free(bytes);
    job = rig_job(golden, stub);
}

/* The sectors that the part has are right before anything is written, so these are kept. */
static void compare_first(bool first)
{
    update_free(rig->update);
    rig->update = NULL;
    job.compare_first = job.skip_blank_erase = rig->flash_trusted = first;
    job.find_update = rig_find_update;
    job.update_data = rig;
}

/* A part that claims 1 MB and wraps after less, with images that end on either side of each such size and of its
 * multiples, with and without equal sectors in them. Where the sector that is looked at is blank in the end, the cause
 * is the MD5 alone. */
START_TEST(no_part_that_wraps_passes)
{
    static const uint32_t sizes[] = {64 << 10, 128 << 10, 256 << 10, 512 << 10};
    static const int32_t beyond[] = {0, 1000, 3 * GOLDEN_SECTOR + 20};
    uint32_t size = sizes[_i % 4];
    unsigned kept = 0;
    for (uint32_t multiple = 1; multiple * size < 1 << 20; multiple *= 2)
        for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
            make_golden(multiple * size + (uint32_t)beyond[i], (unsigned)(_i / 4) * 3);
            job.tries = 1;
            compare_first(i == 1 || multiple == 2);
            config.faults.flash = (struct nor_faults){.wrong_id = true, .id = 0xEF4014, .size = size};
            flash_board();
            char what[80];
            snprintf(what, sizeof(what), "%u KB, an image of %u", size / 1024, golden->end);
            if (rig->program.cause != CAUSE_MD5_MISMATCH)
                expect_failure(what, CAUSE_FLASH_SIZE_FALSE);
            kept += rig->update != NULL;
        }
    ck_assert_msg(kept > 0, "nothing was kept on any board");
}
END_TEST

/* Of four sectors that share one place in a part of a quarter of its claimed size, the first and the last to be written
 * are blank. The first is right in the end, the third is not. */
START_TEST(a_sector_that_is_right_in_the_end_hides_no_other)
{
    char error[200];
    const uint32_t quarter = 256 << 10, size = 4 * quarter;
    uint8_t *bytes = rig_image(size, 5);
    memset(bytes, 0xFF, quarter);
    memset(bytes + 2 * quarter, 0x55, GOLDEN_SECTOR);
    memset(bytes + 3 * quarter, 0xFF, quarter);
    golden_free(golden);
    golden = golden_new();
    ck_assert_int_eq(golden_add(golden, "image", 0, bytes, size, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(golden, error, sizeof(error)), 0);
    free(bytes);
    job = rig_job(golden, stub);
    job.tries = 1;
    config.faults.flash = (struct nor_faults){.wrong_id = true, .id = 0xEF4014, .size = quarter};
    flash_board();
    expect_failure("hidden", CAUSE_FLASH_SIZE_FALSE);
}
END_TEST

/* An image that has the same at its beginning and in the middle of the part. */
START_TEST(an_image_may_repeat_itself)
{
    char error[200];
    uint8_t *bytes = rig_image(65536, 5);
    golden_free(golden);
    golden = golden_new();
    ck_assert_int_eq(golden_add(golden, "one", 0, bytes, 65536, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_add(golden, "same", 2 << 20, bytes, 65536, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(golden, error, sizeof(error)), 0);
    free(bytes);
    job = rig_job(golden, stub);
    flash_board();
    expect_pass("repeated");
}
END_TEST

/* The part holds the image already, but its size is false. */
START_TEST(a_part_that_wraps_does_not_pass_by_comparison)
{
    size_t size;
    job.compare_first = rig->flash_trusted = true;
    config.faults.flash.size = 1 << 20;
    rig->board = board_new(&config);
    memcpy(board_flash(rig->board, &size), golden->parts[0].bytes, IMAGE_SIZE);
    board_power(rig->board, true);
    rig_program(rig, &job, 600);
    expect_failure("compared", CAUSE_FLASH_SIZE_FALSE);
    ck_assert_uint_eq(board_stats(rig->board)->erases, 0);
}
END_TEST

/* Reads of the array are not answered. The two halves are alike, but the cause is not a false size. */
START_TEST(a_part_that_is_all_zeros_is_not_called_small)
{
    config.part = nor_find("W25Q40");
    config.faults.flash.stuck_bits = 12000000;
    job.tries = 1;
    flash_board();
    expect_failure("zeros", CAUSE_MD5_MISMATCH);
}
END_TEST

/* Its content is right, and the firmware would not start from it. Nothing that happens by chance: one try. */
START_TEST(a_part_that_cannot_be_read_fast_does_not_pass)
{
    config.faults.flash.fast_reads_fail = true;
    flash_board();
    ck_assert(rig_holds(rig->board, golden));
    expect_failure("fast reads", CAUSE_FLASH_READ_UNSTABLE);
    ck_assert_str_eq(rig->program.detail, "golden.bin at 0x0");
    ck_assert_uint_eq(rig->program.tries, 1);
}
END_TEST

START_TEST(such_a_part_passes_where_only_the_slow_read_is_asked_for)
{
    config.faults.flash.fast_reads_fail = true;
    job.loader_clock = true;
    flash_board();
    expect_pass("slow reads");
}
END_TEST

static const struct {
    uint32_t id;
    enum cause cause;
} ids[] = {
    {0xFFFFFF, CAUSE_FLASH_ID_UNREADABLE}, {0x000000, CAUSE_FLASH_ID_UNREADABLE}, {0xEF4099, CAUSE_FLASH_SIZE_UNKNOWN},
    {0xEF4010, CAUSE_FLASH_SIZE_UNKNOWN},  {0xEF4014, CAUSE_FLASH_TOO_SMALL},     {0xBF254A, CAUSE_FLASH_WORD_PROGRAM},
};

/* The part has no SFDP. */
START_TEST(a_wrong_id_is_refused_before_anything_is_erased)
{
    config.part = nor_find("EN25Q16");
    job.min_flash_size = 4 << 20;
    config.faults.flash.wrong_id = true;
    config.faults.flash.id = ids[_i].id;
    flash_board();
    expect_failure("id", ids[_i].cause);
    ck_assert_uint_eq(board_stats(rig->board)->erases, 0);
    ck_assert(untouched());
}
END_TEST

#define UNKNOWN_ID 0x994040

/* Of a part that is in no table. One that takes 35h for another command is known to the stub by its maker. */
START_TEST(sfdp_tells_the_size)
{
    for (const struct nor_part *part = nor_parts; part->name; part++) {
        if (!may_pass(part) || part->traits & NOR_TRAIT_35H_QUAD)
            continue;
        config.part = part;
        config.faults.flash = (struct nor_faults){.wrong_id = true, .id = UNKNOWN_ID};
        flash_board();
        if (!part->sfdp) {
            expect_failure(part->name, CAUSE_FLASH_SIZE_UNKNOWN);
            ck_assert(untouched());
            continue;
        }
        expect_pass(part->name);
        ck_assert_uint_eq(rig->program.flash_part.size, part->size);
        ck_assert_int_eq(rig->program.flash_part.size_source, NOR_SIZE_BY_SFDP);
    }
}
END_TEST

START_TEST(the_product_states_the_size_of_a_part_that_tells_none)
{
    config.part = nor_find("EN25Q16");
    config.faults.flash = (struct nor_faults){.wrong_id = true, .id = UNKNOWN_ID};
    job.stated_flash_size = 2 << 20;
    flash_board();
    expect_pass("stated");
    ck_assert_uint_eq(rig->program.flash_part.size, 2 << 20);
    ck_assert_int_eq(rig->program.flash_part.size_source, NOR_SIZE_STATED);
}
END_TEST

/* What it states is of parts that tell nothing. */
START_TEST(a_stated_size_is_not_that_of_a_known_part)
{
    job.stated_flash_size = 16 << 20;
    flash_board();
    expect_pass("known");
    ck_assert_uint_eq(rig->program.flash_part.size, 4 << 20);
    config.faults.flash = (struct nor_faults){.wrong_id = true, .id = UNKNOWN_ID};
    flash_board();
    expect_pass("with SFDP");
    ck_assert_uint_eq(rig->program.flash_part.size, 4 << 20);
}
END_TEST

/* SFDP and the product may be wrong as an id may. */
START_TEST(a_size_that_is_not_there_does_not_pass_whoever_says_so)
{
    config.part = nor_find(_i == 0 ? "W25Q32" : "EN25Q16");
    config.faults.flash = (struct nor_faults){.wrong_id = true, .id = UNKNOWN_ID, .size = 1 << 20};
    job.stated_flash_size = 4 << 20;
    flash_board();
    expect_failure("false", CAUSE_FLASH_SIZE_FALSE);
    ck_assert_int_eq(rig->program.flash_part.size_source, _i == 0 ? NOR_SIZE_BY_SFDP : NOR_SIZE_STATED);
}
END_TEST

START_TEST(only_parts_that_the_product_lists_are_written)
{
    job.flash_parts[0] = 0xC84016;
    job.n_flash_parts = 1;
    flash_board();
    expect_failure("W25Q32", CAUSE_FLASH_NOT_ACCEPTED);
    ck_assert_str_eq(rig->program.detail, "W25Q32BV/W25Q32CV/W25Q32DV (ef4016) is not in flash_parts");
    ck_assert_uint_eq(rig->program.tries, 1);
    ck_assert(untouched());
    config.part = nor_find("GD25Q32");
    flash_board();
    expect_pass("GD25Q32");
}
END_TEST

START_TEST(the_unique_id_is_read_where_the_part_has_one)
{
    uint8_t expected[NOR_UNIQUE_ID_MAX];
    for (const struct nor_part *part = nor_parts; part->name; part++) {
        const struct flash_part *found = &rig->program.flash_part;
        if (part->id == 0xEF8A16)
            continue; /* nobody says whether it has one */
        config.part = part;
        flash_board();
        nor_identity_unique(part, config.seed, expected, sizeof(expected));
        ck_assert_uint_eq(found->unique_bytes, part->unique);
        ck_assert_mem_eq(found->unique, expected, part->unique);
    }
}
END_TEST

/* Each by its name, and that nothing was erased. */
START_TEST(a_part_that_programs_words_is_refused)
{
    config.part = nor_find("SST25VF032B");
    flash_board();
    expect_failure("SST25", CAUSE_FLASH_WORD_PROGRAM);
    ck_assert_str_eq(rig->program.detail, "SST25VF032B (bf254a)");
    ck_assert_uint_eq(rig->program.tries, 1);
    ck_assert_uint_eq(board_stats(rig->board)->erases, 0);
    ck_assert(untouched());
}
END_TEST

static const struct {
    struct nor_faults faults;
    enum nor_woken woken;
} asleep[] = {
    {{.pace = NOR_TYPICAL}, NOR_ANSWERED},
    {{.sleeps = 2}, NOR_WOKEN_BY_RELEASE}, /* the first ABh is the stub's */
    {{.hung = true}, NOR_WOKEN_BY_RESET},
};

START_TEST(a_part_that_does_not_answer_is_woken_once)
{
    config.faults.flash = asleep[_i].faults;
    flash_board();
    expect_pass("woken");
    ck_assert_int_eq(rig->program.flash_part.woken, asleep[_i].woken);
}
END_TEST

/* It is no reason to go on waking it. */
START_TEST(a_part_that_sleeps_on_is_refused)
{
    config.faults.flash.sleeps = 1000;
    flash_board();
    expect_failure("asleep", CAUSE_FLASH_ID_UNREADABLE);
    ck_assert_uint_eq(board_stats(rig->board)->erases, 0);
}
END_TEST

static const struct nor_faults slow[] = {
    {.slow = 8, .pace = NOR_MAXIMUM},  /* 64 KB: 16 s */
    {.slow = 30, .pace = NOR_MAXIMUM}, /* a minute */
    {.slow = 100},
};

/* The tries after the first find the part still busy. None is made at a lower rate. */
START_TEST(a_part_slower_than_every_maximum_is_named)
{
    config.faults.flash = slow[_i];
    flash_board();
    expect_failure("slow", CAUSE_FLASH_SLOW);
    ck_assert_uint_eq(program_baud(&rig->program), job.bauds[0]);
}
END_TEST

/* The chip resets and the part continues to erase; it does not answer RDID before that has ended. */
START_TEST(a_part_still_busy_from_before_is_waited_for)
{
    config.faults.flash.pace = NOR_MAXIMUM;
    config.faults.reset_after = 20000;
    flash_board();
    ck_assert_msg(rig->program.state == PROGRAM_PASSED, "%s: %s", cause_code(rig->program.cause), rig->program.detail);
    ck_assert(rig_holds(rig->board, golden));
    ck_assert_uint_eq(rig->program.tries, 2);
}
END_TEST

START_TEST(one_stuck_bit_is_enough)
{
    unsigned failed = 0;
    for (unsigned seed = 0; seed < 12; seed++) {
        config.seed = seed;
        config.part = nor_find("W25Q40");
        config.faults.flash.stuck_bits = 1;
        job.tries = 1;
        flash_board();
        if (rig->program.state == PROGRAM_PASSED) {
            ck_assert(rig_holds(rig->board, golden));
            continue;
        }
        expect_failure("stuck", CAUSE_MD5_MISMATCH);
        failed++;
    }
    ck_assert_uint_gt(failed, 0); /* the other bits are where the image has a 0, or outside of it */
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

int main(void)
{
    Suite *suite = suite_create("flash part");
    TCase *tcase = tcase_create("part");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_whole_slow_part_passes);
    tcase_add_test(tcase, a_tiny_stream_for_a_whole_slow_part_passes);
    tcase_add_test(tcase, reading_4_mb_back_takes_its_time);
    tcase_add_loop_test(tcase, protection_is_taken_off, 0, COUNT(protected));
    tcase_add_loop_test(tcase, a_locked_flash_is_named_and_untouched, 0, COUNT(locked));
    tcase_add_loop_test(tcase, a_part_that_wraps_is_named, 0, COUNT(counterfeits));
    tcase_add_loop_test(tcase, no_part_that_wraps_passes, 0, 4 * WRAPPED_IMAGES);
    tcase_add_test(tcase, a_sector_that_is_right_in_the_end_hides_no_other);
    tcase_add_test(tcase, an_image_may_repeat_itself);
    tcase_add_test(tcase, a_part_that_wraps_does_not_pass_by_comparison);
    tcase_add_test(tcase, a_part_that_is_all_zeros_is_not_called_small);
    tcase_add_test(tcase, a_part_that_cannot_be_read_fast_does_not_pass);
    tcase_add_test(tcase, such_a_part_passes_where_only_the_slow_read_is_asked_for);
    tcase_add_loop_test(tcase, a_part_slower_than_every_maximum_is_named, 0, COUNT(slow));
    tcase_add_test(tcase, a_part_still_busy_from_before_is_waited_for);
    tcase_add_test(tcase, one_stuck_bit_is_enough);
    suite_add_tcase(suite, tcase);
    TCase *identity = tcase_create("identity");
    tcase_set_timeout(identity, 300);
    tcase_add_checked_fixture(identity, setup, teardown);
    tcase_add_loop_test(identity, a_wrong_id_is_refused_before_anything_is_erased, 0, COUNT(ids));
    tcase_add_loop_test(identity, every_part_passes_at_every_pace, NOR_TYPICAL, PACES_END);
    tcase_add_test(identity, sfdp_tells_the_size);
    tcase_add_test(identity, the_product_states_the_size_of_a_part_that_tells_none);
    tcase_add_test(identity, a_stated_size_is_not_that_of_a_known_part);
    tcase_add_loop_test(identity, a_size_that_is_not_there_does_not_pass_whoever_says_so, 0, 2);
    tcase_add_test(identity, only_parts_that_the_product_lists_are_written);
    tcase_add_test(identity, a_part_that_programs_words_is_refused);
    tcase_add_loop_test(identity, a_part_that_does_not_answer_is_woken_once, 0, COUNT(asleep));
    tcase_add_test(identity, a_part_that_sleeps_on_is_refused);
    tcase_add_test(identity, the_unique_id_is_read_where_the_part_has_one);
    suite_add_tcase(suite, identity);
    return run_suite(suite);
}
