/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/wire_board.h"

#include "tools/boardsim/board/chip/efuse.h"
#include "tools/boardsim/board/reset.h"
#include "tools/boardsim/board/wire/wire_chip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000u
/* Of the ROM, until autobaud has found another: 115200 with a crystal of 40 MHz. */
#define BANNER_BAUD(crystal) ((crystal) == 40 ? 115200u : 74880u)
/* After its reply to CHANGE_BAUDRATE the stub stays at the old rate for so long. */
#define BAUD_NS (10 * MS)
/* A stream sends a status after so long without one. */
#define STATUS_NS (120 * MS)
/* Bytes that may be on their way to the board. */
#define INPUT_MAX 16384u

enum mode { MODE_OFF, MODE_FIRMWARE, MODE_LOADER };

struct wire_board {
    struct board base;
    struct wire_chip chip;
    struct reset reset;
    enum mode mode;
    bool power_is_new;
    uint64_t ns;
    uint8_t input[INPUT_MAX]; /* a ring: `sent` bytes from `head` on are on their way */
    size_t head, sent;
    uint64_t head_at;    /* when the first of them has arrived */
    uint32_t input_baud; /* at which they are sent */
    struct wire_decoder decoder;
    bool measuring; /* the frame from which the ROM takes the rate */
    struct wire_output output;
    uint64_t output_at; /* when all of it has arrived; */
    uint32_t output_baud;
    uint64_t baud_at;   /* when the stub changes its rate; BOARD_NEVER */
    uint64_t status_at; /* when a stream sends its next status unasked */
    uint8_t log[BOARD_LOG];
    size_t log_size;
    struct board_stats stats;
};

static uint64_t byte_ns(uint32_t baud)
{
    return 10ull * 1000 * MS / (baud ? baud : 1);
}

static bool rates_match(uint32_t a, uint32_t b)
{
    uint32_t difference = a > b ? a - b : b - a;

    return difference <= a / 20;
}

/* What the chip has said since `before` goes out at `baud`. */
static void transmit(struct wire_board *board, size_t before, uint32_t baud)
{
    size_t n = board->output.n - before;
    uint64_t from = before > 0 && board->output_at > board->ns ? board->output_at : board->ns;

    if (n == 0)
        return;
    board->output_at = from + n * byte_ns(baud);
    board->output_baud = baud;
    board->stats.bytes_out += n;
}

/* Reset. */

static void say_banner(struct wire_board *board, unsigned cause, unsigned mode)
{
    char text[80];
    size_t before = board->output.n;
    int n = snprintf(text, sizeof text, "\r\n ets Jan  8 2013,rst cause:%u, boot mode:(%u,6)\r\n\r\n", cause, mode);

    for (int i = 0; i < n; i++)
        wire_put(&board->output, (uint8_t)text[i]);
    memcpy(board->log, text, (size_t)n);
    board->log_size = (size_t)n;
    transmit(board, before, BANNER_BAUD(board->chip.crystal_mhz));
}

static void rise(struct wire_board *board)
{
    bool download = reset_gpio0_low(&board->reset);

    board->reset.rising = UINT64_MAX;
    board->mode = download ? MODE_LOADER : MODE_FIRMWARE;
    board->measuring = true;
    board->decoder = (struct wire_decoder){0};
    board->stats.boots++;
    say_banner(board, board->power_is_new ? 1 : 2, download ? 1 : 3);
    board->power_is_new = false;
}

static void update_reset(struct wire_board *board)
{
    if (!reset_update(&board->reset, board->ns, (uint64_t)RESET_RC_US * 1000))
        return;
    board->mode = MODE_OFF;
    board->baud_at = BOARD_NEVER;
    wire_chip_reset(&board->chip);
}

static void power(struct board *base, bool on)
{
    struct wire_board *board = (struct wire_board *)base;

    board->power_is_new = board->power_is_new || (on && !board->reset.powered);
    board->reset.powered = on;
    update_reset(board);
}

static void set_lines(struct board *base, bool dtr, bool rts)
{
    struct wire_board *board = (struct wire_board *)base;

    board->reset.dtr = dtr;
    board->reset.rts = rts;
    update_reset(board);
}

static void buttons(struct board *base, bool reset, bool gpio0)
{
    struct wire_board *board = (struct wire_board *)base;

    board->reset.button_reset = reset;
    board->reset.button_gpio0 = gpio0;
    update_reset(board);
}

/* The line. */

static void send(struct board *base, uint32_t baud, const uint8_t *bytes, size_t n)
{
    struct wire_board *board = (struct wire_board *)base;

    if (board->sent == 0)
        board->head_at = board->ns + byte_ns(baud);
    board->input_baud = baud;
    for (size_t i = 0; i < n && board->sent < INPUT_MAX; i++)
        board->input[(board->head + board->sent++) % INPUT_MAX] = bytes[i];
}

static void send_break(struct board *base, uint64_t ns)
{
    (void)base;
    (void)ns;
}

static size_t sending(const struct board *base)
{
    return ((const struct wire_board *)base)->sent;
}

static size_t receive(struct board *base, uint32_t baud, uint8_t *bytes, size_t n)
{
    struct wire_board *board = (struct wire_board *)base;
    struct wire_output *output = &board->output;
    size_t got = output->n < n ? output->n : n;

    if (output->n == 0 || board->output_at > board->ns)
        return 0;
    memcpy(bytes, output->bytes, got);
    output->n -= got;
    memmove(output->bytes, output->bytes + got, output->n);
    return rates_match(board->output_baud, baud) ? got : 0;
}

/* Requests and frames. */

static void take_frame(struct wire_board *board)
{
    struct wire_chip *chip = &board->chip;
    size_t before = board->output.n;

    wire_chip_take(chip, board->decoder.frame, board->decoder.n, &board->output);
    transmit(board, before, chip->baud);
    if (board->output.n > before)
        board->status_at = board->ns + STATUS_NS;
    if (chip->next_baud && board->baud_at == BOARD_NEVER)
        board->baud_at = board->output_at + BAUD_NS;
}

/* The ROM measures the rate of what comes first, and does not understand that. */
static void hear(struct wire_board *board, uint8_t byte)
{
    struct wire_chip *chip = &board->chip;

    if (board->mode != MODE_LOADER || (chip->baud && !rates_match(chip->baud, board->input_baud)))
        return;
    board->stats.bytes_in++;
    if (!wire_decode(&board->decoder, byte))
        return;
    if (board->measuring)
        chip->baud = board->input_baud;
    else
        take_frame(board);
    board->measuring = false;
}

static void hear_all(struct wire_board *board)
{
    uint64_t step = byte_ns(board->input_baud);

    while (board->sent > 0 && board->head_at <= board->ns) {
        uint8_t byte = board->input[board->head];

        board->head = (board->head + 1) % INPUT_MAX;
        board->sent--;
        board->head_at += step;
        hear(board, byte);
    }
}

static void change_baud(struct wire_board *board)
{
    board->chip.baud = board->chip.next_baud;
    board->chip.next_baud = 0;
    board->baud_at = BOARD_NEVER;
}

static void say_status(struct wire_board *board)
{
    size_t before = board->output.n;

    wire_chip_say_status(&board->chip, &board->output);
    transmit(board, before, board->chip.baud);
    board->status_at = board->ns + STATUS_NS;
}

/* Time. */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Bytes that arrive one after the other are taken at once, when the last of them has arrived. */
static uint64_t next(const struct board *base)
{
    const struct wire_board *board = (const struct wire_board *)base;
    uint64_t at = earlier(board->reset.rising, board->baud_at);

    if (board->sent > 0)
        at = earlier(at, board->head_at + (board->sent - 1) * byte_ns(board->input_baud));
    if (board->output.n > 0 && board->output_at > board->ns)
        at = earlier(at, board->output_at);
    if (wire_stream_running(&board->chip.stream))
        at = earlier(at, board->status_at);
    return at == BOARD_NEVER || at > board->ns ? at : board->ns;
}

static void handle_events(struct wire_board *board)
{
    if (board->reset.rising <= board->ns)
        rise(board);
    hear_all(board);
    if (board->baud_at <= board->ns)
        change_baud(board);
    if (wire_stream_running(&board->chip.stream) && board->status_at <= board->ns)
        say_status(board);
}

static uint64_t run(struct board *base, uint64_t until)
{
    struct wire_board *board = (struct wire_board *)base;
    uint64_t began = board->ns;

    for (;;) {
        uint64_t at = earlier(next(base), until);
        if (at > board->ns)
            board->ns = at;
        handle_events(board);
        bool output_ready = board->output.n > 0 && board->output_at > began && board->output_at <= board->ns;
        if (board->ns >= until || output_ready)
            return board->ns;
    }
}

/* For reports. */

static size_t log_of(const struct board *base, const uint8_t **bytes)
{
    const struct wire_board *board = (const struct wire_board *)base;

    *bytes = board->log;
    return board->log_size;
}

static uint8_t *flash(struct board *base, size_t *size)
{
    static uint8_t *copy;
    const struct wire_flash *content = &((struct wire_board *)base)->chip.flash;
    uint8_t *room = realloc(copy, content->size);

    *size = content->size;
    if (!room)
        return NULL;
    copy = room;
    for (uint32_t i = 0; i < content->size / WIRE_SECTOR; i++)
        memcpy(copy + (size_t)i * WIRE_SECTOR, wire_flash_sector(content, i), WIRE_SECTOR);
    return copy;
}

static const struct board_stats *stats(const struct board *base)
{
    static const char *const names[] = {[MODE_OFF] = "off", [MODE_FIRMWARE] = "asleep", [MODE_LOADER] = "rom"};
    struct wire_board *board = (struct wire_board *)base;

    board->stats.state = board->chip.in_stub ? "running" : names[board->mode];
    return &board->stats;
}

static void free_board(struct board *base)
{
    struct wire_board *board = (struct wire_board *)base;

    wire_stream_close(&board->chip.stream);
    wire_flash_free(&board->chip.flash);
    free(board);
}

static const struct board_type type = {.free = free_board,
                                       .power = power,
                                       .set_lines = set_lines,
                                       .buttons = buttons,
                                       .run = run,
                                       .next = next,
                                       .send = send,
                                       .send_break = send_break,
                                       .sending = sending,
                                       .receive = receive,
                                       .log = log_of,
                                       .flash = flash,
                                       .stats = stats};

struct board *wire_board_new(const struct board_config *config)
{
    struct wire_board *board = calloc(1, sizeof *board);
    const struct reset_wiring wiring = {.en = !config->no_auto_reset, .gpio0 = !config->no_auto_reset};
    const struct efuse_chip *kind = config->chip ? config->chip : efuse_chips;

    if (!board)
        return NULL;
    board->base.type = &type;
    board->chip.part = config->part ? config->part : nor_parts;
    if (!wire_flash_init(&board->chip.flash, board->chip.part->size)) {
        free(board);
        return NULL;
    }
    board->chip.crystal_mhz = config->crystal_mhz ? config->crystal_mhz : 26;
    efuse_words(board->chip.efuse, kind, config->mac, false);
    reset_init(&board->reset, &wiring);
    board->baud_at = BOARD_NEVER;
    return &board->base;
}
