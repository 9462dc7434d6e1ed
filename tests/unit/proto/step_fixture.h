/* SPDX-License-Identifier: MIT */
/* A session of one step with a chip that answers by hand, well or badly. */
#ifndef TESTS_UNIT_PROTO_STEP_FIXTURE_H
#define TESTS_UNIT_PROTO_STEP_FIXTURE_H

#include "proto/link/bytes.h"
#include "proto/step/baud.h"
#include "proto/step/boot_log.h"
#include "proto/step/capacity.h"
#include "proto/step/chip_id.h"
#include "proto/step/compare.h"
#include "proto/step/connect.h"
#include "proto/step/flash_id.h"
#include "proto/step/reset_sequence.h"
#include "proto/step/stream.h"
#include "proto/step/stub_upload.h"
#include "proto/step/verify.h"
#include "proto/step/write.h"
#include "tests/runner.h"

#include <errno.h>
#include <string.h>

#define ANSWER_US  2000
#define PART_SIZE  (64 * 1024)
#define FLASH_SIZE (4 * 1024 * 1024)
#define GOOD_ID    0x1640EF
#define SPI_CMD    0x60000200
#define SPI_W0     0x60000240
#define SPI_USER   (1u << 18)
#define NOR_RDSR   0x05
#define BAUD       921600

/* From request or port operation number `from` on, the first is 1, the chip or the adapter misbehaves so. */
enum fault {
    NO_FAULT,
    SILENCE,
    REFUSAL,         /* the error `with` */
    STRAY_BYTES,     /* 60, where the session has a limit of 48 */
    SHORT_DATA,      /* 3 bytes of data */
    OTHER_VALUE,     /* the lowest bit of the value is flipped */
    ONE_OTHER_VALUE, /* in the answer to this request alone */
    UNSTABLE_VALUE,  /* in that to every second request */
    PORT_FAULT,      /* the negative errno `with` */
    BANNER,          /* boot mode `with`, in place of an answer or when lines change */
    ONE_REFUSAL,     /* the error `with`, to this request alone */
    ONE_SILENCE,     /* to this request alone */
    UNSTABLE_ID,     /* each reading of the flash part's id gives another one */
};

static struct {
    enum fault fault;
    unsigned from;
    int with;
    /* About a chip that answers. */
    uint32_t magic, efuse1, efuse3, flash_id, spi_cmd;
    uint32_t sync_value;
    bool aliased;
    bool greets;
    bool loses_mem_end;  /* its answer; the stub starts and greets */
    bool busy;           /* as the flash part's status says */
    bool status_asked;   /* by the latest command to the flash part, not its id */
    uint8_t opcodes[32]; /* of the commands to the flash part */
    unsigned n_opcodes;
    unsigned requests, settings; /* so far */
} peer;

static union {
    struct step base;
    struct reset_sequence reset_sequence;
    struct connect connect;
    struct boot_log boot_log;
    struct chip_id chip_id;
    struct stub_upload stub_upload;
    struct baud baud;
    struct flash_id flash_id;
    struct compare compare;
    struct write write;
    struct stream stream;
    struct verify verify;
    struct capacity capacity;
} work;

/* A recipe of one step. */
struct subject {
    enum step_status (*start)(void);
    enum step_status (*step)(const struct session_event *event);
};

static struct {
    struct recipe recipe;
    const struct subject *subject;
    enum step_status status;
} one;

static struct golden *golden;
static struct stub_image *stub;
static struct session session;
static uint64_t now;
static uint32_t capabilities;
static bool image_damaged;
static const uint32_t *accepted;
static size_t n_accepted;
static bool rom_only;
static uint32_t largest_block; /* bytes of flash that a block of the image has become */

#define SUBJECT(type, ...)                                                                                             \
    static enum step_status start_##type(void)                                                                         \
    {                                                                                                                  \
        return type##_start(&work.type, &session, &(struct type##_parameters){__VA_ARGS__});                           \
    }                                                                                                                  \
    static enum step_status step_##type(const struct session_event *event)                                             \
    {                                                                                                                  \
        return type##_step(&work.type, event);                                                                         \
    }                                                                                                                  \
    static const struct subject type##_subject = {start_##type, step_##type};

SUBJECT(reset_sequence, .baud = LOADER_BAUD, .lines = RESET_CLASSIC)
SUBJECT(connect, .baud = BAUD, .timeout = 100000, .requests = 7, .requests_silent = 4, .first_tries = 1,
        .later_tries = 1, .rom_only = rom_only)
SUBJECT(boot_log, .reset = RESET_CLASSIC, .resets = 4, .heard = 0, .unexpected = 3)
SUBJECT(stub_upload, .stub = stub)
SUBJECT(baud, .baud = BAUD, .old_baud = LOADER_BAUD)
SUBJECT(flash_id, .needed_size = 0x200000, .accepted = accepted, .n_accepted = n_accepted)
SUBJECT(compare, .golden = golden, .capabilities = capabilities)
SUBJECT(write, .golden = golden, .capabilities = capabilities)
SUBJECT(stream, .golden = golden)
SUBJECT(verify, .golden = golden, .capabilities = capabilities)
SUBJECT(capacity, .golden = golden, .flash_size = FLASH_SIZE, .capabilities = capabilities,
        .image_damaged = image_damaged)

static enum step_status start_chip_id(void)
{
    return chip_id_start(&work.chip_id, &session);
}

static enum step_status step_chip_id(const struct session_event *event)
{
    return chip_id_step(&work.chip_id, event);
}

static const struct subject chip_id_subject = {start_chip_id, step_chip_id};

static void setup(void)
{
    static uint8_t image[PART_SIZE] = {0xE9, 0x01};
    char error[200];
    golden = golden_new();
    ck_assert_int_eq(golden_add(golden, "a.bin", 0, image, sizeof(image), error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(golden, error, sizeof(error)), 0);
    stub = stub_image_builtin();
    memset(&peer, 0, sizeof(peer));
    peer.magic = CHIP_MAGIC;
    peer.efuse1 = 0x0200A1B2;
    peer.efuse3 = 0x005CCF7F;
    peer.flash_id = GOOD_ID;
    peer.sync_value = WIRE_SYNC_VALUE;
    peer.greets = true;
    capabilities = 0;
    image_damaged = rom_only = false;
    n_accepted = 0;
    now = 1;
}

static void teardown(void)
{
    golden_free(golden);
    stub_image_free(stub);
}

static void hear(const void *bytes, size_t n)
{
    session_received(&session, bytes, n, now += ANSWER_US);
}

static void send_frame(const void *frame, size_t n)
{
    uint8_t wire[SLIP_ENCODED_MAX(64)] = {SLIP_END};
    size_t len = 1 + slip_escape(wire + 1, frame, n);
    wire[len++] = SLIP_END;
    hear(wire, len);
}

static void reply(uint8_t op, uint32_t value, const uint8_t *data, size_t n, uint8_t error)
{
    uint8_t frame[WIRE_HEADER_SIZE + 32] = {WIRE_REPLY, op, (uint8_t)(n + 2)};
    put_le32(frame + 4, value);
    if (n > 0)
        memcpy(frame + WIRE_HEADER_SIZE, data, n);
    frame[WIRE_HEADER_SIZE + n] = error;
    send_frame(frame, WIRE_HEADER_SIZE + n + 2);
}

static void say_banner(void)
{
    char banner[] = " ets Jan  8 2013,rst cause:2, boot mode:(?,6)\n";
    *strchr(banner, '?') = (char)('0' + peer.with);
    hear(banner, strlen(banner));
}

static uint32_t register_value(uint32_t address)
{
    switch (address) {
    case CHIP_MAGIC_ADDRESS: return peer.magic;
    case CHIP_EFUSE_ADDRESS + 4: return peer.efuse1;
    case CHIP_EFUSE_ADDRESS + 12: return peer.efuse3;
    case SPI_CMD: return peer.spi_cmd;
    case SPI_W0: return peer.status_asked ? peer.busy : peer.flash_id + (peer.fault == UNSTABLE_ID ? peer.requests : 0);
    default: return 0;
    }
}

/* Is the value in the answer at work flipped? */
static bool value_flipped(void)
{
    switch (peer.fault) {
    case OTHER_VALUE: return peer.requests >= peer.from;
    case ONE_OTHER_VALUE: return peer.requests == peer.from;
    case UNSTABLE_VALUE: return peer.requests >= peer.from && peer.requests % 2 == 0;
    default: return false;
    }
}

static void answer_md5(uint32_t offset, uint32_t size)
{
    uint8_t md5[16] = {1};
    put_le32(md5 + 4, peer.aliased ? 0 : offset);
    uint32_t value = capabilities & WIRE_TELLS_ADDRESS ? offset : 0;
    const uint8_t *right = size == GOLDEN_SECTOR ? md5 : golden->parts[0].md5;
    uint8_t digest[16];
    memcpy(digest, right, sizeof(digest));
    digest[0] ^= value_flipped();
    reply(WIRE_SPI_FLASH_MD5, value, digest, sizeof(digest), WIRE_OK);
}

/* The third of the registers, SPI_USR2, has the opcode; the seventh that of a command right behind. When registers are
 * restored there are three, with 0 in them. */
static void note_opcodes(const uint8_t *data, size_t n)
{
    for (size_t at = 2; at < n && peer.n_opcodes < sizeof(peer.opcodes); at += 4) {
        uint8_t opcode = (uint8_t)get_le32(data + at * 16 + 4);
        peer.status_asked = opcode == NOR_RDSR;
        if (opcode != 0)
            peer.opcodes[peer.n_opcodes++] = opcode;
    }
}

static void answer_well(const uint8_t *frame)
{
    const uint8_t *data = frame + WIRE_HEADER_SIZE;
    uint32_t flip = value_flipped();
    switch (frame[1]) {
    case WIRE_SYNC: reply(WIRE_SYNC, peer.sync_value, NULL, 0, WIRE_OK); return;
    case WIRE_READ_REG: reply(WIRE_READ_REG, register_value(get_le32(data)) ^ flip, NULL, 0, WIRE_OK); return;
    case WIRE_WRITE_REG:
        note_opcodes(data, get_le16(frame + 2) / 16);
        reply(WIRE_WRITE_REG, 0, NULL, 0, WIRE_OK);
        return;
    case WIRE_FLASH_DEFL_DATA: reply(frame[1], get_le32(data + 4), NULL, 0, WIRE_OK); return;
    case WIRE_SPI_FLASH_MD5: answer_md5(get_le32(data), get_le32(data + 4)); return;
    case WIRE_STUB_INFO: reply(frame[1], WIRE_CAN_RESEND ^ flip, (const uint8_t *)"peer 1\nx", 8, WIRE_OK); return;
    default: reply(frame[1], 0, NULL, 0, WIRE_OK); return;
    }
}

static void answer(const uint8_t *frame)
{
    uint8_t op = frame[1];
    peer.requests++;
    if (op == WIRE_MEM_END && peer.loses_mem_end) {
        send_frame(WIRE_GREETING, strlen(WIRE_GREETING));
        return;
    }
    switch (peer.requests >= peer.from ? peer.fault : NO_FAULT) {
    case ONE_SILENCE: peer.fault = NO_FAULT; return;
    case SILENCE: return;
    case ONE_REFUSAL: peer.fault = NO_FAULT; /* fall through */
    case REFUSAL: reply(op, 0, NULL, 0, (uint8_t)peer.with); return;
    case STRAY_BYTES: hear("............................................................", 60); return;
    case SHORT_DATA: reply(op, get_le32(frame + WIRE_HEADER_SIZE), (const uint8_t *)"abc", 3, WIRE_OK); return;
    case BANNER: say_banner(); return;
    default: answer_well(frame); break;
    }
    if (op == WIRE_MEM_END && peer.greets)
        send_frame(WIRE_GREETING, strlen(WIRE_GREETING));
}

/* A block is waited for as long as the slowest part takes for what it becomes: 400 ms a sector, 3 ms a page. */
static void check_patience(void)
{
    const struct golden_block *block = &golden->parts[work.write.part].blocks[work.write.block];
    uint64_t least = block->inflated / 4096 * UINT64_C(400000) + block->inflated / 256 * UINT64_C(3000);
    ck_assert_uint_ge(session_deadline(&session) - now, least);
    if (block->inflated > largest_block)
        largest_block = block->inflated;
}

static void take_request(void)
{
    static uint8_t frame[WIRE_HEADER_SIZE + WIRE_DATA_HEADER_SIZE + WIRE_FLASH_BLOCK];
    const struct session_want want = *session_want(&session);
    struct slip_decoder decoder;
    slip_decoder_init(&decoder, frame, sizeof(frame));
    bool whole = false;
    for (size_t i = 0; i < want.len && !whole; i++)
        whole = slip_decode(&decoder, want.bytes[i]);
    ck_assert(whole);
    session_sent(&session, want.len, now);
    if (frame[1] == WIRE_FLASH_DEFL_DATA)
        check_patience();
    answer(frame);
}

static void set_port(void)
{
    peer.settings++;
    bool fails = peer.fault == PORT_FAULT && peer.settings >= peer.from;
    session_done(&session, fails ? peer.with : 0, now += ANSWER_US);
}

static void take_event(struct recipe *recipe, const struct session_event *event)
{
    ck_assert_ptr_eq(recipe, &one.recipe);
    one.status = event->kind == SESSION_STARTED ? one.subject->start() : one.subject->step(event);
}

static enum step_status run(const struct subject *subject)
{
    memset(&session, 0, sizeof(session));
    one.recipe.step = take_event;
    one.subject = subject;
    session_start(&session, &one.recipe, LOADER_BAUD, now);
    if (peer.fault == STRAY_BYTES)
        session.stray_limit = 48;
    for (unsigned turns = 0; one.status == STEP_RUNNING; turns++) {
        ck_assert_uint_lt(turns, 10000);
        switch (session_want(&session)->kind) {
        case SESSION_WANTS_SEND: take_request(); break;
        case SESSION_WANTS_LINES:
        case SESSION_WANTS_BAUD: set_port(); break;
        case SESSION_WANTS_NOTHING: session_expired(&session, now = session_deadline(&session)); break;
        }
    }
    ck_assert(session_ended(&session));
    return one.status;
}

static void expect_failure(const struct subject *subject, enum evidence_kind kind, enum operation operation)
{
    ck_assert_int_eq(run(subject), STEP_FAILED);
    ck_assert_int_eq(work.base.evidence.kind, kind);
    ck_assert_int_eq(work.base.evidence.operation, operation);
}

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#endif
