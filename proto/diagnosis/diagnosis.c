/* SPDX-License-Identifier: MIT */
#include "proto/diagnosis/diagnosis.h"

#include "proto/chip/nor.h"
#include "proto/link/text.h"
#include "proto/step/connect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Bytes of a file's path in a detail. */
#define NAME_SHOWN 127

/* By operation: the cause when a request is refused, and when it is not answered. */
static const struct {
    enum cause refused, unanswered;
} requests[OPERATION_COUNT] = {
    [OPERATION_SYNC] = {CAUSE_ROM_REFUSED, CAUSE_BOARD_SILENT},
    [OPERATION_READ_REGISTER] = {CAUSE_ROM_REFUSED, CAUSE_LINK_LOST},
    [OPERATION_UPLOAD_STUB] = {CAUSE_ROM_REFUSED, CAUSE_LINK_LOST},
    [OPERATION_START_STUB] = {CAUSE_ROM_REFUSED, CAUSE_STUB_SILENT},
    [OPERATION_AWAIT_GREETING] = {CAUSE_STUB_SILENT, CAUSE_STUB_SILENT},
    [OPERATION_CHANGE_BAUD] = {CAUSE_BAUD_FAILED, CAUSE_BAUD_FAILED},
    [OPERATION_COMPARE] = {CAUSE_LINK_LOST, CAUSE_LINK_LOST},
    [OPERATION_BEGIN_WRITE] = {CAUSE_WRITE_FAILED, CAUSE_LINK_LOST},
    [OPERATION_WRITE_BLOCK] = {CAUSE_WRITE_FAILED, CAUSE_LINK_LOST},
    [OPERATION_END_WRITE] = {CAUSE_WRITE_FAILED, CAUSE_LINK_LOST},
    [OPERATION_STREAM] = {CAUSE_WRITE_FAILED, CAUSE_LINK_LOST},
    [OPERATION_VERIFY] = {CAUSE_WRITE_FAILED, CAUSE_LINK_LOST},
    [OPERATION_FIND_CAPACITY] = {CAUSE_REPLY_MALFORMED, CAUSE_LINK_LOST},
};

static bool is_write(enum operation operation)
{
    return operation == OPERATION_BEGIN_WRITE || operation == OPERATION_WRITE_BLOCK ||
           operation == OPERATION_END_WRITE || operation == OPERATION_STREAM;
}

/* The request did not arrive as it was sent, whether the chip has noticed it by a checksum or not: only data blocks
 * have one. The image deflates well, and gangd asks for no address that the chip does not have; it may ask for a baud
 * rate that a stub cannot do. */
static bool damaged_on_the_line(const struct evidence *evidence)
{
    switch (evidence->wire_error) {
    case WIRE_ERR_LENGTH:
    case WIRE_ERR_CHECKSUM:
    case WIRE_ROM_ERR_FORMAT:
    case WIRE_ROM_ERR_CHECKSUM: return true;
    case WIRE_ERR_BLOCK_SIZE:
    case WIRE_ERR_INVALID: return evidence->operation != OPERATION_CHANGE_BAUD;
    case WIRE_ERR_INFLATE:
    case WIRE_ERR_TOO_LITTLE:
    case WIRE_ERR_TOO_MUCH: return is_write(evidence->operation);
    default: return false;
    }
}

static enum cause cause_of_refusal(const struct evidence *evidence)
{
    if (damaged_on_the_line(evidence))
        return CAUSE_LINE_NOISE;
    if (is_write(evidence->operation) && evidence->wire_error == WIRE_ERR_UNLOCK)
        return CAUSE_FLASH_PROTECTED;
    if (is_write(evidence->operation) && evidence->wire_error == WIRE_ERR_SLOW)
        return CAUSE_FLASH_SLOW;
    return requests[evidence->operation].refused;
}

/* Every adapter does the loader's rate, and the boot log's. */
static bool is_raised_baud(const struct evidence *evidence)
{
    return evidence->operation == OPERATION_CHANGE_BAUD ||
           (evidence->operation == OPERATION_SET_BAUD && evidence->values[0] > LOADER_BAUD);
}

/* -EIO, -ENODEV, -ENXIO: just pulled, the hang-up follows within milliseconds. -ETIMEDOUT: the driver has waited in
 * vain; the CH340's does for a second, others for many. An adapter that cannot do a rate says so with -EINVAL or, read
 * back, -ERANGE: the next lower one may do. */
static enum cause cause_of_port_error(const struct evidence *evidence)
{
    switch (evidence->port_error) {
    case -EIO:
    case -ENODEV:
    case -ENXIO: return CAUSE_UNPLUGGED;
    case -ETIMEDOUT: return CAUSE_ADAPTER_STUCK;
    default: return is_raised_baud(evidence) ? CAUSE_BAUD_FAILED : CAUSE_ADAPTER_ERROR;
    }
}

/* By the M of the boot banner's "boot mode:(M,N)": 1 is download mode. */
static enum cause cause_of_boot_mode(const struct evidence *evidence)
{
    if (evidence->values[0] != 1)
        return CAUSE_NOT_DOWNLOAD_MODE;
    return evidence->count > 0 ? CAUSE_LINE_NOISE : CAUSE_TX_OPEN;
}

enum cause diagnosis_cause(const struct evidence *evidence)
{
    switch (evidence->kind) {
    case EVIDENCE_NO_ANSWER: return requests[evidence->operation].unanswered;
    case EVIDENCE_REFUSED: return cause_of_refusal(evidence);
    case EVIDENCE_STRAY: return CAUSE_BOARD_RESET;
    case EVIDENCE_PORT_ERROR: return cause_of_port_error(evidence);
    case EVIDENCE_MALFORMED: return CAUSE_REPLY_MALFORMED;
    case EVIDENCE_SILENT: return CAUSE_BOARD_SILENT;
    case EVIDENCE_NOISE: return CAUSE_LINE_NOISE;
    case EVIDENCE_BOOT_MODE: return cause_of_boot_mode(evidence);
    case EVIDENCE_STUB_DAMAGED:
    case EVIDENCE_DIFFERS: return CAUSE_LINE_NOISE;
    case EVIDENCE_WRONG_VALUE:
        return evidence->operation == OPERATION_CHANGE_BAUD ? CAUSE_BAUD_FAILED : CAUSE_WRONG_CHIP;
    case EVIDENCE_UNKNOWN_OUI: return CAUSE_UNKNOWN_OUI;
    case EVIDENCE_OTHER_BOARD: return CAUSE_BOARD_REMOVED;
    case EVIDENCE_SPI_UNFINISHED: return CAUSE_FLASH_ID_UNREADABLE;
    case EVIDENCE_FLASH_BUSY: return CAUSE_FLASH_SLOW;
    case EVIDENCE_FLASH_ABSENT: return CAUSE_FLASH_ID_UNREADABLE;
    case EVIDENCE_FLASH_NOT_ACCEPTED: return CAUSE_FLASH_NOT_ACCEPTED;
    case EVIDENCE_FLASH_WORD_PROGRAM: return CAUSE_FLASH_WORD_PROGRAM;
    case EVIDENCE_FLASH_SIZE_UNKNOWN: return CAUSE_FLASH_SIZE_UNKNOWN;
    case EVIDENCE_FLASH_TOO_SMALL: return CAUSE_FLASH_TOO_SMALL;
    case EVIDENCE_FLASH_ALIASED: return CAUSE_FLASH_SIZE_FALSE;
    case EVIDENCE_MISMATCH: return CAUSE_MD5_MISMATCH;
    case EVIDENCE_READ_UNSTABLE: return CAUSE_FLASH_READ_UNSTABLE;
    case EVIDENCE_NONE:
    case EVIDENCE_KIND_COUNT: break;
    }
    return CAUSE_NONE;
}

/* What was being done, in words. */
static void describe_operation(const struct evidence *evidence, char *words, size_t size)
{
    static const char *const plain[OPERATION_COUNT] = {
        [OPERATION_MODEM_LINES] = "modem lines",
        [OPERATION_SYNC] = "SYNC",
        [OPERATION_READ_REGISTER] = "reading a register",
        [OPERATION_UPLOAD_STUB] = "uploading the stub",
        [OPERATION_START_STUB] = "starting the stub",
        [OPERATION_READ_FLASH_ID] = "reading the flash id",
        [OPERATION_READ_SFDP] = "reading SFDP",
        [OPERATION_READ_UNIQUE_ID] = "reading the flash's unique id",
        [OPERATION_COMPARE] = "comparing",
        [OPERATION_VERIFY] = "verifying",
        [OPERATION_FIND_CAPACITY] = "looking for the flash's size",
    };
    const uint32_t *values = evidence->values;
    switch (evidence->operation) {
    case OPERATION_SET_BAUD: snprintf(words, size, "setting %u baud", values[0]); return;
    case OPERATION_CHANGE_BAUD: snprintf(words, size, "%u baud", values[0]); return;
    case OPERATION_AWAIT_GREETING: text_copy(words, size, evidence->name); return;
    case OPERATION_BEGIN_WRITE: snprintf(words, size, "beginning to write at 0x%x", evidence->address); return;
    case OPERATION_WRITE_BLOCK:
        snprintf(words, size, "writing at 0x%x, block %u of %u", evidence->address, values[0], values[1]);
        return;
    case OPERATION_STREAM: snprintf(words, size, "writing at 0x%x", evidence->address); return;
    case OPERATION_END_WRITE: snprintf(words, size, "ending to write at 0x%x", evidence->address); return;
    default: text_copy(words, size, plain[evidence->operation] ? plain[evidence->operation] : ""); return;
    }
}

/* Of what a request or an operation on the port came to. */
static void detail_of_request(const struct evidence *evidence, char *detail, size_t size)
{
    char words[80];
    describe_operation(evidence, words, sizeof(words));
    bool rate_refused = evidence->kind == EVIDENCE_PORT_ERROR && cause_of_port_error(evidence) == CAUSE_BAUD_FAILED;
    if (evidence->operation == OPERATION_AWAIT_GREETING)
        text_print(detail, size, "%s: no greeting", words);
    else if (evidence->kind == EVIDENCE_NO_ANSWER)
        text_print(detail, size, "%s: no answer", words);
    else if (evidence->kind == EVIDENCE_REFUSED && damaged_on_the_line(evidence))
        text_print(detail, size, "%s: damaged on the line, error 0x%02x", words, evidence->wire_error);
    else if (evidence->kind == EVIDENCE_REFUSED)
        text_print(detail, size, "%s: error 0x%02x", words, evidence->wire_error);
    else if (evidence->kind == EVIDENCE_STRAY)
        text_print(detail, size, "%s: %u bytes came that are no answer", words, (unsigned)evidence->count);
    else if (rate_refused)
        text_print(detail, size, "%s: the adapter cannot do it", words);
    else
        text_print(detail, size, "%s: %s", words, strerror(-evidence->port_error));
}

static void detail_of_silence(const struct evidence *evidence, char *detail, size_t size)
{
    unsigned mode = evidence->values[0];
    unsigned long long count = evidence->count;
    if (evidence->kind == EVIDENCE_SILENT)
        snprintf(detail, size, "%llu resets, no byte", count);
    else if (evidence->kind == EVIDENCE_NOISE)
        snprintf(detail, size, "%llu bytes that make no sense", count);
    else if (mode != 1)
        snprintf(detail, size, "boot mode %u instead of 1", mode);
    else if (count > 0)
        snprintf(detail, size, "boot mode 1, and %llu bytes that make no sense in answer to SYNC", count);
    else
        snprintf(detail, size, "boot mode 1, but no answer to SYNC");
}

static void detail_of_difference(const struct evidence *evidence, char *detail, size_t size)
{
    const uint32_t *values = evidence->values;
    if (evidence->operation == OPERATION_READ_FLASH_ID)
        snprintf(detail, size, "the flash id reads as %06x and as %06x", values[0], values[1]);
    else if (evidence->operation == OPERATION_READ_SFDP)
        snprintf(detail, size, "a word of SFDP reads as 0x%08x and as 0x%08x", values[0], values[1]);
    else
        snprintf(detail, size, "register 0x%08x reads as 0x%08x and as 0x%08x", evidence->address, values[0],
                 values[1]);
}

static void detail_of_wrong_value(const struct evidence *evidence, char *detail, size_t size)
{
    if (evidence->operation == OPERATION_CHANGE_BAUD)
        snprintf(detail, size, "%u baud: a register reads wrong", evidence->values[0]);
    else
        snprintf(detail, size, "magic word 0x%08x", evidence->values[0]);
}

static void detail_of_part(const struct evidence *evidence, char *detail, size_t size)
{
    char name[NOR_NAME_SIZE];
    nor_name(evidence->values[0], name);
    text_copy(detail, size, name);
    if (evidence->kind == EVIDENCE_FLASH_NOT_ACCEPTED)
        text_print(detail, size, "%s is not in flash_parts", name);
    if (evidence->kind == EVIDENCE_FLASH_SIZE_UNKNOWN)
        text_print(detail, size, "%s: set flash_part_size", name);
}

/* Of a long path the end tells more, and the address is needed in any case. */
static void detail_of_mismatch(const struct evidence *evidence, char *detail, size_t size)
{
    text_print(detail, size, "%s at 0x%x", text_tail(evidence->name, NAME_SHOWN), evidence->address);
}

void diagnosis_detail(const struct evidence *evidence, char *detail, size_t size)
{
    const uint32_t *values = evidence->values;
    switch (evidence->kind) {
    case EVIDENCE_NO_ANSWER:
    case EVIDENCE_REFUSED:
    case EVIDENCE_STRAY:
    case EVIDENCE_PORT_ERROR: detail_of_request(evidence, detail, size); return;
    case EVIDENCE_SILENT:
    case EVIDENCE_NOISE:
    case EVIDENCE_BOOT_MODE: detail_of_silence(evidence, detail, size); return;
    case EVIDENCE_DIFFERS: detail_of_difference(evidence, detail, size); return;
    case EVIDENCE_STUB_DAMAGED:
        snprintf(detail, size, "the stub was damaged in its upload: CRC-32 %08x instead of %08x", values[0], values[1]);
        return;
    case EVIDENCE_WRONG_VALUE: detail_of_wrong_value(evidence, detail, size); return;
    case EVIDENCE_MALFORMED: snprintf(detail, size, "MD5 of %llu bytes", (unsigned long long)evidence->count); return;
    case EVIDENCE_UNKNOWN_OUI:
        snprintf(detail, size, "efuses %08x %08x %08x %08x", values[0], values[1], values[2], values[3]);
        return;
    case EVIDENCE_OTHER_BOARD: snprintf(detail, size, "%06x%06x came in its place", values[0], values[1]); return;
    case EVIDENCE_SPI_UNFINISHED: snprintf(detail, size, "the SPI controller does not finish"); return;
    case EVIDENCE_FLASH_BUSY: snprintf(detail, size, "still busy with what was begun before"); return;
    case EVIDENCE_FLASH_ABSENT: snprintf(detail, size, "id %06x", values[0]); return;
    case EVIDENCE_FLASH_NOT_ACCEPTED:
    case EVIDENCE_FLASH_WORD_PROGRAM:
    case EVIDENCE_FLASH_SIZE_UNKNOWN: detail_of_part(evidence, detail, size); return;
    case EVIDENCE_FLASH_TOO_SMALL:
        snprintf(detail, size, "flash of %u KB, %u KB are needed", values[0] / 1024, (values[1] + 1023) / 1024);
        return;
    case EVIDENCE_FLASH_ALIASED:
        snprintf(detail, size, "what is at 0x%x is at 0x%x too", evidence->address, values[0]);
        return;
    case EVIDENCE_READ_UNSTABLE:
    case EVIDENCE_MISMATCH: detail_of_mismatch(evidence, detail, size); return;
    case EVIDENCE_NONE:
    case EVIDENCE_KIND_COUNT: text_copy(detail, size, ""); return;
    }
}

bool diagnosis_worth_another_try(enum cause cause)
{
    switch (cause) {
    case CAUSE_LINE_NOISE:
    case CAUSE_ROM_REFUSED:
    case CAUSE_STUB_SILENT:
    case CAUSE_BAUD_FAILED:
    case CAUSE_LINK_LOST:
    case CAUSE_BOARD_RESET:
    case CAUSE_FLASH_SLOW:
    case CAUSE_WRITE_FAILED:
    case CAUSE_MD5_MISMATCH:
    case CAUSE_REPLY_MALFORMED:
    case CAUSE_FLASH_ID_UNREADABLE: return true;
    default: return false;
    }
}

bool diagnosis_suspects_rate(enum cause cause)
{
    switch (cause) {
    case CAUSE_LINE_NOISE:
    case CAUSE_BAUD_FAILED:
    case CAUSE_LINK_LOST:
    case CAUSE_BOARD_RESET:
    case CAUSE_REPLY_MALFORMED: return true;
    default: return false;
    }
}
