/* SPDX-License-Identifier: MIT */
#include "proto/image/esp_image.h"

#include "proto/link/bytes.h"
#include "proto/link/text.h"

#include <md5.h>
#include <string.h>

/* MicroPython: the word at LENGTH_PLACE is the length of what is digested, from SKIPPED on; the MD5 is behind it. */
#define LENGTH_PLACE 0x8FFCu
#define SKIPPED      4u
#define MD5_SIZE     16u

#define APPLICATION     0x1000u /* of the Arduino core and the NONOS SDK; rBoot has its table there */
#define RBOOT_MAGIC     0xE1u
#define RBOOT_ROMS_MAX  4u
#define RBOOT_COUNT     5u /* in its table: how many applications, and their addresses */
#define RBOOT_ADDRESSES 8u
#define RBOOT_FIRST     0x2000u /* of the first application, if there is no table */

#define PARTITIONS      0x8000u
#define PARTITION_SIZE  32u
#define PARTITION_MAGIC 0x50AAu

/* An image that is being read. */
struct reading {
    struct esp_image *image;
    const uint8_t *bytes;
    size_t n;
};

static bool begins_at(const struct reading *reading, uint32_t at)
{
    return esp_executable_begins(reading->bytes, reading->n, at);
}

static struct esp_executable *read_executable(struct reading *reading, uint32_t at)
{
    struct esp_image *image = reading->image;
    if (image->n_executables == ESP_EXECUTABLES_MAX)
        return NULL;
    struct esp_executable *executable = &image->executables[image->n_executables++];
    esp_executable_read(executable, reading->bytes, reading->n, at, &image->remarks);
    return executable;
}

static void read_second_stage(struct reading *reading, uint32_t at)
{
    struct esp_executable *executable = read_executable(reading, at);
    if (!executable)
        return;
    esp_executable_check_sum(executable, 0, &reading->image->remarks);
    esp_executable_check_crc(executable, reading->bytes, reading->n, &reading->image->remarks);
}

/* One of several applications, of which the boot loader starts one. In a dump the others may be remains of an update
 * that was cut off: no error then. */
static void read_slot(struct reading *reading, uint32_t at, void (*read)(struct reading *reading, uint32_t at))
{
    struct esp_image *image = reading->image;
    const struct esp_remarks before = image->remarks;
    bool first = image->n_executables < 2; /* behind the boot loader */
    read(reading, at);
    if (first || !image->whole_flash || esp_remarks_first(&before, ESP_ERROR) ||
        !esp_remarks_first(&image->remarks, ESP_ERROR))
        return;
    image->remarks = before;
    esp_remarks_add(&image->remarks, ESP_REMARK_SPARE_APPLICATION,
                    "of two applications in this dump, the one at 0x%x is incomplete or damaged", at);
}

/* Where the NONOS SDK has its second application, by its map of the flash. */
static void read_nonos(struct reading *reading)
{
    static const uint32_t seconds[] = {0x41000, 0x81000, 0x101000};
    read_second_stage(reading, APPLICATION);
    for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
        const struct esp_executable *first = &reading->image->executables[1];
        if (seconds[i] >= first->end && begins_at(reading, seconds[i]) &&
            reading->bytes[seconds[i]] == ESP_MAGIC_SECOND_STAGE) {
            read_slot(reading, seconds[i], read_second_stage);
            return;
        }
    }
}

static bool has_rboot_table(const struct reading *reading)
{
    const uint8_t *table = reading->bytes + APPLICATION;
    return reading->n >= APPLICATION + RBOOT_ADDRESSES + 4 * RBOOT_ROMS_MAX && table[0] == RBOOT_MAGIC &&
           table[RBOOT_COUNT] >= 1 && table[RBOOT_COUNT] <= RBOOT_ROMS_MAX;
}

static void read_rboot(struct reading *reading)
{
    const uint8_t *table = reading->bytes + APPLICATION;
    unsigned count = has_rboot_table(reading) ? table[RBOOT_COUNT] : 1;
    for (unsigned i = 0; i < count; i++) {
        uint32_t at = has_rboot_table(reading) ? get_le32(table + RBOOT_ADDRESSES + 4 * i) : RBOOT_FIRST;
        if (at > APPLICATION && begins_at(reading, at))
            read_slot(reading, at, read_second_stage);
    }
}

static void check_arduino_crc(struct esp_image *image)
{
    const struct esp_arduino *arduino = &image->arduino;
    if (arduino->crc == ESP_ARDUINO_CRC_WRONG)
        esp_remarks_add(&image->remarks, ESP_REMARK_CONTENT_CRC,
                        "the file's CRC at 0x%x is 0x%08x, and that of its content is 0x%08x", arduino->place + 4,
                        arduino->stored, arduino->due);
    if (arduino->crc == ESP_ARDUINO_PATCHED)
        esp_remarks_add(&image->remarks, ESP_REMARK_PATCHED,
                        "mode, clock or size in the header were changed after the file was built, and its CRC at 0x%x "
                        "no longer holds",
                        arduino->place + 4);
}

static void read_arduino(struct reading *reading)
{
    struct esp_image *image = reading->image;
    struct esp_executable *application = read_executable(reading, ESP_ARDUINO_APPLICATION);
    if (!application || !application->whole)
        return;
    esp_arduino_read(&image->arduino, reading->bytes, application->end);
    check_arduino_crc(image);
    /* A wrong CRC and a wrong checksum have the same reason. */
    if (!esp_remarks_have(&image->remarks, ESP_REMARK_CONTENT_CRC))
        esp_executable_check_sum(application, esp_arduino_correction(&image->arduino, reading->bytes), &image->remarks);
}

static bool has_partitions(const struct reading *reading)
{
    return reading->n >= PARTITIONS + 2 * PARTITION_SIZE &&
           esp_content_kind(reading->bytes + PARTITIONS, 2 * (size_t)PARTITION_SIZE) == ESP_KIND_PARTITION_TABLE;
}

static void read_application(struct reading *reading, uint32_t at)
{
    struct esp_executable *executable = read_executable(reading, at);
    if (!executable)
        return;
    esp_executable_check_sum(executable, 0, &reading->image->remarks);
    esp_executable_check_digest(executable, reading->bytes, reading->n, &reading->image->remarks);
}

/* The applications that the table names, and that are there. */
static void read_rtos(struct reading *reading)
{
    for (uint32_t at = PARTITIONS; at + PARTITION_SIZE <= reading->n && at < PARTITIONS + 0x1000;
         at += PARTITION_SIZE) {
        const uint8_t *entry = reading->bytes + at;
        if (get_le16(entry) != PARTITION_MAGIC)
            return;
        uint32_t offset = get_le32(entry + 4);
        if (entry[2] == 0 && offset > PARTITIONS && begins_at(reading, offset))
            read_slot(reading, offset, read_application);
    }
}

/* 0: there is none. */
static uint32_t micropython_length(const struct reading *reading)
{
    if (reading->n < LENGTH_PLACE + 4)
        return 0;
    uint32_t length = get_le32(reading->bytes + LENGTH_PLACE);
    return length > LENGTH_PLACE + 4 && length <= (16u << 20) ? length : 0;
}

static bool md5_right(const struct reading *reading, uint32_t length)
{
    uint8_t digest[MD5_SIZE];
    MD5_CTX context;
    MD5Init(&context);
    MD5Update(&context, reading->bytes + SKIPPED, length - SKIPPED);
    MD5Final(digest, &context);
    return memcmp(digest, reading->bytes + length, MD5_SIZE) == 0;
}

static void read_micropython(struct reading *reading)
{
    struct esp_remarks *remarks = &reading->image->remarks;
    uint32_t length = micropython_length(reading);
    if (length + MD5_SIZE > reading->n)
        esp_remarks_add(remarks, ESP_REMARK_TRUNCATED, "the file is truncated: it has %zu of %u bytes", reading->n,
                        length + MD5_SIZE);
    else if (!md5_right(reading, length))
        esp_remarks_add(remarks, ESP_REMARK_DIGEST, "the MD5 at 0x%x is not that of what is before it", length);
}

static bool is_arduino(const struct reading *reading)
{
    return begins_at(reading, APPLICATION) && reading->bytes[APPLICATION] == ESP_MAGIC;
}

static bool is_nonos(const struct reading *reading)
{
    return begins_at(reading, APPLICATION) && reading->bytes[APPLICATION] == ESP_MAGIC_SECOND_STAGE;
}

static bool is_rboot(const struct reading *reading)
{
    return has_rboot_table(reading) ||
           (begins_at(reading, RBOOT_FIRST) && reading->bytes[RBOOT_FIRST] == ESP_MAGIC_SECOND_STAGE);
}

static bool is_micropython(const struct reading *reading)
{
    const uint8_t *before = reading->bytes + LENGTH_PLACE;
    return micropython_length(reading) != 0 && get_le32(before - 4) == UINT32_MAX;
}

/* What is behind the image that the boot ROM loads, which ends before `place`. The first that fits. */
static const struct {
    enum esp_kind kind;
    uint32_t place;
    bool (*is)(const struct reading *reading);
    void (*read)(struct reading *reading);
} layouts[] = {
    {ESP_KIND_ARDUINO, APPLICATION, is_arduino, read_arduino},
    {ESP_KIND_NONOS, APPLICATION, is_nonos, read_nonos},
    {ESP_KIND_RBOOT, APPLICATION, is_rboot, read_rboot},
    {ESP_KIND_RTOS, PARTITIONS, has_partitions, read_rtos},
    {ESP_KIND_MICROPYTHON, LENGTH_PLACE, is_micropython, read_micropython},
};

/* The image at 0 is one for the boot ROM. */
static void read_layout(struct reading *reading)
{
    struct esp_image *image = reading->image;
    image->kind = ESP_KIND_ROM_IMAGE;
    esp_executable_check_sum(&image->executables[0], 0, &image->remarks);
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
        if (image->executables[0].end <= layouts[i].place && layouts[i].is(reading)) {
            image->kind = layouts[i].kind;
            layouts[i].read(reading);
            return;
        }
}

/* A file that begins with an application. Only one that is nothing else has its digest for certain. */
static void read_lone_application(struct reading *reading)
{
    struct esp_image *image = reading->image;
    const struct esp_executable *application = &image->executables[0];
    image->kind = ESP_KIND_APPLICATION;
    esp_executable_check_sum(application, esp_arduino_lone_correction(reading->bytes, application->end),
                             &image->remarks);
    if (application->end + ESP_DIGEST_SIZE == reading->n)
        esp_executable_check_digest(application, reading->bytes, reading->n, &image->remarks);
}

static void read_executables(struct reading *reading)
{
    struct esp_image *image = reading->image;
    if (reading->bytes[0] == ESP_MAGIC_SECOND_STAGE) {
        image->kind = ESP_KIND_SECOND_STAGE;
        read_second_stage(reading, 0);
        return;
    }
    const struct esp_executable *first = read_executable(reading, 0);
    if (first && first->format == ESP_FORMAT_APPLICATION)
        read_lone_application(reading);
    else
        read_layout(reading);
}

static enum esp_counting counting_of(const struct esp_image *image)
{
    return image->kind == ESP_KIND_RTOS ? ESP_COUNTS_AS_ESP32 : ESP_COUNTS_AS_ESP8266;
}

static void check_size_code(struct esp_image *image)
{
    const struct esp_header *header = esp_image_header(image);
    if (header && esp_size_bytes(image->counting, header->size) == 0)
        esp_remarks_add(&image->remarks, ESP_REMARK_SIZE, "the header's flash size is %u, which is none", header->size);
}

/* 256 KB to 16 MB, a power of two. */
static bool is_flash_size(size_t n)
{
    return n >= 256u << 10 && n <= 16u << 20 && (n & (n - 1)) == 0;
}

void esp_image_read(struct esp_image *image, const uint8_t *bytes, size_t n)
{
    *image = (struct esp_image){.size = n, .whole_flash = is_flash_size(n)};
    struct reading reading = {image, bytes, n};
    memcpy(image->first, bytes, n < sizeof(image->first) ? n : sizeof(image->first));
    if (begins_at(&reading, 0))
        read_executables(&reading);
    else
        image->kind = esp_content_kind(bytes, n);
    image->counting = counting_of(image);
    check_size_code(image);
}

const struct esp_header *esp_image_header(const struct esp_image *image)
{
    return esp_kind_place(image->kind) == ESP_AT_ZERO ? &image->executables[0].header : NULL;
}

/* In the outer header of the NONOS SDK byte 3 is the number of the user image, 1 or 2. */
static void check_user_number(struct esp_image *image, const struct esp_executable *executable, uint32_t offset)
{
    uint8_t number = (uint8_t)(executable->header.size << 4 | executable->header.clock);
    unsigned due = offset == APPLICATION ? 1 : 2;
    if (number == 3 - due)
        esp_remarks_add(&image->remarks, ESP_REMARK_USER_NUMBER,
                        "the application at 0x%x says that it is user%u, and the place is that of user%u", offset,
                        number, due);
}

static void check_user_numbers(struct esp_image *image, uint32_t offset)
{
    bool nonos = image->kind == ESP_KIND_NONOS || image->kind == ESP_KIND_SECOND_STAGE;
    for (size_t i = 0; nonos && i < image->n_executables; i++)
        if (image->executables[i].format == ESP_FORMAT_SECOND_STAGE && offset + image->executables[i].at != 0)
            check_user_number(image, &image->executables[i], offset + image->executables[i].at);
}

static void add_not_bootable(struct esp_image *image)
{
    char begin[32] = "";
    if (image->kind == ESP_KIND_DATA)
        text_print(begin, sizeof(begin), " (it begins with %02x %02x)", image->first[0], image->first[1]);
    esp_remarks_add_with(&image->remarks, ESP_REMARK_NOT_BOOTABLE, esp_kind_remedy(image->kind),
                         "not an ESP8266 boot image, which offset 0 needs: it is %s%s", esp_kind_words(image->kind),
                         begin);
}

void esp_image_place(struct esp_image *image, uint32_t offset)
{
    enum esp_place place = esp_kind_place(image->kind);
    if (offset == 0 && place != ESP_AT_ZERO)
        add_not_bootable(image);
    else if (place == ESP_NOWHERE)
        esp_remarks_add_with(&image->remarks, ESP_REMARK_NOT_FOR_FLASH, esp_kind_remedy(image->kind),
                             "of no use in the flash of an ESP8266: it is %s", esp_kind_words(image->kind));
    check_user_numbers(image, offset);
}

void esp_image_compare_size(struct esp_image *image, uint32_t flash_size, uint32_t end)
{
    const struct esp_header *header = esp_image_header(image);
    uint32_t size = header ? esp_size_bytes(image->counting, header->size) : 0;
    if (size == 0)
        return;
    const char *word = esp_size_word(image->counting, header->size);
    if (flash_size != 0 && size > flash_size)
        esp_remarks_add(&image->remarks, ESP_REMARK_LARGER_THAN_FLASH,
                        "the header says %s of flash, more than the %u KB of flash_size", word, flash_size / 1024);
    else if (size < end)
        esp_remarks_add(&image->remarks, ESP_REMARK_SMALLER_THAN_FILES,
                        "the header says %s of flash, and the files end at 0x%x", word, end);
}

/* Its index; -1: none. */
static int find_bad_segment(const struct esp_executable *executable)
{
    for (size_t i = 0; i < executable->n_segments; i++)
        if (!esp_segment_loadable(&executable->segments[i]))
            return (int)i;
    return -1;
}

static uint32_t loaded_bytes(const struct esp_executable *executable)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < executable->n_segments; i++)
        sum += executable->segments[i].size;
    return sum;
}

static void say_start(const struct esp_executable *executable, char *sentence, size_t size)
{
    const struct esp_header *header = &executable->header;
    const char *mode = esp_mode_word(header->mode);
    unsigned mhz = esp_clock_mhz(header->clock);
    text_print(sentence, size,
               "reads the flash in %s mode at %u MHz, loads %zu segment%s of %u bytes, starts at 0x%08x%s",
               mode ? mode : "slow", mhz ? mhz : 40, executable->n_segments, executable->n_segments == 1 ? "" : "s",
               loaded_bytes(executable), header->entry, esp_executable_starts(executable) ? "" : " and crashes");
}

static void say_loading(const struct esp_executable *executable, char *sentence, size_t size)
{
    int bad = find_bad_segment(executable);
    if (bad >= 0)
        text_print(sentence, size, "crashes while it loads segment %d, for 0x%08x", bad + 1,
                   executable->segments[bad].address);
    else if (!executable->whole || executable->checksum != executable->checksum_due)
        text_print(sentence, size, "prints \"csum err\" and stops");
    else
        say_start(executable, sentence, size);
}

void esp_image_rom_action(const struct esp_image *image, char *sentence, size_t size)
{
    if (image->n_executables > 0 && image->executables[0].header.magic == ESP_MAGIC)
        say_loading(&image->executables[0], sentence, size);
    else
        text_print(sentence, size, "finds no image, prints \"ets_main.c\" and stops");
}
