/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/chip_board.h"

#include <stdlib.h>

#include "tools/boardsim/board/chip/efuse.h"
#include "tools/boardsim/board/flash/nor.h"
#include "tools/boardsim/board/line/line.h"
#include "tools/boardsim/board/observer/observer.h"
#include "tools/boardsim/board/reset.h"
#include "tools/boardsim/board/rom/rom.h"

#define DEFAULT_CRYSTAL_MHZ 26u

/* How long a noisy boot is noisy: into the banner, which begins after 2 ms and lasts 6. */
#define BABBLE_US 6000u

struct chip_board {
    struct board base;
    struct board_faults faults;
    struct chip chip;
    struct rom rom;
    struct nor *nor;
    struct reset reset;
    struct serial_line to_board, to_host; /* to_host holds what is complete */
    struct line_noise noise_in, noise_out, flaky_in, flaky_out;
    struct rng lines_rng, babble_rng;
    uint64_t babble_at, babble_until; /* the next stray byte of a noisy boot; UINT64_MAX: none */
    uint64_t ns;                      /* the time, as last given out */
    uint64_t heard;                   /* bytes from the host since power-on */
    bool dead;                        /* hung: until the next power-on */
    bool browned_out;                 /* the one brown-out has been */
    bool power_is_new;                /* the next reset cause is power-on */
    bool host_ready;                  /* a byte for the host was completed in this run */
    uint64_t bytes_in, bytes_out;
    uint64_t log_of; /* the boot that the log is of */
    size_t log_size;
    uint8_t log[BOARD_LOG];
    struct board_stats stats;
    struct observer observer, inside; /* the one of board_observe(), and the one that tells it */
};

/* Cycles that have passed at `ns`; a time of cycles is reached at the first nanosecond not before it. */
static uint64_t to_cycles(const struct chip_board *board, uint64_t ns)
{
    return ns / 1000 * board->chip.mhz + ns % 1000 * board->chip.mhz / 1000;
}

static uint64_t to_ns(const struct chip_board *board, uint64_t cycles)
{
    uint64_t mhz = board->chip.mhz;

    return cycles / mhz * 1000 + (cycles % mhz * 1000 + mhz - 1) / mhz;
}

/* The first part of that size; NULL if there is none. */
static const struct nor_part *part_of_size(uint32_t size)
{
    for (const struct nor_part *part = nor_parts; part->name; part++)
        if (part->size == size)
            return part;
    return NULL;
}

static struct line_noise noise(const struct board_noise *noise, uint64_t seed)
{
    return (struct line_noise){noise->lose, noise->corrupt, noise->insert, {seed}};
}

static void free_board(struct board *base)
{
    struct chip_board *board = (struct chip_board *)base;
    if (!board)
        return;
    line_free(&board->to_board);
    line_free(&board->to_host);
    nor_free(board->nor);
    free(board);
}

/* Reset, power and straps. */

static void update_reset(struct chip_board *board)
{
    if (!reset_update(&board->reset, board->chip.now, (uint64_t)RESET_RC_US * board->chip.mhz))
        return;
    rom_assert_reset(&board->rom);
    board->babble_at = UINT64_MAX;
}

static void power(struct board *base, bool on)
{
    struct chip_board *board = (struct chip_board *)base;
    on = on && !board->faults.silent;
    if (on == board->reset.powered)
        return;
    board->reset.powered = on;
    nor_power(board->nor, board->chip.now, on);
    if (on) {
        board->heard = 0;
        board->dead = false;
        board->power_is_new = true;
    }
    update_reset(board);
}

static void set_lines(struct board *base, bool dtr, bool rts)
{
    struct chip_board *board = (struct chip_board *)base;
    bool changed = dtr != board->reset.dtr || rts != board->reset.rts;

    if (changed && board->faults.drop_lines > 0 && rng_unit(&board->lines_rng) < board->faults.drop_lines)
        return;
    board->reset.dtr = dtr;
    board->reset.rts = rts;
    update_reset(board);
}

static void buttons(struct board *base, bool reset, bool gpio0)
{
    struct chip_board *board = (struct chip_board *)base;
    board->reset.button_reset = reset;
    board->reset.button_gpio0 = gpio0;
    update_reset(board);
}

static unsigned straps(const struct chip_board *board)
{
    return (board->faults.gpio15_high ? CHIP_STRAP_GPIO15 : 0) |
           (reset_gpio0_low(&board->reset) ? 0 : CHIP_STRAP_GPIO0) | (board->faults.gpio2_low ? 0 : CHIP_STRAP_GPIO2);
}

static void rise(struct chip_board *board)
{
    enum chip_reset_cause cause = board->power_is_new ? CHIP_POWER_ON : CHIP_EXTERNAL_RESET;

    board->reset.rising = UINT64_MAX;
    board->power_is_new = false;
    if (board->dead)
        return;
    rom_release_reset(&board->rom, cause, straps(board));
    if (board->faults.noisy_boot) {
        board->babble_at = board->chip.now;
        board->babble_until = board->chip.now + (uint64_t)BABBLE_US * board->chip.mhz;
    }
}

/* The supply dips below what the chip bears and comes back at once. */
static void brown_out(struct chip_board *board)
{
    board->browned_out = true;
    rom_assert_reset(&board->rom);
    board->power_is_new = true;
    board->reset.held = true;
    update_reset(board);
}

/* The wire. */

static void hear(struct chip_board *board, const struct line_byte *byte)
{
    struct chip *chip = &board->chip;
    const struct board_faults *faults = &board->faults;
    struct line_seen seen[LINE_SEEN_MAX];
    uint8_t disturbed[2];
    unsigned n = faults->tx_open || board->dead ? 0 : line_disturb(&board->noise_in, byte->value, disturbed);

    observe(chip->observer, BOARD_ACTIVITY_LINK, byte->at - (uint64_t)byte->bit * LINE_BITS_PER_BYTE / LINE_BIT(1),
            byte->at);
    for (unsigned i = 0; i < n && chip->mode != CHIP_OFF; i++) {
        struct line_byte arrived = {byte->at, byte->bit, disturbed[i]};

        chip_measure(chip, arrived.value, arrived.bit);
        unsigned got = line_see(&board->to_board, &arrived, LINE_BIT(chip->uart.divider), seen);

        for (unsigned j = 0; j < got; j++)
            chip_receive(chip, seen[j].value, seen[j].framing);
        board->bytes_in += got;
    }
    if (n == 0 || !board->reset.powered)
        return;
    board->heard++;
    if (faults->hang_after && board->heard >= faults->hang_after) {
        board->dead = true;
        rom_assert_reset(&board->rom);
    }
    if (faults->reset_after && board->heard >= faults->reset_after && !board->browned_out)
        brown_out(board);
}

static void put_to_host(struct chip_board *board, const uint8_t *bytes, unsigned n)
{
    if (board->faults.rx_open)
        return;
    for (unsigned i = 0; i < n; i++)
        line_put(&board->to_host, board->chip.now, LINE_BIT(board->chip.uart.divider), bytes[i]);
    board->host_ready |= n > 0;
}

static void keep(struct chip_board *board, uint8_t byte)
{
    if (board->log_of != board->chip.boots)
        board->log_size = 0;
    board->log_of = board->chip.boots;
    if (board->log_size < BOARD_LOG)
        board->log[board->log_size++] = byte;
}

static size_t log_of(const struct board *base, const uint8_t **bytes)
{
    const struct chip_board *board = (const struct chip_board *)base;
    *bytes = board->log;
    return board->log_of == board->chip.boots ? board->log_size : 0;
}

static void speak(struct chip_board *board, uint8_t byte)
{
    uint8_t disturbed[2];
    unsigned n = line_disturb(&board->noise_out, byte, disturbed);

    keep(board, byte);
    board->bytes_out++;
    put_to_host(board, disturbed, n);
}

/* One of the stray bytes of a noisy boot. */
static void babble(struct chip_board *board)
{
    uint64_t random = rng_next(&board->babble_rng);
    uint8_t byte = (uint8_t)random;

    put_to_host(board, &byte, 1);
    board->babble_at += (uint64_t)board->chip.uart.divider * LINE_BITS_PER_BYTE * (1 + (random >> 8 & 3));
    if (board->babble_at >= board->babble_until)
        board->babble_at = UINT64_MAX;
}

#define BIT_MAX (UINT32_MAX / 32)

/* The host's bits. A rate so low that they would not fit is as good as the lowest that does. */
static uint32_t host_bit(const struct chip_board *board, uint32_t baud)
{
    uint64_t bit = LINE_BIT(1) * (uint64_t)board->chip.mhz * 1000000 / (baud ? baud : 1);

    return bit < BIT_MAX ? (uint32_t)bit : BIT_MAX;
}

/* The rate that was meant: what an adapter makes of it is up to 2 % off. */
static bool flaky_at(const struct chip_board *board, uint32_t baud)
{
    uint32_t above = board->faults.flaky_above;

    return above && baud > above + above / 50;
}

static void send(struct board *base, uint32_t baud, const uint8_t *bytes, size_t n)
{
    struct chip_board *board = (struct chip_board *)base;
    uint32_t bit = host_bit(board, baud);
    uint8_t disturbed[2];

    if (!flaky_at(board, baud)) {
        line_send(&board->to_board, board->chip.now, bit, bytes, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        size_t n_disturbed = line_disturb(&board->flaky_in, bytes[i], disturbed);
        line_send(&board->to_board, board->chip.now, bit, disturbed, n_disturbed);
    }
}

/* A start bit and eight zeros of that length; longer than the longest bit is as good. */
static void send_break(struct board *base, uint64_t ns)
{
    struct chip_board *board = (struct chip_board *)base;
    uint64_t bit = LINE_BIT(1) * to_cycles(board, ns) / 9;

    line_put(&board->to_board, board->chip.now, bit < BIT_MAX ? (uint32_t)bit : BIT_MAX, 0);
}

static size_t sending(const struct board *base)
{
    const struct chip_board *board = (const struct chip_board *)base;
    return board->to_board.count;
}

static size_t receive(struct board *base, uint32_t baud, uint8_t *bytes, size_t n)
{
    struct chip_board *board = (struct chip_board *)base;
    uint32_t bit = host_bit(board, baud);
    size_t got = 0;

    while (board->to_host.count > 0 && got < n) {
        struct line_seen seen[LINE_SEEN_MAX];
        unsigned count = line_see(&board->to_host, line_peek(&board->to_host), bit, seen);

        for (unsigned i = 0; i < count && got < n; i++) {
            uint8_t disturbed[2] = {seen[i].value};
            unsigned left = flaky_at(board, baud) ? line_disturb(&board->flaky_out, seen[i].value, disturbed) : 1;

            for (unsigned j = 0; j < left && got < n; j++)
                bytes[got++] = disturbed[j];
        }
        line_drop(&board->to_host);
    }
    return got;
}

/* Time. */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_outside(const struct chip_board *board)
{
    const struct line_byte *byte = line_peek(&board->to_board);

    return earlier(byte ? byte->at : UINT64_MAX, earlier(board->reset.rising, board->babble_at));
}

static void handle_events(struct chip_board *board)
{
    struct chip *chip = &board->chip;
    const struct line_byte *byte;

    if (board->reset.rising <= chip->now)
        rise(board);
    while ((byte = line_peek(&board->to_board)) && byte->at <= chip->now) {
        struct line_byte copy = *byte;

        line_drop(&board->to_board);
        hear(board, &copy);
    }
    while (board->babble_at <= chip->now)
        babble(board);
    while (chip_has_sent(chip))
        speak(board, rom_sent(&board->rom));
    chip_events(chip);
}

static uint64_t run(struct board *base, uint64_t until)
{
    struct chip_board *board = (struct chip_board *)base;
    struct chip *chip = &board->chip;
    uint64_t end = to_cycles(board, until);

    if (until < board->ns)
        return board->ns;
    board->host_ready = false;
    for (;;) {
        handle_events(board);
        if (board->host_ready || chip->now >= end)
            break;
        uint64_t next = earlier(end, earlier(next_outside(board), chip_event(chip)));

        if (!chip_run(chip, next))
            rom_step(&board->rom, next);
    }
    board->ns = until;
    if (board->host_ready && to_ns(board, chip->now) < until)
        board->ns = to_ns(board, chip->now);
    return board->ns;
}

static uint64_t next(const struct board *base)
{
    const struct chip_board *board = (const struct chip_board *)base;
    uint64_t next = earlier(next_outside(board), rom_next(&board->rom));
    uint64_t ns;

    if (next == UINT64_MAX)
        return BOARD_NEVER;
    ns = to_ns(board, next);
    return ns > board->ns ? ns : board->ns;
}

static void on_busy(void *data, enum board_activity activity, uint64_t from, uint64_t to)
{
    const struct chip_board *board = data;

    board->observer.busy(board->observer.data, activity, to_ns(board, from), to_ns(board, to));
}

static void observe_parts(struct board *base, const struct observer *observer)
{
    struct chip_board *board = (struct chip_board *)base;

    board->inside = (struct observer){on_busy, board};
    if (observer)
        board->observer = *observer;
    board->chip.observer = board->chip.spi.observer = observer ? &board->inside : NULL;
}

static uint8_t *flash(struct board *base, size_t *size)
{
    struct chip_board *board = (struct chip_board *)base;
    *size = nor_size(board->nor);
    return nor_bytes(board->nor);
}

static const struct board_stats *stats(const struct board *base)
{
    const struct chip_board *board = (const struct chip_board *)base;
    struct board_stats *stats = (struct board_stats *)&board->stats;
    const struct nor_stats *nor = nor_stats(board->nor);

    *stats = (struct board_stats){
        .instructions = board->chip.cpu.instructions,
        .boots = board->chip.boots,
        .bytes_in = board->bytes_in,
        .bytes_out = board->bytes_out,
        .fifo_overflows = board->chip.uart.overflows,
        .nor_violations = nor->violations,
        .erases = nor->erases,
        .programs = nor->programs,
        .cache_fills = board->chip.cache.fills,
        .flash_status_writes = nor->status_writes,
        .flash_needless = nor->needless,
        .flash_refused = nor->refused,
        .flash_status = nor_lasting_status(board->nor),
        .exception = board->chip.exception[0] ? board->chip.exception : NULL,
        .crashes = board->chip.crashes,
        .first_crash = board->chip.crashes ? board->chip.first_crash : NULL,
        .state = chip_state(&board->chip),
    };
    return stats;
}

static const struct board_type type = {.free = free_board,
                                       .power = power,
                                       .set_lines = set_lines,
                                       .buttons = buttons,
                                       .run = run,
                                       .next = next,
                                       .observe = observe_parts,
                                       .send = send,
                                       .send_break = send_break,
                                       .sending = sending,
                                       .receive = receive,
                                       .log = log_of,
                                       .flash = flash,
                                       .stats = stats};

struct board *chip_board_new(const struct board_config *config)
{
    unsigned crystal = config->crystal_mhz ? config->crystal_mhz : DEFAULT_CRYSTAL_MHZ;
    const struct board_faults *faults = &config->faults;
    const struct efuse_chip *kind = config->chip ? config->chip : efuse_chips;
    struct chip_board *board = calloc(1, sizeof *board);
    struct nor_config nor = {
        .part = config->part ? config->part : part_of_size(kind->flash),
        .seed = config->seed,
        .mhz = 2 * crystal,
        .faults = faults->flash,
    };

    const struct reset_wiring wiring = {
        .en = !config->no_auto_reset && !faults->en_open,
        .gpio0 = !config->no_auto_reset && !faults->gpio0_open,
        .swapped = faults->lines_swapped,
    };

    if (!board)
        return NULL;
    board->nor = nor_new(&nor);
    if (!board->nor) {
        free(board);
        return NULL;
    }
    board->base.type = &type;
    board->faults = *faults;
    board->noise_in = noise(&faults->in, config->seed ^ 0x696e);
    board->noise_out = noise(&faults->out, config->seed ^ 0x6f7574);
    board->flaky_in = noise(&faults->flaky, config->seed ^ 0x6669);
    board->flaky_out = noise(&faults->flaky, config->seed ^ 0x666f);
    board->lines_rng.state = config->seed ^ 0x6c6e;
    board->babble_rng.state = config->seed ^ 0x6262;
    board->babble_at = UINT64_MAX;
    reset_init(&board->reset, &wiring);
    board->chip.mhz = 2 * crystal;
    board->chip.spi.nor = board->nor;
    efuse_words(board->chip.efuse, kind, config->mac, faults->clone_oui);
    rom_init(&board->rom, &board->chip);
    return &board->base;
}
