/* SPDX-License-Identifier: MIT */
/* Commands that read and write registers, load code into RAM and run it. */
#include "stub/command.h"
#include "stub/rom.h"
#include "stub/spi.h"
#include "stub/uart.h"

/* From stub.ld: the RAM that the stub does not use. */
extern uint32_t free_iram_start[], free_iram_end[], free_dram_start[], free_dram_end[];

static struct {
    uint32_t at, left, next_block;
} load;

static volatile uint32_t *word_at(uint32_t address)
{
    return (volatile uint32_t *)(uintptr_t)address;
}

enum wire_error command_read_reg(const struct request *request, struct reply *reply)
{
    uint32_t address = request_word(request, 0);
    if (address % 4 != 0)
        return WIRE_ERR_INVALID;
    /* The host may use the SPI controller through its registers and expects the flash to be idle. */
    (void)spi_finish();
    reply->value = *word_at(address);
    return WIRE_OK;
}

enum wire_error command_write_reg(const struct request *request, struct reply *reply)
{
    (void)reply;
    if (request->size == 0 || request->size % 16 != 0)
        return WIRE_ERR_LENGTH;
    for (unsigned i = 0; i < request->size / 4; i += 4)
        if (request_word(request, i) % 4 != 0)
            return WIRE_ERR_INVALID;
    (void)spi_finish();
    for (unsigned i = 0; i < request->size / 4; i += 4) {
        volatile uint32_t *word = word_at(request_word(request, i));
        uint32_t value = request_word(request, i + 1), mask = request_word(request, i + 2);
        ets_delay_us(request_word(request, i + 3));
        /* A read can have side effects, so the register is read only if some bits must be preserved. */
        *word = mask == UINT32_MAX ? value : (*word & ~mask) | (value & mask);
    }
    return WIRE_OK;
}

static bool inside(uint32_t at, uint32_t size, const uint32_t *start, const uint32_t *end)
{
    return at >= (uintptr_t)start && at <= (uintptr_t)end && size <= (uintptr_t)end - at;
}

enum wire_error command_mem_begin(const struct request *request, struct reply *reply)
{
    (void)reply;
    uint32_t size = request_word(request, 0), at = request_word(request, 3);
    load.left = 0;
    if (request_word(request, 2) > WIRE_FLASH_BLOCK)
        return WIRE_ERR_BLOCK_SIZE;
    bool is_free = inside(at, size, free_iram_start, free_iram_end) || inside(at, size, free_dram_start, free_dram_end);
    if (at % 4 != 0 || !is_free)
        return WIRE_ERR_INVALID;
    load.at = at;
    load.left = size;
    load.next_block = 0;
    return WIRE_OK;
}

/* Copies word by word, because IRAM allows only word accesses. */
enum wire_error command_mem_data(const struct request *request, struct reply *reply)
{
    (void)reply;
    bool repeated;
    uint32_t n = request->size - WIRE_DATA_HEADER_SIZE;
    if (request->size % 4 != 0)
        return WIRE_ERR_LENGTH;
    uint32_t next = load.next_block;
    enum wire_error error = block_check(request, &next, &repeated);
    if (error != WIRE_OK || repeated)
        return error;
    if (n > load.left)
        return WIRE_ERR_TOO_MUCH;
    for (uint32_t i = 0; i < n; i += 4)
        *word_at(load.at + i) = request_word(request, (WIRE_DATA_HEADER_SIZE + i) / 4);
    load.at += n;
    load.left -= n;
    load.next_block = next;
    return WIRE_OK;
}

static void jump(const struct request *request)
{
    void (*entry)(void) = (void (*)(void))(uintptr_t)request_word(request, 1);
    uart_flush();
    uart_stop();
    entry();
    uart_start();
}

enum wire_error command_mem_end(const struct request *request, struct reply *reply)
{
    if (request_word(request, 0) == 0)
        reply->then = jump;
    return load.left == 0 ? WIRE_OK : WIRE_ERR_TOO_LITTLE;
}
