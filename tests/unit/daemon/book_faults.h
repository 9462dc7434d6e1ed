/* SPDX-License-Identifier: MIT */
/* For tests of a book that is refused, or lost while it is open. */
#ifndef TESTS_UNIT_DAEMON_BOOK_FAULTS_H
#define TESTS_UNIT_DAEMON_BOOK_FAULTS_H

#include "tests/unit/daemon/book_fixture.h"

#include <sys/stat.h>

static inline void ck_assert_says(const char *sentence, const char *part)
{
    ck_assert_msg(strstr(sentence, part) != NULL, "\"%s\" does not say \"%s\"", sentence, part);
}

static inline char *read_file(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    long end = ftell(file);
    ck_assert_int_ge(end, 0);
    *n = (size_t)end;
    ck_assert_int_eq(fseek(file, 0, SEEK_SET), 0);
    char *bytes = malloc(*n + 1);
    ck_assert_uint_eq(fread(bytes, 1, *n, file), *n);
    fclose(file);
    return bytes;
}

/* Opening fails with a sentence that names the book and says `part`; the file, if there is one, stays as it is. */
static inline void refuses(const char *part)
{
    size_t before_size = 0, after_size = 0;
    char *before = NULL, *after = NULL;
    struct stat st;
    bool is_file = stat(book_path, &st) == 0 && S_ISREG(st.st_mode);
    if (is_file)
        before = read_file(book_path, &before_size);
    ck_assert_ptr_null(try_open());
    ck_assert_says(error, book_path);
    ck_assert_says(error, part);
    if (is_file) {
        after = read_file(book_path, &after_size);
        ck_assert_uint_eq(before_size, after_size);
        ck_assert_mem_eq(before, after, before_size);
    }
    free(before);
    free(after);
}

/* A closed book with `n` attempts. */
static inline void make_book(int n)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    for (int i = 0; i < n; i++) {
        begin(&attempt);
        end(&attempt, VERDICT_PASS, CAUSE_NONE, "18:fe:34:00:00:01");
    }
    ck_assert(close_book(10));
}

#endif
