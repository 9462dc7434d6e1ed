/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/flash/nor.h"

#include <stdlib.h>
#include <string.h>

#include "tools/boardsim/board/flash/nor_commands.h"
#include "tools/boardsim/board/flash/nor_identity.h"
#include "tools/boardsim/board/flash/nor_status.h"
#include "tools/boardsim/board/line/rng.h"

#define PAGE   256u
#define SECTOR 4096u

/* A program of n bytes takes about 30 µs + 2.5 µs a byte on a part whose page takes 670 µs; other parts in proportion.
 */
#define PROGRAM_FIXED_US 30.0
#define PROGRAM_BYTE_US  2.5
#define PROGRAM_PAGE_US  (PROGRAM_FIXED_US + PROGRAM_BYTE_US * PAGE)

/* After 99h (W25Q32FV). */
#define RESET_US 30.0

/* A typical time is met give or take half of this share. */
#define SPREAD 0.1

struct stuck {
    uint32_t at;
    uint8_t mask;
};

struct nor {
    const struct nor_part *part;
    struct nor_faults faults;
    struct rng rng;
    uint64_t seed;
    unsigned mhz;
    uint32_t size; /* of the array */
    bool powered, asleep;
    bool hung, lost; /* until a reset; until power-off, with NOR_TRAIT_35H_QUAD */
    uint32_t sleeps; /* commands ABh that it still sleeps over */
    bool write_enabled, volatile_enabled;
    bool reset_enabled; /* by the command before this one */
    struct nor_status status;
    uint64_t ready;
    uint32_t busy_at, busy_size; /* what a power loss before `ready` spoils */
    bool erasing;                /* what it is busy with */
    bool *half_erased;           /* by sector */
    struct nor_stats stats;
    struct stuck *stuck;
    uint8_t *bytes;
};

static void draw_stuck(struct nor *nor)
{
    for (uint32_t i = 0; i < nor->faults.stuck_bits; i++) {
        uint64_t draw = rng_next(&nor->rng);

        nor->stuck[i].at = (uint32_t)(draw >> 8) & (nor->size - 1);
        nor->stuck[i].mask = (uint8_t)(1u << (draw & 7));
    }
}

static void apply_stuck(struct nor *nor)
{
    for (uint32_t i = 0; i < nor->faults.stuck_bits; i++)
        nor->bytes[nor->stuck[i].at] &= (uint8_t)~nor->stuck[i].mask;
}

struct nor *nor_new(const struct nor_config *config)
{
    const struct nor_part *part = config->part ? config->part : nor_parts;
    const struct nor_faults *faults = &config->faults;
    struct nor *nor = calloc(1, sizeof *nor);

    if (!nor)
        return NULL;
    nor->part = part;
    nor->faults = *faults;
    nor->rng.state = config->seed ^ 0x6e6f72;
    nor->seed = config->seed;
    nor->mhz = config->mhz;
    nor->size = faults->size && faults->size < part->size ? faults->size : part->size;
    nor_status_init(&nor->status, part, faults->status, faults->wp_low);
    nor->bytes = malloc(nor->size);
    nor->stuck = calloc(faults->stuck_bits + 1u, sizeof *nor->stuck);
    nor->half_erased = calloc(nor->size / SECTOR + 1u, sizeof *nor->half_erased);
    if (!nor->bytes || !nor->stuck || !nor->half_erased) {
        nor_free(nor);
        return NULL;
    }
    memset(nor->bytes, 0xff, nor->size);
    draw_stuck(nor);
    apply_stuck(nor);
    return nor;
}

void nor_free(struct nor *nor)
{
    if (!nor)
        return;
    free(nor->half_erased);
    free(nor->stuck);
    free(nor->bytes);
    free(nor);
}

static void change_bits(struct nor *nor, uint32_t at, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        nor->bytes[at + i] &= (uint8_t)rng_next(&nor->rng);
}

/* Of the bytes that an erase was at work on. */
static void set_half_erased(struct nor *nor, bool half_erased)
{
    for (uint32_t at = 0; at < nor->busy_size; at += SECTOR)
        nor->half_erased[(nor->busy_at + at) / SECTOR] = half_erased;
}

/* What was being erased or programmed is in the middle of it. */
static void spoil(struct nor *nor)
{
    if (nor->faults.half_erases && nor->erasing)
        set_half_erased(nor, true);
    else
        change_bits(nor, nor->busy_at, nor->busy_size);
}

/* What an erase has left in the middle reads as something else now, whatever was written to it meanwhile. */
static void decay(struct nor *nor)
{
    for (uint32_t at = 0; at < nor->size; at += SECTOR)
        if (nor->half_erased[at / SECTOR])
            change_bits(nor, at, SECTOR);
}

void nor_power(struct nor *nor, uint64_t now, bool on)
{
    if (!on && nor->powered)
        decay(nor);
    if (!on && nor->powered && now < nor->ready)
        spoil(nor);
    if (on && !nor->powered)
        nor_status_power_on(&nor->status);
    nor->powered = on;
    nor->asleep = nor->lost = false;
    nor->hung = nor->faults.hung;
    nor->sleeps = nor->faults.sleeps;
    nor->write_enabled = nor->volatile_enabled = nor->reset_enabled = false;
    nor->ready = 0;
}

/* What this operation takes, in microseconds. */
static double duration(struct nor *nor, const struct nor_time *time)
{
    double dice = rng_unit(&nor->rng), ms = 0;

    switch (nor->faults.pace) {
    case NOR_TYPICAL: ms = time->typical * (1 + SPREAD * (dice - 0.5)); break;
    case NOR_MAXIMUM: ms = time->maximum; break;
    case NOR_RANDOM: ms = time->typical + (time->maximum - time->typical) * dice; break;
    }
    return ms * 1000 * (nor->faults.slow > 0 ? nor->faults.slow : 1);
}

/* Busy from now on, on the bytes that a loss of power would spoil. */
static void start(struct nor *nor, uint64_t now, double us, uint32_t at, uint32_t size)
{
    nor->ready = now + (uint64_t)(us * nor->mhz);
    nor->busy_at = at;
    nor->busy_size = size;
    nor->erasing = false;
}

/* What every change of the array needs: write enable, and no protection. A refused command costs the write enable. */
static bool may_change(struct nor *nor, uint32_t at, uint32_t size)
{
    bool may = nor->write_enabled && !nor_status_protects(&nor->status, nor->size, at, size);

    nor->write_enabled = false;
    nor->stats.refused += !may;
    return may;
}

static void erase(struct nor *nor, uint64_t now, uint32_t address, uint32_t size, const struct nor_time *time)
{
    uint32_t at = address & (nor->size - 1) & ~(size - 1);

    if (!may_change(nor, at, size))
        return;
    memset(nor->bytes + at, 0xff, size);
    apply_stuck(nor);
    nor->stats.erases++;
    start(nor, now, duration(nor, time), at, size);
    nor->erasing = true;
    set_half_erased(nor, false);
}

static void program(struct nor *nor, uint64_t now, uint32_t address, const uint8_t *data, size_t n)
{
    uint32_t page = address & (nor->size - 1) & ~(PAGE - 1);
    bool violated = false;
    double share;

    if (n == 0 || !may_change(nor, page, PAGE))
        return;
    if (nor->part->traits & NOR_TRAIT_BYTES)
        n = 1;
    for (size_t i = 0; i < n; i++) {
        uint8_t *byte = nor->bytes + page + ((address + i) & (PAGE - 1));

        violated |= (data[i] & (uint8_t)~*byte) != 0;
        *byte &= data[i];
    }
    nor->stats.programs++;
    nor->stats.violations += violated;
    share = (PROGRAM_FIXED_US + PROGRAM_BYTE_US * (double)(n < PAGE ? n : PAGE)) / PROGRAM_PAGE_US;
    start(nor, now, share * duration(nor, &nor->part->program), page, PAGE);
}

/* As far as the part has them and takes so many bytes. */
static void write_status(struct nor *nor, uint64_t now, uint8_t command, const uint8_t *data, size_t n)
{
    unsigned first = command == NOR_WRITE_STATUS_1 ? 0 : command == NOR_WRITE_STATUS_2 ? 1 : 2;
    size_t most = first == 0 && nor->part->wrsr != NOR_WRSR_ONE ? 2 : 1;
    bool lasting = nor->write_enabled, enabled = lasting || nor->volatile_enabled;
    uint8_t before[NOR_STATUS_REGISTERS];

    if (n < 1 || n > most || (first > 0 && nor->part->registers < 3))
        return;
    memcpy(before, nor->status.now, sizeof before);
    nor->write_enabled = nor->volatile_enabled = false;
    if (!enabled || !nor_status_write(&nor->status, first, data, n, lasting)) {
        nor->stats.refused++;
        return;
    }
    nor->stats.status_writes++;
    nor->stats.needless += memcmp(before, nor->status.now, sizeof before) == 0;
    if (lasting)
        start(nor, now, duration(nor, &nor->part->write_status), 0, 0);
}

/* False if the command is none that reads a status register of this part. */
static bool read_status(const struct nor *nor, uint64_t now, uint8_t command, uint8_t *in, size_t m)
{
    static const uint8_t commands[NOR_STATUS_REGISTERS] = {NOR_READ_STATUS_1, NOR_READ_STATUS_2, NOR_READ_STATUS_3};

    for (unsigned i = 0; i < NOR_STATUS_REGISTERS && i < nor->part->registers; i++) {
        uint8_t value = nor->status.now[i];

        if (command != commands[i])
            continue;
        if (i == 0 && now < nor->ready)
            value |= NOR_SR1_WIP | NOR_SR1_WEL;
        if (i == 0 && nor->write_enabled)
            value |= NOR_SR1_WEL;
        if (m > 0)
            memset(in, value, m);
        return true;
    }
    return false;
}

static void read_array(const struct nor *nor, uint32_t address, uint8_t *in, size_t m)
{
    for (size_t i = 0; i < m; i++)
        in[i] = nor->bytes[(address + i) & (nor->size - 1)];
}

static uint32_t id_of(const struct nor *nor)
{
    return nor->faults.wrong_id ? nor->faults.id : nor->part->id;
}

/* 66h and then 99h end whatever is running, and bring back the status registers that last. */
static void reset(struct nor *nor, uint64_t now)
{
    if (now < nor->ready)
        spoil(nor);
    nor_status_reset(&nor->status);
    nor->write_enabled = nor->volatile_enabled = false;
    start(nor, now, RESET_US, 0, 0);
}

/* True if the command is one of a reset, which a busy part takes too. */
static bool take_reset(struct nor *nor, uint64_t now, uint8_t command)
{
    bool enabled = nor->reset_enabled;

    nor->reset_enabled = command == NOR_ENABLE_RESET && nor->part->resets;
    if (enabled && command == NOR_RESET)
        reset(nor, now);
    return nor->reset_enabled || command == NOR_RESET;
}

/* Of the commands that read by several lines each way. */
static bool reads_by(const struct nor *nor, uint8_t command)
{
    if (command == NOR_FAST_READ_DUAL_IO)
        return !(nor->part->traits & NOR_TRAIT_DOUT_ONLY);
    return nor_status_quad(&nor->status);
}

static void addressed(struct nor *nor, uint64_t now, const uint8_t *out, size_t n, uint8_t *in, size_t m)
{
    const struct nor_part *part = nor->part;
    uint32_t address = (uint32_t)out[1] << 16 | (uint32_t)out[2] << 8 | out[3];

    switch (out[0]) {
    case NOR_FAST_READ_QUAD_OUTPUT:
    case NOR_FAST_READ_QUAD_IO:
    case NOR_FAST_READ_DUAL_IO:
        if (reads_by(nor, out[0]))
            read_array(nor, address, in, m);
        break;
    case NOR_READ:
    case NOR_FAST_READ: /* this one, dual and quad reads put dummy bytes before the data */
    case NOR_FAST_READ_DUAL_OUTPUT: read_array(nor, address, in, m); break;
    case NOR_READ_MANUFACTURER: nor_identity_manufacturer(id_of(nor), address, in, m); break;
    case NOR_READ_SFDP: nor_identity_sfdp(part, address, in, m); break;          /* behind a dummy byte */
    case NOR_READ_UNIQUE_ID: nor_identity_unique(part, nor->seed, in, m); break; /* behind four */
    case NOR_PAGE_PROGRAM: program(nor, now, address, out + 4, n - 4); break;
    case NOR_ERASE_4K: erase(nor, now, address, 4096, &part->erase_4k); break;
    case NOR_ERASE_32K: erase(nor, now, address, 32768, &part->erase_32k); break;
    case NOR_ERASE_64K: erase(nor, now, address, 65536, &part->erase_64k); break;
    default: break;
    }
}

/* Whether the part takes commands. The one that ends its not taking any is lost, too. */
static bool hears(struct nor *nor, uint8_t command)
{
    if (nor->hung) {
        nor->hung = !(nor->reset_enabled && command == NOR_RESET);
        nor->reset_enabled = command == NOR_ENABLE_RESET;
        return false;
    }
    if (nor->sleeps > 0) {
        nor->sleeps -= command == NOR_WAKE;
        return false;
    }
    return !nor->lost;
}

/* An unknown command is no command. */
void nor_transfer(struct nor *nor, uint64_t now, const uint8_t *out, size_t n, uint8_t *in, size_t m)
{
    uint8_t command = n > 0 ? out[0] : 0;

    if (m > 0)
        memset(in, 0xff, m);
    if (!nor->powered || n == 0 || !hears(nor, command) || (nor->asleep && command != NOR_WAKE))
        return;
    if (take_reset(nor, now, command) || read_status(nor, now, command, in, m) || now < nor->ready)
        return;

    switch (command) {
    case NOR_READ_ID: nor_identity_jedec(id_of(nor), in, m); break;
    case NOR_WRITE_ENABLE: nor->write_enabled = true; break;
    case NOR_WRITE_ENABLE_VOLATILE: nor->volatile_enabled = nor->part->registers == 3; break;
    case NOR_WRITE_DISABLE: nor->write_enabled = nor->volatile_enabled = false; break;
    case NOR_WRITE_STATUS_1:
    case NOR_WRITE_STATUS_2:
    case NOR_WRITE_STATUS_3: write_status(nor, now, command, out + 1, n - 1); break;
    case NOR_READ_STATUS_2: nor->lost = nor->part->traits & NOR_TRAIT_35H_QUAD; break; /* of one that has no SR2 */
    case NOR_SLEEP: nor->asleep = true; break;
    case NOR_WAKE:
        nor->asleep = false;
        if (n >= 4)
            nor_identity_device(id_of(nor), in, m);
        break;
    case NOR_UNLOCK_ALL_BLOCKS: nor_status_unlock_blocks(&nor->status, nor->write_enabled); break;
    case NOR_ERASE_CHIP:
    case NOR_ERASE_CHIP_TOO: erase(nor, now, 0, nor->size, &nor->part->erase_chip); break;
    default:
        if (n >= 4)
            addressed(nor, now, out, n, in, m);
    }
}

bool nor_fails_fast_reads(const struct nor *nor)
{
    return nor->faults.fast_reads_fail;
}

bool nor_answers_quad(const struct nor *nor)
{
    return nor_status_quad(&nor->status);
}

uint64_t nor_ready(const struct nor *nor)
{
    return nor->ready;
}

uint32_t nor_lasting_status(const struct nor *nor)
{
    const uint8_t *lasting = nor->status.lasting;

    return lasting[0] | (uint32_t)lasting[1] << 8 | (uint32_t)lasting[2] << 16;
}

uint8_t *nor_bytes(struct nor *nor)
{
    return nor->bytes;
}

uint32_t nor_size(const struct nor *nor)
{
    return nor->size;
}

const struct nor_stats *nor_stats(const struct nor *nor)
{
    return &nor->stats;
}
