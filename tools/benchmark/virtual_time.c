/* SPDX-License-Identifier: MIT */
/*
 * virtual_time IMAGE RESULT [STUB-4 [STUB-5]]: measures the time for one unit, from the reset to the verdict, in the
 * board's virtual time, which gives the same figures on every machine and in every run.
 *
 * IMAGE is the demo image. Prints a table, and writes it to RESULT as JSON; docs/performance.md explains it. STUB-4 and
 * STUB-5 are the stubs of esptool 4 and 5, through which the same units are written as esptool does it. Exits with 1 if
 * a unit has not passed. */
#include "tests/simulation/rig.h"
#include "tools/benchmark/esptool_time.h"
#include "tools/benchmark/images.h"
#include "tools/benchmark/limit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PEERS 2

enum content { DEMO, TWO_SLOTS, NEXT_VERSION, BLANK, OTHER, N_CONTENTS };

static const struct row {
    const char *name; /* in the table and in RESULT, before the rate */
    enum content image, before;
    uint32_t baud;
    bool compare_first;
} rows[] = {
    {"demo/used", DEMO, OTHER, 921600, false},
    {"demo/used", DEMO, OTHER, 2000000, false},
    {"demo/blank", DEMO, BLANK, 921600, false},
    {"demo/blank", DEMO, BLANK, 2000000, false},
    {"two-slots/blank", TWO_SLOTS, BLANK, 921600, false},
    {"next-version/used", NEXT_VERSION, DEMO, 921600, true},
    {"right", DEMO, DEMO, 921600, true},
    {"right", DEMO, DEMO, 2000000, true},
};

static uint8_t *contents[N_CONTENTS];
static size_t size; /* of each */
static struct stub_image *peers[PEERS];
static bool all_passed = true;
static double virtual_seconds, instructions;

static void make_contents(const char *path)
{
    contents[DEMO] = image_read(path, &size);
    contents[TWO_SLOTS] = image_two_slots(contents[DEMO], size);
    contents[NEXT_VERSION] = image_next_version(contents[DEMO], size);
    contents[BLANK] = memset(malloc(size), 0xFF, size);
    contents[OTHER] = image_other(size);
}

static struct stub_image *load_stub(const char *path)
{
    char error[256] = "";
    size_t n;
    uint8_t *json = image_read(path, &n);
    struct stub_image *stub = stub_image_parse((const char *)json, n, path, error, sizeof(error));
    free(json);
    if (!stub) {
        fprintf(stderr, "virtual_time: %s\n", error);
        exit(2);
    }
    return stub;
}

/* Seconds of all phases before `end`. */
static double seconds_before(const struct program *program, enum program_phase end)
{
    uint64_t us = 0;
    for (enum program_phase phase = 0; phase < end; phase++)
        us += program->phase_us[phase];
    return (double)us / 1e6;
}

/* Returns the recipe at its end. */
static const struct program *measure(const struct row *row)
{
    static struct rig rig;
    const struct board_config config = {.seed = 1, .mac = {0x18, 0xFE, 0x34, 1, 2, 3}};
    struct golden *golden = image_golden(contents[row->image], size);
    struct stub_image *stub = stub_image_builtin();
    struct program_job job = rig_job(golden, stub);
    size_t flash_size;
    job.bauds[0] = row->baud;
    job.n_bauds = 1;
    job.compare_first = row->compare_first;
    job.skip_blank_erase = true;
    rig = (struct rig){.board = board_new(&config), .unplug_at = RIG_NEVER, .flash_trusted = true};
    job.find_update = rig_find_update;
    job.update_data = &rig;
    uint8_t *flash = board_flash(rig.board, &flash_size);
    memcpy(flash, contents[row->before], size);
    board_power(rig.board, true);
    rig_program(&rig, &job, 3600);
    if (rig.program.state != PROGRAM_PASSED || rig.program.tries != 1 || !rig_holds(rig.board, golden)) {
        printf("FAILED: %s\n", rig.program.detail);
        all_passed = false;
    }
    virtual_seconds += seconds_before(&rig.program, PROGRAM_PHASE_COUNT);
    instructions += (double)board_stats(rig.board)->instructions / 1e6;
    board_free(rig.board);
    update_free(rig.update);
    golden_free(golden);
    stub_image_free(stub);
    return &rig.program;
}

static json_t *real_or_null(double seconds)
{
    return seconds > 0 ? json_real(seconds) : json_null();
}

/* `limit`: NULL where there is none. Seconds of esptool are 0 where they are unknown. */
static void report(json_t *list, const char *name, uint32_t baud, double seconds, const struct limit *limit,
                   const double esptool[PEERS])
{
    char full_name[64];
    double least = limit ? limit_seconds(limit) : 0;
    snprintf(full_name, sizeof(full_name), "%s/%u", name, baud);
    printf("%-26s %8.2f", full_name, seconds);
    if (limit)
        printf(" %7.2f %6.2f  %6.2f %6.2f %7.2f %6.2f", least, seconds / least, limit->link, limit->erase,
               limit->program, limit->read);
    for (size_t i = 0; limit && i < PEERS && esptool[i] > 0; i++)
        printf("  %6.2f (%4.1fx)", esptool[i], esptool[i] / seconds);
    putchar('\n');
    fflush(stdout);
    json_array_append_new(list, json_pack("{s:s, s:f, s:o, s:o, s:o}", "name", full_name, "seconds", seconds, "limit",
                                          real_or_null(least), "esptool", real_or_null(esptool[1]), "esptool_4",
                                          real_or_null(esptool[0])));
}

static void measure_row(json_t *list, const struct row *row)
{
    const struct program *program = measure(row);
    struct limit limit = limit_of(contents[row->before], contents[row->image], size, row->baud);
    double esptool[PEERS] = {0};
    for (size_t i = 0; i < PEERS; i++)
        if (peers[i] && !row->compare_first)
            esptool[i] = esptool_seconds(peers[i], contents[row->before], contents[row->image], size, row->baud);
    report(list, row->name, row->baud, seconds_before(program, PROGRAM_PHASE_COUNT), &limit, esptool);
    if (row->image == DEMO && row->before == OTHER)
        report(list, "connect", row->baud, seconds_before(program, PROGRAM_PHASE_compare), NULL,
               (const double[PEERS]){0});
}

static void save(const char *path, json_t *list)
{
    json_t *result = json_pack("{s:o, s:[]}", "virtual", list, "host");
    if (json_dump_file(result, path, JSON_INDENT(1) | JSON_REAL_PRECISION(5)) != 0) {
        perror(path);
        exit(2);
    }
    json_decref(result);
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 3 + PEERS) {
        fprintf(stderr, "Usage: virtual_time IMAGE RESULT [STUB-4 [STUB-5]]\n");
        return 2;
    }
    make_contents(argv[1]);
    for (int i = 3; i < argc; i++)
        peers[i - 3] = load_stub(argv[i]);
    clock_t began = clock();
    json_t *list = json_array();
    printf("%-26s %8s %7s %6s  %6s %6s %7s %6s  %s\n", "image/chip/baud", "seconds", "limit", "ratio", "link", "erase",
           "program", "read", argc > 3 ? "esptool 4 and 5" : "");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        measure_row(list, &rows[i]);
    save(argv[2], list);
    double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    printf("%.0f s on this machine; %.0f virtual seconds of gangd's, %.0f million instructions\n", seconds,
           virtual_seconds, instructions);
    for (size_t i = 0; i < N_CONTENTS; i++)
        free(contents[i]);
    for (size_t i = 0; i < PEERS; i++)
        stub_image_free(peers[i]);
    return all_passed ? 0 : 1;
}
