/* SPDX-License-Identifier: MIT */
#include "proto/image/esp_patch.h"

#include "proto/image/esp_image.h"
#include "proto/link/text.h"

#define MODE_BYTE 2
#define SIZE_BYTE 3 /* size and clock */

bool esp_settings_given(const struct esp_settings *settings)
{
    return settings->mode >= 0 || settings->clock >= 0 || (settings->size && settings->size[0]);
}

static int check(const struct esp_image *image, enum esp_counting counting, const struct esp_settings *settings,
                 char *error, size_t error_size)
{
    if (!esp_image_header(image))
        text_print(error, error_size, "it has no header to change: it is %s", esp_kind_words(image->kind));
    else if (settings->size && settings->size[0] && esp_size_code(counting, settings->size) < 0)
        text_print(error, error_size, "its header has no code for %s: RTOS SDK v3 counts from 1MB, and knows no -c1",
                   settings->size);
    else if (image->arduino.crc == ESP_ARDUINO_CRC_WRONG)
        text_print(error, error_size, "its CRC is wrong already: take the file from its source again");
    else
        return 0;
    return -1;
}

static void set_header(uint8_t *bytes, enum esp_counting counting, const struct esp_settings *settings)
{
    uint8_t clock = bytes[SIZE_BYTE] & 15, size = bytes[SIZE_BYTE] >> 4;
    if (settings->mode >= 0)
        bytes[MODE_BYTE] = (uint8_t)settings->mode;
    if (settings->clock >= 0)
        clock = (uint8_t)settings->clock;
    if (settings->size && settings->size[0])
        size = (uint8_t)esp_size_code(counting, settings->size);
    bytes[SIZE_BYTE] = (uint8_t)(size << 4 | clock);
}

int esp_patch(uint8_t *bytes, size_t n, enum esp_counting counting, const struct esp_settings *settings, char *error,
              size_t error_size)
{
    struct esp_image image;
    esp_image_read(&image, bytes, n);
    if (check(&image, counting, settings, error, error_size) != 0)
        return -1;
    bool digest = esp_executable_has_digest(&image.executables[0], bytes, n);
    set_header(bytes, counting, settings);
    if (image.kind == ESP_KIND_ARDUINO)
        esp_arduino_renew(&image.arduino, bytes);
    if (digest)
        esp_executable_renew_digest(&image.executables[0], bytes);
    return 0;
}
