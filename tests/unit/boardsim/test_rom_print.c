/* SPDX-License-Identifier: MIT */
/* The ROM's printf and what belongs to it, called by code on the CPU. */
#include "tests/runner.h"
#include "tests/unit/boardsim/board_talk.h"

#define BLOCK   0x3ffe8000u
#define STACK   (BLOCK + 0x400) /* and arguments on it, upwards */
#define TEXTS   (BLOCK + 0x800)
#define POINTER (BLOCK + 0xbfc) /* of the program's own put function: its last letter */

#define ETS_PRINTF        0x400024ccu
#define ETS_VPRINTF       0x40001f00u
#define ETS_PUTC          0x40002be8u
#define ETS_WRITE_CHAR    0x40001da0u
#define ETS_MEMSET        0x400018a4u
#define ETS_MEMCPY        0x400018b4u
#define ETS_BZERO         0x40002ae8u
#define ETS_INSTALL_PUTC1 0x4000242cu

/* Calls the function at word 6 of the block with words 0 to 5 in a2 to a7 and word 7 as stack; leaves a2 and a1 in
 * words 8 and 9, and sleeps.
 *
 * block: .word 0x3ffe8000; .word 0; entry: l32r a12, block; l32i.n a0, a12, 24; l32i.n a1, a12, 28; l32i.n a2, a12, 0
 * … l32i.n a7, a12, 20; callx0 a0; s32i.n a2, a12, 32; s32i.n a1, a12, 36; sleep: waiti 0; j sleep
 *
 * pointer: .word 0x3ffe8bfc; put: l32r a8, pointer; l32i.n a9, a8, 0; addi.n a9, a9, 1; s8i a2, a9, 0; s32i.n a9, a8,
 * 0; ret.n */
static const uint8_t code[] = {0x00, 0x80, 0xfe, 0x3f, 0x00, 0x00, 0x00, 0x00, 0xc1, 0xfe, 0xff, 0x08, 0x6c, 0x18, 0x7c,
                               0x28, 0x0c, 0x38, 0x1c, 0x48, 0x2c, 0x58, 0x3c, 0x68, 0x4c, 0x78, 0x5c, 0xc0, 0x00, 0x00,
                               0x29, 0x8c, 0x19, 0x9c, 0x00, 0x70, 0x00, 0x46, 0xfe, 0xff, 0xfc, 0x8b, 0xfe, 0x3f, 0x81,
                               0xff, 0xff, 0x98, 0x08, 0x1b, 0x99, 0x22, 0x49, 0x00, 0x99, 0x08, 0x0d, 0xf0};

#define CODE  0x40100000u
#define ENTRY (CODE + 8)
#define PUT   (CODE + 0x2c)

static const struct board_config plain = {.seed = 1, .mac = {0x18, 0xfe, 0x34, 0x01, 0x02, 0x03}};

static struct {
    uint32_t arguments[6], function, stack, result, stack_after, unused[0x100 - 10];
    uint32_t on_stack[0x100];
    char texts[0x3fc];
    uint32_t pointer;
    uint8_t letters[0x400];
} block;

static uint32_t texts_used;

static void setup(void)
{
    plug(&plain);
    connect_at(115200);
    memset(&block, 0, sizeof block);
    block.stack = STACK;
    block.pointer = BLOCK + 0xbff;
    texts_used = 0;
}

static void teardown(void)
{
    unplug();
}

/* Where the text will be for the code. */
static uint32_t text(const char *letters)
{
    uint32_t at = texts_used;

    ck_assert_uint_lt(at + strlen(letters), sizeof block.texts);
    memcpy(block.texts + at, letters, strlen(letters) + 1);
    texts_used += (uint32_t)strlen(letters) + 1;
    return TEXTS + at;
}

static void put_memory(uint32_t address, const void *bytes, uint32_t n)
{
    const uint32_t begin[4] = {n, 1, 0x1800, address};

    must(ask(0x05, begin, sizeof begin));
    must(ask_data(0x07, 0, bytes, n, 0));
}

static void call(uint32_t function)
{
    block.function = function;
    put_memory(BLOCK, &block, sizeof block);
    upload(CODE, code, sizeof code, ENTRY); /* leaves in `heard` what has come behind the last answer */
    pass(200 * MS);
}

static uint32_t word_at(uint32_t address)
{
    struct loader_reply reply = ask(0x0a, &address, sizeof address);

    must(reply);
    return reply.value;
}

/* The code came back from the function, with the stack as it was. Resets the board. */
static void returned(uint32_t value)
{
    ck_assert_ptr_null(board_stats(board)->exception);
    connect_at(115200);
    ck_assert_uint_eq(word_at(BLOCK + 36), STACK);
    ck_assert_uint_eq(word_at(BLOCK + 32), value);
}

static const struct {
    const char *format, *string;
    uint32_t argument;
    const char *printed;
} prints[] = {
    {"hello\n", NULL, 0, "hello\r\n"},
    {"a\r\nb", NULL, 0, "a\r\nb"},
    {"", NULL, 0, ""},
    {"%d|", NULL, (uint32_t)-5, "-5|"},
    {"%i|", NULL, 0x80000000, "-2147483648|"},
    {"%u|", NULL, (uint32_t)-5, "4294967291|"},
    {"%x|", NULL, 0xabc, "abc|"},
    {"%X|", NULL, 0xabc, "ABC|"},
    {"%08x|", NULL, 0xabc, "00000abc|"},
    {"%8x|", NULL, 0xabc, "     abc|"},
    {"%-8x|", NULL, 0xabc, "abc     |"},
    {"%05d|", NULL, (uint32_t)-42, "-0042|"},
    {"%2d|", NULL, 12345, "12345|"},
    {"%lu|", NULL, 7, "7|"},
    {"%o|", NULL, 8, "10|"},
    {"%p|", NULL, 0x3ffe8000, "3ffe8000|"},
    {"%c|", NULL, 'x', "x|"},
    {"100%%|", NULL, 0, "100%|"},
    {"%s|", "text", 0, "text|"},
    {"%s|", "", 0, "|"},
    {"%s|", NULL, 0, "<null>|"},
    {"%6s|", "text", 0, "  text|"},
    {"%-6s|", "text", 0, "text  |"},
    {"%.2s|", "text", 0, "te|"},
    {"%06s|", "text", 0, "  text|"},
    {"%k|", NULL, 0, "%k|"},
    {"50%", NULL, 0, "50%"},
};

START_TEST(printf_prints)
{
    block.arguments[0] = text(prints[_i].format);
    block.arguments[1] = prints[_i].string ? text(prints[_i].string) : prints[_i].argument;
    call(ETS_PRINTF);
    ck_assert_str_eq((const char *)heard, prints[_i].printed);
}
END_TEST

/* Five arguments are in registers. One of 64 bits begins at an even register. */
START_TEST(arguments_come_from_registers_and_the_stack)
{
    const uint32_t in_registers[6] = {text("%d %d %llx %d %d %d %llx %s\n"), 1, 2, 0, 0x89abcdef, 0x01234567};
    const uint32_t on_stack[6] = {3, 4, 5, 0, 0x9, 0x8};

    memcpy(block.arguments, in_registers, sizeof in_registers);
    memcpy(block.on_stack, on_stack, sizeof on_stack);
    block.on_stack[6] = text("end");
    call(ETS_PRINTF);
    ck_assert_str_eq((const char *)heard, "1 2 123456789abcdef 3 4 5 800000009 end\r\n");
    returned(40);
}
END_TEST

START_TEST(a_long_text_waits_for_the_fifo)
{
    char line[401];

    memset(line, 'x', 400);
    line[400] = '\0';
    block.arguments[0] = text("%s\n");
    block.arguments[1] = text(line);
    call(ETS_PRINTF);
    ck_assert_uint_eq(heard_size, 402);
    returned(401);
}
END_TEST

START_TEST(vprintf_prints_by_the_function_given)
{
    const uint32_t arguments[5] = {PUT, text("%d-%s\n"), BLOCK + 0x440 - 32, BLOCK + 0x420, 0};

    block.on_stack[8] = 42;
    block.on_stack[9] = text("x");
    memcpy(block.arguments, arguments, sizeof arguments);
    call(ETS_VPRINTF);
    ck_assert_uint_eq(heard_size, 0);
    returned(5);
    ck_assert_uint_eq(word_at(BLOCK + 0xc00), 0x782d3234); /* 42-x */
    ck_assert_uint_eq(word_at(BLOCK + 0xc04) & 0xff, '\n');
}
END_TEST

START_TEST(letters_are_put)
{
    block.arguments[0] = '\n';
    call(ETS_PUTC);
    ck_assert_str_eq((const char *)heard, "\n");
    connect_at(115200);
    call(ETS_WRITE_CHAR);
    ck_assert_str_eq((const char *)heard, "\r\n");
}
END_TEST

/* As on the chip, where a byte can be read from DRAM only. */
START_TEST(a_format_must_be_in_dram)
{
    block.arguments[0] = CODE;
    call(ETS_PRINTF);
    ck_assert_str_eq(board_stats(board)->exception, "ets_printf from 0x4010001e: bad memory at 0x40100000");
}
END_TEST

START_TEST(a_string_must_be_in_dram)
{
    block.arguments[0] = text("%s");
    block.arguments[1] = 0x40200000;
    call(ETS_PRINTF);
    ck_assert_str_eq(board_stats(board)->exception, "ets_printf from 0x4010001e: bad memory at 0x40200000");
}
END_TEST

START_TEST(memory_functions)
{
    const uint32_t set[3] = {TEXTS, 0x55, 5}, zero[2] = {TEXTS + 1, 2}, copy[3] = {TEXTS + 8, TEXTS, 4};

    memcpy(block.arguments, set, sizeof set);
    call(ETS_MEMSET);
    returned(TEXTS);
    ck_assert_uint_eq(word_at(TEXTS), 0x55555555);
    ck_assert_uint_eq(word_at(TEXTS + 4), 0x55);
    memcpy(block.arguments, zero, sizeof zero);
    memset(block.texts, 0x55, 4);
    call(ETS_BZERO);
    connect_at(115200);
    ck_assert_uint_eq(word_at(TEXTS), 0x55000055);
    memcpy(block.arguments, copy, sizeof copy);
    memcpy(block.texts, "abcd", 4);
    call(ETS_MEMCPY);
    returned(TEXTS + 8);
    ck_assert_uint_eq(word_at(TEXTS + 8), 0x64636261);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *suite = suite_create("rom_print");
    TCase *print = tcase_create("print"), *memory = tcase_create("memory");

    tcase_add_checked_fixture(print, setup, teardown);
    tcase_add_loop_test(print, printf_prints, 0, COUNT(prints));
    tcase_add_test(print, arguments_come_from_registers_and_the_stack);
    tcase_add_test(print, a_long_text_waits_for_the_fifo);
    tcase_add_test(print, vprintf_prints_by_the_function_given);
    tcase_add_test(print, letters_are_put);
    tcase_add_test(print, a_format_must_be_in_dram);
    tcase_add_test(print, a_string_must_be_in_dram);
    suite_add_tcase(suite, print);

    tcase_add_checked_fixture(memory, setup, teardown);
    tcase_add_test(memory, memory_functions);
    suite_add_tcase(suite, memory);
    return run_suite(suite);
}
