/* SPDX-License-Identifier: MIT */
#include "daemon/base/file.h"
#include "daemon/book/attempt_json.h"
#include "proto/image/esp_image.h"
#include "tools/gangctl/base/complain.h"
#include "tools/gangctl/base/print.h"
#include "tools/gangctl/commands/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LARGEST (16u << 20) /* the largest flash part */

static const struct {
    const char *word;
    enum colour colour;
} severities[] = {[ESP_ERROR] = {"error", RED}, [ESP_WARNING] = {"warning", YELLOW}};

static const char *const formats[] = {
    [ESP_FORMAT_ROM] = "rom",
    [ESP_FORMAT_APPLICATION] = "application",
    [ESP_FORMAT_SECOND_STAGE] = "second-stage",
};

/* False: it cannot be read, and `*why` says why. */
static bool read_image(const char *path, struct esp_image *image, const char **why)
{
    size_t n = 0;
    char *bytes = file_read(path, LARGEST, &n);
    if (!bytes) {
        *why = errno == EFBIG ? "larger than 16 MB" : file_error(errno == EISDIR ? EINVAL : errno);
        return false;
    }
    esp_image_read(image, (const uint8_t *)bytes, n);
    /* Where a file that is for flash and not for offset 0 will lie is not known here. */
    if (esp_kind_place(image->kind) != ESP_ELSEWHERE)
        esp_image_place(image, 0);
    free(bytes);
    return true;
}

static bool is_right(const struct esp_image *image)
{
    return esp_remarks_first(&image->remarks, ESP_ERROR) == NULL;
}

/* --- For people */

static void print_header(const struct esp_image *image)
{
    const struct esp_header *header = esp_image_header(image);
    char text[64];
    if (!header)
        return;
    const char *mode = esp_mode_word(header->mode), *size = esp_size_word(image->counting, header->size);
    unsigned mhz = esp_clock_mhz(header->clock);
    snprintf(text, sizeof(text), "%s, %u MHz, %s", mode ? mode : "no mode", mhz, size ? size : "no size");
    print_field("header", PLAIN, text);
}

static void print_executable(const struct esp_executable *executable)
{
    char name[16], text[64];
    snprintf(name, sizeof(name), "at 0x%x", executable->at);
    snprintf(text, sizeof(text), "starts at 0x%08x; segments", executable->header.entry);
    printf("%-13s%s", name, text);
    for (size_t i = 0; i < executable->n_segments; i++)
        printf("%s 0x%08x: %u", i > 0 ? "," : "", executable->segments[i].address, executable->segments[i].size);
    putchar('\n');
}

static void print_remarks(const struct esp_remarks *remarks)
{
    char sentence[ESP_SENTENCE_MAX];
    for (size_t i = 0; i < remarks->n; i++) {
        const struct esp_remark *remark = &remarks->list[i];
        enum esp_severity severity = esp_remark_severity(remark->id);
        esp_remark_sentence(remark, sentence, sizeof(sentence));
        printf("%*s", (int)(13 - printf("%s", severities[severity].word)), "");
        print_text(severities[severity].colour, sentence);
        putchar('\n');
    }
}

static void print_image(const char *path, const struct esp_image *image)
{
    char text[ESP_ACTION_MAX];
    print_field("file", PLAIN, path);
    print_field("kind", PLAIN, esp_kind_words(image->kind));
    snprintf(text, sizeof(text), "%zu bytes%s", image->size, image->whole_flash ? ", as large as a flash part" : "");
    print_field("size", PLAIN, text);
    print_header(image);
    for (size_t i = 0; i < image->n_executables; i++)
        print_executable(&image->executables[i]);
    esp_image_rom_action(image, text, sizeof(text));
    printf("boot ROM     %s%s\n", esp_kind_place(image->kind) == ESP_ELSEWHERE ? "not for offset 0, where it " : "",
           text);
    print_remarks(&image->remarks);
}

/* --- For programs */

static json_t *header_json(const struct esp_image *image)
{
    const struct esp_header *header = esp_image_header(image);
    if (!header)
        return json_null();
    return json_pack("{s:s?, s:I, s:s?}", "mode", esp_mode_word(header->mode), "clock_mhz",
                     (json_int_t)esp_clock_mhz(header->clock), "size", esp_size_word(image->counting, header->size));
}

static json_t *executable_json(const struct esp_executable *executable)
{
    json_t *segments = json_array();
    for (size_t i = 0; i < executable->n_segments; i++)
        json_array_append_new(segments, json_pack("{s:I, s:I}", "address", (json_int_t)executable->segments[i].address,
                                                  "size", (json_int_t)executable->segments[i].size));
    return json_pack("{s:I, s:s, s:I, s:o}", "offset", (json_int_t)executable->at, "format",
                     formats[executable->format], "entry", (json_int_t)executable->header.entry, "segments", segments);
}

static json_t *remark_json(const struct esp_remark *remark)
{
    char sentence[ESP_SENTENCE_MAX];
    esp_remark_sentence(remark, sentence, sizeof(sentence));
    return json_pack("{s:s, s:s, s:s}", "code", esp_remark_code(remark->id), "level",
                     severities[esp_remark_severity(remark->id)].word, "text", sentence);
}

static json_t *image_json(const char *path, const struct esp_image *image)
{
    json_t *executables = json_array(), *remarks = json_array();
    char action[ESP_ACTION_MAX];
    for (size_t i = 0; i < image->n_executables; i++)
        json_array_append_new(executables, executable_json(&image->executables[i]));
    for (size_t i = 0; i < image->remarks.n; i++)
        json_array_append_new(remarks, remark_json(&image->remarks.list[i]));
    esp_image_rom_action(image, action, sizeof(action));
    return json_pack("{s:o, s:b, s:s, s:I, s:b, s:o, s:o, s:s, s:o}", "file", text_json(path), "ok", is_right(image),
                     "kind", esp_kind_code(image->kind), "size", (json_int_t)image->size, "whole_flash",
                     image->whole_flash, "header", header_json(image), "executables", executables, "boot_rom", action,
                     "remarks", remarks);
}

/* --- */

/* Whether it is right; `first`: none was printed before it. */
static bool tell(const char *path, json_t *json, bool first)
{
    static struct esp_image image;
    const char *why;
    if (!read_image(path, &image, &why)) {
        complain("%s: %s", path, why);
        return false;
    }
    if (json) {
        json_array_append_new(json, image_json(path, &image));
        return is_right(&image);
    }
    if (!first)
        putchar('\n');
    print_image(path, &image);
    return is_right(&image);
}

int command_image(const struct options *options, char **arguments)
{
    json_t *json = options->json ? json_array() : NULL;
    bool right = true;
    for (size_t i = 0; arguments[i]; i++)
        right = tell(arguments[i], json, i == 0) && right;
    if (json)
        print_json(json);
    json_decref(json);
    return right ? DONE : REFUSED;
}
