/* SPDX-License-Identifier: MIT */
/*
 * The recipe `program` on a line that damages one byte in five thousand each way, at 921600. In the environment:
 * NOISE_SEEDS=N: so many runs, each with a line of its result; NOISE_RATE=R: that share of the bytes is damaged;
 * NOISE_STEPS=1: with a line for each step; NOISE_IMAGE=FILE: with that image.
 */
#include "tests/runner.h"
#include "tests/simulation/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_SIZE (256 * 1024)
#define ERROR_RATE 2e-4
/* About 30 s of CPU; with sanitizers a board takes six times as long. */
#ifdef __SANITIZE_ADDRESS__
#    define SEEDS 20
#else
#    define SEEDS 100
#endif

/* What a frame that is sent again may cost: the resend, and a stub that has used up all that it had. */
#define RESEND_US 50000

static struct golden *golden;
static struct stub_image *stub;
static struct rig *rig;
static struct program_job job;

static void load_image(const char *name)
{
    static uint8_t bytes[4 << 20];
    char error[200];
    FILE *file = fopen(name, "r");
    ck_assert_msg(file, "%s", name);
    size_t n = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    golden = golden_new();
    ck_assert_int_eq(golden_add(golden, name, 0, bytes, n, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(golden, error, sizeof(error)), 0);
}

static void print_step(void *data, const struct program_step *step)
{
    (void)data;
    printf("    try %u: %s at %u: %.3f s%s%s (%s)\n", step->try, step->name, step->baud, (double)step->us / 1e6,
           step->cause == CAUSE_NONE ? "" : ", ", step->cause == CAUSE_NONE ? "" : cause_code(step->cause),
           step->detail);
}

static double error_rate(void)
{
    const char *text = getenv("NOISE_RATE");
    return text ? atof(text) : ERROR_RATE;
}

static void setup(void)
{
    const char *name = getenv("NOISE_IMAGE");
    if (name)
        load_image(name);
    else
        golden = rig_golden(IMAGE_SIZE, 1);
    stub = stub_image_builtin();
    rig = calloc(1, sizeof(*rig));
    job = rig_job(golden, stub);
    if (getenv("NOISE_STEPS"))
        job.step_ended = print_step;
}

static void teardown(void)
{
    board_free(rig->board);
    golden_free(golden);
    stub_image_free(stub);
    free(rig);
}

static void flash_board(uint64_t seed, double rate)
{
    struct board_config config = {.seed = seed, .mac = {0x18, 0xFE, 0x34, 0xA1, 0xB2, (uint8_t)seed}};
    config.faults.in.corrupt = config.faults.out.corrupt = rate;
    board_free(rig->board);
    memset(rig, 0, sizeof(*rig));
    rig->unplug_at = RIG_NEVER;
    rig->board = board_new(&config);
    board_power(rig->board, true);
    rig_program(rig, &job, 600);
}

static unsigned n_seeds(void)
{
    const char *text = getenv("NOISE_SEEDS");
    return text ? (unsigned)atoi(text) : SEEDS;
}

/* Whatever else noise does, it makes no other unit of a board. */
static void check_identity(unsigned seed)
{
    const uint8_t mac[] = {0x18, 0xFE, 0x34, 0xA1, 0xB2, (uint8_t)seed};
    ck_assert(rig->program.identified);
    ck_assert_mem_eq(rig->program.chip.mac, mac, sizeof(mac));
    ck_assert_uint_eq(rig->program.chip.chip_id, 0x00A1B200 | (seed & 0xFF));
}

/* 95 of 100 at least; a board that fails at the first try passes at a later one. */
START_TEST(a_noisy_line_passes_at_the_first_try)
{
    unsigned passed = 0, seeds = n_seeds();
    for (unsigned seed = 1; seed <= seeds; seed++) {
        flash_board(seed, error_rate());
        ck_assert_msg(rig->program.state == PROGRAM_PASSED, "seed %u: %s (%s)", seed, cause_code(rig->program.cause),
                      rig->program.detail);
        ck_assert(rig_holds(rig->board, golden));
        check_identity(seed);
        passed += rig->program.tries == 1;
        if (getenv("NOISE_SEEDS")) {
            printf("seed %u: %u tries, write %.2f s, stub %.2f s, in all %.2f s, %s\n", seed, rig->program.tries,
                   (double)rig->program.phase_us[PROGRAM_PHASE_write] / 1e6,
                   (double)rig->program.phase_us[PROGRAM_PHASE_stub] / 1e6, (double)rig->now / 1e6,
                   rig->program.detail);
            fflush(stdout); /* a test that fails later would lose it */
        }
    }
    if (getenv("NOISE_SEEDS"))
        printf("%u of %u at the first try\n", passed, seeds);
    ck_assert_uint_ge(passed * 100, seeds * 95);
}
END_TEST

START_TEST(a_lost_frame_costs_its_resend)
{
    flash_board(1, 0);
    uint64_t clean = rig->program.phase_us[PROGRAM_PHASE_write], clean_bytes = board_stats(rig->board)->bytes_in;
    unsigned checked = 0;
    for (unsigned seed = 1; seed <= 5; seed++) {
        flash_board(seed, ERROR_RATE);
        if (rig->program.tries > 1)
            continue;
        checked++;
        uint64_t resends = (board_stats(rig->board)->bytes_in - clean_bytes) / WIRE_STREAM_PAYLOAD + 1;
        uint64_t took = rig->program.phase_us[PROGRAM_PHASE_write];
        ck_assert_msg(took < clean + resends * RESEND_US, "seed %u: %.2f s instead of %.2f s, %u frames sent again",
                      seed, (double)took / 1e6, (double)clean / 1e6, (unsigned)resends);
    }
    ck_assert_uint_gt(checked, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("noise");
    TCase *tcase = tcase_create("noise");
    tcase_set_timeout(tcase, 1800);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_noisy_line_passes_at_the_first_try);
    tcase_add_test(tcase, a_lost_frame_costs_its_resend);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
