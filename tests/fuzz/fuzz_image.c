/* SPDX-License-Identifier: MIT */
#include "proto/image/esp_image.h"
#include "proto/image/esp_patch.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_executable(const struct esp_executable *executable, size_t len)
{
    assert(executable->at < executable->end && executable->end <= len);
    assert(executable->n_segments <= ESP_SEGMENTS_MAX + 1);
    for (size_t i = 0; executable->whole && i < executable->n_segments; i++)
        assert(executable->segments[i].at + executable->segments[i].size < executable->end);
}

/* A file without an error has none after its header was set, and what was set is there. */
static void check_patch(const struct esp_image *image, const uint8_t *bytes, size_t len)
{
    static uint8_t patched[0x14000];
    static struct esp_image after;
    const struct esp_settings settings = {3, 15, "4MB"};
    char error[200] = "";
    if (len > sizeof(patched))
        return;
    memcpy(patched, bytes, len);
    int result = esp_patch(patched, len, image->counting, &settings, error, sizeof(error));
    assert((result == 0) == (error[0] == '\0'));
    assert(result != 0 || (patched[2] == 3 && (patched[3] & 15) == 15));
    if (result != 0 || esp_remarks_first(&image->remarks, ESP_ERROR))
        return;
    esp_image_read(&after, patched, len);
    assert(after.kind == image->kind && !esp_remarks_first(&after.remarks, ESP_ERROR));
}

/* What the boot ROM starts has an executable at 0; what stops the boot ROM is an error. */
static void check(const uint8_t *bytes, size_t len)
{
    static struct esp_image image;
    char sentence[ESP_SENTENCE_MAX], action[ESP_ACTION_MAX];
    esp_image_read(&image, bytes, len);
    for (size_t i = 0; i < image.n_executables; i++)
        check_executable(&image.executables[i], len);
    assert(!esp_image_header(&image) || image.executables[0].at == 0);
    check_patch(&image, bytes, len);
    esp_image_place(&image, 0);
    esp_image_compare_size(&image, 1 << 20, (uint32_t)len);
    esp_image_rom_action(&image, action, sizeof(action));
    assert(action[0] != '\0');
    if (strstr(action, "stops") || strstr(action, "crashes"))
        assert(esp_remarks_first(&image.remarks, ESP_ERROR));
    for (size_t i = 0; i < image.remarks.n; i++) {
        esp_remark_sentence(&image.remarks.list[i], sentence, sizeof(sentence));
        assert(strlen(sentence) < sizeof(sentence) - 1);
    }
}

/* The input as a file, which is small, and as pieces of a file that is mostly blank: each a byte for its place, one for
 * its length, and its bytes. So what lies far behind the begin is reached, too. */
static size_t spread(uint8_t *file, size_t room, const uint8_t *bytes, size_t len)
{
    enum { STEP = 0x800, UNIT = 16 };
    size_t end = 0;
    memset(file, 0xFF, room);
    while (len > 2) {
        size_t at = (size_t)bytes[0] * STEP, size = (size_t)bytes[1] * UNIT + UNIT;
        bytes += 2;
        len -= 2;
        size = size < len ? size : len;
        if (at + size <= room) {
            memcpy(file + at, bytes, size);
            end = at + size > end ? at + size : end;
        }
        bytes += size;
        len -= size;
    }
    return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static uint8_t file[0x14000];
    check(bytes, len);
    check(file, spread(file, sizeof(file), bytes, len));
    return 0;
}
