/* SPDX-License-Identifier: MIT */
#include "stub/command.h"

#include "stub/bytes.h"
#include "stub/crc32.h"
#include "stub/flash_write.h"
#include "stub/rom.h"
#include "stub/spi.h"
#include "stub/stream.h"
#include "stub/uart.h"

#define SYNC_REPLIES 8 /* as the ROM and the standard stub do */

/* Where the ROM continues when its loader gives up: it boots the firmware in the flash. */
#define ROM_BOOT ((void (*)(void))0x400010a8)

#define LAST_WORDS_US  10000 /* lets the host's adapter receive the reply before the rate changes or the chip resets */
#define BAUD_SETTLE_US 1000

static uint32_t next_flash_block;

uint32_t request_word(const struct request *request, unsigned i)
{
    return get_32(request->data + 4 * i);
}

static void send_reply(uint8_t op, const struct reply *reply, enum wire_error error)
{
    size_t size = error == WIRE_OK ? reply->size : 0, more = error == WIRE_OK ? reply->n_more : 0;
    size_t data_size = size + more + 2;
    uint8_t header[WIRE_HEADER_SIZE] = {WIRE_REPLY, op};
    put_16(header + 2, data_size);
    put_32(header + 4, reply->value);
    uint8_t status[2] = {error, 0};
    frame_begin();
    frame_add(header, sizeof(header));
    frame_add(reply->data, size);
    frame_add(reply->more, more);
    frame_add(status, sizeof(status));
    frame_end();
}

enum wire_error block_check(const struct request *request, uint32_t *next, bool *repeated)
{
    if (request->size < WIRE_DATA_HEADER_SIZE || request_word(request, 0) != request->size - WIRE_DATA_HEADER_SIZE)
        return WIRE_ERR_LENGTH;
    uint32_t sequence = request_word(request, 1);
    uint8_t checksum = WIRE_CHECKSUM_SEED;
    const uint8_t *end = request->data + request->size;
    for (const uint8_t *byte = request->data + WIRE_DATA_HEADER_SIZE; byte != end; byte++)
        checksum ^= *byte;
    if (checksum != request->checksum)
        return WIRE_ERR_CHECKSUM;

    *repeated = *next > 0 && sequence == *next - 1;
    if (!*repeated && sequence != *next)
        return WIRE_ERR_INVALID;
    if (!*repeated)
        (*next)++;
    return WIRE_OK;
}

static void more_sync_replies(const struct request *request)
{
    static const struct reply empty;
    for (unsigned i = 1; i < SYNC_REPLIES; i++)
        send_reply(request->op, &empty, WIRE_OK);
}

static enum wire_error sync(const struct request *request, struct reply *reply)
{
    (void)request;
    reply->then = more_sync_replies;
    return WIRE_OK;
}

/* From stub.ld: what was uploaded, code and constants. */
extern const uint8_t text_start[], text_end[], data_start[], data_end[];

static uint32_t uploaded_crc(void)
{
    uint32_t crc = crc32_of(text_start, (uintptr_t)text_end - (uintptr_t)text_start);
    return crc32_append(crc, data_start, (uintptr_t)data_end - (uintptr_t)data_start);
}

static enum wire_error stub_info(const struct request *request, struct reply *reply)
{
    static const char version[] = "gangd " GANGD_VERSION;
    _Static_assert(sizeof(version) + sizeof(uint32_t) <= sizeof(reply->data), "the version does not fit");
    (void)request;
    reply->value = WIRE_CAN_RESEND | WIRE_TELLS_ADDRESS | WIRE_CAN_STREAM | WIRE_CAN_DIGEST_SECTORS | WIRE_TELLS_CRC;
    for (size_t i = 0; i < sizeof(version); i++)
        reply->data[i] = version[i];
    put_32(reply->data + sizeof(version), uploaded_crc());
    reply->size = sizeof(version) + sizeof(uint32_t);
    return WIRE_OK;
}

static void change_baud(const struct request *request)
{
    uart_flush();
    ets_delay_us(LAST_WORDS_US);
    uart_change(request_word(request, 0), request_word(request, 1));
    ets_delay_us(BAUD_SETTLE_US);
}

static enum wire_error change_baudrate(const struct request *request, struct reply *reply)
{
    reply->then = change_baud;
    return uart_can_change(request_word(request, 0), request_word(request, 1)) ? WIRE_OK : WIRE_ERR_INVALID;
}

static enum wire_error spi_set_params(const struct request *request, struct reply *reply)
{
    (void)reply;
    uint32_t total = request_word(request, 1);
    if (total == 0 || total > SPI_SIZE_MAX)
        return WIRE_ERR_INVALID;
    flash_set_size(total);
    return WIRE_OK;
}

/* esptool sends a stub a fifth word: whether the data is to be encrypted in flash, which no ESP8266 can do. */
static enum wire_error begin(const struct request *request, bool deflated)
{
    bool fifth_word = request->size == 20;
    if (!fifth_word && request->size != 16)
        return WIRE_ERR_LENGTH;
    if (fifth_word && request_word(request, 4) != 0)
        return WIRE_ERR_INVALID;
    if (request_word(request, 2) > WIRE_FLASH_BLOCK)
        return WIRE_ERR_BLOCK_SIZE;
    next_flash_block = 0;
    return flash_write_begin(request_word(request, 3), request_word(request, 0), deflated);
}

static enum wire_error flash_begin(const struct request *request, struct reply *reply)
{
    (void)reply;
    return begin(request, false);
}

static enum wire_error flash_defl_begin(const struct request *request, struct reply *reply)
{
    (void)reply;
    return begin(request, true);
}

static void write_block(const struct request *request)
{
    flash_write_data(request->data + WIRE_DATA_HEADER_SIZE, request->size - WIRE_DATA_HEADER_SIZE);
}

/* Acknowledged before it is written, so that the next block is transferred meanwhile. An error in writing is reported
 * in the reply to the next block. */
static enum wire_error flash_data(const struct request *request, struct reply *reply)
{
    enum wire_error error = flash_write_state(request->op == WIRE_FLASH_DEFL_DATA);
    bool repeated = false;
    if (error == WIRE_OK)
        error = block_check(request, &next_flash_block, &repeated);
    reply->then = repeated ? NULL : write_block;
    return error;
}

static void reboot(const struct request *request)
{
    (void)request;
    uart_flush();
    ets_delay_us(LAST_WORDS_US);
    software_reset();
}

static enum wire_error flash_end(const struct request *request, struct reply *reply)
{
    if (request_word(request, 0) == 0)
        reply->then = reboot;
    return flash_write_end();
}

static enum wire_error erase_flash(const struct request *request, struct reply *reply)
{
    (void)request;
    (void)reply;
    return flash_erase_all();
}

static enum wire_error erase_region(const struct request *request, struct reply *reply)
{
    (void)reply;
    return flash_erase(request_word(request, 0), request_word(request, 1));
}

static void boot(const struct request *request)
{
    (void)request;
    uart_flush();
    ets_delay_us(LAST_WORDS_US);
    uart_stop();
    ROM_BOOT();
}

static enum wire_error run_user_code(const struct request *request, struct reply *reply)
{
    (void)request;
    reply->then = boot;
    return WIRE_OK;
}

#define ANY_SIZE 0xff

static const struct {
    uint8_t op;
    uint8_t size; /* of the data */
    command_fn *run;
} commands[] = {
    {WIRE_FLASH_BEGIN, ANY_SIZE, flash_begin},
    {WIRE_FLASH_DATA, ANY_SIZE, flash_data},
    {WIRE_FLASH_END, 4, flash_end},
    {WIRE_MEM_BEGIN, 16, command_mem_begin},
    {WIRE_MEM_END, 8, command_mem_end},
    {WIRE_MEM_DATA, ANY_SIZE, command_mem_data},
    {WIRE_SYNC, ANY_SIZE, sync},
    {WIRE_WRITE_REG, ANY_SIZE, command_write_reg},
    {WIRE_READ_REG, 4, command_read_reg},
    {WIRE_SPI_SET_PARAMS, 24, spi_set_params},
    {WIRE_CHANGE_BAUDRATE, 8, change_baudrate},
    {WIRE_FLASH_DEFL_BEGIN, ANY_SIZE, flash_defl_begin},
    {WIRE_FLASH_DEFL_DATA, ANY_SIZE, flash_data},
    {WIRE_FLASH_DEFL_END, 4, flash_end},
    {WIRE_SPI_FLASH_MD5, 16, command_flash_md5},
    {WIRE_ERASE_FLASH, 0, erase_flash},
    {WIRE_ERASE_REGION, 8, erase_region},
    {WIRE_READ_FLASH, 16, command_read_flash},
    {WIRE_RUN_USER_CODE, 0, run_user_code},
    {WIRE_STUB_INFO, 0, stub_info},
    {WIRE_STREAM_BEGIN, 12, command_stream_begin},
    {WIRE_DIGEST_SECTORS, 12, command_digest_sectors},
};

static enum wire_error run(const struct request *request, struct reply *reply)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (commands[i].op != request->op)
            continue;
        if (commands[i].size != ANY_SIZE && commands[i].size != request->size)
            return WIRE_ERR_LENGTH;
        /* The host has given the stream up, or has its result. What was damaged on the line into something that looks
         * like a request does not get so far. */
        stream_close();
        return commands[i].run(request, reply);
    }
    return WIRE_ERR_UNIMPLEMENTED;
}

static bool is_block(uint8_t op)
{
    return op == WIRE_MEM_DATA || op == WIRE_FLASH_DATA || op == WIRE_FLASH_DEFL_DATA;
}

void command_handle(const struct frame *frame)
{
    const uint8_t *bytes = frame->bytes;
    if (bytes[0] == WIRE_STREAM)
        stream_take(frame);
    if (frame->size < WIRE_HEADER_SIZE || bytes[0] != WIRE_REQUEST)
        return;
    struct request request = {
        .op = bytes[1],
        .checksum = get_32(bytes + 4),
        .data = bytes + WIRE_HEADER_SIZE,
        .size = get_16(bytes + 2),
    };
    struct reply reply = {0};
    /* So that the host can assign the reply to its block even if the block is damaged. */
    if (is_block(request.op) && frame->size >= WIRE_HEADER_SIZE + WIRE_DATA_HEADER_SIZE)
        reply.value = request_word(&request, 1);
    bool whole = frame->size <= FRAME_MAX && request.size == frame->size - WIRE_HEADER_SIZE;
    enum wire_error error = whole ? run(&request, &reply) : WIRE_ERR_LENGTH;
    send_reply(request.op, &reply, error);
    if (error == WIRE_OK && reply.then)
        reply.then(&request);
}
