/* SPDX-License-Identifier: MIT */
#include "proto/image/esp_executable.h"

#include "proto/link/bytes.h"

#include <sha2.h>
#include <string.h>
#include <zlib.h>

#define SEGMENT_HEAD 8u
#define SUM_SEED     0xEF
#define SUM_ALIGN    16u /* the sum is the last byte of such a block */
#define ROM_BLOCK    16u /* what the boot ROM reads at a time */
#define CRC_SIZE     4u

/* Its segments are being read. */
struct walk {
    struct esp_executable *executable;
    const uint8_t *bytes;
    size_t n;
    uint32_t at; /* of the next byte */
    uint8_t sum;
    struct esp_remarks *remarks;
};

static bool has_magic(const struct esp_header *header)
{
    if (header->magic == ESP_MAGIC_SECOND_STAGE)
        return header->segments == ESP_SECOND_STAGE_NUMBER;
    return header->magic == ESP_MAGIC && header->segments >= 1 && header->segments <= ESP_SEGMENTS_MAX;
}

bool esp_executable_begins(const uint8_t *bytes, size_t n, uint32_t at)
{
    struct esp_header header;
    if (at > n || n - at < ESP_HEADER_SIZE + SEGMENT_HEAD || !esp_header_read(&header, bytes + at, n - at) ||
        !has_magic(&header))
        return false;
    uint32_t address = get_le32(bytes + at + ESP_HEADER_SIZE);
    return header.magic == ESP_MAGIC_SECOND_STAGE ? address == 0 : esp_memory_of(address, 0) != ESP_NO_MEMORY;
}

static void add_truncated(struct walk *walk, unsigned number)
{
    esp_remarks_add(walk->remarks, ESP_REMARK_TRUNCATED,
                    "the file is truncated: segment %u of the image at 0x%x goes on behind its end at 0x%zx", number,
                    walk->executable->at, walk->n);
    walk->at = (uint32_t)walk->n;
}

/* The next segment's head and data; its bytes are summed up if `summed`. False: the file ends before. */
static bool read_segment(struct walk *walk, bool summed)
{
    struct esp_executable *executable = walk->executable;
    struct esp_segment *segment = &executable->segments[executable->n_segments];
    unsigned number = (unsigned)executable->n_segments + 1;
    if (walk->n - walk->at < SEGMENT_HEAD) {
        add_truncated(walk, number);
        return false;
    }
    *segment = (struct esp_segment){
        .at = walk->at + SEGMENT_HEAD,
        .address = get_le32(walk->bytes + walk->at),
        .size = get_le32(walk->bytes + walk->at + 4),
    };
    executable->n_segments++;
    if (segment->size > walk->n - segment->at) {
        add_truncated(walk, number);
        return false;
    }
    for (uint32_t i = 0; summed && i < segment->size; i++)
        walk->sum ^= walk->bytes[segment->at + i];
    walk->at = segment->at + segment->size;
    return true;
}

/* The sum, in the last byte of the block of 16 that the last segment ends in, or of the next if that is full. */
static void read_sum(struct walk *walk)
{
    struct esp_executable *executable = walk->executable;
    uint32_t at = executable->at + ((walk->at - executable->at) | (SUM_ALIGN - 1));
    if (at >= walk->n) {
        esp_remarks_add(walk->remarks, ESP_REMARK_TRUNCATED,
                        "the file is truncated: it ends at 0x%zx, before the checksum of the image at 0x%x", walk->n,
                        executable->at);
        walk->at = (uint32_t)walk->n;
        return;
    }
    executable->checksum = walk->bytes[at];
    executable->checksum_due = walk->sum;
    executable->whole = true;
    walk->at = at + 1;
}

static void read_segments(struct walk *walk, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!read_segment(walk, true))
            return;
    read_sum(walk);
}

/* Behind irom is a complete image for RAM. */
static void read_second_stage(struct walk *walk)
{
    struct esp_executable *executable = walk->executable;
    struct esp_header inner;
    if (!read_segment(walk, false))
        return;
    if (!esp_header_read(&inner, walk->bytes + walk->at, walk->n - walk->at) || inner.magic != ESP_MAGIC ||
        inner.segments == 0 || inner.segments > ESP_SEGMENTS_MAX) {
        esp_remarks_add(walk->remarks, ESP_REMARK_NO_INNER_IMAGE,
                        "the image at 0x%x has no segments for RAM behind its irom, at 0x%x", executable->at, walk->at);
        return;
    }
    executable->header.entry = inner.entry;
    walk->at += ESP_HEADER_SIZE;
    read_segments(walk, inner.segments);
}

static bool loads_into_ram(const struct esp_segment *segment)
{
    enum esp_memory memory = esp_memory_of(segment->address, segment->size);
    return memory == ESP_IRAM || memory == ESP_DRAM || memory == ESP_ROM_MEMORY;
}

/* The boot ROM copies up to the next block of 16 bytes of the file first, and IRAM takes whole words alone. */
static bool is_unaligned(const struct esp_segment *segment)
{
    return esp_memory_of(segment->address, segment->size) == ESP_IRAM && segment->at % 4 != 0 &&
           segment->size > ROM_BLOCK - segment->at % ROM_BLOCK;
}

bool esp_segment_loadable(const struct esp_segment *segment)
{
    bool iram = esp_memory_of(segment->address, segment->size) == ESP_IRAM;
    return loads_into_ram(segment) && (!iram || segment->address % 4 == 0) && !is_unaligned(segment);
}

static enum esp_format format_of(const struct esp_executable *executable)
{
    if (executable->header.magic == ESP_MAGIC_SECOND_STAGE)
        return ESP_FORMAT_SECOND_STAGE;
    for (size_t i = 0; i < executable->n_segments; i++)
        if (esp_memory_of(executable->segments[i].address, 0) == ESP_FLASH)
            return ESP_FORMAT_APPLICATION;
    return ESP_FORMAT_ROM;
}

/* A boot loader copies also what is not aligned, and leaves in flash what is for flash. */
static bool is_usable(const struct esp_executable *executable, size_t index)
{
    const struct esp_segment *segment = &executable->segments[index];
    if (executable->format == ESP_FORMAT_ROM)
        return esp_segment_loadable(segment);
    if (executable->format == ESP_FORMAT_SECOND_STAGE && index == 0)
        return true;
    return esp_memory_of(segment->address, segment->size) != ESP_NO_MEMORY;
}

static void check_segment(const struct esp_executable *executable, size_t index, struct esp_remarks *remarks)
{
    const struct esp_segment *segment = &executable->segments[index];
    if (executable->format == ESP_FORMAT_ROM && is_unaligned(segment))
        esp_remarks_add(remarks, ESP_REMARK_UNALIGNED,
                        "segment %zu of the image at 0x%x begins at 0x%x in the file, and IRAM takes whole words alone",
                        index + 1, executable->at, segment->at);
    else if (!is_usable(executable, index))
        esp_remarks_add(remarks, ESP_REMARK_SEGMENT_ADDRESS,
                        "segment %zu of the image at 0x%x is for 0x%08x (%u bytes), where the chip cannot load it",
                        index + 1, executable->at, segment->address, segment->size);
    else if (esp_memory_of(segment->address, segment->size) == ESP_ROM_MEMORY)
        esp_remarks_add(
            remarks, ESP_REMARK_ROM_MEMORY,
            "segment %zu of the image at 0x%x is for 0x%08x (%u bytes), where the ROM has its data and stack",
            index + 1, executable->at, segment->address, segment->size);
}

static bool overlap(const struct esp_segment *a, const struct esp_segment *b)
{
    return loads_into_ram(a) && loads_into_ram(b) && a->address < b->address + b->size &&
           b->address < a->address + a->size;
}

static void check_overlap(const struct esp_executable *executable, struct esp_remarks *remarks)
{
    for (size_t i = 0; i < executable->n_segments; i++)
        for (size_t j = i + 1; j < executable->n_segments; j++)
            if (overlap(&executable->segments[i], &executable->segments[j])) {
                esp_remarks_add(remarks, ESP_REMARK_OVERLAP, "segments %zu and %zu of the image at 0x%x overlap in RAM",
                                i + 1, j + 1, executable->at);
                return;
            }
}

bool esp_executable_starts(const struct esp_executable *executable)
{
    uint32_t entry = executable->header.entry;
    for (size_t i = 0; i < executable->n_segments; i++) {
        const struct esp_segment *segment = &executable->segments[i];
        if (esp_memory_of(entry, 0) == ESP_IRAM && loads_into_ram(segment) && entry - segment->address < segment->size)
            return true;
    }
    return false;
}

static void check_entry(const struct esp_executable *executable, struct esp_remarks *remarks)
{
    if (executable->whole && !esp_executable_starts(executable))
        esp_remarks_add(remarks, ESP_REMARK_ENTRY,
                        "the image at 0x%x starts at 0x%08x, where none of its segments is loaded", executable->at,
                        executable->header.entry);
}

/* Of the header that the boot ROM reads, mode and clock. What the size means is not known here. */
static void check_header(const struct esp_executable *executable, struct esp_remarks *remarks)
{
    const struct esp_header *header = &executable->header;
    if (executable->format != ESP_FORMAT_ROM)
        return;
    if (!esp_mode_word(header->mode))
        esp_remarks_add(remarks, ESP_REMARK_MODE, "the header's flash mode is %u, which is none", header->mode);
    if (esp_clock_mhz(header->clock) == 0)
        esp_remarks_add(remarks, ESP_REMARK_CLOCK, "the header's flash clock is %u, which is none", header->clock);
}

void esp_executable_read(struct esp_executable *executable, const uint8_t *bytes, size_t n, uint32_t at,
                         struct esp_remarks *remarks)
{
    struct walk walk = {executable, bytes, n, at + ESP_HEADER_SIZE, SUM_SEED, remarks};
    *executable = (struct esp_executable){.at = at};
    if (!esp_header_read(&executable->header, bytes + at, n - at))
        return;
    if (executable->header.magic == ESP_MAGIC_SECOND_STAGE)
        read_second_stage(&walk);
    else
        read_segments(&walk, executable->header.segments);
    executable->end = walk.at;
    executable->format = format_of(executable);
    for (size_t i = 0; i < executable->n_segments; i++)
        check_segment(executable, i, remarks);
    check_overlap(executable, remarks);
    check_entry(executable, remarks);
    check_header(executable, remarks);
}

void esp_executable_check_sum(const struct esp_executable *executable, uint8_t correction, struct esp_remarks *remarks)
{
    uint8_t due = executable->checksum_due ^ correction;
    if (executable->whole && executable->checksum != due)
        esp_remarks_add(remarks, ESP_REMARK_CHECKSUM,
                        "the checksum of the image at 0x%x is 0x%02x, and its segments give 0x%02x", executable->at,
                        executable->checksum, due);
}

/* Blank flash, or padding with zeros, or the end of the file. */
static bool is_absent(const uint8_t *bytes, size_t n, uint32_t at, uint32_t size)
{
    if (at > n || size > n - at)
        return true;
    for (uint32_t i = 0; i < size; i++)
        if (bytes[at + i] != bytes[at] || (bytes[at] != 0xFF && bytes[at] != 0))
            return false;
    return true;
}

static void make_digest(const struct esp_executable *executable, const uint8_t *bytes, uint8_t digest[ESP_DIGEST_SIZE])
{
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, bytes + executable->at, executable->end - executable->at);
    SHA256Final(digest, &context);
}

bool esp_executable_has_digest(const struct esp_executable *executable, const uint8_t *bytes, size_t n)
{
    uint8_t digest[ESP_DIGEST_SIZE];
    if (!executable->whole || n - executable->end < ESP_DIGEST_SIZE)
        return false;
    make_digest(executable, bytes, digest);
    return memcmp(digest, bytes + executable->end, ESP_DIGEST_SIZE) == 0;
}

void esp_executable_renew_digest(const struct esp_executable *executable, uint8_t *bytes)
{
    make_digest(executable, bytes, bytes + executable->end);
}

void esp_executable_check_digest(const struct esp_executable *executable, const uint8_t *bytes, size_t n,
                                 struct esp_remarks *remarks)
{
    if (!executable->whole || is_absent(bytes, n, executable->end, ESP_DIGEST_SIZE))
        return;
    if (!esp_executable_has_digest(executable, bytes, n))
        esp_remarks_add(remarks, ESP_REMARK_DIGEST, "the SHA-256 at 0x%x is not that of the image at 0x%x",
                        executable->end, executable->at);
}

uint32_t esp_executable_crc(const struct esp_executable *executable, const uint8_t *bytes)
{
    uint32_t crc = (uint32_t)crc32(0, bytes + executable->at, executable->end - executable->at);
    return crc >> 31 ? ~crc : crc + 1;
}

void esp_executable_check_crc(const struct esp_executable *executable, const uint8_t *bytes, size_t n,
                              struct esp_remarks *remarks)
{
    if (!executable->whole || is_absent(bytes, n, executable->end, CRC_SIZE))
        return;
    uint32_t stored = get_le32(bytes + executable->end), due = esp_executable_crc(executable, bytes);
    if (stored != due)
        esp_remarks_add(remarks, ESP_REMARK_SECOND_STAGE_CRC,
                        "the CRC at 0x%x is 0x%08x, and that of the image at 0x%x is 0x%08x", executable->end, stored,
                        executable->at, due);
}
