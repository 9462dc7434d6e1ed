/* SPDX-License-Identifier: MIT */
/*
 * Measures the time for one unit, in the board's virtual time, which gives the same figures on every machine and in
 * every run. Prints a table of seconds by phase and baud rate for the given image, and the speed of the simulation on
 * this machine. */
#include "tests/simulation/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct golden *load(const char *path)
{
    char error[256];
    static uint8_t bytes[GOLDEN_END_MAX];
    FILE *file = fopen(path, "rb");
    size_t len = file ? fread(bytes, 1, sizeof(bytes), file) : 0;
    struct golden *golden = golden_new();
    if (golden_add(golden, path, 0, bytes, len, error, sizeof(error)) != 0 ||
        golden_seal(golden, true, error, sizeof(error)) != 0) {
        fprintf(stderr, "virtual_time: %s\n", error);
        exit(1);
    }
    if (file)
        fclose(file);
    return golden;
}

int main(int argc, char **argv)
{
    static const uint32_t bauds[] = {115200, 460800, 921600, 2000000};
    static struct rig rig;
    if (argc != 2) {
        fprintf(stderr, "Usage: virtual_time IMAGE\n");
        return 2;
    }
    struct golden *golden = load(argv[1]);
    struct stub_image *stub = stub_image_builtin();
    const struct golden_part *part = &golden->parts[0];
    printf("%s: %u bytes, %u deflated, %u of %u pages not blank\n", argv[1], part->size, part->deflated_size,
           part->used_pages, part->padded_size / 256);
    printf("%8s", "baud");
    for (enum program_phase phase = 0; phase < PROGRAM_PHASE_COUNT; phase++)
        printf(" %9s", program_phase_label(phase));
    printf(" %9s\n", "total s");

    double virtual_seconds = 0, instructions = 0;
    clock_t began = clock();
    for (size_t i = 0; i < sizeof(bauds) / sizeof(bauds[0]); i++) {
        struct board_config config = {.seed = 1, .mac = {0x18, 0xFE, 0x34, 1, 2, 3}};
        struct program_job job = rig_job(golden, stub);
        job.bauds[0] = bauds[i];
        job.n_bauds = 1;
        rig = (struct rig){.board = board_new(&config), .unplug_at = RIG_NEVER};
        board_power(rig.board, true);
        rig_program(&rig, &job, 3600);
        double total = 0;
        printf("%8u", bauds[i]);
        for (enum program_phase phase = 0; phase < PROGRAM_PHASE_COUNT; phase++) {
            double seconds = (double)rig.program.phase_us[phase] / 1e6;
            total += seconds;
            printf(" %9.2f", seconds);
        }
        printf(" %9.2f%s\n", total,
               rig.program.state == PROGRAM_PASSED && rig_holds(rig.board, golden) ? "" : "  FAILED");
        virtual_seconds += total;
        instructions += (double)board_stats(rig.board)->instructions / 1e6;
        board_free(rig.board);
    }
    double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    printf("this machine: %.1f s, %.1f times as fast as the board; %.0f million instructions, %.0f in a second\n",
           seconds, virtual_seconds / seconds, instructions, instructions / seconds);
    golden_free(golden);
    stub_image_free(stub);
    return 0;
}
