/* SPDX-License-Identifier: MIT */
#include "daemon/config/image_check.h"

#include "proto/image/esp_image.h"

/* All parts of one image are being checked. */
struct check {
    const struct config *config;
    const struct golden *golden;
    struct error_list *errors, *warnings;
    enum esp_counting counting; /* of the size in the header at 0 */
};

static uint32_t end_of(const struct golden *golden)
{
    const struct golden_part *last = &golden->parts[golden->n_parts - 1];
    return last->offset + last->padded_size;
}

static void complain(const struct check *check, struct error_list *list, const struct golden_part *part,
                     const struct esp_remark *remark)
{
    char sentence[ESP_SENTENCE_MAX];
    esp_remark_sentence(remark, sentence, sizeof(sentence));
    config_complain(list, check->config, config_file_line(check->config, part->offset), "%s: %s", part->name, sentence);
}

static void complain_of_all(const struct check *check, const struct golden_part *part,
                            const struct esp_remarks *remarks)
{
    for (size_t i = 0; i < remarks->n; i++)
        complain(check, check->warnings, part, &remarks->list[i]);
}

static void check_part(const struct check *check, const struct golden_part *part)
{
    struct esp_image image;
    esp_image_read(&image, part->bytes, part->size);
    if (check->counting == ESP_COUNTS_AS_ESP32)
        image.counting = check->counting;
    esp_image_place(&image, part->offset);
    if (part->offset == 0)
        esp_image_compare_size(&image, check->config->min_flash_size, end_of(check->golden));
    const struct esp_remark *error = esp_remarks_first(&image.remarks, ESP_ERROR);
    if (error)
        complain(check, check->errors, part, error);
    else
        complain_of_all(check, part, &image.remarks);
}

enum esp_counting image_counting(const struct golden *golden)
{
    for (size_t i = 0; i < golden->n_parts; i++) {
        const struct golden_part *part = &golden->parts[i];
        struct esp_image image;
        esp_image_read(&image, part->bytes, part->size);
        if (image.kind == ESP_KIND_PARTITION_TABLE || (part->offset == 0 && image.counting == ESP_COUNTS_AS_ESP32))
            return ESP_COUNTS_AS_ESP32;
    }
    return ESP_COUNTS_AS_ESP8266;
}

void image_check(const struct config *config, const struct golden *golden, struct error_list *errors,
                 struct error_list *warnings)
{
    const struct check check = {config, golden, errors, warnings, image_counting(golden)};
    if (golden->parts[0].offset != 0)
        config_complain(errors, config, 0, "no file at offset 0: the boot image is missing");
    for (size_t i = 0; i < golden->n_parts; i++)
        check_part(&check, &golden->parts[i]);
}
