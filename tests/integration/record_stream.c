/* SPDX-License-Identifier: MIT */
/*
 * record_stream IMAGE TRACE FLASH BAUD NOISE SEED [BEFORE|wire]: programs a used virtual board in virtual time, or a
 * blank wire-level board, and records the conversation. tests/integration/stream_decoder.py reads it. With BEFORE, the
 * content of its flash, the board is trusted: it is compared first, and blank sectors are not erased.
 *
 * TRACE gets a line for each stretch of bytes: `>` (sent) or `<` (received), the time in µs, the bytes in hexadecimal.
 * FLASH gets the content of the flash afterwards. NOISE is the probability that a byte is corrupted, each way. Exits
 * with 0 if the board has passed. */
#include "tests/simulation/rig.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void trace(void *file, enum session_trace direction, uint64_t now, const uint8_t *bytes, size_t n)
{
    fprintf(file, "%c %" PRIu64 " ", direction == SESSION_TRACE_SENT ? '>' : '<', now);
    for (size_t i = 0; i < n; i++)
        fprintf(file, "%02x", bytes[i]);
    fputc('\n', file);
}

static FILE *open_file(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);
    if (!file) {
        perror(path);
        exit(2);
    }
    return file;
}

static struct golden *load(const char *path)
{
    char error[256] = "";
    static uint8_t bytes[GOLDEN_END_MAX];
    FILE *file = open_file(path, "rb");
    size_t n = fread(bytes, 1, sizeof(bytes), file);
    struct golden *golden = golden_new();
    fclose(file);
    if (!golden || golden_add(golden, path, 0, bytes, n, error, sizeof(error)) != 0 ||
        golden_seal(golden, error, sizeof(error)) != 0) {
        fprintf(stderr, "record_stream: %s\n", error);
        exit(2);
    }
    return golden;
}

static void read_flash(const char *path, uint8_t *flash, size_t size)
{
    FILE *file = open_file(path, "rb");
    if (fread(flash, 1, size, file) != size) {
        fprintf(stderr, "record_stream: %s: not %zu bytes\n", path, size);
        exit(2);
    }
    fclose(file);
}

/* `before`: a file; NULL: the same byte everywhere. */
static struct board *used_board(double noise, uint64_t seed, const char *before)
{
    struct board_noise corrupt = {.corrupt = noise};
    struct board_config config = {
        .seed = seed, .mac = {0x18, 0xFE, 0x34, 1, 2, 3}, .faults = {.in = corrupt, .out = corrupt}};
    struct board *board = board_new(&config);
    size_t size;
    uint8_t *flash = board_flash(board, &size);
    memset(flash, 0x5A, size);
    if (before)
        read_flash(before, flash, size);
    board_power(board, true);
    return board;
}

static struct board *wire_board(void)
{
    struct board_config config = {.mac = {0x18, 0xFE, 0x34, 1, 2, 3}, .wire = true};
    struct board *board = board_new(&config);
    board_power(board, true);
    return board;
}

static void save_flash(const char *path, struct board *board)
{
    size_t size;
    const uint8_t *flash = board_flash(board, &size);
    FILE *file = open_file(path, "wb");
    fwrite(flash, 1, size, file);
    fclose(file);
}

int main(int argc, char **argv)
{
    static struct rig rig;
    bool wire = argc == 8 && strcmp(argv[7], "wire") == 0;
    const char *before = argc == 8 && !wire ? argv[7] : NULL;
    if (argc != 7 && argc != 8) {
        fprintf(stderr, "Usage: record_stream IMAGE TRACE FLASH BAUD NOISE SEED [BEFORE|wire]\n");
        return 2;
    }
    struct golden *golden = load(argv[1]);
    struct stub_image *stub = stub_image_builtin();
    struct program_job job = rig_job(golden, stub);
    FILE *file = open_file(argv[2], "w");
    job.bauds[0] = (uint32_t)strtoul(argv[4], NULL, 10);
    job.compare_first = job.skip_blank_erase = before;
    job.find_update = rig_find_update;
    job.update_data = &rig;
    rig = (struct rig){
        .board = wire ? wire_board() : used_board(strtod(argv[5], NULL), strtoull(argv[6], NULL, 10), before),
        .unplug_at = RIG_NEVER,
        .flash_trusted = before,
        .session = {.trace = trace, .trace_data = file},
    };
    rig_program(&rig, &job, 3600);
    fclose(file);
    save_flash(argv[3], rig.board);
    bool passed = rig.program.state == PROGRAM_PASSED;
    printf("%s after %u tries %s\n", passed ? "passed" : "failed", rig.program.tries, rig.program.detail);
    board_free(rig.board);
    update_free(rig.update);
    stub_image_free(stub);
    golden_free(golden);
    return passed ? 0 : 1;
}
