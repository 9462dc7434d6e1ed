/* SPDX-License-Identifier: MIT */
/* The steps that deal with the flash part: which it is, what it holds, writing it. test_steps.c has what all steps have
 * in common. */
#include "tests/unit/proto/step_fixture.h"

/* The id of the part is the only register that is not 0. */
START_TEST(a_flash_id_that_changes_is_not_believed)
{
    peer.fault = UNSTABLE_ID;
    expect_failure(&flash_id_subject, EVIDENCE_DIFFERS, OPERATION_READ_FLASH_ID);
    ck_assert_uint_eq(work.flash_id.part.id, 0);
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

int main(void)
{
    Suite *suite = suite_create("steps of the flash part");
    TCase *tcase = tcase_create("steps");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_flash_id_that_changes_is_not_believed);
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
