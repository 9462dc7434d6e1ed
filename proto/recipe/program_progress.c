/* SPDX-License-Identifier: MIT */
#include "proto/recipe/program_progress.h"

#include "proto/image/stream_time.h"
#include "proto/link/duration.h"

/* The states of a try that goes well, in order. A stub that has the stream passes through STREAM, any other through
 * WRITE and VERIFY. */
static const enum program_state way[] = {
    PROGRAM_RESET, PROGRAM_SYNC,  PROGRAM_IDENTIFY, PROGRAM_STUB,   PROGRAM_FLASH_ID, PROGRAM_BAUD, PROGRAM_COMPARE,
    PROGRAM_PLAN,  PROGRAM_WRITE, PROGRAM_STREAM,   PROGRAM_VERIFY, PROGRAM_CAPACITY, PROGRAM_RUN};
#define WAY_LENGTH (sizeof(way) / sizeof(way[0]))

/* Typical flash work from docs/esp8266.md section 6: 150 ms to erase 64 KB, 1 ms a page. */
#define ERASE_US_PER_KB 2300ULL
#define MD5_US_PER_KB   1100ULL
#define SUMS_US_PER_KB  390ULL

/* Whether what is to be erased is erased, or expected to be blank. */
static bool erases(const struct program *program)
{
    if (program->state == PROGRAM_STREAM)
        return !(program->step.stream.parameters.flags & WIRE_STREAM_SKIP_BLANK);
    return !(program->job->skip_blank_erase && program->flash_trusted && !program->written);
}

static uint64_t stream_part_cost(const struct program *program, size_t part)
{
    const struct stream_parameters parameters = {.golden = program->job->golden, .update = program->in_try.update};
    return stream_us(stream_data_of(&parameters, part), program_baud(program), erases(program));
}

static uint64_t stream_cost(const struct program *program, size_t n_parts)
{
    uint64_t cost = 1;
    for (size_t i = 0; i < n_parts; i++)
        cost += stream_part_cost(program, i);
    return cost;
}

/* Of a part of the image: the share of its frames that are acknowledged, and of its addresses that are erased, written
 * and verified. Each of the four only grows, and so does their mean. */
static double stream_part_fraction(const struct stream *stream, const struct golden_part *part)
{
    double done = stream->n_frames > 0 ? (double)stream->next / stream->n_frames : 0;
    const uint32_t told[] = {stream->erased, stream->written, stream->verified};
    for (size_t i = 0; i < 3; i++) {
        double share = (double)(told[i] - part->offset) / part->padded_size;
        done += share < 1 ? share : 1;
    }
    return done / 4;
}

static double streamed_cost(const struct program *program)
{
    const struct stream *stream = &program->step.stream;
    const struct golden_part *part = &program->job->golden->parts[stream->part];
    return (double)stream_cost(program, stream->part) +
           (double)stream_part_cost(program, stream->part) * stream_part_fraction(stream, part);
}

/* Of a block of the image, in µs. Pages that are blank are not known block by block: bytes that do not deflate away
 * count as programmed. */
static uint64_t block_cost(const struct program *program, const struct golden_block *block)
{
    uint64_t link = block->size * 10 * S / program_baud(program);
    uint64_t programmed = block->inflated < 2 * block->size ? block->inflated : 2 * block->size;
    return link + block->inflated / 1024 * ERASE_US_PER_KB + programmed / 256 * MS;
}

static uint64_t blocks_cost(const struct program *program, const struct golden_part *part, size_t n_blocks)
{
    uint64_t cost = 0;
    for (size_t i = 0; i < n_blocks; i++)
        cost += block_cost(program, &part->blocks[i]);
    return cost;
}

/* Of the first `n_parts` parts. */
static uint64_t parts_cost(const struct program *program, size_t n_parts)
{
    const struct golden_part *parts = program->job->golden->parts;
    uint64_t cost = 0;
    for (size_t i = 0; i < n_parts; i++)
        cost += blocks_cost(program, &parts[i], parts[i].n_blocks);
    return cost;
}

static uint64_t write_cost(const struct program *program)
{
    return 1 + parts_cost(program, program->job->golden->n_parts);
}

static uint64_t written_cost(const struct program *program)
{
    const struct write *write = &program->step.write;
    return parts_cost(program, write->part) +
           blocks_cost(program, &program->job->golden->parts[write->part], write->block);
}

static uint64_t stub_cost(const struct program *program)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < program->job->stub->n_segments; i++)
        bytes += program->job->stub->segments[i].size;
    return 100 * MS + bytes * 10 * S / LOADER_BAUD;
}

/* Before the stub has told, ours is expected: its sums of sectors come with a faster reading. */
static uint64_t compare_cost(const struct program *program)
{
    bool sums = program->stub_capabilities == 0 || program->stub_capabilities & WIRE_CAN_DIGEST_SECTORS;
    if (!program->job->compare_first)
        return 0;
    return program->job->golden->size / 1024 * (sums ? SUMS_US_PER_KB : MD5_US_PER_KB);
}

static uint64_t md5_cost(const struct program *program)
{
    return program->job->golden->size / 1024 * MD5_US_PER_KB;
}

/* Before the stub has told it, most do not: a forecast that is too long at first never goes backwards. */
static bool streams(const struct program *program)
{
    return program->stub_capabilities & WIRE_CAN_STREAM;
}

static uint64_t expected_us(const struct program *program, enum program_state state)
{
    switch (state) {
    case PROGRAM_RESET: return 160 * MS;
    case PROGRAM_SYNC: return 120 * MS;
    case PROGRAM_IDENTIFY: return 50 * MS;
    case PROGRAM_STUB: return stub_cost(program);
    case PROGRAM_FLASH_ID: return 50 * MS;
    case PROGRAM_BAUD: return 80 * MS;
    case PROGRAM_COMPARE: return compare_cost(program);
    case PROGRAM_PLAN: return program->job->compare_first ? 20 * MS : 0;
    case PROGRAM_WRITE: return streams(program) ? 0 : write_cost(program);
    case PROGRAM_STREAM: return streams(program) ? stream_cost(program, program->job->golden->n_parts) : 0;
    case PROGRAM_VERIFY: return streams(program) ? 0 : md5_cost(program);
    case PROGRAM_CAPACITY: return 20 * MS;
    case PROGRAM_RUN: return 110 * MS;
    default: return 0;
    }
}

static bool on_the_way(enum program_state state, size_t *at)
{
    for (*at = 0; *at < WAY_LENGTH; ++*at)
        if (way[*at] == state)
            return true;
    return false;
}

/* Of the state at work, 0 to 1. */
static double fraction(const struct program *program, uint64_t now)
{
    uint64_t expected = expected_us(program, program->state);
    double done = (double)(now - program->entered);
    if (program->state == PROGRAM_WRITE)
        done = (double)written_cost(program);
    else if (program->state == PROGRAM_STREAM)
        done = streamed_cost(program);
    double part = expected > 0 ? done / (double)expected : 0;
    return part < 0.99 ? part : 0.99;
}

unsigned program_percent(const struct program *program, uint64_t now)
{
    size_t at;
    if (program->state == PROGRAM_PASSED)
        return 100;
    if (!on_the_way(program->state, &at))
        return 0;
    double done = 0, all = 0;
    for (size_t i = 0; i < WAY_LENGTH; i++) {
        double expected = (double)expected_us(program, way[i]);
        all += expected;
        if (i < at)
            done += expected;
        else if (i == at)
            done += expected * fraction(program, now);
    }
    return (unsigned)(done * 100 / all);
}

double program_seconds_left(const struct program *program, uint64_t now)
{
    size_t at;
    if (!on_the_way(program->state, &at))
        return -1;
    double part = fraction(program, now);
    double left = (double)expected_us(program, program->state) * (1 - part);
    if ((program->state == PROGRAM_WRITE || program->state == PROGRAM_STREAM) && part > 0.05)
        left = (double)(now - program->entered) * (1 - part) / part;
    for (size_t i = at + 1; i < WAY_LENGTH; i++)
        left += (double)expected_us(program, way[i]);
    return left / 1e6;
}
