/* SPDX-License-Identifier: MIT */
#include "tests/simulation/rig.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LATENCY_US  1000 /* of a full-speed USB adapter, each way */
#define KERNEL_FIFO 4096 /* bytes that a tty accepts before a write would block */

/* Without a board, lets time pass to `until`, or to the next stray byte of the open line. */
static void pass_empty_time(struct rig *rig, uint64_t until)
{
    uint64_t gap = rig->open_line;
    if (gap == 0 || rig->now / gap == until / gap) {
        rig->now = until;
        return;
    }
    uint8_t stray = (uint8_t)(++rig->strays * 167);
    rig->now = (rig->now / gap + 1) * gap;
    session_received(&rig->session, &stray, 1, rig->now);
}

/* Lets time pass to `until`, or until the adapter has passed on a byte from the board. */
static void pass_time(struct rig *rig, uint64_t until)
{
    if (!rig->board) {
        pass_empty_time(rig, until);
        return;
    }
    uint64_t reached = board_run(rig->board, until * 1000) / 1000;
    if (reached < until) {
        uint64_t passed_on = reached + LATENCY_US < until ? reached + LATENCY_US : until;
        while (board_run(rig->board, passed_on * 1000) < passed_on * 1000)
            ;
        reached = passed_on;
    }
    rig->now = reached;
    uint8_t bytes[512];
    size_t n;
    while ((n = board_receive(rig->board, rig->baud, bytes, sizeof(bytes))) > 0)
        session_received(&rig->session, bytes, n, rig->now);
}

static int set_lines(struct rig *rig, bool dtr, bool rts)
{
    if (++rig->lines_asked >= rig->lines_fail && rig->lines_fail != 0)
        return -EIO;
    rig->dtr = dtr;
    rig->rts = rts;
    if (rig->board)
        board_set_lines(rig->board, dtr, rts);
    return 0;
}

static int set_baud(struct rig *rig, uint32_t baud)
{
    if (rig->baud_max != 0 && baud > rig->baud_max)
        return -ERANGE;
    rig->baud = baud;
    return 0;
}

/* A change of modem lines or baud rate takes some time, like that of a real adapter. */
static void take_setting(struct rig *rig)
{
    const struct session_want want = *session_want(&rig->session);
    int error = want.kind == SESSION_WANTS_LINES ? set_lines(rig, want.dtr, want.rts) : set_baud(rig, want.baud);
    rig->now += LATENCY_US;
    if (rig->board)
        board_run(rig->board, rig->now * 1000);
    session_done(&rig->session, error, rig->now);
}

static bool is_special(uint8_t byte)
{
    return byte == SLIP_END || byte == SLIP_ESC || byte == SLIP_ESC_END || byte == SLIP_ESC_ESC;
}

/* The next byte from `at` on that may have its lowest bit flipped and the frame keeps its length. */
static size_t flippable(const uint8_t *bytes, size_t at)
{
    while (is_special(bytes[at]) || is_special(bytes[at] ^ 1))
        at++;
    return at;
}

/* Does what the line does sometimes, to a frame that is about to be sent. */
static void flip_two_bits(struct rig *rig)
{
    uint8_t *bytes = rig->session.tx;
    bool starts = session_want(&rig->session)->bytes == bytes;
    if (rig->flip_blocks == 0 || !starts || bytes[2] != WIRE_MEM_DATA || rig->session.tx_len < WIRE_MEM_BLOCK)
        return;
    size_t first = flippable(bytes, WIRE_HEADER_SIZE + WIRE_DATA_HEADER_SIZE + 5000);
    bytes[flippable(bytes, first + 1)] ^= 1;
    bytes[first] ^= 1;
    rig->flip_blocks--;
}

/* True if the session waits for room in the tty. */
static bool send(struct rig *rig)
{
    const struct session_want *want = session_want(&rig->session);
    size_t waiting = rig->board ? board_sending(rig->board) : 0;
    size_t room = waiting < KERNEL_FIFO ? KERNEL_FIFO - waiting : 0;
    size_t n = want->len < room ? want->len : room;
    if (n == 0)
        return true;
    flip_two_bits(rig);
    if (rig->board)
        board_send(rig->board, rig->baud, want->bytes, n);
    session_sent(&rig->session, n, rig->now);
    return false;
}

/* Carries out the session's request, or lets time pass until it may have another one, at most to `until`. */
static void do_next(struct rig *rig, uint64_t until)
{
    const struct session_want *want = session_want(&rig->session);
    uint64_t deadline = session_deadline(&rig->session);
    if (want->kind == SESSION_WANTS_LINES || want->kind == SESSION_WANTS_BAUD) {
        take_setting(rig);
        return;
    }
    if (want->kind == SESSION_WANTS_SEND) {
        if (!send(rig))
            return;
        until = rig->now + LATENCY_US < until ? rig->now + LATENCY_US : until;
    }
    until = deadline < until ? deadline : until;
    if (until > rig->now)
        pass_time(rig, until);
    session_expired(&rig->session, rig->now);
}

const struct update *rig_find_update(void *data, const struct sector_set *kept)
{
    struct rig *rig = data;
    update_free(rig->update);
    rig->update = update_make(rig->program.job->golden, kept);
    if (!rig->update)
        abort(); /* no assertion: benchmarks run without check */
    return rig->update;
}

void rig_program(struct rig *rig, const struct program_job *job, unsigned limit_s)
{
    rig->now = board_run(rig->board, 0) / 1000 + 1;
    uint64_t start = rig->now, limit = start + limit_s * 1000000ULL;
    uint64_t unplug = rig->unplug_at == RIG_NEVER ? RIG_NEVER : start + rig->unplug_at;
    rig->baud = LOADER_BAUD;
    program_start(&rig->program, &rig->session, job, rig->now);
    while (!program_ended(&rig->program)) {
        if (rig->now >= unplug) {
            program_abort(&rig->program, CAUSE_UNPLUGGED, "unplugged", rig->now);
            return;
        }
        if (rig->now >= limit)
            ck_abort_msg("no end after %u s, in \"%s\"", limit_s, program_sentence(&rig->program));
        do_next(rig, unplug < limit ? unplug : limit);
        if (rig->flash_trusted && rig->program.identified)
            program_trust_flash(&rig->program);
    }
}

void rig_probe(struct rig *rig, const struct presence_job *job, unsigned limit_s)
{
    if (rig->board)
        rig->now = board_run(rig->board, 0) / 1000 + 1;
    uint64_t limit = rig->now + limit_s * 1000000ULL;
    presence_start(&rig->presence, &rig->session, job, rig->now);
    while (!presence_ended(&rig->presence)) {
        if (rig->now >= limit)
            ck_abort_msg("no end after %u s, in state %d", limit_s, (int)rig->presence.state);
        do_next(rig, limit);
    }
}

uint8_t *rig_image(size_t len, unsigned seed)
{
    uint8_t *bytes = malloc(len);
    ck_assert_ptr_nonnull(bytes);
    uint32_t random = seed * 2654435761u + 1;
    for (size_t i = 0; i < len; i++) {
        random = random * 1664525 + 1013904223;
        size_t stretch = i * 8 / len;
        if (stretch == 3 || stretch == 6)
            bytes[i] = 0xFF;
        else if (stretch % 2 == 0)
            bytes[i] = (uint8_t)(random >> 28 | (random >> 24 & 3) << 4); /* compresses like code */
        else
            bytes[i] = (uint8_t)(random >> 24);
    }
    static const uint8_t header[] = {0xE9, 0x01, 0x02, 0x40, 0x00, 0x00, 0x10, 0x40};
    memcpy(bytes, header, sizeof(header));
    return bytes;
}

struct golden *rig_golden(size_t len, unsigned seed)
{
    char error[256] = "";
    uint8_t *bytes = rig_image(len, seed);
    struct golden *golden = golden_new();
    ck_assert_ptr_nonnull(golden);
    ck_assert_msg(golden_add(golden, "golden.bin", 0, bytes, len, error, sizeof(error)) == 0 &&
                      golden_seal(golden, error, sizeof(error)) == 0,
                  "%s", error);
    free(bytes);
    return golden;
}

struct program_job rig_job(const struct golden *golden, const struct stub_image *stub)
{
    return (struct program_job){
        .golden = golden,
        .stub = stub,
        .bauds = {921600, 460800, 230400, 115200},
        .n_bauds = 4,
        .tries = 3,
        .run = true,
    };
}

bool rig_holds(struct board *board, const struct golden *golden)
{
    size_t size;
    const uint8_t *flash = board_flash(board, &size);
    for (size_t i = 0; i < golden->n_parts; i++) {
        const struct golden_part *part = &golden->parts[i];
        if (part->offset + part->padded_size > size ||
            memcmp(flash + part->offset, part->bytes, part->padded_size) != 0)
            return false;
    }
    return true;
}
