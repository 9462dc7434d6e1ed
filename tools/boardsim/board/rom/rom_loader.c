/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/rom/rom_loader.h"

#include <string.h>

#include "tools/boardsim/board/rom/rom_output.h"
#include "tools/boardsim/board/rom/rom_state.h"

enum {
    OP_FLASH_BEGIN = 0x02,
    OP_FLASH_DATA = 0x03,
    OP_FLASH_END = 0x04,
    OP_MEM_BEGIN = 0x05,
    OP_MEM_END = 0x06,
    OP_MEM_DATA = 0x07,
    OP_SYNC = 0x08,
    OP_WRITE_REG = 0x09,
    OP_READ_REG = 0x0a,
    OP_FLASH_PARAMETERS = 0x0b,
};

enum {
    ERR_NONE = 0,
    ERR_PARAMETER = 1,
    ERR_FORMAT = 5,
    ERR_RESULT = 6,
    ERR_CHECKSUM = 7,
    ERR_FLASH_WRITE = 8,
};

#define SLIP_END     0xc0
#define SLIP_ESC     0xdb
#define SLIP_ESC_END 0xdc
#define SLIP_ESC_ESC 0xdd

#define SYNC_VALUE   0x20120707u
#define SYNC_ANSWERS 8

#define HEADER      8u
#define DATA_HEADER 16u
#define BLOCK_MAX   0x1800u

/* What FLASH_END leaves in the status register: all of the part is protected. */
#define LOCKED 0x1cu

#define AUTOBAUD_EDGES 30u

/* What a request costs the ROM: an allowance for its loops over each byte (SLIP, checksum, copy) and the rest. */
#define BYTE_CYCLES    10u
#define REQUEST_CYCLES 2000u

void rom_loader_start(struct rom *rom)
{
    rom->loader = (struct rom_loader){.state = LOADER_AUTOBAUD};
    uart_store(&rom->chip->uart, rom->chip->now, UART_AUTOBAUD, rom->chip->uart.autobaud | UART_AUTOBAUD_ON);
}

/* Finds the host's rate, once: the divider is what a pulse of one bit lasts. */
static uint64_t autobaud(struct rom *rom)
{
    struct uart *uart = &rom->chip->uart;
    uint32_t low, high;

    if (uart_load(uart, rom->chip->now, UART_PULSE_NUM) < AUTOBAUD_EDGES)
        return CHIP_NEVER;
    low = uart_load(uart, rom->chip->now, UART_LOWPULSE);
    high = uart_load(uart, rom->chip->now, UART_HIGHPULSE);
    uart_store(uart, rom->chip->now, UART_CLKDIV, (low + high) / 2 + UART_PULSE_SHORT);
    uart_store(uart, rom->chip->now, UART_AUTOBAUD, uart->autobaud & ~UART_AUTOBAUD_ON);
    uart_store(uart, rom->chip->now, UART_CONF0, uart->conf0 | UART_CONF0_RX_RESET);
    uart_store(uart, rom->chip->now, UART_CONF0, uart->conf0 & ~UART_CONF0_RX_RESET);
    rom->loader.state = LOADER_RECEIVE;
    return rom->chip->now;
}

/* The message. */

static uint8_t *message(struct rom *rom)
{
    return rom->chip->dram + (ROM_MESSAGE - LX106_DRAM);
}

static uint32_t word(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* The n-th word behind the header. */
static uint32_t argument(struct rom *rom, unsigned n)
{
    return word(message(rom) + HEADER + 4 * (size_t)n);
}

/* Takes a byte off the wire. True if a frame is complete. */
static bool take(struct rom *rom, uint8_t byte)
{
    struct rom_loader *loader = &rom->loader;

    if (byte == SLIP_END) {
        bool complete = loader->in_frame && loader->received > 0;

        loader->in_frame = !complete;
        if (!complete)
            loader->received = 0;
        loader->escaped = false;
        return complete;
    }
    if (!loader->in_frame)
        return false;
    if (loader->escaped) {
        loader->escaped = false;
        if (byte != SLIP_ESC_END && byte != SLIP_ESC_ESC) {
            loader->in_frame = false;
            return false;
        }
        byte = byte == SLIP_ESC_END ? SLIP_END : SLIP_ESC;
    } else if (byte == SLIP_ESC) {
        loader->escaped = true;
        return false;
    }
    if (loader->received < ROM_MESSAGE_SIZE)
        message(rom)[loader->received] = byte;
    loader->received++;
    return false;
}

static void put_slip(struct rom *rom, uint8_t byte)
{
    if (byte == SLIP_END || byte == SLIP_ESC) {
        rom_put(rom, SLIP_ESC);
        rom_put(rom, byte == SLIP_END ? SLIP_ESC_END : SLIP_ESC_ESC);
    } else {
        rom_put(rom, byte);
    }
}

static void answer(struct rom *rom, unsigned error)
{
    const struct rom_loader *loader = &rom->loader;
    uint32_t v = loader->value;
    uint8_t reply[] = {1,
                       loader->op,
                       2,
                       0,
                       (uint8_t)v,
                       (uint8_t)(v >> 8),
                       (uint8_t)(v >> 16),
                       (uint8_t)(v >> 24),
                       error != ERR_NONE,
                       (uint8_t)error};
    unsigned copies = loader->op == OP_SYNC ? SYNC_ANSWERS : 1;

    while (copies-- > 0) {
        rom_put(rom, SLIP_END);
        for (size_t i = 0; i < sizeof reply; i++)
            put_slip(rom, reply[i]);
        rom_put(rom, SLIP_END);
    }
}

static uint8_t checksum(const uint8_t *bytes, uint32_t n)
{
    uint8_t sum = 0xef;

    while (n-- > 0)
        sum ^= *bytes++;
    return sum;
}

/* The commands. Each returns an error code, or PENDING if the loader's state says how it goes on. */

#define PENDING 0x100u

static unsigned sync_command(struct rom *rom, uint32_t length)
{
    static const uint8_t head[4] = {0x07, 0x07, 0x12, 0x20};
    const uint8_t *body = message(rom) + HEADER;

    if (length != 36 || memcmp(body, head, sizeof head) != 0)
        return ERR_FORMAT;
    for (unsigned i = 4; i < 36; i++)
        if (body[i] != 0x55)
            return ERR_FORMAT;
    rom->loader.value = SYNC_VALUE;
    return ERR_NONE;
}

/* (size, blocks, block size, address or offset) */
static unsigned begin(struct rom *rom, uint32_t length)
{
    struct rom_loader *loader = &rom->loader;

    if (length != 16 || argument(rom, 2) > BLOCK_MAX)
        return ERR_FORMAT;
    loader->blocks = argument(rom, 1);
    loader->block_size = argument(rom, 2);
    loader->address = argument(rom, 3);
    loader->next = loader->written = 0;
    return ERR_NONE;
}

/* (length, sequence, 0, 0, payload). The sequence number moves on before the checksum is looked at, so a block whose
 * checksum was wrong cannot be sent again: a bug of the ROM. */
static unsigned data(struct rom *rom, uint32_t length)
{
    struct rom_loader *loader = &rom->loader;
    const uint8_t *payload = message(rom) + HEADER + DATA_HEADER;
    uint32_t n = argument(rom, 0);

    if (length < DATA_HEADER || length > BLOCK_MAX + DATA_HEADER || n != length - DATA_HEADER)
        return ERR_FORMAT;
    if (argument(rom, 1) != loader->next)
        return ERR_FORMAT;
    loader->next++;
    return checksum(payload, n) == word(message(rom) + 4) ? ERR_NONE : ERR_CHECKSUM;
}

/* The copy runs upwards, four words at a time. Nothing keeps its target off the message itself: what is uploaded to a
 * place inside the message comes to lie over the rest of the payload, and is copied once more. */
static unsigned mem_data(struct rom *rom, uint32_t length)
{
    struct rom_loader *loader = &rom->loader;
    unsigned error = data(rom, length);
    uint32_t left = argument(rom, 0);
    const uint8_t *payload = message(rom) + HEADER + DATA_HEADER;

    if (error)
        return error;
    for (uint32_t n; left > 0; left -= n, payload += n, loader->written += n) {
        uint8_t words[16];

        n = left < sizeof words ? left : sizeof words;
        memcpy(words, payload, n);
        if (!chip_write(rom->chip, loader->address + loader->written, words, n)) {
            chip_stop(rom->chip, "loader: MEM_DATA of %u bytes to 0x%08x", left, loader->address + loader->written);
            return PENDING;
        }
    }
    return ERR_NONE;
}

/* (flag, entry) */
static unsigned mem_end(struct rom *rom, uint32_t length)
{
    if (length != 8)
        return ERR_FORMAT;
    if (argument(rom, 0) == 0) {
        rom->loader.state = LOADER_LEAVE;
        rom->loader.leave = ROM_NEXT_CODE;
        rom->loader.entry = argument(rom, 1);
    }
    return ERR_NONE;
}

static unsigned read_reg(struct rom *rom, uint32_t length)
{
    uint32_t value = 0;

    if (length != 4)
        return ERR_FORMAT;
    if (chip_load(rom->chip, argument(rom, 0), &value) != 0) {
        chip_stop(rom->chip, "loader: load of 0x%08x", argument(rom, 0));
        return PENDING;
    }
    rom->loader.value = value;
    return ERR_NONE;
}

/* Tuples of (address, value, mask, delay). */
static unsigned write_reg(struct rom *rom, uint32_t length)
{
    if (length == 0 || length % 16 != 0 || length > ROM_MESSAGE_SIZE - HEADER)
        return ERR_FORMAT;
    rom->loader.state = LOADER_WRITES;
    rom->loader.tuple = 0;
    rom->loader.tuples = length / 16;
    rom->loader.delayed = false;
    return PENDING;
}

/* Does the next tuple; returns when to call again, 0 when all are done. */
static uint64_t write_step(struct rom *rom)
{
    struct rom_loader *loader = &rom->loader;
    const uint32_t first = 4 * loader->tuple;
    uint32_t address, value, mask, old = 0;

    if (loader->tuple == loader->tuples)
        return 0;
    if (!loader->delayed) {
        loader->delayed = true;
        return rom->chip->now + (uint64_t)argument(rom, first + 3) * rom->chip->mhz;
    }
    address = argument(rom, first);
    value = argument(rom, first + 1);
    mask = argument(rom, first + 2);
    if ((mask != UINT32_MAX && chip_load(rom->chip, address, &old) != 0) ||
        chip_store(rom->chip, address, (old & ~mask) | (value & mask)) != 0) {
        chip_stop(rom->chip, "loader: store to 0x%08x", address);
        return CHIP_NEVER;
    }
    loader->tuple++;
    loader->delayed = false;
    return rom->chip->now + 1;
}

static void start_job(struct rom *rom, struct flash_job job)
{
    rom->loader.job = job;
    rom->loader.state = LOADER_JOB;
}

/* The ROM erases the sectors up to the end of the first block, and then as many as it was asked for once more: it
 * forgets to subtract. */
static unsigned flash_begin(struct rom *rom, uint32_t length)
{
    struct rom_loader *loader = &rom->loader;
    unsigned error = begin(rom, length);
    uint64_t sectors = ((uint64_t)argument(rom, 0) + 4095) / 4096;
    uint32_t start = loader->address / 4096, head = 16 - start % 16;

    if (error)
        return error;
    if (loader->address % 4096 != 0)
        return ERR_PARAMETER;
    if (loader->address + sectors * 4096 > rom->flash.size)
        return ERR_RESULT;
    (void)rom_flash_attach(rom->chip); /* the job waits for the controller */
    if (sectors < head)
        head = (uint32_t)sectors;
    loader->erase_head = head * 4096;
    loader->erase_more = (uint32_t)sectors * 4096;
    if (loader->address + loader->erase_head + (uint64_t)loader->erase_more > rom->flash.size)
        loader->erase_more = rom->flash.size - loader->address - loader->erase_head;
    start_job(rom, (struct flash_job){.kind = FLASH_STATUS});
    return PENDING;
}

static unsigned flash_data(struct rom *rom, uint32_t length)
{
    struct rom_loader *loader = &rom->loader;
    unsigned error = data(rom, length);
    uint32_t n = argument(rom, 0);

    if (error)
        return error;
    if (n % 4 != 0)
        return ERR_FORMAT;
    loader->reading_back = false;
    start_job(rom, (struct flash_job){.kind = FLASH_PROGRAM,
                                      .address = loader->address + loader->written,
                                      .memory = ROM_MESSAGE + HEADER + DATA_HEADER,
                                      .left = n});
    return PENDING;
}

/* (flag): 0 resets the chip, which finds its straps as they were; any other runs what is in flash. Nothing stays. */
static unsigned flash_end(struct rom *rom, uint32_t length)
{
    const struct rom_loader *loader = &rom->loader;

    if (length != 4)
        return ERR_FORMAT;
    if (loader->next != loader->blocks || loader->written != loader->blocks * loader->block_size)
        return ERR_RESULT;
    start_job(rom, (struct flash_job){.kind = FLASH_STATUS, .value = LOCKED});
    return PENDING;
}

/* (id, size, block, sector, page, status mask) */
static unsigned flash_parameters(struct rom *rom, uint32_t length)
{
    if (length != 24)
        return ERR_FORMAT;
    rom->flash = (struct rom_flash){argument(rom, 1), argument(rom, 2), argument(rom, 3), argument(rom, 4)};
    return ERR_NONE;
}

static void execute(struct rom *rom)
{
    struct rom_loader *loader = &rom->loader;
    const uint8_t *m = message(rom);
    uint32_t length = m[2] | (uint32_t)m[3] << 8;
    uint8_t previous = loader->op;
    unsigned error;

    loader->state = LOADER_RECEIVE;
    if (loader->received < HEADER || m[0] != 0)
        return;
    if (loader->received - HEADER != length || loader->received > ROM_MESSAGE_SIZE) {
        answer(rom, ERR_FORMAT);
        return;
    }
    loader->op = m[1];
    switch (m[1]) {
    case OP_FLASH_BEGIN: error = flash_begin(rom, length); break;
    case OP_FLASH_DATA: error = flash_data(rom, length); break;
    case OP_FLASH_END: error = flash_end(rom, length); break;
    case OP_MEM_BEGIN: error = begin(rom, length); break;
    case OP_MEM_END: error = mem_end(rom, length); break;
    case OP_MEM_DATA: error = mem_data(rom, length); break;
    case OP_SYNC: error = sync_command(rom, length); break;
    case OP_WRITE_REG: error = write_reg(rom, length); break;
    case OP_READ_REG: error = read_reg(rom, length); break;
    case OP_FLASH_PARAMETERS: error = flash_parameters(rom, length); break;
    default:
        loader->op = previous; /* the answer names the last known command */
        error = ERR_FORMAT;
        break;
    }
    if (error != PENDING)
        answer(rom, error);
}

/* The flash job is done: on with what the command still needs, or the answer. */
static void job_done(struct rom *rom)
{
    struct rom_loader *loader = &rom->loader;
    const uint32_t payload = ROM_MESSAGE + HEADER + DATA_HEADER;
    uint32_t n = argument(rom, 0);
    unsigned error = ERR_NONE;

    if (loader->op == OP_FLASH_BEGIN && loader->erase_head > 0) {
        start_job(rom, (struct flash_job){.kind = FLASH_ERASE, .address = loader->address, .left = loader->erase_head});
        loader->erase_begun = loader->erase_head;
        loader->erase_head = 0;
        return;
    }
    if (loader->op == OP_FLASH_BEGIN && loader->erase_more > 0) {
        start_job(rom, (struct flash_job){.kind = FLASH_ERASE,
                                          .address = loader->address + loader->erase_begun,
                                          .left = loader->erase_more,
                                          .blocks = true});
        loader->erase_more = 0;
        return;
    }
    if (loader->op == OP_FLASH_DATA && !loader->reading_back) {
        loader->reading_back = true;
        start_job(rom,
                  (struct flash_job){
                      .kind = FLASH_READ, .address = loader->address + loader->written, .memory = payload, .left = n});
        return;
    }
    loader->state = LOADER_RECEIVE;
    if (loader->op == OP_FLASH_DATA) {
        if (checksum(message(rom) + HEADER + DATA_HEADER, n) != word(message(rom) + 4))
            error = ERR_FLASH_WRITE;
        loader->written += n;
    } else if (loader->op == OP_FLASH_END) {
        loader->state = LOADER_LEAVE;
        loader->leave = argument(rom, 0) == 0 ? ROM_NEXT_RESET : ROM_NEXT_FLASH;
    }
    answer(rom, error);
}

static uint64_t receive(struct rom *rom)
{
    struct rom_loader *loader = &rom->loader;
    uint8_t byte;

    while (uart_take(&rom->chip->uart, rom->chip->now, &byte)) {
        if (take(rom, byte)) {
            loader->state = LOADER_EXECUTE;
            return rom->chip->now + REQUEST_CYCLES + (uint64_t)BYTE_CYCLES * loader->received;
        }
    }
    return CHIP_NEVER;
}

uint64_t rom_loader_step(struct rom *rom)
{
    struct rom_loader *loader = &rom->loader;
    uint64_t then;

    switch (loader->state) {
    case LOADER_AUTOBAUD: return autobaud(rom);
    case LOADER_RECEIVE: return receive(rom);
    case LOADER_EXECUTE: execute(rom); break;
    case LOADER_WRITES:
        then = write_step(rom);
        if (then)
            return then;
        loader->state = LOADER_RECEIVE;
        answer(rom, ERR_NONE);
        break;
    case LOADER_JOB:
        then = flash_job_step(rom->chip, &loader->job);
        if (then)
            return then;
        job_done(rom);
        break;
    case LOADER_LEAVE:
        if (rom->chip->uart.sent_at != CHIP_NEVER) /* the answer is sent first, to its last bit */
            return CHIP_NEVER;
        rom->entry = loader->entry;
        rom->next = loader->leave;
        break;
    }
    return rom->chip->now;
}
