/* SPDX-License-Identifier: MIT */
/* The recipe `program` against answers that no virtual board gives: late, doubled, contradictory or endless ones. */
#include "daemon/station/attempt_record.h"
#include "proto/link/bytes.h"
#include "proto/recipe/program.h"
#include "tests/runner.h"

#include <errno.h>
#include <string.h>

#define ANSWER_US   2000
#define SECOND      1000000ULL
#define LIMIT       (600 * SECOND)
#define PART_SIZE   (64 * 1024)
#define SECOND_PART 0x100000
#define SPI_W0      0x60000240
#define FLASH_ID    0x1640EF

/* A chip that holds the first part of the image and not the second, and what is odd about it. */
static struct {
    bool chatters;      /* instead of the stub's greeting, a frame each second, for ever */
    bool changes_id;    /* a flash id that differs from read to read */
    bool late_md5;      /* the first MD5 comes when it has been asked for again */
    bool holds_all;     /* the second part too */
    bool tells_address; /* as our stub does */
    enum { MD5_SOUND, MD5_DOUBLED, MD5_OF_ANOTHER, MD5_EMPTY, MD5_REFUSED } odd;
    unsigned odd_at;    /* which MD5 it is: 1 is the first that is asked for */
    bool changes_board; /* another MAC in the second try */
    bool trusted;       /* the first board's flash */
    int baud_error;     /* of the adapter, at any rate but the ROM's */
    int lines_error;
    unsigned md5s, ids; /* asked so far */
} peer;

static struct {
    uint64_t at;
    uint8_t bytes[64];
    size_t n;
} answers[8];
static size_t n_answers;

static uint64_t now;
static struct golden *golden;
static struct stub_image *stub;
static struct program_job job;
static struct session session;
static struct program program;

static void setup(void)
{
    static uint8_t image[PART_SIZE] = {0xE9, 0x01};
    char error[200];
    golden = golden_new();
    ck_assert_int_eq(golden_add(golden, "a", 0, image, sizeof(image), error, sizeof(error)), 0);
    ck_assert_int_eq(golden_add(golden, "b", SECOND_PART, image, sizeof(image), error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(golden, error, sizeof(error)), 0);
    stub = stub_image_builtin();
    job = (struct program_job){.golden = golden, .stub = stub, .bauds = {921600, 115200}, .n_bauds = 2, .tries = 1};
    memset(&peer, 0, sizeof(peer));
    n_answers = 0;
    now = SECOND;
}

static void teardown(void)
{
    golden_free(golden);
    stub_image_free(stub);
}

static void send_frame(uint64_t at, const void *frame, size_t n)
{
    ck_assert_uint_lt(n_answers, sizeof(answers) / sizeof(answers[0]));
    uint8_t *bytes = answers[n_answers].bytes;
    bytes[0] = SLIP_END;
    size_t len = 1 + slip_escape(bytes + 1, frame, n);
    bytes[len++] = SLIP_END;
    answers[n_answers].at = at;
    answers[n_answers++].n = len;
}

static void refuse(uint64_t at, uint8_t op, enum wire_error error)
{
    const uint8_t frame[WIRE_HEADER_SIZE + 2] = {WIRE_REPLY, op, 2, [WIRE_HEADER_SIZE] = error};
    send_frame(at, frame, sizeof(frame));
}

static void answer(uint64_t at, uint8_t op, uint32_t value, const uint8_t *data, size_t n)
{
    uint8_t frame[WIRE_HEADER_SIZE + 16 + 2] = {WIRE_REPLY, op, (uint8_t)(n + 2)};
    put_le32(frame + 4, value);
    if (n > 0)
        memcpy(frame + WIRE_HEADER_SIZE, data, n);
    send_frame(at, frame, WIRE_HEADER_SIZE + n + 2);
}

static uint32_t register_value(uint32_t address)
{
    switch (address) {
    case CHIP_MAGIC_ADDRESS: return CHIP_MAGIC;
    case CHIP_EFUSE_ADDRESS: return peer.changes_board && program.tries == 2 ? 0xC4000000 : 0xC3000000;
    case CHIP_EFUSE_ADDRESS + 4: return 0x0200A1B2;
    case CHIP_EFUSE_ADDRESS + 12: return 0x005CCF7F;
    case SPI_W0: return peer.changes_id ? FLASH_ID + peer.ids++ : FLASH_ID;
    default: return 0;
    }
}

/* Of a sector: no two are alike. That is not what is odd about the chip. */
static void answer_sector_md5(uint32_t offset)
{
    uint8_t md5[16] = {1};
    put_le32(md5 + 4, offset);
    answer(now + ANSWER_US, WIRE_SPI_FLASH_MD5, peer.tells_address ? offset : 0, md5, sizeof(md5));
}

static void answer_md5(uint32_t offset)
{
    static const uint8_t erased[16] = {0};
    bool first = peer.md5s++ == 0;
    uint64_t at = now + ANSWER_US;
    if (peer.late_md5)
        at = first ? session_deadline(&session) + SECOND / 10 : now + SECOND / 5;
    bool odd = peer.md5s == peer.odd_at;
    /* The request's address was damaged on its way. */
    if (odd && peer.odd == MD5_OF_ANOTHER)
        offset = 0;
    bool right = offset == 0 || peer.holds_all;
    uint32_t value = peer.tells_address ? offset : 0;
    if (odd && peer.odd == MD5_REFUSED)
        refuse(at, WIRE_SPI_FLASH_MD5, WIRE_ERR_SPI);
    else
        answer(at, WIRE_SPI_FLASH_MD5, value, right ? golden->parts[0].md5 : erased,
               odd && peer.odd == MD5_EMPTY ? 0 : 16);
    /* The next one is asked for meanwhile. */
    if (odd && peer.odd == MD5_DOUBLED)
        answer(at + ANSWER_US / 2, WIRE_SPI_FLASH_MD5, value, right ? golden->parts[0].md5 : erased, 16);
}

static void take_request(const uint8_t *frame)
{
    const uint8_t *data = frame + WIRE_HEADER_SIZE;
    uint64_t at = now + ANSWER_US;
    switch (frame[1]) {
    case WIRE_SYNC: answer(at, WIRE_SYNC, WIRE_SYNC_VALUE, NULL, 0); break;
    case WIRE_READ_REG: answer(at, WIRE_READ_REG, register_value(get_le32(data)), NULL, 0); break;
    case WIRE_FLASH_DEFL_DATA: answer(at, WIRE_FLASH_DEFL_DATA, get_le32(data + 4), NULL, 0); break;
    case WIRE_STUB_INFO: answer(at, WIRE_STUB_INFO, peer.tells_address ? WIRE_TELLS_ADDRESS : 0, NULL, 0); break;
    case WIRE_SPI_FLASH_MD5:
        if (get_le32(data + 4) == GOLDEN_SECTOR)
            answer_sector_md5(get_le32(data));
        else
            answer_md5(get_le32(data));
        break;
    case WIRE_MEM_END:
        answer(at, WIRE_MEM_END, 0, NULL, 0);
        send_frame(at + ANSWER_US, peer.chatters ? "hello" : WIRE_GREETING, peer.chatters ? 5 : 4);
        break;
    default: answer(at, frame[1], 0, NULL, 0);
    }
}

static void send_request(const struct session_want *want)
{
    static uint8_t frame[WIRE_HEADER_SIZE + WIRE_DATA_HEADER_SIZE + WIRE_FLASH_BLOCK];
    struct slip_decoder decoder;
    slip_decoder_init(&decoder, frame, sizeof(frame));
    const uint8_t *bytes = want->bytes;
    size_t n = want->len;
    session_sent(&session, n, now);
    for (size_t i = 0; i < n; i++)
        if (slip_decode(&decoder, bytes[i]))
            take_request(frame);
}

/* Lets time pass until the next answer or the session's deadline. */
static void wait(void)
{
    size_t next = n_answers;
    uint64_t until = session_deadline(&session);
    for (size_t i = 0; i < n_answers; i++) {
        if (answers[i].at <= until) {
            until = answers[i].at;
            next = i;
        }
    }
    now = until > now ? until : now;
    if (next == n_answers) {
        session_expired(&session, now);
        return;
    }
    uint8_t bytes[sizeof(answers[0].bytes)];
    size_t n = answers[next].n;
    memcpy(bytes, answers[next].bytes, n);
    answers[next] = answers[--n_answers];
    if (peer.chatters && program.state == PROGRAM_STUB && n_answers == 0 && !program.stub_running)
        send_frame(now + SECOND, "hello", 5);
    session_received(&session, bytes, n, now);
}

static void run(void)
{
    program_start(&program, &session, &job, now);
    while (!program_ended(&program)) {
        const struct session_want want = *session_want(&session);
        if (peer.trusted && program.identified && program.tries == 1)
            program_trust_flash(&program);
        ck_assert_msg(now < LIMIT, "no end in \"%s\"", program_sentence(&program));
        switch (want.kind) {
        case SESSION_WANTS_SEND: send_request(&want); break;
        case SESSION_WANTS_LINES: session_done(&session, peer.lines_error, now += ANSWER_US); break;
        case SESSION_WANTS_BAUD:
            session_done(&session, want.baud == LOADER_BAUD ? 0 : peer.baud_error, now += ANSWER_US);
            break;
        case SESSION_WANTS_NOTHING: wait(); break;
        }
    }
}

static void expect_failure(enum cause cause)
{
    ck_assert_int_eq(program.state, PROGRAM_FAILED);
    ck_assert_msg(program.cause == cause, "%s (%s) instead of %s", cause_code(program.cause), program.detail,
                  cause_code(cause));
}

START_TEST(a_part_that_is_not_in_flash_fails)
{
    run();
    expect_failure(CAUSE_MD5_MISMATCH);
    ck_assert_uint_eq(peer.md5s, 2);
}
END_TEST

/* Both parts have the same content, so the first one's MD5, taken twice, would pass the second. */
START_TEST(a_late_md5_is_not_that_of_the_next_part)
{
    peer.late_md5 = true;
    run();
    ck_assert_int_eq(program.state, PROGRAM_FAILED);
}
END_TEST

/* Asked once of a stub that tells the address, twice of any other. */
START_TEST(a_board_that_is_right_is_not_written)
{
    job.compare_first = peer.trusted = true;
    peer.holds_all = true;
    peer.tells_address = _i;
    run();
    ck_assert_int_eq(program.state, PROGRAM_PASSED);
    ck_assert(!program.written);
    ck_assert_uint_eq(peer.md5s, _i ? 2 : 4);
}
END_TEST

START_TEST(a_board_is_compared_only_if_that_is_wanted)
{
    peer.holds_all = true;
    run();
    ck_assert_int_eq(program.state, PROGRAM_PASSED);
    ck_assert(program.written);
    ck_assert_uint_eq(peer.md5s, 2);
}
END_TEST

/* The second part is wrong. Both have the same content, so an answer about the first one must not be taken for one
 * about the second: one that comes twice, one to a request whose address was damaged. Nor are an error or an empty
 * answer a pass. */
static const struct {
    unsigned odd, at;
    bool tells_address;
} odd_answers[] = {
    {MD5_DOUBLED, 1, false},
    {MD5_DOUBLED, 1, true},
    {MD5_OF_ANOTHER, 2, false},
    {MD5_OF_ANOTHER, 2, true},
    /* In the verify after the write. */
    {MD5_DOUBLED, 3, true},
    {MD5_OF_ANOTHER, 4, true},
    {MD5_EMPTY, 1, false},
    {MD5_EMPTY, 2, true},
    {MD5_REFUSED, 1, true},
    {MD5_REFUSED, 2, false},
};

START_TEST(no_odd_answer_passes_a_part_that_is_wrong)
{
    job.compare_first = peer.trusted = true;
    peer.tells_address = odd_answers[_i].tells_address;
    peer.odd = odd_answers[_i].odd;
    peer.odd_at = odd_answers[_i].at;
    run();
    ck_assert(program.written);
    ck_assert_int_eq(program.state, PROGRAM_FAILED);
}
END_TEST

/* After silence the board is asked again from a fresh reset; after an odd answer it is written. */
START_TEST(an_odd_answer_about_a_right_board_fails_nothing)
{
    job.compare_first = peer.trusted = true;
    peer.holds_all = true;
    peer.tells_address = odd_answers[_i].tells_address;
    peer.odd = odd_answers[_i].odd;
    peer.odd_at = odd_answers[_i].at;
    run();
    ck_assert_msg(program.state == PROGRAM_PASSED, "%s: %s", cause_code(program.cause), program.detail);
}
END_TEST

START_TEST(a_late_md5_before_the_write_passes_nothing)
{
    job.compare_first = peer.trusted = true;
    peer.late_md5 = true;
    peer.tells_address = _i;
    run();
    ck_assert_int_eq(program.state, PROGRAM_FAILED);
}
END_TEST

/* What is said of one board does not count for the one in its place. */
START_TEST(trust_is_of_the_board_that_was_identified)
{
    peer.changes_board = _i;
    peer.trusted = true;
    job.tries = 2;
    run();
    ck_assert_uint_eq(program.tries, 2);
    ck_assert(program.identified);
    ck_assert_int_eq(program.flash_trusted, !peer.changes_board);
}
END_TEST

/* Its row would name the one that came, and none the one whose erase may have been cut off. */
START_TEST(another_board_does_not_take_the_place_of_one_that_was_written)
{
    static const uint8_t first[] = {0x5C, 0xCF, 0x7F, 0xA1, 0xB2, 0xC3};
    peer.changes_board = true;
    job.tries = 3;
    run();
    expect_failure(CAUSE_BOARD_REMOVED);
    ck_assert_uint_eq(program.tries, 2);
    ck_assert(program.written && program.identified);
    ck_assert_mem_eq(program.chip.mac, first, sizeof(first));
}
END_TEST

START_TEST(other_frames_than_the_greeting_end_in_time)
{
    peer.chatters = true;
    run();
    expect_failure(CAUSE_STUB_SILENT);
}
END_TEST

START_TEST(a_rate_that_the_adapter_cannot_do)
{
    peer.baud_error = -EINVAL;
    run();
    expect_failure(CAUSE_BAUD_FAILED);
}
END_TEST

/* The kernel has waited in vain: the adapter is stuck, not unable. */
START_TEST(an_adapter_that_does_not_answer)
{
    peer.lines_error = _i == 0 ? -ETIMEDOUT : 0;
    peer.baud_error = _i == 1 ? -ETIMEDOUT : 0;
    run();
    expect_failure(CAUSE_ADAPTER_STUCK);
}
END_TEST

START_TEST(an_adapter_that_is_pulled_while_its_rate_changes)
{
    peer.baud_error = -EIO;
    run();
    expect_failure(CAUSE_UNPLUGGED);
}
END_TEST

START_TEST(a_flash_id_is_booked_when_it_is_sure)
{
    struct attempt attempt = {0};
    peer.changes_id = true;
    run();
    expect_failure(CAUSE_LINE_NOISE);
    attempt_record_observe(&attempt, &program);
    ck_assert_str_eq(attempt.flash_id, "");
    ck_assert_str_eq(attempt.mac, "5c:cf:7f:a1:b2:c3");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("program_answers");
    TCase *tcase = tcase_create("program_answers");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_part_that_is_not_in_flash_fails);
    tcase_add_test(tcase, a_late_md5_is_not_that_of_the_next_part);
    tcase_add_loop_test(tcase, a_board_that_is_right_is_not_written, 0, 2);
    tcase_add_test(tcase, a_board_is_compared_only_if_that_is_wanted);
    tcase_add_loop_test(tcase, no_odd_answer_passes_a_part_that_is_wrong, 0,
                        sizeof(odd_answers) / sizeof(odd_answers[0]));
    tcase_add_loop_test(tcase, an_odd_answer_about_a_right_board_fails_nothing, 0,
                        sizeof(odd_answers) / sizeof(odd_answers[0]));
    tcase_add_loop_test(tcase, a_late_md5_before_the_write_passes_nothing, 0, 2);
    tcase_add_loop_test(tcase, trust_is_of_the_board_that_was_identified, 0, 2);
    tcase_add_test(tcase, another_board_does_not_take_the_place_of_one_that_was_written);
    tcase_add_test(tcase, other_frames_than_the_greeting_end_in_time);
    tcase_add_test(tcase, a_rate_that_the_adapter_cannot_do);
    tcase_add_test(tcase, an_adapter_that_is_pulled_while_its_rate_changes);
    tcase_add_loop_test(tcase, an_adapter_that_does_not_answer, 0, 2);
    tcase_add_test(tcase, a_flash_id_is_booked_when_it_is_sure);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
