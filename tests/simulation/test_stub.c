/* SPDX-License-Identifier: MIT */
/* The stub on the virtual board, in virtual time. READ_FLASH is in test_stub_read.c. */
#include "proto/image/stub_image.h"
#include "tests/runner.h"
#include "tests/simulation/stub_host.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define NAME "gangd " GANGD_VERSION

static uint32_t told_crc(void)
{
    ck_assert_uint_eq(host_ask(WIRE_STUB_INFO, "", 0), 0);
    ck_assert_uint_eq(host.reply.n, sizeof(NAME) + 4);
    return host_word(host.reply.data + sizeof(NAME));
}

static uint32_t crc_of_image(void)
{
    struct stub_image *stub = stub_image_builtin();
    uLong crc = 0;
    for (size_t i = 0; i < stub->n_segments; i++)
        crc = crc32(crc, stub->segments[i].bytes, stub->segments[i].size);
    stub_image_free(stub);
    return (uint32_t)crc;
}

START_TEST(test_info)
{
    ck_assert_uint_eq(told_crc(), crc_of_image());
    ck_assert_uint_eq(host.reply.value, WIRE_CAN_RESEND | WIRE_TELLS_ADDRESS | WIRE_CAN_STREAM |
                                            WIRE_CAN_DIGEST_SECTORS | WIRE_TELLS_CRC);
    ck_assert_mem_eq(host.reply.data, NAME, sizeof(NAME));
    host_write_deflated(0x1000, 65536);
    ck_assert_uint_eq(told_crc(), crc_of_image());
}
END_TEST

static void flip_bit(uint32_t address)
{
    ck_assert_uint_eq(host_ask_words(WIRE_READ_REG, 1, address, 0, 0, 0), 0);
    ck_assert_uint_eq(host_ask_words(WIRE_WRITE_REG, 4, address, host.reply.value ^ 0x100, 0xffffffff, 0), 0);
}

/* At the beginning of the code, which has run, and at the end of the constants. */
START_TEST(test_damage_in_ram_is_told)
{
    struct stub_image *stub = stub_image_builtin();
    const struct stub_segment *code = &stub->segments[0], *constants = &stub->segments[1];
    const uint32_t damaged[] = {code->address, constants->address + constants->size - 4};
    stub_image_free(stub);
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        flip_bit(damaged[i]);
        ck_assert_uint_ne(told_crc(), crc_of_image());
        flip_bit(damaged[i]);
        ck_assert_uint_eq(told_crc(), crc_of_image());
    }
}
END_TEST

START_TEST(test_sync)
{
    ck_assert_uint_eq(host_ask(WIRE_SYNC, "\7\7\x12\x20", 4), 0);
    for (unsigned i = 1; i < 8; i++)
        ck_assert_uint_eq(host_take_reply(WIRE_SYNC, SECOND), 0);
    ck_assert_uint_eq(host.reply.value, 0);
    ck_assert_uint_eq(host_take_reply(WIRE_SYNC, SECOND), NO_REPLY);
}
END_TEST

START_TEST(test_bad_requests)
{
    ck_assert_uint_eq(host_ask((enum wire_op)0x77, "", 0), WIRE_ERR_UNIMPLEMENTED);
    ck_assert_uint_eq(host_ask(WIRE_READ_REG, "12", 2), WIRE_ERR_LENGTH);
    ck_assert_uint_eq(host_ask_words(WIRE_READ_REG, 1, 0x60000001, 0, 0, 0), WIRE_ERR_INVALID);
    ck_assert_uint_eq(host_block(WIRE_FLASH_DATA, 0, host.data, 64), WIRE_ERR_NOT_FLASHING);
    ck_assert_uint_eq(host_end(WIRE_FLASH_END), WIRE_ERR_NOT_FLASHING);
    ck_assert_uint_eq(host_ask_words(WIRE_FLASH_BEGIN, 4, 4096, 1, BLOCK + 1, 0), WIRE_ERR_BLOCK_SIZE);
    ck_assert_uint_eq(host_ask_words(WIRE_FLASH_BEGIN, 4, 4097, 1, BLOCK, PART_SIZE - 4096), WIRE_ERR_INVALID);
    ck_assert_uint_eq(host_ask_words(WIRE_SPI_FLASH_MD5, 4, PART_SIZE, 1, 0, 0), WIRE_ERR_INVALID);
    ck_assert_uint_eq(host_ask_words(WIRE_READ_FLASH, 4, 0, 100, 0, 1), WIRE_ERR_BLOCK_SIZE);
    ck_assert_uint_eq(host_ask_words(WIRE_ERASE_REGION, 2, 0x1000, 0x1001, 0, 0), WIRE_ERR_INVALID);
    ck_assert_uint_eq(host_ask_words(WIRE_CHANGE_BAUDRATE, 2, 0, 115200, 0, 0), WIRE_ERR_INVALID);
    ck_assert_uint_eq(host_ask_words(WIRE_CHANGE_BAUDRATE, 2, 20000000, 115200, 0, 0), WIRE_ERR_INVALID);
    ck_assert_uint_eq(host_ask_words(WIRE_MEM_BEGIN, 4, 64, 1, 64, 0x4010c000), WIRE_ERR_INVALID);
    /* A frame that is not a request, a truncated one, noise: no reply, and the next request is answered. */
    host_send_frame((const uint8_t *)"\1\x0a\4\0abcdefgh", 12);
    host_send_frame((const uint8_t *)"\0\x0a\4", 3);
    board_send(host.board, host.baud, (const uint8_t *)"noise\xdb", 6);
    ck_assert_uint_eq(host_ask(WIRE_STUB_INFO, "", 0), 0);
    ck_assert_mem_eq(host_flash(), host.before, PART_SIZE);
}
END_TEST

START_TEST(test_registers_and_memory)
{
    ck_assert_uint_eq(host_ask_words(WIRE_READ_REG, 1, 0x40001000, 0, 0, 0), 0);
    ck_assert_uint_eq(host.reply.value, 0xfff0c101);
    const uint32_t at = 0x3fffb000; /* free DRAM */
    ck_assert_uint_eq(host_ask_words(WIRE_WRITE_REG, 4, at, 0x12345678, 0xffffffff, 0), 0);
    ck_assert_uint_eq(host_ask_words(WIRE_WRITE_REG, 4, at, 0xffffffff, 0x00ff0000, 10), 0);
    ck_assert_uint_eq(host_ask_words(WIRE_READ_REG, 1, at, 0, 0, 0), 0);
    ck_assert_uint_eq(host.reply.value, 0x12ff5678);

    ck_assert_uint_eq(host_ask_words(WIRE_MEM_BEGIN, 4, 1024, 1, 512, at), 0);
    ck_assert_uint_eq(host_block(WIRE_MEM_DATA, 0, host.data, 512), 0);
    ck_assert_uint_eq(host_ask_words(WIRE_MEM_END, 2, 1, 0, 0, 0), WIRE_ERR_TOO_LITTLE);
    ck_assert_uint_eq(host_block(WIRE_MEM_DATA, 1, host.data + 512, 512), 0);
    ck_assert_uint_eq(host_block(WIRE_MEM_DATA, 2, host.data, 4), WIRE_ERR_TOO_MUCH);
    ck_assert_uint_eq(host_ask_words(WIRE_MEM_END, 2, 1, 0, 0, 0), 0);
    for (uint32_t i = 0; i < 1024; i += 128) {
        ck_assert_uint_eq(host_ask_words(WIRE_READ_REG, 1, at + i, 0, 0, 0), 0);
        ck_assert_uint_eq(host.reply.value, host_word(host.data + i));
    }
}
END_TEST

static const struct {
    uint32_t baud, offset, size;
} writes[] = {
    {115200, 0, 65536},       {921600, 0x1000, DATA_SIZE},    {921600, 0x1f000, 100001},
    {2000000, 0, DATA_SIZE},  {2000000, 0x3c0000, DATA_SIZE}, {2000000, 0x12345, 77777},
    {460800, 0x10000, 65537},
};

START_TEST(test_deflated_write)
{
    if (writes[_i].baud != host.baud)
        host_change_baud(writes[_i].baud);
    host_write_deflated(writes[_i].offset, writes[_i].size);
    host_check_flash(host.data, writes[_i].offset, writes[_i].size);
    host_check_md5(host.data, writes[_i].offset, writes[_i].size);
}
END_TEST

/* Every byte needs an escape, which makes the block as long as possible on the wire, while the previous one is
 * written. */
START_TEST(test_plain_write_all_escaped)
{
    host_change_baud(2000000);
    memset(host.data, SLIP_END, 8 * BLOCK);
    ck_assert_uint_eq(host_ask_words(WIRE_FLASH_BEGIN, 4, 8 * BLOCK, 8, BLOCK, 0x8000), 0);
    ck_assert_uint_eq(host_blocks(WIRE_FLASH_DATA, host.data, 8 * BLOCK, BLOCK), 0);
    ck_assert_uint_eq(host_end(WIRE_FLASH_END), 0);
    host_check_flash(host.data, 0x8000, 8 * BLOCK);
}
END_TEST

/* esptool sends a fifth word to a stub: whether the data is to be encrypted, which no ESP8266 can do. */
START_TEST(test_begin_with_a_fifth_word)
{
    static const enum wire_op begins[] = {WIRE_FLASH_BEGIN, WIRE_FLASH_DEFL_BEGIN};
    uint8_t words[24] = {0};
    host_put_word(words + 4, 1);
    host_put_word(words + 8, BLOCK);
    host_put_word(words, 4096);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_uint_eq(host_ask(begins[i], words, 20), 0);
        ck_assert_uint_eq(host_end(WIRE_FLASH_END), WIRE_ERR_TOO_LITTLE);
        ck_assert_uint_eq(host_ask(begins[i], words, 15), WIRE_ERR_LENGTH);
        ck_assert_uint_eq(host_ask(begins[i], words, 17), WIRE_ERR_LENGTH);
        ck_assert_uint_eq(host_ask(begins[i], words, 24), WIRE_ERR_LENGTH);
        words[16] = 1;
        ck_assert_uint_eq(host_ask(begins[i], words, 20), WIRE_ERR_INVALID);
        words[16] = 0;
    }
    memset(host.data, 0x5a, 4096);
    ck_assert_uint_eq(host_ask(WIRE_FLASH_BEGIN, words, 20), 0);
    ck_assert_uint_eq(host_block(WIRE_FLASH_DATA, 0, host.data, 4096), 0);
    ck_assert_uint_eq(host_end(WIRE_FLASH_END), 0);
    host_check_flash(host.data, 0, 4096);
}
END_TEST

/* Plain data with padding, ended in the older way, by a new empty job. */
START_TEST(test_padded_plain_write)
{
    host_change_baud(921600);
    memset(host.data + 50000, 0xff, 4 * BLOCK - 50000);
    ck_assert_uint_eq(host_ask_words(WIRE_FLASH_BEGIN, 4, 50000, 4, BLOCK, 0x1000), 0);
    ck_assert_uint_eq(host_blocks(WIRE_FLASH_DATA, host.data, 4 * BLOCK, BLOCK), 0);
    ck_assert_uint_eq(host_ask_words(WIRE_READ_REG, 1, 0x40001000, 0, 0, 0), 0);
    host_check_flash(host.data, 0x1000, 50000);
    ck_assert_uint_eq(host_ask_words(WIRE_FLASH_BEGIN, 4, 0, 0, BLOCK, 0), 0);
    ck_assert_uint_eq(host_end(WIRE_FLASH_DEFL_END), 0);
    host_check_flash(host.data, 0x1000, 50000);
}
END_TEST

START_TEST(test_resend)
{
    host_change_baud(921600);
    host_pack(DATA_SIZE);
    ck_assert_uint_gt(host.n_packed, 3 * BLOCK);
    ck_assert_uint_eq(host_defl_begin(0, DATA_SIZE), 0);
    ck_assert_uint_eq(host_block(WIRE_FLASH_DEFL_DATA, 1, host.packed + BLOCK, BLOCK), WIRE_ERR_INVALID);
    ck_assert_uint_eq(host_block(WIRE_FLASH_DEFL_DATA, UINT32_MAX, host.packed, BLOCK), WIRE_ERR_INVALID);
    for (size_t at = 0, i = 0; at < host.n_packed; at += BLOCK, i++) {
        size_t n = host.n_packed - at < BLOCK ? host.n_packed - at : BLOCK;
        /* Damaged, then right, then twice more. */
        host_send_block(WIRE_FLASH_DEFL_DATA, (uint32_t)i, host.packed + at, n, 0x40);
        ck_assert_uint_eq(host_take_reply(WIRE_FLASH_DEFL_DATA, 10 * SECOND), WIRE_ERR_CHECKSUM);
        for (unsigned times = 0; times < 3; times++) {
            ck_assert_uint_eq(host_block(WIRE_FLASH_DEFL_DATA, (uint32_t)i, host.packed + at, n), 0);
            ck_assert_uint_eq(host.reply.value, i);
        }
    }
    ck_assert_uint_eq(host_end(WIRE_FLASH_DEFL_END), 0);
    ck_assert_uint_eq(host_end(WIRE_FLASH_DEFL_END), 0);
    host_check_flash(host.data, 0, DATA_SIZE);
}
END_TEST

START_TEST(test_cut_frame)
{
    uint8_t half[100] = {WIRE_REQUEST, WIRE_FLASH_DEFL_DATA, 0, 0x40};
    host_pack(DATA_SIZE);
    ck_assert_uint_eq(host_defl_begin(0, DATA_SIZE), 0);
    host_put_word(half + WIRE_HEADER_SIZE + 4, 5);
    host_send_frame(half, sizeof(half));
    ck_assert_uint_eq(host_take_reply(WIRE_FLASH_DEFL_DATA, SECOND), WIRE_ERR_LENGTH);
    ck_assert_uint_eq(host.reply.value, 5);
    ck_assert_uint_eq(host_block(WIRE_FLASH_DEFL_DATA, 0, host.packed, BLOCK), 0);
}
END_TEST

START_TEST(test_truncated_data)
{
    host_change_baud(921600);
    host_pack(65536);
    ck_assert_uint_eq(host_defl_begin(0, 65536), 0);
    ck_assert_uint_eq(host_blocks(WIRE_FLASH_DEFL_DATA, host.packed, host.n_packed - 1, BLOCK), 0);
    ck_assert_uint_eq(host_end(WIRE_FLASH_DEFL_END), WIRE_ERR_TOO_LITTLE);
    ck_assert_uint_eq(host_ask_words(WIRE_FLASH_BEGIN, 4, 2 * BLOCK, 2, BLOCK, 0), 0);
    ck_assert_uint_eq(host_blocks(WIRE_FLASH_DATA, host.data, BLOCK, BLOCK), 0);
    ck_assert_uint_eq(host_end(WIRE_FLASH_END), WIRE_ERR_TOO_LITTLE);
}
END_TEST

START_TEST(test_corrupt_data)
{
    host_change_baud(921600);
    host_pack(DATA_SIZE);
    host.packed[host.n_packed / 4] ^= 4;
    host.packed[host.n_packed / 4 + 1] ^= 0x20;
    ck_assert_uint_eq(host_defl_begin(0, DATA_SIZE), 0);
    unsigned error = host_blocks(WIRE_FLASH_DEFL_DATA, host.packed, host.n_packed, BLOCK);
    unsigned final = host_end(WIRE_FLASH_DEFL_END);
    ck_assert(final == WIRE_ERR_INFLATE || final == WIRE_ERR_TOO_LITTLE || final == WIRE_ERR_TOO_MUCH);
    ck_assert(error == 0 || error == final);
    /* Invalid from the start; the reply to every block reports it. */
    ck_assert_uint_eq(host_defl_begin(0, DATA_SIZE), 0);
    ck_assert_uint_eq(host_block(WIRE_FLASH_DEFL_DATA, 0, host.data, BLOCK), 0);
    for (uint32_t i = 1; i < 4; i++) {
        ck_assert_uint_eq(host_block(WIRE_FLASH_DEFL_DATA, i, host.data, BLOCK), WIRE_ERR_INFLATE);
        ck_assert_uint_eq(host.reply.value, i);
    }
    ck_assert_uint_eq(host_end(WIRE_FLASH_DEFL_END), WIRE_ERR_INFLATE);
    /* Only the checksum at the end is wrong. */
    host_pack(DATA_SIZE);
    host.packed[host.n_packed - 1] ^= 1;
    ck_assert_uint_eq(host_defl_begin(0, DATA_SIZE), 0);
    ck_assert_uint_eq(host_blocks(WIRE_FLASH_DEFL_DATA, host.packed, host.n_packed, BLOCK), 0);
    ck_assert_uint_eq(host_end(WIRE_FLASH_DEFL_END), WIRE_ERR_INFLATE);
    /* A new job is not affected. */
    host_write_deflated(0, DATA_SIZE);
    host_check_flash(host.data, 0, DATA_SIZE);
}
END_TEST

START_TEST(test_erase)
{
    host_change_baud(921600);
    ck_assert_uint_eq(host_ask_words(WIRE_ERASE_REGION, 2, 0xf000, 0x22000, 0, 0), 0);
    memset(host.data, 0xff, 0x22000);
    host_check_flash(host.data, 0xf000, 0x22000);
    ck_assert_uint_eq(host_ask(WIRE_ERASE_FLASH, "", 0), 0);
    memset(host.before, 0xff, PART_SIZE);
    ck_assert_mem_eq(host_flash(), host.before, PART_SIZE);
}
END_TEST

/* The ROM's FLASH_END leaves the part protected. Here a write to SR1 through registers has the same effect. */
START_TEST(test_protected_flash)
{
    static const uint32_t writes_to_spi[][2] = {
        {0x60000200, 1u << 30},            /* write enable */
        {0x6000021c, 1u << 31 | 1u << 27}, /* a command with host.data */
        {0x60000220, 15u << 17},           /* of 16 bits */
        {0x60000224, 7u << 28 | 0x01},     /* write the status registers */
        {0x60000240, 0x021c},              /* BP0 to BP2, and QE */
        {0x60000200, 1u << 18},
    };
    for (size_t i = 0; i < sizeof(writes_to_spi) / sizeof(writes_to_spi[0]); i++)
        ck_assert_uint_eq(host_ask_words(WIRE_WRITE_REG, 4, writes_to_spi[i][0], writes_to_spi[i][1], 0xffffffff, 0),
                          0);
    host_run_for(100 * MS);
    ck_assert_uint_eq(host_ask_words(WIRE_WRITE_REG, 4, 0x60000200, 1u << 27, 0xffffffff, 0), 0);
    ck_assert_uint_eq(host_ask_words(WIRE_READ_REG, 1, 0x60000210, 0, 0, 0), 0);
    ck_assert_uint_eq(host.reply.value & 0xff, 0x1c);

    host_write_deflated(0, 65536);
    host_check_flash(host.data, 0, 65536);
    /* QE is still there. */
    ck_assert_uint_eq(host_ask_words(WIRE_WRITE_REG, 4, 0x6000021c, 1u << 31 | 1u << 28, 0xffffffff, 0), 0);
    ck_assert_uint_eq(host_ask_words(WIRE_WRITE_REG, 4, 0x60000220, 7u << 8, 0xffffffff, 0), 0);
    ck_assert_uint_eq(host_ask_words(WIRE_WRITE_REG, 4, 0x60000224, 7u << 28 | 0x35, 0xffffffff, 0), 0);
    ck_assert_uint_eq(host_ask_words(WIRE_WRITE_REG, 4, 0x60000200, 1u << 18, 0xffffffff, 0), 0);
    ck_assert_uint_eq(host_ask_words(WIRE_READ_REG, 1, 0x60000240, 0, 0, 0), 0);
    ck_assert_uint_eq(host.reply.value & 0xff, 0x02);
}
END_TEST

START_TEST(test_slower_than_it_may_be)
{
    board_free(host.board);
    const struct board_config config = {.seed = 1, .mac = {0x18, 0xfe, 0x34, 1, 2, 3}, .faults = {.flash.slow = 100}};
    host_begin_with(&config);
    host_change_baud(921600);
    ck_assert_uint_eq(host_ask_words(WIRE_ERASE_REGION, 2, 0, 0x1000, 0, 0), WIRE_ERR_SLOW);
    host_run_for(30 * SECOND);
    host_pack(65536);
    ck_assert_uint_eq(host_defl_begin(0, 65536), 0);
    host_blocks(WIRE_FLASH_DEFL_DATA, host.packed, host.n_packed, BLOCK);
    ck_assert_uint_eq(host_end(WIRE_FLASH_DEFL_END), WIRE_ERR_SLOW);
}
END_TEST

START_TEST(test_reboot)
{
    uint64_t boots = board_stats(host.board)->boots;
    ck_assert_uint_eq(host_ask_words(WIRE_FLASH_BEGIN, 4, 0, 0, BLOCK, 0), 0);
    ck_assert_uint_eq(host_ask_words(WIRE_FLASH_END, 1, 0, 0, 0, 0), 0);
    host_run_for(SECOND);
    ck_assert_uint_gt(board_stats(host.board)->boots, boots);
}
END_TEST

/* With another crystal the divider differs; the stub does not know the crystal's frequency. */
START_TEST(test_40_mhz_crystal)
{
    board_free(host.board);
    const struct board_config config = {.seed = 2, .mac = {0xac, 0xd0, 0x74, 1, 2, 3}, .crystal_mhz = 40};
    host_begin_with(&config);
    host_change_baud(921600);
    host_write_deflated(0x1000, 65536);
    host_check_flash(host.data, 0x1000, 65536);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stub on the board");
    TCase *cases = tcase_create("stub");
    tcase_set_timeout(cases, 300);
    tcase_add_checked_fixture(cases, host_setup, host_teardown);
    tcase_add_test(cases, test_info);
    tcase_add_test(cases, test_damage_in_ram_is_told);
    tcase_add_test(cases, test_sync);
    tcase_add_test(cases, test_bad_requests);
    tcase_add_test(cases, test_registers_and_memory);
    tcase_add_loop_test(cases, test_deflated_write, 0, (int)(sizeof(writes) / sizeof(writes[0])));
    tcase_add_test(cases, test_plain_write_all_escaped);
    tcase_add_test(cases, test_begin_with_a_fifth_word);
    tcase_add_test(cases, test_padded_plain_write);
    tcase_add_test(cases, test_resend);
    tcase_add_test(cases, test_cut_frame);
    tcase_add_test(cases, test_truncated_data);
    tcase_add_test(cases, test_corrupt_data);
    tcase_add_test(cases, test_erase);
    tcase_add_test(cases, test_protected_flash);
    tcase_add_test(cases, test_slower_than_it_may_be);
    tcase_add_test(cases, test_reboot);
    tcase_add_test(cases, test_40_mhz_crystal);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
