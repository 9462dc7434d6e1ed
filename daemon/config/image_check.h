/* SPDX-License-Identifier: MIT */
/*
 * Whether the files of a product are images that work where they lie (proto/image/esp_image.h).
 */
#ifndef DAEMON_CONFIG_IMAGE_CHECK_H
#define DAEMON_CONFIG_IMAGE_CHECK_H

#include "daemon/config/config.h"
#include "proto/image/esp_header.h"
#include "proto/image/golden.h"

/* How the size in the header at 0 is counted, as all parts of the image tell: RTOS SDK v3 is known by its partition
 * table, which may be a file of its own. */
enum esp_counting image_counting(const struct golden *golden);

/* Reads each part of the image, which has one at least and is not sealed yet. Adds to `errors` the first error of each
 * file, and one if no file is at offset 0; to `warnings` each warning about a file without an error. */
void image_check(const struct config *config, const struct golden *golden, struct error_list *errors,
                 struct error_list *warnings);

#endif
