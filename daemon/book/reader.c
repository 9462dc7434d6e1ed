/* SPDX-License-Identifier: MIT */
#include "daemon/book/reader.h"
#include "daemon/book/book_file.h"

#include <stdio.h>
#include <stdlib.h>

int store_file_read(const char *path, const struct store_filter *filter, enum store_format format, store_piece_cb take,
                    void *data, char *error, size_t error_size)
{
    struct book book;
    struct page page;
    if (book_open_to_read(&book, path, error, error_size) != 0)
        return -1;
    page_init(&page, filter, format);
    int rc = 0;
    bool more = true;
    while (more && !page.last && rc == 0) {
        rc = book_page(&book, &page);
        if (rc != 0) {
            snprintf(error, error_size, "%s", book.error);
        } else {
            more = take(data, page.text, page.len);
            free(page.text);
        }
    }
    book_close(&book);
    return rc;
}
