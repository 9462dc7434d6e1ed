/* SPDX-License-Identifier: MIT */
/* Texts that do not fit are cut between two letters, and nothing else is changed. */
#include "proto/link/text.h"
#include "tests/runner.h"

#include <stdint.h>
#include <string.h>

/* Letters of 1 to 4 bytes. */
static const char letters[] = "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x94\xA7z";

/* Where a letter of `letters` begins or the text ends, from the end of the buffer back. */
static size_t whole_letters(size_t room)
{
    static const size_t ends[] = {0, 1, 3, 6, 10, 11};
    size_t fits = 0;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        fits = ends[i] <= room ? ends[i] : fits;
    return fits;
}

START_TEST(a_cut_is_between_two_letters)
{
    for (size_t size = 1; size <= sizeof(letters) + 1; size++) {
        char copied[16], printed[16];
        size_t len = whole_letters(size - 1);
        memset(copied, '#', sizeof(copied));
        text_copy(copied, size, letters);
        ck_assert_uint_eq(strlen(copied), len);
        ck_assert_int_eq(memcmp(copied, letters, len), 0);
        ck_assert_int_eq(copied[size], '#');
        text_print(printed, size, "%c%s", letters[0], letters + 1);
        ck_assert_str_eq(printed, copied);
    }
}
END_TEST

START_TEST(a_buffer_of_no_bytes_is_left_alone)
{
    char byte = '#';
    text_copy(&byte, 0, letters);
    text_print(&byte, 0, "%s", letters);
    ck_assert_int_eq(byte, '#');
}
END_TEST

/* A path may hold any bytes; only what is cut off is missing. */
START_TEST(bytes_that_are_no_letters_are_kept)
{
    char text[8];
    text_copy(text, sizeof(text), "\xFF\xBC\xBC\xBC\xC3");
    ck_assert_str_eq(text, "\xFF\xBC\xBC\xBC\xC3");
    text_copy(text, 4, "\xBC\xBC\xBC\xBC\xBC");
    ck_assert_str_eq(text, "\xBC\xBC\xBC");
    text_copy(text, 5, "\xC3\xBC\xBC\xBC\xBC");
    ck_assert_str_eq(text, "\xC3\xBC\xBC\xBC");
}
END_TEST

START_TEST(a_tail_begins_with_a_whole_letter)
{
    ck_assert_str_eq(text_tail(letters, 100), letters);
    ck_assert_str_eq(text_tail(letters, 11), letters);
    ck_assert_str_eq(text_tail(letters, 9), letters + 3);
    ck_assert_str_eq(text_tail(letters, 4), "z");
    ck_assert_str_eq(text_tail(letters, 0), "");
    ck_assert_str_eq(text_tail("\xBC", 1), "\xBC");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text");
    TCase *tcase = tcase_create("text");
    tcase_add_test(tcase, a_cut_is_between_two_letters);
    tcase_add_test(tcase, a_buffer_of_no_bytes_is_left_alone);
    tcase_add_test(tcase, bytes_that_are_no_letters_are_kept);
    tcase_add_test(tcase, a_tail_begins_with_a_whole_letter);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
