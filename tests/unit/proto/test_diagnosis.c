/* SPDX-License-Identifier: MIT */
/* The list of causes, and the way from evidence to a cause and a detail. */
#include "proto/diagnosis/diagnosis.h"
#include "tests/runner.h"

#include <errno.h>
#include <string.h>

static const struct {
    struct evidence evidence;
    enum cause cause;
    const char *detail;
} diagnoses[] = {
    /* Requests, by operation. */
    {{.kind = EVIDENCE_NO_ANSWER, .operation = OPERATION_SYNC}, CAUSE_BOARD_SILENT, "SYNC: no answer"},
    {{.kind = EVIDENCE_NO_ANSWER, .operation = OPERATION_READ_REGISTER},
     CAUSE_LINK_LOST,
     "reading a register: no answer"},
    {{.kind = EVIDENCE_NO_ANSWER, .operation = OPERATION_UPLOAD_STUB},
     CAUSE_LINK_LOST,
     "uploading the stub: no answer"},
    {{.kind = EVIDENCE_NO_ANSWER, .operation = OPERATION_AWAIT_GREETING, .name = "gangd 0.1.0"},
     CAUSE_STUB_SILENT,
     "gangd 0.1.0: no greeting"},
    {{.kind = EVIDENCE_NO_ANSWER, .operation = OPERATION_CHANGE_BAUD, .values = {921600}},
     CAUSE_BAUD_FAILED,
     "921600 baud: no answer"},
    {{.kind = EVIDENCE_NO_ANSWER, .operation = OPERATION_COMPARE}, CAUSE_LINK_LOST, "comparing: no answer"},
    {{.kind = EVIDENCE_NO_ANSWER, .operation = OPERATION_BEGIN_WRITE, .address = 0x1000},
     CAUSE_LINK_LOST,
     "beginning to write at 0x1000: no answer"},
    {{.kind = EVIDENCE_NO_ANSWER, .operation = OPERATION_WRITE_BLOCK, .address = 0x1000, .values = {3, 7}},
     CAUSE_LINK_LOST,
     "writing at 0x1000, block 3 of 7: no answer"},
    {{.kind = EVIDENCE_NO_ANSWER, .operation = OPERATION_END_WRITE},
     CAUSE_LINK_LOST,
     "ending to write at 0x0: no answer"},
    {{.kind = EVIDENCE_NO_ANSWER, .operation = OPERATION_VERIFY}, CAUSE_LINK_LOST, "verifying: no answer"},
    {{.kind = EVIDENCE_NO_ANSWER, .operation = OPERATION_FIND_CAPACITY},
     CAUSE_LINK_LOST,
     "looking for the flash's size: no answer"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_READ_REGISTER, .wire_error = 6},
     CAUSE_ROM_REFUSED,
     "reading a register: error 0x06"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_UPLOAD_STUB, .wire_error = 6},
     CAUSE_ROM_REFUSED,
     "uploading the stub: error 0x06"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_START_STUB, .wire_error = 6},
     CAUSE_ROM_REFUSED,
     "starting the stub: error 0x06"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_CHANGE_BAUD, .wire_error = 0xC3, .values = {460800}},
     CAUSE_BAUD_FAILED,
     "460800 baud: error 0xc3"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_WRITE_BLOCK, .wire_error = WIRE_ERR_UNLOCK, .values = {1, 2}},
     CAUSE_FLASH_PROTECTED,
     "writing at 0x0, block 1 of 2: error 0xc5"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_END_WRITE, .wire_error = WIRE_ERR_SLOW},
     CAUSE_FLASH_SLOW,
     "ending to write at 0x0: error 0xe0"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_BEGIN_WRITE, .wire_error = WIRE_ERR_SPI},
     CAUSE_WRITE_FAILED,
     "beginning to write at 0x0: error 0xc4"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_VERIFY, .wire_error = WIRE_ERR_UNLOCK},
     CAUSE_WRITE_FAILED,
     "verifying: error 0xc5"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_FIND_CAPACITY, .wire_error = WIRE_ERR_SPI},
     CAUSE_REPLY_MALFORMED,
     "looking for the flash's size: error 0xc4"},
    /* Refusals of what was damaged on its way. */
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_READ_REGISTER, .wire_error = 5},
     CAUSE_LINE_NOISE,
     "reading a register: damaged on the line, error 0x05"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_READ_REGISTER, .wire_error = WIRE_ERR_INVALID},
     CAUSE_LINE_NOISE,
     "reading a register: damaged on the line, error 0xc3"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_BEGIN_WRITE, .wire_error = WIRE_ERR_BLOCK_SIZE},
     CAUSE_LINE_NOISE,
     "beginning to write at 0x0: damaged on the line, error 0xc2"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_UPLOAD_STUB, .wire_error = 7},
     CAUSE_LINE_NOISE,
     "uploading the stub: damaged on the line, error 0x07"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_START_STUB, .wire_error = 5},
     CAUSE_LINE_NOISE,
     "starting the stub: damaged on the line, error 0x05"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_CHANGE_BAUD, .wire_error = WIRE_ERR_LENGTH, .values = {460800}},
     CAUSE_LINE_NOISE,
     "460800 baud: damaged on the line, error 0xc0"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_BEGIN_WRITE, .wire_error = WIRE_ERR_LENGTH},
     CAUSE_LINE_NOISE,
     "beginning to write at 0x0: damaged on the line, error 0xc0"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_WRITE_BLOCK, .wire_error = WIRE_ERR_CHECKSUM, .values = {1, 2}},
     CAUSE_LINE_NOISE,
     "writing at 0x0, block 1 of 2: damaged on the line, error 0xc1"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_WRITE_BLOCK, .wire_error = WIRE_ERR_INVALID, .values = {1, 2}},
     CAUSE_LINE_NOISE,
     "writing at 0x0, block 1 of 2: damaged on the line, error 0xc3"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_WRITE_BLOCK, .wire_error = WIRE_ERR_INFLATE, .values = {2, 2}},
     CAUSE_LINE_NOISE,
     "writing at 0x0, block 2 of 2: damaged on the line, error 0xc7"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_END_WRITE, .wire_error = WIRE_ERR_TOO_LITTLE},
     CAUSE_LINE_NOISE,
     "ending to write at 0x0: damaged on the line, error 0xc8"},
    {{.kind = EVIDENCE_REFUSED, .operation = OPERATION_VERIFY, .wire_error = WIRE_ERR_INVALID},
     CAUSE_LINE_NOISE,
     "verifying: damaged on the line, error 0xc3"},
    {{.kind = EVIDENCE_STRAY, .operation = OPERATION_VERIFY, .count = 49},
     CAUSE_BOARD_RESET,
     "verifying: 49 bytes came that are no answer"},
    {{.kind = EVIDENCE_MALFORMED, .operation = OPERATION_VERIFY, .count = 3}, CAUSE_REPLY_MALFORMED, "MD5 of 3 bytes"},
    /* The port, by errno. */
    {{.kind = EVIDENCE_PORT_ERROR, .operation = OPERATION_MODEM_LINES, .port_error = -EIO},
     CAUSE_UNPLUGGED,
     "modem lines: Input/output error"},
    {{.kind = EVIDENCE_PORT_ERROR, .operation = OPERATION_MODEM_LINES, .port_error = -ENODEV},
     CAUSE_UNPLUGGED,
     "modem lines: No such device"},
    {{.kind = EVIDENCE_PORT_ERROR, .operation = OPERATION_CHANGE_BAUD, .port_error = -ENXIO, .values = {921600}},
     CAUSE_UNPLUGGED,
     "921600 baud: No such device or address"},
    {{.kind = EVIDENCE_PORT_ERROR, .operation = OPERATION_SET_BAUD, .port_error = -ETIMEDOUT, .values = {74880}},
     CAUSE_ADAPTER_STUCK,
     "setting 74880 baud: Connection timed out"},
    {{.kind = EVIDENCE_PORT_ERROR, .operation = OPERATION_SET_BAUD, .port_error = -EINVAL, .values = {115200}},
     CAUSE_ADAPTER_ERROR,
     "setting 115200 baud: Invalid argument"},
    {{.kind = EVIDENCE_PORT_ERROR, .operation = OPERATION_CHANGE_BAUD, .port_error = -EINVAL, .values = {921600}},
     CAUSE_BAUD_FAILED,
     "921600 baud: the adapter cannot do it"},
    /* A board that does not answer SYNC. */
    {{.kind = EVIDENCE_SILENT, .operation = OPERATION_SYNC, .count = 5}, CAUSE_BOARD_SILENT, "5 resets, no byte"},
    {{.kind = EVIDENCE_NOISE, .operation = OPERATION_SYNC, .count = 12},
     CAUSE_LINE_NOISE,
     "12 bytes that make no sense"},
    {{.kind = EVIDENCE_BOOT_MODE, .operation = OPERATION_SYNC, .values = {1}},
     CAUSE_TX_OPEN,
     "boot mode 1, but no answer to SYNC"},
    {{.kind = EVIDENCE_BOOT_MODE, .operation = OPERATION_SYNC, .values = {1}, .count = 4},
     CAUSE_LINE_NOISE,
     "boot mode 1, and 4 bytes that make no sense in answer to SYNC"},
    {{.kind = EVIDENCE_BOOT_MODE, .operation = OPERATION_SYNC, .values = {3}, .count = 4},
     CAUSE_NOT_DOWNLOAD_MODE,
     "boot mode 3 instead of 1"},
    /* Chip and flash part. */
    {{.kind = EVIDENCE_DIFFERS, .operation = OPERATION_READ_REGISTER, .address = 0x3FF00050, .values = {1, 2}},
     CAUSE_LINE_NOISE,
     "register 0x3ff00050 reads as 0x00000001 and as 0x00000002"},
    {{.kind = EVIDENCE_DIFFERS, .operation = OPERATION_READ_FLASH_ID, .values = {0xEF4016, 0xEF4017}},
     CAUSE_LINE_NOISE,
     "the flash id reads as ef4016 and as ef4017"},
    {{.kind = EVIDENCE_STUB_DAMAGED, .operation = OPERATION_UPLOAD_STUB, .values = {1, 0xCBF43926}},
     CAUSE_LINE_NOISE,
     "the stub was damaged in its upload: CRC-32 00000001 instead of cbf43926"},
    {{.kind = EVIDENCE_WRONG_VALUE, .operation = OPERATION_READ_REGISTER, .values = {0x00F01D83}},
     CAUSE_WRONG_CHIP,
     "magic word 0x00f01d83"},
    {{.kind = EVIDENCE_WRONG_VALUE, .operation = OPERATION_CHANGE_BAUD, .values = {921600}},
     CAUSE_BAUD_FAILED,
     "921600 baud: a register reads wrong"},
    {{.kind = EVIDENCE_UNKNOWN_OUI, .operation = OPERATION_READ_REGISTER, .values = {1, 2, 3, 4}},
     CAUSE_UNKNOWN_OUI,
     "efuses 00000001 00000002 00000003 00000004"},
    {{.kind = EVIDENCE_OTHER_BOARD, .operation = OPERATION_READ_REGISTER, .values = {0x5CCF7F, 0xA1B2C4}},
     CAUSE_BOARD_REMOVED,
     "5ccf7fa1b2c4 came in its place"},
    {{.kind = EVIDENCE_SPI_UNFINISHED, .operation = OPERATION_READ_FLASH_ID},
     CAUSE_FLASH_ID_UNREADABLE,
     "the SPI controller does not finish"},
    {{.kind = EVIDENCE_FLASH_BUSY, .operation = OPERATION_READ_FLASH_ID},
     CAUSE_FLASH_SLOW,
     "still busy with what was begun before"},
    {{.kind = EVIDENCE_FLASH_ABSENT, .operation = OPERATION_READ_FLASH_ID, .values = {0xFFFFFF}},
     CAUSE_FLASH_ID_UNREADABLE,
     "id ffffff"},
    {{.kind = EVIDENCE_FLASH_SIZE_UNKNOWN, .operation = OPERATION_READ_FLASH_ID, .values = {0xEF4020}},
     CAUSE_FLASH_SIZE_UNKNOWN,
     "an unknown part (ef4020): set flash_part_size"},
    {{.kind = EVIDENCE_FLASH_WORD_PROGRAM, .operation = OPERATION_READ_FLASH_ID, .values = {0xBF254A}},
     CAUSE_FLASH_WORD_PROGRAM,
     "SST25VF032B (bf254a)"},
    {{.kind = EVIDENCE_FLASH_NOT_ACCEPTED, .operation = OPERATION_READ_FLASH_ID, .values = {0xC84016}},
     CAUSE_FLASH_NOT_ACCEPTED,
     "GD25Q32(B) (c84016) is not in flash_parts"},
    {{.kind = EVIDENCE_DIFFERS, .operation = OPERATION_READ_SFDP, .values = {0x50444653, 0x50444652}},
     CAUSE_LINE_NOISE,
     "a word of SFDP reads as 0x50444653 and as 0x50444652"},
    {{.kind = EVIDENCE_FLASH_TOO_SMALL, .operation = OPERATION_READ_FLASH_ID, .values = {0x100000, 0x200001}},
     CAUSE_FLASH_TOO_SMALL,
     "flash of 1024 KB, 2049 KB are needed"},
    {{.kind = EVIDENCE_FLASH_ALIASED, .operation = OPERATION_FIND_CAPACITY, .address = 0x40000, .values = {0x240000}},
     CAUSE_FLASH_SIZE_FALSE,
     "what is at 0x40000 is at 0x240000 too"},
    {{.kind = EVIDENCE_MISMATCH, .operation = OPERATION_VERIFY, .address = 0x10000, .name = "app.bin"},
     CAUSE_MD5_MISMATCH,
     "app.bin at 0x10000"},
    {{.kind = EVIDENCE_READ_UNSTABLE, .operation = OPERATION_VERIFY, .address = 0x10000, .name = "app.bin"},
     CAUSE_FLASH_READ_UNSTABLE,
     "app.bin at 0x10000"},
    {{.kind = EVIDENCE_NONE, .operation = OPERATION_NONE}, CAUSE_NONE, ""},
};
#define DIAGNOSES ((int)(sizeof(diagnoses) / sizeof(diagnoses[0])))

START_TEST(evidence_has_one_cause_and_detail)
{
    char detail[192];
    enum cause cause = diagnosis_cause(&diagnoses[_i].evidence);
    ck_assert_str_eq(cause_code(cause), cause_code(diagnoses[_i].cause));
    diagnosis_detail(&diagnoses[_i].evidence, detail, sizeof(detail));
    ck_assert_str_eq(detail, diagnoses[_i].detail);
}
END_TEST

START_TEST(each_kind_of_evidence_has_a_cause)
{
    bool seen[EVIDENCE_KIND_COUNT] = {false};
    for (int i = 0; i < DIAGNOSES; i++)
        seen[diagnoses[i].evidence.kind] = true;
    for (int kind = 0; kind < EVIDENCE_KIND_COUNT; kind++)
        ck_assert_msg(seen[kind], "kind %d is not in the table", kind);
}
END_TEST

/* A failure without a cause would be booked as a pass is. */
START_TEST(no_failure_is_without_a_cause)
{
    for (int kind = EVIDENCE_NONE + 1; kind < EVIDENCE_KIND_COUNT; kind++) {
        const struct evidence evidence = {.kind = (enum evidence_kind)kind, .operation = (enum operation)_i};
        bool request = kind == EVIDENCE_NO_ANSWER || kind == EVIDENCE_REFUSED;
        bool requested = _i != OPERATION_NONE && _i != OPERATION_SET_BAUD && _i != OPERATION_MODEM_LINES &&
                         (_i < OPERATION_READ_FLASH_ID || _i > OPERATION_READ_UNIQUE_ID);
        if (!request || requested)
            ck_assert_msg(diagnosis_cause(&evidence) != CAUSE_NONE, "kind %d, operation %d", kind, _i);
    }
}
END_TEST

START_TEST(a_long_detail_is_cut)
{
    char detail[8];
    diagnosis_detail(&(struct evidence){.kind = EVIDENCE_FLASH_BUSY}, detail, sizeof(detail));
    ck_assert_str_eq(detail, "still b");
}
END_TEST

/* The address is there whatever the length of the path, and no letter is cut. */
START_TEST(a_long_path_loses_its_beginning)
{
    char path[300], detail[192];
    path[0] = '/';
    for (size_t i = 1; i + 2 < sizeof(path); i += 2)
        memcpy(path + i, "\xC3\xBC", 3);
    struct evidence evidence = {.kind = EVIDENCE_MISMATCH, .address = 0x10000, .name = path};
    diagnosis_detail(&evidence, detail, sizeof(detail));
    ck_assert_int_eq(strncmp(detail, "\xC3\xBC\xC3\xBC", 4), 0);
    ck_assert_ptr_nonnull(strstr(detail, "\xC3\xBC at 0x10000"));
}
END_TEST

START_TEST(another_try_is_for_what_a_reset_may_change)
{
    ck_assert(diagnosis_worth_another_try(CAUSE_LINK_LOST));
    ck_assert(diagnosis_worth_another_try(CAUSE_BAUD_FAILED));
    ck_assert(!diagnosis_worth_another_try(CAUSE_WRONG_CHIP));
    ck_assert(!diagnosis_worth_another_try(CAUSE_FLASH_TOO_SMALL));
    ck_assert(!diagnosis_worth_another_try(CAUSE_FLASH_READ_UNSTABLE));
    ck_assert(!diagnosis_worth_another_try(CAUSE_BOARD_SILENT));
    ck_assert(!diagnosis_worth_another_try(CAUSE_UNPLUGGED));
}
END_TEST

START_TEST(a_lower_rate_is_for_what_the_rate_may_cause)
{
    ck_assert(diagnosis_suspects_rate(CAUSE_LINE_NOISE));
    ck_assert(diagnosis_suspects_rate(CAUSE_LINK_LOST));
    ck_assert(diagnosis_suspects_rate(CAUSE_BAUD_FAILED));
    ck_assert(!diagnosis_suspects_rate(CAUSE_MD5_MISMATCH));
    ck_assert(!diagnosis_suspects_rate(CAUSE_FLASH_SLOW));
    ck_assert(!diagnosis_suspects_rate(CAUSE_WRITE_FAILED));
    for (enum cause cause = 0; cause < CAUSE_COUNT; cause++)
        ck_assert(!diagnosis_suspects_rate(cause) || diagnosis_worth_another_try(cause));
}
END_TEST

START_TEST(every_cause_has_a_code_of_its_own_and_words)
{
    for (enum cause cause = 0; cause < CAUSE_COUNT; cause++) {
        ck_assert_int_eq(cause_from_code(cause_code(cause)), cause);
        if (cause != CAUSE_NONE) {
            ck_assert_uint_gt(strlen(cause_sentence(cause)), 10);
            ck_assert_uint_gt(strlen(cause_remedy(cause)), 10);
        }
    }
    ck_assert_int_eq(cause_from_code("no-such-thing"), CAUSE_COUNT);
}
END_TEST

/* Such a board runs its firmware, which may be silent. */
START_TEST(a_silent_board_may_have_no_reset_circuit)
{
    static const enum cause causes[] = {CAUSE_BOARD_SILENT, CAUSE_NO_BOARD, CAUSE_NOT_DOWNLOAD_MODE};
    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
        ck_assert_ptr_nonnull(strstr(cause_remedy(causes[i]), "reset = manual"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("diagnosis");
    TCase *tcase = tcase_create("diagnosis");
    tcase_add_loop_test(tcase, evidence_has_one_cause_and_detail, 0, DIAGNOSES);
    tcase_add_test(tcase, each_kind_of_evidence_has_a_cause);
    tcase_add_loop_test(tcase, no_failure_is_without_a_cause, 0, OPERATION_COUNT);
    tcase_add_test(tcase, a_long_detail_is_cut);
    tcase_add_test(tcase, a_long_path_loses_its_beginning);
    tcase_add_test(tcase, another_try_is_for_what_a_reset_may_change);
    tcase_add_test(tcase, a_lower_rate_is_for_what_the_rate_may_cause);
    tcase_add_test(tcase, a_silent_board_may_have_no_reset_circuit);
    tcase_add_test(tcase, every_cause_has_a_code_of_its_own_and_words);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
