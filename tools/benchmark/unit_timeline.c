/* SPDX-License-Identifier: MIT */
/*
 * unit_timeline IMAGE PICTURE: programs one board, as the row demo/used/921600 of docs/performance.md, and writes what
 * its parts did to PICTURE, an SVG. IMAGE is the demo image. Virtual time: the same picture in every run. Exits with 1
 * if the unit has not passed. */
#include "tests/simulation/rig.h"
#include "tools/benchmark/images.h"
#include "tools/benchmark/timeline.h"
#include "tools/benchmark/timeline_svg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BAUD 921600

/* A board of another make's firmware. */
static struct board *used_board(size_t size)
{
    const struct board_config config = {.seed = 1, .mac = {0x18, 0xFE, 0x34, 1, 2, 3}};
    struct board *board = board_new(&config);
    uint8_t *before = image_other(size);
    size_t flash_size;
    memcpy(board_flash(board, &flash_size), before, size);
    free(before);
    return board;
}

/* Returns whether it has passed. */
static bool program_unit(const struct golden *golden, struct board *board, struct timeline *timeline)
{
    static struct rig rig;
    struct stub_image *stub = stub_image_builtin();
    struct program_job job = rig_job(golden, stub);
    job.bauds[0] = BAUD;
    job.n_bauds = 1;
    rig = (struct rig){.board = board, .unplug_at = RIG_NEVER};
    timeline_record(timeline, board, &job);
    board_power(board, true);
    rig_program(&rig, &job, 60);
    stub_image_free(stub);
    return rig.program.state == PROGRAM_PASSED && rig.program.tries == 1;
}

static bool save(const char *path, const struct timeline *timeline)
{
    FILE *file = fopen(path, "w");
    if (file)
        timeline_svg(file, timeline, "The demo image on a used chip at 921600 baud");
    if (!file || fclose(file) != 0) {
        perror(path);
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "Usage: unit_timeline IMAGE PICTURE\n");
        return 2;
    }
    size_t size;
    uint8_t *demo = image_read(argv[1], &size);
    struct golden *golden = image_golden(demo, size);
    struct board *board = used_board(size);
    struct timeline *timeline = timeline_new();
    bool passed = program_unit(golden, board, timeline);
    if (!passed)
        fprintf(stderr, "unit_timeline: the unit has not passed at its first try\n");
    bool done = passed && save(argv[2], timeline);
    free(timeline);
    board_free(board);
    golden_free(golden);
    free(demo);
    return done ? 0 : 1;
}
