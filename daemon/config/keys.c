/* SPDX-License-Identifier: MIT */
#include "daemon/config/keys.h"

#include "daemon/config/paths.h"
#include "proto/chip/nor.h"
#include "proto/image/esp_header.h"
#include "proto/link/text.h"
#include "proto/recipe/try_result.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sector of the flash; the largest part that the chip can address by its image header. */
#define SECTOR    4096U
#define FLASH_MAX (16U << 20)

__attribute__((format(printf, 3, 4))) static int refuse(char *why, size_t why_size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vprint(why, why_size, format, arguments);
    va_end(arguments);
    return -1;
}

static void *member(const struct config_key *key, void *target)
{
    return (char *)target + key->offset;
}

/* All of `text` as a number, decimal or 0x… (a leading 0 alone is no octal here). */
static bool to_number(const char *text, uint32_t *number)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? text + 2 : text;
    if (!isxdigit((unsigned char)digits[0]))
        return false;
    char *end;
    unsigned long long value = strtoull(digits, &end, hex ? 16 : 10);
    if (*end != '\0' || end == digits || strlen(digits) > 18 || value > UINT32_MAX)
        return false;
    *number = (uint32_t)value;
    return true;
}

static int copy_text(char *to, size_t size, size_t least, const char *value, char *why, size_t why_size)
{
    size_t length = strlen(value);
    if (length < least)
        return refuse(why, why_size, "must not be empty");
    if (length >= size)
        return refuse(why, why_size, "is longer than %zu bytes", size - 1);
    memcpy(to, value, length + 1);
    return 0;
}

static int parse_text(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    return copy_text(member(key, target), key->size, key->min, value, why, why_size);
}

/* A text for which "none" means none. */
static int parse_optional(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    return parse_text(key, strcmp(value, "none") == 0 ? "" : value, target, why, why_size);
}

static int parse_stub(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    return parse_text(key, strcmp(value, "builtin") == 0 ? "" : value, target, why, why_size);
}

static int parse_number(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    uint32_t number;
    if (!to_number(value, &number) || number < key->min || number > key->max)
        return refuse(why, why_size, "must be a number from %u to %u", key->min, key->max);
    *(unsigned *)member(key, target) = number;
    return 0;
}

/* The fallback's word (0), or the size of a flash part as its makers write it: 512KB, 4MB. */
static int parse_flash_size(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    static const char *const sizes[] = {"256KB", "512KB", "1MB", "2MB", "4MB", "8MB", "16MB"};
    uint32_t *size = member(key, target);
    *size = 0;
    if (strcmp(value, key->fallback) == 0)
        return 0;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        if (strcmp(value, sizes[i]) == 0)
            *size = NOR_SIZE_MIN << i;
    return *size ? 0 : refuse(why, why_size, "must be %s, 256KB, 512KB, 1MB, 2MB, 4MB, 8MB or 16MB", key->fallback);
}

static int add_flash_part(struct config *config, const char *word, char *why, size_t why_size)
{
    uint32_t id;
    if (!nor_id_from_text(word, &id))
        return refuse(why, why_size, "\"%s\" is no flash id such as ef4016", word);
    if (config->n_flash_parts == CONFIG_FLASH_PARTS_MAX)
        return refuse(why, why_size, "there are more than %d flash ids", CONFIG_FLASH_PARTS_MAX);
    config->flash_parts[config->n_flash_parts++] = id;
    return 0;
}

/* "any", or ids with blanks or commas in between. */
static int parse_flash_parts(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    struct config *config = target;
    char list[512], *rest = NULL;
    config->n_flash_parts = 0;
    if (strcmp(value, key->fallback) == 0)
        return 0;
    if (copy_text(list, sizeof(list), 1, value, why, why_size))
        return -1;
    for (char *word = strtok_r(list, " \t,", &rest); word; word = strtok_r(NULL, " \t,", &rest))
        if (add_flash_part(config, word, why, why_size))
            return -1;
    return config->n_flash_parts > 0 ? 0 : refuse(why, why_size, "must be any, or flash ids such as ef4016");
}

static int parse_flash_mode(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    int *mode = member(key, target);
    *mode = esp_mode_code(value);
    if (*mode < 0 && strcmp(value, "keep") != 0)
        return refuse(why, why_size, "must be keep, QIO, QOUT, DIO or DOUT");
    return 0;
}

/* The code for "40MHz"; -1: none. */
static int clock_code_of(const char *value)
{
    char word[16];
    for (int code = 0; code < 16; code++) {
        snprintf(word, sizeof(word), "%uMHz", esp_clock_mhz((uint8_t)code));
        if (esp_clock_mhz((uint8_t)code) != 0 && strcasecmp(word, value) == 0)
            return code;
    }
    return -1;
}

static int parse_flash_freq(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    int *clock = member(key, target);
    *clock = clock_code_of(value);
    if (*clock < 0 && strcmp(value, "keep") != 0)
        return refuse(why, why_size, "must be keep, 20MHz, 26MHz, 40MHz or 80MHz");
    return 0;
}

/* Which of the sizes the image has a code for is known only with it. */
static int parse_header_size(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    if (strcmp(value, "keep") == 0)
        return copy_text(member(key, target), key->size, 0, "", why, why_size);
    if (esp_size_code(ESP_COUNTS_AS_ESP8266, value) < 0)
        return refuse(why, why_size, "must be keep, 256KB, 512KB, 1MB, 2MB, 2MB-c1, 4MB, 4MB-c1, 8MB or 16MB");
    return copy_text(member(key, target), key->size, 0, value, why, why_size);
}

/* One of two words. Returns 0 or 1, or -1. */
static int one_of(const char *value, const char *zero, const char *one, char *why, size_t why_size)
{
    if (strcmp(value, zero) == 0)
        return 0;
    if (strcmp(value, one) == 0)
        return 1;
    return refuse(why, why_size, "must be \"%s\" or \"%s\"", one, zero);
}

static int parse_reset(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    int choice = one_of(value, "manual", "auto", why, why_size);
    if (choice < 0)
        return -1;
    *(enum reset_mode *)member(key, target) = choice ? RESET_AUTO : RESET_MANUAL;
    return 0;
}

static int parse_presence(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    int mode = presence_mode_from_word(value);
    if (mode < 0)
        return refuse(why, why_size, "must be plug, probe, start, cts, dsr or dcd");
    *(enum presence_mode *)member(key, target) = (enum presence_mode)mode;
    return 0;
}

static int parse_control(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    int mode = control_mode_from_word(value);
    if (mode < 0)
        return refuse(why, why_size, "must be yes, no or token");
    *(enum control_mode *)member(key, target) = (enum control_mode)mode;
    return 0;
}

static const char *control_word(const void *member)
{
    return control_mode_word(*(const enum control_mode *)member);
}

static int set_flag(const struct config_key *key, void *target, int choice)
{
    if (choice < 0)
        return -1;
    *(bool *)member(key, target) = choice;
    return 0;
}

static int parse_yes_no(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    return set_flag(key, target, one_of(value, "no", "yes", why, why_size));
}

static int parse_compare(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    return set_flag(key, target, one_of(value, "never", "first", why, why_size));
}

static int parse_after(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    return set_flag(key, target, one_of(value, "stay", "run", why, why_size));
}

static int parse_spi_clock(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    return set_flag(key, target, one_of(value, "header", "loader", why, why_size));
}

static int parse_unknown(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    return set_flag(key, target, one_of(value, "flash", "ignore", why, why_size));
}

/* "PATH" or "PATH @ OFFSET". A path may itself hold an '@': only one with a space before it counts. */
static int parse_file(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    struct config *config = target;
    if (config->n_files == CONFIG_FILES_MAX)
        return refuse(why, why_size, "there are more than %d files", CONFIG_FILES_MAX);
    struct config_file *file = &config->files[config->n_files];
    *file = (struct config_file){.line = config->lines[key - config_keys]};

    char path[sizeof(file->path)];
    if (copy_text(path, sizeof(path), key->min, value, why, why_size))
        return -1;
    char *at = strrchr(path, '@');
    if (at && at > path && isblank((unsigned char)at[-1])) {
        if (!to_number(at + 1 + strspn(at + 1, " \t"), &file->offset))
            return refuse(why, why_size, "what follows the '@' must be an offset such as 0x10000");
        while (at > path && isblank((unsigned char)at[-1]))
            at--;
        *at = '\0';
    }
    if (file->offset % SECTOR || file->offset >= FLASH_MAX)
        return refuse(why, why_size, "the offset must be a multiple of 0x%x below 0x%x", SECTOR, FLASH_MAX);
    if (copy_text(file->path, sizeof(file->path), key->min, path, why, why_size))
        return -1;
    config->n_files++;
    return 0;
}

/* Of the file in the line before it. */
static int parse_sha256(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    struct config *config = target;
    struct config_file *file = config->n_files > 0 ? &config->files[config->n_files - 1] : NULL;
    (void)key;
    if (!file)
        return refuse(why, why_size, "must follow the file = PATH whose digest it is");
    if (file->sha256[0])
        return refuse(why, why_size, "the file in line %u has a digest already", file->line);
    if (strlen(value) != sizeof(file->sha256) - 1 || strspn(value, "0123456789abcdefABCDEF") != strlen(value))
        return refuse(why, why_size, "must be 64 hexadecimal digits, as sha256sum prints them");
    for (size_t i = 0; value[i]; i++)
        file->sha256[i] = (char)tolower((unsigned char)value[i]);
    return 0;
}

static int parse_bauds(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    struct config *config = target;
    char list[256];
    if (copy_text(list, sizeof(list), 1, value, why, why_size))
        return -1;
    char *rest = NULL;
    for (char *word = strtok_r(list, " \t,", &rest); word; word = strtok_r(NULL, " \t,", &rest)) {
        uint32_t baud;
        if (!to_number(word, &baud) || baud < key->min || baud > key->max)
            return refuse(why, why_size, "\"%s\" is no baud rate from %u to %u", word, key->min, key->max);
        if (config->n_bauds == CONFIG_BAUDS_MAX)
            return refuse(why, why_size, "there are more than %d baud rates", CONFIG_BAUDS_MAX);
        if (config->n_bauds > 0 && baud >= config->bauds[config->n_bauds - 1])
            return refuse(why, why_size, "rates must fall: %u must be less than the rate before it", baud);
        config->bauds[config->n_bauds++] = baud;
    }
    return config->n_bauds > 0 ? 0 : refuse(why, why_size, "must hold at least one baud rate");
}

/* An address and its port. */
struct socket_place {
    char address[64];
    uint16_t port;
    bool loopback;
};

/* "127.0.0.1:8266" or "[::1]:8266". */
static int parse_place(const struct config_key *key, const char *value, struct socket_place *place, char *why,
                       size_t why_size)
{
    const char *colon = strrchr(value, ':');
    bool brackets = colon && colon - value >= 2 && value[0] == '[' && colon[-1] == ']';
    size_t length = colon ? (size_t)(colon - value) - (brackets ? 2 : 0) : 0;
    uint32_t port = 0;
    if (!colon || length >= sizeof(place->address) || !to_number(colon + 1, &port) || port < key->min ||
        port > key->max)
        return refuse(why, why_size, "must be ADDRESS:PORT such as 127.0.0.1:8266, or none");
    *place = (struct socket_place){.port = (uint16_t)port};
    memcpy(place->address, value + (brackets ? 1 : 0), length);

    struct in_addr v4;
    struct in6_addr v6;
    bool is_v4 = !brackets && inet_pton(AF_INET, place->address, &v4) == 1;
    bool is_v6 = brackets && inet_pton(AF_INET6, place->address, &v6) == 1;
    if (!is_v4 && !is_v6)
        return refuse(why, why_size, "must be a numeric address and a port such as 127.0.0.1:8266 or [::1]:8266");
    place->loopback = is_v4 ? ntohl(v4.s_addr) >> 24 == 127 : IN6_IS_ADDR_LOOPBACK(&v6);
    return 0;
}

static int parse_listen(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    struct config *config = target;
    struct socket_place place = {0};
    if (strcmp(value, "none") == 0)
        return 0;
    if (parse_place(key, value, &place, why, why_size))
        return -1;
    if (!place.loopback)
        return refuse(why, why_size,
                      "is not a loopback address; gangd has no passwords and takes no commands from a network");
    memcpy(config->address, place.address, sizeof(config->address));
    config->port = place.port;
    return 0;
}

static int parse_watch(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    struct config *config = target;
    struct socket_place place = {0};
    if (strcmp(value, "none") == 0)
        return 0;
    if (parse_place(key, value, &place, why, why_size))
        return -1;
    memcpy(config->watch_address, place.address, sizeof(config->watch_address));
    config->watch_port = place.port;
    return 0;
}

/* "HOST[:PORT] …", as a browser sends them: copied with single blanks in between. */
static int parse_hosts(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:[]";
    char list[sizeof(((struct config *)0)->hosts)], *out = member(key, target), *rest = NULL;
    if (copy_text(list, sizeof(list), key->min, value, why, why_size))
        return -1;
    *out = '\0';
    for (char *word = strtok_r(list, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        if (strspn(word, allowed) != strlen(word))
            return refuse(why, why_size, "\"%s\" is not HOST or HOST:PORT, such as 127.0.0.1:9000", word);
        out += sprintf(out, "%s%s", out == (char *)member(key, target) ? "" : " ", word);
    }
    return 0;
}

/* From udev 257 on (Debian 13) each port has a second link, which names the USB revision: "-usbv2-" for "-usb-". It is
 * the same place. */
static void drop_usb_revision(char *path)
{
    static const char before[] = "-usbv";
    for (char *at = path; (at = strstr(at, before)); at += strlen(before)) {
        char *v = at + strlen(before) - 1;
        size_t revision = 1 + strspn(v + 1, "0123456789");
        if (revision > 1 && v[revision] == '-')
            memmove(v, v + revision, strlen(v + revision) + 1);
    }
}

/* udev's ID_PATH, which may be given as a link of /dev/serial/by-path, whose name says "-port0" for the first port; or
 * the kernel's name of the place, 1-1.4. */
static int parse_slot_path(const struct config_key *key, const char *value, void *target, char *why, size_t why_size)
{
    static const char directory[] = "/dev/serial/by-path/", first_port[] = "-port0";
    if (strncmp(value, directory, strlen(directory)) == 0)
        value += strlen(directory);
    if (strpbrk(value, "/ \t\"',"))
        return refuse(why, why_size, "must be a name as in /dev/serial/by-path, or a place such as 1-1.4");
    if (parse_text(key, value, target, why, why_size))
        return -1;
    char *path = member(key, target);
    size_t length = strlen(path), suffix = strlen(first_port);
    if (length > suffix && strcmp(path + length - suffix, first_port) == 0)
        path[length - suffix] = '\0';
    drop_usb_revision(path);
    return 0;
}

bool config_slot_name_ok(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length >= sizeof(((struct config_slot *)0)->name) || strspn(name, ".") == length)
        return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == length;
}

#define IN(type, m) .offset = offsetof(struct type, m), .size = sizeof(((struct type *)0)->m)
/* Members that follow each other, from `first` to `last`. */
#define SPAN(type, first, last)                                                                                        \
    .offset = offsetof(struct type, first),                                                                            \
    .size = offsetof(struct type, last) + sizeof(((struct type *)0)->last) - offsetof(struct type, first)

/* clang-format off */
const struct config_key config_keys[] = {
    {"station", "name", parse_text, NULL, IN(config, name), .min = 1},
    {"station", "operator", parse_text, NULL, IN(config, operator)},
    {"station", "lot", parse_text, NULL, IN(config, lot)},
    {"station", "book", parse_text, CONFIG_DEFAULT_BOOK, IN(config, book), .min = 1, .restart = true},

    {"product", "file", parse_file, NULL, .min = 1, .repeats = true},
    {"product", "sha256", parse_sha256, NULL, .repeats = true},
    {"product", "stub", parse_stub, "builtin", IN(config, stub)},
    {"product", "flash_size", parse_flash_size, "any", IN(config, min_flash_size)},
    {"product", "flash_part_size", parse_flash_size, "unknown", IN(config, stated_flash_size)},
    {"product", "flash_parts", parse_flash_parts, "any", SPAN(config, flash_parts, n_flash_parts)},
    {"product", "flash_mode", parse_flash_mode, "keep", IN(config, flash_mode)},
    {"product", "flash_freq", parse_flash_freq, "keep", IN(config, flash_clock)},
    {"product", "flash_size_header", parse_header_size, "keep", IN(config, header_size)},
    {"product", "compare", parse_compare, "never", IN(config, compare_first)},
    {"product", "image_check", parse_yes_no, "yes", IN(config, check_image)},
    {"product", "recompress", parse_yes_no, "yes", IN(config, recompress)},

    {"flashing", "baud", parse_bauds, "921600 460800 230400 115200", .min = 9600, .max = 3000000},
    {"flashing", "tries", parse_number, "3", IN(config, tries), .min = 1, .max = TRIES_MAX},
    {"flashing", "reset", parse_reset, "auto", IN(config, reset)},
    {"flashing", "settle_ms", parse_number, "300", IN(config, settle_ms), .min = 0, .max = 10000},
    {"flashing", "after", parse_after, "run", IN(config, run)},
    {"flashing", "skip_blank_erase", parse_yes_no, "yes", IN(config, skip_blank_erase)},
    {"flashing", "spi_clock", parse_spi_clock, "header", IN(config, loader_clock)},

    {"slots", "unknown", parse_unknown, "flash", IN(config, mute_unknown)},
    {"slots", "presence", parse_presence, "plug", IN(config, presence)},

    {CONFIG_SLOT_SECTION, "path", parse_slot_path, NULL, IN(config_slot, path), .min = 1},
    {CONFIG_SLOT_SECTION, "reset", parse_reset, NULL, IN(config_slot, reset)},
    {CONFIG_SLOT_SECTION, "presence", parse_presence, NULL, IN(config_slot, presence)},

    {"http", "socket", parse_optional, CONFIG_DEFAULT_SOCKET, IN(config, socket), .restart = true},
    {"http", "group", parse_text, "gangd", IN(config, group), .restart = true},
    {"http", "listen", parse_listen, "127.0.0.1:8266", SPAN(config, address, port), .min = 1, .max = 65535,
     .restart = true},
    {"http", "control", parse_control, "yes", IN(config, control), .restart = true, .word = control_word},
    {"http", "watch", parse_watch, "none", SPAN(config, watch_address, watch_port), .min = 1, .max = 65535,
     .restart = true},
    {"http", "watch_token_file", parse_text, NULL, IN(config, watch_token_file), .restart = true},
    {"http", "host", parse_hosts, NULL, IN(config, hosts), .restart = true},
    {"http", "web", parse_text, CONFIG_DEFAULT_WEB, IN(config, web), .min = 1, .restart = true},
};
/* clang-format on */
const size_t config_keys_count = sizeof(config_keys) / sizeof(config_keys[0]);
_Static_assert(sizeof(config_keys) / sizeof(config_keys[0]) <= CONFIG_KEYS_MAX, "raise CONFIG_KEYS_MAX");
