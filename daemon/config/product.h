/* SPDX-License-Identifier: MIT */
/* What goes into a board: the golden image and the stub that writes it, loaded together and shared by all attempts. A
 * reload makes a new one; attempts at work keep theirs. */
#ifndef DAEMON_CONFIG_PRODUCT_H
#define DAEMON_CONFIG_PRODUCT_H

#include "daemon/config/config.h"
#include "proto/image/golden.h"
#include "proto/image/stub_image.h"

struct product {
    struct golden *golden;
    struct stub_image *stub;
    /* What is unusual about the image and yet in force, each with the line of the configuration and the file
     * (daemon/base/error_list.h); "": nothing. */
    char warnings[CONFIG_ERRORS_MAX];
    unsigned references;
};

/* Reads, checks and compresses all files that `config` names. Blocks for a second or two, or until a file system that
 * does not answer is given up (daemon/base/file.h); safe on any thread. NULL with all errors in `error`
 * (daemon/base/error_list.h), each with the line of the configuration and the file. One reference. */
struct product *product_load(const struct config *config, char *error, size_t error_size)
    __attribute__((warn_unused_result));

struct product *product_ref(struct product *product);
void product_unref(struct product *product); /* NULL is fine */

#endif
