/* SPDX-License-Identifier: MIT */
#include "daemon/book/reader.h"

#include "daemon/book/file.h"
#include "daemon/book/page.h"
#include "proto/link/text.h"

#include <stdio.h>
#include <stdlib.h>

int book_reader_read(const char *path, const struct book_filter *filter, enum book_format format, book_reader_cb take,
                     void *data, char *error, size_t error_size)
{
    struct book_file file;
    struct book_page page;
    if (book_file_open_to_read(&file, path, error, error_size) != 0)
        return -1;
    book_page_init(&page, filter, format);
    int rc = 0;
    bool more = true;
    while (more && !page.last && rc == 0) {
        rc = book_page_read(&file, &page);
        if (rc != 0) {
            text_copy(error, error_size, file.error);
        } else {
            more = take(data, page.text, page.len);
            free(page.text);
        }
    }
    book_file_close(&file);
    return rc;
}
