/* SPDX-License-Identifier: MIT */
/*
 * The table of flash parts: that it is sound, and that docs/flash-parts.md shows it. With the argument "write" the
 * program writes it there: `make docs/flash-parts.md`.
 */
#include "proto/chip/nor.h"
#include "tests/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE  "docs/flash-parts.md"
#define BEGIN "<!-- The tables: changed in proto/chip/nor_parts.c, written here by \"make docs/flash-parts.md\". -->\n"
#define END   "<!-- End of the tables. -->\n"

static const char *or_dash(const char *text)
{
    return text && text[0] ? text : "–";
}

static void print_bits_of(FILE *out, unsigned number, unsigned bits)
{
    unsigned first = 0, last = 7;
    while (!(bits >> first & 1))
        first++;
    while (!(bits >> last & 1))
        last--;
    fprintf(out, "SR%u ", number);
    for (unsigned i = first; i <= last; i++)
        if (bits >> i & 1)
            fprintf(out, i == first ? "%u" : ",%u", i);
}

/* "SR1 2,3,4": no family has such bits in two registers. */
static void print_bits(FILE *out, uint32_t bits)
{
    for (unsigned i = 0; i < 3; i++)
        if (bits >> 8 * i & 0xFF)
            print_bits_of(out, i + 1, bits >> 8 * i & 0xFF);
    fputs(bits ? " | " : "– | ", out);
}

static void print_number(FILE *out, const char *format, unsigned number)
{
    if (number == 0)
        fputs("– | ", out);
    else
        fprintf(out, format, number);
}

static void print_modes(FILE *out, unsigned modes)
{
    static const char *const words[] = {"DOUT", "DIO", "QOUT", "QIO"};
    for (unsigned i = 0; i < 4; i++)
        if (modes >> i & 1)
            fprintf(out, "%s ", words[i]);
    fputs(modes ? "| " : "– | ", out);
}

static void print_family(FILE *out, const struct nor_family *family)
{
    static const char *const write[] = {"–", "SR1", "SR1 SR2"}, *const reads_35h[] = {"–", "reads SR2", "enters quad"};
    fprintf(out, "| %s | ", family->name);
    print_number(out, "%u | ", family->registers);
    fprintf(out, "%s | %s | ", write[family->write], reads_35h[family->reads_35h]);
    print_bits(out, family->quad);
    print_bits(out, family->protect);
    print_bits(out, family->bottom);
    print_bits(out, family->sectors);
    print_bits(out, family->invert);
    print_bits(out, family->locks);
    print_number(out, "%02xh | ", family->unlock);
    print_modes(out, family->modes);
    print_number(out, "%u | ", family->unique);
    print_number(out, "%u ms | ", family->longest.page);
    print_number(out, "%u ms | ", family->longest.sector);
    print_number(out, "%u ms | ", family->longest.block);
    fprintf(out, "%s |\n", or_dash(family->note));
}

static bool first_of_its_family(size_t row)
{
    size_t i = 0;
    while (nor_rows[i].family != nor_rows[row].family)
        i++;
    return i == row;
}

static void print_families(FILE *out)
{
    fputs(
        "| family | registers | 01h takes | 35h | QE | BP | TB | SEC | CMP | WPS | unlock | starts by | unique id, "
        "bytes | page | 4 KB | 64 KB | note |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        out);
    for (size_t i = 0; i < nor_rows_count; i++)
        if (first_of_its_family(i) && nor_rows[i].family->name[0])
            print_family(out, nor_rows[i].family);
}

static void print_row(FILE *out, const struct nor_row *row)
{
    static const char *const supply[] = {"–", "3", "1.8", "3 or 1.8", "1.8 to 3"};
    char id[NOR_ID_TEXT_SIZE];
    nor_id_text(row->id, id);
    fprintf(out, "| %s | %s | %u | %s | %s | %s | %s | %s |\n", id, row->names, (unsigned)row->size / 1024,
            supply[row->supply], or_dash(row->family->name), row->seen ? "yes" : "no", row->source, or_dash(row->note));
}

/* malloc()ed. */
static char *tables(void)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fputs(BEGIN "\n", out);
    print_families(out);
    fputs("\n| id | parts | KB | V | family | seen | source | note |\n|---|---|---|---|---|---|---|---|\n", out);
    for (size_t i = 0; i < nor_rows_count; i++)
        print_row(out, &nor_rows[i]);
    fputs("\n" END, out);
    fclose(out);
    return text;
}

/* The page, malloc()ed, and where the tables are in it: at[0] to at[1]. NULL: they are not. */
static char *read_page(char *at[2])
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(PAGE, "re");
    bool read = file && getdelim(&text, &size, '\0', file) > 0;
    if (file)
        fclose(file);
    at[0] = read ? strstr(text, BEGIN) : NULL;
    at[1] = at[0] ? strstr(at[0], END) : NULL;
    if (at[1]) {
        at[1] += strlen(END);
        return text;
    }
    free(text);
    return NULL;
}

static int write_page(void)
{
    char *at[2], *page = read_page(at), *text = tables();
    FILE *file = page ? fopen(PAGE, "we") : NULL;
    int printed = file ? fprintf(file, "%.*s%s%s", (int)(at[0] - page), page, text, at[1]) : -1;
    bool written = file && fclose(file) == 0 && printed > 0;
    free(text);
    free(page);
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

START_TEST(the_page_shows_the_table)
{
    char *at[2], *page = read_page(at), *text = tables();
    size_t length = strlen(text);
    ck_assert_msg(page, "%s does not say where the tables are", PAGE);
    ck_assert_msg((size_t)(at[1] - at[0]) == length && memcmp(at[0], text, length) == 0,
                  "run \"make docs/flash-parts.md\"");
    free(text);
    free(page);
}
END_TEST

/* Ascending, and twice only with another size. */
START_TEST(each_id_stands_once)
{
    for (size_t i = 1; i < nor_rows_count; i++) {
        const struct nor_row *row = &nor_rows[i], *before = row - 1;
        ck_assert_msg(before->id < row->id || (before->id == row->id && before->size < row->size), "%06x", row->id);
    }
}
END_TEST

START_TEST(each_part_has_a_size_that_an_esp8266_can_address)
{
    for (size_t i = 0; i < nor_rows_count; i++) {
        uint32_t size = nor_rows[i].size;
        bool power = (size & (size - 1)) == 0;
        ck_assert_msg(power && size >= NOR_SIZE_MIN && size <= NOR_SIZE_MAX, "%06x", nor_rows[i].id);
    }
}
END_TEST

/* Of an id of four bytes no row may stand for the first three. */
START_TEST(each_row_is_found_by_its_id)
{
    for (size_t i = 0; i < nor_rows_count; i++) {
        uint32_t id = nor_rows[i].id;
        const struct nor_row *row = nor_row_find(id > 0xFFFFFF ? id : id << 8 | 0xFF);
        ck_assert_msg(row && row->id == id, "%06x", id);
        ck_assert_msg(row->names[0] && row->source[0] && row->family, "%06x", id);
    }
    ck_assert_uint_ge(nor_rows_count, 304);
    ck_assert_ptr_null(nor_row_find(0xFFFFFFFF));
    ck_assert_ptr_null(nor_row_find(0));
}
END_TEST

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "write") == 0)
        return write_page();
    Suite *suite = suite_create("flash parts");
    TCase *tcase = tcase_create("table");
    tcase_add_test(tcase, the_page_shows_the_table);
    tcase_add_test(tcase, each_id_stands_once);
    tcase_add_test(tcase, each_part_has_a_size_that_an_esp8266_can_address);
    tcase_add_test(tcase, each_row_is_found_by_its_id);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
