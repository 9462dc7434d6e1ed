/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/sim_board.h"

#include <errno.h>
#include <md5.h>
#include <stdlib.h>
#include <string.h>

/* Long enough for the ROM to load an application, and for that to say who it is. */
#define BOOT_NS 500000000u

struct sim_board *sim_board_new(const struct spec *spec)
{
    struct sim_board *sim = calloc(1, sizeof *sim);
    if (sim)
        sim->spec = *spec;
    return sim;
}

void sim_board_drop_board(struct sim_board *sim)
{
    board_free(sim->board);
    sim->board = NULL;
}

void sim_board_free(struct sim_board *sim)
{
    if (sim->board)
        board_free(sim->board);
    free(sim);
}

static int load_image(struct sim_board *sim, char *error, size_t size)
{
    size_t room;
    uint8_t *flash = board_flash(sim->board, &room);
    FILE *file = fopen(sim->spec.image, "rb");
    if (!file) {
        snprintf(error, size, "%s: %s", sim->spec.image, strerror(errno));
        return -1;
    }
    bool bad = fread(flash, 1, room, file) < room && ferror(file);
    bool rest = !bad && !feof(file) && fgetc(file) != EOF;
    int cause = errno;
    fclose(file);
    if (bad)
        snprintf(error, size, "%s: %s", sim->spec.image, strerror(cause));
    else if (rest)
        snprintf(error, size, "%s: larger than the flash of %zu bytes", sim->spec.image, room);
    return bad || rest ? -1 : 0;
}

int sim_board_make_board(struct sim_board *sim, char *error, size_t size)
{
    sim->board = board_new(&sim->spec.config);
    if (!sim->board) {
        snprintf(error, size, "out of memory");
        return -1;
    }
    return *sim->spec.image ? load_image(sim, error, size) : 0;
}

static void md5_hex(const uint8_t *bytes, size_t n, char hex[33])
{
    MD5_CTX context;
    uint8_t digest[MD5_DIGEST_LENGTH];
    MD5Init(&context);
    MD5Update(&context, bytes, n);
    MD5Final(digest, &context);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

void sim_board_md5(struct board *board, void *data)
{
    size_t size;
    const uint8_t *flash = board_flash(board, &size);
    md5_hex(flash, size, data);
}

int sim_board_write_flash(const struct sim_board_flash *flash, const char *path, char *error, size_t size)
{
    FILE *file = fopen(path, "wb");
    bool good = file && fwrite(flash->bytes, 1, flash->size, file) == flash->size;
    if (file && fclose(file) != 0)
        good = false;
    if (!good)
        snprintf(error, size, "%s: %s", path, strerror(errno));
    return good ? 0 : -1;
}

static const char *escape_format(uint8_t byte)
{
    switch (byte) {
    case '\r': return "\\r";
    case '\n': return "\\n";
    case '"':
    case '\\': return "\\%c";
    default: return byte < ' ' || byte > '~' ? "\\u%04x" : "%c";
    }
}

/* As a JSON string without its quotes; what does not fit is left out. */
static void escape(const uint8_t *bytes, size_t n, char *text, size_t room)
{
    size_t used = 0;
    *text = '\0';
    for (size_t i = 0; i < n && used + sizeof "\\u0000" <= room; i++)
        used += (size_t)snprintf(text + used, room - used, escape_format(bytes[i]), bytes[i]);
}

void sim_board_log(struct board *board, void *data)
{
    const uint8_t *bytes;
    size_t n = board_log(board, &bytes);
    escape(bytes, n, data, SIM_BOARD_LOG);
}

/* Tried on a board without faults, so that only the flash is judged: an image was started, and half a second later
 * nothing has stopped it. What it prints is kept. */
static bool would_boot(struct sim_board *sim, const uint8_t *flash, size_t size)
{
    struct board_config config = sim->spec.config;
    memset(&config.faults, 0, sizeof config.faults);
    config.wire = false;
    struct board *board = board_new(&config);
    if (!board)
        return false;
    size_t room;
    uint8_t *copy = board_flash(board, &room);
    memcpy(copy, flash, size < room ? size : room);
    board_power(board, true);
    while (board_run(board, BOOT_NS) < BOOT_NS)
        ;
    const struct board_stats *stats = board_stats(board);
    bool boots = stats->instructions > 0 && stats->crashes == 0;
    sim_board_log(board, sim->boot_log);
    board_free(board);
    return boots;
}

int sim_board_examine(struct sim_board *sim, const char *dump_dir, char *error, size_t size)
{
    struct sim_board_flash flash;
    flash.bytes = board_flash(sim->board, &flash.size);
    sim->flash_size = flash.size;
    sim->stats = *board_stats(sim->board);
    snprintf(sim->exception, sizeof sim->exception, "%s", sim->stats.exception ? sim->stats.exception : "");
    snprintf(sim->first_crash, sizeof sim->first_crash, "%s", sim->stats.crashes ? sim->stats.first_crash : "");
    sim->stats.exception = sim->stats.first_crash = NULL; /* go with the board */
    md5_hex(flash.bytes, flash.size, sim->md5);
    sim->blank = true;
    for (size_t i = 0; sim->blank && i < flash.size; i++)
        sim->blank = flash.bytes[i] == 0xff;
    sim->boots = !sim->blank && would_boot(sim, flash.bytes, flash.size);
    if (!dump_dir)
        return 0;
    const uint8_t *mac = sim->spec.config.mac;
    char path[4096];
    snprintf(path, sizeof path, "%s/%02x%02x%02x%02x%02x%02x.bin", dump_dir, mac[0], mac[1], mac[2], mac[3], mac[4],
             mac[5]);
    return sim_board_write_flash(&flash, path, error, size);
}

static void report_count(FILE *file, const char *name, uint64_t value)
{
    fprintf(file, ", \"%s\": %llu", name, (unsigned long long)value);
}

/* All strings here are escaped, or words that spec.c has accepted, or the board's own: they need it not. */
void sim_board_report(const struct sim_board *sim, FILE *file)
{
    fprintf(file, "    {\"number\": %u, \"slot\": %u, \"path\": \"%s\", \"tty\": \"ttyUSB%d\", \"adapter\": \"%s\"",
            sim->number, sim->slot, sim->path, sim->tty, sim->kind->name);
    fprintf(file, ", \"mac\": \"" SIM_BOARD_MAC "\", \"fault\": \"%s\"", SIM_BOARD_MAC_ARGS(sim), sim->spec.faults);
    fprintf(file, ", \"plugs\": %u, \"in\": %.3f, \"out\": %.3f", sim->plugs, sim->in, sim->out);
    fprintf(file, ",\n     \"flash_size\": %zu, \"md5\": \"%s\", \"blank\": %s, \"boots\": %s", sim->flash_size,
            sim->md5, sim->blank ? "true" : "false", sim->boots ? "true" : "false");
    fprintf(file, ",\n     \"boot_log\": \"%s\"", sim->boot_log);
    fprintf(file, ",\n     \"opened\": %s, \"cut\": %s,\n     \"max_lag_ms\": %.1f",
            sim->wire.touched ? "true" : "false", sim->wire.cut ? "true" : "false", (double)sim->wire.max_lag / 1e6);
    report_count(file, "to_board", sim->wire.to_board);
    report_count(file, "to_host", sim->wire.to_host);
    report_count(file, "overruns", sim->wire.overruns);
    report_count(file, "fifo_overflows", sim->stats.fifo_overflows);
    report_count(file, "resets", sim->stats.boots);
    report_count(file, "instructions", sim->stats.instructions);
    report_count(file, "erases", sim->stats.erases);
    report_count(file, "programs", sim->stats.programs);
    report_count(file, "violations", sim->stats.nor_violations);
    report_count(file, "refused", sim->stats.flash_refused);
    fprintf(file, ", \"flash_status\": \"%06x\"", sim->stats.flash_status);
    fprintf(file, ",\n     \"state\": \"%s\", \"exception\": \"%s\"",
            sim->wire.board_state ? sim->wire.board_state : "off", sim->exception);
    report_count(file, "crashes", sim->stats.crashes);
    fprintf(file, ", \"first_crash\": \"%s\"}", sim->first_crash);
}
