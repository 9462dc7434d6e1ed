/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/unit.h"

#include <errno.h>
#include <md5.h>
#include <stdlib.h>
#include <string.h>

/* Long enough for the ROM to load an application, and for that to say who it is. */
#define BOOT_NS 500000000u

struct unit *unit_new(const struct spec *spec)
{
    struct unit *unit = calloc(1, sizeof *unit);
    if (unit)
        unit->spec = *spec;
    return unit;
}

void unit_drop_board(struct unit *unit)
{
    board_free(unit->board);
    unit->board = NULL;
}

void unit_free(struct unit *unit)
{
    if (unit->board)
        board_free(unit->board);
    free(unit);
}

static int load_image(struct unit *unit, char *error, size_t size)
{
    size_t room;
    uint8_t *flash = board_flash(unit->board, &room);
    FILE *file = fopen(unit->spec.image, "rb");
    if (!file) {
        snprintf(error, size, "%s: %s", unit->spec.image, strerror(errno));
        return -1;
    }
    bool bad = fread(flash, 1, room, file) < room && ferror(file);
    bool rest = !bad && fgetc(file) != EOF;
    int cause = errno;
    fclose(file);
    if (bad)
        snprintf(error, size, "%s: %s", unit->spec.image, strerror(cause));
    else if (rest)
        snprintf(error, size, "%s: larger than the flash of %zu bytes", unit->spec.image, room);
    return bad || rest ? -1 : 0;
}

int unit_make_board(struct unit *unit, char *error, size_t size)
{
    unit->board = board_new(&unit->spec.config);
    if (!unit->board) {
        snprintf(error, size, "out of memory");
        return -1;
    }
    return *unit->spec.image ? load_image(unit, error, size) : 0;
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

void unit_md5(struct board *board, void *data)
{
    size_t size;
    const uint8_t *flash = board_flash(board, &size);
    md5_hex(flash, size, data);
}

int unit_write_flash(const struct unit_flash *flash, const char *path, char *error, size_t size)
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

void unit_log(struct board *board, void *data)
{
    const uint8_t *bytes;
    size_t n = board_log(board, &bytes);
    escape(bytes, n, data, UNIT_LOG);
}

/* Tried on a board without faults, so that only the flash is judged: an image was started, and half a second later
 * nothing has stopped it. What it says is kept. */
static bool would_boot(struct unit *unit, const uint8_t *flash, size_t size)
{
    struct board_config config = unit->spec.config;
    memset(&config.faults, 0, sizeof config.faults);
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
    bool boots = stats->instructions > 0 && !stats->exception;
    unit_log(board, unit->boot_log);
    board_free(board);
    return boots;
}

int unit_judge(struct unit *unit, const char *dump_dir, char *error, size_t size)
{
    struct unit_flash flash;
    flash.bytes = board_flash(unit->board, &flash.size);
    unit->flash_size = flash.size;
    unit->stats = *board_stats(unit->board);
    snprintf(unit->exception, sizeof unit->exception, "%s", unit->stats.exception ? unit->stats.exception : "");
    unit->stats.exception = NULL; /* goes with the board */
    md5_hex(flash.bytes, flash.size, unit->md5);
    unit->blank = true;
    for (size_t i = 0; unit->blank && i < flash.size; i++)
        unit->blank = flash.bytes[i] == 0xff;
    unit->boots = !unit->blank && would_boot(unit, flash.bytes, flash.size);
    if (!dump_dir)
        return 0;
    const uint8_t *mac = unit->spec.config.mac;
    char path[4096];
    snprintf(path, sizeof path, "%s/%02x%02x%02x%02x%02x%02x.bin", dump_dir, mac[0], mac[1], mac[2], mac[3], mac[4],
             mac[5]);
    return unit_write_flash(&flash, path, error, size);
}

static void report_count(FILE *file, const char *name, uint64_t value)
{
    fprintf(file, ", \"%s\": %llu", name, (unsigned long long)value);
}

/* All strings here are escaped, or words that spec.c has accepted, or the board's own: they need it not. */
void unit_report(const struct unit *unit, FILE *file)
{
    fprintf(file, "    {\"number\": %u, \"slot\": %u, \"path\": \"%s\", \"tty\": \"ttyUSB%d\", \"adapter\": \"%s\"",
            unit->number, unit->slot, unit->path, unit->tty, unit->kind->name);
    fprintf(file, ", \"mac\": \"" UNIT_MAC "\", \"fault\": \"%s\"", UNIT_MAC_ARGS(unit), unit->spec.faults);
    fprintf(file, ", \"plugs\": %u, \"in\": %.3f, \"out\": %.3f", unit->plugs, unit->in, unit->out);
    fprintf(file, ",\n     \"flash_size\": %zu, \"md5\": \"%s\", \"blank\": %s, \"boots\": %s", unit->flash_size,
            unit->md5, unit->blank ? "true" : "false", unit->boots ? "true" : "false");
    fprintf(file, ",\n     \"boot_log\": \"%s\"", unit->boot_log);
    fprintf(file, ",\n     \"opened\": %s, \"cut\": %s,\n     \"max_lag_ms\": %.1f",
            unit->wire.touched ? "true" : "false", unit->wire.cut ? "true" : "false", (double)unit->wire.max_lag / 1e6);
    report_count(file, "to_board", unit->wire.to_board);
    report_count(file, "to_host", unit->wire.to_host);
    report_count(file, "overruns", unit->wire.overruns);
    report_count(file, "fifo_overflows", unit->stats.fifo_overflows);
    report_count(file, "resets", unit->stats.boots);
    report_count(file, "instructions", unit->stats.instructions);
    report_count(file, "erases", unit->stats.erases);
    report_count(file, "programs", unit->stats.programs);
    report_count(file, "violations", unit->stats.nor_violations);
    report_count(file, "refused", unit->stats.flash_refused);
    fprintf(file, ", \"flash_status\": \"%06x\"", unit->stats.flash_status);
    fprintf(file, ", \"exception\": \"%s\"}", unit->exception);
}
