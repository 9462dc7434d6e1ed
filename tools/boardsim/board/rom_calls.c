/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/rom_calls.h"

#include <md5.h>
#include <string.h>

#include "tools/boardsim/board/chip.h"

/* What calls cost in cycles besides the work that is charged by its size. An allowance: short functions of the ROM are
 * some 20 to 60 instructions. */
#define CALL_CYCLES   30u
#define DIVIDE_CYCLES 60u

/* The ROM's MD5: 1.2 s for 4 MB at 52 MHz. */
#define MD5_BYTE_CYCLES 15u

/* Saving and restoring the context, and finding the handler. */
#define ISR_ENTER_CYCLES 60u
#define ISR_LEAVE_CYCLES 40u
#define ISR_FRAME        0x100u

/* The transmit FIFO counts as full with two places left. */
#define TX_FULL 126u

#define CHUNK 256u

struct rom_function {
    uint32_t address;
    unsigned cycles; /* charged before anything is done */
    /* Goes on with the call: returns when to be called again, or 0 when done. */
    uint64_t (*step)(struct chip *chip, struct rom_call *call);
};

/* This is the MD5 context of the ROM too, to the byte, so it lives in the chip's memory and may be copied there. */
_Static_assert(sizeof(MD5_CTX) == 88, "four words of state, 64 bits of length, 64 bytes of buffer");

static uint32_t *args(struct chip *chip)
{
    return chip->cpu.a + 2;
}

static void bad_memory(struct chip *chip, const char *who, uint32_t address)
{
    chip_stop(chip, "%s from 0x%08x: bad memory at 0x%08x", who, chip->cpu.a[0], address);
}

static uint64_t get64(const uint32_t *a)
{
    return (uint64_t)a[1] << 32 | a[0];
}

static void put64(uint32_t *a, uint64_t value)
{
    a[0] = (uint32_t)value;
    a[1] = (uint32_t)(value >> 32);
}

/* Serial port. */

static uint64_t tx_one_char(struct chip *chip, struct rom_call *call)
{
    (void)call;
    if (chip->uart.tx.count >= TX_FULL)
        return chip->uart.sent_at;
    uart_give(&chip->uart, chip->now, (uint8_t)args(chip)[0]);
    args(chip)[0] = 0;
    return 0;
}

static uint64_t rx_one_char(struct chip *chip, struct rom_call *call)
{
    uint8_t byte;

    (void)call;
    if (!uart_take(&chip->uart, chip->now, &byte)) {
        args(chip)[0] = 1;
        return 0;
    }
    if (!chip_write(chip, args(chip)[0], &byte, 1))
        bad_memory(chip, "uart_rx_one_char", args(chip)[0]);
    args(chip)[0] = 0;
    return 0;
}

/* Empties both FIFOs: what has not left by then is lost. */
static uint64_t div_modify(struct chip *chip, struct rom_call *call)
{
    struct uart *uart = &chip->uart;

    (void)call;
    if (args(chip)[0] != 0)
        return 0;
    uart_store(uart, chip->now, UART_CLKDIV, args(chip)[1]);
    uart_store(uart, chip->now, UART_CONF0, uart->conf0 | UART_CONF0_RX_RESET | UART_CONF0_TX_RESET);
    uart_store(uart, chip->now, UART_CONF0, uart->conf0 & ~(UART_CONF0_RX_RESET | UART_CONF0_TX_RESET));
    return 0;
}

static uint64_t delay_us(struct chip *chip, struct rom_call *call)
{
    return call->step++ == 0 ? chip->now + (uint64_t)args(chip)[0] * chip->mhz : 0;
}

/* Interrupts. */

static uint64_t isr_attach(struct chip *chip, struct rom_call *call)
{
    const uint32_t *a = args(chip);

    (void)call;
    chip->calls.isr[a[0] & 15].handler = a[1];
    chip->calls.isr[a[0] & 15].argument = a[2];
    return 0;
}

static uint64_t isr_mask(struct chip *chip, struct rom_call *call)
{
    (void)call;
    chip->cpu.sr[LX106_INTENABLE] &= ~args(chip)[0];
    return 0;
}

static uint64_t isr_unmask(struct chip *chip, struct rom_call *call)
{
    (void)call;
    chip->cpu.sr[LX106_INTENABLE] |= args(chip)[0];
    return 0;
}

/* An exception that nobody handles. */
static void crash(struct chip *chip)
{
    const struct lx106 *cpu = &chip->cpu;
    uint32_t at = cpu->sr[LX106_EPC1], address = cpu->sr[LX106_EXCVADDR];
    const char *access = cpu->store_fault ? "store" : "load";

    switch (cpu->sr[LX106_EXCCAUSE]) {
    case LX106_ILLEGAL: chip_stop(chip, "illegal instruction at 0x%08x", at); break;
    case LX106_SYSCALL: chip_stop(chip, "syscall at 0x%08x", at); break;
    case LX106_LOAD_STORE_ERROR:
        chip_stop(chip, "narrow %s at 0x%08x of 0x%08x, which takes words only", access, at, address);
        break;
    case LX106_UNALIGNED: chip_stop(chip, "unaligned %s at 0x%08x of 0x%08x", access, at, address); break;
    case LX106_FETCH_PROHIBITED: chip_stop(chip, "jump to 0x%08x, where no code is", at); break;
    case LX106_LOAD_PROHIBITED:
    case LX106_STORE_PROHIBITED:
        chip_stop(chip, "%s at 0x%08x of 0x%08x, where nothing is", access, at, address);
        break;
    default: chip_stop(chip, "exception %u at 0x%08x", cpu->sr[LX106_EXCCAUSE], at); break;
    }
}

/* The ROM's exception vector. */
static uint64_t vector(struct chip *chip, struct rom_call *call)
{
    struct rom_calls *calls = &chip->calls;
    struct lx106 *cpu = &chip->cpu;
    uint32_t pending = cpu->sr[LX106_INTSET] & cpu->sr[LX106_INTENABLE];
    struct rom_context *saved = &calls->saved[calls->depth];
    unsigned number;

    if (cpu->sr[LX106_EXCCAUSE] != LX106_INTERRUPT) {
        crash(chip);
        return 0;
    }
    cpu->sr[LX106_PS] &= ~LX106_PS_EXCM;
    if (!pending) { /* it went away meanwhile */
        cpu->pc = cpu->sr[LX106_EPC1];
        *call = calls->saved[calls->depth].call;
        return 0;
    }
    number = (unsigned)__builtin_ctz(pending);
    if (number > 15 || calls->isr[number].handler == 0) {
        chip_stop(chip, "interrupt %u at 0x%08x without a handler", number, cpu->sr[LX106_EPC1]);
        return 0;
    }
    if (calls->depth == ROM_ISR_DEPTH) {
        chip_stop(chip, "interrupts nested too deep at 0x%08x", cpu->sr[LX106_EPC1]);
        return 0;
    }
    calls->depth++;
    call->entry = 0;
    memcpy(saved->a, cpu->a, sizeof saved->a);
    saved->pc = cpu->sr[LX106_EPC1];
    saved->sar = cpu->sr[LX106_SAR];
    saved->ps = cpu->sr[LX106_PS];
    cpu->sr[LX106_PS] |= 1; /* level 1: not interrupted by its like */
    cpu->a[0] = ROM_ISR_RETURN;
    cpu->a[1] = (cpu->a[1] - ISR_FRAME) & ~15u;
    cpu->a[2] = calls->isr[number].argument;
    cpu->pc = calls->isr[number].handler;
    return 0;
}

static uint64_t isr_return(struct chip *chip, struct rom_call *call)
{
    struct rom_calls *calls = &chip->calls;
    struct lx106 *cpu = &chip->cpu;
    const struct rom_context *saved;

    if (calls->depth == 0) {
        chip_stop(chip, "return from an interrupt that never was");
        return 0;
    }
    saved = &calls->saved[--calls->depth];
    memcpy(cpu->a, saved->a, sizeof saved->a);
    cpu->pc = saved->pc;
    cpu->sr[LX106_SAR] = saved->sar;
    cpu->sr[LX106_PS] = saved->ps;
    *call = saved->call;
    return 0;
}

/* Flash. */

static uint64_t run_job(struct chip *chip, struct rom_call *call, const char *who)
{
    uint64_t then = flash_job_step(chip, &call->job);

    if (then)
        return then;
    if (call->job.bad_memory)
        bad_memory(chip, who, call->job.memory);
    args(chip)[0] = 0;
    return 0;
}

/* A range that the part, as told by SPIParamCfg, does not have, is refused with 1. */
static bool beyond(const struct chip *chip, uint64_t address, uint64_t size)
{
    return address + size > chip->flash.size;
}

static uint64_t refuse(struct chip *chip)
{
    args(chip)[0] = 1;
    return 0;
}

static uint64_t spi_unlock(struct chip *chip, struct rom_call *call)
{
    if (call->step++ == 0)
        call->job = (struct flash_job){.kind = FLASH_STATUS};
    return run_job(chip, call, "SPIUnlock");
}

static uint64_t spi_read(struct chip *chip, struct rom_call *call)
{
    const uint32_t *a = args(chip);

    if (call->step++ == 0) {
        if (beyond(chip, a[0], a[2]))
            return refuse(chip);
        call->job = (struct flash_job){.kind = FLASH_READ, .address = a[0], .memory = a[1], .left = a[2]};
    }
    return run_job(chip, call, "SPIRead");
}

static uint64_t spi_write(struct chip *chip, struct rom_call *call)
{
    const uint32_t *a = args(chip);

    if (call->step++ == 0) {
        if (beyond(chip, a[0], a[2]))
            return refuse(chip);
        call->job = (struct flash_job){.kind = FLASH_PROGRAM, .address = a[0], .memory = a[1], .left = a[2]};
    }
    return run_job(chip, call, "SPIWrite");
}

static uint64_t spi_erase(struct chip *chip, struct rom_call *call, uint32_t size)
{
    uint64_t address = (uint64_t)args(chip)[0] * size;

    if (call->step++ == 0) {
        if (beyond(chip, address, size))
            return refuse(chip);
        call->job = (struct flash_job){.kind = FLASH_ERASE, .address = (uint32_t)address, .left = size, .blocks = true};
    }
    return run_job(chip, call, "SPIErase");
}

static uint64_t spi_erase_sector(struct chip *chip, struct rom_call *call)
{
    return spi_erase(chip, call, 4096);
}

static uint64_t spi_erase_block(struct chip *chip, struct rom_call *call)
{
    return spi_erase(chip, call, 65536);
}

static uint64_t spi_erase_chip(struct chip *chip, struct rom_call *call)
{
    if (call->step++ == 0)
        call->job = (struct flash_job){.kind = FLASH_ERASE_CHIP};
    return run_job(chip, call, "SPIEraseChip");
}

/* (id, size, block, sector, page, status mask) */
static uint64_t spi_param_cfg(struct chip *chip, struct rom_call *call)
{
    uint32_t *a = args(chip);

    (void)call;
    chip->flash = (struct rom_flash){a[1], a[2], a[3], a[4]};
    a[0] = 0;
    return 0;
}

static uint64_t spi_attach(struct chip *chip, struct rom_call *call)
{
    (void)call;
    rom_flash_attach(chip);
    return 0;
}

/* MD5. */

static uint64_t md5_init(struct chip *chip, struct rom_call *call)
{
    MD5_CTX context;

    (void)call;
    MD5Init(&context);
    if (!chip_write(chip, args(chip)[0], &context, sizeof context))
        bad_memory(chip, "MD5Init", args(chip)[0]);
    return 0;
}

/* (context, bytes, length) */
static uint64_t md5_update(struct chip *chip, struct rom_call *call)
{
    const uint32_t *a = args(chip);
    uint8_t chunk[CHUNK];
    MD5_CTX context;

    if (call->step++ == 0)
        return chip->now + (uint64_t)a[2] * MD5_BYTE_CYCLES + 1;
    if (!chip_read(chip, a[0], &context, sizeof context)) {
        bad_memory(chip, "MD5Update", a[0]);
        return 0;
    }
    for (uint32_t done = 0, n; done < a[2]; done += n) {
        n = a[2] - done < CHUNK ? a[2] - done : CHUNK;
        if (!chip_read(chip, a[1] + done, chunk, n)) {
            bad_memory(chip, "MD5Update", a[1] + done);
            return 0;
        }
        MD5Update(&context, chunk, n);
    }
    chip_write(chip, a[0], &context, sizeof context);
    return 0;
}

/* (digest, context) */
static uint64_t md5_final(struct chip *chip, struct rom_call *call)
{
    const uint32_t *a = args(chip);
    uint8_t digest[MD5_DIGEST_LENGTH];
    MD5_CTX context;

    if (call->step++ == 0)
        return chip->now + (uint64_t)MD5_BYTE_CYCLES * 64;
    if (!chip_read(chip, a[1], &context, sizeof context)) {
        bad_memory(chip, "MD5Final", a[1]);
        return 0;
    }
    MD5Final(digest, &context);
    if (!chip_write(chip, a[0], digest, sizeof digest))
        bad_memory(chip, "MD5Final", a[0]);
    return 0;
}

/* The compiler's helpers. */

/* (to, from, n): about two cycles a byte, as a loop over words with its loads and stores. */
static uint64_t rom_memcpy(struct chip *chip, struct rom_call *call)
{
    const uint32_t *a = args(chip);
    uint8_t chunk[CHUNK];

    if (call->step++ == 0)
        return chip->now + 2 * (uint64_t)a[2] + 1;
    for (uint32_t done = 0, n; done < a[2]; done += n) {
        n = a[2] - done < CHUNK ? a[2] - done : CHUNK;
        if (!chip_read(chip, a[1] + done, chunk, n)) {
            bad_memory(chip, "memcpy", a[1] + done);
            return 0;
        }
        if (!chip_write(chip, a[0] + done, chunk, n)) {
            bad_memory(chip, "memcpy", a[0] + done);
            return 0;
        }
    }
    return 0;
}

/* (to, value, n) */
static uint64_t rom_memset(struct chip *chip, struct rom_call *call)
{
    const uint32_t *a = args(chip);
    uint8_t chunk[CHUNK];

    if (call->step++ == 0)
        return chip->now + (uint64_t)a[2] + 1;
    memset(chunk, (int)(a[1] & 0xff), sizeof chunk);
    for (uint32_t done = 0, n; done < a[2]; done += n) {
        n = a[2] - done < CHUNK ? a[2] - done : CHUNK;
        if (!chip_write(chip, a[0] + done, chunk, n)) {
            bad_memory(chip, "memset", a[0] + done);
            return 0;
        }
    }
    return 0;
}

static uint64_t udivsi3(struct chip *chip, struct rom_call *call)
{
    uint32_t *a = args(chip);

    (void)call;
    a[0] = a[1] ? a[0] / a[1] : 0;
    return 0;
}

static uint64_t umodsi3(struct chip *chip, struct rom_call *call)
{
    uint32_t *a = args(chip);

    (void)call;
    a[0] = a[1] ? a[0] % a[1] : 0;
    return 0;
}

static uint64_t divsi3(struct chip *chip, struct rom_call *call)
{
    uint32_t *a = args(chip);

    (void)call;
    a[0] = a[1] ? (uint32_t)((int64_t)(int32_t)a[0] / (int32_t)a[1]) : 0;
    return 0;
}

static uint64_t muldi3(struct chip *chip, struct rom_call *call)
{
    (void)call;
    put64(args(chip), get64(args(chip)) * get64(args(chip) + 2));
    return 0;
}

static uint64_t udivdi3(struct chip *chip, struct rom_call *call)
{
    uint64_t divisor = get64(args(chip) + 2);

    (void)call;
    put64(args(chip), divisor ? get64(args(chip)) / divisor : 0);
    return 0;
}

static uint64_t umulsidi3(struct chip *chip, struct rom_call *call)
{
    uint32_t *a = args(chip);

    (void)call;
    put64(a, (uint64_t)a[0] * a[1]);
    return 0;
}

/* Leaving. */

static uint64_t set_user_start(struct chip *chip, struct rom_call *call)
{
    (void)call;
    chip->calls.user_start = args(chip)[0];
    return 0;
}

static uint64_t software_reset(struct chip *chip, struct rom_call *call)
{
    (void)call;
    chip_hold(chip);
    chip_release(chip, CHIP_SOFTWARE_RESET, chip->download);
    return 0;
}

static uint64_t main_return(struct chip *chip, struct rom_call *call)
{
    uint32_t entry = chip->calls.user_start;

    (void)call;
    chip->calls.user_start = 0;
    if (entry)
        chip_call(chip, entry);
    else
        boot_from_flash(chip);
    return 0;
}

static const struct rom_function functions[] = {
    {LX106_ROM + LX106_VECTOR_USER, ISR_ENTER_CYCLES, vector},
    {LX106_ROM + LX106_VECTOR_KERNEL, ISR_ENTER_CYCLES, vector},
    {LX106_ROM + LX106_VECTOR_DOUBLE, ISR_ENTER_CYCLES, vector},
    {ROM_ISR_RETURN, ISR_LEAVE_CYCLES, isr_return},
    {ROM_MAIN_RETURN, CALL_CYCLES, main_return},
    {0x40003b30, CALL_CYCLES, tx_one_char},
    {0x40003b8c, CALL_CYCLES, rx_one_char},
    {0x400039d8, CALL_CYCLES, div_modify},
    {0x40002ecc, CALL_CYCLES, delay_us},
    {0x40000f88, CALL_CYCLES, isr_attach},
    {0x40000f98, CALL_CYCLES, isr_mask},
    {0x40000fa8, CALL_CYCLES, isr_unmask},
    {0x40004878, CALL_CYCLES, spi_unlock},
    {0x40004b1c, CALL_CYCLES, spi_read},
    {0x40004a4c, CALL_CYCLES, spi_write},
    {0x40004984, CALL_CYCLES, spi_erase_chip},
    {0x400049b4, CALL_CYCLES, spi_erase_block},
    {0x40004a00, CALL_CYCLES, spi_erase_sector},
    {0x40004c2c, CALL_CYCLES, spi_param_cfg},
    {0x40003f58, CALL_CYCLES, spi_attach}, /* SelectSpiFunction */
    {0x40004644, CALL_CYCLES, spi_attach}, /* spi_flash_attach */
    {0x40009818, CALL_CYCLES, md5_init},
    {0x40009834, CALL_CYCLES, md5_update},
    {0x40009900, CALL_CYCLES, md5_final},
    {0x40000fbc, CALL_CYCLES, set_user_start},
    {0x4000264c, CALL_CYCLES, software_reset},
    {0x4000df48, CALL_CYCLES, rom_memcpy},
    {0x4000e190, CALL_CYCLES, rom_memset},
    {0x4000e21c, DIVIDE_CYCLES, udivsi3},
    {0x4000e268, DIVIDE_CYCLES, umodsi3},
    {0x4000dc88, DIVIDE_CYCLES, divsi3},
    {0x40000650, DIVIDE_CYCLES, muldi3},
    {0x4000d310, 4 * DIVIDE_CYCLES, udivdi3},
    {0x4000dcf0, DIVIDE_CYCLES, umulsidi3},
};

static const struct rom_function *find(uint32_t address)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (functions[i].address == address)
            return &functions[i];
    return NULL;
}

void rom_calls_reset(struct rom_calls *calls)
{
    memset(calls, 0, sizeof *calls);
}

uint64_t rom_calls_step(struct chip *chip)
{
    struct rom_call *call = &chip->calls.call;
    uint32_t pc = chip->cpu.pc;
    const struct rom_function *function = find(pc);
    uint64_t then;

    if (!function) {
        chip_stop(chip, "call of unknown ROM address 0x%08x, return address 0x%08x", pc, chip->cpu.a[0]);
        return CHIP_NEVER;
    }
    if (call->entry != pc) {
        /* Whatever was under way belongs to what is interrupted: the vector keeps it with the context. */
        if (function->step == vector && chip->calls.depth < ROM_ISR_DEPTH)
            chip->calls.saved[chip->calls.depth].call = *call;
        *call = (struct rom_call){.entry = pc, .until = chip->now + function->cycles};
        return call->until;
    }

    then = function->step(chip, call);
    if (then) {
        call->until = then;
    } else if (chip->cpu.pc == pc) { /* a plain function returns; the others have seen to pc and call themselves */
        call->entry = 0;
        chip->cpu.pc = chip->cpu.a[0];
    }
    return then;
}
