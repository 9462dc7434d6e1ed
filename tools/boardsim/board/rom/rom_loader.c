/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/rom/rom_loader.h"

#include <string.h>

#include "tools/boardsim/board/chip/chip.h"

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

void rom_loader_start(struct chip *chip)
{
    chip->loader = (struct rom_loader){.state = LOADER_AUTOBAUD};
    chip->mode = CHIP_LOADER;
    uart_store(&chip->uart, chip->now, UART_AUTOBAUD, chip->uart.autobaud | UART_AUTOBAUD_ON);
}

/* Finds the host's rate, once: the divider is what a pulse of one bit lasts. */
static uint64_t autobaud(struct chip *chip)
{
    struct uart *uart = &chip->uart;
    uint32_t low, high;

    if (uart_load(uart, chip->now, UART_PULSE_NUM) < AUTOBAUD_EDGES)
        return CHIP_NEVER;
    low = uart_load(uart, chip->now, UART_LOWPULSE);
    high = uart_load(uart, chip->now, UART_HIGHPULSE);
    uart_store(uart, chip->now, UART_CLKDIV, (low + high) / 2 + UART_PULSE_SHORT);
    uart_store(uart, chip->now, UART_AUTOBAUD, uart->autobaud & ~UART_AUTOBAUD_ON);
    uart_store(uart, chip->now, UART_CONF0, uart->conf0 | UART_CONF0_RX_RESET);
    uart_store(uart, chip->now, UART_CONF0, uart->conf0 & ~UART_CONF0_RX_RESET);
    chip->loader.state = LOADER_RECEIVE;
    return chip->now;
}

/* The message. */

static uint8_t *message(struct chip *chip)
{
    return chip->dram + (ROM_MESSAGE - LX106_DRAM);
}

static uint32_t word(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* The n-th word behind the header. */
static uint32_t argument(struct chip *chip, unsigned n)
{
    return word(message(chip) + HEADER + 4 * (size_t)n);
}

/* Takes a byte off the wire. True if a frame is complete. */
static bool take(struct chip *chip, uint8_t byte)
{
    struct rom_loader *loader = &chip->loader;

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
        message(chip)[loader->received] = byte;
    loader->received++;
    return false;
}

static void put_slip(struct chip *chip, uint8_t byte)
{
    if (byte == SLIP_END || byte == SLIP_ESC) {
        chip_put(chip, SLIP_ESC);
        chip_put(chip, byte == SLIP_END ? SLIP_ESC_END : SLIP_ESC_ESC);
    } else {
        chip_put(chip, byte);
    }
}

static void answer(struct chip *chip, unsigned error)
{
    const struct rom_loader *loader = &chip->loader;
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
        chip_put(chip, SLIP_END);
        for (size_t i = 0; i < sizeof reply; i++)
            put_slip(chip, reply[i]);
        chip_put(chip, SLIP_END);
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

static unsigned sync_command(struct chip *chip, uint32_t length)
{
    static const uint8_t head[4] = {0x07, 0x07, 0x12, 0x20};
    const uint8_t *body = message(chip) + HEADER;

    if (length != 36 || memcmp(body, head, sizeof head) != 0)
        return ERR_FORMAT;
    for (unsigned i = 4; i < 36; i++)
        if (body[i] != 0x55)
            return ERR_FORMAT;
    chip->loader.value = SYNC_VALUE;
    return ERR_NONE;
}

/* (size, blocks, block size, address or offset) */
static unsigned begin(struct chip *chip, uint32_t length)
{
    struct rom_loader *loader = &chip->loader;

    if (length != 16 || argument(chip, 2) > BLOCK_MAX)
        return ERR_FORMAT;
    loader->blocks = argument(chip, 1);
    loader->block_size = argument(chip, 2);
    loader->address = argument(chip, 3);
    loader->next = loader->written = 0;
    return ERR_NONE;
}

/* (length, sequence, 0, 0, payload). The sequence number moves on before the checksum is looked at, so a block whose
 * checksum was wrong cannot be sent again: the ROM's own mistake. */
static unsigned data(struct chip *chip, uint32_t length)
{
    struct rom_loader *loader = &chip->loader;
    const uint8_t *payload = message(chip) + HEADER + DATA_HEADER;
    uint32_t n = argument(chip, 0);

    if (length < DATA_HEADER || length > BLOCK_MAX + DATA_HEADER || n != length - DATA_HEADER)
        return ERR_FORMAT;
    if (argument(chip, 1) != loader->next)
        return ERR_FORMAT;
    loader->next++;
    return checksum(payload, n) == word(message(chip) + 4) ? ERR_NONE : ERR_CHECKSUM;
}

/* The copy runs upwards, four words at a time. Nothing keeps its target off the message itself: what is uploaded to a
 * place inside the message comes to lie over the rest of the payload, and is copied once more. */
static unsigned mem_data(struct chip *chip, uint32_t length)
{
    struct rom_loader *loader = &chip->loader;
    unsigned error = data(chip, length);
    uint32_t left = argument(chip, 0);
    const uint8_t *payload = message(chip) + HEADER + DATA_HEADER;

    if (error)
        return error;
    for (uint32_t n; left > 0; left -= n, payload += n, loader->written += n) {
        uint8_t words[16];

        n = left < sizeof words ? left : sizeof words;
        memcpy(words, payload, n);
        if (!chip_write(chip, loader->address + loader->written, words, n)) {
            chip_stop(chip, "loader: MEM_DATA of %u bytes to 0x%08x", left, loader->address + loader->written);
            return PENDING;
        }
    }
    return ERR_NONE;
}

/* (flag, entry) */
static unsigned mem_end(struct chip *chip, uint32_t length)
{
    if (length != 8)
        return ERR_FORMAT;
    if (argument(chip, 0) == 0) {
        chip->loader.state = LOADER_LEAVE;
        chip->loader.leave = LEAVE_TO_CODE;
        chip->loader.entry = argument(chip, 1);
    }
    return ERR_NONE;
}

static unsigned read_reg(struct chip *chip, uint32_t length)
{
    uint32_t value = 0;

    if (length != 4)
        return ERR_FORMAT;
    if (chip_load(chip, argument(chip, 0), &value) != 0) {
        chip_stop(chip, "loader: load of 0x%08x", argument(chip, 0));
        return PENDING;
    }
    chip->loader.value = value;
    return ERR_NONE;
}

/* Tuples of (address, value, mask, delay). */
static unsigned write_reg(struct chip *chip, uint32_t length)
{
    if (length == 0 || length % 16 != 0 || length > ROM_MESSAGE_SIZE - HEADER)
        return ERR_FORMAT;
    chip->loader.state = LOADER_WRITES;
    chip->loader.tuple = 0;
    chip->loader.tuples = length / 16;
    chip->loader.delayed = false;
    return PENDING;
}

/* Does the next tuple; returns when to call again, 0 when all are done. */
static uint64_t write_step(struct chip *chip)
{
    struct rom_loader *loader = &chip->loader;
    const uint32_t first = 4 * loader->tuple;
    uint32_t address, value, mask, old = 0;

    if (loader->tuple == loader->tuples)
        return 0;
    if (!loader->delayed) {
        loader->delayed = true;
        return chip->now + (uint64_t)argument(chip, first + 3) * chip->mhz;
    }
    address = argument(chip, first);
    value = argument(chip, first + 1);
    mask = argument(chip, first + 2);
    if ((mask != UINT32_MAX && chip_load(chip, address, &old) != 0) ||
        chip_store(chip, address, (old & ~mask) | (value & mask)) != 0) {
        chip_stop(chip, "loader: store to 0x%08x", address);
        return CHIP_NEVER;
    }
    loader->tuple++;
    loader->delayed = false;
    return chip->now + 1;
}

static void start_job(struct chip *chip, struct flash_job job)
{
    chip->loader.job = job;
    chip->loader.state = LOADER_JOB;
}

/* The ROM erases the sectors up to the end of the first block, and then as many as it was asked for once more: it
 * forgets to subtract. */
static unsigned flash_begin(struct chip *chip, uint32_t length)
{
    struct rom_loader *loader = &chip->loader;
    unsigned error = begin(chip, length);
    uint64_t sectors = ((uint64_t)argument(chip, 0) + 4095) / 4096;
    uint32_t start = loader->address / 4096, head = 16 - start % 16;

    if (error)
        return error;
    if (loader->address % 4096 != 0)
        return ERR_PARAMETER;
    if (loader->address + sectors * 4096 > chip->flash.size)
        return ERR_RESULT;
    rom_flash_attach(chip);
    if (sectors < head)
        head = (uint32_t)sectors;
    loader->erase_head = head * 4096;
    loader->erase_more = (uint32_t)sectors * 4096;
    if (loader->address + loader->erase_head + (uint64_t)loader->erase_more > chip->flash.size)
        loader->erase_more = chip->flash.size - loader->address - loader->erase_head;
    start_job(chip, (struct flash_job){.kind = FLASH_STATUS});
    return PENDING;
}

static unsigned flash_data(struct chip *chip, uint32_t length)
{
    struct rom_loader *loader = &chip->loader;
    unsigned error = data(chip, length);
    uint32_t n = argument(chip, 0);

    if (error)
        return error;
    if (n % 4 != 0)
        return ERR_FORMAT;
    loader->reading_back = false;
    start_job(chip, (struct flash_job){.kind = FLASH_PROGRAM,
                                       .address = loader->address + loader->written,
                                       .memory = ROM_MESSAGE + HEADER + DATA_HEADER,
                                       .left = n});
    return PENDING;
}

/* (flag): 0 resets the chip, which finds its straps as they were; any other runs what is in flash. Nothing stays. */
static unsigned flash_end(struct chip *chip, uint32_t length)
{
    const struct rom_loader *loader = &chip->loader;

    if (length != 4)
        return ERR_FORMAT;
    if (loader->next != loader->blocks || loader->written != loader->blocks * loader->block_size)
        return ERR_RESULT;
    start_job(chip, (struct flash_job){.kind = FLASH_STATUS, .value = LOCKED});
    return PENDING;
}

/* (id, size, block, sector, page, status mask) */
static unsigned flash_parameters(struct chip *chip, uint32_t length)
{
    if (length != 24)
        return ERR_FORMAT;
    chip->flash = (struct rom_flash){argument(chip, 1), argument(chip, 2), argument(chip, 3), argument(chip, 4)};
    return ERR_NONE;
}

static void think(struct chip *chip)
{
    struct rom_loader *loader = &chip->loader;
    const uint8_t *m = message(chip);
    uint32_t length = m[2] | (uint32_t)m[3] << 8;
    uint8_t previous = loader->op;
    unsigned error;

    loader->state = LOADER_RECEIVE;
    if (loader->received < HEADER || m[0] != 0)
        return;
    if (loader->received - HEADER != length || loader->received > ROM_MESSAGE_SIZE) {
        answer(chip, ERR_FORMAT);
        return;
    }
    loader->op = m[1];
    switch (m[1]) {
    case OP_FLASH_BEGIN: error = flash_begin(chip, length); break;
    case OP_FLASH_DATA: error = flash_data(chip, length); break;
    case OP_FLASH_END: error = flash_end(chip, length); break;
    case OP_MEM_BEGIN: error = begin(chip, length); break;
    case OP_MEM_END: error = mem_end(chip, length); break;
    case OP_MEM_DATA: error = mem_data(chip, length); break;
    case OP_SYNC: error = sync_command(chip, length); break;
    case OP_WRITE_REG: error = write_reg(chip, length); break;
    case OP_READ_REG: error = read_reg(chip, length); break;
    case OP_FLASH_PARAMETERS: error = flash_parameters(chip, length); break;
    default:
        loader->op = previous; /* the answer names the last known command */
        error = ERR_FORMAT;
        break;
    }
    if (error != PENDING)
        answer(chip, error);
}

/* The flash job is done: on with what the command still needs, or the answer. */
static void job_done(struct chip *chip)
{
    struct rom_loader *loader = &chip->loader;
    const uint32_t payload = ROM_MESSAGE + HEADER + DATA_HEADER;
    uint32_t n = argument(chip, 0);
    unsigned error = ERR_NONE;

    if (loader->op == OP_FLASH_BEGIN && loader->erase_head > 0) {
        start_job(chip,
                  (struct flash_job){.kind = FLASH_ERASE, .address = loader->address, .left = loader->erase_head});
        loader->erase_begun = loader->erase_head;
        loader->erase_head = 0;
        return;
    }
    if (loader->op == OP_FLASH_BEGIN && loader->erase_more > 0) {
        start_job(chip, (struct flash_job){.kind = FLASH_ERASE,
                                           .address = loader->address + loader->erase_begun,
                                           .left = loader->erase_more,
                                           .blocks = true});
        loader->erase_more = 0;
        return;
    }
    if (loader->op == OP_FLASH_DATA && !loader->reading_back) {
        loader->reading_back = true;
        start_job(chip,
                  (struct flash_job){
                      .kind = FLASH_READ, .address = loader->address + loader->written, .memory = payload, .left = n});
        return;
    }
    loader->state = LOADER_RECEIVE;
    if (loader->op == OP_FLASH_DATA) {
        if (checksum(message(chip) + HEADER + DATA_HEADER, n) != word(message(chip) + 4))
            error = ERR_FLASH_WRITE;
        loader->written += n;
    } else if (loader->op == OP_FLASH_END) {
        loader->state = LOADER_LEAVE;
        loader->leave = argument(chip, 0) == 0 ? LEAVE_BY_RESET : LEAVE_TO_FLASH;
    }
    answer(chip, error);
}

static uint64_t receive(struct chip *chip)
{
    struct rom_loader *loader = &chip->loader;
    uint8_t byte;

    while (uart_take(&chip->uart, chip->now, &byte)) {
        if (take(chip, byte)) {
            loader->state = LOADER_THINK;
            return chip->now + REQUEST_CYCLES + (uint64_t)BYTE_CYCLES * loader->received;
        }
    }
    return CHIP_NEVER;
}

static void leave(struct chip *chip)
{
    switch (chip->loader.leave) {
    case LEAVE_TO_CODE: chip_call(chip, chip->loader.entry); break;
    case LEAVE_TO_FLASH: rom_boot_start_from_flash(chip); break;
    case LEAVE_BY_RESET: chip_software_reset(chip); break;
    }
}

uint64_t rom_loader_step(struct chip *chip)
{
    struct rom_loader *loader = &chip->loader;
    uint64_t then;

    switch (loader->state) {
    case LOADER_AUTOBAUD: return autobaud(chip);
    case LOADER_RECEIVE: return receive(chip);
    case LOADER_THINK: think(chip); break;
    case LOADER_WRITES:
        then = write_step(chip);
        if (then)
            return then;
        loader->state = LOADER_RECEIVE;
        answer(chip, ERR_NONE);
        break;
    case LOADER_JOB:
        then = flash_job_step(chip, &loader->job);
        if (then)
            return then;
        job_done(chip);
        break;
    case LOADER_LEAVE:
        if (chip->uart.sent_at != CHIP_NEVER) /* the answer is sent first, to its last bit */
            return CHIP_NEVER;
        leave(chip);
        break;
    }
    return chip->now;
}
