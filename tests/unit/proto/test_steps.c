/* SPDX-License-Identifier: MIT */
/* Each step alone: how it ends, and the evidence it holds, for each kind of bad answer; and what else there is to say
 * of those before the flash part. */
#include "tests/unit/proto/step_fixture.h"

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

int main(void)
{
    Suite *suite = suite_create("steps");
    TCase *tcase = tcase_create("steps");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, each_bad_answer_is_evidence, 0, COUNT(failures));
    tcase_add_loop_test(tcase, no_single_bad_answer_fails_a_step, 0, COUNT(patient));
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
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
