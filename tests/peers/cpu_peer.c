/* SPDX-License-Identifier: MIT */
/*
 * cpu_peer make DIR SEED FIRST COUNT       writes what QEMU loads: DIR/inputs, DIR/code, DIR/iram
 * cpu_peer compare DIR SEED FIRST COUNT    runs the same blocks here, and compares with what QEMU left in DIR/results
 * cpu_peer encodings DIR SEED COUNT        writes every instruction COUNT times: DIR/all.s for the assembler,
 *                                          DIR/all.bin as encoded here
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/peers/cpu_blocks.h"
#include "tests/peers/cpu_ops.h"
#include "tools/boardsim/board/cpu/lx106.h"

/* More than the longest loops of a block take. */
#define CYCLES 1000000

/* Blocks that differ are shown up to this number. */
#define SHOWN 5

static const unsigned specials_in[CPU_N_IN] = {3, 5, 177, 179, 192, 195, 209, 210, 211, 232, 238};
static const unsigned specials_out[CPU_N_OUT] = {3, 5, 177, 178, 179, 192, 194, 195, 210, 211, 232, 238, 230};
static const char *const special_names[CPU_N_OUT] = {"sar",      "litbase",  "epc1", "epc2",     "epc3",
                                                     "depc",     "eps2",     "eps3", "excsave2", "excsave3",
                                                     "exccause", "excvaddr", "ps"};

struct cpu_run {
    const char *dir;
    uint64_t seed;
    uint32_t first, count;
};

static FILE *open_in(const char *dir, const char *name, const char *mode)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    file = fopen(path, mode);
    if (!file) {
        perror(path);
        exit(2);
    }
    return file;
}

static void put(FILE *file, const void *bytes, size_t n)
{
    if (fwrite(bytes, 1, n, file) != n) {
        perror("cpu_peer");
        exit(2);
    }
}

static void done(FILE *file)
{
    if (fclose(file) != 0) {
        perror("cpu_peer");
        exit(2);
    }
}

/* Where the next block goes: IRAM first, then where there is room. */
struct places {
    uint32_t iram, other;
};

static uint32_t *place(struct places *places)
{
    return places->iram + CPU_CODE_BYTES <= CPU_IRAM_END ? &places->iram : &places->other;
}

static void make(const struct cpu_run *run)
{
    FILE *inputs = open_in(run->dir, "inputs", "wb"), *code = open_in(run->dir, "code", "wb");
    FILE *iram = open_in(run->dir, "iram", "wb");
    struct places places = {CPU_IRAM_CODE, CPU_CODE};
    uint32_t head[16] = {run->count};
    struct cpu_block block;

    put(inputs, head, sizeof head);
    for (uint32_t i = 0; i < run->count; i++) {
        uint32_t *at = place(&places);

        cpu_block_make(&block, run->seed, run->first + i, *at);
        put(inputs, block.input, sizeof block.input);
        put(at == &places.iram ? iram : code, block.code, block.n);
        *at += block.n;
    }
    put(code, head, 4); /* a file with nothing in it cannot be loaded */
    done(inputs);
    done(code);
    done(iram);
}

/* The block under test, for what the CPU fetches and loads outside of IRAM. */
static const struct cpu_block *running;

static int code_bytes(uint32_t address, uint8_t *to, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = address + i - running->at;

        to[i] = at < running->n ? running->code[at] : 0;
    }
    return 0;
}

static int bus_fetch(void *context, uint32_t address, uint8_t line[LX106_LINE])
{
    (void)context;
    return code_bytes(address, line, LX106_LINE);
}

static int bus_load(void *context, uint32_t address, unsigned size, uint32_t *value)
{
    (void)context;
    return code_bytes(address, (uint8_t *)value, size);
}

static int bus_store(void *context, uint32_t address, unsigned size, uint32_t value)
{
    (void)context, (void)address, (void)size, (void)value;
    return LX106_STORE_PROHIBITED;
}

/* Runs the block on our CPU. False if it did not come to an exception. */
static bool execute(struct lx106 *cpu, const struct cpu_block *block, uint32_t out[CPU_OUT_WORDS])
{
    const uint32_t *in = block->input;
    uint8_t *dram = cpu->dram + (CPU_DRAM_AT - LX106_DRAM), *iram = cpu->iram + (CPU_IRAM_AT - LX106_IRAM);
    const size_t dram_bytes = CPU_DRAM_WORDS * 4, iram_bytes = CPU_IRAM_WORDS * 4;

    running = block;
    if (block->at - LX106_IRAM < LX106_IRAM_SIZE) {
        memcpy(cpu->iram + (block->at - LX106_IRAM), block->code, block->n);
        lx106_wrote(cpu, block->at - LX106_IRAM, block->n);
    }
    memcpy(dram, in + CPU_IN_MEMORY, dram_bytes);
    memcpy(iram, in + CPU_IN_MEMORY + CPU_DRAM_WORDS, iram_bytes);
    lx106_wrote(cpu, CPU_IRAM_AT - LX106_IRAM, (uint32_t)iram_bytes);

    lx106_reset(cpu);
    memcpy(cpu->a, in + CPU_IN_A, sizeof cpu->a);
    for (unsigned i = 0; i < CPU_N_IN; i++)
        cpu->sr[specials_in[i]] = in[CPU_IN_SPECIAL + i];
    cpu->pc = cpu->sr[178] = in[CPU_IN_ENTRY];
    cpu->sr[LX106_PS] = cpu->sr[194] = in[CPU_IN_PS];
    if (lx106_run(cpu, CYCLES) != LX106_CALL)
        return false;

    out[CPU_OUT_VECTOR] = cpu->pc - LX106_ROM;
    memcpy(out + CPU_OUT_A, cpu->a, sizeof cpu->a);
    for (unsigned i = 0; i < CPU_N_OUT; i++)
        out[CPU_OUT_SPECIAL + i] = cpu->sr[specials_out[i]];
    memcpy(out + CPU_OUT_MEMORY, dram, dram_bytes);
    memcpy(out + CPU_OUT_MEMORY + CPU_DRAM_WORDS, iram, iram_bytes);
    return true;
}

static void name_word(unsigned word, char *name, size_t size)
{
    if (word == CPU_OUT_VECTOR)
        snprintf(name, size, "vector");
    else if (word < CPU_OUT_SPECIAL)
        snprintf(name, size, "a%u", word - CPU_OUT_A);
    else if (word < CPU_OUT_MEMORY)
        snprintf(name, size, "%s", special_names[word - CPU_OUT_SPECIAL]);
    else if (word < CPU_OUT_MEMORY + CPU_DRAM_WORDS)
        snprintf(name, size, "[%08x]", CPU_DRAM_AT + (word - CPU_OUT_MEMORY) * 4);
    else
        snprintf(name, size, "[%08x]", CPU_IRAM_AT + (word - CPU_OUT_MEMORY - CPU_DRAM_WORDS) * 4);
}

/* The block's bytes are left for the driver, which has a disassembler. */
static void show(const struct cpu_run *run, uint32_t number, const struct cpu_block *block, const uint32_t *qemu,
                 const uint32_t *ours)
{
    char name[32];
    FILE *file;

    printf("block %" PRIu32 " at 0x%08x, entry 0x%08x, ps 0x%02x\n", number, block->at, block->input[CPU_IN_ENTRY],
           block->input[CPU_IN_PS]);
    for (unsigned i = 0; i < 16; i++)
        printf("  a%-2u %08x%s", i, block->input[CPU_IN_A + i], i % 4 == 3 ? "\n" : "");
    for (unsigned i = 0; i < CPU_N_IN; i++)
        printf("  sr%u %08x%s", specials_in[i], block->input[CPU_IN_SPECIAL + i],
               i % 4 == 3 || i + 1 == CPU_N_IN ? "\n" : "");
    for (unsigned i = 0; i < CPU_OUT_WORDS; i++) {
        name_word(i, name, sizeof name);
        if (!ours)
            printf("  %-12s qemu %08x  ours ran on\n", name, qemu[i]);
        else if (qemu[i] != ours[i])
            printf("  %-12s qemu %08x  ours %08x\n", name, qemu[i], ours[i]);
        if (!ours && i >= CPU_OUT_A + 15)
            break;
    }
    snprintf(name, sizeof name, "block.%" PRIu32, number);
    file = open_in(run->dir, name, "wb");
    put(file, block->code, block->n);
    done(file);
}

static int compare(const struct cpu_run *run)
{
    static uint8_t dram[LX106_DRAM_SIZE], iram[LX106_IRAM_SIZE + 4];
    static struct lx106 cpu = {
        .dram = dram, .iram = iram, .bus = {.load = bus_load, .store = bus_store, .fetch = bus_fetch}};
    FILE *results = open_in(run->dir, "results", "rb");
    struct places places = {CPU_IRAM_CODE, CPU_CODE};
    uint32_t qemu[CPU_OUT_WORDS], ours[CPU_OUT_WORDS], differ = 0;
    struct cpu_block block;

    for (uint32_t i = 0; i < run->count; i++) {
        uint32_t *at = place(&places);
        bool ended;

        cpu_block_make(&block, run->seed, run->first + i, *at);
        *at += block.n;
        if (fread(qemu, sizeof qemu, 1, results) != 1) {
            printf("block %" PRIu32 ": QEMU did not get to its end\n", run->first + i);
            show(run, run->first + i, &block, qemu, qemu);
            differ += run->count - i;
            break;
        }
        ended = execute(&cpu, &block, ours);
        if (ended && memcmp(qemu, ours, sizeof ours) == 0)
            continue;
        if (differ++ < SHOWN)
            show(run, run->first + i, &block, qemu, ended ? ours : NULL);
    }
    fclose(results);
    printf("%" PRIu32 " passed, %" PRIu32 " failed\n", run->count - differ, differ);
    return differ != 0;
}

static void encodings(const char *dir, uint64_t seed, uint32_t count)
{
    struct dice dice = {seed * 2 + 1};
    uint32_t address = CPU_IRAM_CODE;
    const struct op *op;
    char text[80];
    FILE *source = open_in(dir, "all.s", "w"), *binary = open_in(dir, "all.bin", "wb");

    fprintf(source, ".begin no-transform\n");
    for (size_t i = 0; (op = op_at(i)) != NULL; i++)
        for (uint32_t n = 0; n < count; n++) {
            struct op_values values = op_roll(op, &dice, 0);
            uint32_t bits;

            if (strchr(op->operands, 'k'))
                values.immediate = 209 + (int32_t)dice_below(&dice, 3);
            values.second = strpbrk(op->operands, "ep") ? values.second : 4 + (int32_t)dice_below(&dice, 60);
            if (strchr(op->operands, 'f'))
                values.second = (int32_t)(((address & ~3u) + 4 + 4 * dice_below(&dice, 1000)) - address);
            if (strchr(op->operands, 'y'))
                values.second = (int32_t)(((address + 3) & ~3u) - 4 * (1 + dice_below(&dice, 16)) - address);
            bits = op_encode(op, &values, address);
            op_text(op, &values, text, sizeof text);
            fprintf(source, "%s\n", text);
            put(binary, &bits, op->size);
            address += op->size;
        }
    fprintf(source, ".end no-transform\n");
    done(source);
    done(binary);
}

int main(int argc, char **argv)
{
    struct cpu_run run;

    if (argc == 5 && strcmp(argv[1], "encodings") == 0) {
        encodings(argv[2], strtoull(argv[3], NULL, 0), (uint32_t)strtoul(argv[4], NULL, 0));
        return 0;
    }
    if (argc != 6 || (strcmp(argv[1], "make") != 0 && strcmp(argv[1], "compare") != 0)) {
        fprintf(stderr, "Usage: cpu_peer make|compare DIR SEED FIRST COUNT, or cpu_peer encodings DIR SEED COUNT\n");
        return 2;
    }
    run = (struct cpu_run){argv[2], strtoull(argv[3], NULL, 0), (uint32_t)strtoul(argv[4], NULL, 0),
                           (uint32_t)strtoul(argv[5], NULL, 0)};
    if (run.count > CPU_BLOCKS_MAX) {
        fprintf(stderr, "cpu_peer: at most %d blocks at a time\n", CPU_BLOCKS_MAX);
        return 2;
    }
    if (strcmp(argv[1], "compare") == 0)
        return compare(&run);
    make(&run);
    return 0;
}
