/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/wire/wire_chip.h"

#include <string.h>

#define HEADER      8 /* of a request or reply */
#define DATA_HEADER 16
#define BLOCK_MAX   0x1800u
#define ROM_VALUE   0x20120707u
#define STREAM      0x02

enum op {
    OP_MEM_BEGIN = 0x05,
    OP_MEM_END = 0x06,
    OP_MEM_DATA = 0x07,
    OP_SYNC = 0x08,
    OP_WRITE_REG = 0x09,
    OP_READ_REG = 0x0a,
    OP_SPI_SET_PARAMS = 0x0b,
    OP_CHANGE_BAUDRATE = 0x0f,
    OP_SPI_FLASH_MD5 = 0x13,
    OP_STUB_INFO = 0xe0,
    OP_STREAM_BEGIN = 0xe1,
};

enum {
    ERR_NONE = 0,
    ERR_ROM_FORMAT = 0x05,
    ERR_ROM_CHECKSUM = 0x07,
    ERR_LENGTH = 0xc0,
    ERR_INVALID = 0xc3,
    ERR_UNIMPLEMENTED = 0xff
};

/* docs/esp8266.md sections 3 and 4. */
#define CHIP_MAGIC  0x40001000u
#define EFUSE       0x3ff00050u
#define UART_CLKDIV 0x60000014u
#define SPI_CMD     0x60000200u
#define SPI_CMD_USR (1u << 18)
#define NOR_RDID    0x9fu

/* WIRE_CAN_RESEND has no meaning without blocks; TELLS_ADDRESS and CAN_STREAM. */
#define CAPABILITIES 0x6u

struct request {
    uint8_t op;
    uint32_t checksum;
    const uint8_t *data;
    size_t n;
};

/* What a reply has besides its error. */
struct reply {
    uint32_t value;
    uint8_t data[MD5_DIGEST_LENGTH];
    size_t n;
};

void wire_chip_reset(struct wire_chip *chip)
{
    wire_stream_close(&chip->stream);
    chip->in_stub = false;
    chip->baud = chip->next_baud = 0;
    chip->value = 0;
    memset(chip->spi, 0, sizeof chip->spi);
}

static uint32_t argument(const struct request *request, unsigned i)
{
    return wire_word(request->data + (size_t)4 * i);
}

/* Registers. */

static uint32_t *spi_register(struct wire_chip *chip, uint32_t address)
{
    static const uint32_t addresses[] = {0x6000021c, 0x60000220, 0x60000224, 0x60000240};

    for (unsigned i = 0; i < 4; i++)
        if (addresses[i] == address)
            return &chip->spi[i];
    return NULL;
}

/* RDID answers with the id, first byte lowest; any other command with zeros, which for RDSR is an idle part. */
static void run_spi(struct wire_chip *chip)
{
    uint32_t id = chip->part->id;
    uint32_t swapped = id >> 16 | (id & 0xff00) | (id & 0xff) << 16;

    chip->spi[3] = (chip->spi[2] & 0xff) == NOR_RDID ? swapped : 0;
}

static uint32_t load(struct wire_chip *chip, uint32_t address)
{
    const uint32_t *spi = spi_register(chip, address);

    if (address == CHIP_MAGIC)
        return 0xfff0c101;
    if (address >= EFUSE && address < EFUSE + 16 && address % 4 == 0)
        return chip->efuse[(address - EFUSE) / 4];
    if (address == UART_CLKDIV)
        return 2 * chip->crystal_mhz * 1000000 / chip->baud;
    return spi ? *spi : 0;
}

/* Tuples of address, value, mask and delay. */
static uint8_t write_registers(struct wire_chip *chip, const struct request *request)
{
    if (request->n == 0 || request->n % 16 != 0)
        return chip->in_stub ? ERR_LENGTH : ERR_ROM_FORMAT;
    for (unsigned i = 0; i < request->n / 16; i++) {
        uint32_t address = argument(request, 4 * i), value = argument(request, 4 * i + 1);
        uint32_t mask = argument(request, 4 * i + 2), *spi = spi_register(chip, address);

        if (spi)
            *spi = (*spi & ~mask) | (value & mask);
        if (address == SPI_CMD && (value & SPI_CMD_USR))
            run_spi(chip);
    }
    return ERR_NONE;
}

/* Upload: only the ROM takes one. */

static uint8_t begin_upload(struct wire_chip *chip, const struct request *request)
{
    if (request->n != 16 || argument(request, 2) > BLOCK_MAX)
        return ERR_ROM_FORMAT;
    chip->next_block = 0;
    return ERR_NONE;
}

static uint8_t take_block(struct wire_chip *chip, const struct request *request)
{
    uint8_t sum = 0xef;

    if (request->n < DATA_HEADER || argument(request, 0) != request->n - DATA_HEADER ||
        argument(request, 1) != chip->next_block)
        return ERR_ROM_FORMAT;
    chip->next_block++;
    for (size_t i = DATA_HEADER; i < request->n; i++)
        sum ^= request->data[i];
    return sum == request->checksum ? ERR_NONE : ERR_ROM_CHECKSUM;
}

static uint8_t execute_rom(struct wire_chip *chip, const struct request *request, struct reply *reply)
{
    uint8_t error = ERR_NONE;

    switch (request->op) {
    case OP_SYNC: chip->value = ROM_VALUE; break;
    case OP_READ_REG:
        if (request->n == 4)
            chip->value = load(chip, argument(request, 0));
        else
            error = ERR_ROM_FORMAT;
        break;
    case OP_WRITE_REG: error = write_registers(chip, request); break;
    case OP_MEM_BEGIN: error = begin_upload(chip, request); break;
    case OP_MEM_DATA: error = take_block(chip, request); break;
    case OP_MEM_END: error = request->n == 8 ? ERR_NONE : ERR_ROM_FORMAT; break;
    case OP_SPI_SET_PARAMS: error = request->n == 24 ? ERR_NONE : ERR_ROM_FORMAT; break;
    default: error = ERR_ROM_FORMAT;
    }
    reply->value = chip->value;
    return error;
}

/* The stub. */

static uint8_t digest(struct wire_chip *chip, const struct request *request, struct reply *reply)
{
    uint32_t address = argument(request, 0), size = argument(request, 1);
    MD5_CTX md5;

    if (address > chip->flash.size || size > chip->flash.size - address)
        return ERR_INVALID;
    MD5Init(&md5);
    wire_flash_digest(&chip->flash, address, size, &md5);
    MD5Final(reply->data, &md5);
    reply->n = MD5_DIGEST_LENGTH;
    reply->value = address;
    return ERR_NONE;
}

static uint8_t open_stream(struct wire_chip *chip, const struct request *request, struct reply *reply)
{
    const uint32_t words[3] = {argument(request, 0), argument(request, 1), argument(request, 2)};

    memcpy(reply->data, request->data, sizeof words);
    reply->n = sizeof words;
    return wire_stream_open(&chip->stream, &chip->flash, words, &reply->value);
}

static uint8_t change_baud(struct wire_chip *chip, const struct request *request)
{
    chip->next_baud = argument(request, 0);
    return chip->next_baud ? ERR_NONE : ERR_INVALID;
}

static uint8_t say_info(struct reply *reply)
{
    static const char name[] = "boardsim wire";

    reply->value = CAPABILITIES;
    reply->n = sizeof name - 1;
    memcpy(reply->data, name, reply->n);
    return ERR_NONE;
}

/* Of a request's data: the length that its command has; -1: any; -2: there is no such command. */
static int length_of(uint8_t op)
{
    switch (op) {
    case OP_SYNC:
    case OP_WRITE_REG: return -1;
    case OP_READ_REG: return 4;
    case OP_SPI_SET_PARAMS: return 24;
    case OP_CHANGE_BAUDRATE: return 8;
    case OP_SPI_FLASH_MD5: return 16;
    case OP_STUB_INFO: return 0;
    case OP_STREAM_BEGIN: return 12;
    default: return -2;
    }
}

static uint8_t execute_stub(struct wire_chip *chip, const struct request *request, struct reply *reply)
{
    int length = length_of(request->op);

    if (length == -2)
        return ERR_UNIMPLEMENTED;
    if (length >= 0 && (size_t)length != request->n)
        return ERR_LENGTH;
    wire_stream_close(&chip->stream);
    switch (request->op) {
    case OP_READ_REG: reply->value = load(chip, argument(request, 0)); return ERR_NONE;
    case OP_WRITE_REG: return write_registers(chip, request);
    case OP_CHANGE_BAUDRATE: return change_baud(chip, request);
    case OP_SPI_FLASH_MD5: return digest(chip, request, reply);
    case OP_STUB_INFO: return say_info(reply);
    case OP_STREAM_BEGIN: return open_stream(chip, request, reply);
    default: return ERR_NONE;
    }
}

/* The ROM says 1 and the error, the stub the error and 0. After an error there is no data. */
static void answer(const struct wire_chip *chip, uint8_t op, uint8_t error, const struct reply *reply,
                   struct wire_output *output)
{
    uint8_t frame[HEADER + sizeof reply->data + 2] = {1, op};
    size_t n = error ? 0 : reply->n;

    wire_set_half(frame + 2, (uint32_t)n + 2);
    wire_set_word(frame + 4, reply->value);
    memcpy(frame + HEADER, reply->data, n);
    frame[HEADER + n] = chip->in_stub ? error : error != 0;
    frame[HEADER + n + 1] = chip->in_stub ? 0 : error;
    wire_encode(output, frame, HEADER + n + 2);
}

static void start_stub(struct wire_chip *chip, struct wire_output *output)
{
    static const uint8_t greeting[] = {'O', 'H', 'A', 'I'};

    chip->in_stub = true;
    wire_encode(output, greeting, sizeof greeting);
}

static void take_request(struct wire_chip *chip, const struct request *request, struct wire_output *output)
{
    struct reply reply = {0};
    uint8_t error = chip->in_stub ? execute_stub(chip, request, &reply) : execute_rom(chip, request, &reply);

    for (unsigned i = 0; i < (request->op == OP_SYNC && !error ? 8 : 1); i++)
        answer(chip, request->op, error, &reply, output);
    if (!chip->in_stub && request->op == OP_MEM_END && !error && argument(request, 0) == 0)
        start_stub(chip, output);
}

void wire_chip_say_status(struct wire_chip *chip, struct wire_output *output)
{
    uint8_t status[WIRE_STREAM_STATUS];

    wire_stream_status(&chip->stream, status);
    wire_encode(output, status, sizeof status);
}

void wire_chip_take(struct wire_chip *chip, const uint8_t *frame, size_t n, struct wire_output *output)
{
    if (chip->in_stub && frame[0] == STREAM) {
        if (wire_stream_take(&chip->stream, frame, n))
            wire_chip_say_status(chip, output);
    } else if (frame[0] == 0 && n >= HEADER && wire_half(frame + 2) == n - HEADER) {
        take_request(chip, &(struct request){frame[1], wire_word(frame + 4), frame + HEADER, n - HEADER}, output);
    }
}
