/* SPDX-License-Identifier: MIT */
#include "daemon/config/image_patch.h"

#include "daemon/config/image_check.h"
#include "proto/image/esp_patch.h"

/* Of the keys that are given, the first: an error is shown at its line. */
static const char *first_key(const struct esp_settings *settings)
{
    return settings->mode >= 0 ? "flash_mode" : settings->clock >= 0 ? "flash_freq" : "flash_size_header";
}

void image_patch(const struct config *config, struct golden *golden, struct error_list *errors)
{
    const struct esp_settings settings = {config->flash_mode, config->flash_clock, config->header_size};
    const struct golden_part *first = &golden->parts[0];
    char why[200] = "there is no file at offset 0";
    if (!esp_settings_given(&settings))
        return;
    if (first->offset == 0 &&
        esp_patch(first->bytes, first->size, image_counting(golden), &settings, why, sizeof(why)) == 0)
        return;
    const char *key = first_key(&settings);
    config_complain(errors, config, config_key_line(config, "product", key), "%s cannot be set in the header of %s: %s",
                    key, first->name, why);
}
