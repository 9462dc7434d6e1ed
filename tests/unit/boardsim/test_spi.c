/* SPDX-License-Identifier: MIT */
/* The SPI controller by its registers, with a flash part behind it. */
#include <check.h>
#include <string.h>

#include "tests/runner.h"
#include "tools/boardsim/board/flash/nor.h"
#include "tools/boardsim/board/flash/spi.h"
#include "tools/boardsim/board/observer/observer.h"

#define MHZ 52u
#define BIT 4u /* cycles: 13 MHz */

static struct spi spi;
static uint64_t now;

static void make(const char *part)
{
    const struct nor_config config = {.part = nor_find(part), .seed = 1, .mhz = MHZ};

    nor_free(spi.nor);
    memset(&spi, 0, sizeof spi);
    spi.nor = nor_new(&config);
    ck_assert_ptr_nonnull(spi.nor);
    nor_power(spi.nor, 0, true);
    spi_reset(&spi);
    spi.attached = true;
    now = 1000;
}

static void setup(void)
{
    make("W25Q32");
    for (unsigned i = 0; i < 256; i++)
        nor_bytes(spi.nor)[0x123400 + i] = (uint8_t)i;
}

static void teardown(void)
{
    nor_free(spi.nor);
    spi.nor = NULL;
}

static void set(uint32_t offset, uint32_t value)
{
    spi_store(&spi, now, offset, value);
}

static uint32_t get(uint32_t offset)
{
    return spi_load(&spi, now, offset);
}

/* Runs a command to its end; returns its clocks. */
static unsigned run(uint32_t bit)
{
    uint64_t begun = now;

    set(SPI_CMD, bit);
    ck_assert_uint_eq(get(SPI_CMD), bit);
    now = spi.done - 1;
    ck_assert_uint_eq(get(SPI_CMD), bit);
    now = spi.done;
    ck_assert_uint_eq(get(SPI_CMD), 0);
    return (unsigned)(now - begun) / spi_bit_cycles(&spi);
}

static void wait_ready(void)
{
    if (now < nor_ready(spi.nor))
        now = nor_ready(spi.nor);
}

/* A raw command of n bits out of W0 and m bits into it. */
static unsigned raw(uint8_t opcode, unsigned out, unsigned in)
{
    set(SPI_USR, SPI_USR_COMMAND | (out ? SPI_USR_MOSI : 0) | (in ? SPI_USR_MISO : 0));
    set(SPI_USR1, (out ? (out - 1) << 17 : 0) | (in ? (in - 1) << 8 : 0));
    set(SPI_USR2, 7u << 28 | opcode);
    return run(SPI_CMD_USR);
}

static uint8_t status(void)
{
    raw(0x05, 0, 8);
    return (uint8_t)get(SPI_W0);
}

START_TEST(canned_reads)
{
    set(SPI_ADDR, 0x123402 | 8u << 24);
    ck_assert_uint_eq(run(SPI_CMD_READ), 8 + 24 + 64);
    ck_assert_uint_eq(get(SPI_W0), 0x05040302);
    ck_assert_uint_eq(get(SPI_W0 + 4), 0x09080706);
    ck_assert_uint_eq(get(SPI_W0 + 8), 0);
    ck_assert_uint_eq(run(SPI_CMD_RDID), 8 + 24);
    ck_assert_uint_eq(get(SPI_W0), 0x1640ef);
    run(SPI_CMD_WREN);
    ck_assert_uint_eq(run(SPI_CMD_RDSR), 16);
    ck_assert_uint_eq(get(SPI_RD_STATUS), 0x02);
    run(SPI_CMD_WRDI);
    run(SPI_CMD_RDSR);
    ck_assert_uint_eq(get(SPI_RD_STATUS), 0x00);
}
END_TEST

START_TEST(canned_writes)
{
    uint8_t *flash = nor_bytes(spi.nor);

    run(SPI_CMD_WREN);
    set(SPI_W0, 0x44332211);
    set(SPI_ADDR, 0x200010 | 3u << 24);
    ck_assert_uint_eq(run(SPI_CMD_PP), 8 + 24 + 24);
    wait_ready();
    ck_assert_mem_eq(flash + 0x200010, "\x11\x22\x33\xff", 4);

    static const struct {
        uint32_t bit, size;
    } erases[] = {{SPI_CMD_SE, 4096}, {SPI_CMD_BE, 65536}, {SPI_CMD_CE, 4 << 20}};

    for (size_t i = 0; i < sizeof erases / sizeof *erases; i++) {
        uint32_t base = 0x210000 & ~(erases[i].size - 1);

        memset(flash, 0, 4 << 20);
        run(SPI_CMD_WREN);
        set(SPI_ADDR, 0x210010);
        ck_assert_uint_eq(run(erases[i].bit), erases[i].bit == SPI_CMD_CE ? 8 : 32);
        wait_ready();
        for (uint32_t at = 0; at < 4 << 20; at++)
            if ((flash[at] == 0xff) != (at - base < erases[i].size))
                ck_abort_msg("erase of %u bytes: byte 0x%x", erases[i].size, at);
    }
}
END_TEST

START_TEST(canned_status_writes)
{
    run(SPI_CMD_WREN);
    set(SPI_RD_STATUS, 0x0204);
    ck_assert_uint_eq(run(SPI_CMD_WRSR), 16);
    wait_ready();
    ck_assert_uint_eq(nor_lasting_status(spi.nor), 0x0004);
    run(SPI_CMD_WREN);
    set(SPI_CTRL, SPI_CTRL_STATUS_16);
    set(SPI_RD_STATUS, 0x0208);
    ck_assert_uint_eq(run(SPI_CMD_WRSR), 24);
    wait_ready();
    ck_assert_uint_eq(nor_lasting_status(spi.nor), 0x0208);
}
END_TEST

START_TEST(canned_sleep)
{
    run(SPI_CMD_DP);
    run(SPI_CMD_RDID);
    ck_assert_uint_eq(get(SPI_W0), 0xffffff);
    run(SPI_CMD_RES);
    run(SPI_CMD_RDID);
    ck_assert_uint_eq(get(SPI_W0), 0x1640ef);
}
END_TEST

/* As flashers ask for the id and the status registers. */
START_TEST(raw_commands)
{
    ck_assert_uint_eq(raw(0x9f, 0, 24), 32);
    ck_assert_uint_eq(get(SPI_W0) & 0xffffff, 0x1640ef);
    ck_assert_uint_eq(raw(0x06, 0, 0), 8);
    ck_assert_uint_eq(status(), 0x02);
    set(SPI_W0, 0x0204);
    ck_assert_uint_eq(raw(0x01, 16, 0), 24);
    wait_ready();
    ck_assert_uint_eq(nor_lasting_status(spi.nor), 0x0204);
    raw(0x35, 0, 8);
    ck_assert_uint_eq(get(SPI_W0) & 0xff, 0x02);
}
END_TEST

static unsigned raw_read(uint8_t opcode, unsigned dummy, unsigned bytes)
{
    set(SPI_USR,
        SPI_USR_COMMAND | SPI_USR_ADDRESS | SPI_USR_MISO | (dummy ? SPI_USR_DUMMY : 0) | (get(SPI_USR) & 0xfffffff));
    set(SPI_USR1, 23u << 26 | (bytes * 8 - 1) << 8 | (dummy ? dummy - 1 : 0));
    set(SPI_USR2, 7u << 28 | opcode);
    set(SPI_ADDR, 0x123410u << 8); /* leaves from the top */
    return run(SPI_CMD_USR);
}

START_TEST(raw_reads_with_address_and_dummies)
{
    ck_assert_uint_eq(raw_read(0x03, 0, 4), 8 + 24 + 32);
    ck_assert_uint_eq(get(SPI_W0), 0x13121110);
    set(SPI_W0, 0);
    ck_assert_uint_eq(raw_read(0x0b, 8, 4), 8 + 24 + 8 + 32);
    ck_assert_uint_eq(get(SPI_W0), 0x13121110);
    ck_assert_uint_eq(raw_read(0x03, 0, 64), 8 + 24 + 512);
    ck_assert_uint_eq(get(SPI_W0 + 60), 0x4f4e4d4c);
}
END_TEST

START_TEST(bytes_and_bits_in_the_order_that_is_set)
{
    set(SPI_USR, SPI_USR_READ_BIG);
    raw_read(0x03, 0, 4);
    ck_assert_uint_eq(get(SPI_W0), 0x10111213);
    set(SPI_USR, 0);
    set(SPI_CTRL, SPI_CTRL_READ_LSB);
    raw_read(0x03, 0, 4);
    ck_assert_uint_eq(get(SPI_W0), 0xc8488808);
    set(SPI_CTRL, 0);
    set(SPI_USR, SPI_USR_MISO_HIGH);
    set(SPI_W0, 0);
    raw_read(0x03, 0, 4);
    ck_assert_uint_eq(get(SPI_W0), 0);
    ck_assert_uint_eq(get(SPI_W0 + 32), 0x13121110);

    static const struct {
        uint32_t usr, ctrl;
        uint8_t written;
    } ways[] = {
        {0, 0, 0x44}, {SPI_USR_WRITE_BIG, 0, 0x11}, {0, SPI_CTRL_WRITE_LSB, 0x22}, {SPI_USR_MOSI_HIGH, 0, 0x99}};

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        run(SPI_CMD_WREN);
        set(SPI_CTRL, ways[i].ctrl);
        set(SPI_USR, SPI_USR_COMMAND | SPI_USR_ADDRESS | SPI_USR_MOSI | ways[i].usr);
        set(SPI_USR1, 23u << 26 | 7u << 17);
        set(SPI_USR2, 7u << 28 | 0x02);
        set(SPI_ADDR, (uint32_t)i << 8);
        set(SPI_W0, 0x11223344);
        set(SPI_W0 + 32, 0x99);
        run(SPI_CMD_USR);
        wait_ready();
        ck_assert_uint_eq(nor_bytes(spi.nor)[i], ways[i].written);
    }
}
END_TEST

static const struct {
    uint32_t ctrl;
    unsigned clocks; /* of 32 bytes */
    bool wants_qe;
} modes[] = {
    {0, 8 + 24 + 256, false},
    {SPI_CTRL_FAST, 8 + 24 + 8 + 256, false},
    {SPI_CTRL_FAST | SPI_CTRL_DOUT, 8 + 24 + 8 + 128, false},
    {SPI_CTRL_FAST | SPI_CTRL_DIO, 8 + 12 + 4 + 128, false},
    {SPI_CTRL_FAST | SPI_CTRL_QOUT, 8 + 24 + 8 + 64, true},
    {SPI_CTRL_FAST | SPI_CTRL_QIO, 8 + 6 + 6 + 64, true},
};

START_TEST(read_modes_take_their_clocks)
{
    uint8_t line[32];
    uint64_t begun;

    set(SPI_CTRL, modes[_i].ctrl);
    set(SPI_ADDR, 0x123400 | 32u << 24);
    ck_assert_uint_eq(run(SPI_CMD_READ), modes[_i].clocks);
    ck_assert_uint_eq(get(SPI_W0), modes[_i].wants_qe ? 0 : 0x03020100);
    set(SPI_CTRL, 0);
    run(SPI_CMD_WREN);
    set(SPI_W0, 0x0200);
    raw(0x01, 16, 0);
    wait_ready();
    set(SPI_CTRL, modes[_i].ctrl);
    set(SPI_ADDR, 0x123400 | 32u << 24);
    run(SPI_CMD_READ);
    ck_assert_uint_eq(get(SPI_W0), 0x03020100);
    begun = now;
    ck_assert_uint_eq(spi_fetch(&spi, now, 0x123400, line, sizeof line), begun + modes[_i].clocks * BIT);
    ck_assert_mem_eq(line, nor_bytes(spi.nor) + 0x123400, sizeof line);
}
END_TEST

/* The free form reads by as many pins as CTRL says, and the part must mean the same. */
START_TEST(raw_reads_by_more_pins)
{
    set(SPI_CTRL, SPI_CTRL_DOUT);
    ck_assert_uint_eq(raw_read(0x3b, 8, 4), 8 + 24 + 8 + 16);
    ck_assert_uint_eq(get(SPI_W0), 0x13121110);
    set(SPI_CTRL, SPI_CTRL_DIO);
    ck_assert_uint_eq(raw_read(0xbb, 4, 4), 8 + 12 + 4 + 16);
    ck_assert_uint_eq(get(SPI_W0), 0x13121110);
    raw_read(0x03, 0, 4);
    ck_assert_uint_eq(get(SPI_W0), 0xffffffff);
    set(SPI_CTRL, 0);
    raw_read(0x3b, 8, 4);
    ck_assert_uint_eq(get(SPI_W0), 0xffffffff);
}
END_TEST

START_TEST(the_divider_counts)
{
    static const struct {
        uint32_t clock;
        unsigned cycles;
    } dividers[] = {{1u << 31, 1}, {0x00003043, 4}, {0x00001001, 2}, {2u << 18 | 9u << 12, 30}};

    for (size_t i = 0; i < sizeof dividers / sizeof *dividers; i++) {
        uint64_t begun = now;

        set(SPI_CLOCK, dividers[i].clock);
        ck_assert_uint_eq(spi_bit_cycles(&spi), dividers[i].cycles);
        run(SPI_CMD_RDSR);
        ck_assert_uint_eq(now - begun, 16 * dividers[i].cycles);
    }
}
END_TEST

START_TEST(without_pins_nothing_answers_but_time_passes)
{
    spi.attached = false;
    ck_assert_uint_eq(run(SPI_CMD_RDID), 32);
    ck_assert_uint_eq(get(SPI_W0), 0xffffff);
    run(SPI_CMD_WREN);
    set(SPI_ADDR, 0x123000);
    run(SPI_CMD_SE);
    ck_assert_uint_eq(nor_bytes(spi.nor)[0x123400], 0);
    ck_assert_uint_eq(nor_stats(spi.nor)->erases, 0);
}
END_TEST

START_TEST(a_command_while_one_runs_is_lost)
{
    set(SPI_CMD, SPI_CMD_RDSR);
    set(SPI_CMD, SPI_CMD_WREN);
    ck_assert_uint_eq(get(SPI_CMD), SPI_CMD_RDSR);
    now = spi.done;
    ck_assert_uint_eq(status(), 0);
}
END_TEST

/* So that a loop which polls a busy part costs the host nothing. */
START_TEST(a_poll_with_the_same_answer_changes_nothing)
{
    run(SPI_CMD_WREN);
    set(SPI_ADDR, 0);
    run(SPI_CMD_SE);
    ck_assert(!spi_store(&spi, now, SPI_CMD, SPI_CMD_RDSR));
    now = spi.done;
    ck_assert(spi_store(&spi, now, SPI_CMD, SPI_CMD_RDSR));
    now = spi.done;
    wait_ready();
    ck_assert(!spi_store(&spi, now, SPI_CMD, SPI_CMD_RDSR));
}
END_TEST

START_TEST(reset_forgets_all_but_the_part)
{
    struct nor *nor = spi.nor;

    set(SPI_CTRL, SPI_CTRL_QIO);
    set(SPI_CLOCK, 1u << 31);
    spi_reset(&spi);
    ck_assert_ptr_eq(spi.nor, nor);
    ck_assert(!spi.attached);
    ck_assert_uint_eq(get(SPI_CTRL), 0);
    ck_assert_uint_eq(spi_bit_cycles(&spi), BIT);
}
END_TEST

static struct {
    unsigned count;
    enum board_activity activity;
    uint64_t from, to;
} seen;

static void on_busy(void *data, enum board_activity activity, uint64_t from, uint64_t to)
{
    ck_assert_ptr_eq(data, &seen);
    seen.count++;
    seen.activity = activity;
    seen.from = from;
    seen.to = to;
}

static void expect_activity(uint32_t command, enum board_activity activity)
{
    uint64_t began = now;
    unsigned before = seen.count;

    run(command);
    wait_ready();
    ck_assert_uint_eq(seen.count, before + 1);
    ck_assert_int_eq(seen.activity, activity);
    ck_assert_uint_eq(seen.from, began);
    ck_assert_uint_eq(seen.to, now);
}

START_TEST(an_observer_sees_what_the_part_is_busy_with)
{
    static const struct observer observer = {on_busy, &seen};

    memset(&seen, 0, sizeof seen);
    spi.observer = &observer;
    spi_reset(&spi);
    spi.attached = true;
    set(SPI_ADDR, 0x123400 | 8u << 24);
    run(SPI_CMD_SE);
    run(SPI_CMD_PP);
    run(SPI_CMD_RDID);
    run(SPI_CMD_WREN);
    ck_assert_uint_eq(seen.count, 0);
    expect_activity(SPI_CMD_PP, BOARD_ACTIVITY_PROGRAM);
    run(SPI_CMD_WREN);
    expect_activity(SPI_CMD_SE, BOARD_ACTIVITY_ERASE);
    expect_activity(SPI_CMD_READ, BOARD_ACTIVITY_READ);
    run(SPI_CMD_WREN);
    run(SPI_CMD_WRSR);
    ck_assert_uint_eq(seen.count, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spi");
    TCase *tc = tcase_create("controller");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, canned_reads);
    tcase_add_test(tc, canned_writes);
    tcase_add_test(tc, canned_status_writes);
    tcase_add_test(tc, canned_sleep);
    tcase_add_test(tc, raw_commands);
    tcase_add_test(tc, raw_reads_with_address_and_dummies);
    tcase_add_test(tc, bytes_and_bits_in_the_order_that_is_set);
    tcase_add_loop_test(tc, read_modes_take_their_clocks, 0, sizeof modes / sizeof *modes);
    tcase_add_test(tc, raw_reads_by_more_pins);
    tcase_add_test(tc, the_divider_counts);
    tcase_add_test(tc, without_pins_nothing_answers_but_time_passes);
    tcase_add_test(tc, a_command_while_one_runs_is_lost);
    tcase_add_test(tc, a_poll_with_the_same_answer_changes_nothing);
    tcase_add_test(tc, reset_forgets_all_but_the_part);
    tcase_add_test(tc, an_observer_sees_what_the_part_is_busy_with);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
