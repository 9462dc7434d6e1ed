/* SPDX-License-Identifier: MIT */
/*
 * The settings of the flash in the header at offset 0, as the product has them (proto/image/esp_patch.h).
 */
#ifndef DAEMON_CONFIG_IMAGE_PATCH_H
#define DAEMON_CONFIG_IMAGE_PATCH_H

#include "daemon/config/config.h"
#include "proto/image/golden.h"

/* Changes the header as flash_mode, flash_freq and flash_size_header say, with what covers it, in an image that has one
 * part at least and is not sealed yet. Adds an error if that is not possible. Without these keys it does nothing. */
void image_patch(const struct config *config, struct golden *golden, struct error_list *errors);

#endif
