/* SPDX-License-Identifier: MIT */
/* Each step alone: how it ends, and the evidence it holds, for each kind of bad answer. */
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

/* Bad answers, and what is seen of them. `value`: of the member of the evidence that this kind fills. */
static const struct {
    const struct subject *subject;
    enum fault fault;
    unsigned from;
    int with;
    enum evidence_kind kind;
    enum operation operation;
    int64_t value;
} failures[] = {
    {&reset_sequence_subject, PORT_FAULT, 1, -EINVAL, EVIDENCE_PORT_ERROR, OPERATION_SET_BAUD, -EINVAL},
    {&reset_sequence_subject, PORT_FAULT, 2, -EIO, EVIDENCE_PORT_ERROR, OPERATION_MODEM_LINES, -EIO},
    {&reset_sequence_subject, PORT_FAULT, 4, -ETIMEDOUT, EVIDENCE_PORT_ERROR, OPERATION_MODEM_LINES, -ETIMEDOUT},
    {&connect_subject, PORT_FAULT, 1, -ERANGE, EVIDENCE_PORT_ERROR, OPERATION_SET_BAUD, -ERANGE},
    {&connect_subject, SILENCE, 1, 0, EVIDENCE_NO_ANSWER, OPERATION_SYNC, 0},
    {&connect_subject, REFUSAL, 1, WIRE_ROM_ERR_FORMAT, EVIDENCE_NO_ANSWER, OPERATION_SYNC, 0},
    {&boot_log_subject, PORT_FAULT, 1, -EIO, EVIDENCE_PORT_ERROR, OPERATION_SET_BAUD, -EIO},
    {&boot_log_subject, PORT_FAULT, 3, -EIO, EVIDENCE_PORT_ERROR, OPERATION_MODEM_LINES, -EIO},
    {&boot_log_subject, NO_FAULT, 0, 0, EVIDENCE_SILENT, OPERATION_SYNC, 5},
    {&chip_id_subject, SILENCE, 1, 0, EVIDENCE_NO_ANSWER, OPERATION_READ_REGISTER, 0},
    {&chip_id_subject, SILENCE, 10, 0, EVIDENCE_NO_ANSWER, OPERATION_READ_REGISTER, 0},
    {&chip_id_subject, REFUSAL, 1, WIRE_ERR_INVALID, EVIDENCE_REFUSED, OPERATION_READ_REGISTER, WIRE_ERR_INVALID},
    {&chip_id_subject, STRAY_BYTES, 3, 0, EVIDENCE_STRAY, OPERATION_READ_REGISTER, 49},
    {&chip_id_subject, OTHER_VALUE, 1, 0, EVIDENCE_WRONG_VALUE, OPERATION_READ_REGISTER, CHIP_MAGIC ^ 1},
    {&chip_id_subject, UNSTABLE_VALUE, 1, 0, EVIDENCE_DIFFERS, OPERATION_READ_REGISTER, 0x005CCF7F},
    {&stub_upload_subject, SILENCE, 1, 0, EVIDENCE_NO_ANSWER, OPERATION_UPLOAD_STUB, 0},
    {&stub_upload_subject, SILENCE, 2, 0, EVIDENCE_NO_ANSWER, OPERATION_UPLOAD_STUB, 0},
    {&stub_upload_subject, REFUSAL, 2, WIRE_ROM_ERR_CHECKSUM, EVIDENCE_REFUSED, OPERATION_UPLOAD_STUB,
     WIRE_ROM_ERR_CHECKSUM},
    {&stub_upload_subject, REFUSAL, 1, WIRE_ROM_ERR_RESULT, EVIDENCE_REFUSED, OPERATION_UPLOAD_STUB,
     WIRE_ROM_ERR_RESULT},
    {&baud_subject, SILENCE, 1, 0, EVIDENCE_NO_ANSWER, OPERATION_CHANGE_BAUD, 0},
    {&baud_subject, SILENCE, 4, 0, EVIDENCE_NO_ANSWER, OPERATION_CHANGE_BAUD, 0},
    {&baud_subject, REFUSAL, 1, WIRE_ERR_INVALID, EVIDENCE_REFUSED, OPERATION_CHANGE_BAUD, WIRE_ERR_INVALID},
    {&baud_subject, STRAY_BYTES, 2, 0, EVIDENCE_STRAY, OPERATION_CHANGE_BAUD, 49},
    {&baud_subject, PORT_FAULT, 1, -EINVAL, EVIDENCE_PORT_ERROR, OPERATION_CHANGE_BAUD, -EINVAL},
    {&baud_subject, OTHER_VALUE, 4, 0, EVIDENCE_WRONG_VALUE, OPERATION_CHANGE_BAUD, BAUD},
    {&flash_id_subject, SILENCE, 1, 0, EVIDENCE_NO_ANSWER, OPERATION_READ_REGISTER, 0},
    {&flash_id_subject, SILENCE, 4, 0, EVIDENCE_NO_ANSWER, OPERATION_READ_REGISTER, 0},
    {&flash_id_subject, REFUSAL, 5, WIRE_ERR_SPI, EVIDENCE_REFUSED, OPERATION_READ_REGISTER, WIRE_ERR_SPI},
    {&flash_id_subject, STRAY_BYTES, 6, 0, EVIDENCE_STRAY, OPERATION_READ_REGISTER, 49},
    {&flash_id_subject, UNSTABLE_VALUE, 1, 0, EVIDENCE_DIFFERS, OPERATION_READ_REGISTER, 0},
    {&compare_subject, SILENCE, 1, 0, EVIDENCE_NO_ANSWER, OPERATION_COMPARE, 0},
    {&compare_subject, SILENCE, 2, 0, EVIDENCE_NO_ANSWER, OPERATION_COMPARE, 0},
    {&compare_subject, STRAY_BYTES, 1, 0, EVIDENCE_STRAY, OPERATION_COMPARE, 49},
    {&write_subject, SILENCE, 1, 0, EVIDENCE_NO_ANSWER, OPERATION_BEGIN_WRITE, 0},
    {&write_subject, SILENCE, 2, 0, EVIDENCE_NO_ANSWER, OPERATION_WRITE_BLOCK, 0},
    {&write_subject, SILENCE, 3, 0, EVIDENCE_NO_ANSWER, OPERATION_END_WRITE, 0},
    {&write_subject, REFUSAL, 1, WIRE_ERR_UNLOCK, EVIDENCE_REFUSED, OPERATION_BEGIN_WRITE, WIRE_ERR_UNLOCK},
    {&write_subject, REFUSAL, 2, WIRE_ERR_CHECKSUM, EVIDENCE_REFUSED, OPERATION_WRITE_BLOCK, WIRE_ERR_CHECKSUM},
    {&write_subject, REFUSAL, 3, WIRE_ERR_SLOW, EVIDENCE_REFUSED, OPERATION_END_WRITE, WIRE_ERR_SLOW},
    {&write_subject, STRAY_BYTES, 2, 0, EVIDENCE_STRAY, OPERATION_WRITE_BLOCK, 49},
    {&stream_subject, SILENCE, 1, 0, EVIDENCE_NO_ANSWER, OPERATION_BEGIN_WRITE, 0},
    {&stream_subject, REFUSAL, 1, WIRE_ERR_UNLOCK, EVIDENCE_REFUSED, OPERATION_BEGIN_WRITE, WIRE_ERR_UNLOCK},
    {&stream_subject, SHORT_DATA, 1, 0, EVIDENCE_REFUSED, OPERATION_BEGIN_WRITE, WIRE_ERR_INVALID},
    {&stream_subject, STRAY_BYTES, 1, 0, EVIDENCE_STRAY, OPERATION_BEGIN_WRITE, 49},
    {&verify_subject, SILENCE, 1, 0, EVIDENCE_NO_ANSWER, OPERATION_VERIFY, 0},
    {&verify_subject, REFUSAL, 1, WIRE_ERR_SPI, EVIDENCE_REFUSED, OPERATION_VERIFY, WIRE_ERR_SPI},
    {&verify_subject, SHORT_DATA, 1, 0, EVIDENCE_MALFORMED, OPERATION_VERIFY, 3},
    {&verify_subject, OTHER_VALUE, 1, 0, EVIDENCE_MISMATCH, OPERATION_VERIFY, 0},
    {&capacity_subject, SILENCE, 1, 0, EVIDENCE_NO_ANSWER, OPERATION_FIND_CAPACITY, 0},
    {&capacity_subject, REFUSAL, 1, WIRE_ERR_SPI, EVIDENCE_REFUSED, OPERATION_FIND_CAPACITY, WIRE_ERR_SPI},
    {&capacity_subject, SHORT_DATA, 1, 0, EVIDENCE_MALFORMED, OPERATION_FIND_CAPACITY, 3},
};

static int64_t value_of(const struct evidence *evidence)
{
    switch (evidence->kind) {
    case EVIDENCE_REFUSED: return evidence->wire_error;
    case EVIDENCE_PORT_ERROR: return evidence->port_error;
    case EVIDENCE_STRAY:
    case EVIDENCE_MALFORMED:
    case EVIDENCE_SILENT: return (int64_t)evidence->count;
    case EVIDENCE_WRONG_VALUE:
    case EVIDENCE_DIFFERS: return evidence->values[0];
    default: return 0;
    }
}

START_TEST(each_bad_answer_is_evidence)
{
    peer.fault = failures[_i].fault;
    peer.from = failures[_i].from;
    peer.with = failures[_i].with;
    expect_failure(failures[_i].subject, failures[_i].kind, failures[_i].operation);
    ck_assert_int_eq(value_of(&work.base.evidence), failures[_i].value);
}
END_TEST

static const struct subject *const subjects[] = {
    &reset_sequence_subject, &connect_subject, &chip_id_subject, &stub_upload_subject, &baud_subject,
    &flash_id_subject,       &compare_subject, &write_subject,   &verify_subject,      &capacity_subject};

START_TEST(a_step_that_is_answered_well_is_done_without_evidence)
{
    ck_assert_int_eq(run(subjects[_i]), STEP_DONE);
    ck_assert_int_eq(work.base.evidence.kind, EVIDENCE_NONE);
}
END_TEST

START_TEST(connect_takes_a_stub_only_where_it_may)
{
    peer.sync_value = 0;
    ck_assert_int_eq(run(&connect_subject), STEP_DONE);
    ck_assert(!work.connect.rom);
    ck_assert_uint_eq(work.connect.asked, 1);
    rom_only = true;
    expect_failure(&connect_subject, EVIDENCE_NO_ANSWER, OPERATION_SYNC);
    ck_assert_uint_eq(work.connect.asked, 7);
}
END_TEST

START_TEST(connect_gives_a_silent_line_fewer_requests_and_counts_other_bytes)
{
    peer.fault = SILENCE;
    expect_failure(&connect_subject, EVIDENCE_NO_ANSWER, OPERATION_SYNC);
    ck_assert_uint_eq(work.connect.asked, 4);
    ck_assert_uint_eq(work.connect.unexpected, 0);
    peer.fault = BANNER;
    expect_failure(&connect_subject, EVIDENCE_NO_ANSWER, OPERATION_SYNC);
    ck_assert_uint_eq(work.connect.asked, 7);
    ck_assert_uint_gt(work.connect.unexpected, 0);
}
END_TEST

/* The banner of the reset before the step, which is then not repeated. */
static enum step_status start_after_banner(void)
{
    say_banner();
    return start_boot_log();
}

START_TEST(boot_log_reads_the_mode_of_a_banner)
{
    static const struct subject after_banner = {start_after_banner, step_boot_log};
    peer.with = _i;
    expect_failure(&after_banner, EVIDENCE_BOOT_MODE, OPERATION_SYNC);
    ck_assert_uint_eq(work.base.evidence.values[0], (unsigned)_i);
    ck_assert_uint_eq(work.base.evidence.count, 3);
    ck_assert_uint_eq(peer.settings, 0);
}
END_TEST

START_TEST(chip_id_names_the_registers_that_it_refuses)
{
    peer.efuse1 = 0x0002A1B2;
    peer.efuse3 = 0;
    expect_failure(&chip_id_subject, EVIDENCE_UNKNOWN_OUI, OPERATION_READ_REGISTER);
    ck_assert_uint_eq(work.base.evidence.values[1], 0x0002A1B2);
    ck_assert_uint_eq(work.chip_id.words[0], CHIP_MAGIC);
}
END_TEST

static void check_results(const struct subject *subject)
{
    static const uint8_t mac[] = {0x5C, 0xCF, 0x7F, 0xA1, 0xB2, 0x00};
    if (subject == &chip_id_subject)
        ck_assert_mem_eq(work.chip_id.identity.mac, mac, sizeof(mac));
    else if (subject == &stub_upload_subject)
        ck_assert_uint_eq(work.stub_upload.capabilities, WIRE_CAN_RESEND);
    else if (subject == &flash_id_subject)
        ck_assert_uint_eq(work.flash_id.part.id, nor_id(GOOD_ID));
}

/* Whichever answer it is, of any step that a board goes through before it is written. */
static const struct subject *const patient[] = {&chip_id_subject, &stub_upload_subject, &baud_subject,
                                                &flash_id_subject};
static const struct {
    enum fault fault;
    int with;
} single_faults[] = {{ONE_OTHER_VALUE, 0}, {ONE_REFUSAL, 0x20}, {ONE_REFUSAL, WIRE_ROM_ERR_FORMAT}, {ONE_SILENCE, 0}};

START_TEST(no_single_bad_answer_fails_a_step)
{
    ck_assert_int_eq(run(patient[_i]), STEP_DONE);
    unsigned requests = peer.requests;
    for (size_t i = 0; i < sizeof(single_faults) / sizeof(single_faults[0]); i++)
        for (unsigned from = 1; from <= requests; from++) {
            peer.fault = single_faults[i].fault;
            peer.with = single_faults[i].with;
            peer.from = from;
            peer.requests = 0;
            ck_assert_msg(run(patient[_i]) == STEP_DONE, "fault %zu in answer %u: evidence %d", i, from,
                          (int)work.base.evidence.kind);
            check_results(patient[_i]);
        }
}
END_TEST

/* The id of the part is the only register that is not 0. */
START_TEST(a_flash_id_that_changes_is_not_believed)
{
    peer.fault = UNSTABLE_ID;
    expect_failure(&flash_id_subject, EVIDENCE_DIFFERS, OPERATION_READ_FLASH_ID);
    ck_assert_uint_eq(work.flash_id.part.id, 0);
}
END_TEST

/* The stub has changed its rate or not: both are tried. */
START_TEST(a_baud_change_without_an_answer_is_asked_for_three_times)
{
    peer.fault = SILENCE;
    expect_failure(&baud_subject, EVIDENCE_NO_ANSWER, OPERATION_CHANGE_BAUD);
    ck_assert_uint_eq(peer.settings, 3 + 2);
    ck_assert_uint_eq(session.baud, BAUD);
}
END_TEST

START_TEST(a_rate_that_was_granted_and_is_silent_is_given_up_at_once)
{
    peer.fault = SILENCE;
    peer.from = 2;
    expect_failure(&baud_subject, EVIDENCE_NO_ANSWER, OPERATION_CHANGE_BAUD);
    ck_assert_uint_eq(peer.settings, 1);
}
END_TEST

START_TEST(a_stub_that_does_not_greet_fails_by_its_name)
{
    peer.greets = false;
    expect_failure(&stub_upload_subject, EVIDENCE_NO_ANSWER, OPERATION_AWAIT_GREETING);
    ck_assert_str_eq(work.base.evidence.name, stub->name);
    ck_assert(!work.stub_upload.running);
}
END_TEST

START_TEST(a_stub_tells_its_name_and_capabilities)
{
    ck_assert_int_eq(run(&stub_upload_subject), STEP_DONE);
    ck_assert(work.stub_upload.running);
    ck_assert_str_eq(work.stub_upload.name, "peer 1");
    ck_assert_uint_eq(work.stub_upload.capabilities, WIRE_CAN_RESEND);
    ck_assert_uint_gt(session.stray_limit, 0);
}
END_TEST

START_TEST(the_greeting_is_accepted_in_place_of_the_answer_to_mem_end)
{
    ck_assert_int_eq(run(&stub_upload_subject), STEP_DONE);
    uint64_t usual = now;
    now = 1;
    peer.loses_mem_end = true;
    ck_assert_int_eq(run(&stub_upload_subject), STEP_DONE);
    ck_assert(work.stub_upload.running);
    ck_assert_str_eq(work.stub_upload.name, "peer 1");
    ck_assert_uint_le(now, usual);
}
END_TEST

static const struct {
    uint32_t id, spi_cmd;
    enum evidence_kind kind;
    uint32_t first, second; /* values of the evidence */
} parts[] = {
    {0xFFFFFF, 0, EVIDENCE_FLASH_ABSENT, 0xFFFFFF, 0},
    {0, 0, EVIDENCE_FLASH_ABSENT, 0, 0},
    {0x4A25BF, 0, EVIDENCE_FLASH_WORD_PROGRAM, 0xBF254A, 0},
    {0x2040EF, 0, EVIDENCE_FLASH_SIZE_UNKNOWN, 0xEF4020, 0}, /* 2^32 bytes */
    {0x164099, 0, EVIDENCE_FLASH_SIZE_UNKNOWN, 0x994016, 0}, /* 2^22, but who says so? */
    {0x1440EF, 0, EVIDENCE_FLASH_TOO_SMALL, 0x100000, 0x200000},
    {GOOD_ID, SPI_USER, EVIDENCE_SPI_UNFINISHED, 0, 0},
    {0xFFFFFF, 0, EVIDENCE_FLASH_BUSY, 0, 0},
};

START_TEST(flash_id_refuses_a_part)
{
    peer.flash_id = parts[_i].id;
    peer.spi_cmd = parts[_i].spi_cmd;
    peer.busy = parts[_i].kind == EVIDENCE_FLASH_BUSY;
    expect_failure(&flash_id_subject, parts[_i].kind, OPERATION_READ_FLASH_ID);
    ck_assert_uint_eq(work.base.evidence.values[0], parts[_i].first);
    ck_assert_uint_eq(work.base.evidence.values[1], parts[_i].second);
    bool read = parts[_i].kind != EVIDENCE_SPI_UNFINISHED && parts[_i].kind != EVIDENCE_FLASH_BUSY;
    ck_assert_uint_eq(work.flash_id.part.id, read ? nor_id(parts[_i].id) : 0);
}
END_TEST

/* Each is one round: awaited, released, reset. None is given to a part that answers. */
START_TEST(a_part_that_does_not_answer_is_woken)
{
    static const uint8_t awake[] = {0x9F, 0x9F, 0x4B, 0x4B},
                         absent[] = {0x9F, 0x9F, 0x05, 0x9F, 0x9F, 0xAB, 0xFF, 0x9F, 0x9F, 0x66, 0x99, 0x9F, 0x9F};
    ck_assert_int_eq(run(&flash_id_subject), STEP_DONE);
    ck_assert_uint_eq(peer.n_opcodes, sizeof(awake));
    ck_assert_mem_eq(peer.opcodes, awake, sizeof(awake));
    ck_assert_int_eq(work.flash_id.part.woken, NOR_ANSWERED);
    peer.n_opcodes = 0;
    peer.flash_id = 0xFFFFFF;
    ck_assert_int_eq(run(&flash_id_subject), STEP_FAILED);
    ck_assert_uint_eq(peer.n_opcodes, sizeof(absent));
    ck_assert_mem_eq(peer.opcodes, absent, sizeof(absent));
}
END_TEST

/* Only those that the product lists, whatever else is right about them. */
START_TEST(flash_id_refuses_a_part_that_is_not_accepted)
{
    static const uint32_t ids[] = {0xC84016, 0xEF4016};
    accepted = ids;
    n_accepted = 2;
    ck_assert_int_eq(run(&flash_id_subject), STEP_DONE);
    n_accepted = 1;
    expect_failure(&flash_id_subject, EVIDENCE_FLASH_NOT_ACCEPTED, OPERATION_READ_FLASH_ID);
    ck_assert_uint_eq(work.base.evidence.values[0], 0xEF4016);
}
END_TEST

/* A difference is a result, not a failure, and so is each answer that is no MD5: the image is written then. */
START_TEST(compare_is_done_by_each_answer)
{
    static const enum fault odd[] = {NO_FAULT, REFUSAL, SHORT_DATA, OTHER_VALUE};
    peer.fault = odd[_i];
    peer.with = WIRE_ERR_SPI;
    capabilities = WIRE_TELLS_ADDRESS;
    ck_assert_int_eq(run(&compare_subject), STEP_DONE);
    ck_assert_uint_eq(work.compare.equal, odd[_i] == NO_FAULT);
    ck_assert_uint_eq(peer.requests, odd[_i] == REFUSAL ? 2 : 1); /* a refusal is final when it has come twice */
}
END_TEST

START_TEST(compare_asks_twice_where_no_address_is_told)
{
    ck_assert_int_eq(run(&compare_subject), STEP_DONE);
    ck_assert(work.compare.equal);
    ck_assert_uint_eq(peer.requests, 2);
}
END_TEST

START_TEST(write_sends_a_damaged_block_again_where_the_stub_can_tell)
{
    peer.fault = REFUSAL;
    peer.from = 2;
    peer.with = WIRE_ERR_CHECKSUM;
    capabilities = WIRE_CAN_RESEND;
    expect_failure(&write_subject, EVIDENCE_REFUSED, OPERATION_WRITE_BLOCK);
    ck_assert_uint_eq(peer.requests, 1 + 1 + 8);
    ck_assert_uint_eq(work.base.evidence.values[0], 1);
    ck_assert_uint_eq(work.base.evidence.values[1], (unsigned)golden->parts[0].n_blocks);
}
END_TEST

/* 512 KB in less than 2 KB: each sector has its number in it, and so many zeros. */
START_TEST(write_waits_by_the_bytes_that_a_block_becomes)
{
    static uint8_t image[512 << 10];
    char error[200];
    for (uint32_t at = 0; at < sizeof(image); at += 4096)
        put_le32(image + at, at);
    golden_free(golden);
    golden = golden_new();
    ck_assert_int_eq(golden_add(golden, "a.bin", 0, image, sizeof(image), error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(golden, error, sizeof(error)), 0);
    ck_assert_uint_lt(golden->parts[0].deflated_size, 2000);
    ck_assert_int_eq(run(&write_subject), STEP_DONE);
    ck_assert_uint_ge(largest_block, 65536);
}
END_TEST

/* The standard stub refuses it before it applies it. */
START_TEST(write_sends_a_block_of_a_wrong_checksum_again_to_any_stub)
{
    peer.fault = ONE_REFUSAL;
    peer.from = 2;
    peer.with = WIRE_ERR_CHECKSUM;
    ck_assert_int_eq(run(&write_subject), STEP_DONE);
    ck_assert_uint_eq(peer.requests, 1 + 1 + golden->parts[0].n_blocks + 1);
}
END_TEST

START_TEST(write_sends_a_damaged_block_eight_times_again_to_any_stub)
{
    peer.fault = REFUSAL;
    peer.from = 2;
    peer.with = WIRE_ERR_CHECKSUM;
    expect_failure(&write_subject, EVIDENCE_REFUSED, OPERATION_WRITE_BLOCK);
    ck_assert_uint_eq(peer.requests, 1 + 1 + 8);
}
END_TEST

/* More of the frame, and another reply, may follow. */
START_TEST(write_does_not_repeat_a_block_of_a_wrong_length_to_another_stub)
{
    peer.fault = ONE_REFUSAL;
    peer.from = 2;
    peer.with = WIRE_ERR_LENGTH;
    expect_failure(&write_subject, EVIDENCE_REFUSED, OPERATION_WRITE_BLOCK);
    ck_assert_uint_eq(peer.requests, 2);
}
END_TEST

START_TEST(verify_names_the_part_that_differs)
{
    peer.fault = OTHER_VALUE;
    expect_failure(&verify_subject, EVIDENCE_MISMATCH, OPERATION_VERIFY);
    ck_assert_str_eq(work.base.evidence.name, "a.bin");
}
END_TEST

START_TEST(capacity_finds_the_first_sector_in_the_middle)
{
    peer.aliased = true;
    image_damaged = true;
    expect_failure(&capacity_subject, EVIDENCE_FLASH_ALIASED, OPERATION_FIND_CAPACITY);
    ck_assert_uint_eq(work.base.evidence.address, 0);
    ck_assert_uint_eq(work.base.evidence.values[0], FLASH_SIZE / 2);
}
END_TEST

/* The image is known to be damaged: without an answer nothing better is found. Stray bytes are, a reset. */
START_TEST(capacity_of_a_damaged_image_needs_no_answer)
{
    static const enum fault faults[] = {SILENCE, REFUSAL, STRAY_BYTES};
    image_damaged = true;
    peer.fault = faults[_i];
    peer.with = WIRE_ERR_SPI;
    ck_assert_int_eq(run(&capacity_subject), faults[_i] == STRAY_BYTES ? STEP_FAILED : STEP_DONE);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    Suite *suite = suite_create("steps");
    TCase *tcase = tcase_create("steps");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, each_bad_answer_is_evidence, 0, COUNT(failures));
    tcase_add_loop_test(tcase, no_single_bad_answer_fails_a_step, 0, COUNT(patient));
    tcase_add_test(tcase, a_flash_id_that_changes_is_not_believed);
    tcase_add_test(tcase, a_baud_change_without_an_answer_is_asked_for_three_times);
    tcase_add_test(tcase, a_rate_that_was_granted_and_is_silent_is_given_up_at_once);
    tcase_add_loop_test(tcase, a_step_that_is_answered_well_is_done_without_evidence, 0, COUNT(subjects));
    tcase_add_test(tcase, connect_takes_a_stub_only_where_it_may);
    tcase_add_test(tcase, connect_gives_a_silent_line_fewer_requests_and_counts_other_bytes);
    tcase_add_loop_test(tcase, boot_log_reads_the_mode_of_a_banner, 0, 8);
    tcase_add_test(tcase, chip_id_names_the_registers_that_it_refuses);
    tcase_add_test(tcase, a_stub_that_does_not_greet_fails_by_its_name);
    tcase_add_test(tcase, a_stub_tells_its_name_and_capabilities);
    tcase_add_test(tcase, the_greeting_is_accepted_in_place_of_the_answer_to_mem_end);
    tcase_add_loop_test(tcase, flash_id_refuses_a_part, 0, COUNT(parts));
    tcase_add_test(tcase, a_part_that_does_not_answer_is_woken);
    tcase_add_test(tcase, flash_id_refuses_a_part_that_is_not_accepted);
    tcase_add_loop_test(tcase, compare_is_done_by_each_answer, 0, 4);
    tcase_add_test(tcase, compare_asks_twice_where_no_address_is_told);
    tcase_add_test(tcase, write_waits_by_the_bytes_that_a_block_becomes);
    tcase_add_test(tcase, write_sends_a_damaged_block_again_where_the_stub_can_tell);
    tcase_add_test(tcase, write_sends_a_block_of_a_wrong_checksum_again_to_any_stub);
    tcase_add_test(tcase, write_sends_a_damaged_block_eight_times_again_to_any_stub);
    tcase_add_test(tcase, write_does_not_repeat_a_block_of_a_wrong_length_to_another_stub);
    tcase_add_test(tcase, verify_names_the_part_that_differs);
    tcase_add_test(tcase, capacity_finds_the_first_sector_in_the_middle);
    tcase_add_loop_test(tcase, capacity_of_a_damaged_image_needs_no_answer, 0, 3);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
